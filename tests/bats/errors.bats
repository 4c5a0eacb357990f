#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# What goes wrong: each mistake gives one line that names the place and the remedy, the exit code of its kind (create and its like
# 1, misuse 2, run and exec 125, 126, 127), and leaves nothing behind. So does a create that is killed at any moment.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# --- what these tests share ---

# The last `run` failed with that code and line, and nothing is there: refused_with CODE PATTERN
refused_with() {
	assert_fails "$1" "$2" || return
	assert_nothing
}

# The same for `bivy create` on the bundle as it is: one line, code 1: refused PATTERN
refused() {
	run --separate-stderr bivy create "$id"
	refused_with 1 "$1"
}

# refused_edit PATTERN JQ...: for the bundle with that one edit, which is taken back.
refused_edit() {
	local pattern=$1 before
	before=$(<"$BUNDLE/config.json")
	shift
	bundle_set "$@" || return
	refused "$pattern" || { echo "after: $*" >&2; return 1; }
	echo "$before" >"$BUNDLE/config.json"
}

# No state, no cgroup, no process.
assert_nothing() {
	local left
	left=$(ls -A "$BIVY_ROOT"; find /sys/fs/cgroup -type d -name "*$id*"; grep -lsF "$id" /proc/[0-9]*/cgroup || true)
	[ -z "$left" ] || { echo "left behind: $left" >&2; return 1; }
}

