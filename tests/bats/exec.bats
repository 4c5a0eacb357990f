#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# exec: into containers of every make, with every kind of stream, failing in each step, many in a row and many at once, and what
# it must not leave behind.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# --- what these tests share ---

# A container that goes on running: start_container [SCRIPT]
start_container() {
	bundle_script "${1:-}${1:+; }echo ready; exec sleep 600"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	pid=$(pid_of "$id")
}

# The program itself: the streams are the test's.
plain() {
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

inside() {
	run --separate-stderr bivy exec "$id" "$@"
}

# assert_fails, for 127 too, which bats would warn of: fails CODE PATTERN COMMAND...
fails() {
	run "-$1" --separate-stderr "${@:3}"
	assert_fails "$1" "$2"
}

namespace() {
	bundle_set --arg type "$1" --arg path "${2-}" '.linux.namespaces |= map(select(.type != $type))
		+ [{ type: $type } + if $path == "" then {} else { path: $path } end]'
}

user_namespace() {
	namespace user
	bundle_set '.linux += { uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
		gidMappings: [{ containerID: 0, hostID: 200000, size: 65536 }] }'
}

namespaces_of() {
	local name
	for name in pid net ipc uts mnt cgroup user time; do
		echo "$name $(readlink "/proc/$1/ns/$name")"
	done
}
script_namespaces='for n in pid net ipc uts mnt cgroup user time; do echo "$n $(readlink /proc/self/ns/$n)"; done'

is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

# The processes of the container, by their pids on the host.
processes() {
	local dir
	dir=$(cgroup_dir "$id" pids)
	cat "$dir/cgroup.procs"
}

has_processes() {
	[ "$(processes | wc -l)" -eq "$1" ]
}

# --- where it goes ---

@test "exec: a container with a user namespace: its ids, its root's capabilities, all its namespaces" {
	user_namespace
	start_container
	inside sh -c "$script_namespaces; id -u; id -g; tr -s ' ' </proc/self/uid_map"
	assert_ok
	assert_equal "$(head -8 <<<"$output")" "$(namespaces_of "$pid")"
	assert_equal "$(tail -n +9 <<<"$output")" $'0\n0\n 0 100000 65536'
	inside sleep 0.$SRANDOM
	run bivy exec --user 7:8 "$id" sh -c 'id -u; id -g; grep ^CapEff /proc/self/status'
	assert_equal "$(xargs <<<"$output")" '7 8 CapEff: 0000000000000000'
	run bivy exec -d --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 601
	assert_equal "$(stat -c '%u %g' "/proc/$(<"$BATS_TEST_TMPDIR/pid")")" '100000 200000'
	assert_fails 125 'setresuid 70000.*is it mapped' bivy exec --user 70000:1 "$id" true
}

@test "exec: one whose first process has joined namespaces by path" {
	local first=$id other
	start_container
	other=$pid
	for name in network ipc uts pid; do
		namespace "$name" "/proc/$other/ns/${name/network/net}"
	done
	bundle_set 'del(.hostname)'
	id=$(new_id)
	start_container
	inside sh -c "$script_namespaces"
	assert_ok
	assert_equal "$output" "$(namespaces_of "$pid")"
	for name in net ipc uts pid; do
		grep -qxF "$name $(readlink "/proc/$other/ns/$name")" <<<"$output"
	done
	[ "$first" != "$id" ]
}

@test "exec: one that has joined a user namespace by path" {
	local other
	user_namespace
	start_container
	other=$pid
	namespace user "/proc/$other/ns/user"
	bundle_set 'del(.linux.uidMappings, .linux.gidMappings)'
	id=$(new_id)
	start_container
	inside sh -c "$script_namespaces; id -u"
	assert_ok
	assert_equal "$output" "$(namespaces_of "$pid")"$'\n0'
	grep -qxF "user $(readlink "/proc/$other/ns/user")" <<<"$output"
}

