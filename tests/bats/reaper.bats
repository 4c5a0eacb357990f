#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts in quotes
# The tiny init that stays as process 1 (--init, or the annotation org.bivy.init): what it reaps, passes on and says at the end,
# and that it holds nothing.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

run_init() {
	run --separate-stderr bivy run --init "$id"
}

# Starts the bundle with an init; sets pid (process 1) and child (the program), both as the host numbers them.
start_init() {
	assert_ok bivy create --init "$id"
	assert_ok bivy start "$id"
	pid=$(pid_of "$id")
	wait_for has_child
}

has_child() {
	child=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
	child=${child%% *}
	[ -n "$child" ] && [ "$(cat "/proc/$child/comm")" != bivy-init ]
}

code_is() {
	bivy wait "$id" >/dev/null || true
	assert_equal "$(bivy state "$id" | jq -r .exit.code)" "$1"
}

# status_of PID KEY
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

@test "init: the program is its child, and the leader of its own session" {
	bundle_script 'echo $$; cut -d " " -f 4-6 /proc/self/stat; cat /proc/1/comm'
	run_init
	assert_ok
	assert_equal "${lines[0]}" 2
	assert_equal "${lines[1]}" '2 2 2'
	assert_equal "${lines[2]}" bivy-init
}

@test "init: the annotation asks for it as --init does, and false does not" {
	bundle_args cat /proc/1/comm
	bundle_set '.annotations["org.bivy.init"] = "true"'
	assert_ok bivy run "$id"
	assert_equal "$output" bivy-init
	bundle_set '.annotations["org.bivy.init"] = "false"'
	assert_ok bivy run "$id"
	assert_equal "$output" cat
	bundle_set '.annotations["org.bivy.init"] = "1"'
	assert_fails 1 'org\.bivy\.init: "1" is neither true nor false' bivy create "$id"
}

@test "init: codes are the program's, and 128 and the signal" {
	local code signal
	for code in 0 1 2 42 125 128 137 200 255; do
		bundle_script "exit $code"
		run_init
		assert_equal "$status" "$code"
	done
	for signal in HUP:129 INT:130 ABRT:134 KILL:137 SEGV:139 TERM:143; do
		bundle_script "kill -${signal%:*} \$\$"
		run_init
		assert_equal "$status" "${signal#*:}"
	done
}

@test "init: the record tells a death by a signal from an exit with the same code" {
	local script want
	while IFS='|' read -r script want; do
		bundle_script "$script"
		run ! bivy run --init --keep "$id"
		assert_equal "$(bivy state "$id" | jq -c '[.exit.code, .exit.signal]')" "$want"
		bivy delete "$id"
	done <<-'ROWS'
		kill -TERM $$|[143,15]
		kill -SEGV $$|[139,11]
		exit 143|[143,null]
	ROWS
}

@test "init: sleep ends at SIGINT, SIGTERM and a real-time signal, at once" {
	local signal
	bundle_args sleep 1000
	for signal in INT:130 TERM:143 HUP:129 RTMIN+3:165; do
		start_init
		assert_ok bivy kill "$id" "${signal%:*}"
		wait_for has_status "$id" stopped
		code_is "${signal#*:}"
		bivy delete "$id"
	done
	# Without one, process 1 does not hear what it has no handler for.
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	bivy kill "$id" INT
	has_status "$id" running
}

@test "init: every signal that can be caught comes to the program, and what it ignores it does not die of" {
	local signal
	bundle_script 'trap "echo usr1" USR1; trap "echo winch" WINCH; trap "echo chld" CHLD; trap "" TERM INT; echo ready
		while :; do read -t 1 x </dev/zero; done'
	start_init
	wait_for has_said "$id" ready
	for signal in TERM INT USR1 WINCH; do
		assert_ok bivy kill "$id" "$signal"
	done
	wait_for has_said "$id" usr1
	wait_for has_said "$id" winch
	has_status "$id" running
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	code_is 137
}

