#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# Resources: the numbers as the kernel has them for a running container, each limit in force, and the cgroup's own life; on version 1
# and on version 2, whichever this machine has.  What only version 2 has is in tests/vm/limits.bats.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	made=()
}

# The cgroups that the test has made itself, deepest first.
teardown() {
	local dir
	clean_up
	for dir in "${made[@]}"; do
		rmdir "$dir" || return
	done
}

resources() {
	bundle_set ".linux.resources += $1"
}

# A container that runs until it is killed; $id says ready when its script has come that far. start_container [SCRIPT]
start_container() {
	bundle_script "${1:-echo ready; exec sleep 600}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

# assert_file CONTROLLER V1FILE V1VALUE V2FILE V2VALUE; a file of "-": that version has none
assert_file() {
	local file=$2 value=$3 now
	! is_v2 || file=$4 value=$5
	[ "$file" != - ] || return 0
	now=$(cgroup_file "$id" "$1" "$file" "$file") || return
	[ "$now" = "$value" ] || { echo "$file is $now instead of $value" >&2; return 1; }
}

# Whether this machine has what version 1 calls memory+swap, and version 2 memory.swap.max.
counts_swap() {
	if is_v2; then
		[ -e "$(cgroup_dir "$id" memory)/memory.swap.max" ]
	else
		[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]
	fi
}

# A counter of a container's cgroup: count CONTROLLER V1FILE V2FILE NAME
count() {
	cgroup_file "$id" "$1" "$2" "$3" | sed -n "s/^$4 //p"
}

counted() {
	[ "$(count "$@")" -gt 0 ]
}

# --- the numbers ---

@test "limits: memory, pids, cpu and cpuset reach the cgroup's files" {
	resources '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296}, pids: {limit: 23},
		cpu: {shares: 512, quota: 20000, period: 50000, cpus: "0", mems: "0"}}'
	start_container
	assert_file memory memory.limit_in_bytes 67108864 memory.max 67108864
	assert_file memory memory.soft_limit_in_bytes 33554432 memory.low 33554432
	! counts_swap || assert_file memory memory.memsw.limit_in_bytes 100663296 memory.swap.max 33554432
	assert_file pids pids.max 23 pids.max 23
	assert_file cpu cpu.shares 512 - -
	assert_file cpu cpu.cfs_quota_us 20000 cpu.max '20000 50000'
	assert_file cpu cpu.cfs_period_us 50000 - -
	assert_file cpuset cpuset.cpus 0 cpuset.cpus 0
	assert_file cpuset cpuset.mems 0 cpuset.mems 0
}

@test "limits: what is unlimited, or not there, is not limited" {
	local none
	resources '{memory: {limit: -1, swap: -1}, pids: {limit: -1}, cpu: {quota: -1, period: 100000}}'
	start_container
	none=$(is_v2 || cat /sys/fs/cgroup/memory/memory.limit_in_bytes)
	assert_file memory memory.limit_in_bytes "$none" memory.max max
	assert_file pids pids.max max pids.max max
	assert_file cpu cpu.cfs_quota_us -1 cpu.max 'max 100000'
	bundle_set '.linux |= del(.resources)'
	id=$(new_id)
	start_container
	assert_file memory memory.limit_in_bytes "$none" - -
	assert_file pids pids.max max - -
	assert_file cpu cpu.cfs_quota_us -1 - -
}

@test "limits: the process is in the container's cgroup in every hierarchy, with all it starts" {
	local pid line
	start_container 'sleep 600 & echo ready; wait'
	pid=$(pid_of "$id")
	while read -r line; do
		! is_v2 || [[ $line == 0::* ]] || continue
		is_v2 || [[ $line != 0::* ]] || continue
		[[ $line == *"/bivy/$id" ]] || { echo "not in its cgroup: $line" >&2; return 1; }
	done <"/proc/$pid/cgroup"
	assert_equal "$(cgroup_file "$id" pids cgroup.procs cgroup.procs | wc -l)" 2
}

@test "limits: what cannot be set is an error that names the property, and nothing is left" {
	bundle_args true
	resources '{cpu: {cpus: "4711"}}'
	assert_fails 1 'linux.resources.cpu.cpus: .*4711' bivy create "$id"
	bundle_set 'del(.linux.resources.cpu)'
	resources '{memory: {limit: 67108864, swap: 33554432}}'
	assert_fails 1 'linux.resources.memory.swap: 33554432' bivy create "$id"
	bundle_set 'del(.linux.resources.memory)'
	resources '{pids: {limit: -7}}'
	assert_fails 1 'linux.resources.pids.limit: -7' bivy create "$id"
	assert_clean
}

