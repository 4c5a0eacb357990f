#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# What a program sees of its container: its privileges, its descriptors, its namespaces, its devices, and what it cannot reach.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# Runs a script as the program and expects it to end well; its words are in $output.
inside() {
	bundle_script "$1"
	assert_ok bivy run "$id"
}

# The same for a container that goes on running. start_container [SCRIPT]
start_container() {
	bundle_script "${1:-}${1:+; }echo ready; exec sleep 600"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	pid=$(pid_of "$id")
}

# A line "NAME: value" of /proc/PID/status in $output.
status_line() {
	sed -nE "s/^$1:[[:space:]]*//p" <<<"$output"
}

# A set as the kernel prints it, of capabilities' numbers.
cap_set() {
	local n mask=0
	for n; do
		mask=$((mask | 1 << n))
	done
	printf '%016x' "$mask"
}

# assert_caps INHERITABLE PERMITTED EFFECTIVE BOUNDING AMBIENT
assert_caps() {
	assert_equal "$(status_line CapInh) $(status_line CapPrm) $(status_line CapEff) $(status_line CapBnd) $(status_line CapAmb)" "$*"
}

# namespaces TYPE...: new ones, beside those that are there; a word TYPE=PATH is one by path.
namespaces() {
	local one
	for one; do
		bundle_set --arg type "${one%%=*}" --arg path "${one#"${one%%=*}"}" '.linux.namespaces |= map(select(.type != $type))
			+ [{type: $type} + if $path == "" then {} else {path: $path[1:]} end]'
	done
}

without_namespace() {
	bundle_set --arg type "$1" '.linux.namespaces |= map(select(.type != $type))'
}

# A user namespace whose ids 0 to 65535 are 100000 and up.
user_namespace() {
	namespaces user
	bundle_set '.linux += {uidMappings: [{containerID: 0, hostID: 100000, size: 65536}],
		gidMappings: [{containerID: 0, hostID: 200000, size: 65536}]}'
}

all_namespaces() {
	local name
	for name in pid net ipc uts mnt cgroup user time; do
		echo "$name $(readlink "/proc/${1:-self}/ns/$name")"
	done
}
script_namespaces='for n in pid net ipc uts mnt cgroup user time; do echo "$n $(readlink /proc/self/ns/$n)"; done'

# --- privileges ---

# Of the effective set the kernel makes the permitted one, when root executes a program.
@test "inside: root has the capability sets of config.json" {
	bundle_set '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"], permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}'
	inside 'cat /proc/self/status'
	assert_caps "$(cap_set 5)" "$(cap_set 0 5)" "$(cap_set 0 5)" "$(cap_set 0 5 7)" "$(cap_set 5)"
}

@test "inside: a user has what is ambient and no more" {
	bundle_set '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		permitted: ["CAP_KILL", "CAP_NET_BIND_SERVICE"], effective: ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		inheritable: ["CAP_KILL", "CAP_NET_BIND_SERVICE"], ambient: ["CAP_NET_BIND_SERVICE"]}'
	inside 'cat /proc/self/status'
	assert_caps "$(cap_set 5 10)" "$(cap_set 10)" "$(cap_set 10)" "$(cap_set 5 10)" "$(cap_set 10)"
	assert_equal "$(status_line Uid)" $'1000\t1000\t1000\t1000'
}

@test "inside: a user without ambient capabilities has none" {
	bundle_set '.process.user = {uid: 1000, gid: 1000}'
	inside 'cat /proc/self/status'
	assert_caps "$(cap_set)" "$(cap_set)" "$(cap_set)" "$(cap_set 5 10 29)" "$(cap_set)"
}

@test "inside: empty capability sets are none at all, for root too" {
	bundle_set '.process.capabilities = {}'
	inside 'cat /proc/self/status'
	assert_caps "$(cap_set)" "$(cap_set)" "$(cap_set)" "$(cap_set)" "$(cap_set)"
}

@test "inside: without process.capabilities there are none" {
	bundle_set 'del(.process.capabilities)'
	inside 'cat /proc/self/status'
	assert_caps "$(cap_set)" "$(cap_set)" "$(cap_set)" "$(cap_set)" "$(cap_set)"
}