@test "init: SIGSTOP stops the init alone, and what came meanwhile is passed on after SIGCONT" {
	bundle_script 'trap "exit 6" TERM; echo ready; while :; do sleep 0.1; done'
	start_init
	wait_for has_said "$id" ready
	bivy kill "$id" STOP
	wait_for state_is "$pid" T
	bivy kill "$id" TERM
	bivy kill "$id" TSTP
	has_status "$id" running
	bivy kill "$id" CONT
	wait_for has_status "$id" stopped
	code_is 6
}

state_is() { [[ $(status_of "$1" State) == "$2"* ]]; }

@test "init: a thousand orphans are reaped" {
	bundle_script 'n=0; while [ $n -lt 1000 ]; do (: & ); n=$((n + 1)); done; echo done; exec sleep 1000'
	start_init
	BIVY_WAIT=60 wait_for has_said "$id" 'done'
	wait_for has_one_child
}

# Whoever is dead and not reaped still counts.
has_one_child() { [ "$(wc -w <"/proc/$pid/task/$pid/children")" = 1 ]; }

@test "init: the end of the program is the end of the others" {
	bundle_script 'sleep 1000 & setsid sleep 1000 & exit 3'
	run_init
	assert_equal "$status" 3
}

@test "init: who reads a pipe sees its end when the program closes it" {
	bundle_script 'echo said; exec >&- 2>&-; exec sleep 1000'
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	"$BIVY" --root "$BIVY_ROOT" create --init "$id" >"$BATS_TEST_TMPDIR/fifo" 2>/dev/null 3>&- 4>&- &
	exec {reader}<"$BATS_TEST_TMPDIR/fifo"
	wait $!
	assert_ok bivy start "$id"
	assert_equal "$(timeout 10 cat <&$reader)" said
	exec {reader}<&-
	has_status "$id" running
}

@test "init: it holds no descriptor, no directory, no right but to signal, and nobody looks into it" {
	bundle_set '.process.user = {uid: 1000, gid: 1000} | .process.cwd = "/tmp" | .process.noNewPrivileges = false'
	bundle_set '.process.capabilities = {bounding: ["CAP_KILL", "CAP_SYS_PTRACE", "CAP_CHOWN"]}'
	bundle_script 'ls /proc/1/fd >/dev/null 2>&1 || echo closed; cat /proc/1/environ 2>/dev/null || echo closed; exec sleep 1000'
	start_init
	wait_for has_said "$id" closed
	assert_equal "$(ls "/proc/$pid/fd")" ''
	assert_equal "$(readlink "/proc/$pid/cwd")" /
	assert_equal "$(status_of "$pid" CapPrm)" 0000000000000020
	assert_equal "$(status_of "$pid" CapEff)" 0000000000000020
	assert_equal "$(status_of "$pid" CapInh)" 0000000000000000
	assert_equal "$(status_of "$pid" NoNewPrivs)" 1
	assert_equal "$(status_of "$pid" Seccomp)" 2
	assert_equal "$(status_of "$pid" Uid | cut -f 1)" 1000
	assert_equal "$(status_of "$child" NoNewPrivs)" 0
	[ "$(status_of "$pid" VmRSS | tr -dc 0-9)" -le 64 ]
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	bivy delete "$id"
	# Where the program cannot have CAP_KILL, the init has none.
	bundle_set '.process.capabilities = {bounding: ["CAP_CHOWN"]} | .process.args = ["sleep", "1000"]'
	start_init
	assert_equal "$(status_of "$pid" CapPrm)" 0000000000000000
}

@test "init: a program that changes its user still hears what is passed on" {
	bundle_args su guest -c 'exec sleep 1000'
	bundle_set '["CAP_SETUID", "CAP_SETGID", "CAP_KILL"] as $c | .process.capabilities = {bounding: $c, permitted: $c, effective: $c}'
	start_init
	wait_for is_user_1000
	bivy kill "$id" TERM
	wait_for has_status "$id" stopped
	code_is 143
}

is_user_1000() { [ "$(status_of "$child" Uid | cut -f 1)" = 1000 ]; }

