#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts and jq programs in quotes; bats sets variables
# Memory that ran out, and on whose account: as the exit record has it.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	state=$BIVY_ROOT/$id
}

teardown() {
	clean_up
}

need_memory_limits() {
	is_v2 || [ -d /sys/fs/cgroup/memory ] || skip "needs a memory controller"
}

# More than 16 MiB, in the container's first process.
devour='echo ready; exec tail /dev/zero'

@test "out of memory by its own limit is told as that, with the peak" {
	need_memory_limits
	bundle_set '.linux.resources += { memory: { limit: 16777216, swap: 16777216 } }'
	bundle_script "$devour"
	run bivy run --keep "$id"
	assert_equal "$status" 137
	bivy state "$id" | jq -e '.exit | .oom and .oomLimit == "own" and .code == 137 and .signal == 9 and
		.memoryPeak > 8388608 and .memoryPeak <= 16777216'
	jq -e '.type' "$state/events" | grep -q oom
	bivy delete "$id"
}

@test "out of memory by a limit above is told as that" {
	local above=/sys/fs/cgroup/memory/bivy-above-$id
	need_memory_limits
	! is_v2 || above=/sys/fs/cgroup/bivy-above-$id
	mkdir "$above"
	if is_v2; then
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control
		echo 16777216 >"$above/memory.max"
		echo 0 >"$above/memory.swap.max"
	else
		echo 16777216 >"$above/memory.limit_in_bytes"
		echo 16777216 >"$above/memory.memsw.limit_in_bytes" || true
	fi
	bundle_set --arg path "/bivy-above-$id/inside" '.linux.cgroupsPath = $path |
		.linux.resources += { memory: { limit: 1073741824 } }'
	bundle_script "$devour"
	run bivy run --keep "$id"
	bivy state "$id" >"$BATS_TEST_TMPDIR/oom"
	bivy delete "$id"
	rmdir "$above"
	find /sys/fs/cgroup -maxdepth 2 -name "bivy-above-$id" -type d -exec rmdir {} + || true
	assert_equal "$status" 137
	jq -e '.exit | .oom and .oomLimit == "parent" and .code == 137' "$BATS_TEST_TMPDIR/oom"
}

@test "a kill is no lack of memory" {
	bundle_script 'echo ready; exec sleep 600'
	bivy create "$id"
	bivy start "$id"
	wait_for has_said "$id" ready
	bivy kill "$id" KILL
	run bivy wait "$id"
	bivy state "$id" | jq -e '.exit | (.oom | not) and (has("oomLimit") | not)'
}
