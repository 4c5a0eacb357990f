#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# The life of a container: created, started, signalled, waited for, joined, deleted; by separate commands and by `run`, alone and
# many at once; its hooks; its shim. Nothing of it may be left afterwards: helpers.bash looks after each test.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	state=$BIVY_ROOT/$id
	forever='echo ready; exec sleep 600'
}

# --- what these tests share ---

# Takes a namespace off the bundle: without one of pids the program is no init, and a signal ends it.
share() {
	bundle_set --arg type "$1" 'del(.linux.namespaces[] | select(.type == $type))'
}

# A container that runs until it is ended: started [SCRIPT]
started() {
	bundle_script "${1:-$forever}"
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
}

# The program itself, without helpers' files and time limit: for many at once, and where the caller's streams are the test's.
plain() {
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

# The same in a process group of its own, as a terminal's job is: a signal reaches all of it, and SIGINT is not ignored, as it
# is in a script's background. Sets job, the group's number.
as_job() {
	set -m
	"$BIVY" --root "$BIVY_ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/output.${*: -1}" 2>"$BATS_TEST_TMPDIR/job.err" 3>&- 4>&- &
	job=$!
	set +m
}

# Sets status to the code of a process of the background: `run wait` would ask another shell for it.
ended() {
	status=0
	wait_for is_gone "$1" || return
	wait "$1" || status=$?
}

has_python() {
	python3 -c "import ${1:-sys}" 2>/dev/null
}

need_python() {
	has_python "$@" || skip "needs python3${1:+ with $1}"
}

# Each file is a state document as the runtime-spec's schema has it.
valid_states() {
	python3 -W ignore - "${BIVY_TESTS%/*}/spec/schema/state-schema.json" "$@" <<-'EOF'
		import json, jsonschema, pathlib, sys
		path = pathlib.Path(sys.argv[1])
		schema = json.loads(path.read_text())
		resolver = jsonschema.RefResolver(path.as_uri(), schema)
		check = jsonschema.Draft4Validator(schema, resolver=resolver)
		for name in sys.argv[2:]:
		    for error in check.iter_errors(json.loads(pathlib.Path(name).read_text())):
		        sys.exit(f"{name}: {error.json_path}: {error.message}")
	EOF
}

is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

runs() {
	[ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status"
}

# Directories of cgroups that carry the test's id.
cgroups_of() {
	find /sys/fs/cgroup -type d -name "*$1*" 2>/dev/null
}

# --- create start state kill delete ---

@test "create, start, state, kill and delete by separate calls, with a valid state at every stage" {
	local hook=$BATS_TEST_TMPDIR/hook at=$BATS_TEST_TMPDIR pid
	printf '#!/bin/sh\n"%s" --root "%s" state "%s" >"%s/creating"\n' "$BIVY" "$BIVY_ROOT" "$id" "$at" >"$hook"
	chmod +x "$hook"
	bundle_set --arg hook "$hook" '.hooks.createRuntime = [{ path: $hook }] | .annotations = { "org.example": "é \"q\"" }'
	bundle_script "$forever"

	assert_ok bivy create "$id"
	assert_equal "$output" ''
	bivy state "$id" >"$at/created"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	bivy state "$id" >"$at/running"
	pid=$(jq .pid "$at/running")
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 600 '
	assert_ok bivy kill "$id" KILL
	run bivy wait "$id"
	assert_equal "$status" 137
	bivy state "$id" >"$at/stopped"

	! has_python jsonschema || valid_states "$at"/{creating,created,running,stopped} # the next test tells if it is skipped
	assert_equal "$(jq -r .status "$at"/{creating,created,running,stopped} | xargs)" 'creating created running stopped'
	assert_equal "$(jq -r .bundle "$at"/creating)" "$(realpath "$BUNDLE")"
	assert_equal "$(jq -c '[.ociVersion, .id, .bundle, .annotations]' "$at"/{created,running,stopped} | sort -u)" \
		"$(jq -nc --arg id "$id" --arg bundle "$BUNDLE" '["1.3.0", $id, $bundle, { "org.example": "é \"q\"" }]')"
	assert_equal "$(jq .pid "$at/created")" "$pid"
	assert_equal "$(jq .pid "$at/stopped")" 0

	assert_ok bivy delete "$id"
	assert_fails 1 'does not exist' bivy state "$id"
}

