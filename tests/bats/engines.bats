#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # jq programs in quotes; bats makes functions of tests and sets variables
# What engines need beyond runc's command line, each found by a run of tests/engines.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

@test "with --log a warning goes to the file alone: stderr is the program's, and the engine keeps it" {
	local log=$BATS_TEST_TMPDIR/log
	bundle_args sleep 600
	bundle_set '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	run --separate-stderr bivy --log "$log" --log-format json create "$id"
	assert_ok
	assert_equal "$stderr" ''
	jq -e '.level == "warning" and (.msg | contains("CAP_NO_SUCH"))' "$log"
	bivy delete --force "$id"
	run --separate-stderr bivy create "$id"
	assert_ok
	[[ $stderr == *warning*CAP_NO_SUCH* ]]
}

@test "a file on a directory, or the other way round: the words to which Docker adds its advice" {
	local words='mount on .*: Not a directory: the source is a'
	bundle_args true
	echo >"$BATS_TEST_TMPDIR/file"
	bundle_set --arg from "$BATS_TEST_TMPDIR" '.mounts += [{destination: "/tmp", source: "\($from)/file", options: ["bind"]}]'
	assert_fails 1 "$words file, what is there a directory" bivy create "$id"
	bundle_set --arg from "$BATS_TEST_TMPDIR" '.mounts[-1] = {destination: "/bin/busybox", source: $from, options: ["bind"]}'
	assert_fails 1 "$words directory, what is there a file" bivy create "$id"
}

@test "an empty name of a program is one that is not found, for the engines' 127" {
	bundle_set '.process.args = [""]'
	assert_fails 1 'args\[0\]: .* is empty: executable file not found in .PATH' bivy create "$id"
}

@test "a score that only CAP_SYS_RESOURCE may give: said so, without the words that engines take for 126" {
	bundle_args true
	bundle_set '.process.oomScoreAdj = -1000'
	run --separate-stderr setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$BIVY" --root "$BIVY_ROOT" create "$id"
	assert_fails 1 '-1000: CAP_SYS_RESOURCE is missing'
	[[ $stderr != *ermission* ]]
}
