#!/bin/bash
# tests/bench/root.sh: what the root of an exec task costs.  Run by `make bench` through bench.sh, as root.
#
#   tests/bench/root.sh [ROUNDS]       (20)
#
# A task has the host's own /usr, /etc and what else the default chroot_env names.  bivy binds them; the original links
# or copies them, file by file.  Compared are a start with `bivy up`, a `bivy run` of the same bundle, and linking the
# same directories once; the place that each takes on the disk; and a hundred such tasks alive at once.
# BIVY: the program (build/bivy).  Everything made here is removed at the end.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-20}
bivy=$(realpath "${BIVY:-$top/build/bivy}")
work=$(mktemp -d)
state=$work/state

clean() {
	local dir
	for dir in "$state"/*/; do
		[ ! -d "$dir" ] || "$bivy" --root "$state" delete --force "$(basename "$dir")"
	done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

now() { echo "${EPOCHREALTIME/./}"; }

# median COMMAND...: of so many rounds, in microseconds
median() {
	local n begin
	for ((n = 0; n < rounds; n++)); do
		begin=$(now)
		"$@" >/dev/null </dev/null || return
		echo $(($(now) - begin))
	done | sort -n | sed -n "$((rounds / 2 + 1))p"
}

# line WHAT MICROSECONDS [BASE]
line() {
	awk -v what="$1" -v us="$2" -v base="${3:-$2}" 'BEGIN {
		printf "root   %-22s %10.2f ms  %8.2f times up\n", what, us / 1000, us / base }'
}

# place DIRECTORY: KiB and inodes that are its own
place() { echo "$(du -sk "$1" | cut -f1) KiB, $(find "$1" | wc -l) names"; }

run_bundle() { "$bivy" --root "$state" run -b "$work/bundle" bench; }

# The directories of the default chroot_env that are not links, as the original would find them.
link_tree() {
	local dir
	mkdir "$work/linked"
	for dir in /bin /etc /lib /lib32 /lib64 /sbin /usr; do
		if [ ! -d "$dir" ] || [ -L "$dir" ]; then continue; fi
		cp -al "$dir" "$work/linked/" 2>/dev/null || return
	done
}

job() {
	printf 'task "task" {\n driver = "exec"\n config {\n command = "%s"\n args = ["1000"]\n }\n resources {\n memory = 16\n }\n}\n' "$1"
}

hundred() {
	local n begin running
	job /bin/sleep >"$work/sleep.hcl"
	begin=$(now)
	for n in {1..100}; do
		"$bivy" --root "$state" up --detach --id "many$n" "$work/sleep.hcl" >/dev/null 2>"$work/said$n" &
	done
	wait
	line "100 at once, started" $(($(now) - begin)) "$up"
	running=$("$bivy" --root "$state" list --format json | grep -c '"status": "running"')
	begin=$(now)
	for n in {1..100}; do
		"$bivy" --root "$state" delete --force "many$n" &
	done
	wait
	line "100 at once, deleted" $(($(now) - begin)) "$up"
	echo "root   of 100 at once         $running ran; left: $(find "$state" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l) states," \
		"$(grep -c "$work" /proc/self/mountinfo) mounts, $(find /sys/fs/cgroup -type d -name 'many[0-9]*' | wc -l) cgroups"
}

job /bin/true >"$work/true.hcl"
"$bivy" bundle "$work/true.hcl" "$work/bundle" >/dev/null || exit 1
up=$(median "$bivy" --root "$state" up --quiet "$work/true.hcl")
line "up" "$up"
line "run of its bundle" "$(median run_bundle)" "$up"
hundred
echo "root   disk, bound            $(place "$work/bundle"), config.json among them"
begin=$(now)
if link_tree; then
	line "linking the same tree" $(($(now) - begin)) "$up"
	echo "root   disk, linked           $(place "$work/linked"), most of them shared with the host"
else
	echo "root   linking the same tree  not possible here: $work is on another filesystem than /usr"
fi