@test "exec: one that shares every namespace but the mounts', and one without that, too" {
	bundle_set '.linux.namespaces = [{ type: "mount" }] | del(.hostname)'
	start_container
	inside sh -c "$script_namespaces; ls -d /bin/busybox"
	assert_equal "$output" "$(namespaces_of "$pid")"$'\n/bin/busybox'
	bundle_set '.linux.namespaces = [{ type: "pid" }] | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
	id=$(new_id)
	start_container
	inside ls /
	assert_equal "$(xargs <<<"$output")" 'bin dev etc proc root sbin sys tmp usr'
}

@test "exec: a created container, before its program runs" {
	bundle_args sleep 600
	bivy create "$id"
	inside sh -c 'tr "\0" " " </proc/1/cmdline; hostname'
	assert_ok
	[[ $output == bivy-init\ * ]]
	has_status "$id" created
}

@test "exec: every cgroup of the container" {
	start_container
	inside cat /proc/self/cgroup
	bivy exec -d --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 601
	assert_equal "$(<"/proc/$(<"$BATS_TEST_TMPDIR/pid")/cgroup")" "$(<"/proc/$pid/cgroup")"
}

# --- streams ---

@test "exec: 1 MiB of input, and 1 MiB of output on both streams at once, whole" {
	local out err
	start_container
	head -c 1048576 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	out=$(sha256sum <"$BATS_TEST_TMPDIR/in")
	plain exec "$id" sh -c 'tee /dev/stderr' <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/out")" "$out"
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/err")" "$out"
	# through pipes, slowly read
	out=$(plain exec "$id" sh -c 'cat; head -c 1048576 /dev/zero >&2' <"$BATS_TEST_TMPDIR/in" 2> >(sleep 0.3; wc -c >"$BATS_TEST_TMPDIR/count") |
		{ sleep 0.2; sha256sum; })
	assert_equal "$out" "$(sha256sum <"$BATS_TEST_TMPDIR/in")"
	wait_for test -s "$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 1048576
}

@test "exec: the end of the input is the program's, and a reader that goes away is its SIGPIPE" {
	start_container
	run plain exec "$id" wc -c </dev/null
	assert_equal "$output" 0
	run plain exec "$id" wc -c < <(printf 12345)
	assert_equal "$output" 5
	run -0 bash -c '"$@" | head -1' - "$BIVY" --root "$BIVY_ROOT" exec "$id" yes
	assert_equal "$output" y
	run bash -c '"$@" | true; echo ${PIPESTATUS[0]}' - "$BIVY" --root "$BIVY_ROOT" exec "$id" sh -c 'sleep 0.2; yes'
	assert_equal "$output" 141
	run bash -c '"$@" <&- >&- 2>&-' - "$BIVY" --root "$BIVY_ROOT" exec "$id" sh -c 'exit 9'
	assert_equal "$status" 9
	# the program's streams are the caller's own: nothing of ours stands between
	plain exec "$id" readlink /proc/self/fd/0 </dev/null
}