@test "a schema is no decoration: a state that breaks it is refused" {
	need_python jsonschema
	echo '{ "ociVersion": "1.3.0", "id": "a", "status": "resting", "bundle": "/" }' >"$BATS_TEST_TMPDIR/wrong"
	run valid_states "$BATS_TEST_TMPDIR/wrong"
	[ "$status" -ne 0 ]
	[[ $output == *resting* ]]
}

@test "the program does not run before start" {
	bundle_script 'echo ready'
	bivy create "$id"
	assert_equal "$(output_of "$id")" ''
	has_status "$id" created
	bivy start "$id"
	wait_for has_said "$id" ready
}

@test "two containers at once do not know each other" {
	local other
	other=$(new_id)
	bundle_script "set -- /proc/[0-9]*; echo \$# \$$; $forever"
	bivy create "$id"
	bivy create "$other"
	bivy start "$id"
	bivy start "$other"
	wait_for has_said "$id" ready
	wait_for has_said "$other" ready
	assert_equal "$(output_of "$id" | xargs) $(output_of "$other" | xargs)" '1 1 ready 1 1 ready'
	[ "$(pid_of "$id")" -ne "$(pid_of "$other")" ]
	bivy delete --force "$id"
	has_status "$other" running
	assert_equal "$(bivy list -q)" "$other"
}

@test "fifty at once: each is created, started, waited for and deleted" {
	local n one=() wrong=0
	bundle_args sh -c 'exit 3'
	life() {
		local code=0
		plain create "$1" </dev/null >"$BATS_TEST_TMPDIR/many.$1" 2>&1 && plain start "$1" && {
			plain wait "$1" || code=$?
			[ "$code" = 3 ] && plain delete "$1"
		} || { echo "$1: code $code: $(<"$BATS_TEST_TMPDIR/many.$1")" >&2; return 1; }
	}
	for ((n = 0; n < 50; n++)); do
		life "$id-$n" 3>&- 4>&- &
		one+=($!)
	done
	for n in "${one[@]}"; do
		wait "$n" || wrong=$((wrong + 1))
	done
	assert_equal "$wrong" 0
	assert_equal "$(plain list -q)" ''
	assert_equal "$(cgroups_of "$id")" ''
}

@test "a created one that never started can be deleted, and killed" {
	bundle_args true
	bivy create "$id"
	assert_ok bivy delete "$id"
	bivy create "$id"
	assert_ok bivy kill "$id" KILL
	run bivy wait "$id"
	assert_equal "$status" 137
	has_status "$id" stopped
	assert_ok bivy delete "$id"
}

@test "start a second time, and start of one that has stopped, are refused" {
	started
	assert_fails 1 'cannot start an already running container' bivy start "$id"
	has_status "$id" running
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_fails 1 'cannot start a container that has stopped' bivy start "$id"
}

@test "of many starts at once exactly one succeeds" {
	local n won=0 all=()
	bundle_script "$forever"
	bivy create "$id"
	for ((n = 0; n < 8; n++)); do
		plain start "$id" >/dev/null 2>"$BATS_TEST_TMPDIR/start.$n" 3>&- 4>&- &
		all+=($!)
	done
	for n in "${all[@]}"; do
		! wait "$n" || won=$((won + 1))
	done
	assert_equal "$won" 1
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/start.* | grep -c 'cannot start an already running')" 7
	wait_for has_said "$id" ready
	assert_equal "$(output_of "$id")" ready
}

# --- exit codes ---