@test "inside: a capability that no kernel knows is warned of by name, and the others are given" {
	bundle_set '.process.capabilities |= map_values(["CAP_FLY", "CAP_KILL"])'
	inside 'cat /proc/self/status'
	assert_equal "$(status_line CapBnd)" "$(cap_set 5)"
	[[ $stderr == *CAP_FLY* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "inside: no_new_privs and the filter's mode are as configured" {
	inside 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | tr -s "\t\n" "  "'
	assert_equal "$output" "NoNewPrivs: 1 Seccomp: 0 "
	bundle_set '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	id=$(new_id)
	inside 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | tr -s "\t\n" "  "'
	assert_equal "$output" "NoNewPrivs: 0 Seccomp: 2 "
}

# --- what comes along from the caller ---

# Listed without a pipe, whose ends the listing shell may hold for an instant.
# A shell's `exec 10<file` leaves the descriptor open over exec; the listing of its own shows that they are there.
junk() {
	local n
	for ((n = 10; n < 210; n++)); do
		eval "exec $n</etc/passwd"
	done
	# shellcheck disable=SC2012  # numbers
	[ "$(ls /proc/self/fd | wc -l)" -gt 200 ] || return
	"$BIVY" --root "$BIVY_ROOT" "$@" 3>&- 4>&-
}

@test "inside: the program has the descriptors 0, 1, 2 alone, whatever the caller has open" {
	bundle_args sh -c 'ls /proc/1/fd; :'
	run --separate-stderr junk run "$id"
	assert_equal "$status ${lines[*]}" "0 0 1 2"
	id=$(new_id)
	run --separate-stderr junk run --pid-file "$BATS_TEST_TMPDIR/pid" "$id"
	assert_equal "${lines[*]}" "0 1 2"
}

@test "inside: so has what exec runs" {
	start_container
	run --separate-stderr junk exec "$id" sh -c 'ls /proc/$$/fd; :'
	assert_equal "$status ${lines[*]}" "0 0 1 2"
}

preserving() {
	exec 3<"$BATS_TEST_TMPDIR/three" 4<"$BATS_TEST_TMPDIR/four" 5<"$BATS_TEST_TMPDIR/three"
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

@test "inside: --preserve-fds 2 gives the program 3 and 4, and nothing behind them" {
	echo three >"$BATS_TEST_TMPDIR/three"
	echo four >"$BATS_TEST_TMPDIR/four"
	bundle_args sh -c 'cat <&3; cat <&4; ls /proc/1/fd; :'
	run --separate-stderr preserving run --preserve-fds 2 "$id"
	assert_equal "${lines[*]}" "three four 0 1 2 3 4"
	id=$(new_id)
	start_container
	run --separate-stderr preserving exec --preserve-fds 2 "$id" sh -c 'cat <&3; cat <&4; ls /proc/$$/fd; :'
	assert_equal "${lines[*]}" "three four 0 1 2 3 4"
}

@test "inside: --preserve-fds of descriptors that are not open is refused" {
	bundle_args true
	assert_fails 1 'preserve-fds: descriptor 3 is not open' bivy create --preserve-fds 1 "$id"
}

@test "inside: the environment is exactly the configured one" {
	bundle_set '.process.env = ["PATH=/bin", "HOME=/h", "A=1 2", "EMPTY=", "Ü=ä"]'
	bundle_args env
	LEAK=1 assert_ok bivy run "$id"
	assert_equal "$output" $'PATH=/bin\nHOME=/h\nA=1 2\nEMPTY=\nÜ=ä'
}

@test "inside: signals have their default dispositions and none is blocked" {
	bundle_args cat /proc/self/status
	run --separate-stderr env --ignore-signal=USR1 --ignore-signal=HUP --block-signal=TERM \
		"$BIVY" --root "$BIVY_ROOT" run "$id" 3>&- 4>&-
	assert_equal "$(status_line SigBlk) $(status_line SigIgn)" "0000000000000000 0000000000000000"
}

# --- the process ---

@test "inside: user, groups, umask, working directory" {
	bundle_set '.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [6, 7777]} | .process.cwd = "/usr"'
	inside 'id -u; id -g; grep ^Groups: /proc/self/status | tr "\t" " "; umask; pwd'
	assert_equal "${output/7777 /7777}" $'1000\n1001\nGroups: 6 7777\n0077\n/usr'
}

@test "inside: no groups of the caller's come along" {
	inside 'grep ^Groups: /proc/self/status | tr -d " \t"'
	assert_equal "$output" "Groups:"
}

@test "inside: a working directory that is missing is made, in a read-only root too" {
	bundle_set '.process.cwd = "/made/here" | .root.readonly = true'
	inside 'pwd; stat -c "%a %u" /made/here'
	assert_equal "$output" $'/made/here\n755 0'
}

@test "inside: of a variable that is set twice the last one counts" {
	bundle_set '.process.env += ["A=1", "B=1", "A=2", "AB=3"]'
	inside 'xargs -0 -n 1 echo </proc/self/environ | grep "^[AB]" | sort'
	assert_equal "$output" $'A=2\nAB=3\nB=1'
}

@test "inside: a working directory that cannot be one is an error that names it" {
	bundle_set '.process.cwd = "/etc/passwd"'
	bundle_args true
	run --separate-stderr bivy run "$id"
	[ "$status" -ne 0 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == */etc/passwd* ]]
}

@test "inside: resource limits and the oom score" {
	bundle_set '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_NPROC", soft: 1000, hard: 1001}] | .process.oomScoreAdj = 321'
	inside 'cat /proc/self/limits /proc/self/oom_score_adj | tr -s " "'
	grep -x 'Max open files 100 200 files *' <<<"$output"
	grep -x 'Max core file size 0 0 bytes *' <<<"$output"
	grep -x 'Max processes 1000 1001 processes *' <<<"$output"
	assert_equal "${lines[-1]}" 321
}

# --- namespaces ---

@test "inside: without oomScoreAdj the score is the caller's" {
	bundle_set 'del(.process.oomScoreAdj)'
	bundle_args cat /proc/self/oom_score_adj
	echo 77 >/proc/$BASHPID/oom_score_adj
	run bivy run "$(new_id)"
	assert_equal "$output" 77
}

@test "inside: it is pid 1 and sees no process of the host" {
	inside 'echo $$; ls /proc | grep -c "^[0-9]"'
	assert_equal "${lines[0]}" 1
	[ "${lines[1]}" -le 3 ]
}

@test "inside: host name and domain name are its own" {
	local before
	before=$(uname -n)
	bundle_set '.hostname = "inside-bivy" | .domainname = "example.test"'
	inside 'hostname; cat /proc/sys/kernel/domainname'
	assert_equal "$output" $'inside-bivy\nexample.test'
	assert_equal "$(uname -n)" "$before"
}

@test "inside: every namespace that config.json lists is a new one" {
	namespaces time
	user_namespace
	inside "$script_namespaces"
	[ "${#lines[@]}" -eq 8 ]
	run comm -12 <(sort <<<"$output") <(all_namespaces | sort)
	assert_equal "$output" ""
}

@test "inside: what it does not list is the host's" {
	local name
	for name in network ipc uts cgroup; do
		without_namespace "$name"
	done
	bundle_set 'del(.hostname) | .mounts |= map(select(.type != "sysfs"))'
	inside "$script_namespaces"
	for name in net ipc uts cgroup user time; do
		grep -qxF "$name $(readlink "/proc/self/ns/$name")" <<<"$output"
	done
	assert_equal "$(comm -12 <(sort <<<"$output") <(all_namespaces | sort) | wc -l)" 6
}

@test "inside: the pid namespace of the host" {
	without_namespace pid
	inside 'echo $$; readlink /proc/self/ns/pid'
	[ "${lines[0]}" -gt 1 ]
	assert_equal "${lines[1]}" "$(readlink /proc/self/ns/pid)"
}

@test "inside: namespaces by path are joined" {
	local first
	start_container 'hostname shared-name 2>/dev/null'
	first=$(all_namespaces "$pid")
	namespaces network=/proc/"$pid"/ns/net ipc=/proc/"$pid"/ns/ipc uts=/proc/"$pid"/ns/uts pid=/proc/"$pid"/ns/pid \
		cgroup=/proc/"$pid"/ns/cgroup
	bundle_set 'del(.hostname)'
	id=$(new_id)
	inside "$script_namespaces; echo \$\$"
	[ "${lines[-1]}" -gt 1 ]
	assert_equal "$(comm -12 <(sort <<<"$output") <(sort <<<"$first") | cut -d" " -f1 | tr "\n" " ")" "cgroup ipc net pid time user uts "
}

@test "inside: a user namespace by path, and the namespaces that it owns" {
	local first
	user_namespace
	start_container
	first=$(all_namespaces "$pid")
	namespaces user=/proc/"$pid"/ns/user network=/proc/"$pid"/ns/net ipc=/proc/"$pid"/ns/ipc uts=/proc/"$pid"/ns/uts
	bundle_set 'del(.linux.uidMappings, .linux.gidMappings, .hostname)'
	id=$(new_id)
	inside "$script_namespaces; id -u; tr -s ' ' </proc/self/uid_map"
	assert_equal "$(comm -12 <(sort <<<"$output") <(sort <<<"$first") | cut -d" " -f1 | tr "\n" " ")" "ipc net time user uts "
	assert_equal "${lines[-2]}${lines[-1]}" "0 0 100000 65536"
}

@test "inside: a namespace of another kind, or none, is refused" {
	namespaces network=/proc/self/ns/uts
	assert_fails 1 '/proc/self/ns/uts is not a network namespace' bivy create "$id"
	namespaces network=/no/such
	assert_fails 1 'network namespace /no/such: No such file' bivy create "$id"
}

@test "inside: a user namespace maps ids, and devices are the host's" {
	user_namespace
	bundle_set '.process.user = {uid: 7, gid: 8}'
	bundle_set '.root.readonly = false'
	inside 'id -u; id -g; tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; : >/tmp/made; stat -c "%u %g" /tmp/made
		echo x >/dev/null; head -c 4 /dev/zero | wc -c; stat -c "%t %T" /dev/null'
	assert_equal "$output" $'7\n8\n 0 100000 65536\n 0 200000 65536\n7 8\n4\n1 3'
	assert_equal "$(stat -c '%u %g' "$BUNDLE/rootfs/tmp/made")" "100007 200008"
}

@test "inside: its root in a user namespace has no power over the host" {
	user_namespace
	bundle_set '.process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_SYS_RESOURCE"])'
	install -m 600 /dev/null "$BUNDLE/rootfs/root/secret"
	inside 'cat /root/secret 2>/dev/null && echo read; (echo 1 >/proc/sys/kernel/panic) 2>/dev/null && echo written; hostname other
		hostname; sed -n "s/^CapEff:.//p" /proc/self/status'
	assert_equal "$output" "other"$'\n'"$(cap_set 0 1 21 24)"
}

@test "inside: the clocks of a time namespace" {
	namespaces time
	bundle_set '.linux.timeOffsets = {monotonic: {secs: 1000, nanosecs: 5}, boottime: {secs: 8640000}}'
	inside 'tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	assert_equal "${lines[0]} ${lines[1]}" "monotonic 1000 5 boottime 8640000 0"
	[ $((lines[2] - $(cut -d. -f1 /proc/uptime))) -ge 8639940 ]
	[ $((lines[2] - $(cut -d. -f1 /proc/uptime))) -le 8640060 ]
}

@test "inside: with a cgroup namespace its cgroup is the root, without it is the host's path" {
	inside 'cut -d: -f3 /proc/self/cgroup | sort -u; cut -d" " -f4 /proc/self/mountinfo | grep -c "$0"; :'
	assert_equal "${lines[0]}" /
	[ "${#lines[@]}" -eq 2 ]
	without_namespace cgroup
	id=$(new_id)
	inside 'cut -d: -f3 /proc/self/cgroup | sort -u'
	grep -F "$id" <<<"$output"
}

# --- files ---

@test "inside: masked files are empty, masked directories too, and neither takes a byte" {
	bundle_set '.root.readonly = false | .linux.maskedPaths += ["/masked/file", "/masked/dir", "/masked/missing", "/masked/file/below"]'
	mkdir -p "$BUNDLE"/rootfs/masked/dir
	echo secret >"$BUNDLE"/rootfs/masked/file
	echo secret >"$BUNDLE"/rootfs/masked/dir/inner
	inside 'wc -c </masked/file; ls -A /masked/dir | wc -l; echo new >/masked/file; (: >/masked/dir/new) 2>/dev/null || echo refused
		[ ! -e /masked/missing ] && echo none; wc -c </proc/keys'
	assert_equal "$output" $'0\n0\nrefused\nnone\n0'
	assert_equal "$(cat "$BUNDLE"/rootfs/masked/file)" secret
}

@test "inside: read-only paths are, with all that is below" {
	bundle_set '.root.readonly = false | .linux.readonlyPaths += ["/ro", "/rofile", "/missing"]
		| .mounts += [{destination: "/ro/tmpfs", type: "tmpfs", source: "tmpfs"}]'
	mkdir "$BUNDLE"/rootfs/ro
	echo x >"$BUNDLE"/rootfs/rofile
	inside 'for f in /ro/new /rofile /ro/tmpfs/new /proc/sys/kernel/panic; do (: >$f) 2>/dev/null || echo "$f"; done; : >/new; cat /rofile'
	assert_equal "$output" $'/ro/new\n/rofile\n/ro/tmpfs/new\n/proc/sys/kernel/panic\nx'
}

@test "inside: a read-only root takes nothing, but its mounts do" {
	inside '(: >/new) 2>/dev/null || echo refused; : >/dev/shm/new && echo taken'
	assert_equal "$output" $'refused\ntaken'
	[ ! -e "$BUNDLE"/rootfs/new ]
}

@test "inside: a writable root keeps what is written" {
	bundle_set '.root.readonly = false'
	inside 'echo kept >/new'
	assert_equal "$(cat "$BUNDLE"/rootfs/new)" kept
}

# --- devices ---

@test "inside: the devices that every container has, for everyone, and their links" {
	bundle_set '.process.user = {uid: 1000, gid: 1000}'
	inside 'for d in null zero full random urandom tty; do stat -c "%n %a %u:%g %t:%T" /dev/$d; done
		for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done
		echo x >/dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 5 /dev/urandom | wc -c; head -c 5 /dev/random | wc -c
		echo x 2>/dev/null >/dev/full || echo full'
	assert_equal "$output" "/dev/null 666 0:0 1:3
/dev/zero 666 0:0 1:5
/dev/full 666 0:0 1:7
/dev/random 666 0:0 1:8
/dev/urandom 666 0:0 1:9
/dev/tty 666 0:0 5:0
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx
 00 00 00
5
5
full"
}

@test "inside: listed devices have their mode and owner, whatever the umask" {
	bundle_set '.linux.devices = [{path: "/dev/sub/mine", type: "c", major: 1, minor: 3, fileMode: 432, uid: 1000, gid: 6},
		{path: "/dev/pipe", type: "p", fileMode: 438}, {path: "/dev/plain", type: "b", major: 7, minor: 99}]'
	umask 077
	inside 'stat -c "%n %F %a %u:%g %t:%T" /dev/sub/mine /dev/pipe /dev/plain; stat -c %a /dev/sub'
	assert_equal "$output" "/dev/sub/mine character special file 660 1000:6 1:3
/dev/pipe fifo 666 0:0 0:0
/dev/plain block special file 666 0:0 7:63
755"
}

# Opening /dev/kmsg for writing writes nothing.
@test "inside: a device without a rule is denied, listed or made by itself; with one it is not" {
	bundle_set '.linux.devices = [{path: "/dev/listed", type: "c", major: 1, minor: 11}]
		| .process.capabilities |= map_values(["CAP_MKNOD"])'
	local script='mknod /dev/made c 1 11; for d in listed made; do (: >/dev/$d) 2>&1 && echo open; done; :'
	inside "$script"
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == *listed*"Operation not permitted"* ]]
	[[ ${lines[1]} == *made*"Operation not permitted"* ]]
	bundle_set '.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 11, access: "w"}]'
	id=$(new_id)
	inside "$script"
	assert_equal "$output" $'open\nopen'
}

