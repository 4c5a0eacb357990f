#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs in quotes; bats makes functions of tests and sets variables
# Resources and the device program on pure cgroup v2: the numbers as the kernel has them for a running container, and each limit
# in force. Runs inside the virtual machine (tests/vm/run), or on any machine that has cgroup v2 alone and gives it to root.

load ../bats/helpers

setup() {
	need_root
	need_v2
	setup_bundle
	id=$(new_id)
	ready='echo ready; exec sleep 600'
}

# Sets linux.resources, beside the rules for devices, from jq's idea of an object.
resources() {
	bundle_set ".linux.resources += $1"
}

# A container that runs until it is killed; cg is its cgroup's directory. start_container [SCRIPT]
start_container() {
	bundle_script "${1:-$ready}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	cg=$(cgroup_dir "$id" memory)
	[ -d "$cg" ]
}

# A counter in a file of lines "NAME N".
count_in() {
	sed -n "s/^$2 //p" "$1"
}

counted() {
	[ "$(count_in "$1" "$2")" -gt 0 ]
}

# --- the numbers ---

@test "v2: memory, swap, pids, cpu and cpuset reach the cgroup's files" {
	resources '{
		memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
		pids: {limit: 23},
		cpu: {quota: 20000, period: 50000, cpus: "0", mems: "0"}
	}'
	start_container
	assert_equal "$(<"$cg/memory.max")" 67108864
	assert_equal "$(<"$cg/memory.swap.max")" 33554432	# the config's swap counts memory, too
	assert_equal "$(<"$cg/memory.low")" 33554432
	assert_equal "$(<"$cg/pids.max")" 23
	assert_equal "$(<"$cg/cpu.max")" "20000 50000"
	assert_equal "$(<"$cg/cpuset.cpus")" 0
	assert_equal "$(<"$cg/cpuset.mems")" 0
}

@test "v2: unlimited is max" {
	resources '{memory: {limit: -1, swap: -1}, pids: {limit: -1}, cpu: {quota: -1, period: 100000}}'
	start_container
	assert_equal "$(<"$cg/memory.max")" max
	assert_equal "$(<"$cg/memory.swap.max")" max
	assert_equal "$(<"$cg/pids.max")" max
	assert_equal "$(<"$cg/cpu.max")" "max 100000"
}

@test "v2: no resources, no limits" {
	bundle_set 'del(.linux.resources)'
	start_container
	assert_equal "$(cat "$cg/memory.max" 2>/dev/null || echo max)" max
	assert_equal "$(cat "$cg/pids.max" 2>/dev/null || echo max)" max
}

@test "v2: unified settings are written as they are" {
	resources '{unified: {"memory.high": "33554432", "pids.max": "31"}}'
	start_container
	assert_equal "$(<"$cg/memory.high")" 33554432
	assert_equal "$(<"$cg/pids.max")" 31
}

@test "v2: a unified setting that does not exist is refused, by name" {
	resources '{unified: {"memory.nonsense": "1"}}'
	run --separate-stderr bivy create "$id"
	[ "$status" -ne 0 ]
	[[ $stderr == *memory.nonsense* ]]
	assert_clean
}

# Shares and the weights that Nomad's clients come to, by the formula of libcontainer 1.4 and systemd's defaults (1024 is 100).
@test "v2: cpu shares become the weights that Nomad sets" {
	[[ $BIVY == */bivy ]] || skip "the formula is newer than $BIVY"
	local shares weight
	while read -r shares weight; do
		id=$(new_id)
		resources "{cpu: {shares: $shares}}"
		bundle_args sleep 600
		assert_ok bivy create "$id"
		assert_equal "$shares is $(<"$(cgroup_dir "$id" cpu)/cpu.weight")" "$shares is $weight"
		assert_ok bivy delete --force "$id"
	done <<-END
		2 1
		10 4
		100 17
		500 58
		1000 99
		1024 100
		2048 174
		10000 627
		262144 10000
	END
}

# --- in force ---

@test "v2: a memory hog is killed, and run's code says so" {
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	bundle_args tail /dev/zero
	run bivy run "$id"
	assert_equal "$status" 137
}

@test "v2: the exit record of a memory hog says oom" {
	[[ $BIVY == */bivy ]] || skip "$BIVY keeps no exit record"
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	bundle_args tail /dev/zero
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	run bivy wait "$id"
	assert_equal "$status" 137
	bivy state "$id" >"$BATS_TEST_TMPDIR/state"
	cat "$BATS_TEST_TMPDIR/state"
	jq -e '.status == "stopped"' "$BATS_TEST_TMPDIR/state"
	jq -e '[.. | objects | select(has("oom")) | .oom] == [true]' "$BATS_TEST_TMPDIR/state"
}

@test "v2: the exit record of a program that was killed otherwise does not say oom" {
	[[ $BIVY == */bivy ]] || skip "$BIVY keeps no exit record"
	resources '{memory: {limit: 67108864}}'
	start_container
	assert_ok bivy kill "$id" KILL
	run bivy wait "$id"
	assert_equal "$status" 137
	bivy state "$id" >"$BATS_TEST_TMPDIR/state"
	cat "$BATS_TEST_TMPDIR/state"
	jq -e '[.. | objects | select(has("oom")) | .oom] | any | not' "$BATS_TEST_TMPDIR/state"
}

# A child is the victim: the program goes on and the record of its own exit is its own.
@test "v2: a memory limit ends the hog and leaves the others of its container" {
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	start_container 'tail /dev/zero; echo "hog $?"; '"$ready"
	has_said "$id" "hog 137"
	counted "$cg/memory.events" oom_kill
}

