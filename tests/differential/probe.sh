# What a program sees of itself, a line for each thing: SECTION<TAB>WORDS.  For a busybox shell that is the container's
# program: `sh -c "$(cat probe.sh)"`.  Files of /proc/self are opened by the shell itself, or by a child before its exec.
put() { while IFS= read -r line; do printf '%s\t%s\n' "$1" "$line"; done; }
one() { printf '%s\t%s\n' "$1" "$2"; }
fds=
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -gt 9 ] || [ ! -e "/proc/self/fd/$fd" ] || fds="$fds $fd"
done
one fds "$fds"
while read -r key rest; do
	case $key in
	Uid:|Gid:|Groups:|NoNewPrivs:|Seccomp:|Cap*:|Umask:|SigBlk:|SigIgn:) one "status ${key%:}" "$rest" ;;
	esac
done </proc/self/status
while read -r line; do
	case $line in
	Limit*) ;;
	*) one limits "$line" ;;
	esac
done </proc/self/limits
put mount </proc/self/mountinfo
put cgroup </proc/self/cgroup
for kind in cgroup ipc mnt net pid time user uts; do
	one "ns $kind" "$(readlink /proc/self/ns/$kind)"
done
xargs -0 -n 1 echo </proc/self/environ | put env
one cwd "$(readlink /proc/self/cwd)"
one hostname "$(hostname)"
read -r name </proc/sys/kernel/domainname && one domainname "$name"
for node in /dev/*; do
	[ ! -e "$node" ] && [ ! -L "$node" ] || one dev "$(stat -c '%n %F %a %u %g %t:%T' "$node") $(readlink "$node")"
done
read -r score </proc/self/oom_score_adj && one oom "$score"
put uid_map </proc/self/uid_map
put gid_map </proc/self/gid_map
one terminal "$(tty 2>/dev/null)"
one pid $$