@test "limits: unified is refused where there is version 1" {
	! is_v2 || skip "this machine has cgroup v2"
	resources '{unified: {"memory.high": "33554432"}}'
	bundle_args true
	assert_fails 1 'linux.resources.unified.memory.high: .*cgroup v1' bivy create "$id"
	assert_clean
}

# --- in force ---

@test "limits: a memory hog is killed: run's code, and oom in the exit record" {
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	bundle_args tail /dev/zero
	run --separate-stderr bivy run "$id"
	assert_equal "$status" 137
	id=$(new_id)
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	run --separate-stderr bivy wait "$id"
	assert_equal "$status" 137
	run --separate-stderr bivy state "$id"
	jq -e '.status == "stopped" and ([.. | objects | select(has("oom")) | .oom] == [true])' <<<"$output"
}

@test "limits: a program that was killed otherwise has no oom in its record" {
	resources '{memory: {limit: 67108864}}'
	start_container
	assert_ok bivy kill "$id" KILL
	run --separate-stderr bivy wait "$id"
	assert_equal "$status" 137
	run --separate-stderr bivy state "$id"
	jq -e '.status == "stopped" and ([.. | objects | select(has("oom")) | .oom] | any | not)' <<<"$output"
	jq -e '[.. | objects | select(has("signal")) | .signal] | length == 1' <<<"$output"
}

@test "limits: a memory limit ends the hog and leaves the others of its container" {
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	start_container 'tail /dev/zero; echo "hog $?"; echo ready; exec sleep 600'
	has_said "$id" "hog 137"
	counted memory memory.oom_control memory.events oom_kill
	run --separate-stderr bivy exec "$id" echo alive
	assert_equal "$output" alive
}

