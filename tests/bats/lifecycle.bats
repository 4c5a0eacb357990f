#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# runtime-spec, "Operations" and "Lifecycle": every operation in every state. What must be an error is one, in one line, and
# leaves the container exactly as it was.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# --- the states ---

be_absent() { :; }

be_created() {
	bundle_args sleep 600
	assert_ok bivy create "$id"
}

be_running() {
	be_created
	assert_ok bivy start "$id"
}

be_paused() {
	be_running
	assert_ok bivy pause "$id"
}

be_stopped() {
	be_running
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

# One without a process: it can be created, and that is all.
be_bare() {
	bundle_set 'del(.process)'
	assert_ok bivy create "$id"
}

# What a create leaves that was killed on its way.
be_debris() {
	bundle_set '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID"] }]'
	run bivy create --pid-file "$BATS_TEST_TMPDIR/pid" "$id"
	[ "$status" -eq 137 ]
	wait_for no_processes # INIT ends when it hears that HOST is gone
}

no_processes() {
	[ -z "$(find /sys/fs/cgroup -path "*/$id/cgroup.procs" -exec cat {} + 2>/dev/null)" ]
}

# --- what must not change ---

# All that can be seen of the container: its state, the files of its state, its cgroups, its processes and since when they run.
snapshot() {
	local p
	bivy state "$id" 2>&1 || true
	[ ! -e "$BIVY_ROOT/$id" ] || (cd "$BIVY_ROOT/$id" && find . -type f -exec sha256sum {} + -o -print | sort)
	find /sys/fs/cgroup -type d -path "*$id*" 2>/dev/null | sort | while read -r p; do
		echo "$p $(xargs <"$p/cgroup.procs")"
		cat "$p"/{pids.max,freezer.state,memory.limit_in_bytes,memory.max,cgroup.freeze} 2>/dev/null
	done
	for p in $(cat /sys/fs/cgroup/{,pids/}bivy/"$id"/cgroup.procs 2>/dev/null); do
		awk '{ print $1, $3 == "Z", $22 }' "/proc/$p/stat" 2>/dev/null
	done
}

# Each line: the operation's words (ID stands for the id), the exit code, and what its message is like.
refused() {
	local before after words code pattern state=$1
	"be_$state"
	before=$(snapshot)
	[ "$state" = absent ] || [ "$(wc -l <<<"$before")" -gt 3 ] # it can see something
	while IFS='|' read -r words code pattern; do
		# shellcheck disable=SC2086  # the words
		run "-$code" --separate-stderr bivy ${words//ID/$id} || return
		assert_fails "$code" "$pattern" || tell "$state: $words" || return
		after=$(snapshot)
		assert_equal "$after" "$before" || tell "$state: $words changed it" || return
	done
}

# --- the table ---

@test "lifecycle: one that does not exist" {
	refused absent <<-'EOF'
		state ID|1|does not exist
		start ID|1|does not exist
		kill ID|1|does not exist
		kill --all ID KILL|1|does not exist
		delete ID|1|does not exist
		exec ID true|125|does not exist
		pause ID|1|does not exist
		resume ID|1|does not exist
		update --pids-limit 5 ID|1|does not exist
		ps ID|1|does not exist
		events --stats ID|1|does not exist
		wait ID|125|does not exist
	EOF
	assert_ok bivy delete --force "$id"
}

@test "lifecycle: one that is created" {
	refused created <<-'EOF'
		create ID|1|already exists
		run ID|125|already exists
		resume ID|1|not paused
		kill ID NOSUCH|2|unknown signal
		exec ID /no/such/program|127|no such file
	EOF
	has_status "$id" created
	assert_ok bivy start "$id"
	has_status "$id" running
}

@test "lifecycle: one that runs" {
	refused running <<-'EOF'
		create ID|1|already exists
		run ID|125|already exists
		start ID|1|already running
		delete ID|1|not stopped: it is running
		resume ID|1|not paused
		kill ID NOSUCH|2|unknown signal
		kill ID 65|2|unknown signal
	EOF
	assert_ok bivy kill "$id" 0
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

@test "lifecycle: one that is paused" {
	refused paused <<-'EOF'
		create ID|1|already exists
		start ID|1|in the paused state
		delete ID|1|not stopped: it is paused
		pause ID|1|not running.*paused already
		exec ID true|125|cannot exec in a paused container
	EOF
	assert_ok bivy resume "$id"
	has_status "$id" running
}

@test "lifecycle: one that has stopped" {
	refused stopped <<-'EOF'
		create ID|1|already exists
		run ID|125|already exists
		start ID|1|cannot start a container that has stopped
		kill ID|1|container not running
		kill ID KILL|1|container not running
		exec ID true|125|cannot exec in a stopped container
		pause ID|1|not running
		resume ID|1|not paused
		update --pids-limit 5 ID|1|not running
		events --stats ID|1|not running
	EOF
	assert_ok bivy delete "$id"
	assert_fails 1 'does not exist' bivy state "$id"
}

@test "lifecycle: one without a process: created, never started" {
	refused bare <<-'EOF'
		start ID|1|no process in its config.json
		create ID|1|already exists
		exec ID true|125|no process in its config.json; use --process
		resume ID|1|not paused
	EOF
	has_status "$id" created
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
}

@test "lifecycle: one whose create was killed on its way" {
	refused debris <<-'EOF'
		create ID|1|already exists
		state ID|1|interrupted
		start ID|1|not created yet
		kill ID|1|not created yet
		exec ID true|125|not created yet
		delete ID|1|delete --force
		pause ID|1|not created yet
		resume ID|1|not paused
	EOF
	assert_ok bivy delete --force "$id"
}

# While create is at work: `creating`. What would need the container waits for it, and gives up after ten seconds.
@test "lifecycle: one that is being created" {
	local go=$BATS_TEST_TMPDIR/go words n=0 jobs=() status
	bundle_args sleep 600
	bundle_set --arg go "$go" '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", "touch \($go).at; while [ ! -e \($go) ]; do sleep 0.1; done"],
		env: ["PATH=/bin:/usr/bin"] }]'
	bivy_background create "$id"
	wait_for test -e "$go.at"
	assert_equal "$(bivy state "$id" | jq -r .status)" creating
	assert_fails 1 'already exists' bivy create "$id"
	assert_fails 1 'not created yet' bivy kill "$id"
	assert_fails 125 'not created yet' bivy exec "$id" true
	for words in start delete pause; do
		bivy "$words" "$id" >"$BATS_TEST_TMPDIR/said.$words" 2>&1 3>&- 4>&- &
		jobs+=($!)
	done
	for words in start delete pause; do
		status=0
		wait "${jobs[n++]}" || status=$?
		assert_equal "$words $status" "$words 1"
		grep -q 'being worked on by another command' "$BATS_TEST_TMPDIR/said.$words"
	done
	touch "$go"
	wait "$bivy_pid"
	has_status "$id" created
	assert_ok bivy start "$id"
	has_status "$id" running
}

# --- create ---

@test "lifecycle: create without an id, without a bundle, with what cannot be: no container exists afterwards" {
	assert_fails 2 'ID' bivy create
	assert_fails 1 'config.json: No such file' bivy create --bundle "$BATS_TEST_TMPDIR/none" "$id"
	for bad in a/b .. . '' 'a b' 'ä'; do
		assert_fails 2 'invalid container ID' "$BIVY" --root "$BIVY_ROOT" create "$bad"
	done
	while IFS='~' read -r change pattern; do
		cp config.json "$BATS_TEST_TMPDIR/config.json"
		bundle_set "$change"
		assert_fails 1 "$pattern" bivy create "$id" || tell "$change"
		[ ! -e "$BIVY_ROOT/$id" ]
		[ -z "$(find /sys/fs/cgroup -type d -path "*$id*" 2>/dev/null)" ]
		cp "$BATS_TEST_TMPDIR/config.json" config.json
	done <<-'EOF'
		.root.path = "nowhere"~invalid rootfs
		.ociVersion = "2.0.0"~ociVersion
		.linux.namespaces += [{ type: "pid" }]~same type is given twice
		.linux.namespaces |= map(if .type == "ipc" then .path = "/proc/self/ns/net" else . end)~not an? ipc namespace
		.process.rlimits = [{ type: "RLIMIT_NOSUCH", soft: 1, hard: 1 }]~RLIMIT_NOSUCH
		.process.rlimits = [{ type: "RLIMIT_CORE", soft: 1, hard: 1 }, { type: "RLIMIT_CORE", soft: 1, hard: 1 }]~twice
		.linux.cgroupsPath = "../x"~cgroupsPath
		.linux.resources.pids.limit = "x"~pids.limit
		.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1 }~defaultErrnoRet
		.process.args = ["/no/such/program"]~/no/such/program
		.mounts += [{ destination: "/x", type: "none", source: "/no/such/source", options: ["bind"] }]~/no/such/source
	EOF
	assert_equal "$(bivy list -q)" ''
}