@test "run's code is the program's: 0, 7, 143 after SIGTERM, 137 after SIGKILL" {
	local script code
	share pid
	while read -r code script; do
		bundle_script "$script"
		run bivy run "$id-$code"
		[ "$status" -eq "$code" ] || { echo "$script: $status instead of $code"; return 1; }
		[ ! -e "$BIVY_ROOT/$id-$code" ]
	done <<-'EOF'
		0 true
		7 exit 7
		255 exit 255
		143 kill -TERM $$
		137 kill -KILL $$
	EOF
}

@test "a signal from kill ends run with 128 and its number" {
	local signal
	share pid
	for signal in TERM:143 SIGKILL:137 1:129; do
		bundle_script "$forever"
		bivy_background run "$id-${signal%:*}"
		wait_for has_said "$id-${signal%:*}" ready
		bivy kill "$id-${signal%:*}" "${signal%:*}"
		ended "$bivy_pid"
		assert_equal "$status" "${signal#*:}"
	done
}

@test "kill sends SIGTERM unless told" {
	started 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	bivy kill "$id"
	run bivy wait "$id"
	assert_equal "$status" 9
}

@test "wait gives the code to everyone who waits, before the start, while it runs, and after the end" {
	local n all=()
	bundle_script 'echo ready; read -r _ </tmp/go; exit 7'
	mkfifo "$BUNDLE/rootfs/tmp/go"
	bivy create "$id"
	for ((n = 0; n < 10; n++)); do
		[ "$n" != 5 ] || { bivy start "$id"; wait_for has_said "$id" ready; }
		plain wait "$id" >/dev/null 2>&1 3>&- 4>&- &
		all+=($!)
	done
	sleep 0.2
	runs "${all[0]}"
	runs "${all[9]}"
	echo >"$BUNDLE/rootfs/tmp/go"
	for n in "${all[@]}"; do
		ended "$n"
		assert_equal "$status" 7
	done
	run bivy wait "$id"
	assert_equal "$status" 7
}

@test "state shows the exit record until delete" {
	share pid
	bundle_script 'kill -TERM $$'
	bivy create "$id"
	assert_equal "$(bivy state "$id" | jq .exit)" null
	bivy start "$id"
	run bivy wait "$id"
	assert_equal "$status" 143
	sleep 0.3
	bivy state "$id" | jq -e '.status == "stopped" and .pid == 0 and .exit.code == 143 and .exit.signal == 15'
	[[ $(bivy state "$id" | jq -r .exit.finished) =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}Z$ ]]
	assert_equal "$(bivy state "$id")" "$(bivy state "$id")"
	bivy delete "$id"
	assert_fails 1 'does not exist' bivy state "$id"
}

@test "run --keep leaves the record, and run -d returns while the program runs" {
	bundle_args sh -c 'exit 7'
	run bivy run --keep "$id"
	assert_equal "$status" 7
	assert_equal "$(bivy state "$id" | jq .exit.code)" 7
	bivy delete "$id"
	bundle_script "$forever"
	assert_ok bivy run -d "$id"
	has_status "$id" running
}

# --- the shim ---

@test "the shim ends with the program, and without the program's end it stays" {
	local shim
	started
	shim=$(jq .shim "$state/state.json")
	assert_equal "$(<"/proc/$shim/comm")" bivy-shim
	bivy kill "$id" KILL
	bivy wait "$id" || true
	wait_for is_gone "$shim"
	has_status "$id" stopped
}

@test "who reads the program's output sees its end, although the shim lives" {
	bundle_script 'echo ready; exec >/dev/null 2>&1; exec sleep 600'
	bundle_set '.process.terminal = false'
	timeout 60 cat < <(plain create "$id" 2>&1 3>&- 4>&- && plain start "$id" 2>&1 3>&- 4>&-) >"$BATS_TEST_TMPDIR/read"
	assert_equal "$(<"$BATS_TEST_TMPDIR/read")" ready
	has_status "$id" running
	runs "$(jq .shim "$state/state.json")"
}

@test "killing the shim leaves a container that can be asked, killed and deleted" {
	local shim
	started
	shim=$(jq .shim "$state/state.json")
	kill -KILL "$shim"
	wait_for is_gone "$shim"
	has_status "$id" running
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
}