plain() {
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

# --- the document ---

@test "malformed JSON: its line and column" {
	printf '{\n  "ociVersion": "1.3.0",\n  "root": { "path" "rootfs" }\n}\n' >config.json
	refused 'config.json:3,2[0-9]: not JSON: '
	printf '{ "ociVersion": "1.3.0"' >config.json
	refused 'config.json:1,2[0-9]: not JSON: '
	: >config.json
	refused 'config.json:1,1: not JSON: '
	printf '{ "ociVersion": "1.3.0" }\n}\n' >config.json
	refused 'config.json:2,[12]: not JSON: '
	printf '{ "ociVersion": "1.\xff" }\n' >config.json
	refused 'config.json:1,[0-9]+: not JSON: .*UTF'
}

@test "a wrong type: the path of the member, and what it must be" {
	refused_edit 'config.json: process.args: must be a list' '.process.args = "sh"'
	refused_edit 'config.json: process.args\[1\]: must be a string' '.process.args = ["sh", 1]'
	refused_edit 'config.json: process.user.uid: must be a whole number of 32 bits, not negative' '.process.user.uid = -1'
	refused_edit 'config.json: process.user.uid: must be a whole number of 32 bits, not negative' '.process.user.uid = 4294967296'
	refused_edit 'config.json: process.user.gid: must be a number' '.process.user.gid = "0"'
	refused_edit 'config.json: root.readonly: must be true or false' '.root.readonly = "yes"'
	refused_edit 'config.json: mounts\[2\].options\[0\]: must be a string' '.mounts[2].options[0] = null'
	refused_edit 'config.json: linux.resources.memory.limit: must be a whole number' '.linux.resources.memory.limit = 1.5'
	refused_edit 'config.json: linux: must be an object' '.linux = []'
	refused_edit 'config.json: must be an object' '[]'
	refused_edit 'config.json: annotations.a: must be a string' '.annotations.a = 1'
}

@test "what is missing, and what stands there twice" {
	refused_edit 'config.json: "ociVersion" is missing' 'del(.ociVersion)'
	refused_edit 'config.json: root.path: is missing' 'del(.root)'
	refused_edit 'config.json: root: "path" is missing' 'del(.root.path)'
	refused_edit 'config.json: process: "cwd" is missing' 'del(.process.cwd)'
	refused_edit 'config.json: mounts\[0\]: "destination" is missing' 'del(.mounts[0].destination)'
	sed -i 's/"hostname"/"hostname": "first", "hostname"/' config.json
	refused 'config.json: the key "hostname" is given twice; remove one'
}

@test "an unknown key: a near miss is warned of by both names, others are not" {
	bundle_set '.process.noNewPrivilege = true | .process["x-vendor"] = {} | ."org.example" = 1'
	run --separate-stderr bivy create "$id"
	assert_equal "$status" 0
	assert_equal "$stderr" \
		"bivy: warning: $BUNDLE/config.json: process: the key \"noNewPrivilege\" is unknown and has no effect; is \"noNewPrivileges\" meant?"
}

@test "no config.json: what would make one" {
	rm config.json
	refused 'config.json: No such file or directory; `bivy spec` writes one, `bivy bundle` makes one'
	run --separate-stderr bivy create --bundle /nowhere "$id"
	refused_with 1 '/nowhere/config.json: No such file'
	mkdir config.json
	refused 'config.json: Is a directory'
}

@test "versions that are none of the specification's first" {
	refused_edit 'config.json: ociVersion: "2.0.0" is not a version 1.x.y' '.ociVersion = "2.0.0"'
	refused_edit 'ociVersion: "1" is not a version' '.ociVersion = "1"'
	refused_edit 'ociVersion: "" is not a version' '.ociVersion = ""'
	refused_edit 'ociVersion: "1.0.x" is not a version' '.ociVersion = "1.0.x"'
	bundle_set '.ociVersion = "1.0.2-dev"'
	assert_ok bivy create "$id"
}

@test "an argument in config.json with control characters still makes one line" {
	refused_edit 'not found' '.process.args = ["no\nsuch\u001b[31mprogram"]'
	[[ $stderr != *$'\e'* ]]
}

# --- the root file system ---

@test "a root file system that is missing, or no directory" {
	refused_edit 'invalid rootfs: root.path "gone" of bundle .*: No such file or directory' '.root.path = "gone"'
	refused_edit 'invalid rootfs: root.path "config.json" of bundle .*: Not a directory' '.root.path = "config.json"'
	refused_edit 'root.path: is missing' '.root.path = ""'
	refused_edit 'invalid rootfs: root.path "/nowhere" ' '.root.path = "/nowhere"'
}

# --- names of containers ---

@test "a taken id: whether it is created, runs, or has stopped; and nothing happens to who has it" {
	local pid
	bundle_args sleep 600
	bivy create "$id"
	pid=$(pid_of "$id")
	assert_fails 1 "container \"$id\" already exists; choose another ID, or .bivy delete $id" bivy create "$id"
	bivy start "$id"
	assert_fails 125 'already exists' bivy run "$id"
	assert_equal "$(pid_of "$id")" "$pid"
	has_status "$id" running
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_fails 1 'already exists' bivy create "$id"
	has_status "$id" stopped
}

@test "an unknown id" {
	local command
	for command in state start kill delete; do
		run --separate-stderr bivy "$command" "$id"
		refused_with 1 "container \"$id\" does not exist"
	done
	run --separate-stderr bivy wait "$id"
	refused_with 125 "container \"$id\" does not exist"
	run --separate-stderr bivy exec "$id" true
	refused_with 125 "container \"$id\" does not exist"
}

@test "an id that is none" {
	local bad command
	for bad in '' . .. a/b ../x .hidden 'a b' 'ü' $'a\nb' "$(printf 'x%.0s' {1..256})"; do
		for command in create run state start kill delete wait; do
			run --separate-stderr plain "$command" "$bad" </dev/null
			refused_with 2 'invalid container ID format'
		done
	done
	run --separate-stderr plain exec ../x true
	refused_with 2 'invalid container ID format'
}

# --- the process ---

@test "a relative working directory, a missing one, and one that is a file" {
	refused_edit 'process.cwd: "tmp" must be an absolute path, as "/tmp"' '.process.cwd = "tmp"'
	refused_edit 'process.cwd: "" must be an absolute path' '.process.cwd = ""'
	bundle_set '.process.cwd = "/etc/passwd"'
	run --separate-stderr bivy run "$id"
	refused_with 125 'chdir /etc/passwd: Not a directory'
}

@test "no program, and an environment that is none" {
	refused_edit 'process.args: must name the program' '.process.args = []'
	refused_edit 'process.args: must name the program' 'del(.process.args)'
	refused_edit "process.args\[0\]: the program's name is empty" '.process.args = [""]'
	refused_edit 'process.env\[1\]: "FOO" is not NAME=VALUE' '.process.env[1] = "FOO"'
	refused_edit 'process.env\[0\]: "=x" is not NAME=VALUE' '.process.env[0] = "=x"'
}

# Both kinds of caller: create's code is 1, run's tells the kind: program_refused CODE PATTERN PROGRAM
program_refused() {
	bundle_args "$3"
	refused "$2" || return
	run "-$1" --separate-stderr bivy run "$id"
	refused_with "$1" "$2"
}

@test "a program that is not there: create 1, run 127" {
	program_refused 127 '"no-such": executable file not found in \$PATH' no-such
	program_refused 127 '/bin/no-such: no such file or directory' /bin/no-such
	program_refused 127 '/etc/passwd/x: no such file or directory' /etc/passwd/x
	ln -s /gone rootfs/bin/dangling
	program_refused 127 '/bin/dangling: no such file .*symbolic link to /gone' /bin/dangling
}

@test "a program that cannot be executed: create 1, run 126" {
	echo 'echo no' >rootfs/bin/plain
	program_refused 126 '"plain": /usr/sbin/plain: permission denied: it has no execute permission \(chmod' plain
	program_refused 126 '/etc: permission denied: it is a directory' /etc
	mknod rootfs/bin/fifo p
	chmod +x rootfs/bin/fifo
	program_refused 126 '/bin/fifo: permission denied: it is not a regular file' /bin/fifo
}

@test "a script whose interpreter is missing: the interpreter's name, and 127" {
	printf '#!/usr/bin/no-python -x\n' >rootfs/bin/script
	chmod +x rootfs/bin/script
	program_refused 127 'script: its interpreter /usr/bin/no-python: no such file or directory' script
	printf '#!/bin/sh\r\n' >rootfs/bin/dos
	chmod +x rootfs/bin/dos
	program_refused 127 '/bin/sh: no such file or directory: its lines end as in DOS' /bin/dos
}

@test "what only execve finds out: run 126" {
	printf '\177ELFnonsense' >rootfs/bin/garbage
	printf 'echo no first line\n' >rootfs/bin/text
	chmod +x rootfs/bin/{garbage,text}
	bundle_args /bin/garbage
	run --separate-stderr bivy run "$id"
	refused_with 126 '/bin/garbage: exec format error: its ELF header is damaged'
	bundle_args /bin/text
	run --separate-stderr bivy run "$id"
	refused_with 126 '/bin/text: exec format error: it is a text without'
}

@test "a terminal that nobody takes, and a console socket for none" {
	refused_edit 'process.terminal needs --console-socket' '.process.terminal = true'
	run --separate-stderr bivy create --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	refused_with 1 '--console-socket needs process.terminal'
	bundle_set '.process.terminal = true'
	run --separate-stderr bivy create --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	refused_with 1 "console socket $BATS_TEST_TMPDIR/socket: No such file or directory"
}

@test "limits of the process that cannot be" {
	refused_edit 'RLIMIT_NOFILE: soft limit 3 is above the hard limit 2' '.process.rlimits[0] |= (.soft = 3 | .hard = 2)'
	refused_edit 'process.rlimits\[0\].type: unknown value "RLIMIT_FILES"; it can be .*RLIMIT_NOFILE' '.process.rlimits[0].type = "RLIMIT_FILES"'
	refused_edit 'process.rlimits: the same type is given twice' '.process.rlimits += .process.rlimits'
}

@test "a capability that the kernel does not know is a warning, as the runtime-spec has it" {
	bundle_set '.process.capabilities.bounding += ["CAP_SYS_FROBNICATE"]'
	run --separate-stderr bivy create "$id"
	assert_equal "$status" 0
	[[ $stderr =~ ^bivy:\ warning:\ capabilities:\ not\ granted:\ CAP_SYS_FROBNICATE ]]
}

@test "a limit above the hard one in force needs CAP_SYS_RESOURCE" {
	local caps
	caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	[ $(((0x$caps >> 24) & 1)) -eq 0 ] || skip "CAP_SYS_RESOURCE is there"
	refused_edit 'RLIMIT_NOFILE 99999999: CAP_SYS_RESOURCE is missing' '.process.rlimits[0] |= (.soft = 1024 | .hard = 99999999)'
}

# --- namespaces and mounts ---

@test "namespaces that are unknown, doubled, relative, or no namespace at all" {
	refused_edit 'linux.namespaces\[6\].type: unknown value "pids"; it can be .*pid' '.linux.namespaces += [{ type: "pids" }]'
	refused_edit 'linux.namespaces: the same type is given twice' '.linux.namespaces += [{ type: "pid" }]'
	refused_edit 'the path "ns/net" must be absolute' '.linux.namespaces[1].path = "ns/net"'
	refused_edit '/nowhere/net: No such file or directory' '.linux.namespaces[1].path = "/nowhere/net"'
	refused_edit '/etc/passwd' '.linux.namespaces[1].path = "/etc/passwd"'
	refused_edit '/proc/self/ns/uts' '.linux.namespaces[1].path = "/proc/self/ns/uts"'
	refused_edit 'needs linux.uidMappings and linux.gidMappings' '.linux.namespaces += [{ type: "user" }]'
	refused_edit 'no namespace of type "user"' '.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }]'
	refused_edit 'no namespace of type "uts"' 'del(.linux.namespaces[] | select(.type == "uts"))'
	refused_edit 'mounts\[0\]: needs a new namespace of type "mount"' 'del(.linux.namespaces[] | select(.type == "mount"))'
}

@test "mounts that cannot be: source, filesystem, option, type" {
	refused_edit 'source /nowhere/data: No such file or directory' \
		'.mounts += [{ destination: "/mnt", source: "/nowhere/data", options: ["rbind"] }]'
	refused_edit 'mounts\[7\].source: a bind mount needs one' '.mounts += [{ destination: "/mnt", options: ["bind"] }]'
	refused_edit 'no filesystem "no-such-fs"' '.mounts += [{ destination: "/mnt", type: "no-such-fs", source: "x" }]'
	refused_edit 'tmpfs: .*no-such-option' '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "t", options: ["no-such-option"] }]'
	refused_edit 'tmpfs: .*size' '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "t", options: ["size=much"] }]'
	refused_edit 'mounts\[7\].options: a bind mount has no option "size=1k"' \
		'.mounts += [{ destination: "/mnt", source: "/tmp", options: ["bind", "size=1k"] }]'
	refused_edit 'mounts\[7\].type: is missing' '.mounts += [{ destination: "/mnt", source: "/tmp" }]'
	refused_edit 'mounts\[7\].destination: is empty' '.mounts += [{ destination: "", type: "tmpfs" }]'
	refused_edit 'linux.maskedPaths: "proc/x" must be absolute' '.linux.maskedPaths = ["proc/x"]'
	refused_edit 'linux.readonlyPaths: "proc/x" must be absolute' '.linux.readonlyPaths = ["proc/x"]'
}

@test "a sysctl that is the host's, unknown, or no name" {
	refused_edit 'sysctl "vm.swappiness" is not in a separate kernel namespace' '.linux.sysctl = { "vm.swappiness": "1" }'
	refused_edit 'sysctl "net.ipv4.no_such_thing": this kernel has none of that name' '.linux.sysctl = { "net.ipv4.no_such_thing": "1" }'
	refused_edit 'sysctl "net..ip_forward" is not a name' '.linux.sysctl = { "net..ip_forward": "1" }'
	refused_edit 'sysctl "net.ipv4.ip_forward" to "much": Invalid argument' '.linux.sysctl = { "net.ipv4.ip_forward": "much" }'
	refused_edit 'sysctl "net.ipv4.ip_forward" is not in a separate' \
		'.linux.sysctl = { "net.ipv4.ip_forward": "1" } | del(.linux.namespaces[] | select(.type == "network"))'
}

@test "hooks that cannot be" {
	refused_edit 'hooks.prestart\[0\].path: "hook" must be absolute' '.hooks.prestart = [{ path: "hook" }]'
	refused_edit 'hooks.poststop\[0\].timeout: must be at least one second' '.hooks.poststop = [{ path: "/bin/true", timeout: 0 }]'
}

@test "what is not supported yet is refused by its name" {
	local words
	refused_edit 'linux.cgroupsPath: system.slice:bivy:x: the systemd form .* is not supported yet' '.linux.cgroupsPath = "system.slice:bivy:x"'
	for words in --systemd-cgroup --cgroup-manager=systemd --cgroup-manager=disabled; do
		run --separate-stderr bivy "$words" create "$id"
		refused_with 1 "not supported yet; leave .* out"
	done
}

@test "a seccomp filter that cannot be" {
	refused_edit 'seccomp' '.linux.seccomp = { defaultAction: "SCMP_ACT_NO_SUCH" }'
	refused_edit 'linux.seccomp: "defaultAction" is missing' '.linux.seccomp = {}'
}

# --- the command line ---

misused() {
	local pattern=$1
	shift
	run --separate-stderr plain "$@" </dev/null
	refused_with 2 "$pattern"
}

@test "misuse: exit code 2, and the nearest name" {
	misused 'there is no command "crate" \(is "create" meant\?\)' crate "$id"
	misused 'there is no command "frobnicate"; see' frobnicate
	misused 'create: there is no option --bundel \(is --bundle meant\?\)' create --bundel . "$id"
	misused 'delete: there is no option -x' delete -x "$id"
	misused 'create: ID is missing' create
	misused 'start: "b" is one argument too many' start a b
	misused 'create: --bundle needs BUNDLE' create "$id" --bundle
	misused 'list: --format: "yaml" is none of table, json' list --format yaml
	misused 'kill: .*unknown signal "NOPE"|unknown signal "NOPE"' kill "$id" NOPE
	misused 'unknown signal "99"' kill "$id" 99
	misused 'create: --preserve-fds: "x" is not a number' create --preserve-fds x "$id"
	misused 'stands before the command' create --root /x "$id"
	misused 'the command is missing' --debug
	misused 'there is no option --rot \(is --root meant\?\)' --rot x list
}

@test "descriptors that are to be kept and are not open" {
	run --separate-stderr bash -c '"$0" --root "$1" create --preserve-fds 2 "$2" </dev/null 3>&- 4>&-' "$BIVY" "$BIVY_ROOT" "$id"
	refused_with 1 '--preserve-fds: descriptor 3 is not open'
}

@test "a root directory of states that cannot be" {
	: >"$BATS_TEST_TMPDIR/file"
	run --separate-stderr "$BIVY" --root "$BATS_TEST_TMPDIR/file" create "$id" </dev/null
	refused_with 1 "$BATS_TEST_TMPDIR/file"
	run --separate-stderr "$BIVY" --root "$BATS_TEST_TMPDIR/file" list
	refused_with 1 "$BATS_TEST_TMPDIR/file"
	run --separate-stderr "$BIVY" --root "$BATS_TEST_TMPDIR/nowhere" list -q
	assert_equal "$status$output$stderr" 0
}

@test "a pid file that cannot be written undoes the container" {
	bundle_args sleep 600
	run --separate-stderr bivy create --pid-file /nowhere/pid "$id"
	refused_with 1 'pid file /nowhere/pid: No such file or directory'
	run --separate-stderr bivy run -d --pid-file /nowhere/pid "$id"
	refused_with 125 'pid file /nowhere/pid: No such file or directory'
}

@test "an output that takes nothing is an error, for who prints" {
	local words
	bundle_args true
	bivy create "$id"
	for words in "state $id" list 'list -q' 'list --format json' --version --help; do
		# shellcheck disable=SC2086  # words
		run --separate-stderr to_full $words
		assert_fails 1 'standard output: No space left on device'
	done
}

to_full() {
	plain "$@" >/dev/full
}

@test "--log has the error once, in the form that is asked for, and nothing without an error" {
	local log=$BATS_TEST_TMPDIR/log
	bundle_args sleep 600
	bivy --log "$log" --log-format json create "$id"
	assert_equal "$(cat "$log")" ''
	run --separate-stderr bivy --log "$log" --log-format json create "$id"
	assert_fails 1 'already exists'
	assert_equal "$(wc -l <"$log")" 1
	jq -e --arg id "$id" '.level == "error" and (.msg | contains("container \"\($id)\" already exists")) and (.time | fromdate)' "$log"
	rm "$log"
	bundle_args no-such
	run --separate-stderr bivy --log "$log" --log-format json create "$id-b"
	assert_fails 1 'not found in .PATH'
	assert_equal "$(wc -l <"$log")" 1
	jq -e '.msg | contains("executable file not found in $PATH")' "$log"
	rm "$log"
	run --separate-stderr bivy --log "$log" delete "$id-c"
	assert_fails 1 'does not exist'
	grep -qx 'time="[^"]*" level=error msg=".*does not exist.*"' "$log"
}

# --- killed ---

# Walks away from a create at a random moment, with SIGKILL to all of it, to the process that makes the container, or to the
# one that waits for it: killed_create ID SECONDS. No program is started meanwhile: a create takes a few milliseconds.
killed_create() {
	local job child='' way=$((RANDOM % 3))
	"$BIVY" --root "$BIVY_ROOT" create "$1" </dev/null >/dev/null 2>>"$BATS_TEST_TMPDIR/said" 3>&- 4>&- 9>&- &
	job=$!
	read -rt "$2" -u 9 || true
	read -r child _ <"/proc/$job/task/$job/children" || true
	case $way in
	0) kill -KILL -- "-$job" ;;
	1) [ -z "$child" ] || kill -KILL "$child" ;;
	2) kill -KILL "$job" ;;
	esac || true
	wait "$job" || true
	# Who makes it may go on alone, perhaps born since we looked, and is not to be overtaken.
	while if [ -n "$child" ]; then is_bivy "$child"; else kill -0 -- "-$job"; fi; do
		sleep 0.01
	done
} 2>/dev/null

