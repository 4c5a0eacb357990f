#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# The mounts of config.json, as the program finds them in its /proc/self/mountinfo and as they behave; and none of them on the host.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	outside=$BATS_TEST_TMPDIR/outside
	mkdir "$outside"
}

teardown() {
	local at
	for at in "${host_mounts[@]}"; do
		umount -R "$at" || umount -l "$at"
	done
	host_mounts=()
	clean_up
}

# A mount on the host, which the teardown takes away. host_mount DIRECTORY [OPTION...]
host_mount() {
	local at=$1
	shift
	mkdir -p "$at"
	mount -t tmpfs "$@" bivy-test "$at"
	host_mounts=("$at" "${host_mounts[@]}")
}

# mounts JSON...: at the end of the list
mounts() {
	local one
	for one; do
		bundle_set --arg outside "$outside" ".mounts += [$one]"
	done
}

inside() {
	bundle_script "$1"
	assert_ok bivy run "$id"
}

start_container() {
	bundle_script "echo ready; ${1:-exec sleep 600}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

# Of the mount at $1 in $output, which is a mountinfo: its options, its type, its filesystem's options, its propagation.
mount_at() {
	awk -v at="$1" '$5 == at { for (n = 7; $n != "-"; n++) tags = tags " " $n; found = $6 " " $(n + 1) " " $(n + 3) tags; tags = "" }
		END { print found }' <<<"$output"
}

# has_options PLACE WORD...: each among the mount's own options; a word with ! in front is not
has_options() {
	local at=$1 own word
	shift
	own=$(mount_at "$at")
	[ -n "$own" ] || { echo "no mount at $at in: $output" >&2; return 1; }
	own=,${own%% *},
	for word; do
		case $word in
		!*) [[ $own != *,"${word#!}",* ]] ;;
		*) [[ $own == *,"$word",* ]] ;;
		esac || { echo "$at has the options $own, not as wanted: $word" >&2; return 1; }
	done
}

# --- binds ---

@test "mounts: a file and a directory of the host" {
	echo from-file >"$outside/file"
	mkdir "$outside/dir"
	echo from-dir >"$outside/dir/f"
	mounts '{destination: "/mnt/file", source: "\($outside)/file", options: ["bind"]}' \
		'{destination: "/mnt/dir", source: "\($outside)/dir", type: "bind"}'
	bundle_set '.root.readonly = false'
	inside 'cat /mnt/file /mnt/dir/f; echo new >/mnt/dir/new; echo more >>/mnt/file'
	assert_equal "$output" $'from-file\nfrom-dir'
	assert_equal "$(cat "$outside/dir/new" "$outside/file")" $'new\nfrom-file\nmore'
}

@test "mounts: a source that is relative is in the bundle, a missing one is an error that names it" {
	mkdir "$BUNDLE/beside"
	echo beside >"$BUNDLE/beside/f"
	mounts '{destination: "/mnt", source: "beside", options: ["bind"]}'
	inside 'cat /mnt/f'
	assert_equal "$output" beside
	mounts '{destination: "/mnt", source: "\($outside)/missing", options: ["bind"]}'
	assert_fails 1 "$outside/missing: No such file or directory" bivy create "$(new_id)"
}

@test "mounts: options of binds" {
	mkdir "$outside"/{plain,ro,nosuid,all,atime}
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/plain", source: "\($outside)/plain", options: ["bind"]}' \
		'{destination: "/tmp/ro", source: "\($outside)/ro", options: ["rbind", "ro"]}' \
		'{destination: "/tmp/nosuid", source: "\($outside)/nosuid", options: ["bind", "nosuid", "rw"]}' \
		'{destination: "/tmp/all", source: "\($outside)/all", options: ["bind", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"]}' \
		'{destination: "/tmp/atime", source: "\($outside)/atime", options: ["bind", "ro", "rw", "strictatime"]}'
	inside 'cat /proc/self/mountinfo; for d in plain ro nosuid all atime; do (: >/tmp/$d/f) 2>/dev/null || echo "no $d"; done
		cp /bin/busybox /tmp/all/ls; /tmp/all/ls 2>&1; ln -s f /tmp/all/l; cat /tmp/all/l 2>&1; :'
	has_options /tmp/plain rw '!ro' '!nosuid' '!nodev' '!noexec'
	has_options /tmp/ro ro
	has_options /tmp/nosuid rw nosuid '!nodev'
	has_options /tmp/all rw nosuid nodev noexec noatime nodiratime nosymfollow
	has_options /tmp/atime rw '!noatime' '!relatime'
	assert_equal "$(grep '^no ' <<<"$output")" "no ro"
	[[ $output == *"Permission denied"* ]]
	[[ $output == *"symbolic link"* ]]
}