@test "exec: with a terminal of its own, whose output comes whole, and its code" {
	command -v script >/dev/null || skip "needs script(1)"
	start_container
	run script -qec "'$BIVY' --root '$BIVY_ROOT' exec -t '$id' sh -c 'tty; head -c 1048576 /dev/zero | tr \"\\\\0\" x | fold -w 64; exit 5'" /dev/null </dev/null
	assert_equal "$status" 5
	output=${output//$'\r'/}
	[[ ${output%%$'\n'*} == */dev/pts/0 ]] # script(1) may have typed an end of input before it
	assert_equal "$(tr -dc x <<<"$output" | wc -c)" 1048576
	assert_fails 125 'console-socket' bivy exec -d -t "$id" true
}

@test "exec: detached: it returns at once, the program's parent is not ours, its output is still the caller's" {
	local other
	start_container
	plain exec -d --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sh -c 'sleep 0.3; echo late; exec sleep 601' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&-
	other=$(<"$BATS_TEST_TMPDIR/pid")
	assert_equal "$(wc -c <"$BATS_TEST_TMPDIR/pid")" ${#other}
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	wait_for test -s "$BATS_TEST_TMPDIR/out"
	assert_equal "$(<"$BATS_TEST_TMPDIR/out")" late
	has_processes 2
	assert_equal "$(tr '\0' ' ' <"/proc/$other/cmdline")" 'sleep 601 '
	bivy delete --force "$id"
	is_gone "$other"
}

# --- its end ---

@test "exec: codes: the program's, 128 and the signal, 126, 127, 125" {
	local code signal
	start_container
	for code in 0 1 42 125 255; do
		inside sh -c "exit $code"
		assert_equal "$status" "$code"
	done
	for signal in HUP:129 INT:130 ABRT:134 KILL:137 SEGV:139 TERM:143; do
		inside sh -c "kill -${signal%:*} \$\$"
		assert_equal "$status" "${signal#*:}"
	done
	printf 'no program' >"$BUNDLE/rootfs/tmp/data"
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/tmp/script"
	chmod 755 "$BUNDLE/rootfs/tmp/script"
	assert_fails 126 'permission denied' bivy exec "$id" /tmp/data
	assert_fails 126 'is a directory' bivy exec "$id" /tmp
	fails 127 'no such file' bivy exec "$id" /no/such/program
	fails 127 'executable file not found' bivy exec "$id" no-such-program
	fails 127 '/no/such/interpreter' bivy exec "$id" /tmp/script
	chmod 755 "$BUNDLE/rootfs/tmp/data"
	assert_fails 126 'exec format error: it is a text' bivy exec "$id" /tmp/data
	assert_fails 125 'does not exist' bivy exec "$id-not" true
	has_processes 1
}

@test "exec: signals are passed on, to a program that is its own session's" {
	local signal
	start_container
	for signal in TERM INT HUP QUIT USR1 USR2; do
		rm -f "$BATS_TEST_TMPDIR/out"
		set -m
		"$BIVY" --root "$BIVY_ROOT" exec "$id" sh -c "trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.05; done" \
			>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- </dev/null &
		job=$!
		set +m
		wait_for grep -qx ready "$BATS_TEST_TMPDIR/out"
		kill -"$signal" "$job"
		status=0
		wait "$job" || status=$?
		assert_equal "$signal $status $(tail -1 "$BATS_TEST_TMPDIR/out")" "$signal 7 got $signal"
	done
	has_processes 1
}

@test "exec: killed itself, the program goes on, and ends with the container" {
	start_container
	"$BIVY" --root "$BIVY_ROOT" exec --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 601 3>&- 4>&- &
	job=$!
	wait_for test -s "$BATS_TEST_TMPDIR/pid"
	kill -9 "$job"
	wait "$job" || true
	has_processes 2
	bivy kill "$id" KILL
	wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
}

# --- failing in each step ---

# The process of the container's config.json, changed by jq: from_file EXPRESSION
from_file() {
	jq '.process | .args = ["true"] | '"$1" "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
}

@test "exec: each step that fails says so in one line, and leaves no process" {
	start_container
	while IFS='|' read -r change code pattern; do
		from_file "$change"
		fails "$code" "$pattern" bivy exec --process "$BATS_TEST_TMPDIR/process.json" "$id" || tell "$change"
		has_processes 1 || tell "left by $change"
		has_status "$id" running
	done <<-'EOF'
		.args = []|125|process.args: must name the program
		.args = [""]|125|name is empty
		.args = ["/no/such"]|127|/no/such
		.cwd = "/no/such/directory"|125|/no/such/directory: No such file or directory
		.cwd = "/etc/passwd"|125|/etc/passwd: Not a directory
		.cwd = "tmp"|125|must be an absolute path
		.env = ["A"]|125|not NAME=VALUE
		.user = { uid: 4294967295, gid: 0 }|125|process.user.uid
		.user = { uid: 0, gid: 4294967295 }|125|process.user.gid
		.user = { uid: 0, gid: 0, additionalGids: [4294967295] }|125|process.user.additionalGids
		.rlimits = [{ type: "RLIMIT_NOFILE", soft: 20, hard: 10 }]|125|RLIMIT_NOFILE
		.rlimits = [{ type: "RLIMIT_FOO", soft: 20, hard: 20 }]|125|RLIMIT_FOO
		.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }]|125|twice
		.oomScoreAdj = 2000|125|oom
	EOF
	echo '{ "args": "true" }' >"$BATS_TEST_TMPDIR/process.json"
	assert_fails 125 'args' bivy exec --process "$BATS_TEST_TMPDIR/process.json" "$id"
	assert_fails 125 'process.json' bivy exec --process "$BATS_TEST_TMPDIR/no-process.json" "$id"
	assert_fails 125 'pid file' bivy exec --pid-file /no/such/directory/pid "$id" sleep 601
	assert_fails 125 'console' bivy exec -t --console-socket /no/such/socket "$id" sleep 601
	has_processes 1
}

