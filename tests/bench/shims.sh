#!/bin/bash
# tests/bench/shims.sh: what stays in memory for a container that runs, and whether many of them make a command slower.
# Run by `make bench` through bench.sh, as root.
#
#   tests/bench/shims.sh [ALIVE] [ROUNDS]      (500, 21)
#
# Memory is PSS, idle, of all processes that see to one container: bivy's shim and its standby with 100 of them alive;
# 20 conmons, which call bivy as their runtime; 5 of containerd's shims, which have no container yet.  What is not
# installed is left out.  Times are medians: of `state` of one, `start` and delete of another, and `list` of all, with
# none alive and with ALIVE; `times` is the second over the first, which for `list` is expected to grow.
# BIVY: the program (build/bivy).  Everything made here is removed at the end.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
alive=${1:-500}
rounds=${2:-21}
bivy=$(realpath "${BIVY:-$top/build/bivy}")
work=$(mktemp -d)
state=$(mktemp -d /run/shims.XXXXXX)
word=shims$$

clean() {
	local dir
	for dir in "$state"/*/; do
		[ ! -d "$dir" ] || "$bivy" --root "$state" delete --force "$(basename "$dir")"
	done
	# shellcheck disable=SC2086 # numbers
	[ -z "${theirs:-}" ] || kill $theirs 2>/dev/null
	[ ! -e "$work/sockets" ] || tr ' ' '\n' <"$work/sockets" | sed 's|unix://|\n|g' | xargs -r rm -f
	rm -rf "$work" "$state"
}
trap clean EXIT
trap 'exit 130' INT TERM

the() { "$bivy" --root "$state" "$@"; }

make_bundle() {
	mkdir -p "$work"/bundle/rootfs/{bin,dev,proc,sys}
	cp -L "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	(cd "$work/bundle" && "$bivy" spec && jq '.process.terminal = false |
		.process.args = ["/bin/busybox", "sleep", "100000"]' config.json >edited && mv edited config.json)
}

# begun FROM TO
begun() {
	local n
	for ((n = $1; n < $2; n++)); do
		the create -b "$work/bundle" "$word-$n" </dev/null >/dev/null 2>&1 && the start "$word-$n" || return
	done
}

# --- memory ---

# KiB of the processes PID... together
pss() {
	local pid
	for pid in "$@"; do
		awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"
	done 2>/dev/null | awk '{ n += $1 } END { print n }'
}

# memory WHAT HOW-MANY PID...
memory() {
	local what=$1 n=$2
	shift 2
	awk -v what="$what" -v n="$n" -v kib="$(pss "$@")" 'BEGIN {
		printf "shims  %-22s %10.1f KiB for each of %d\n", what, kib / n, n }'
}

memory_of_bivy() {
	sleep 1 # each has its standby then
	# shellcheck disable=SC2046 # numbers
	memory "bivy, with standby" 100 $(pgrep -f "^bivy-shim $word-")
}

memory_of_conmon() {
	local n id
	command -v conmon >/dev/null || return 0
	for ((n = 0; n < 20; n++)); do
		id=$word-conmon-$n
		conmon --api-version 1 -c "$id" -u "$id" -n "$id" -r "$bivy" --runtime-arg --root --runtime-arg "$state" \
			-b "$work/bundle" -p "$work/$id.pid" -l "k8s-file:$work/$id.log" --full-attach \
			--exit-dir "$work" --socket-dir-path "$work" </dev/null >/dev/null 2>&1
	done
	sleep 1
	# shellcheck disable=SC2046
	memory conmon 20 $(pgrep -f "^conmon .*-c $word-conmon-")
}

# It wants somebody to listen for its events, and a FIFO for what it has to say.
begin_containerd() {
	local at=$work/$word-$1 said
	# shellcheck disable=SC2034 # held open until we end
	mkdir "$at" && cp "$work/bundle/config.json" "$at" && mkfifo "$at/log" && exec {said}<>"$at/log" || return
	(cd "$at" && TTRPC_ADDRESS=$work/events containerd-shim-runc-v2 -namespace "$word" -id "$word-$1" \
		-address "$work/none" -publish-binary true start) </dev/null >>"$work/sockets" 2>/dev/null
}

memory_of_containerd() {
	local n
	command -v containerd-shim-runc-v2 >/dev/null && command -v python3 >/dev/null || return 0
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9); time.sleep(60)' "$work/events" &
	theirs=$!
	until [ -S "$work/events" ]; do sleep 0.1; done
	for ((n = 0; n < 5; n++)); do
		begin_containerd "$n"
	done
	sleep 1
	n=$(pgrep -f "^[^ ]*containerd-shim-runc-v2 -namespace $word ")
	theirs="$theirs $n"
	# shellcheck disable=SC2086
	[ -z "$n" ] || memory "containerd-shim" 5 $n
}

# --- times ---

now() { echo "${EPOCHREALTIME/./}"; }

# median COMMAND...: in microseconds, without what `after` undoes
median() {
	local n begin
	for ((n = 0; n < rounds; n++)); do
		begin=$(now)
		"$@" >/dev/null 2>&1 </dev/null || return
		echo $(($(now) - begin))
		after >/dev/null 2>&1
	done | sort -n | sed -n "$((rounds / 2 + 1))p"
}

after() { [ ! -d "$state/$word-next" ] || the delete --force "$word-next"; }
another() { the create -b "$work/bundle" "$word-next" && the start "$word-next"; }

measure() {
	took["state of one, $1"]=$(median the state "$word-0")
	took["create and start, $1"]=$(median another)
	took["list, $1"]=$(median the list)
}

line() {
	awk -v what="$1" -v few="${took["$1, few"]}" -v many="${took["$1, many"]}" -v n="$alive" 'BEGIN {
		printf "shims  %-22s %10.2f ms with 1 alive  %8.2f ms with %d  %6.2f times\n", what, few / 1000,
			many / 1000, n, many / few }'
}

declare -A took
make_bundle
begun 0 1 || exit 1
measure warm
measure few
begun 1 100 || exit 1
memory_of_bivy
memory_of_conmon
memory_of_containerd
begun 100 "$alive" || exit 1
measure many
line "state of one"
line "create and start"
line list