@test "mounts: ro takes hold of one mount, rro of all below" {
	host_mount "$outside/sub"
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/bind", source: "\($outside)", options: ["bind"]}' \
		'{destination: "/tmp/ro", source: "\($outside)", options: ["rbind", "ro"]}' \
		'{destination: "/tmp/rro", source: "\($outside)", options: ["rbind", "rro", "rnosuid"]}'
	inside 'cat /proc/self/mountinfo; for d in bind ro rro; do (: >/tmp/$d/sub/from-$d) 2>/dev/null || echo "no $d"; done'
	assert_equal "$(mount_at /tmp/bind/sub)" ""
	has_options /tmp/ro ro
	has_options /tmp/ro/sub rw
	has_options /tmp/rro ro nosuid
	has_options /tmp/rro/sub ro nosuid
	assert_equal "$(grep '^no ' <<<"$output")" "no rro"
	[ -e "$outside/sub/from-ro" ]
	assert_equal "$(grep -F "$outside/sub" /proc/self/mountinfo | grep -cw ro)" 0
}

@test "mounts: a remount changes the options of what is there" {
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp", options: ["remount", "bind", "ro", "nodev"]}'
	inside 'cat /proc/self/mountinfo; (: >/tmp/f) 2>/dev/null || echo refused'
	has_options /tmp ro nodev
	assert_equal "${lines[-1]}" refused
}

# --- filesystems ---

@test "mounts: a tmpfs with a size, a mode and an owner" {
	mounts '{destination: "/tmp", type: "tmpfs", source: "mine", options: ["size=64k,mode=1770,uid=1000", "gid=6", "nosuid", "ro", "rw"]}'
	bundle_set '.process.user.additionalGids = [6]'
	inside 'cat /proc/self/mountinfo; stat -c "%a %u %g" /tmp; dd if=/dev/zero of=/tmp/f bs=4k count=100 2>&1; stat -c %s /tmp/f'
	has_options /tmp rw nosuid
	[[ $(mount_at /tmp) == *" tmpfs "*size=64k* ]]
	grep -x '1770 1000 6' <<<"$output"
	[[ $output == *"No space left"* ]]
	assert_equal "${lines[-1]}" 65536
}

@test "mounts: those of bivy spec: proc, devpts, mqueue, sysfs, cgroup" {
	inside 'cat /proc/self/mountinfo; touch /dev/mqueue/q && ls /dev/mqueue; (: >/sys/kernel/uevent_helper) 2>&1; stat -c "%a" /dev/pts/ptmx
		ls /dev/pts | tr "\n" " "'
	[[ $(mount_at /proc) == *" proc "* ]]
	[[ $(mount_at /dev) == *" tmpfs "*size=65536k*mode=755* ]]
	[[ $(mount_at /dev/pts) == *" devpts "*gid=5*mode=620*ptmxmode=666* ]]
	[[ $(mount_at /dev/mqueue) == *" mqueue "* ]]
	[[ $(mount_at /sys) == *" sysfs "* ]]
	has_options /dev/pts rw nosuid noexec '!nodev'
	has_options /dev/mqueue nosuid nodev noexec
	has_options /sys ro nosuid nodev noexec
	has_options /sys/fs/cgroup ro nosuid nodev noexec relatime
	has_options / ro
	[[ $output == *$'\nq\n'* ]]
	[[ $output == *"Read-only file system"* ]]
	[[ $output == *$'\n666\nptmx '* ]]
}

# Where processes are counted, in either world. pids_place; sets place
pids_place() {
	place=/sys/fs/cgroup/pids
	! is_v2 || place=/sys/fs/cgroup
}