# --- sysctl ---

@test "inside: sysctls are set in the container's namespaces and not on the host" {
	local before
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax)
	bundle_set '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "kernel/msgmax": "4321"}'
	inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax'
	assert_equal "$output" $'1\n1\n4321'
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax)" "$before"
}

@test "inside: a sysctl that would be the host's is refused" {
	local key
	for key in kernel.panic vm.swappiness net.ipv4.ip_forward kernel.msgmax net/../kernel/panic; do
		bundle_set --arg key "$key" '.linux.sysctl = {($key): "1"}
			| .linux.namespaces |= map(select(.type != "network" and .type != "ipc"))'
		assert_fails 1 "sysctl \"$key\"" bivy create "$(new_id)"
	done
}

@test "inside: loopback is up in a new network namespace" {
	inside 'cat /sys/class/net/lo/operstate; ls /sys/class/net; ping -c 1 127.0.0.1 >/dev/null 2>&1; grep -c "127.0.0.1" /proc/net/fib_trie'
	assert_equal "${lines[1]}" lo
	[ "${lines[-1]}" -gt 0 ]
}

# --- seccomp ---

seccomp() {
	bundle_set ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: $1}"
}

@test "inside: a system call that is denied gives the configured error" {
	seccomp '[{names: ["mkdir", "mkdirat", "no_such_call"], action: "SCMP_ACT_ERRNO", errnoRet: 7}]'
	inside 'mkdir /dev/shm/x 2>&1; touch /dev/shm/y && echo touched'
	[[ ${lines[0]} == *"Argument list too long"* ]]
	assert_equal "${lines[1]}" touched
}