@test "exec: a filter that forbids execve: the failure is told, or its signal is" {
	bundle_set '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }] }'
	start_container
	inside mkdir /tmp/x
	assert_equal "$status" 1
	[[ $stderr == *'not supported'* ]]
	inside grep '^Seccomp:' /proc/self/status
	assert_equal "${output##*[[:space:]]}" 2
}

# --- user, groups, environment ---

@test "exec: HOME is the user's in the container's passwd, unless it is set; a user that is not there has /" {
	bundle_set '.process.env = ["PATH=/bin"]'
	start_container 'echo "HOME=$HOME"'
	grep -qx 'HOME=/root' "$BATS_TEST_TMPDIR/output.$id"
	home() { bivy exec "$@" "$id" sh -c 'echo "$HOME"'; }
	assert_equal "$(home)" /root
	assert_equal "$(home --user 1000)" /home/guest
	assert_equal "$(home --user 1:1)" /
	assert_equal "$(home --user 4711)" /
	assert_equal "$(home --user 1000 --env HOME=/else)" /else
	assert_equal "$(home --env HOME=)" /root
	inside env
	assert_equal "$output" $'PATH=/bin\nHOME=/root'
	rm "$BUNDLE/rootfs/etc/passwd"
	assert_equal "$(home)" /
	mkfifo "$BUNDLE/rootfs/etc/passwd"
	assert_equal "$(home)" /
	rm "$BUNDLE/rootfs/etc/passwd"
	ln -s /etc/outside "$BUNDLE/rootfs/etc/passwd"
	assert_equal "$(home)" /
}

@test "exec: HOME in a user namespace, and where there is no mount namespace" {
	bundle_set '.process.env = ["PATH=/bin"]'
	user_namespace
	start_container
	run bivy exec --user 1000:1000 "$id" sh -c 'echo $HOME; id -u'
	assert_equal "$output" $'/home/guest\n1000'
	bundle_set '.linux.namespaces = [{ type: "pid" }] | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)
		| del(.linux.uidMappings, .linux.gidMappings, .hostname)'
	id=$(new_id)
	start_container
	run bivy exec --user 1000:1000 "$id" sh -c 'echo $HOME; id -u'
	assert_equal "$output" $'/home/guest\n1000'
}

@test "exec: user and groups: exactly the asked-for, none of the caller's" {
	start_container
	run bivy exec --user 1000:1000 "$id" sh -c 'id -u; id -g; id -G'
	assert_equal "$(xargs <<<"$output")" '1000 1000 1000'
	run bivy exec --user 1000 "$id" id -g
	assert_equal "$output" 0
	run bivy exec --user 1000:1000 -g 5 -g 6 "$id" grep -E '^(Uid|Gid|Groups)' /proc/self/status
	assert_equal "$(xargs <<<"$output")" 'Uid: 1000 1000 1000 1000 Gid: 1000 1000 1000 1000 Groups: 5 6'
	run bivy exec "$id" grep ^Groups /proc/self/status
	assert_equal "$(xargs <<<"$output")" 'Groups:'
	assert_fails 2 'not UID or UID:GID' bivy exec --user guest "$id" true
	run bivy exec "$id" sh -c umask
	assert_equal "$output" 0022
	(umask 077; assert_equal "$(bivy exec "$id" sh -c umask)" 0022)
}

