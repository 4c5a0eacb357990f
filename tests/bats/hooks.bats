#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# Hooks: each of the six kinds where it runs, what it is told, and what becomes of the container when it fails, hangs, floods its
# standard error, kills its parent, or does not listen (runtime-spec, "POSIX-platform Hooks" and "Lifecycle").

load helpers

kinds='prestart createRuntime createContainer startContainer poststart poststop'

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	log=$BATS_TEST_TMPDIR/log
	bundle_set '.root.readonly = false'
	bundle_script 'echo ready; exec sleep 600'
}

# --- what these tests share ---

# hook KIND SCRIPT [TIMEOUT]: adds one; the shell is the host's, for startContainer the container's.
hook() {
	bundle_set --arg kind "$1" --arg script "$2" --argjson timeout "${3:-null}" '.hooks[$kind] += [
		{ path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] }
		+ if $timeout then { timeout: $timeout } else {} end]'
}

no_hooks() {
	bundle_set 'del(.hooks)'
}

# The commands up to the one in which hooks of a kind run; that one's result is what `run` leaves.
until_hook() {
	case $1 in
	prestart | createRuntime | createContainer) ;;
	startContainer | poststart | poststop) bivy create "$id" || return ;;
	esac
	case $1 in
	startContainer | poststart) run --separate-stderr bivy start "$id" ;;
	poststop) run --separate-stderr bivy delete --force "$id" ;;
	*) run --separate-stderr bivy create "$id" ;;
	esac
}

gone() {
	[ ! -e "$BIVY_ROOT/$id" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null)" ]
}

# A command line that no other process of the machine has.
unique() {
	mark=6.$SRANDOM
}

no_process() {
	! grep -lsF -- "$1" /proc/[0-9]*/cmdline
}

lines_of() {
	[ ! -e "$1" ] || xargs <"$1"
}

# --- where, when, with what ---

@test "hooks: each kind runs once, in the order of the lifecycle, two of a kind in the order of the list" {
	local kind
	for kind in $kinds; do
		case $kind in
		startContainer) hook $kind 'echo startContainer >>/tmp/log'; hook $kind 'echo startContainer2 >>/tmp/log' ;;
		*) hook $kind "echo $kind >>$log"; hook $kind "echo ${kind}2 >>$log" ;;
		esac
	done
	assert_ok bivy create "$id"
	assert_equal "$(lines_of "$log")" 'prestart prestart2 createRuntime createRuntime2 createContainer createContainer2'
	[ ! -e "$BUNDLE/rootfs/tmp/log" ]
	: >"$log"
	bundle_set '.hooks.poststart = []' # the bundle's file has no effect any more
	assert_ok bivy start "$id"
	assert_equal "$(lines_of "$BUNDLE/rootfs/tmp/log")" 'startContainer startContainer2'
	assert_equal "$(lines_of "$log")" 'poststart poststart2'
	wait_for has_said "$id" ready
	: >"$log"
	assert_ok bivy delete --force "$id"
	assert_equal "$(lines_of "$log")" 'poststop poststop2'
}

@test "hooks: startContainer's are through before the program runs, poststart's see it run" {
	bundle_script 'cat /tmp/done; echo ready; exec sleep 600'
	hook startContainer 'sleep 0.3; echo done >/tmp/done'
	hook poststart "tr '\\0' ' ' </proc/\$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')/cmdline >$log"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	assert_equal "$(output_of "$id" | head -1)" 'done'
	[[ $(<"$log") != *bivy-init* ]]
	[[ $(<"$log") =~ ^(sh|cat|sleep)\  ]]
}

@test "hooks: namespaces: those of the runtime, or of the container" {
	local kind pid all='for n in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$n; done' host inside
	for kind in $kinds; do
		case $kind in
		startContainer) hook $kind "($all) >/tmp/startContainer" ;;
		*) hook $kind "($all) >$log.$kind" ;;
		esac
	done
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	host=$(eval "$all")
	pid=$(pid_of "$id")
	inside=$(eval "${all//self/$pid}")
	[ "$host" != "$inside" ]
	assert_ok bivy delete --force "$id"
	for kind in prestart createRuntime poststart poststop; do
		assert_equal "$kind $(<"$log.$kind")" "$kind $host"
	done
	assert_equal "$(<"$log.createContainer")" "$inside"
	assert_equal "$(<"$BUNDLE/rootfs/tmp/startContainer")" "$inside"
}

