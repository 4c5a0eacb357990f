#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# How the kernel treats the program: its scheduling, its CPUs and memory nodes, its personality, and what it is for AppArmor and
# SELinux, where there are any.  All as the kernel tells it of the running process.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# start_container [SCRIPT]: one that goes on running; $pid is its first process
start_container() {
	bundle_script "${1:-}${1:+; }echo ready; exec sleep 600"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	pid=$(pid_of "$id")
}

# The field of /proc/PID/stat with that number in proc(5), counted behind the name: stat_field PID NUMBER
stat_field() {
	local line
	line=$(<"/proc/$1/stat")
	cut -d ' ' -f $(($2 - 2)) <<<"${line##*) }"
}

nice_of() { stat_field "$1" 19; }
priority_of() { stat_field "$1" 40; }
policy_of() { stat_field "$1" 41; }

cpus_of() {
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status"
}

scheduler() {
	bundle_set ".process.scheduler = $1"
}

# --- scheduler ---

@test "process: a nice value is the program's, and that of what it starts" {
	scheduler '{policy: "SCHED_OTHER", nice: 7}'
	start_container 'cut -d " " -f 19 /proc/self/stat'
	assert_equal "$(policy_of "$pid") $(nice_of "$pid")" "0 7"
	has_said "$id" 7
}

@test "process: SCHED_BATCH, SCHED_IDLE and a negative nice" {
	scheduler '{policy: "SCHED_BATCH", nice: -5}'
	start_container
	assert_equal "$(policy_of "$pid") $(nice_of "$pid")" "3 -5"
	bivy delete --force "$id"
	scheduler '{policy: "SCHED_IDLE"}'
	start_container
	assert_equal "$(policy_of "$pid")" 5
}

@test "process: SCHED_FIFO with a priority, and with SCHED_FLAG_RESET_ON_FORK what it starts has none" {
	chrt -f 3 true || skip "this machine gives no realtime"
	# On version 1 a cgroup has no realtime of its own, and can have some of its parent's only: the root has.
	! [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] ||
		bundle_set --arg id "$id" '.linux.cgroupsPath = "/" + $id | .linux.resources.cpu = {realtimeRuntime: 10000}'
	scheduler '{policy: "SCHED_FIFO", priority: 3, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	start_container 'cut -d " " -f 41 /proc/self/stat'
	assert_equal "$(policy_of "$pid") $(priority_of "$pid")" "1 3"
	chrt -p "$pid" | grep -q SCHED_RESET_ON_FORK
	has_said "$id" 0
}

@test "process: SCHED_DEADLINE has its times" {
	chrt -d --sched-runtime 1000000 --sched-deadline 10000000 --sched-period 20000000 0 true || skip "this machine gives no deadlines"
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 10000000, period: 20000000}'
	start_container
	assert_equal "$(policy_of "$pid")" 6
	chrt -p "$pid" | grep -q '1000000/10000000/20000000'
}

@test "process: scheduler: what cannot be is refused by its name, and nothing is made" {
	local wrong
	while IFS='|' read -r wrong want; do
		scheduler "$wrong"
		assert_fails 1 "process\.scheduler.*$want" bivy create "$id" || { echo "$wrong" >&2; return 1; }
		[ ! -e "$BIVY_ROOT/$id" ]
	done <<-'ROWS'
		{policy: "SCHED_OTHER", nice: 20}|nice: 20 is not from -20 to 19
		{policy: "SCHED_FIFO"}|SCHED_FIFO needs one from 1 to 99
		{policy: "SCHED_RR", priority: 100}|SCHED_RR needs one from 1 to 99
		{policy: "SCHED_BATCH", priority: 1}|priority: is for SCHED_FIFO and SCHED_RR
		{policy: "SCHED_OTHER", runtime: 1}|are for SCHED_DEADLINE only
		{policy: "SCHED_DEADLINE", runtime: 20, deadline: 10}|0 < runtime <= deadline <= period
		{policy: "SCHED_ISO"}|no kernel does it
		{policy: "SCHED_FAIR"}|SCHED_FAIR
		{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_QUICK"]}|flags: "SCHED_FLAG_QUICK" is none of
	ROWS
}

@test "process: a deadline beside startContainer hooks needs SCHED_FLAG_RESET_ON_FORK" {
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 10000000}'
	bundle_set '.hooks.startContainer = [{path: "/bin/true"}]'
	assert_fails 1 'needs SCHED_FLAG_RESET_ON_FORK' bivy create "$id"
}

