#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs in quotes; bats makes functions of tests and sets variables
# process.apparmorProfile where the kernel has AppArmor, as Debian's in the virtual machine.

load ../bats/helpers

setup() {
	need_root
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || skip "this kernel runs without AppArmor"
	command -v apparmor_parser >/dev/null || skip "needs apparmor_parser"
	setup_bundle
	id=$(new_id)
	profile=bivy-test-$SRANDOM
	printf 'profile %s flags=(attach_disconnected) { file, capability, network, signal, unix, deny /etc/group r, }\n' "$profile" \
		>"$BATS_TEST_TMPDIR/profile"
	apparmor_parser -Kr "$BATS_TEST_TMPDIR/profile"
	bundle_set --arg p "$profile" '.process.apparmorProfile = $p'
}

teardown() {
	clean_up || return
	[ -z "${profile-}" ] || apparmor_parser -R "$BATS_TEST_TMPDIR/profile"
}

@test "apparmor: the program runs in its profile, which is in force, and bivy-init before it does not" {
	bundle_script 'cat /proc/self/attr/current; cat /etc/passwd >/dev/null && echo may; cat /etc/group || echo may not; exec sleep 600'
	assert_ok bivy create "$id"
	assert_equal "$(cat "/proc/$(pid_of "$id")/attr/current")" unconfined
	assert_ok bivy start "$id"
	wait_for has_said "$id" "may not"
	has_said "$id" may
	has_said "$id" "$profile (enforce)"
	assert_equal "$(cat "/proc/$(pid_of "$id")/attr/current")" "$profile (enforce)"
}

@test "apparmor: with noNewPrivileges, a filter and another user, and with a user namespace" {
	bundle_script 'cat /proc/self/attr/current'
	bundle_set '.process.noNewPrivileges = true | .process.user = {uid: 1000, gid: 1000} |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["openat2", "readlinkat"], action: "SCMP_ACT_ERRNO"}]}'
	assert_ok bivy run "$id"
	assert_equal "$output" "$profile (enforce)"
	bundle_set 'del(.process.user) | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE" "$BUNDLE/rootfs"
	assert_ok bivy run "$(new_id)"
	assert_equal "$output" "$profile (enforce)"
}

@test "apparmor: a startContainer hook is not confined" {
	bundle_set '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current >/tmp/seen"]}]'
	bundle_script 'cat /tmp/seen /proc/self/attr/current'
	bundle_set '.root.readonly = false'
	assert_ok bivy run "$id"
	assert_equal "${lines[*]}" "unconfined $profile (enforce)"
}

@test "apparmor: exec has the profile of the container, or of its process file" {
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	assert_ok bivy exec "$id" cat /proc/self/attr/current
	assert_equal "$output" "$profile (enforce)"
	jq -n '{cwd: "/", args: ["/bin/cat", "/proc/self/attr/current"], apparmorProfile: "unconfined"}' >process.json
	assert_ok bivy exec --process process.json "$id"
	assert_equal "$output" unconfined
}

@test "apparmor: exec where something was mounted over /proc is refused" {
	bundle_set '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "tmpfs", source: "proc"} else . end) |
		del(.process.apparmorProfile, .linux.maskedPaths, .linux.readonlyPaths)'
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	jq -n --arg p "$profile" '{cwd: "/", args: ["/bin/true"], apparmorProfile: $p}' >process.json
	assert_fails 125 'needs a proc filesystem on /proc' bivy exec --process process.json "$id"
}

@test "apparmor: a profile that is not loaded is refused by create" {
	bundle_set '.process.apparmorProfile = "bivy-no-such-profile"'
	assert_fails 1 'process\.apparmorProfile: "bivy-no-such-profile" is not loaded' bivy create "$id"
	[ ! -e "$BIVY_ROOT/$id" ]
}