@test "hooks: the state on standard input: one line, its status, and the pid as the hook sees it" {
	local kind pid
	for kind in $kinds; do
		case $kind in
		startContainer) hook $kind 'cat >/tmp/startContainer' ;;
		*) hook $kind "cat >$log.$kind" ;;
		esac
	done
	bundle_set '.annotations = { "a/b": "c/d \u00e9\n\"" }'
	assert_ok bivy create "$id"
	pid=$(pid_of "$id")
	assert_ok bivy start "$id"
	assert_ok bivy delete --force "$id"
	mv "$BUNDLE/rootfs/tmp/startContainer" "$log.startContainer"
	for kind in $kinds; do
		assert_equal "$(wc -l <"$log.$kind")" 1
		[[ $(<"$log.$kind") != *'\/'* ]]
		jq -e --arg id "$id" --arg bundle "$BUNDLE" '.id == $id and .bundle == $bundle and .ociVersion == "1.3.0"
			and .annotations == { "a/b": "c/d \u00e9\n\"" }' "$log.$kind" >/dev/null
	done
	assert_equal "$(for kind in $kinds; do jq -r --arg kind $kind '"\($kind) \(.status) \(.pid)"' "$log.$kind"; done)" \
		"prestart created $pid
createRuntime created $pid
createContainer created 1
startContainer created 1
poststart running $pid
poststop stopped 0"
}

@test "hooks: the path is the host's, for startContainer the container's" {
	printf '#!/bin/sh\necho here >>%s\n' "$log" >"$BATS_TEST_TMPDIR/only-on-the-host"
	printf '#!/bin/sh\necho inside >>/tmp/log\n' >"$BUNDLE/rootfs/tmp/only-inside"
	chmod +x "$BATS_TEST_TMPDIR/only-on-the-host" "$BUNDLE/rootfs/tmp/only-inside"
	bundle_set --arg host "$BATS_TEST_TMPDIR/only-on-the-host" '.hooks = {
		createContainer: [{ path: $host }], poststart: [{ path: $host }], startContainer: [{ path: "/tmp/only-inside" }] }'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	assert_equal "$(lines_of "$log")" 'here here'
	assert_equal "$(<"$BUNDLE/rootfs/tmp/log")" inside
	bundle_set --arg host "$BATS_TEST_TMPDIR/only-on-the-host" '.hooks = { startContainer: [{ path: $host }] }'
	assert_ok bivy delete --force "$id"
	assert_ok bivy create "$id"
	assert_fails 1 "hooks startContainer: $BATS_TEST_TMPDIR/only-on-the-host: No such file or directory" bivy start "$id"
}

@test "hooks: exactly their arguments and environment, three descriptors, no signal ignored or blocked" {
	local kind look='#!/bin/sh
		{ tr "\0" "\n" </proc/self/cmdline; tr "\0" "\n" </proc/self/environ; read -r self _ </proc/self/stat
		ls "/proc/$self/fd"; grep -E "^Sig(Blk|Ign)" /proc/self/status; }'
	echo "$look >>$log.\$2" >"$BATS_TEST_TMPDIR/look"
	echo "$look >>/tmp/look.log" >"$BUNDLE/rootfs/tmp/look"
	chmod +x "$BATS_TEST_TMPDIR/look" "$BUNDLE/rootfs/tmp/look"
	bundle_set --arg path "$BATS_TEST_TMPDIR/look" '.hooks = ([["prestart", "createRuntime", "createContainer", "poststart", "poststop"][]
		| { (.): [{ path: $path, args: ["called so", "x", .], env: ["PATH=/usr/bin:/bin", "A=b c"] }] }] | add)
		+ { startContainer: [{ path: "/tmp/look", args: ["called so", "x", "y"], env: ["PATH=/bin", "A=b c"] }] }'
	(
		trap '' USR1 PIPE
		exec 5</dev/null
		assert_ok bivy create "$id"
		assert_ok bivy start "$id"
		assert_ok bivy delete --force "$id"
	)
	for kind in prestart createRuntime createContainer poststart poststop; do
		# the shell itself has its script, and its own stdout meanwhile, on descriptors above 9
		assert_equal "$(grep -vx 1. "$log.$kind" | xargs)" \
			"/bin/sh $BATS_TEST_TMPDIR/look x $kind PATH=/usr/bin:/bin A=b c 0 1 2 SigBlk: 0000000000000000 SigIgn: 0000000000000000"
	done
	assert_equal "$(grep -vx 1. "$BUNDLE/rootfs/tmp/look.log" | xargs)" \
		"/bin/sh /tmp/look x y PATH=/bin A=b c 0 1 2 SigBlk: 0000000000000000 SigIgn: 0000000000000000"
}