@test "inside: without errnoRet it is EPERM" {
	seccomp '[{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]'
	inside 'mkdir /dev/shm/x 2>&1; :'
	[[ $output == *"Operation not permitted"* ]]
}

@test "inside: SCMP_ACT_KILL_PROCESS kills, and run's code says so" {
	seccomp '[{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]'
	bundle_args mkdir /dev/shm/x
	run bivy run "$id"
	assert_equal "$status" 159
}

@test "inside: a condition on an argument decides" {
	seccomp '[{names: ["kill"], action: "SCMP_ACT_ERRNO", errnoRet: 38, args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]'
	inside 'sleep 600 & kill -USR1 $! 2>&1; kill -USR2 $! && wait $!; echo $?'
	[[ ${lines[0]} == *"Function not implemented"* ]]
	assert_equal "${lines[1]}" 140
}

@test "inside: an allow list runs a program, for every combination of privileges" {
	local uid nnp
	bundle_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["execve", "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink",
			"getrandom", "mprotect", "mmap", "munmap", "prctl", "getuid", "getgid", "geteuid", "getegid", "setuid", "setgid",
			"open", "openat", "read", "write", "close", "fstat", "stat", "newfstatat", "sendfile", "exit", "exit_group", "capset",
			"capget", "readlinkat", "futex", "lseek", "fadvise64", "rt_sigaction", "rt_sigprocmask", "ioctl"],
			action: "SCMP_ACT_ALLOW"}]}'
	bundle_args cat /proc/self/status
	for uid in 0 1000; do
		for nnp in true false; do
			id=$(new_id)
			bundle_set ".process.user = {uid: $uid, gid: $uid} | .process.noNewPrivileges = $nnp"
			assert_ok bivy run "$id"
			assert_equal "$(status_line Seccomp) $(status_line Uid | cut -f1)" "2 $uid"
			assert_equal "$(status_line CapBnd)" "$(cap_set 5 10 29)"
		done
	done
	bundle_args mkdir /dev/shm/x
	run bivy run "$(new_id)"
	[[ $output == *"Function not implemented"* ]]
}

