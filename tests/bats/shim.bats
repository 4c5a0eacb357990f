#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# The shim and its standby: whoever is killed or stopped, the code is right or said to be unknown, and every command works
# at once. A host that cannot be written to.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	state=$BIVY_ROOT/$id
	forever='echo ready; exec sleep 600'
	on_signal='trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done'
}

teardown() {
	local pid
	[ ! -d "$BATS_TEST_TMPDIR/small" ] || small_end
	for pid in $(shims_like "$(id_prefix)"); do
		kill -CONT "$pid" || true
	done
	clean_up
}

# --- what these tests share ---

# A container that runs until it is ended, or until SIGUSR1 with code 7: started [SCRIPT]
started() {
	bundle_script "${1:-$on_signal}"
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	wait_for has_pair "$id"
}

shims_like() {
	pgrep -f "^bivy-shim $1" || true
}

# The pids of ID's shims that have this name, bivy-shim for the active one, and live.
named() {
	local pid
	for pid in $(shims_like "$1 "); do
		! grep -qxF "$2" "/proc/$pid/comm" 2>/dev/null || is_gone "$pid" || echo "$pid"
	done
}

active() {
	named "$1" bivy-shim
}

standby() {
	named "$1" bivy-standby
}

# One of each, and no more.
has_pair() {
	[ "$(active "$1" | wc -l)" -eq 1 ] && [ "$(standby "$1" | wc -l)" -eq 1 ]
}

has_none() {
	[ -z "$(active "$1")$(standby "$1")" ]
}

is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

runs() {
	! is_gone "$1"
}

# Both at once: stopped first, so that neither sees the other's end.
kill_both() {
	strike_both "$1"
	wait_for has_none "$1"
}

strike_both() {
	local pids
	pids=$(active "$1"; standby "$1")
	# shellcheck disable=SC2086
	kill -STOP $pids
	# shellcheck disable=SC2086
	kill -KILL $pids
}

# Ends the program by itself, without a command of bivy's.
end_program() {
	kill -USR1 "$(jq .pid "$BIVY_ROOT/$1/state.json")"
}

plain() {
	"$BIVY" --root "$BIVY_ROOT" "$@"
}

# The status is this code. Or it is said to be unknown, where the parent was killed and the kernel, older than Linux 6.15,
# does not tell anybody else: is_right CODE
is_right() {
	[ "$status" -ne "$1" ] || return 0
	[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -1)" != 6.15 ] || tell "code $status instead of $1" || return
	[ "$status" -eq 255 ] && bivy state "${2:-$id}" | jq -e .exit.unknown
}

# wait in the background, as waiter
wait_behind() {
	plain wait "$@" >"$BATS_TEST_TMPDIR/waited" 2>&1 3>&- 4>&- &
	waiter=$!
}

waiter_code() {
	status=0
	wait_for is_gone "$waiter"
	wait "$waiter" || status=$?
}

# --- one of the two is killed ---

@test "the shim is killed: its standby takes its place without any command, and the code is right" {
	local shim before
	started
	shim=$(active "$id")
	before=$(standby "$id")
	kill -KILL "$shim"
	wait_for is_gone "$shim"
	wait_for has_pair "$id"
	assert_equal "$(active "$id")" "$before"
	end_program "$id"
	run bivy wait "$id"
	is_right 7
	bivy state "$id" | jq -e --argjson code "$status" '.status == "stopped" and .exit.code == $code'
	wait_for has_none "$id"
}

@test "the standby is killed: there is another" {
	local standby
	started
	standby=$(standby "$id")
	kill -KILL "$standby"
	wait_for is_gone "$standby"
	wait_for has_pair "$id"
	end_program "$id"
	run bivy wait "$id"
	assert_equal "$status" 7
	wait_for has_none "$id"
}