@test "exec: a working directory that only its user may enter" {
	mkdir -p "$BUNDLE/rootfs/tmp/private"
	chown 1000:1000 "$BUNDLE/rootfs/tmp/private"
	chmod 700 "$BUNDLE/rootfs/tmp/private"
	bundle_set '.process.capabilities |= map_values([])'
	start_container
	run bivy exec --user 1000:1000 --cwd /tmp/private "$id" pwd
	assert_equal "$output" /tmp/private
	# root has been there before: as with runc, that is enough
	run bivy exec --user 1001:1001 --cwd /tmp/private "$id" sh -c 'pwd; ls'
	[[ $output == /tmp/private* && $output == *ermission\ denied* ]]
}

# --- many ---

# What could be left: of this shell's children, the container's cgroup, the host's mounts and cgroups, the shim's descriptors.
traces_of() {
	local shim
	has_processes 1 && echo "one process"
	wc -l </proc/self/mountinfo
	wc -l <"/proc/$pid/mountinfo"
	find /sys/fs/cgroup -type d -path "*$id*" 2>/dev/null | wc -l
	find "/proc/$pid/fd" -mindepth 1 | wc -l
	for shim in $(pgrep -f "^bivy-shim $id "); do
		find "/proc/$shim/fd" -mindepth 1 | wc -l
		pgrep -P "$shim" | wc -l
	done
	find "$BIVY_ROOT" | wc -l
}

@test "exec: 1,000 in a row leave no descriptor, cgroup, mount, process or file behind" {
	local before begin i
	start_container
	before=$(traces_of)
	begin=$SECONDS
	for ((i = 0; i < 1000; i++)); do
		"$BIVY" --root "$BIVY_ROOT" exec "$id" true </dev/null >/dev/null 2>&1 || break
	done
	assert_equal "$i" 1000
	echo "took $((SECONDS - begin)) s"
	grep -q __asan_init "$BIVY" || [ $((SECONDS - begin)) -lt 40 ] # a sanitizer takes its time
	wait_for has_processes 1
	assert_equal "$(traces_of)" "$before"
}

@test "exec: 20 at once, each with its own output and code" {
	local before i status
	start_container
	before=$(traces_of)
	for ((i = 0; i < 20; i++)); do
		plain exec "$id" sh -c "sleep 0.3; echo out $i; echo err $i >&2; exit $i" </dev/null \
			>"$BATS_TEST_TMPDIR/out.$i" 2>"$BATS_TEST_TMPDIR/err.$i" 3>&- 4>&- &
		jobs[i]=$!
	done
	for ((i = 0; i < 20; i++)); do
		status=0
		wait "${jobs[i]}" || status=$?
		assert_equal "$status $(<"$BATS_TEST_TMPDIR/out.$i") $(<"$BATS_TEST_TMPDIR/err.$i")" "$i out $i err $i"
	done
	assert_equal "$(traces_of)" "$before"
}

@test "exec: while delete comes: each ends with the container or says why, and nothing is left" {
	local round i status said
	bundle_args sleep 600
	for round in 1 2 3 4 5 6; do
		bivy create "$id-$round"
		bivy start "$id-$round"
		for i in 1 2 3 4 5 6; do
			(sleep "0.0$((i * round / 2))"; exec "$BIVY" --root "$BIVY_ROOT" exec "$id-$round" sleep 602) </dev/null \
				>"$BATS_TEST_TMPDIR/out.$i" 2>&1 3>&- 4>&- &
			jobs[i]=$!
		done
		sleep "0.0$((round * 2))"
		assert_ok bivy delete --force "$id-$round"
		for i in 1 2 3 4 5 6; do
			status=0
			BIVY_WAIT=20 wait_for is_gone "${jobs[i]}"
			wait "${jobs[i]}" || status=$?
			said=$(<"$BATS_TEST_TMPDIR/out.$i")
			case $status in
			137) assert_equal "$said" '' ;; # it ran, and was ended
			125) [[ $said =~ ^bivy:\ [^$'\n']+$ ]] || tell "$said" ;;
			*) tell "code $status: $said" ;;
			esac
		done
		assert_equal "$(find /sys/fs/cgroup -type d -name "*$id-$round*" 2>/dev/null)" ''
	done
}