@test "hooks: without args the path alone, without env nothing" {
	printf '#!/bin/sh\ntr "\\0" "\\n" </proc/self/cmdline >%s; tr "\\0" "\\n" </proc/self/environ >>%s; echo $# >>%s\n' \
		"$log" "$log" "$log" >"$BATS_TEST_TMPDIR/look"
	chmod +x "$BATS_TEST_TMPDIR/look"
	bundle_set --arg path "$BATS_TEST_TMPDIR/look" '.hooks.createRuntime = [{ path: $path }]'
	(export A=b; assert_ok bivy create "$id")
	assert_equal "$(xargs <"$log")" "/bin/sh $BATS_TEST_TMPDIR/look 0"
}

@test "hooks: before the root is entered its mounts are there, and what a hook mounts in it stays" {
	local kind
	mkdir -p "$BUNDLE/rootfs/mnt" "$BUNDLE/rootfs/opt"
	bundle_script 'cat /mnt/file /opt/file; readlink /proc/self/ns/mnt; echo ready; exec sleep 600'
	hook createRuntime "pid=\$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); cp /proc/\$pid/mountinfo $log
		nsenter -t \$pid -m sh -c 'mount -t tmpfs hooked $BUNDLE/rootfs/opt; echo runtime >$BUNDLE/rootfs/opt/file'"
	hook createContainer "mount -t tmpfs hooked $BUNDLE/rootfs/mnt; echo container >$BUNDLE/rootfs/mnt/file"
	assert_ok bivy create "$id"
	grep -q " $BUNDLE/rootfs/proc .* proc " "$log"
	awk '$5 == "/"' "$log" | grep -q . # the host's root is still the root
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	assert_equal "$(output_of "$id" | head -2 | xargs)" 'container runtime'
	[ -z "$(find "$BUNDLE"/rootfs/mnt "$BUNDLE"/rootfs/opt -type f)" ]
}

# --- success ---

@test "hooks: one of each kind that succeeds, and prints a lot, says nothing" {
	local kind
	for kind in $kinds; do
		hook $kind 'i=0; while [ $i -lt 20000 ]; do echo "line $i"; echo "error $i" >&2; i=$((i + 1)); done'
	done
	for kind in create start 'delete --force'; do
		# shellcheck disable=SC2086  # two words
		assert_ok bivy $kind "$id"
		assert_equal "$stderr" ''
	done
}

# --- failure ---

@test "hooks: one that fails in create undoes it, says why, and the poststop hooks follow" {
	local kind
	for kind in prestart createRuntime createContainer; do
		no_hooks
		rm -f "$log"
		hook $kind "echo so it is >&2; exit 3"
		hook $kind "echo never >>$log"
		hook poststop "grep -q '\"status\":\"stopped\"' && ! ls -d $BIVY_ROOT/$id && echo poststop >>$log"
		hook poststop "echo poststop2 >>$log"
		assert_fails 1 "hook /bin/sh \($kind #0\): exit status 3: so it is$" bivy create "$id"
		gone
		assert_equal "$(lines_of "$log")" 'poststop poststop2'
	done
}

@test "hooks: a create that fails before any hook runs none" {
	hook createRuntime "echo createRuntime >>$log"
	hook poststop "echo poststop >>$log"
	bundle_set '.mounts += [{ destination: "/x", type: "nosuchfs", source: "x" }]'
	assert_fails 1 nosuchfs bivy create "$id"
	gone
	[ ! -e "$log" ]
}

@test "hooks: a create that fails behind its hooks is followed by poststop" {
	hook createRuntime "echo createRuntime >>$log"
	hook poststop "echo poststop >>$log"
	bundle_args /no/such/program
	assert_fails 1 '/no/such/program' bivy create "$id"
	gone
	assert_equal "$(lines_of "$log")" 'createRuntime poststop'
}