@test "codes and signals are right although the shim is killed right before, at, and right after the end" {
	local code how
	bundle_set 'del(.linux.namespaces[] | select(.type == "pid"))'
	while read -r code how; do
		bundle_script "echo ready; read -r _ </tmp/go; $how"
		rm -f "$BUNDLE/rootfs/tmp/go"
		mkfifo "$BUNDLE/rootfs/tmp/go"
		bivy create "$id-$code"
		bivy start "$id-$code"
		wait_for has_said "$id-$code" ready
		wait_for has_pair "$id-$code"
		case $((code % 3)) in
		0) active "$id-$code" | xargs kill -KILL; echo >"$BUNDLE/rootfs/tmp/go" ;;
		1) echo >"$BUNDLE/rootfs/tmp/go"; active "$id-$code" | xargs -r kill -KILL || true ;;
		2) active "$id-$code" | xargs kill -STOP; echo >"$BUNDLE/rootfs/tmp/go"; standby "$id-$code" | xargs -r kill -KILL || true ;;
		esac
		run bivy wait "$id-$code"
		is_right "$code" "$id-$code" || { echo "$how"; return 1; }
		bivy delete "$id-$code"
	done <<-'EOF2'
		0 exit 0
		1 exit 1
		255 exit 255
		137 kill -KILL $$
		139 kill -SEGV $$
		143 kill -TERM $$
	EOF2
}

# --- both are killed ---

@test "both are killed: each command finds that, and exactly one new pair is made" {
	local command
	started
	for command in "state $id" list "exec $id true" "kill $id 0" "wait --timeout 100ms $id" "start $id"; do
		kill_both "$id"
		# shellcheck disable=SC2086
		bivy $command >/dev/null 2>&1 || true
		wait_for has_pair "$id" || { echo "after: $command" >&2; return 1; }
	done
	has_status "$id" running
	end_program "$id"
	run bivy wait "$id"
	is_right 7
}

@test "both are killed: stop works at once, and tells the end" {
	started 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	kill_both "$id"
	assert_ok bivy stop "$id"
	bivy state "$id" | jq -e '.status == "stopped" and (.exit.code == 9 or .exit.unknown)'
	wait_for has_none "$id"
}

@test "both are killed: events -f goes on, and so do pause, resume and ps" {
	started
	"$BIVY" --root "$BIVY_ROOT" events -f "$id" >"$BATS_TEST_TMPDIR/told" 3>&- 4>&- &
	reader=$!
	for command in pause resume ps; do
		kill_both "$id"
		assert_ok bivy "$command" "$id"
		wait_for has_pair "$id"
	done
	kill_both "$id"
	bivy delete --force "$id"
	wait_for is_gone "$reader"
	assert_equal "$(jq -r .type "$BATS_TEST_TMPDIR/told" | xargs)" 'created started paused resumed stopped deleted'
}

@test "both are killed, and many commands come at once: there is one new pair" {
	local n all=()
	started
	kill_both "$id"
	for ((n = 0; n < 12; n++)); do
		plain state "$id" >"$BATS_TEST_TMPDIR/state.$n" 3>&- 4>&- &
		all+=($!)
	done
	wait "${all[@]}"
	assert_equal "$(jq -r .status "$BATS_TEST_TMPDIR"/state.* | sort -u)" running
	wait_for has_pair "$id"
	sleep 0.2
	has_pair "$id"
}

@test "both are killed under a waiter, and the program ends: the waiter has the code" {
	started
	wait_behind "$id"
	sleep 0.2
	strike_both "$id" # who waits makes a new pair at once
	end_program "$id"
	waiter_code
	is_right 7
}

@test "both are killed, then the program ends: the code is right where the kernel still has it, else unknown is said" {
	started
	kill_both "$id"
	end_program "$id"
	sleep 0.2
	run bivy wait "$id"
	[ "$status" -eq 7 ] || { [ "$status" -eq 255 ] && [[ $output == *'code is unknown'* ]]; }
	bivy state "$id" | jq -e '.status == "stopped" and (.exit | (.code == 7 and (.unknown | not)) or (.code == 255 and .unknown))'
	wait_for has_none "$id"
}

