# stage.bash: the stage on which an engine plays, sourced first by every script of this directory.
#
# It is a set of new namespaces (mount, pid, network, ipc, uts, cgroup) with a /run, /sys, /dev/shm and folders of the
# engine's own on tmpfs: whatever the engine starts, mounts, configures or leaves behind ends with them, also after an
# interrupt or a SIGKILL.  The one thing outside is a cgroup /bivy-stage-PID in each hierarchy, the root of all cgroups
# inside; what a SIGKILL leaves of it, empty, the next run takes away.
#
#     . stage.bash; raise "$@"      everything after this line runs on the stage
#
# The runtime under test is RUNTIME: `bivy` (the program BIVY), or `runc` or `crun` for a comparison.  A check that fails
# with bivy is tried with runc: what fails with both is the machine's or the engine's affair, and is a skipped test.

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
BIVY=$(realpath -m "${BIVY:-$here/../../build/bivy}")
RUNTIME=${RUNTIME:-bivy}
STAGE=/run/stage # inside: configuration, sockets, state and scratch of this run

# skip_all REASON: the whole script is one skipped test
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# need PROGRAM...: found in PATH, or the script is skipped
need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "$program is not installed"
	done
}

# --- outside ---

# The mounted cgroup hierarchies: mount point, a blank, what mounts it again ("cgroup memory", "cgroup2").
hierarchies() {
	awk '{ for (i = 7; $i != "-"; i++); type = $(i + 1); if (type !~ /^cgroup2?$/) next
		n = split($NF, option, ","); what = ""
		for (i = 1; i <= n; i++)
			if (option[i] !~ /^(rw|ro|clone_children|release_agent=.*|xattr)$/) what = what (what == "" ? "" : ",") option[i]
		print $5, type == "cgroup" ? "cgroup " what : "cgroup2" }' /proc/self/mountinfo
}

# The groups of a run that was killed by SIGKILL: its processes are gone with it, but nobody was there for these.
sweep() {
	local at rest old
	while read -r at rest; do
		for old in "$at"/bivy-stage-*; do
			[ -d "$old" ] && [ ! -d "/proc/${old##*-}" ] && find "$old" -depth -type d -exec rmdir {} +
		done
	done <<<"$STAGE_HIERARCHIES"
} 2>/dev/null

raise() {
	[ -z "${STAGE_GROUP-}" ] || { furnish; return; }
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || skip_all "the stage is for cgroup v1 and its hybrid with v2"
	[ -x "$BIVY" ] || skip_all "$BIVY is not built"
	local status
	export BIVY RUNTIME STAGE_GROUP=/bivy-stage-$$
	STAGE_HIERARCHIES=$(hierarchies)
	export STAGE_HIERARCHIES
	sweep
	trap strike EXIT
	trap 'exit 130' INT TERM HUP
	(
		enter_group
		exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
			--net --ipc --uts --cgroup bash "$0" "$@"
	) &
	wait $!
	status=$?
	exit $status
}

enter_group() {
	local at rest
	while read -r at rest; do
		mkdir "$at$STAGE_GROUP"
		if [ -e "$at/cpuset.cpus" ]; then
			cat "$at/cpuset.cpus" >"$at$STAGE_GROUP/cpuset.cpus"
			cat "$at/cpuset.mems" >"$at$STAGE_GROUP/cpuset.mems"
		fi
		echo $BASHPID >"$at$STAGE_GROUP/cgroup.procs"
	done <<<"$STAGE_HIERARCHIES"
}

# Everything inside is dead by now, or dies with the one process that `jobs` knows.
strike() {
	local at rest job end=$((SECONDS + 10))
	trap '' INT TERM HUP
	for job in $(jobs -p); do
		kill -KILL "$job"
	done 2>/dev/null
	while read -r at rest; do
		until find "$at$STAGE_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null || [ "$SECONDS" -ge "$end" ]; do
			sleep 0.1
		done
	done <<<"$STAGE_HIERARCHIES"
}

# --- inside ---

