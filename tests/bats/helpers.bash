# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034,SC2154  # jq programs in quotes; variables that the tests read, or that bats sets
# What every suite stands on, on this machine and in the virtual one (tests/vm): a bundle to run, the program with a state
# root of the test's own, assertions, and a teardown that fails the test when it left anything on the host.
#
#   load helpers
#
#   @test "a program's code is run's code" {
#   	setup_bundle; bundle_script 'exit 7'
#   	run bivy run "$(new_id)"
#   	[ "$status" -eq 7 ]
#   }
#
# $BIVY is the program (build/bivy of this checkout by default). A test has $BUNDLE, $BIVY_ROOT (the state root) and
# $BATS_TEST_TMPDIR. A suite with a teardown of its own calls clean_up in it, last.

bats_require_minimum_version 1.5.0

BIVY_TESTS=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BIVY=${BIVY:-${BIVY_TESTS%/*}/build/bivy}
BIVY_ROOT=${BATS_TEST_TMPDIR-}/root
BUNDLE=${BATS_TEST_TMPDIR-}/bundle

# A container must not wait for the terminal of whoever runs the suite.
[ ! -t 0 ] || exec </dev/null

# --- the program ---

# The program, with the test's own --root. Its output goes through files, because a container that outlives the command keeps
# the command's stdout and stderr, and `run` would wait for their end; so stderr comes after all of stdout. No command may take
# longer than BIVY_TIMEOUT seconds (124 tells that it did).
bivy() {
	local err=$BATS_TEST_TMPDIR/err.$BASHPID.$SRANDOM out=$BATS_TEST_TMPDIR/output.${*: -1} code=0
	case " $* " in
	*" create "* | *" run "*) [ ! -e "$out" ] || out=$err.out ;;
	*) out=$err.out ;;
	esac
	timeout --foreground -k 5 "${BIVY_TIMEOUT:-60}" "$BIVY" --root "$BIVY_ROOT" "$@" \
		>"$out" 2>"$err" 3>&- 4>&- || code=$?
	[ ! -s "$out" ] || cat "$out"
	[ ! -s "$err" ] || cat "$err" >&2
	return "$code"
}

# The same in the background, for a test that sends signals to the program itself: sets bivy_pid. Output: output_of ID.
bivy_background() {
	"$BIVY" --root "$BIVY_ROOT" "$@" >"$BATS_TEST_TMPDIR/output.${*: -1}" 2>&1 3>&- 4>&- &
	bivy_pid=$!
}

# What the container ID has written to its stdout until now.
output_of() {
	cat "$BATS_TEST_TMPDIR/output.$1"
}

# A name that no other test uses, and by which the teardown finds what is left of it.
new_id() {
	echo "$(id_prefix)$SRANDOM"
}

id_prefix() {
	echo "t-${BATS_RUN_TMPDIR##*-}-${BATS_TEST_TMPDIR##*/}-"
}

# --- the bundle ---

# $BUNDLE: a root file system of busybox (a directory a test may write to, but not through to the files' content: they are
# hard links to those of the other tests) and the config.json that `bivy spec` writes, without terminal, running `true`.
setup_bundle() {
	local made=$BATS_FILE_TMPDIR/bundle
	[ -d "$made" ] || make_bundle "$made"
	mkdir -p "$BUNDLE" "$BIVY_ROOT"
	cp -al "$made/rootfs" "$BUNDLE/"
	echo "$(<"$made/config.json")" >"$BUNDLE/config.json"
	cd "$BUNDLE" || return
}

# Once per file. The links are named as the host's busybox installs them: by its own path, which the root has, too.
make_bundle() {
	local new=$1.$BASHPID box
	box=$(command -v busybox) || { echo "the tests need busybox: install busybox-static" >&2; return 1; }
	mkdir -p "$new/rootfs"/{bin,dev,etc,proc,sys,tmp,root,usr}
	ln -s bin "$new/rootfs/sbin"
	ln -s ../bin "$new/rootfs/usr/bin"
	ln -s ../bin "$new/rootfs/usr/sbin"
	busybox --install -s "$new/rootfs/bin"
	rm -f "$new/rootfs/bin/busybox"
	cp -L "$box" "$new/rootfs/bin/busybox"
	if ldd "$box" >/dev/null 2>&1; then
		echo "$box is not static: install busybox-static" >&2
		return 1
	fi
	chmod 1777 "$new/rootfs/tmp"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1::/:/bin/false' 'guest:x:1000:1000::/home/guest:/bin/sh' \
		>"$new/rootfs/etc/passwd"
	printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'guest:x:1000:' 'disk:x:6:guest' >"$new/rootfs/etc/group"
	(cd "$new" && "$BIVY" spec) || return
	jq '.process.terminal = false | .process.args = ["true"]' "$new/config.json" >"$new/edited" || return
	mv "$new/edited" "$new/config.json"
	mv -T "$new" "$1" 2>/dev/null || [ -d "$1" ]
}

# Edits config.json: bundle_set JQ_OPTION... EXPRESSION
bundle_set() {
	local new
	new=$(jq "$@" <"$BUNDLE/config.json") && echo "$new" >"$BUNDLE/config.json"
}

# The program to run: its words, or a script for sh.
bundle_args() {
	bundle_set '.process.args = $ARGS.positional' --args -- "$@"
}

bundle_script() {
	bundle_args sh -c "$1"
}

# --- assertions ---
# Both take a command; without one they look at the last `run` (for assert_fails: `run --separate-stderr`).