# Prints the codes that a caller that reaps by itself sees, as an engine does.
@test "--pid-file leaves no shim: the caller reaps the program, and the file holds exactly the digits" {
	need_python
	bundle_args sh -c 'exit 7'
	run timeout 60 python3 - "$BIVY" "$BIVY_ROOT" "$id" "$BATS_TEST_TMPDIR/pid" <<-'EOF'
		import ctypes, os, subprocess, sys
		bivy, root, name, file = sys.argv[1:]
		PR_SET_CHILD_SUBREAPER = 36
		assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
		none = subprocess.DEVNULL # what keeps our streams would keep `run` waiting
		subprocess.run([bivy, "--root", root, "create", "--pid-file", file, name], check=True, stdin=none, stdout=none, stderr=none)
		pid = open(file, "rb").read()
		assert pid.isdigit(), pid
		children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
		assert children == [pid.decode()], children
		assert not os.path.exists(f"{root}/{name}/shim.sock")
		subprocess.run([bivy, "--root", root, "start", name], check=True)
		assert os.WEXITSTATUS(os.waitpid(int(pid), 0)[1]) == 7
		print(pid.decode())
	EOF
	[ "$status" -eq 0 ]
	[[ $output =~ ^[1-9][0-9]*$ ]]
	has_status "$id" stopped
	assert_equal "$(jq .shim "$state/state.json")" "$(jq -n 'null')"
	assert_fails 125 'exit code is unknown' bivy wait "$id"
	assert_ok bivy delete "$id"
}