# The process is bivy itself, and not its shim.
is_bivy() {
	local name
	read -r name <"/proc/$1/comm" && [ "$name" = bivy ] && ! grep -q '^State:.Z' "/proc/$1/status"
}

@test "create killed at a random moment, 200 times: delete --force leaves nothing" {
	local n begin took takes=1000000 made=0 half=0 # microseconds
	bundle_args sleep 600
	mkfifo "$BATS_TEST_TMPDIR/never"
	exec 9<>"$BATS_TEST_TMPDIR/never"
	for n in a b c d e; do # the quickest: the machine may be at something else
		begin=${EPOCHREALTIME/./}
		"$BIVY" --root "$BIVY_ROOT" create "$id-$n" </dev/null >/dev/null 2>&1 3>&- 4>&- 9>&-
		took=$((${EPOCHREALTIME/./} - begin))
		takes=$((took < takes ? took : takes))
		plain delete --force "$id-$n"
	done
	set -m
	for ((n = 0; n < 200; n++)); do
		killed_create "$id-$n" "$(printf '0.%06d' $((SRANDOM % takes)))"
		if [ -e "$BIVY_ROOT/$id-$n/state.json" ]; then
			made=$((made + 1))
		elif [ -e "$BIVY_ROOT/$id-$n" ]; then
			half=$((half + 1))
		fi
		plain delete --force "$id-$n" || { echo "round $n: delete --force: code $?"; return 1; }
		[ ! -e "$BIVY_ROOT/$id-$n" ]
		[ ! -e "/sys/fs/cgroup/pids/bivy/$id-$n" ]
		[ ! -e "/sys/fs/cgroup/bivy/$id-$n" ]
	done
	set +m
	exec 9>&-
	echo "a create takes $takes us; of 200, $made were made all the same, $half were half made; commands said:"
	sed 's/"[^"]*"/ID/' "$BATS_TEST_TMPDIR/said" | sort | uniq -c
	[ "$half" -ge 20 ] # else it was not tested
	assert_clean
	assert_nothing
}