assert_ok() {
	[ $# -eq 0 ] || run --separate-stderr "$@"
	[ "$status" -eq 0 ] || tell "exit code $status instead of 0"
}

# The exit code, and ONE line on stderr, which the extended regular expression matches: assert_fails CODE PATTERN [COMMAND...]
assert_fails() {
	local code=$1 pattern=$2
	shift 2
	[ $# -eq 0 ] || run --separate-stderr "$@"
	[ "$status" -eq "$code" ] || tell "exit code $status instead of $code" || return
	[ "${#stderr_lines[@]}" -eq 1 ] || tell "${#stderr_lines[@]} lines on stderr instead of one" || return
	[[ $stderr =~ $pattern ]] || tell "stderr is not like: $pattern"
}

# assert_equal GOT WANTED
assert_equal() {
	[ "$1" = "$2" ] || { printf 'got:    %s\nwanted: %s\n' "$1" "$2" >&2; return 1; }
}

tell() {
	printf '%s\ncommand: %s\nstdout: %s\nstderr: %s\n' "$1" "$BATS_RUN_COMMAND" "$output" "${stderr-}" >&2
	return 1
}

# wait_for COMMAND...: until it is true, BIVY_WAIT seconds at most (ten).
wait_for() {
	local end=$((SECONDS + ${BIVY_WAIT:-10}))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

state_of() {
	bivy state "$1" | jq -r .status
}

pid_of() {
	bivy state "$1" | jq -r .pid
}

# has_status ID STATUS
has_status() {
	[ "$(state_of "$1")" = "$2" ]
}

# The output of ID has a line that is (the whole of) $2.
has_said() {
	grep -qxF -e "$2" "$BATS_TEST_TMPDIR/output.$1"
}

# --- what this machine has ---

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

is_v2() {
	[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]
}

need_v2() {
	is_v2 || skip "needs a machine with cgroup v2 alone"
}

# The directory of the running container ID's cgroup; on v1 that of the controller's hierarchy.
cgroup_dir() {
	local id=$1 controller=$2 pid
	pid=$(pid_of "$id")
	if is_v2; then
		sed -n 's|^0::|/sys/fs/cgroup|p' "/proc/$pid/cgroup"
	else
		sed -nE "s%^[0-9]+:([^:]*,)?$controller(,[^:]*)?:%/sys/fs/cgroup/$controller%p" "/proc/$pid/cgroup"
	fi
}

# One file of the running container's cgroup, in either world: cgroup_file ID CONTROLLER V1FILE V2FILE
cgroup_file() {
	local file=$3
	! is_v2 || file=$4
	cat "$(cgroup_dir "$1" "$2")/$file"
}

# --- afterwards ---

teardown() {
	clean_up
}

# Deletes all containers of the test; then nothing of it may be left on the host.
clean_up() {
	local dir
	cd / || return
	for dir in "$BIVY_ROOT"/*/; do
		[ -d "$dir" ] || continue
		dir=${dir%/}
		bivy delete --force "${dir##*/}" >/dev/null || echo "delete --force ${dir##*/}: exit code $?" >&2
	done
	assert_clean || { let_go; return 1; }
}

# bats removes the test's directory afterwards, and with it what a mount left in there leads to: the host's own files.
let_go() {
	local at
	awk -v below="$BATS_TEST_TMPDIR/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r at; do
		umount -l "$at" || true
	done
}

# Nothing of this test's containers is on the host: no mount, cgroup, process, state. What is on its way out gets three seconds.
assert_clean() {
	local left end=$((SECONDS + 3))
	while :; do
		left=$(trap - DEBUG; leftovers) # without bats' trap, which is slow
		[ -n "$left" ] || return 0
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.1
	done
	printf 'left behind:\n%s\n' "$left" >&2
	return 1
}

# Everything is found by one of two words that only this test has: its directory's name and the beginning of its ids. Few
# programs look for all of it, because starting one is what takes long in the virtual machine.
leftovers() {
	local place=${BATS_RUN_TMPDIR##*/}/${BATS_TEST_TMPDIR#"$BATS_RUN_TMPDIR"/}/ key line mounts pids=' '
	key=$(id_prefix)
	mounts=$(grep -F -e "$place" -e "$key" /proc/self/mountinfo) || true
	[ -z "$mounts" ] || echo "mount: $mounts"
	while read -r line; do
		case $line in
		/sys/*) echo "cgroup: $line" ;;
		/proc/self/*) ;;
		/proc/*/mountinfo) [ -n "$mounts" ] || remember "$line" ;; # else every process sees the mount told above
		/proc/*) remember "$line" ;;
		*) echo "state: $line" ;;
		esac
	done < <(traces)
	for line in $pids; do
		leftover_process "$line"
	done
}

traces() {
	mkdir -p "$BIVY_ROOT"
	find /sys/fs/cgroup "$BIVY_ROOT" /proc/[0-9]*/{fd,cwd,root,exe} \( -path "/sys/*" -type d -name "*$key*" \) -o \
		-path "$BIVY_ROOT/[!.]*" -o \( -path "/proc/*" -lname "*/$place*" \)
	grep -lsF -e "$place" -e "$key" /proc/[0-9]*/{mountinfo,cgroup,cmdline}
} 2>/dev/null

# Adds the process of a path in /proc to leftovers' pids.
remember() {
	local pid=${1#/proc/}
	pid=${pid%%/*}
	case $pids in *" $pid "*) ;; *) pids+="$pid " ;; esac
}

# Tells of one, unless it is gone, a zombie (its parent's affair), or one of the shells that ask.
leftover_process() {
	local asks=$BASHPID line
	while [ "${asks:-0}" -gt 1 ]; do
		[ "$asks" != "$1" ] || return 0
		asks=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$asks/status")
	done
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	case ${line##*) } in Z*) return 0 ;; esac
	echo "process: $1 $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null)"
}