@test "init: a program that is not found, or cannot be executed, is told of as without one" {
	local program without
	printf 'no program' >rootfs/bin/text
	chmod +x rootfs/bin/text
	for program in /bin/text /etc/passwd /bin/text; do
		bundle_args "$program"
		run --separate-stderr bivy run "$id"
		without="$status $stderr"
		run_init
		assert_equal "$status $stderr" "$without"
	done
	assert_ok bivy create --init "$id" # /bin/text
	run -1 bivy start "$id"
	wait_for has_status "$id" stopped
	code_is 126
}

@test "init: hooks come before it, and a filter that allows little is the program's alone" {
	printf '#!/bin/sh\necho "hook $$" >>/tmp/hook\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	bundle_set '.root.readonly = false | .hooks.startContainer = [{path: "/bin/hook"}]'
	bundle_set '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["wait4", "waitid", "rt_sigtimedwait", "kill"], action: "SCMP_ACT_ERRNO"}]}'
	bundle_script 'read line </tmp/hook; echo "$line"; kill -TERM $$ 2>/dev/null || echo refused; exit 5'
	run_init
	assert_equal "$status" 5
	assert_equal "${lines[1]}" refused
	[[ ${lines[0]} == hook* ]]
}

@test "init: in a pid namespace of the host's it has no effect, and says so" {
	bundle_set '.linux.namespaces |= map(select(.type != "pid"))'
	bundle_script 'cat /proc/$PPID/comm; exit 4'
	run_init
	assert_equal "$status" 4
	[[ $output != bivy-init ]]
	[[ $stderr == *"no pid namespace of its own"* ]]
}

@test "init: what a child would not inherit is refused beside it" {
	bundle_set '.process.scheduler = {policy: "SCHED_BATCH", flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	assert_fails 1 'init cannot be had together with a process\.scheduler' bivy create --init "$id"
}

@test "init: a limit of processes that leaves no room for it is an error that says so" {
	bundle_set '.linux.resources.pids.limit = 1'
	run_init
	assert_equal "$status" 125
	[[ $stderr == *"init needs room for one process more"* ]]
}

@test "init: exec, ps, pause and a small memory limit are as without" {
	local limit=1048576
	[ -z "${ASAN_OPTIONS-}" ] || limit=$((64 * limit)) # what joins the cgroup for an exec is larger then
	bundle_args sleep 1000
	bundle_set --argjson limit "$limit" '.linux.resources.memory = {limit: $limit}'
	start_init
	assert_ok bivy exec "$id" true
	assert_equal "$(bivy ps -f json "$id" | jq length)" 2
	assert_ok bivy pause "$id"
	assert_ok bivy resume "$id"
	assert_ok bivy kill --all "$id" KILL
	wait_for has_status "$id" stopped
	code_is 137
}

@test "init: with a terminal the program has it, and Ctrl-C is the program's" {
	bundle_set '.process.terminal = true'
	bundle_script 'test -t 0 && tty >/dev/null && echo tty; cut -d " " -f 5-8 /proc/$$/stat; trap "echo interrupted; exit 9" INT
		echo ready; while :; do sleep 0.1; done'
	run --separate-stderr timeout -k 1 30 python3 - "$BIVY" "$BIVY_ROOT" "$id" <<-'PYTHON'
		import os, pty, sys
		pid, master = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], "--root", sys.argv[2], "run", "--init", sys.argv[3]])
		said = b""
		typed = False
		while True:
		    try:
		        some = os.read(master, 4096)
		    except OSError:
		        break
		    if not some:
		        break
		    said += some
		    if b"ready" in said and not typed:
		        os.write(master, b"\x03")
		        typed = True
		print(said.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PYTHON
	assert_equal "$status" 9
	[[ $output == *tty* ]]
	[[ $output == *interrupted* ]]
	# Group, session, terminal and the terminal's group: all the program's own.
	[[ $output =~ 2\ 2\ [1-9][0-9]*\ 2 ]]
}
