#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs in quotes; bats makes functions of tests and sets variables
# process.selinuxLabel and linux.mountLabel where the kernel runs with SELinux and a policy that knows container_t.  The usual
# machine of tests/vm has AppArmor instead; a kernel does one of the two.

load ../bats/helpers

setup() {
	need_root
	grep -q 'selinuxfs$' /proc/filesystems || skip "this kernel runs without SELinux"
	label=system_u:system_r:container_t:s0
	file_label=system_u:object_r:container_file_t:s0
	setup_bundle
	id=$(new_id)
}

# The kernel ends a context with a NUL.
context_of() {
	tr -d '\0' <"/proc/$1/attr/current"
}

@test "selinux: the program has its label, and bivy-init before it has bivy's" {
	bundle_set --arg l "$label" '.process.selinuxLabel = $l'
	bundle_script 'tr -d "\0" </proc/self/attr/current; echo; exec sleep 600'
	assert_ok bivy create "$id"
	[ "$(context_of "$(pid_of "$id")")" != "$label" ]
	assert_ok bivy start "$id"
	wait_for has_said "$id" "$label"
	assert_ok bivy exec "$id" cat /proc/self/attr/current
	[[ $output == "$label"* ]]
}

@test "selinux: filesystems have the mount label" {
	bundle_set --arg l "$file_label" '.linux.mountLabel = $l'
	bundle_script 'grep " /dev/shm " /proc/self/mountinfo; grep " /proc " /proc/self/mountinfo'
	assert_ok bivy run "$id"
	[[ ${lines[0]} == *context=$file_label* ]]
	[[ ${lines[1]} != *context=* ]]
}

@test "selinux: a label that the policy does not know is refused by create" {
	bundle_set '.process.selinuxLabel = "system_u:system_r:no_such_t:s0"'
	assert_fails 1 'process\.selinuxLabel: "system_u:system_r:no_such_t:s0" is no context of the policy' bivy create "$id"
	[ ! -e "$BIVY_ROOT/$id" ]
}