@test "run keeps the code although both shims are killed" {
	bundle_script "$on_signal"
	bivy_background run "$id"
	wait_for has_said "$id" ready
	wait_for has_pair "$id"
	kill_both "$id"
	end_program "$id"
	status=0
	wait_for is_gone "$bivy_pid"
	wait "$bivy_pid" || status=$?
	assert_equal "$status" 7
	[ ! -e "$state" ]
}

@test "delete --force ends everything although both shims were killed, and answers who waits" {
	started 'sleep 601 & setsid sleep 602 & echo ready; exec sleep 600'
	wait_behind "$id"
	sleep 0.2
	strike_both "$id"
	assert_ok bivy delete --force "$id"
	waiter_code
	[ "$status" -eq 137 ] || [ "$status" -eq 255 ] || [ "$status" -eq 125 ]
	wait_for has_none "$id"
	[ ! -e "$state" ]
}

# --- stopped ---

@test "both are stopped: state, wait and delete go on at once" {
	started
	# shellcheck disable=SC2046
	kill -STOP $(active "$id") $(standby "$id")
	has_status "$id" running
	wait_behind "$id"
	sleep 0.1
	# shellcheck disable=SC2046
	kill -STOP $(active "$id") $(standby "$id")
	end_program "$id"
	waiter_code
	assert_equal "$status" 7
	assert_ok bivy delete "$id"
}

@test "the standby is stopped and the shim is killed: the next command wakes it" {
	started
	# shellcheck disable=SC2046
	kill -STOP $(standby "$id")
	# shellcheck disable=SC2046
	kill -KILL $(active "$id")
	has_status "$id" running
	wait_for has_pair "$id"
	end_program "$id"
	run bivy wait "$id"
	is_right 7
}

# --- traced ---

# PTRACE_SEIZE, and nothing more: whoever dies under it stays a zombie as long as we do not wait for it.
hold() {
	python3 -c 'import ctypes, sys, time
seized = ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), None, None)
print("seized" if seized == 0 else "not seized", flush=True)
time.sleep(60)' "$1" >"$BATS_TEST_TMPDIR/holds" 3>&- 4>&- &
	holder=$!
	wait_for grep -q seized "$BATS_TEST_TMPDIR/holds"
	grep -qx seized "$BATS_TEST_TMPDIR/holds" || skip "ptrace is not allowed here"
}

@test "a debugger that does not let go of the dead program does not cost its code" {
	local holder
	started
	hold "$(pid_of "$id")"
	bivy kill "$id" KILL
	run bivy wait "$id"
	kill "$holder"
	wait "$holder" || true
	assert_equal "$status" 137
	bivy state "$id" | jq -e '.exit.signal == 9 and (.exit.unknown | not)'
}

# --- waiting for several ---

@test "wait: several are told as they end, --any is content with the first, --timeout gives up" {
	local other
	other=$(new_id)
	bundle_script "$on_signal"
	bivy create "$id"
	bivy create "$other"
	bivy start "$id"
	bivy start "$other"
	wait_for has_said "$id" ready
	wait_for has_said "$other" ready
	assert_fails 125 'has not ended within 50ms' bivy wait --timeout 50ms "$id" "$other"
	assert_fails 125 'has not ended within 1' bivy wait --timeout 1 "$id" "$other"
	assert_fails 2 'neither seconds nor a duration' bivy wait --timeout soon "$id"
	wait_behind --any "$id" "$other"
	sleep 0.1
	end_program "$other"
	waiter_code
	assert_equal "$status:$(<"$BATS_TEST_TMPDIR/waited")" "7:$other 7"
	wait_behind "$id" "$other"
	wait_for grep -q . "$BATS_TEST_TMPDIR/waited"
	runs "$waiter"
	bivy kill "$id" KILL
	waiter_code
	assert_equal "$status" 7
	assert_equal "$(<"$BATS_TEST_TMPDIR/waited")" "$(printf '%s 7\n%s 137\n' "$other" "$id")"
}