@test "--shim=no leaves none either, and writes no file" {
	bundle_script "$forever"
	bivy create --shim no "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	[ ! -e "$state/shim.sock" ]
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

# --- delete ---

@test "delete leaves no mount, cgroup, process, socket or file" {
	local before pid shim
	before=$(sort /proc/self/mountinfo)
	bundle_set '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "tmpfs" }] | .root.readonly = false'
	started 'sleep 601 & setsid sleep 602 & echo ready; exec sleep 600'
	pid=$(pid_of "$id")
	shim=$(jq .shim "$state/state.json")
	[ -n "$(cgroups_of "$id")" ]
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_ok bivy delete "$id"
	assert_equal "$output$stderr" ''
	[ ! -e "$state" ]
	is_gone "$pid"
	wait_for is_gone "$shim"
	assert_equal "$(cgroups_of "$id")" ''
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
	assert_equal "$(ls -A "$BIVY_ROOT")" ''
}

@test "delete of a running one is refused, and --force ends it" {
	local pid
	started
	pid=$(pid_of "$id")
	assert_fails 1 'cannot delete container .* that is not stopped: it is running' bivy delete "$id"
	has_status "$id" running
	runs "$pid"
	assert_ok bivy delete --force "$id"
	is_gone "$pid"
	[ ! -e "$state" ]
}

@test "delete --force of an unknown one is no error, delete is" {
	assert_ok bivy delete --force "$id"
	assert_equal "$output$stderr" ''
	assert_fails 1 "container \"$id\" does not exist" bivy delete "$id"
}

@test "of two deletes at once one succeeds, and the other breaks nothing" {
	local n codes codes_seen='' first second round
	bundle_args true
	for ((round = 0; round < 5; round++)); do
		bivy run --keep "$id-$round"
		plain delete "$id-$round" 2>"$BATS_TEST_TMPDIR/first" 3>&- 4>&- &
		first=$!
		plain delete "$id-$round" 2>"$BATS_TEST_TMPDIR/second" 3>&- 4>&- &
		second=$!
		codes=
		for n in $first $second; do
			wait "$n" && codes+=0 || codes+=$?
		done
		codes_seen+="$codes "
		[[ $codes =~ ^(01|10)$ ]] || { echo "codes $codes"; cat "$BATS_TEST_TMPDIR"/{first,second}; return 1; }
		grep -q 'does not exist' "$BATS_TEST_TMPDIR"/{first,second}
		[ ! -e "$BIVY_ROOT/$id-$round" ]
	done
	echo "$codes_seen"
}

# --- kill ---

@test "kill of one that has stopped says that it is not running" {
	bundle_args true
	bivy run --keep "$id"
	assert_fails 1 'container not running' bivy kill "$id"
	assert_fails 1 'container not running' bivy kill "$id" KILL
}

@test "kill --all reaches every process, kill the first alone" {
	local pid
	share pid
	bundle_set '.root.readonly = false'
	started 'sleep 601 & sleep 602 & echo $! >/tmp/second; trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
	pid=$(<"$BUNDLE/rootfs/tmp/second")
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 602 '
	bivy kill "$id" USR2 # ends a sleep, and the script as well
	run bivy wait "$id"
	assert_equal "$status" 140
	bivy delete "$id"

	id=$id-b # the first one has said "ready" already
	bundle_set '.process.args[2] |= sub("trap"; "trap : USR2; trap")'
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	pid=$(<"$BUNDLE/rootfs/tmp/second")
	bivy kill "$id" USR2
	sleep 0.2
	runs "$pid"
	assert_ok bivy kill --all "$id" USR2
	wait_for is_gone "$pid"
	has_status "$id" running
	assert_ok bivy kill --all "$id" KILL
	run bivy wait "$id"
	assert_equal "$status" 137
	wait_for has_no_cgroup_members "$id"
}

has_no_cgroup_members() {
	local dir
	for dir in $(cgroups_of "$1"); do
		[ -z "$(cat "$dir/cgroup.procs")" ] || return 1
	done
}

@test "what the first process leaves behind does not outlive it, without a namespace of pids too" {
	local pid
	share pid
	bundle_set '.root.readonly = false'
	bundle_script 'setsid sleep 601 & echo $! >/tmp/left; exit 4'
	bivy create "$id"
	bivy start "$id"
	run bivy wait "$id"
	assert_equal "$status" 4
	pid=$(<"$BUNDLE/rootfs/tmp/left")
	[ "$pid" -gt 1 ]
	wait_for is_gone "$pid"
}

# --- run in the foreground ---

@test "run passes SIGTERM and SIGINT on, and gives the code" {
	local signal
	for signal in TERM:41 INT:42 HUP:43; do
		bundle_script "trap 'exit ${signal#*:}' ${signal%:*}; echo ready; while :; do sleep 0.1; done"
		as_job run "$id-${signal%:*}"
		wait_for has_said "$id-${signal%:*}" ready
		kill -"${signal%:*}" "$job"
		ended "$job"
		assert_equal "$status" "${signal#*:}"
		[ ! -e "$BIVY_ROOT/$id-${signal%:*}" ]
	done
}

# --- exec ---

@test "exec gives the program's code, its output and its input" {
	started
	run bivy exec "$id" sh -c 'echo out; echo err >&2; exit 7'
	assert_equal "$status" 7
	assert_equal "$output" $'out\nerr'
	run plain exec "$id" cat <<<"from outside"
	assert_equal "$output" 'from outside'
	run bivy exec "$id" sh -c 'kill -TERM $$'
	assert_equal "$status" 143
	run bivy exec "$id" sh -c 'kill -KILL $$'
	assert_equal "$status" 137
	has_status "$id" running
}

@test "exec goes into the container: its namespaces, cgroup, root and hostname" {
	local pid outside
	started
	pid=$(pid_of "$id")
	run bivy exec "$id" sh -c 'cat /proc/1/cmdline | tr "\0" " "; hostname; for n in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done'
	assert_equal "${lines[0]}" 'sleep 600 bivy'
	outside=$(for n in mnt pid net ipc uts cgroup; do readlink "/proc/$pid/ns/$n"; done)
	assert_equal "$(printf '%s\n' "${lines[@]:1}")" "$outside"
	bivy_background exec "$id" sleep 603
	wait_for runs_in "$pid" 'sleep 603 '
}

# A process with this command line is in the cgroup of PID.
runs_in() {
	local dir p
	dir=$(sed -n 's|^0::|/sys/fs/cgroup|p; s|^[0-9]*:pids:|/sys/fs/cgroup/pids|p' "/proc/$1/cgroup" | head -1)
	while read -r p; do
		[ "$(tr '\0' ' ' <"/proc/$p/cmdline")" != "$2" ] || return 0
	done <"$dir/cgroup.procs"
	return 1
}

@test "exec takes user, groups, environment, directory and capabilities" {
	started
	run bivy exec --user 1000:1000 -g 6 --env A=b -e HOME=/x --cwd /tmp "$id" sh -c 'id -u; id -g; id -G; echo "$A $HOME"; pwd'
	assert_equal "$output" $'1000\n1000\n1000 6\nb /x\n/tmp'
	run bivy exec --cap CAP_SYS_CHROOT "$id" grep CapBnd /proc/self/status
	assert_equal "$(((0x${output##*[[:space:]]} >> 18) & 1))" 1
	run bivy exec "$id" grep CapBnd /proc/self/status
	assert_equal "$(((0x${output##*[[:space:]]} >> 18) & 1))" 0
	run bivy exec "$id" sh -c 'echo $PATH'
	assert_equal "$output" "$(jq -r '.process.env[0]' config.json | cut -d= -f2)"
}

@test "exec --process takes the whole process from a file" {
	started
	echo '{ "args": ["sh", "-c", "id -u; echo $A; pwd; exit 5"], "env": ["A=b", "PATH=/bin"], "cwd": "/tmp", "user": { "uid": 1, "gid": 1 } }' \
		>"$BATS_TEST_TMPDIR/process.json"
	run bivy exec --process "$BATS_TEST_TMPDIR/process.json" "$id"
	assert_equal "$status" 5
	assert_equal "$output" $'1\nb\n/tmp'
}

@test "exec -d returns at once, and --pid-file names the process" {
	local pid
	started
	assert_ok bivy exec -d --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 604
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	assert_equal "$(wc -c <"$BATS_TEST_TMPDIR/pid")" ${#pid}
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 604 '
	bivy delete --force "$id"
	is_gone "$pid"
}

@test "exec is refused with its kind: no such program, none to execute, no terminal, stopped, not created" {
	started
	run -127 --separate-stderr bivy exec "$id" no-such-program
	assert_fails 127 'not found'
	run -127 --separate-stderr bivy exec "$id" /nowhere/x
	assert_fails 127 '/nowhere/x'
	assert_fails 126 'is a directory' bivy exec "$id" /etc
	assert_fails 125 'console-socket' bivy exec -d --tty "$id" sh
	assert_fails 2 'PROGRAM is missing' bivy exec "$id"
	assert_fails 2 'cannot be had together' bivy exec --process x "$id" sh
	assert_fails 125 'must be an absolute path' bivy exec --cwd tmp "$id" sh
	has_status "$id" running
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_fails 125 'cannot exec in a stopped container' bivy exec "$id" true
	assert_fails 125 'does not exist' bivy exec "$id-other" true
}

# --- list ---

@test "list shows each container once: as a table, as JSON, as names" {
	local other=$id-b
	assert_equal "$(bivy list -q)" ''
	assert_equal "$(bivy list --format json)" '[]'
	started
	bundle_args true
	bivy create "$other"
	assert_equal "$(bivy list -q)" "$id"$'\n'"$other"
	run bivy list
	assert_equal "${#lines[@]}" 3
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +CREATED\ +OWNER\ +BUNDLE\ +JOB\ +TASK\ +EXIT$ ]]
	[[ ${lines[1]} =~ ^$id\ +$(pid_of "$id")\ +running\ +20[^\ ]+Z\ +root\ +$BUNDLE\ +-\ +-\ +-$ ]]
	[[ ${lines[2]} =~ ^$other\ +[0-9]+\ +created\  ]]
	bivy list --format json | jq -e --arg id "$id" --arg other "$other" \
		'length == 2 and .[0].id == $id and .[0].status == "running" and .[1].id == $other and .[1].status == "created"'
	assert_equal "$(bivy list --format json | jq -S '.[0]')" "$(bivy state "$id" | jq -S .)"
}