@test "hooks: one that fails in start ends and removes the container, and the poststop hooks follow" {
	local kind
	for kind in startContainer poststart; do
		no_hooks
		rm -f "$log"
		hook $kind 'echo so it is >&2; exit 3'
		hook poststop "echo poststop >>$log"
		assert_ok bivy create "$id"
		assert_fails 1 "$kind.*: exit status 3: so it is$" bivy start "$id"
		gone
		assert_equal "$(lines_of "$log")" poststop
		# and the same id may be used again
		no_hooks
		assert_ok bivy create "$id"
		assert_ok bivy delete "$id"
	done
	hook startContainer 'exit 3'
	bundle_script 'echo ran'
	assert_ok bivy create "$id"
	run bivy start "$id"
	assert_equal "$(output_of "$id")" ''
}

@test "hooks: run, too, says it once and leaves nothing" {
	local kind
	for kind in $kinds; do
		no_hooks
		hook $kind 'echo so it is >&2; exit 3'
		[ $kind = poststop ] || { assert_fails 125 "$kind.*: exit status 3: so it is$" bivy run "$id"; gone; continue; }
		bundle_args true
		run --separate-stderr bivy run "$id"
		assert_equal "$status" 0
		[[ $stderr =~ ^bivy:\ warning:\ hook\ /bin/sh\ \(poststop\ #0\):\ exit\ status\ 3:\ so\ it\ is$ ]]
		gone
	done
}

@test "hooks: poststop: all run even if one fails, is missing, or is killed; exit code 0" {
	hook poststop 'exit 9'
	bundle_set '.hooks.poststop += [{ path: "/no/such/hook" }]'
	hook poststop 'kill -9 $$'
	hook poststop "echo last >>$log"
	assert_ok bivy create "$id"
	run --separate-stderr bivy delete "$id"
	assert_equal "$status" 0
	assert_equal "${#stderr_lines[@]}" 3
	[[ ${stderr_lines[0]} =~ warning:.*'(poststop #0): exit status 9' ]]
	[[ ${stderr_lines[1]} =~ warning:.*'/no/such/hook (poststop #1): No such file or directory' ]]
	[[ ${stderr_lines[2]} =~ warning:.*'(poststop #2): killed by signal 9' ]]
	gone
	assert_equal "$(lines_of "$log")" last
}

@test "hooks: one that hangs is killed at its timeout, with what it started, whatever it prints" {
	local kind begin
	for kind in $kinds; do
		for script in 'echo slow >&2; sleep 1@ & exec sleep 2@' 'yes slow >&2 & yes slow; sleep 1@'; do
			no_hooks
			unique
			hook $kind "${script//@/$mark}" 1
			begin=$SECONDS
			until_hook $kind
			[ $((SECONDS - begin)) -lt 10 ] # the sanitizers' builds are slow
			case $kind in
			poststop) assert_equal "$status" 0 ;;
			*) assert_equal "$status" 1 ;;
			esac
			[[ $stderr =~ $kind.*timeout\ of\ 1\ s.*:\ .*slow ]] || tell "$kind"
			gone
			wait_for no_process "$mark"
			wait_for no_process "yes"$'\0'"slow"
		done
	done
}

@test "hooks: of one that floods its standard error the last lines are in the message, which is one line" {
	local kind
	for kind in $kinds; do
		no_hooks
		hook $kind 'i=0; while [ $i -lt 20000 ]; do echo "line $i" >&2; i=$((i + 1)); done; exit 4'
		until_hook $kind
		assert_equal "${#stderr_lines[@]}" 1
		[[ $stderr =~ $kind.*exit\ status\ 4:\ line\ 19997\;\ line\ 19998\;\ line\ 19999$ ]] || tell "$kind"
		gone
	done
}

@test "hooks: a line without end is cut, at its beginning" {
	local kind
	for kind in createRuntime startContainer; do
		no_hooks
		hook $kind 'head -c 300000 /dev/zero | tr "\0" x >&2; printf "\033[1mend" >&2; exit 4'
		until_hook $kind
		assert_equal "${#stderr_lines[@]}" 1
		[[ $stderr =~ exit\ status\ 4:\ x+\ \[1mend$ ]]
		[ "${#stderr}" -lt 900 ]
		gone
	done
}

@test "hooks: the log file has that line as JSON" {
	hook createRuntime 'printf "a \"quoted\" \\\\ line\n\ttwo\n" >&2; exit 4'
	run bivy --log "$log" --log-format json create "$id"
	assert_equal "$(jq -r '.level + ": " + .msg' "$log")" \
		'error: hooks createRuntime: hook /bin/sh (createRuntime #0): exit status 4: a "quoted" \ line; two'
}

# --- who kills its parent ---

@test "hooks: one that kills its parent in create leaves nothing that delete --force does not clear up" {
	local kind
	for kind in prestart createRuntime; do
		no_hooks
		unique
		hook $kind "kill -9 \$PPID; exec sleep 0.$mark"
		run bivy create "$id"
		[ "$status" -ne 0 ]
		assert_ok bivy delete --force "$id"
		gone
		no_hooks
		hook $kind 'kill -9 $PPID'
		run bivy create --pid-file "$BATS_TEST_TMPDIR/pid" "$id"
		assert_equal "$status" 137
		assert_ok bivy delete --force "$id"
		gone
	done
}

@test "hooks: createContainer's cannot kill its parent, the first process of its namespace" {
	hook createContainer 'kill -9 $PPID; kill -9 1; true'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
}

@test "hooks: without a namespace of pids it can, and create fails and undoes everything" {
	bundle_set 'del(.linux.namespaces[] | select(.type == "pid"))'
	unique
	hook createContainer "kill -9 \$PPID; exec sleep 1$mark"
	assert_fails 1 "first process is gone" bivy create "$id"
	gone
	wait_for no_process "1$mark"
}

@test "hooks: startContainer's cannot, but end it by SIGTERM: start says so, and the container is gone" {
	hook startContainer 'kill -9 1'
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	assert_ok bivy delete --force "$id"
	no_hooks
	rm "$BATS_TEST_TMPDIR/output.$id"
	bundle_script 'echo ran'
	hook startContainer 'kill -TERM $PPID; sleep 5'
	assert_ok bivy create "$id"
	assert_fails 1 'killed while its startContainer hooks ran' bivy start "$id"
	gone
	assert_equal "$(output_of "$id")" ''
}

@test "hooks: poststart's that kills start leaves a running container" {
	hook poststart 'kill -9 $PPID'
	assert_ok bivy create "$id"
	run bivy start "$id"
	assert_equal "$status" 137
	has_status "$id" running
	assert_ok bivy delete --force "$id"
	gone
}

@test "hooks: poststop's that kills delete does so when nothing is left" {
	hook poststop 'kill -9 $PPID'
	assert_ok bivy create "$id"
	run bivy delete "$id"
	assert_equal "$status" 137
	gone
}

# --- standard input ---

# 300 KB of annotations: more than a pipe holds.
@test "hooks: who reads all of a large state gets all of it, who reads none or a part is not in the way" {
	local kind
	bundle_set '.annotations = ([range(300) | { ("key\(.)"): ("x" * 1000) }] | add)'
	for kind in $kinds; do
		case $kind in
		startContainer) hook $kind 'cat >/tmp/startContainer' ;;
		*) hook $kind "cat >$log.$kind" ;;
		esac
		hook $kind 'true'
		hook $kind 'exec <&-; sleep 0.1'
		hook $kind 'head -c 10 >/dev/null'
	done
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	run --separate-stderr bivy delete --force "$id"
	assert_equal "$status $stderr" '0 '
	mv "$BUNDLE/rootfs/tmp/startContainer" "$log.startContainer"
	for kind in $kinds; do
		jq -e '.annotations | length == 300 and all(length == 1000)' "$log.$kind" >/dev/null
	done
}

@test "hooks: what one leaves in the background is not waited for, though it has its streams" {
	local kind begin=$SECONDS
	unique
	for kind in $kinds; do
		hook $kind "sleep 2$mark & exit 0"
	done
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	assert_ok bivy delete --force "$id"
	[ $((SECONDS - begin)) -lt 20 ]
	pkill -f "^sleep 2$mark"
	wait_for no_process "2$mark"
}

@test "hooks: of poststart may ask for the container: state, exec, kill" {
	hook poststart "export ASAN_OPTIONS=detect_leaks=0; $BIVY --root $BIVY_ROOT state $id >$log; $BIVY --root $BIVY_ROOT exec $id echo inside >>$log; $BIVY --root $BIVY_ROOT kill $id KILL"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	grep -q '"status": "running"' "$log"
	assert_equal "$(tail -1 "$log")" inside
	wait_for has_status "$id" stopped
}