@test "process: exec has the scheduler of its own process file" {
	start_container
	jq -n '{cwd: "/", args: ["cut", "-d", " ", "-f", "19", "/proc/self/stat"], scheduler: {policy: "SCHED_OTHER", nice: 3}}' >process.json
	assert_ok bivy exec --process process.json "$id"
	assert_equal "$output" 3
	assert_ok bivy exec "$id" cut -d ' ' -f 19 /proc/self/stat
	assert_equal "$output" 0
}

# --- ioPriority ---

@test "process: ioPriority is what ionice tells" {
	bundle_set '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	start_container
	assert_equal "$(ionice -p "$pid")" "best-effort: prio 6"
	bivy delete --force "$id"
	bundle_set '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	start_container
	assert_equal "$(ionice -p "$pid")" "idle"
}

@test "process: exec has the ioPriority of its own process file" {
	bundle_set '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	start_container
	jq -n '{cwd: "/", args: ["ionice"], ioPriority: {class: "IOPRIO_CLASS_RT", priority: 1}}' >process.json
	assert_ok bivy exec --process process.json "$id"
	assert_equal "$output" "realtime: prio 1"
}

@test "process: ioPriority beyond 7 and an unknown class are refused" {
	bundle_set '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
	assert_fails 1 'process\.ioPriority\.priority: 8 is not from 0' bivy create "$id"
	bundle_set '.process.ioPriority = {class: "IOPRIO_CLASS_BEST", priority: 1}'
	assert_fails 1 'ioPriority\.class.*IOPRIO_CLASS_BEST' bivy create "$id"
}

# --- execCPUAffinity ---

@test "process: execCPUAffinity.final is the CPUs of an exec, and not of the first process" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	bundle_set '.process.execCPUAffinity = {final: "1"}'
	start_container
	[ "$(cpus_of "$pid")" != 1 ]
	assert_ok bivy exec "$id" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
	assert_equal "$output" 1
}

@test "process: execCPUAffinity of a process file goes before config.json's" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	bundle_set '.process.execCPUAffinity = {final: "1"}'
	start_container
	jq -n '{cwd: "/", args: ["sed", "-n", "s/^Cpus_allowed_list:[[:space:]]*//p", "/proc/self/status"],
		execCPUAffinity: {initial: "1", final: "0"}}' >process.json
	assert_ok bivy exec --process process.json "$id"
	assert_equal "$output" 0
	jq 'del(.execCPUAffinity)' process.json >other.json
	assert_ok bivy exec --process other.json "$id"
	assert_equal "$output" 1
}

@test "process: execCPUAffinity.initial holds for our process before it is in the cgroup" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	command -v strace >/dev/null || skip "needs strace"
	start_container
	jq -n '{cwd: "/", args: ["true"], execCPUAffinity: {initial: "1"}}' >process.json
	strace -f -qq -e trace=sched_setaffinity,write -o trace "$BIVY" --root "$BIVY_ROOT" exec --process process.json "$id"
	# The set is the first of all writes that concern a cgroup: "0" is the writer.
	grep 'sched_setaffinity(0, [0-9]*, \[1[] ].* = 0' trace
	awk '/sched_setaffinity/ { set = NR } /write\(.*"0"/ && !entered { entered = NR } END { exit !(set && entered && set < entered) }' trace
}