# --- hooks ---

# A program of the host that notes its kind, its mount and pid namespaces and the state it is given.
noting_hook() {
	cat >"$1" <<-EOF
		#!/bin/sh
		[ -t 0 ] || state=\$(cat)
		echo "\$1 \$(readlink /proc/self/ns/mnt) \$state" >>"$2"
	EOF
	chmod +x "$1"
}

@test "hooks run in the order, in the namespaces and with the state of the runtime-spec" {
	local hook=$BATS_TEST_TMPDIR/hook log=$BATS_TEST_TMPDIR/log kinds pid inside outside
	noting_hook "$hook" "$log"
	noting_hook "$BUNDLE/rootfs/bin/hook" /tmp/log
	bundle_set --arg hook "$hook" '.root.readonly = false | .hooks = ([["prestart", "createRuntime", "createContainer", "poststart", "poststop"][]
		| { (.): [{ path: $hook, args: ["hook", .] }, { path: $hook, args: ["hook", . + "2"] }] }] | add)
		| .hooks.startContainer = [{ path: "/bin/hook", args: ["hook", "startContainer"], env: ["PATH=/bin"] }]'
	bundle_script 'cat /tmp/log; readlink /proc/self/ns/mnt; echo ready; exec sleep 600'
	bivy create "$id"
	assert_equal "$(cut -d' ' -f1 "$log" | xargs)" \
		'prestart prestart2 createRuntime createRuntime2 createContainer createContainer2'
	[ ! -e "$BUNDLE/rootfs/tmp/log" ]
	bivy start "$id"
	wait_for has_said "$id" ready
	pid=$(pid_of "$id")
	bivy delete --force "$id"

	kinds=$(cut -d' ' -f1 "$log" | xargs)
	assert_equal "${kinds#* createContainer2 }" 'poststart poststart2 poststop poststop2'
	outside=$(readlink /proc/self/ns/mnt)
	inside=$(output_of "$id" | sed -n 2p)
	[ "$inside" != "$outside" ]
	assert_equal "$(sed 's/ {.*//' "$log" "$BUNDLE/rootfs/tmp/log" | grep -v '2 ' | sort)" "$(printf '%s\n' \
		"createContainer $inside" "createRuntime $outside" "poststart $outside" "poststop $outside" \
		"prestart $outside" "startContainer $inside")"

	sed 's/^[^{]*//' "$log" | jq -es --arg id "$id" --arg bundle "$BUNDLE" 'all(.id == $id and .bundle == $bundle)'
	assert_equal "$(sed 's/^\([^ ]*\) [^{]*{/\1 {/' "$log" | grep -v '^[^ ]*2 ' | while read -r kind json; do
		echo "$kind $(jq -r '"\(.status) \(.pid)"' <<<"$json")"
	done)" "$(printf '%s\n' "prestart created $pid" "createRuntime created $pid" \
		"createContainer created $(sed -n 's/^createContainer .*"pid": *\([0-9]*\).*/\1/p' "$log")" \
		"poststart running $pid" "poststop stopped 0")"
	assert_equal "$(sed 's/^[^{]*//' "$BUNDLE/rootfs/tmp/log" | jq -r .status)" created
}

