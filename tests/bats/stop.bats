#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# `stop` and `kill --scope`: the signal, the time that is left, and the end of everything that a container has started.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	state=$BIVY_ROOT/$id
	stubborn='trap "" TERM; echo ready; while :; do sleep 0.05; done'
}

started() {
	bundle_script "$1"
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
}

plain() {
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

exit_code() {
	bivy state "$1" | jq .exit.code
}

processes() {
	find /sys/fs/cgroup -path "*/$1/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u | wc -l
}

@test "stop sends SIGTERM and returns when the program has ended; it stays until delete, and a second stop is no error" {
	started 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	assert_ok bivy stop "$id"
	has_status "$id" stopped
	assert_equal "$(exit_code "$id")" 9
	assert_ok bivy stop "$id"
	assert_ok bivy delete "$id"
}

@test "stop ends what ignores the signal, and what has left its session, when the time is up" {
	local begin
	started "setsid sh -c 'trap \"\" TERM HUP; setsid sleep 601 & sleep 602' & $stubborn"
	begin=$(milliseconds)
	assert_ok bivy stop --timeout 300ms "$id"
	[ $(($(milliseconds) - begin)) -ge 300 ]
	assert_equal "$(exit_code "$id")" 137
	assert_equal "$(processes "$id")" 0
}

@test "stop: the signal and the time come from the annotations, and options before them" {
	bundle_set '.annotations = { "org.bivy.killSignal": "SIGUSR1", "org.bivy.killTimeout": "200" }'
	started 'trap "echo one" USR1; trap "echo two" USR2; echo ready; while :; do sleep 0.05; done'
	assert_ok bivy stop "$id"
	has_said "$id" one
	assert_equal "$(exit_code "$id")" 137
	bivy delete "$id"
	started 'trap "exit 5" USR2; echo ready; while :; do sleep 0.05; done'
	assert_ok bivy stop --signal USR2 -t 10 "$id"
	assert_equal "$(exit_code "$id")" 5
	assert_fails 2 'neither seconds nor a duration' bivy stop -t soon "$id"
	assert_fails 2 'is no signal' bivy stop -s NONE "$id"
}

@test "stop --timeout 0 kills at once, and one that was only created does not keep us waiting" {
	local begin
	started "$stubborn"
	begin=$(milliseconds)
	assert_ok bivy stop --timeout 0 "$id"
	bivy create "$id-2"
	assert_ok bivy stop "$id-2"
	[ $(($(milliseconds) - begin)) -lt 5000 ]
	has_status "$id-2" stopped
}

@test "the stop command is killed: the container ends all the same" {
	local stop
	started "$stubborn"
	plain stop --timeout 500ms "$id" 3>&- 4>&- &
	stop=$!
	wait_for test -s "$state/stop"
	kill -KILL "$stop"
	wait_for has_status "$id" stopped
	assert_equal "$(exit_code "$id")" 137
}

@test "the shim, or both shims, are killed while a stop waits: the end comes, and in time" {
	local stop begin both
	for both in no yes; do
		started "$stubborn"
		begin=$(milliseconds)
		plain stop --timeout 3s "$id" 3>&- 4>&- &
		stop=$!
		wait_for test -s "$state/stop"
		if [ $both = yes ]; then
			pkill -STOP -f "^bivy-shim $id "
			pkill -KILL -f "^bivy-shim $id "
		else
			kill -KILL "$(pgrep -f "^bivy-shim $id " | head -1)"
		fi
		wait "$stop"
		[ $(($(milliseconds) - begin)) -ge 3000 ]
		[ $(($(milliseconds) - begin)) -lt 12000 ]
		has_status "$id" stopped
		# before Linux 6.15 nobody but the parent that was killed has the code for certain
		bivy state "$id" | jq -e '.exit.code == 137 or .exit.unknown'
		bivy delete "$id"
	done
}

@test "several are stopped side by side" {
	local begin n ids=()
	bundle_script "$stubborn"
	for n in 1 2 3 4; do
		ids+=("$id-$n")
		bivy create "$id-$n"
		bivy start "$id-$n"
		wait_for has_said "$id-$n" ready
	done
	begin=$(milliseconds)
	assert_ok bivy stop --timeout 1s "${ids[@]}"
	[ $(($(milliseconds) - begin)) -lt 3500 ]
	for n in "${ids[@]}"; do
		has_status "$n" stopped
	done
}

@test "one that is paused goes on for its stop" {
	started 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	bivy pause "$id"
	assert_ok bivy stop "$id"
	assert_equal "$(exit_code "$id")" 9
	bivy create "$id-2"
	bivy start "$id-2"
	wait_for has_said "$id-2" ready
	bivy pause "$id-2"
	assert_ok bivy stop --timeout 0 "$id-2"
	has_status "$id-2" stopped
}

@test "without a shim the command does it by itself" {
	bundle_script "$stubborn"
	bivy create --shim no "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	assert_ok bivy stop --timeout 200ms "$id"
	has_status "$id" stopped
	assert_equal "$(processes "$id")" 0
}

@test "kill --scope: the first process, its group, or all" {
	local told='while :; do sleep 0.05; done'
	bundle_set 'del(.linux.namespaces[] | select(.type == "pid"))'
	started "trap 'echo first' USR1; sh -c 'trap \"echo group\" USR1; echo child; $told' &
		setsid sh -c 'trap \"echo other\" USR1; echo third; $told' & wait_both() { $told; }; sleep 0.3; echo ready; wait_both"
	wait_for has_said "$id" child
	wait_for has_said "$id" third
	assert_ok bivy kill "$id" USR1
	wait_for has_said "$id" first
	run ! has_said "$id" group
	run ! has_said "$id" other
	assert_ok bivy kill --scope=pgrp "$id" USR1
	wait_for has_said "$id" group
	run ! has_said "$id" other
	assert_ok bivy kill --scope=cgroup "$id" USR1
	wait_for has_said "$id" other
	assert_fails 2 'exclude each other' bivy kill --all --scope=init "$id" USR1
	assert_ok bivy kill --all "$id" KILL
	wait_for has_status "$id" stopped
}