furnish() {
	local at type what
	mount -t tmpfs -o mode=755 run /run
	mount -t tmpfs -o mode=1777 shm /dev/shm # Podman's locks: one file for whoever is root
	mkdir -p $STAGE/{bin,tmp,root} /run/lock
	mount -t sysfs sysfs /sys
	mount -t tmpfs -o mode=755 cgroups /sys/fs/cgroup
	while read -r at type what; do
		mkdir -p "$at"
		mount -t "$type" ${what:+-o "$what"} cgroup "$at"
	done <<<"$STAGE_HIERARCHIES"
	ip link set lo up
	cd $STAGE || exit
	export TMPDIR=$STAGE/tmp HOME=$STAGE PATH=$STAGE/bin:/usr/sbin:/usr/bin:/sbin:/bin
	unset XDG_RUNTIME_DIR NOTIFY_SOCKET LISTEN_FDS LISTEN_PID
	stand_in bivy "$BIVY"
	stand_in runc "$(command -v runc)"
	stand_in crun "$(command -v crun)"
}

# stand_in NAME PROGRAM: the program that an engine is told of, $STAGE/bin/NAME; with RECORD=FILE, one that records.
stand_in() {
	[ -n "$2" ] || return 0
	if [ -n "${RECORD-}" ]; then
		printf '#!/bin/sh\nRECORD="%s" exec "%s" "%s" "$@"\n' "$RECORD" "$here/record" "$2" >"$STAGE/bin/$1"
	else
		printf '#!/bin/sh\nexec "%s" "$@"\n' "$2" >"$STAGE/bin/$1"
	fi
	chmod +x "$STAGE/bin/$1"
}

# tmp_over FOLDER...: an empty tmpfs over each; nothing of the machine's is seen or changed
tmp_over() {
	local folder
	for folder in "$@"; do
		[ -d "$folder" ] || mkdir -p "$folder" # on the machine: an empty folder that a package would have made
		mount -t tmpfs -o mode=755 stage "$folder"
	done
}

# image NAME [COMMAND-AS-JSON]: a root with busybox as $STAGE/NAME.tar in the format of `docker save`, called localhost/NAME:latest
image() {
	local name=$1 command=${2:-'["/bin/sh"]'} at=$STAGE/image.$1 digest
	mkdir -p "$at/root"/{bin,etc,tmp,home/ada,var/lib}
	cp "$(command -v busybox)" "$at/root/bin/busybox"
	chroot "$at/root" /bin/busybox --install -s /bin ||
		skip_all "busybox is not statically linked: install busybox-static"
	chmod 1777 "$at/root/tmp"
	printf 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n' >"$at/root/etc/passwd"
	printf 'root:x:0:\nada:x:1000:\n' >"$at/root/etc/group"
	printf '#!/nowhere\n' >"$at/root/bin/data"
	tar -C "$at/root" -cf "$at/layer.tar" .
	digest=$(sha256sum "$at/layer.tar")
	jq -n --argjson command "$command" --arg id "sha256:${digest%% *}" '{architecture: "amd64", os: "linux", created: "2026-01-01T00:00:00Z",
		config: {Cmd: $command, Env: ["PATH=/bin"]}, rootfs: {type: "layers", diff_ids: [$id]},
		history: [{created: "2026-01-01T00:00:00Z"}]}' >"$at/config.json"
	jq -n --arg name "localhost/$name:latest" \
		'[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' >"$at/manifest.json"
	tar -C "$at" -cf "$STAGE/$name.tar" config.json layer.tar manifest.json
}

# --- checks ---

checks=0
failures=0
PEER=runc   # tried where bivy fails; a script whose engine has but one runtime sets it empty
DEADLINE=10 # seconds for what is waited for
SOAK=${SOAK:-100}

# check NAME...: calls the function of each, with its output in a file; says ok or not ok.  `attempt` stands in no condition,
# because there bash would ignore its `set -e`.
check() {
	local name function with_bivy with_peer
	for name in "$@"; do
		case " ${ONLY:-$name} " in *" $name "*) ;; *) continue ;; esac
		checks=$((checks + 1))
		function=${name//-/_}
		attempt "$RUNTIME" "$function"
		with_bivy=$?
		if [ $with_bivy = 0 ]; then
			echo "ok $checks - $name"
			continue
		fi
		wipe
		with_peer=0
		if [ "$RUNTIME" = bivy ] && [ -n "$PEER" ]; then
			attempt "$PEER" "$function"
			with_peer=$?
		fi
		verdict "$name" $with_peer
		wipe
	done
}

