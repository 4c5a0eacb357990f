#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# `events --follow`: what happens to a container, as lines of JSON, to as many as want to know. Its counters are in
# commands.bats.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	state=$BIVY_ROOT/$id
	forever='echo ready; exec sleep 600'
}

# follow FILE ID...: in the background, as reader
follow() {
	local to=$1
	shift
	"$BIVY" --root "$BIVY_ROOT" events -f "$@" >"$to" 2>&1 3>&- 4>&- &
	reader=$!
}

types() {
	jq -r .type "$1" | xargs
}

has_type() {
	grep -q "\"type\":\"$2\"" "$1"
}

ended() {
	status=0
	wait_for is_over "$1"
	wait "$1" || status=$?
}

is_over() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

@test "a life is told from its beginning to its end, whenever one begins to listen" {
	local at=$BATS_TEST_TMPDIR
	bundle_script "$forever"
	bivy create "$id"
	follow "$at/early" "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	bivy pause "$id"
	bivy resume "$id"
	bivy kill "$id" KILL
	bivy wait "$id" || true
	wait_for has_type "$at/early" stopped
	early=$reader
	follow "$at/late" "$id"
	wait_for has_type "$at/late" stopped
	bivy delete "$id"
	ended "$early"
	assert_equal "$status" 0
	ended "$reader"
	assert_equal "$status" 0
	assert_equal "$(types "$at/early")" 'created started paused resumed stopped deleted'
	cmp "$at/early" "$at/late"
	assert_equal "$(jq -r .id "$at/early" | sort -u)" "$id"
	jq -r .time "$at/early" | sort -c
	jq -se 'any(.[]; .type == "stopped" and .exit.code == 137 and .exit.signal == 9)' "$at/early"
}

@test "out of memory is told while the container lives" {
	is_v2 || [ -d /sys/fs/cgroup/memory ] || skip "needs a memory controller"
	bundle_set '.linux.resources += { memory: { limit: 16777216, swap: 16777216 } }'
	bundle_script 'echo ready; tail /dev/zero; exec sleep 600'
	bivy create "$id"
	follow "$BATS_TEST_TMPDIR/told" "$id"
	bivy start "$id"
	wait_for has_type "$BATS_TEST_TMPDIR/told" oom
	has_status "$id" running
	bivy delete --force "$id"
	ended "$reader"
}

@test "twenty listen, one of them never reads, and nobody is held up" {
	local n all=() at=$BATS_TEST_TMPDIR
	bundle_script "$forever"
	bivy create "$id"
	mkfifo "$at/never"
	exec {held}<>"$at/never"
	"$BIVY" --root "$BIVY_ROOT" events -f "$id" >&"$held" 2>&1 3>&- 4>&- &
	all=($!)
	for ((n = 1; n < 20; n++)); do
		follow "$at/told.$n" "$id"
		all+=("$reader")
	done
	bivy start "$id"
	wait_for has_said "$id" ready
	for ((n = 0; n < 30; n++)); do
		bivy pause "$id"
		bivy resume "$id"
	done
	bivy delete --force "$id"
	for ((n = 1; n < 20; n++)); do
		ended "${all[n]}"
		cmp "$at/told.1" "$at/told.$n"
	done
	assert_equal "$(jq -r .type "$at/told.1" | sort | uniq -c | xargs)" '1 created 1 deleted 30 paused 30 resumed 1 started 1 stopped'
	exec {held}>&-
	kill "${all[0]}" 2>/dev/null || true
	wait "${all[0]}" || true
}

@test "what is told while both shims are dead, and by the next ones, is told once" {
	bundle_script "$forever"
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	pkill -STOP -f "^bivy-shim $id "
	pkill -KILL -f "^bivy-shim $id "
	bivy pause "$id"
	bivy resume "$id"
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_equal "$(types "$state/events")" 'created started paused resumed stopped'
}

# Lines until so many bytes are left of the 1 MiB that a container's history has.
fill_up() {
	local line='{"type":"paused","id":"filler","time":"2026-01-01T00:00:00.000000000Z"}'
	local have
	have=$(stat -c %s "$state/events")
	yes "$line" | head -c $((1048576 - $1 - have)) | sed '$d' >>"$state/events" || true
}

@test "a history that is full says so in one line, and tells the end all the same" {
	local types
	bundle_script "$forever"
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	fill_up 300
	for _ in 1 2 3 4; do
		bivy pause "$id"
		bivy resume "$id"
	done
	bivy kill "$id" KILL
	bivy wait "$id" || true
	types=$(jq -r 'select(.id != "filler").type' "$state/events" | uniq | xargs)
	[[ $types =~ ^'created started paused resumed '.*' history-full stopped'$ ]] || { echo "$types"; return 1; }
	follow "$BATS_TEST_TMPDIR/told" "$id"
	wait_for has_type "$BATS_TEST_TMPDIR/told" stopped
	bivy delete "$id"
	ended "$reader"
	assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/told" | jq -r .type)" deleted
}

@test "the end is what fills a history: that is said by the shim" {
	bundle_script "$forever"
	bivy create "$id"
	fill_up 80
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_equal "$(jq -r 'select(.id != "filler").type' "$state/events" | xargs)" 'created stopped history-full'
}

@test "out of memory is told once, however long ago, when another shim takes over" {
	is_v2 || [ -d /sys/fs/cgroup/memory ] || skip "needs a memory controller"
	bundle_set '.linux.resources += { memory: { limit: 16777216, swap: 16777216 } }'
	bundle_script 'tail /dev/zero; echo ready; exec sleep 600'
	bivy create "$id"
	bivy start "$id"
	wait_for has_type "$state/events" oom
	fill_up 1000000
	pkill -STOP -f "^bivy-shim $id "
	pkill -KILL -f "^bivy-shim $id "
	bivy kill "$id" KILL
	bivy wait "$id" || true
	assert_equal "$(jq -r 'select(.id != "filler").type' "$state/events" | xargs)" 'created started oom stopped'
}

@test "of several containers all is told; a pipe that is closed is a way to end; counters are another thing" {
	local other
	other=$(new_id)
	bundle_script "$forever"
	bivy create "$id"
	bivy create "$other"
	follow "$BATS_TEST_TMPDIR/told" "$id" "$other"
	bivy delete --force "$id"
	bivy delete --force "$other"
	ended "$reader"
	assert_equal "$(jq -r .id "$BATS_TEST_TMPDIR/told" | sort | uniq -c | awk '{ print $1 }' | xargs)" '3 3'
	bivy create "$id"
	timeout 20 "$BIVY" --root "$BIVY_ROOT" events -f "$id" 3>&- 4>&- | head -1 | grep -q created
	assert_fails 2 'counters are those of one container' bivy events "$id" "$other"
	assert_fails 2 'are for counters' bivy events -f --stats "$id"
}