@test "mounts: cgroups, read-only, show the container's own and take nothing" {
	pids_place
	inside "cat $place/cgroup.procs; mkdir $place/new 2>&1; :"
	grep -x 1 <<<"$output"
	[[ $output == *"Read-only file system"* ]]
}

@test "mounts: cgroups, writable, take a sub-cgroup" {
	pids_place
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
	inside "mkdir $place/new && sh -c 'echo 0 >$place/new/cgroup.procs; cat /proc/self/cgroup' | grep -c :/new\$"
	assert_equal "$output" 1
}

@test "mounts: cgroups without a cgroup namespace are the container's own all the same" {
	pids_place
	bundle_set '.linux.namespaces |= map(select(.type != "cgroup"))'
	inside "cat $place/cgroup.procs"
	grep -x 1 <<<"$output"
	[ "${#lines[@]}" -le 2 ]
}

@test "mounts: an unknown filesystem, an unknown option, a bind with data: each an error that names it" {
	bundle_args true
	bundle_set '.mounts[7] = {destination: "/tmp", type: "nosuchfs", source: "x"}'
	assert_fails 1 'no filesystem "nosuchfs"' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "tmpfs", source: "x", options: ["nosuchoption=1"]}'
	assert_fails 1 'nosuchoption' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "tmpfs", source: "x", options: ["size=big"]}'
	assert_fails 1 'size' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "bind", source: "/etc", options: ["bind", "size=1k"]}'
	assert_fails 1 'mounts\[7\].options: .*size=1k' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "bind", source: "/etc", options: ["bind", "idmap"]}'
	assert_fails 1 'mounts\[7\].options: .*idmap' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", options: ["remount", "ro"]} | .mounts[7].destination = "/not-there"'
	assert_fails 1 '/not-there' bivy create "$(new_id)"
}

# --- where ---

@test "mounts: mount points that are missing are made, in the root" {
	echo x >"$outside/file"
	mounts '{destination: "/a/b/c", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/a/b/c/d/file", source: "\($outside)/file", options: ["bind"]}' \
		'{destination: "/x/file", source: "\($outside)/file", options: ["bind"]}'
	inside 'cat /a/b/c/d/file /x/file; stat -c %a /a /a/b /x'
	assert_equal "$output" $'x\nx\n755\n755\n755'
	[ -d "$BUNDLE/rootfs/a/b/c" ]
	[ ! -e "$BUNDLE/rootfs/a/b/c/d" ]
	[ -f "$BUNDLE/rootfs/x/file" ]
	[ ! -s "$BUNDLE/rootfs/x/file" ]
}

@test "mounts: a relative destination begins at the root, .. does not leave it" {
	mounts '{destination: "rel/dir", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/../../rel/up", type: "tmpfs", source: "tmpfs"}'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /rel/dir) == *" tmpfs "* ]]
	[[ $(mount_at /rel/up) == *" tmpfs "* ]]
}

@test "mounts: links in the destination are the container's" {
	mkdir "$BUNDLE/rootfs/real"
	ln -s /real "$BUNDLE/rootfs/abs"
	ln -s ../../../../real "$BUNDLE/rootfs/up"
	ln -s /made-by-link "$BUNDLE/rootfs/dangling"
	mounts '{destination: "/abs/one", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/up/two", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/dangling", type: "tmpfs", source: "tmpfs"}'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /real/one) == *" tmpfs "* ]]
	[[ $(mount_at /real/two) == *" tmpfs "* ]]
	[[ $(mount_at /made-by-link) == *" tmpfs "* ]]
	[ ! -e /made-by-link ]
	[ ! -e /real ]
}

@test "mounts: a file on a directory is refused, and nothing is left" {
	echo x >"$outside/file"
	bundle_args true
	mounts '{destination: "/tmp", source: "\($outside)/file", options: ["bind"]}'
	assert_fails 1 'mounts: mount on /tmp: ' bivy create "$id"
	assert_clean
}

@test "mounts: they are made in the order of the list" {
	mkdir "$outside/later"
	echo covered >"$outside/mark"
	mounts '{destination: "/tmp", source: "\($outside)", options: ["bind"]}' \
		'{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/in", source: "\($outside)", options: ["bind"]}'
	inside 'ls /tmp; cat /tmp/in/mark'
	assert_equal "$output" $'in\ncovered'
}

