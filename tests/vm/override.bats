#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts in quotes; variables that bats sets
# cgroup_v2_override of a raw_exec task, in force: its own cgroup below the one that is named, whoever made that and whatever
# else is in it. Runs inside the virtual machine (tests/vm/run), or on any machine that has cgroup v2 alone and gives it to root.

load ../bats/helpers

setup() {
	need_root
	need_v2
	[[ $BIVY == */bivy ]] || skip "$BIVY has no tasks"
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
	id=$(new_id)
	named=over-$id
	slice=over$SRANDOM.slice # each - would be a level
	echo 'plugin "raw_exec" { config { enabled = true } }' >agent.hcl
}

teardown() {
	[ -z "${other-}" ] || kill "$other" || true
	[ -z "${other-}" ] || wait "$other" || true
	systemctl --quiet stop "$slice" 2>/dev/null || true
	[ ! -d "/sys/fs/cgroup/$named" ] || rmdir "/sys/fs/cgroup/$named"
	clean_up
}

# job PATH SCRIPT: job.hcl, its task below PATH
job() {
	cat >job.hcl <<-EOF
		task "raw" {
		  driver = "raw_exec"
		  config {
		    command            = "/bin/sh"
		    args               = ["-c", "$2"]
		    cgroup_v2_override = "$1"
		  }
		}
	EOF
}

up() {
	run --separate-stderr bivy up --client agent.hcl --id "$id" job.hcl
}

# The cgroup that is named has no other below it.
has_none_below() {
	assert_equal "$(find "$1" -mindepth 1 -type d)" ''
}

@test "override: a cgroup of the task's own below it, gone with all of its processes" {
	mkdir "/sys/fs/cgroup/$named"
	job "$named" 'cat /proc/self/cgroup; setsid sleep 601 & exit 5'
	up
	[ "$status" -eq 5 ] || tell "exit code $status instead of 5"
	[[ $output == "0::/$named/raw."* ]]
	has_none_below "/sys/fs/cgroup/$named"
}

@test "override: its limit ends the task, and the summary says that memory ran out" {
	mkdir "/sys/fs/cgroup/$named"
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo 16777216 >"/sys/fs/cgroup/$named/memory.max"
	echo 0 >"/sys/fs/cgroup/$named/memory.swap.max"
	job "/sys/fs/cgroup/$named" 'exec tail /dev/zero'
	up
	[ "$status" -eq 137 ] || tell "exit code $status instead of 137"
	[[ $stderr == *"out of memory"* ]] || tell "nothing of memory"
	has_none_below "/sys/fs/cgroup/$named"
}

@test "override: a slice of systemd's" {
	systemctl start "$slice"
	job "$slice" 'cat /proc/self/cgroup; exit 6'
	up
	[ "$status" -eq 6 ] || tell "exit code $status instead of 6"
	[[ $output == "0::/$slice/raw."* ]] || tell "another cgroup"
	has_none_below "/sys/fs/cgroup/$slice"
}

# cgroups(7), "no internal processes"
@test "override: one with processes of its own cannot limit the task, and that is said; they live on" {
	mkdir "/sys/fs/cgroup/$named"
	sleep 600 3>&- 4>&- &
	other=$!
	echo "$other" >"/sys/fs/cgroup/$named/cgroup.procs"
	job "$named" 'exit 7'
	up
	[ "$status" -eq 125 ] || tell "exit code $status instead of 125"
	[[ $stderr == *"$named has processes of its own"*"move them"* ]] || tell "another reason"
	has_none_below "/sys/fs/cgroup/$named"
	kill -0 "$other"
}
