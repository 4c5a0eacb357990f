#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# Who owns a container's cgroup on version 2: runtime-spec, "Cgroup ownership".

load ../bats/helpers

setup() {
	need_root
	need_v2
	setup_bundle
	id=$(new_id)
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
}

with_users() {
	bundle_set '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
}

start_container() {
	bundle_script "${1:-echo ready; exec sleep 600}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	cg=$(cgroup_dir "$id" memory)
}

# Every file of the cgroup and it itself: the kernel's list is $1's, the rest root's.
owned_by() {
	local file owner
	assert_equal "$(stat -c %u "$cg")" "$1"
	for file in "$cg"/*; do
		[ -f "$file" ] || continue
		owner=0
		! grep -qxF "${file##*/}" /sys/kernel/cgroup/delegate || owner=$1
		assert_equal "${file##*/} $(stat -c %u "$file")" "${file##*/} $owner"
	done
}

@test "delegate: the cgroup is the program's user's, as the host calls it, and only what the kernel lists" {
	with_users
	bundle_set '.process.user = {uid: 1000, gid: 1000}'
	start_container 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && echo ready; exec sleep 600'
	cg=${cg%/mine}
	owned_by 101000
	grep -qxF cgroup.procs /sys/kernel/cgroup/delegate
	assert_equal "$(<"$cg/mine/cgroup.procs")" "$(pid_of "$id")"
	assert_equal "$(stat -c %u "$cg/memory.max")" 0
	assert_equal "$(stat -c %g "$cg")" 0
	assert_ok bivy delete --force "$id"
	[ ! -e "$cg" ]
}

@test "delegate: to root of a user namespace, and to a user without one" {
	with_users
	start_container
	owned_by 100000
	bundle_set '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)
		| .process.user = {uid: 1000, gid: 1000}'
	id=$(new_id)
	start_container
	owned_by 1000
}

@test "delegate: not when the mount is read-only, and not without a new cgroup namespace" {
	with_users
	bundle_set '(.mounts[] | select(.type == "cgroup")).options += ["ro"]'
	start_container
	owned_by 0
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))
		| .linux.namespaces |= map(select(.type != "cgroup"))'
	id=$(new_id)
	start_container
	owned_by 0
}

@test "delegate: not when there is no cgroup mount, nor to an id that is not mapped" {
	with_users
	bundle_set '.mounts |= map(select(.type != "cgroup"))'
	start_container
	owned_by 0
}