@test "lifecycle: later edits of config.json have no effect" {
	bundle_script 'echo first'
	assert_ok bivy create "$id"
	bundle_script 'echo second'
	bundle_set '.hooks.poststart = [{ path: "/bin/false" }] | .annotations = { a: "b" }'
	assert_ok bivy start "$id"
	wait_for has_status "$id" stopped
	assert_equal "$(output_of "$id")" first
	assert_equal "$(bivy state "$id" | jq -r '.annotations.a // "none"')" none
}

@test "lifecycle: what create made is gone after delete, and the id may be used again" {
	local n before
	before=$(find /sys/fs/cgroup -type d 2>/dev/null | wc -l; wc -l </proc/self/mountinfo)
	for n in 1 2 3; do
		bundle_script "echo $n"
		assert_ok bivy create "$id"
		assert_ok bivy start "$id"
		wait_for has_status "$id" stopped
		assert_ok bivy delete "$id"
		assert_fails 1 'does not exist' bivy state "$id"
		rm "$BATS_TEST_TMPDIR/output.$id"
	done
	[ ! -e "$BIVY_ROOT/$id" ]
}

@test "lifecycle: every signal of kill is the container's process's" {
	local signal
	bundle_set 'del(.linux.namespaces[] | select(.type == "pid"))'
	for signal in HUP SIGINT 10 usr2 SIGTERM RTMIN+3; do
		bundle_script 'trap "" TTOU; for s in HUP INT USR1 USR2 TERM 37; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.02; done'
		[ ! -e "$BATS_TEST_TMPDIR/output.$id" ] || rm "$BATS_TEST_TMPDIR/output.$id"
		assert_ok bivy create "$id"
		assert_ok bivy start "$id"
		wait_for has_said "$id" ready
		assert_ok bivy kill "$id" "$signal"
		case $signal in HUP) want=HUP ;; *INT) want=INT ;; 10) want=USR1 ;; usr2) want=USR2 ;; *TERM) want=TERM ;; *) want=37 ;; esac
		wait_for has_said "$id" "got $want"
		has_status "$id" running
		assert_ok bivy delete --force "$id"
	done
}