@test "process: a list of CPUs that is none, or that has no CPU of this machine, is refused" {
	start_container
	jq -n '{cwd: "/", args: ["true"], execCPUAffinity: {final: "0-"}}' >process.json
	assert_fails 125 'execCPUAffinity\.final: "0-" is not a list' bivy exec --process process.json "$id"
	jq -n '{cwd: "/", args: ["true"], execCPUAffinity: {final: "4000"}}' >process.json
	assert_fails 125 'CPUs 4000: none of them is there' bivy exec --process process.json "$id"
	jq -n '{cwd: "/", args: ["true"], execCPUAffinity: {initial: "4000"}}' >process.json
	assert_fails 125 'CPUs 4000: none of them is there' bivy exec --process process.json "$id"
}

# --- personality ---

@test "process: personality LINUX32 shows a machine of 32 bits, to an exec too" {
	[ "$(uname -m)" = x86_64 ] || skip "the name is known for x86_64"
	bundle_set '.linux.personality = {domain: "LINUX32"}'
	start_container 'uname -m'
	has_said "$id" i686
	assert_ok bivy exec "$id" uname -m
	assert_equal "$output" i686
	assert_equal "$((0x$(<"/proc/$pid/personality") & 0xff))" 8
}

@test "process: personality LINUX is the usual one, whatever bivy runs as" {
	bundle_set '.linux.personality = {domain: "LINUX"} | .process.args = ["uname", "-m"]'
	run --separate-stderr setarch "$(uname -m)" --addr-no-randomize "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_ok
	start_container
	assert_equal "$(<"/proc/$pid/personality")" 00000000
}

@test "process: an unknown domain and any flag of a personality are refused" {
	bundle_set '.linux.personality = {domain: "LINUX64"}'
	assert_fails 1 'linux\.personality\.domain.*LINUX64' bivy create "$id"
	bundle_set '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	assert_fails 1 'linux\.personality\.flags: "ADDR_NO_RANDOMIZE"' bivy create "$id"
}

# --- memoryPolicy ---

# Every line of numa_maps tells the policy of its memory.
memory_policy_of() {
	cut -d ' ' -f 2 "/proc/$1/numa_maps" | sort -u
}

need_numa() {
	[ -e /proc/self/numa_maps ] || skip "the kernel is built without NUMA"
}

@test "process: memoryPolicy is the program's, and an exec's" {
	need_numa
	local mode want
	while read -r mode want; do
		bundle_set --arg mode "$mode" '.linux.memoryPolicy = {mode: $mode, nodes: "0"}'
		start_container
		memory_policy_of "$pid" | grep -qxF "$want" || { echo "$mode: $(memory_policy_of "$pid")" >&2; return 1; }
		assert_ok bivy exec "$id" cut -d ' ' -f 2 /proc/self/numa_maps
		grep -qxF "$want" <<<"$output"
		bivy delete --force "$id"
	done <<-'ROWS'
		MPOL_BIND bind:0
		MPOL_INTERLEAVE interleave:0
		MPOL_PREFERRED prefer:0
	ROWS
}

@test "process: memoryPolicy with flags, and the modes without nodes" {
	need_numa
	bundle_set '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	start_container
	memory_policy_of "$pid" | grep -qxF 'bind=static:0'
	bivy delete --force "$id"
	bundle_set '.linux.memoryPolicy = {mode: "MPOL_LOCAL"}'
	start_container
	memory_policy_of "$pid" | grep -qxF local
	bivy delete --force "$id"
	bundle_set '.linux.memoryPolicy = {mode: "MPOL_DEFAULT", nodes: ""}'
	start_container
	assert_equal "$(memory_policy_of "$pid")" default
}