# --- the way out ---

# CVE-2019-5736: the runtime's executable, reached through /proc/PID/exe.  The one that waits in a created container is a sealed
# copy; one that runs is the image's own.
@test "inside: the host's bivy can be neither reached nor written" {
	local before
	before=$(sha256sum "$BIVY" "${BIVY%/*}"/libexec/bivy/*)
	bundle_set '.process.capabilities |= map_values(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]) | .root.readonly = false'
	start_container
	run --separate-stderr bivy exec "$id" sh -c 'readlink /proc/1/exe; readlink /proc/self/exe'
	assert_equal "$output" $'/bin/sleep\n/bin/readlink' || assert_equal "$output" $'/bin/busybox\n/bin/busybox'
	bundle_args /proc/self/exe
	run --separate-stderr bivy run "$(new_id)"
	[ "$status" -ne 0 ]
	bundle_script 'exit 0'
	id=$(new_id)
	assert_ok bivy create "$id"
	pid=$(pid_of "$id")
	[[ $(readlink "/proc/$pid/exe") == *memfd:* ]]
	run dd if=/dev/zero of="/proc/$pid/exe" bs=1 count=1 conv=notrunc
	[ "$status" -ne 0 ]
	assert_equal "$(sha256sum "$BIVY" "${BIVY%/*}"/libexec/bivy/*)" "$before"
}

# Whatever the image's links say, the host's files are as before: the container runs, or is refused in one line.
assert_harmless() {
	local victim=$BATS_TEST_TMPDIR/victim before
	mkdir -p "$victim/sub"
	echo precious >"$victim/file"
	"$@" "$victim"
	before=$(cd "$victim" && find . -printf '%p %y %m %u %i %s %l\n' | sort)
	id=$(new_id)
	bundle_script 'for d in /dev /proc /made /console; do echo reached 2>/dev/null >$d/sub/new; done; cat /file 2>/dev/null; exit 0'
	run --separate-stderr bivy run "$id"
	[ "$status" -eq 0 ] || [ "${#stderr_lines[@]}" -eq 1 ] || tell "neither run nor refused in one line"
	assert_equal "$(cd "$victim" && find . -printf '%p %y %m %u %i %s %l\n' | sort)" "$before"
	assert_equal "$(grep -F "$victim" /proc/self/mountinfo)" ""
	[[ $output != *precious* ]]
	rm -rf "$BUNDLE"/rootfs/{dev,proc,made,console,file}
	mkdir "$BUNDLE"/rootfs/{dev,proc}
}

links_absolute() {
	rmdir "$BUNDLE"/rootfs/{dev,proc}
	ln -s "$1" "$BUNDLE"/rootfs/dev
	ln -s "$1/sub" "$BUNDLE"/rootfs/proc
	ln -s "$1/file" "$BUNDLE"/rootfs/file
}

links_upwards() {
	rmdir "$BUNDLE"/rootfs/{dev,proc}
	ln -s "../../../../../../../../../..$1" "$BUNDLE"/rootfs/dev
	ln -s "/../../../../../../../../../..$1/sub" "$BUNDLE"/rootfs/proc
	ln -s "../../../../../../../../../..$1/file" "$BUNDLE"/rootfs/file
}

links_on_the_way() {
	ln -s "$1" "$BUNDLE"/rootfs/made
	bundle_set '.mounts += [{destination: "/made/sub", type: "tmpfs", source: "tmpfs"},
		{destination: "/made/file", type: "bind", source: "/etc/hostname", options: ["bind"]},
		{destination: "/made/../../../../made/new", type: "tmpfs", source: "tmpfs"}]'
}

links_through_proc() {
	ln -s /proc/1/root "$BUNDLE"/rootfs/made
	ln -s /proc/self/cwd "$BUNDLE"/rootfs/console
	bundle_set --arg at "$1" '.mounts += [{destination: "/made\($at)/sub", type: "tmpfs", source: "tmpfs"},
		{destination: "/console\($at)/sub", type: "tmpfs", source: "tmpfs"}]'
}

links_for_paths() {
	ln -s "$1/file" "$BUNDLE"/rootfs/file
	ln -s "$1" "$BUNDLE"/rootfs/made
	bundle_set '.linux.maskedPaths = ["/file", "/made/sub"] | .linux.readonlyPaths = ["/made", "/made/file"]'
}

# The default devices, without a mount over /dev.
links_in_dev() {
	bundle_set '.root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))'
	ln -s "$1/file" "$BUNDLE"/rootfs/dev/null
	ln -s "$1/new" "$BUNDLE"/rootfs/dev/zero
	ln -s "$1/sub" "$BUNDLE"/rootfs/dev/pts
}

@test "inside: links in the image lead nowhere but into the image" {
	assert_harmless links_absolute
	assert_harmless links_upwards
	assert_harmless links_on_the_way
}

@test "inside: nor do links into /proc" {
	assert_harmless links_through_proc
}

# CVE-2025-31133 is the last of these.
@test "inside: nor do those at masked and read-only paths, or for devices" {
	assert_harmless links_for_paths
	assert_harmless links_in_dev
	[ "$status" -ne 0 ]
}

# CVE-2024-21626: a descriptor of the host's, left open, as the working directory.
in_fd() {
	exec 7</ 8</
	"$BIVY" --root "$BIVY_ROOT" "$@" 3>&- 4>&-
}

@test "inside: a working directory through a descriptor is never outside" {
	local n
	bundle_script 'ls -d etc/passwd bin/../../../../../../../'"$BATS_TEST_TMPDIR"'; pwd'
	for n in 3 4 5 6 7 8 9 10 11 12; do
		bundle_set ".process.cwd = \"/proc/self/fd/$n\""
		id=$(new_id)
		run --separate-stderr in_fd run "$id"
		[ "$status" -ne 0 ]
		[[ $output != *"$BATS_TEST_TMPDIR"* ]]
	done
	bundle_set '.process.cwd = "/"'
	id=$(new_id)
	start_container
	for n in 3 5 7 8 10 11; do
		run --separate-stderr in_fd exec --cwd "/proc/self/fd/$n" "$id" ls -d "../../../../../../../$BATS_TEST_TMPDIR"
		[ "$status" -ne 0 ]
		[[ $output != *"$BATS_TEST_TMPDIR"* ]]
	done
}

# --- exec ---

@test "inside: what exec runs is in the same namespaces, cgroup and root, with the same privileges" {
	namespaces time
	seccomp '[{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 7}]'
	bundle_set '.process.capabilities = ([{(("bounding", "effective", "permitted", "inheritable", "ambient")): ["CAP_KILL"]}] | add)
		| .process.env += ["FROM=config"]
		| .process.user = {uid: 0, gid: 0, additionalGids: [6]} | .process.cwd = "/usr"'
	start_container
	run --separate-stderr bivy exec "$id" sh -c "$script_namespaces; cat /proc/self/status; echo \$FROM; pwd; mkdir /dev/shm/x 2>&1; :"
	assert_equal "$status" 0
	assert_equal "$(head -n 8 <<<"$output")" "$(all_namespaces "$pid")"
	assert_caps "$(cap_set 5)" "$(cap_set 5)" "$(cap_set 5)" "$(cap_set 5)" "$(cap_set 5)"
	assert_equal "$(status_line NoNewPrivs) $(status_line Seccomp) $(status_line Groups | tr -d ' ')" "1 2 6"
	assert_equal "${lines[-3]} ${lines[-2]}" "config /usr"
	[[ ${lines[-1]} == *"Argument list too long"* ]]
}

@test "inside: it is in the container's cgroup in every hierarchy" {
	local child
	start_container
	assert_ok bivy exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 600
	child=$(<"$BATS_TEST_TMPDIR/pid")
	assert_equal "$(cat "/proc/$child/cgroup")" "$(cat "/proc/$pid/cgroup")"
	grep -F "$id" "/proc/$child/cgroup"
}

@test "inside: exec enters a user namespace with the ids of it" {
	user_namespace
	start_container
	run --separate-stderr bivy exec --user 5:6 "$id" sh -c 'id -u; id -g; readlink /proc/self/ns/user; touch /dev/shm/x; stat -c %u /dev/shm/x'
	assert_equal "$status $output" "0 5"$'\n'6$'\n'"$(readlink "/proc/$pid/ns/user")"$'\n'5
}

@test "inside: exec in a container without a mount namespace is in its root" {
	bundle_set '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths) | .root.readonly = false'
	without_namespace mount
	bundle_args sleep 600
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	echo mark >"$BUNDLE/rootfs/mark"
	run --separate-stderr bivy exec "$id" cat /mark
	assert_equal "$status $output" "0 mark"
	run --separate-stderr bivy exec "$id" ls "$BATS_TEST_TMPDIR"
	[ "$status" -ne 0 ]
}

@test "inside: exec's own options: user, groups, env, cwd, capability" {
	start_container
	run --separate-stderr bivy exec --user 1000:1001 --additional-gids 7 --env NEW=1 --env PATH=/bin:/sbin --cwd /etc "$id" \
		sh -c 'id -u; id -g; pwd; echo "$NEW $PATH"; cat /proc/self/status'
	assert_equal "$status" 0
	assert_equal "$(head -n 4 <<<"$output")" $'1000\n1001\n/etc\n1 /bin:/sbin'
	assert_equal "$(status_line Groups | tr -d ' ')" 7
	run --separate-stderr bivy exec --cap CAP_CHOWN "$id" cat /proc/self/status
	assert_equal "$(status_line CapEff)" "$(cap_set 0 5 10 29)"
}
