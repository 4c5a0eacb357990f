#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# Resources beside memory, cpu and pids (tests/bats/limits.bats): block devices, huge pages, networks, rdma, realtime, and the
# corners of the others; the numbers as the kernel has them for a running container, on version 1 and on version 2.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	loop=
}

teardown() {
	clean_up
	[ -z "$loop" ] || losetup -d "$loop"
}

resources() {
	bundle_set ".linux.resources += $1"
}

start_container() {
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

# file_is CONTROLLER V1FILE V1VALUE V2FILE V2VALUE
file_is() {
	local file=$2 value=$3 now
	! is_v2 || file=$4 value=$5
	now=$(cgroup_file "$id" "$1" "$file" "$file") || return
	[ "$now" = "$value" ] || { echo "$file is $now instead of $value" >&2; return 1; }
}

need_v1() {
	! is_v2 || skip "needs a machine with cgroup v1"
}

# --- block devices ---

# A block device of the test's own, with the scheduler $1: sets loop, major and minor.
loop_device() {
	local queue
	truncate -s 1M "$BATS_TEST_TMPDIR/disk"
	loop=$(losetup -f --show "$BATS_TEST_TMPDIR/disk") || { loop=; skip "no loop devices here"; }
	queue=/sys/block/${loop##*/}/queue/scheduler
	[ -z "${1-}" ] || { modprobe bfq 2>/dev/null || true; echo "$1" >"$queue"; } 2>/dev/null || skip "the kernel has no scheduler $1"
	IFS=: read -r major minor <"/sys/block/${loop##*/}/dev"
}

@test "resources: throttles of block devices, each with its rate" {
	local controller=blkio
	! is_v2 || controller=io
	loop_device
	resources "{blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}],
		throttleWriteBpsDevice: [{major: $major, minor: $minor, rate: 2097152}],
		throttleReadIOPSDevice: [{major: $major, minor: $minor, rate: 300}],
		throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 400}]}}"
	start_container
	if is_v2; then
		assert_equal "$(cgroup_file "$id" io - io.max)" "$major:$minor rbps=1048576 wbps=2097152 riops=300 wiops=400"
	else
		assert_equal "$(cat "$(cgroup_dir "$id" blkio)"/blkio.throttle.{read,write}_{bps,iops}_device)" \
			"$(printf "$major:$minor %s\n" 1048576 300 2097152 400)"
	fi
}