@test "process: memoryPolicy: what cannot be is refused" {
	local wrong want
	while IFS='|' read -r wrong want; do
		bundle_set ".linux.memoryPolicy = $wrong"
		assert_fails 1 "$want" bivy create "$id" || { echo "$wrong" >&2; return 1; }
		[ ! -e "$BIVY_ROOT/$id" ]
	done <<-'ROWS'
		{mode: "MPOL_BIND"}|linux\.memoryPolicy\.nodes: MPOL_BIND needs a list
		{mode: "MPOL_LOCAL", nodes: "0"}|linux\.memoryPolicy\.nodes: MPOL_LOCAL takes none
		{mode: "MPOL_BIND", nodes: "0-x"}|linux\.memoryPolicy\.nodes: "0-x" is not a list
		{mode: "MPOL_BEST"}|linux\.memoryPolicy\.mode.*MPOL_BEST
		{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_FAST"]}|linux\.memoryPolicy\.flags: "MPOL_F_FAST"
		{mode: "MPOL_LOCAL", flags: ["MPOL_F_STATIC_NODES"]}|linux\.memoryPolicy\.flags: say how nodes are meant
		{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}|exclude each other
		{nodes: "0"}|mode
	ROWS
	need_numa
	bundle_set '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "900"}'
	assert_fails 1 'memory policy: MPOL_BIND: refused: no node of "900"' bivy create "$id"
}

# --- intelRdt ---

@test "process: intelRdt without resctrl, and one that is wrong, are refused; enableCMT is no member any more" {
	bundle_set '.linux.intelRdt = {memBwSchema: "L3:0=ff"}'
	assert_fails 1 'linux\.intelRdt\.memBwSchema: must be one line that begins with "MB:"' bivy create "$id"
	bundle_set '.linux.intelRdt = {closID: "../x"}'
	assert_fails 1 'linux\.intelRdt\.closID: "\.\./x"' bivy create "$id"
	bundle_set '.linux.intelRdt = {schemata: ["L3"]}'
	assert_fails 1 'linux\.intelRdt\.schemata: "L3"' bivy create "$id"
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "this machine has resctrl"
	bundle_set '.linux.intelRdt = {enableMonitoring: true, enableCMT: true}'
	assert_fails 1 'linux\.intelRdt: no resctrl is mounted' bivy create "$id"
	[ ! -e "$BIVY_ROOT/$id" ]
}

# The journal names what create made in resctrl, which this machine has none of.
@test "process: delete removes the monitored group, and the class that it is in" {
	local resctrl=$BATS_TEST_TMPDIR/resctrl
	assert_ok bivy create "$id"
	mkdir -p "$resctrl/class/group" "$resctrl/other"
	printf 'rdt %s\n' "$resctrl/class" "$resctrl/class/group" >>"$BIVY_ROOT/$id/journal"
	assert_ok bivy delete "$id"
	assert_equal "$(ls "$resctrl")" other
}

# --- AppArmor and SELinux ---

has_apparmor() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]
}

has_selinux() {
	grep -q 'selinuxfs$' /proc/filesystems
}

@test "process: a profile where there is no AppArmor is refused, but unconfined is what everything is there" {
	! has_apparmor || skip "this machine has AppArmor"
	bundle_set '.process.apparmorProfile = "some-profile"'
	assert_fails 1 'process\.apparmorProfile: "some-profile": this kernel runs without AppArmor' bivy create "$id"
	[ ! -e "$BIVY_ROOT/$id" ]
	bundle_set '.process.apparmorProfile = "unconfined"'
	assert_ok bivy run "$id"
}

@test "process: labels where there is no SELinux are refused" {
	! has_selinux || skip "this machine has SELinux"
	bundle_set '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	assert_fails 1 'process\.selinuxLabel: .*this kernel runs without SELinux' bivy create "$id"
	bundle_set 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0"'
	assert_fails 1 'linux\.mountLabel: .*this kernel runs without SELinux' bivy create "$id"
	bundle_set '.linux.mountLabel = "" | .process.selinuxLabel = "" | .process.apparmorProfile = ""'
	assert_ok bivy run "$id"
}

@test "process: exec with a profile where there is no AppArmor is refused" {
	! has_apparmor || skip "this machine has AppArmor"
	start_container
	jq -n '{cwd: "/", args: ["true"], apparmorProfile: "some-profile"}' >process.json
	assert_fails 125 'some-profile.*without AppArmor' bivy exec --process process.json "$id"
}