# failing_hook KIND [SCRIPT]: the host's shell, or in startContainer the container's.
failing_hook() {
	bundle_set --arg kind "$1" --arg script "${2-echo so it is >&2; exit 3}" \
		'.hooks[$kind] = [{ path: "/bin/sh", args: ["sh", "-c", $script] }]'
}

@test "a hook that fails stops create, which undoes everything and tells what the hook said" {
	local kind
	for kind in prestart createRuntime createContainer; do
		bundle_set 'del(.hooks)'
		failing_hook "$kind"
		assert_fails 1 "hook /bin/sh \($kind #0\): exit status 3: so it is" bivy create "$id"
		[ ! -e "$state" ]
		assert_equal "$(cgroups_of "$id")" ''
	done
	bundle_set '.hooks = { createRuntime: [{ path: "/no/such/hook" }] }'
	assert_fails 1 'hook /no/such/hook \(createRuntime #0\): No such file' bivy create "$id"
	bundle_set '.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "kill -9 $$"] }] }'
	assert_fails 1 'killed by signal 9' bivy create "$id"
}

@test "a startContainer hook that fails stops start, and the program never runs" {
	bundle_args echo ready
	failing_hook startContainer 'exit 3'
	bivy create "$id"
	assert_fails 1 'hooks startContainer: /bin/sh: exit status 3' bivy start "$id"
	[ ! -e "$state" ]
	assert_equal "$(output_of "$id")" ''
}