# --- unknown properties ---

@test "lifecycle: unknown properties are ignored, with a line for --debug each" {
	bundle_set '.nosuch = 1 | .process.zzzzzz = {} | .linux.qqqqqq = [[]] | .linux.resources.xxxxxx = null
		| .annotations["org.opencontainers.unheard.of"] = "x" | .mounts[0].yyyyyy = "deep" | .vm = { kernel: {} } | .windows = { a: 1 }'
	bundle_args true
	run --separate-stderr bivy run "$id"
	assert_equal "$status $stderr" '0 '
	run --separate-stderr bivy --debug run "$id"
	assert_equal "$status" 0
	for key in nosuch zzzzzz qqqqqq xxxxxx yyyyyy; do
		grep -qE "^bivy: debug: .*\"$key\" is unknown and has no effect" <<<"$stderr" || tell "$key"
	done
	bundle_set '.process.nosuch = 1 | .process'
	mv config.json "$BATS_TEST_TMPDIR/process.json"
	rm -rf "$BUNDLE"
	setup_bundle
	be_running
	run --separate-stderr bivy --debug exec --process "$BATS_TEST_TMPDIR/process.json" "$id"
	assert_equal "$status" 0
	grep -qE '^bivy: debug: .*"nosuch" is unknown and has no effect' <<<"$stderr"
}