# --- a host that cannot be written to ---

# A state root of its own: small SIZE [OPTION]
small() {
	mkdir "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o "size=$1${2:+,$2}" tmpfs "$BATS_TEST_TMPDIR/small"
	mkdir "$BATS_TEST_TMPDIR/small/root"
	BIVY_ROOT=$BATS_TEST_TMPDIR/small/root
	state=$BIVY_ROOT/$id
}

small_end() {
	local at=$BATS_TEST_TMPDIR/small
	mount -o remount,rw "$at" 2>/dev/null || true
	rm -f "$at"/fill*
	for at in "$BIVY_ROOT"/*/; do
		[ ! -d "$at" ] || bivy delete --force "$(basename "$at")" || true
	done
	umount "$BATS_TEST_TMPDIR/small"
	rmdir "$BATS_TEST_TMPDIR/small"
	BIVY_ROOT=$BATS_TEST_TMPDIR/root
}

# The end is known, from the shim's memory, and gets to the disk as soon as it can.
ends_well() {
	end_program "$id"
	run bivy wait "$id"
	assert_equal "$status" 7
	[ ! -e "$state/exit.json" ]
	bivy state "$id" | jq -e '.status == "stopped" and .exit.code == 7'
}

@test "full disk: the program runs on, its end is known, and the record is written when there is room" {
	small 200k
	started
	head -c 1m /dev/zero >"$BATS_TEST_TMPDIR/small/fill" 2>/dev/null || true
	ends_well
	rm "$BATS_TEST_TMPDIR/small/fill"
	wait_for test -s "$state/exit.json"
	assert_equal "$(jq .code "$state/exit.json")" 7
	wait_for has_none "$id"
}

@test "no inode is left: the same" {
	small 1m nr_inodes=40
	started
	(trap - DEBUG; for ((n = 0; n < 60; n++)); do : >"$BATS_TEST_TMPDIR/small/fill.$n" || break; done) 2>/dev/null || true
	ends_well
	rm "$BATS_TEST_TMPDIR"/small/fill.*
	wait_for test -s "$state/exit.json"
}

@test "read-only state directory: the end is known, and delete works once it can be written again" {
	small 1m
	started
	mount -o remount,ro "$BATS_TEST_TMPDIR/small"
	ends_well
	mount -o remount,rw "$BATS_TEST_TMPDIR/small"
	wait_for test -s "$state/exit.json"
	assert_ok bivy delete "$id"
}

# The processor time that it has used, in ticks.
ticks_of() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

@test "no descriptor is left to the shim: it does not spin, and the end is known when there is one again" {
	local shim before limit
	started
	shim=$(active "$id")
	# 3: fewer than it has, so that poll(2) refuses its list too
	for limit in 10 3; do
		prlimit --pid "$shim" --nofile=$limit:4096
		has_status "$id" running
		before=$(ticks_of "$shim")
		sleep 0.5
		[ "$(ticks_of "$shim")" -le $((before + 5)) ]
	done
	wait_behind "$id"
	end_program "$id"
	sleep 0.3
	prlimit --pid "$shim" --nofile=64:4096
	waiter_code
	assert_equal "$status" 7
}

# --- memory ---

# KiB that the pair of ID takes, with what it shares divided among those who share it.
pss_of() {
	local pid
	for pid in $(active "$1") $(standby "$1"); do
		awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"
	done | awk '{ n += $1 } END { print n }'
}

@test "an idle shim takes 64 KiB at most, its standby included" {
	local n
	bundle_script "$forever"
	for ((n = 0; n < 4; n++)); do
		bivy create "$id-$n"
	done
	for ((n = 0; n < 4; n++)); do
		wait_for has_pair "$id-$n"
		[ "$(pss_of "$id-$n")" -le 64 ] || { pss_of "$id-$n"; return 1; }
	done
}
