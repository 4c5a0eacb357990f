#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# SCMP_ACT_NOTIFY: the agent at listenerPath gets the listener and the message of the runtime-spec, and its answers are what
# the program's system calls return; whichever call it is that waits for an answer.

load helpers

setup() {
	need_root
	command -v python3 >/dev/null || skip "the agent of this suite needs python3"
	setup_bundle
	id=$(new_id)
	agent=
	sock=$BATS_TEST_TMPDIR/agent.sock
	got=$BATS_TEST_TMPDIR/message
	bundle_set --arg sock "$sock" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $sock,
		listenerMetadata: "some \"words\"", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
}

teardown() {
	[ -z "$agent" ] || { kill "$agent"; wait "$agent"; } 2>/dev/null || true
	clean_up
}

# Listens from here on; a second one takes the place of the first.
start_agent() {
	[ -z "$agent" ] || { kill "$agent"; wait "$agent"; } 2>/dev/null || true
	rm -f "$sock" "$got" "$got.ready" "$got.calls"
	python3 "$BIVY_TESTS/bats/seccomp_agent.py" "$sock" "$got" 3>&- 4>&- &
	agent=$!
	wait_for [ -e "$got.ready" ]
}

# The value of an expression in the message.
message() {
	wait_for [ -e "$got" ]
	jq -r "$1" "$got"
}

asked() {
	grep -qx "$1" "$got.calls"
}

notify_on() {
	bundle_set '.linux.seccomp.syscalls = [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]' --args -- "$@"
}

@test "notify: the agent's answer is what the system call returns" {
	start_agent
	bundle_script 'mkdir /tmp/d; [ ! -e /tmp/d ] && echo ran'
	assert_ok bivy run "$id"
	assert_equal "$output" ran
	[[ $stderr == *"No message of desired type"* ]]
	asked 'mkdir\(at\)\?'
}

@test "notify: the message is the container process state" {
	start_agent
	bundle_set '.annotations = {"org.example": "v"}'
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	sleep 0.2
	[ ! -e "$got" ]
	assert_ok bivy start "$id"
	assert_equal "$(message .ociVersion)" "$(bivy state "$id" | jq -r .ociVersion)"
	assert_equal "$(message '.fds | tojson')" '["seccompFd"]'
	assert_equal "$(message .pid)" "$(pid_of "$id")"
	assert_equal "$(message .metadata)" 'some "words"'
	assert_equal "$(message .state.id)" "$id"
	assert_equal "$(message .state.status)" created
	assert_equal "$(message .state.pid)" "$(pid_of "$id")"
	assert_equal "$(message .state.bundle)" "$BUNDLE"
	assert_equal "$(message '.state.annotations["org.example"]')" v
	[ ! -e "$got.wrong" ]
}

@test "notify: an exec has a listener of its own, with its own pid" {
	start_agent
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	message . >/dev/null
	start_agent
	run --separate-stderr bivy exec --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sh -c 'mkdir /tmp/d; echo ran'
	[[ $stderr == *"No message of desired type"* ]]
	assert_equal "$output" ran
	assert_equal "$(message .pid)" "$(<"$BATS_TEST_TMPDIR/pid")"
	assert_equal "$(message .state.pid)" "$(pid_of "$id")"
	assert_equal "$(message .state.status)" running
	[ ! -e "$got.wrong" ]
}

@test "notify: the calls that would carry the listener may be notified themselves" {
	start_agent
	notify_on sendmsg sendto write execve close exit exit_group poll futex
	bundle_args echo hello
	assert_ok bivy run "$id"
	assert_equal "$output" hello
	asked execve
	asked write
}

@test "notify: without no_new_privs too, where one capset follows" {
	start_agent
	notify_on capset execve
	bundle_set '.process.noNewPrivileges = false'
	bundle_args echo hello
	assert_ok bivy run "$id"
	assert_equal "$output" hello
	asked capset
	asked execve
}

@test "notify: every call, as the default action" {
	start_agent
	bundle_set '.linux.seccomp.syscalls = [] | .linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"'
	bundle_args echo hello
	assert_ok bivy run "$id"
	assert_equal "$output" hello
}

@test "notify: a user of the container that is not root, in a user namespace" {
	start_agent
	bundle_set '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings | .process.user = {uid: 1000, gid: 1000}'
	bundle_script 'mkdir /tmp/d; id -u'
	assert_ok bivy run "$id"
	assert_equal "$output" 1000
	[[ $stderr == *"No message of desired type"* ]]
}

@test "notify: the program has no descriptor of it, and no child to wait for" {
	start_agent
	bundle_script 'ls -l /proc/self/fd; ps -o pid,stat | grep -c " Z" || echo none'
	assert_ok bivy run "$id"
	[[ $output != *seccomp* ]]
	assert_equal "${lines[-1]}" none
}

@test "notify: WAIT_KILLABLE_RECV and TSYNC are taken" {
	start_agent
	bundle_set '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"]'
	bundle_script 'mkdir /tmp/d; echo ran'
	assert_ok bivy run "$id"
	assert_equal "$output" ran
	asked 'mkdir\(at\)\?'
}

@test "notify: nobody at listenerPath is an error of start, and ends the container" {
	bundle_script 'echo ran'
	assert_ok bivy create "$id"
	assert_fails 1 "linux.seccomp.listenerPath $sock: connect: No such file or directory" bivy start "$id"
	wait_for has_status "$id" stopped
	assert_equal "$(output_of "$id")" ""
}

@test "notify: nobody at listenerPath is an error of exec, and leaves the container alone" {
	start_agent
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	message . >/dev/null
	rm "$sock"
	assert_fails 125 "listenerPath $sock: connect: No such file" bivy exec "$id" true
	has_status "$id" running
}

@test "notify: without listenerPath, and metadata without a path: errors" {
	bundle_args true
	bundle_set 'del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)'
	assert_fails 1 'SCMP_ACT_NOTIFY needs listenerPath' bivy create "$(new_id)"
	bundle_set '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO" | .linux.seccomp.listenerMetadata = "x"'
	assert_fails 1 'listenerMetadata without listenerPath' bivy create "$(new_id)"
}

@test "notify: listenerPath is ignored where nothing is notified" {
	bundle_set '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
	bundle_script 'mkdir /tmp/d 2>&1; :'
	assert_ok bivy run "$id"
	[[ $output == *"Operation not permitted"* ]]
}