@test "resources: a throttle is in force" {
	loop_device
	resources "{blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 131072}]},
		devices: [{allow: true, type: \"b\", major: $major, minor: $minor, access: \"r\"}]}"
	bundle_set ".linux.devices = [{path: \"/dev/disk\", type: \"b\", major: $major, minor: $minor}]"
	bundle_script 'dd if=/dev/disk of=/dev/null bs=64k count=4 iflag=direct 2>/dev/null'
	local begin=${EPOCHREALTIME/./}
	assert_ok bivy run "$id"
	[ $((${EPOCHREALTIME/./} - begin)) -ge 900000 ]	# 256 KiB at 128 KiB a second
}

@test "resources: weights of all and of one block device" {
	loop_device bfq
	resources "{blockIO: {weight: 300, weightDevice: [{major: $major, minor: $minor, weight: 700}]}}"
	start_container
	if is_v2; then
		assert_equal "$(cgroup_file "$id" io - io.bfq.weight)" $'default 300\n'"$major:$minor 700"
	else
		assert_equal "$(cat "$(cgroup_dir "$id" blkio)/blkio.bfq.weight")" 300
		assert_equal "$(cat "$(cgroup_dir "$id" blkio)/blkio.bfq.weight_device")" $'default 300\n'"$major:$minor 700"
	fi
}

@test "resources: a block device that is not there is an error that names the property" {
	bundle_args true
	resources '{blockIO: {throttleReadBpsDevice: [{major: 4000, minor: 7, rate: 1}]}}'
	assert_fails 1 'linux.resources.blockIO.throttleReadBpsDevice: .*4000:7' bivy create "$id"
	assert_clean
}

# --- controllers that this machine has not mounted ---

# A command in a mount namespace of its own, where the controllers named are mounted besides the others. with_mounted NAMES COMMAND...
with_mounted() {
	local controllers=$1
	shift
	BASH_ENV='' unshare --mount bash -c '
		set -e
		mount -t tmpfs old /mnt && mkdir /mnt/old && mount --rbind /sys/fs/cgroup /mnt/old && mount -t tmpfs tmpfs /sys/fs/cgroup
		for old in /mnt/old/*; do
			mkdir "/sys/fs/cgroup/${old##*/}"
			! mountpoint -q "$old" || mount --bind "$old" "/sys/fs/cgroup/${old##*/}"
		done
		for name in $1; do
			mkdir "/sys/fs/cgroup/$name"
			mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" || exit 77
		done
		umount -l /mnt
		shift
		"$@"
	' - "$controllers" "$@" 3>&- 4>&-
}

# Without this a hierarchy outlives its last mount, for as long as a cgroup in it is on its way out at that moment.
forget() {
	local left=0 name
	for name in $1; do
		! grep -q ":$name:" /proc/self/cgroup || { left=1; unshare --mount bash -c "mount -t cgroup -o $name x /mnt && umount /mnt"; }
	done
	return $left
}

# What the files of the running container say, and the end of it: in the mount namespace.
export_look() {
	cat >"$BATS_TEST_TMPDIR/look" <<-'END'
		bivy=$1 root=$2 id=$3
		shift 3
		"$bivy" --root "$root" create "$id" </dev/null >/dev/null || exit
		for file; do
			cat "/sys/fs/cgroup/${file%%.*}/bivy/$id/$file"
		done
		"$bivy" --root "$root" delete --force "$id"
	END
}

look_at() {
	local controllers=$1
	shift
	export_look
	bundle_args true
	run --separate-stderr with_mounted "$controllers" bash "$BATS_TEST_TMPDIR/look" "$BIVY" "$BIVY_ROOT" "$id" "$@"
	wait_for forget "$controllers"
	[ "$status" -ne 77 ] || skip "the kernel does not mount $controllers on version 1 here"
	[ "$status" -eq 0 ] || tell "exit code $status"
}

@test "resources: network classes and priorities" {
	need_v1
	resources '{network: {classID: 1048577, priorities: [{name: "lo", priority: 7}]}}'
	look_at "net_cls net_prio" net_cls.classid net_prio.ifpriomap
	grep -x 1048577 <<<"$output"
	grep -x 'lo 7' <<<"$output"
}

@test "resources: huge pages are limited by reservation" {
	if is_v2; then
		local size
		size=$(cd /sys/fs/cgroup && ls -d ./*/hugetlb.2MB.rsvd.max 2>/dev/null | head -n 1)
		[ -n "$size" ] || skip "this kernel does not count huge pages of 2 MB"
		resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
		start_container
		assert_equal "$(cgroup_file "$id" hugetlb - hugetlb.2MB.rsvd.max)" 4194304
	else
		resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}, {pageSize: "1GB", limit: 0}]}'
		look_at hugetlb hugetlb.2MB.rsvd.limit_in_bytes hugetlb.1GB.rsvd.limit_in_bytes
		assert_equal "$output" $'4194304\n0'
	fi
}

@test "resources: what no controller here can apply is an error that names it" {
	bundle_args true
	resources '{rdma: {mlx5_1: {hcaHandles: 3, hcaObjects: 10000}}}'
	assert_fails 1 'linux.resources.rdma.mlx5_1: ' bivy create "$(new_id)"
	bundle_set 'del(.linux.resources.rdma)'
	resources '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	assert_fails 1 'linux.resources.hugepageLimits: ' bivy create "$(new_id)"
	bundle_set 'del(.linux.resources.hugepageLimits)'
	resources '{network: {classID: 5}}'
	assert_fails 1 'linux.resources.network.classID: ' bivy create "$(new_id)"
	assert_clean
}

# --- cpu ---

@test "resources: realtime runtime and period" {
	need_v1
	[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || skip "this kernel schedules no realtime groups"
	bundle_set --arg path "/$id" '.linux.cgroupsPath = $path'
	resources '{cpu: {realtimeRuntime: 5000, realtimePeriod: 500000}}'
	start_container
	file_is cpu cpu.rt_runtime_us 5000 - -
	file_is cpu cpu.rt_period_us 500000 - -
}

@test "resources: realtime has no like on version 2" {
	need_v2
	bundle_args true
	resources '{cpu: {realtimeRuntime: 5000}}'
	assert_fails 1 'linux.resources.cpu.realtimeRuntime: cgroup v2' bivy create "$id"
}

@test "resources: an idle group, and one with burst" {
	resources '{cpu: {idle: 1}}'
	start_container
	file_is cpu cpu.idle 1 cpu.idle 1
	bundle_set 'del(.linux.resources.cpu)'
	resources '{cpu: {quota: 20000, period: 100000, burst: 10000}}'
	id=$(new_id)
	start_container
	file_is cpu cpu.cfs_burst_us 10000 cpu.max.burst 10000
	resources '{cpu: {quota: 20000, burst: 30000}}'
	assert_fails 1 'linux.resources.cpu.burst: 30000 is above cpu.quota' bivy create "$(new_id)"
}

# --- memory ---

@test "resources: swappiness" {
	resources '{memory: {limit: 67108864, swappiness: 0}}'
	if is_v2; then
		start_container
		assert_equal "$(cgroup_file "$id" memory - memory.swap.max)" 0
	else
		start_container
		file_is memory memory.swappiness 0 - -
		bundle_set '.linux.resources.memory.swappiness = 33'
		id=$(new_id)
		start_container
		file_is memory memory.swappiness 33 - -
	fi
	bundle_set '.linux.resources.memory.swappiness = 201'
	assert_fails 1 'linux.resources.memory.swappiness: ' bivy create "$(new_id)"
}

@test "resources: kernel memory is a warning, and nothing else" {
	resources '{memory: {kernel: 10485760, kernelTCP: 10485760}}'
	bundle_args echo ran
	assert_ok bivy run "$id"
	assert_equal "$output" ran
	[[ ${stderr_lines[0]} == *"linux.resources.memory.kernel: "* ]]
	[[ ${stderr_lines[1]} == *"linux.resources.memory.kernelTCP: "* ]]
}

@test "resources: the OOM killer is disabled on version 1, and cannot be on version 2" {
	resources '{memory: {limit: 67108864, disableOOMKiller: true}}'
	if is_v2; then
		bundle_args true
		assert_fails 1 'linux.resources.memory.disableOOMKiller: cgroup v2' bivy create "$id"
	else
		start_container
		grep -x 'oom_kill_disable 1' "$(cgroup_dir "$id" memory)/memory.oom_control"
	fi
}

# --- processes ---

@test "resources: a limit of no processes lets the program itself in, and no other" {
	resources '{pids: {limit: 0}}'
	bundle_args cat /proc/self/cgroup
	assert_ok bivy run "$id"
	[ -n "$output" ]
	id=$(new_id)
	bundle_script 'echo here; (echo forked); echo after'
	run --separate-stderr bivy run "$id"
	[ "$status" -ne 0 ]
	assert_equal "${lines[0]}" here
	[[ $output != *forked* ]]
}

@test "resources: -1 is no limit on processes" {
	resources '{pids: {limit: -1}}'
	start_container
	file_is pids pids.max max pids.max max
}