@test "a poststart hook that fails ends the container" {
	bundle_script "$forever"
	failing_hook poststart
	bivy create "$id"
	assert_fails 1 'hook /bin/sh \(poststart #0\): exit status 3' bivy start "$id"
	[ ! -e "$state" ]
	assert_equal "$(cgroups_of "$id")" ''
}

@test "a poststop hook that fails is a warning: delete has removed everything, and exits with 0" {
	bundle_args true
	bundle_set --arg seen "$BATS_TEST_TMPDIR/seen" '.hooks.poststop = [{ path: "/bin/false" }, { path: "/bin/sh", args: ["sh", "-c", ": >" + $seen] }]'
	bivy run --keep "$id"
	run --separate-stderr bivy delete "$id"
	assert_equal "$status" 0
	[[ $stderr =~ ^bivy:\ warning:\ hook\ /bin/false\ \(poststop\ #0\):\ exit\ status\ 1$ ]]
	[ -e "$BATS_TEST_TMPDIR/seen" ]
	[ ! -e "$state" ]
}

@test "a hook that takes longer than its timeout is killed, with what it started" {
	local begin=$SECONDS
	bundle_set --arg pid "$BATS_TEST_TMPDIR/pid" '.hooks.createRuntime = [{ path: "/bin/sh", timeout: 1, args: ["sh", "-c", "sleep 605 & echo $! >\($pid); sleep 606"] }]'
	assert_fails 1 'took longer than its timeout of 1 s' bivy create "$id"
	[ $((SECONDS - begin)) -lt 30 ]
	wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
	bundle_set '.hooks = { startContainer: [{ path: "/bin/sleep", args: ["sleep", "606"], timeout: 1 }] }'
	bivy create "$id"
	assert_fails 1 'timeout of 1 s' bivy start "$id"
	[ ! -e "$state" ]
}

@test "Ctrl-C during create stops a hook that takes long, and leaves nothing" {
	local kind mark=607.$SRANDOM
	for kind in createRuntime createContainer shared.createContainer; do
		bundle_set 'del(.hooks)'
		case $kind in shared.*) share pid ;; esac
		failing_hook "${kind#*.}" "echo \$\$ >$BATS_TEST_TMPDIR/$kind; exec sleep $mark"
		as_job create "$id"
		wait_for has_content "$BATS_TEST_TMPDIR/$kind"
		sleep 0.2
		kill -INT -- "-$job"
		BIVY_WAIT=150 wait_for is_gone "$job"
		ended "$job"
		assert_equal "$status" 1
		[[ $(<"$BATS_TEST_TMPDIR/job.err") =~ ^bivy:\ [^$'\n']*interrupted\ by\ SIGINT[^$'\n']*$ ]]
		[ ! -e "$state" ]
		assert_equal "$(cgroups_of "$id")" ''
		wait_for has_no_process "60[7].${mark#*.}"
	done
}

has_no_process() {
	! grep -lsE "$1" /proc/[0-9]*/cmdline
}

has_content() {
	[ -s "$1" ]
}