# verdict NAME PEER: what is said of a check that failed; PEER is 0 when it passed with runc, or there was no such attempt
verdict() {
	if [ "$2" != 0 ]; then
		echo "ok $checks - $1 # SKIP with $PEER too: not here ($(grep -v '^+' "$STAGE/output.$PEER" | tail -n 1 | cut -c 1-160))"
		[ -z "${VERBOSE-}" ] || sed 's/^/  # /' "$STAGE/output.bivy"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $checks - $1"
	sed 's/^/  # /' "$STAGE/output.$RUNTIME"
}

# attempt RUNTIME FUNCTION: in a process group of its own, which has a minute
attempt() {
	local job watch result
	set -m
	(set +m; RUNTIME=$1; set -e -x -o pipefail; "$2") >"$STAGE/output.$1" 2>&1 </dev/null &
	job=$!
	(sleep "${PATIENCE:-60}"; echo "not done in time" >>"$STAGE/output.$1"; kill -KILL -- -$job) 2>/dev/null &
	watch=$!
	set +m
	wait $job 2>/dev/null
	result=$?
	kill -- -$watch 2>/dev/null
	wait $watch 2>/dev/null
	return $result
}

finish() {
	echo "1..$checks"
	[ "$failures" -eq 0 ]
	exit
}

# wait_for COMMAND...: until it is true, DEADLINE seconds at most
wait_for() {
	local - end=$((SECONDS + DEADLINE))
	set +x
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.1
	done
}

# gives CODE COMMAND...: it exits with that code
gives() {
	local wanted=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$wanted" ] || { echo "exit code $got instead of $wanted: $*" >&2; return 1; }
}

# says PATTERN COMMAND...: it succeeds, and a line of its standard output is like the extended regular expression
says() {
	local pattern=$1 output
	shift
	output=$("$@") || { echo "exit code $?: $*" >&2; return 1; }
	grep -qE -e "$pattern" <<<"$output" || { printf 'not like %s: %s\n' "$pattern" "$output" >&2; return 1; }
}

# is A B: the two are the same
is() {
	[ "$1" = "$2" ] || { printf 'got %s instead of %s\n' "$1" "$2" >&2; return 1; }
}

# soak: SOAK containers, eight at a time: each starts, says its number, ends with its own exit code, and is gone.  The
# script's `one NUMBER` runs one; it fails when the number or the code is not its own.
soak() {
	local lane
	local - lanes=()
	set +x
	for lane in 1 2 3 4 5 6 7 8; do
		soak_lane "$lane" &
		lanes+=($!)
	done
	for lane in "${lanes[@]}"; do
		wait "$lane"
	done
}

soak_lane() {
	local number
	for ((number = $1; number <= SOAK; number += 8)); do
		one "$number" || { echo "container $number of $SOAK: exit code $?"; return 1; }
	done
}

# --- what is left ---

# survey: what an engine's containers could have left, a line each: processes, mounts, cgroups, state of the runtime.
# The engine's own are told by two extended regular expressions, ENGINE_PROCESSES (names) and ENGINE_GROUPS (paths);
# STATES are the folders where the runtime keeps a folder for each container.
survey() {
	local at rest
	ps -e -o comm= | grep -vE "^($ENGINE_PROCESSES|ps|grep|sort|comm|bash|sed|awk|find|cat|sleep|timeout)\$" | sed 's/^/process: /'
	awk '{ print "mount: " $5 }' /proc/self/mountinfo
	while read -r at rest; do
		find "$at" -mindepth 1 -type d | grep -vE "$ENGINE_GROUPS" | sed 's/^/cgroup: /'
	done <<<"$STAGE_HIERARCHIES"
	find "${STATES[@]}" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/state: /'
	true
}

# same_survey FILE: within ten seconds nothing is there that was not in the survey FILE
same_survey() {
	local - end=$((SECONDS + 10)) left
	set +x
	while :; do
		left=$(survey | sort | comm -13 <(sort "$1") -)
		[ -n "$left" ] || return 0
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.2
	done
	echo "left: $left" >&2
	return 1
}