@test "v2: a fork bomb stops at pids.max" {
	resources '{pids: {limit: 12}}'
	# The first shell holds still without a child: there is no room for one.
	start_container 'mkfifo /dev/shm/still; sh -c "while :; do sleep 600 & done" 2>/dev/null; echo ready; read x <>/dev/shm/still'
	counted "$cg/pids.events" max
	[ "$(<"$cg/pids.current")" -le 12 ]
	[ "$(<"$cg/pids.current")" -gt 8 ]
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

@test "v2: a cpu quota throttles" {
	resources '{cpu: {quota: 5000, period: 100000}}'
	start_container 'echo ready; while :; do :; done'
	wait_for counted "$cg/cpu.stat" nr_throttled
	wait_for counted "$cg/cpu.stat" throttled_usec
}

# --- devices: the disk that this machine runs from, as a node in the root, is the threat itself ---

# disk_node: makes $BUNDLE/rootfs/disk; sets major and minor
disk_node() {
	local number
	number=$(findmnt -nro MAJ:MIN /)
	major=${number%:*} minor=${number#*:}
	[ -e "/sys/dev/block/$number" ] || skip "the root file system is on no block device"
	mknod "$BUNDLE/rootfs/disk" b "$major" "$minor"
	bundle_set '.root.readonly = false | .linux.resources.devices = [{allow: false, access: "rwm"}]'
}

@test "v2: a device node without a rule for it cannot be opened" {
	disk_node
	bundle_script 'dd if=/disk of=/dev/null bs=4096 count=1 2>&1'
	run bivy run "$id"
	[ "$status" -ne 0 ]
	[[ $output == *"Operation not permitted"* ]]
}

@test "v2: a device's rule allows what it says and no more" {
	disk_node
	bundle_set ".linux.resources.devices += [{allow: true, type: \"b\", major: $major, minor: $minor, access: \"r\"}]"
	bundle_script 'dd if=/disk of=/dev/null bs=4096 count=1 2>/dev/null; echo "read $?"; (: >>/disk) 2>/dev/null; echo "write $?"'
	run bivy run "$id"
	assert_equal "${lines[0]}" "read 0"
	assert_equal "${lines[1]}" "write 1"
}

@test "v2: rules count in their order, the last one that fits decides" {
	disk_node
	bundle_set ".linux.resources.devices += [
		{allow: true, type: \"b\", access: \"rwm\"},
		{allow: false, type: \"b\", major: $major, minor: $minor, access: \"rwm\"}
	]"
	bundle_script 'dd if=/disk of=/dev/null bs=4096 count=1 2>&1'
	run bivy run "$id"
	[ "$status" -ne 0 ]
	[[ $output == *"Operation not permitted"* ]]
}

@test "v2: the devices that every container has work under a rule that denies all" {
	bundle_set '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	bundle_script '
		echo x >/dev/null && head -c 1 /dev/zero >/dev/null && head -c 1 /dev/urandom >/dev/null &&
		head -c 1 /dev/random >/dev/null && ! echo x >/dev/full && test -c /dev/ptmx && : 3<>/dev/ptmx && echo all'
	run bivy run "$id"
	[ "${lines[0]}" = all ]
}

# --- the cgroup itself ---

@test "v2: a container with a cgroup namespace sees its cgroup as the root" {
	bundle_set '.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])'
	bundle_args cat /proc/self/cgroup
	run bivy run "$id"
	assert_equal "$status $output" "0 0::/"
}

@test "v2: the process is born in its cgroup" {
	[[ $BIVY == */bivy ]] || skip "$BIVY moves it there"
	command -v strace >/dev/null || skip "needs strace"
	strace -f -e trace=clone3 -o "$BATS_TEST_TMPDIR/trace" "$BIVY" --root "$BIVY_ROOT" run "$id" 3>&- 4>&-
	grep CLONE_INTO_CGROUP "$BATS_TEST_TMPDIR/trace"
}

@test "v2: cgroupsPath says where, and delete removes it" {
	bundle_set --arg path "/bivy-suite/$id" '.linux.cgroupsPath = $path'
	start_container
	assert_equal "$cg" "/sys/fs/cgroup/bivy-suite/$id"
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
	[ ! -e "$cg" ]
}

@test "v2: the cgroup is gone after delete, also with cgroups that the program made in it" {
	bundle_set '.mounts |= map(select(.destination != "/sys/fs/cgroup"))
		+ [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw", "nosuid", "noexec", "nodev"]}]
		| .linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])'
	start_container 'mkdir -p /sys/fs/cgroup/a/b && echo 0 >/sys/fs/cgroup/a/b/cgroup.procs; '"$ready"
	[ -d "$(dirname "$(dirname "$cg")")" ]
	find /sys/fs/cgroup -type d -path "*$id*" -name b | grep .
	assert_ok bivy delete --force "$id"
	run find /sys/fs/cgroup -type d -path "*$id*"
	assert_equal "$output" ""
}

# Without a pid namespace the kernel does not end the rest with the first process.
@test "v2: processes that outlive the program are ended with its cgroup" {
	bundle_set '.linux.namespaces |= map(select(.type != "pid"))'
	start_container 'sleep 600 & sleep 600 & echo ready; read x </dev/zero'
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
	[ ! -e "$cg" ]
}

@test "v2: a process that exec adds is under the container's limits" {
	resources '{pids: {limit: 40}}'
	start_container
	local before
	before=$(<"$cg/pids.current")
	assert_ok bivy exec --detach "$id" sleep 600
	assert_equal "$(<"$cg/pids.current")" $((before + 1))
}