@test "limits: forks beyond pids.limit fail" {
	resources '{pids: {limit: 12}}'
	# The first shell holds still without a child: there is no room for one.
	start_container 'mkfifo /dev/shm/still; sh -c "while :; do sleep 600 & done" 2>/dev/null; echo ready; read x <>/dev/shm/still'
	counted pids pids.events pids.events max
	[ "$(cgroup_file "$id" pids pids.current pids.current)" -le 12 ]
	[ "$(cgroup_file "$id" pids pids.current pids.current)" -gt 8 ]
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

@test "limits: a cpu quota throttles" {
	resources '{cpu: {quota: 5000, period: 100000}}'
	start_container 'echo ready; while :; do :; done'
	wait_for counted cpu cpu.stat cpu.stat nr_throttled
}

@test "limits: cpuset keeps the program on its processors" {
	resources '{cpu: {cpus: "0"}}'
	bundle_script 'sed -n "s/^Cpus_allowed_list:.//p" /proc/self/status'
	assert_ok bivy run "$id"
	assert_equal "$output" 0
}

# --- where ---

@test "limits: cgroupsPath: absolute as it is, relative below /bivy, and delete removes it" {
	local cg path
	for path in "/bivy-suite/$id" "sub/$id"; do
		bundle_set --arg path "$path" '.linux.cgroupsPath = $path'
		start_container
		cg=$(cgroup_dir "$id" pids)
		[[ $path == /* ]] || path=/bivy/$path
		[[ $cg == *"$path" ]]
		[ -d "$cg" ]
		assert_ok bivy kill "$id" KILL
		wait_for has_status "$id" stopped
		assert_ok bivy delete "$id"
		[ ! -e "$cg" ]
		id=$(new_id)
	done
	[ ! -e "${cg%/*}" ] # what it needed below /bivy is gone, too
	rmdir /sys/fs/cgroup{,/*}/bivy-suite 2>/dev/null || true
}

@test "limits: the parents that a deep cgroupsPath asked for go with the container, and not before the last in them" {
	local id other top
	id=$(new_id) other=$(new_id)
	top=/bivy-suite-$id
	bundle_args sleep 600
	bundle_set --arg path "$top/one/two" '.linux.cgroupsPath = $path'
	assert_ok bivy create "$id"
	bundle_set --arg path "$top/three" '.linux.cgroupsPath = $path'
	assert_ok bivy create "$other"
	assert_ok bivy delete "$id"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$top/one*")" ]
	[ -n "$(find /sys/fs/cgroup -type d -path "*$top/three")" ]
	assert_ok bivy delete "$other"
	find /sys/fs/cgroup -depth -type d -path "*$top" -exec rmdir {} + # the first made it while the other was in it
	bundle_set --arg path "$top/one/two" '.linux.cgroupsPath = $path'
	assert_ok bivy create "$id"
	assert_ok bivy delete "$id"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$top*")" ]
}

@test "limits: a cgroupsPath that leads elsewhere is refused" {
	local path
	bundle_args true
	for path in / /bivy ../x /a/../../b slice:prefix:name; do
		bundle_set --arg path "$path" '.linux.cgroupsPath = $path'
		assert_fails 1 "linux.cgroupsPath: $path: " bivy create "$(new_id)"
	done
}

@test "limits: a cgroup that holds a process is refused, and left as it is" {
	local dir=/sys/fs/cgroup/pids/bivy-suite-$id sleeper
	! is_v2 || dir=/sys/fs/cgroup/bivy-suite-$id
	mkdir "$dir"
	made=("$dir")
	sleep 600 3>&- 4>&- &
	sleeper=$!
	echo "$sleeper" >"$dir/cgroup.procs"
	bundle_args true
	bundle_set --arg path "/bivy-suite-$id" '.linux.cgroupsPath = $path'
	run --separate-stderr bivy create "$id"
	assert_fails 1 "bivy-suite-$id is there already and holds processes \($sleeper\)"
	assert_equal "$(cat "$dir/cgroup.procs")" "$sleeper"
	kill "$sleeper"
	wait "$sleeper" || true
}

@test "limits: two containers cannot have one cgroup" {
	bundle_set --arg path "/bivy/$id" '.linux.cgroupsPath = $path'
	start_container
	assert_fails 1 'is there already and holds processes' bivy create "$(new_id)"
	assert_equal "$(state_of "$id")" running
}

@test "limits: an empty cgroup that is there already is used" {
	local dir=/sys/fs/cgroup/pids/bivy-suite-$id
	! is_v2 || dir=/sys/fs/cgroup/bivy-suite-$id
	mkdir "$dir"
	bundle_set --arg path "/bivy-suite-$id" '.linux.cgroupsPath = $path'
	start_container
	assert_equal "$(cgroup_dir "$id" pids)" "$dir"
	assert_ok bivy delete --force "$id"
	[ ! -e "$dir" ]
}

# --- its end ---

@test "limits: sub-cgroups that the program has made go with the container" {
	local at=/sys/fs/cgroup/pids
	! is_v2 || at=/sys/fs/cgroup
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
	start_container "mkdir -p $at/a/b $at/c; sleep 600 & echo \$! >$at/a/b/cgroup.procs; echo ready; exec sleep 600"
	[ "$(find /sys/fs/cgroup -type d -path "*$id*" -name b | wc -l)" -eq 1 ]
	[ "$(find /sys/fs/cgroup -type d -path "*$id*" -name b -exec cat {}/cgroup.procs \; | wc -l)" -eq 1 ]
	assert_ok bivy delete --force "$id"
	assert_equal "$(find /sys/fs/cgroup -type d -path "*$id*")" ""
}

# Without a pid namespace the kernel does not end the rest with the first process.
@test "limits: processes that outlive the program are ended with its cgroup" {
	local cg
	bundle_set '.linux.namespaces |= map(select(.type != "pid"))'
	start_container 'sleep 600 & sleep 600 & echo ready; exec sleep 600'
	cg=$(cgroup_dir "$id" pids)
	assert_equal "$(wc -l <"$cg/cgroup.procs")" 3
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
	[ ! -e "$cg" ]
}

@test "limits: run leaves no cgroup behind" {
	bundle_args true
	assert_ok bivy run "$id"
	assert_equal "$(find /sys/fs/cgroup -name "*$id*")" ""
}

# --- exec ---

@test "limits: a process that exec adds is under the container's limits" {
	local before
	resources '{memory: {limit: 16777216, swap: 16777216}, pids: {limit: 40}}'
	start_container
	before=$(cgroup_file "$id" pids pids.current pids.current)
	assert_ok bivy exec --detach "$id" sleep 600
	assert_equal "$(cgroup_file "$id" pids pids.current pids.current)" $((before + 1))
	run --separate-stderr bivy exec "$id" tail /dev/zero
	assert_equal "$status" 137
	assert_equal "$(state_of "$id")" running
}