# --- propagation ---

# Mounts below $outside on the host after the start, and asks whether the container has it: propagates OPTIONS...
propagates() {
	local words
	words=$(jq -nc '$ARGS.positional' --args "$@")
	[ ${#host_mounts[@]} -gt 0 ] || { host_mount "$outside"; mount --make-shared "$outside"; mkdir "$outside"/{host,inner}; }
	id=$(new_id)
	bundle_set --arg outside "$outside" --argjson words "$words" '.mounts |= map(select(.destination != "/mnt"))
		+ [{destination: "/mnt", source: $outside, type: "bind", options: $words}]'
	start_container
	mount -t tmpfs bivy-late "$outside/host"
	output=$(cat "/proc/$(pid_of "$id")/mountinfo")
	grep -c bivy-late <<<"$output" || true
	umount "$outside/host"
}

@test "mounts: what is mounted on the host later is there with rslave, and not with rprivate" {
	mkdir "$BUNDLE/rootfs/mnt"
	propagates rbind rslave >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 1
	[[ $(mount_at /mnt) == *master:* ]]
	propagates rbind rprivate >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 0
	[[ $(mount_at /mnt) != *master:* ]]
	propagates rbind >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 0
}

@test "mounts: what the container mounts is on the host with rshared, and not with rslave" {
	mkdir "$BUNDLE/rootfs/mnt"
	bundle_set '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	propagates rbind rshared >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 1
	[[ $(mount_at /mnt) == *shared:* ]]
	assert_ok bivy exec "$id" mount -t tmpfs bivy-inner /mnt/inner
	grep -c "$outside/inner .*bivy-inner" /proc/self/mountinfo
	umount "$outside/inner"
	propagates rbind rslave >/dev/null
	assert_ok bivy exec "$id" mount -t tmpfs bivy-inner /mnt/inner
	assert_equal "$(grep bivy-inner /proc/self/mountinfo)" ""
}

@test "mounts: linux.rootfsPropagation" {
	bundle_set '.linux.rootfsPropagation = "shared"'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) == *shared:* ]]
	bundle_set '.linux.rootfsPropagation = "unbindable"'
	id=$(new_id)
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) == *unbindable* ]]
	bundle_set 'del(.linux.rootfsPropagation)'
	id=$(new_id)
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) != *shared:* ]]
	[[ $(mount_at /) != *unbindable* ]]
}

# --- the host ---

@test "mounts: the container's mounts are not on the host, nor the host's in the container" {
	local before
	host_mount "$outside"
	mount --make-rshared "$outside"
	before=$(sort /proc/self/mountinfo)
	mounts '{destination: "/mnt", source: "\($outside)", type: "bind", options: ["rbind"]}' \
		'{destination: "/tmp", type: "tmpfs", source: "only-inside"}'
	start_container 'cat /proc/self/mountinfo; echo all; exec sleep 600'
	wait_for has_said "$id" all
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
	output=$(output_of "$id")
	[[ $output == *only-inside* ]]
	assert_equal "$(awk '$5 !~ "^/(proc|dev|sys|tmp|mnt|$)"' <<<"$output")" $'ready\nall'
	assert_ok bivy delete --force "$id"
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
}

@test "mounts: a root below a shared mount, as a systemd host has it" {
	local before
	host_mount "$outside"
	mount --make-rshared "$outside"
	mkdir "$outside/bundle"
	cp -a "$BUNDLE/config.json" "$BUNDLE/rootfs" "$outside/bundle/"
	before=$(sort /proc/self/mountinfo)
	BUNDLE=$outside/bundle
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create --bundle "$BUNDLE" "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
	assert_ok bivy delete --force "$id"
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
}

@test "mounts: --no-pivot gives the same root, and exec finds it" {
	bundle_script 'echo ready; ls / | tr "\n" " "; echo; exec sleep 600'
	assert_ok bivy create --no-pivot "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	run --separate-stderr bivy exec "$id" ls /
	assert_equal "${lines[*]}" "bin dev etc proc root sbin sys tmp usr"
	wait_for has_said "$id" "bin dev etc proc root sbin sys tmp usr "
}
