#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# linux.devices: nodes of every type, their modes and owners, and what stands in their way.  What a program may do with them is
# in inside.bats and limits.bats.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# devices JSON...
devices() {
	local one
	for one; do
		bundle_set ".linux.devices += [$one]"
	done
}

inside() {
	bundle_script "$1"
	assert_ok bivy run "$id"
}

@test "devices: of all four types, with mode and owner, whatever the umask" {
	devices '{path: "/dev/char", type: "c", major: 1, minor: 5, fileMode: 432, uid: 1000, gid: 6}' \
		'{path: "/dev/unbuffered", type: "u", major: 1, minor: 7, fileMode: 384}' \
		'{path: "/dev/block", type: "b", major: 7, minor: 200, fileMode: 292, gid: 6}' \
		'{path: "/dev/pipe", type: "p", fileMode: 511, uid: 5}' \
		'{path: "/dev/plain", type: "p"}'
	umask 077
	inside 'for d in char unbuffered block pipe plain; do stat -c "%n %F %a %u %g %t:%T" /dev/$d; done'
	assert_equal "$output" "/dev/char character special file 660 1000 6 1:5
/dev/unbuffered character special file 600 0 0 1:7
/dev/block block special file 444 0 6 7:c8
/dev/pipe fifo 777 5 0 0:0
/dev/plain fifo 666 0 0 0:0"
}

@test "devices: a fifo takes what one process writes to what another reads" {
	devices '{path: "/run/pipe", type: "p"}'
	bundle_set '.mounts += [{destination: "/run", type: "tmpfs", source: "tmpfs"}]'
	inside 'echo through >/run/pipe & cat /run/pipe'
	assert_equal "$output" through
}

@test "devices: anywhere in the root, with the directories above them; links do not lead out" {
	ln -s /../../../../tmp "$BUNDLE/rootfs/link"
	devices '{path: "/made/by/us/null", type: "c", major: 1, minor: 3}' '{path: "/link/null", type: "c", major: 1, minor: 3}'
	inside 'stat -c "%n %F" /made/by/us/null /tmp/null; stat -c %a /made/by'
	assert_equal "$output" "/made/by/us/null character special file
/tmp/null character special file
755"
	[ -c "$BUNDLE/rootfs/tmp/null" ]
}

@test "devices: the wanted node that is there already is taken, any other file is an error" {
	local kind
	mkdir "$BUNDLE/rootfs/d"
	bundle_args true
	mknod "$BUNDLE/rootfs/d/right" c 1 3
	devices '{path: "/d/right", type: "c", major: 1, minor: 3}'
	assert_ok bivy run "$id"
	touch "$BUNDLE/rootfs/d/file"
	mkdir "$BUNDLE/rootfs/d/dir"
	mkfifo "$BUNDLE/rootfs/d/pipe"
	ln -s right "$BUNDLE/rootfs/d/link"
	mknod "$BUNDLE/rootfs/d/other" c 1 5
	mknod "$BUNDLE/rootfs/d/block" b 1 3
	for kind in file dir pipe link other block; do
		bundle_set --arg kind "$kind" '.linux.devices = [{path: "/d/\($kind)", type: "c", major: 1, minor: 3}]'
		assert_fails 1 "device /d/$kind: another file is there already" bivy create "$(new_id)"
	done
	bundle_set '.linux.devices = [{path: "/d/file", type: "p"}]'
	assert_fails 1 "device /d/file: another file is there already" bivy create "$(new_id)"
	assert_clean
}

@test "devices: a type that is none, a path that is none: errors with the place in config.json" {
	bundle_args true
	bundle_set '.linux.devices = [{path: "/dev/x", type: "a", major: 1, minor: 3}]'
	assert_fails 1 'linux.devices\[0\].type' bivy create "$(new_id)"
	bundle_set '.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]'
	assert_fails 1 'linux.devices\[0\].type' bivy create "$(new_id)"
	bundle_set '.linux.devices = [{path: "/dev/y", type: "p"}, {path: "dev/x", type: "c", major: 1, minor: 3}]'
	assert_fails 1 'linux.devices\[1\].path' bivy create "$(new_id)"
	bundle_set '.linux.devices = [{path: "/dev/x", type: "c", major: -1, minor: 3}]'
	assert_fails 1 'linux.devices\[0\].major' bivy create "$(new_id)"
	bundle_set '.linux.devices = [{path: "/dev/x", type: "b", major: 1, minor: 4294967296}]'
	assert_fails 1 'linux.devices\[0\].minor' bivy create "$(new_id)"
}

@test "devices: in a user namespace the host's nodes are bound, and a fifo has its mode and owner" {
	bundle_set '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	devices '{path: "/dev/full", type: "c", major: 1, minor: 7}' '{path: "/dev/pipe", type: "p", fileMode: 416, uid: 1000, gid: 6}'
	inside 'echo x 2>&1 >/dev/full; stat -c "%F %a %u %g" /dev/pipe; grep -q " /dev/full " /proc/self/mountinfo && echo bound'
	assert_equal "$output" "sh: write error: No space left on device
fifo 640 1000 6
bound"
	bundle_set '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 5}]'
	assert_fails 1 "device /dev/null: the host's is not" bivy create "$(new_id)"
}
