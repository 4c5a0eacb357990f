#!/bin/bash
# tests/bench/bench.sh: how long bivy takes, and runc, crun and a floor beside it.  Run by `make bench`, as root.
#
#   tests/bench/bench.sh [ROUNDS]      (60)
#
# Each round runs every program once, in an order that rotates, so that a drift of the machine's speed hits all alike.
# Printed are bivy's median and, for each of the others, the median of the ratios to bivy of the same round: 3.00 is
# three times as long.  Nothing here passes or fails, and no test measures time.  Worth quoting from a machine that does
# nothing else; the head of the table tells its load.
#
#   run        run of `true` with the configuration that `bivy spec` writes
#   life       create, start and delete --force of a program that sleeps, each by itself
#   exec       exec of `true` in a running container
#   up         bivy up of spec/examples/hello.hcl; the others run the bundle that bivy has made of it before
#   root       what the root of an exec task costs: see root.sh
#   shims      what a container that runs costs, and whether many make the next one slower: see shims.sh
#
# The floor is the system calls alone that such a configuration takes: a program of ../shared/bench, beside this
# checkout.  From there comes a timer as well, which costs less than the one below; both are optional.
# On a hybrid of cgroup v1 and v2, which crun refuses, all of them are shown v1 only, in a mount namespace of their own.
# BIVY: the program (build/bivy).  Everything made here is removed at the end.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-60}
bivy=$(realpath "${BIVY:-$top/build/bivy}")
job=$top/spec/examples/hello.hcl
tools=$top/../shared/bench/floor

say() { echo "bench.sh: $*" >&2; }

[ "$(id -u)" = 0 ] || { say "needs root"; exit 1; }
[ -x "$bivy" ] || { say "no program at $bivy: run make"; exit 1; }
for word in jq busybox; do
	command -v $word >/dev/null || { say "needs $word: apt-get install jq busybox-static"; exit 1; }
done
if mountpoint -q /sys/fs/cgroup/unified && [ -z "${BENCH_INSIDE:-}" ]; then
	export BENCH_INSIDE=1
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --mount --propagation private bash -c 'umount /sys/fs/cgroup/unified && exec bash "$@"' _ \
		"$0" "$rounds"
fi

# --- what there is to compare ---

# Runtimes keep their states in /run, which is a tmpfs on most machines; on a disk, writing them is most of what counts.
tmpfs() {
	local dir
	for dir in /run /dev/shm; do
		[ "$(stat -fc %T $dir)" != tmpfs ] || { echo $dir; return; }
	done
	echo "${TMPDIR:-/tmp}"
}

work=$(mktemp -d)
state=$(mktemp -d "$(tmpfs)/bench.XXXXXX")
tag=bench$$
declare -A program=([bivy]=$bivy)
names=(bivy)
for name in runc crun; do
	command -v $name >/dev/null || continue
	program[$name]=$(command -v $name)
	names+=("$name")
done

clean() {
	local name dir
	for name in "${names[@]}"; do
		for dir in "$state/$name"/*/; do
			[ ! -d "$dir" ] || ${program[$name]} --root "$state/$name" delete -f "$(basename "$dir")" 2>/dev/null
		done
	done
	rm -rf "$work" "$state"
}
trap clean EXIT
trap 'exit 130' INT TERM

# tool NAME: a helper of ../shared/bench, built; false where there is none
tool() {
	[ -e "$tools/$1.c" ] && command -v cc >/dev/null && cc -O2 -static -w -o "$work/$1" "$tools/$1.c" 2>/dev/null
}

# bundle NAME WORD...: `bivy spec` with that program, in the version that all of them know
# shellcheck disable=SC2016 # jq's variables
bundle() {
	mkdir "$work/$1"
	(cd "$work/$1" && "$bivy" spec)
	as_all_know "$work/$1" --arg root "$work/rootfs" '.process.args = $ARGS.positional | .process.terminal = false |
		.root.path = $root' --args "${@:2}"
}

# as_all_know DIRECTORY JQ...: edits its config.json
as_all_know() {
	local file=$1/config.json
	jq "${@:2}" <"$file" | jq '.ociVersion = "1.0.2"' >"$file.new" && mv "$file.new" "$file"
}

make_bundles() {
	mkdir -p "$work"/rootfs/{bin,dev,proc,sys,tmp}
	cp -L "$(command -v busybox)" "$work/rootfs/bin/busybox"
	ln -s busybox "$work/rootfs/bin/true"
	ln -s busybox "$work/rootfs/bin/sleep"
	bundle run true
	bundle life sleep 1000
	"$bivy" bundle "$job" "$work/hello" >/dev/null
	as_all_know "$work/hello" .
}

# --- a timer ---

# A sequence is steps with " ;; " between them, LABEL=COMMAND or @reap: the timer's children are waited for.  {n} is
# another number each time.  timed NAME SEQUENCE...: prints for each step "NAME LABEL MILLISECONDS RATIO".
timed() {
	if [ -x "$work/pairbench" ]; then
		"$work/pairbench" -t -n "$rounds" -w 3 -q 50 "$@" 2>"$work/err" |
			awk -F'\t' '{ printf "%s %s %.3f %.3f\n", $1, $2, $4 / 1000, $10 }'
		[ ! -s "$work/err" ] || sed 's/^/  /' "$work/err" >&2
	else
		own_timer "$@" | sort -s -k1,1n | medians "$1"
	fi
}

# For each step "ROUND NAME LABEL MICROSECONDS".
own_timer() {
	local -a all=("$@")
	local n=$(($# / 2)) round i
	for ((round = -3; round < rounds; round++)); do # three to warm up
		for ((i = 0; i < n; i++)); do
			local at=$(((round + i + 3 * n) % n * 2))
			one_sequence "$round" "${all[at]}" "${all[at + 1]}"
		done
	done
}

# one_sequence ROUND NAME SEQUENCE
one_sequence() {
	local rest="$3 ;; " step label begin took sum=0 steps=0
	while [ -n "$rest" ]; do
		step=${rest%% ;; *} rest=${rest#* ;; }
		[ "$step" != @reap ] || continue
		label=${step%%=*} step=${step#*=}
		begin=${EPOCHREALTIME/./}
		${step//\{n\}/$1} </dev/null >/dev/null 2>&1 || say "$step: exit code $?"
		took=$((${EPOCHREALTIME/./} - begin)) sum=$((sum + took)) steps=$((steps + 1))
		[ "$1" -lt 0 ] || echo "$1 $2 $label $took"
	done
	[ "$1" -lt 0 ] || [ $steps = 1 ] || echo "$1 $2 total $sum"
}

# medians BASE
medians() {
	awk -v base="$1" '
		function median(list, n,   i, j, v) {
			for (i = 2; i <= n; i++) {
				v = list[i]
				for (j = i - 1; j > 0 && list[j] > v; j--) list[j + 1] = list[j]
				list[j + 1] = v
			}
			return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		}
		{ step = $2 SUBSEP $3 }
		!(step in seen) { seen[step]; order[++steps] = step }
		{ took[$2, $3, $1] = $4; if ($1 + 1 > rounds) rounds = $1 + 1 }
		END {
			for (s = 1; s <= steps; s++) {
				split(order[s], part, SUBSEP)
				n = m = 0
				for (r = 0; r < rounds; r++) {
					if (!((part[1], part[2], r) in took)) continue
					times[++n] = took[part[1], part[2], r]
					if (took[base, part[2], r] > 0)
						ratios[++m] = took[part[1], part[2], r] / took[base, part[2], r]
				}
				printf "%s %s %.3f %.3f\n", part[1], part[2], median(times, n) / 1000, m ? median(ratios, m) : 0
			}
		}'
}

# --- the table ---

columns=("${names[@]:1}")

# table WORKLOAD NAME SEQUENCE...: a line for each step
table() {
	timed "${@:2}" | awk -v workload="$1" -v columns="${columns[*]}" '
		BEGIN { n = split(columns, column, " ") }
		$1 == "bivy" { if (!($2 in took)) order[++steps] = $2; took[$2] = $3 }
		{ ratio[$1, $2] = $4; ms[$1, $2] = $3 }
		END {
			for (s = 1; s <= steps; s++) {
				printf "%-6s %-8s %8.2f ms", workload, (steps > 1 ? order[s] : ""), took[order[s]]
				for (c = 1; c <= n; c++)
					if ((column[c], order[s]) in ratio)
						printf "  %6.2f (%.2f ms)", ratio[column[c], order[s]], ms[column[c], order[s]]
					else
						printf "  %6s          ", "-"
				print ""
			}
		}'
}

command_of() { echo "${program[$1]} --root $state/$1"; }
the() { "${program[$1]}" --root "$state/$1" "${@:2}"; }

measure_run() {
	local name
	local -a all=()
	for name in "${names[@]}"; do
		all+=("$name" "run=$(command_of "$name") run -b $work/run $tag$name{n}")
	done
	[ ! -x "$work/floor" ] || all+=(floor "run=$work/floor -r $state/floor -g $version $cgroup_ns $work/rootfs /bin/true")
	table run "${all[@]}"
}

measure_life() {
	local name command id
	local -a all=()
	for name in "${names[@]}"; do
		command=$(command_of "$name") id="$tag$name{n}"
		all+=("$name" "create=$command create -b $work/life $id ;; start=$command start $id ;; delete=$command delete -f $id ;; @reap")
	done
	table life "${all[@]}"
}

measure_exec() {
	local name
	local -a all=()
	for name in "${names[@]}"; do
		the "$name" create -b "$work/life" "$tag$name" </dev/null >/dev/null 2>&1
		the "$name" start "$tag$name"
		all+=("$name" "exec=$(command_of "$name") exec $tag$name /bin/true")
	done
	table exec "${all[@]}"
	for name in "${names[@]}"; do
		the "$name" delete -f "$tag$name"
	done
}

measure_up() {
	local name
	local -a all=(bivy "up=$(command_of bivy) up -q $job")
	for name in "${names[@]:1}"; do
		all+=("$name" "up=$(command_of "$name") run -b $work/hello $tag$name{n}")
	done
	table up "${all[@]}"
}

# The largest process of a run, in KiB, and what is on the disk.
sizes() {
	local name size
	for name in "${names[@]}"; do
		size=$(stat -L -c %s "${program[$name]}")
		if [ "$name" = bivy ]; then # as installed
			strip -o "$work/stripped" "$bivy" 2>/dev/null && size=$(stat -c %s "$work/stripped")
			size=$((size + $(cat "$(dirname "$bivy")"/libexec/bivy/* 2>/dev/null | wc -c)))
		fi
		printf '%-6s %-8s %8d KiB on disk%s\n' size "$name" $((size / 1024)) "$(peak "$name")"
	done
}

# Through a small program, because what is counted begins with the memory of who forks.
peak() {
	local said
	[ -x /usr/bin/time ] || return 0
	said=$(/usr/bin/time -f %M "${program[$1]}" --root "$state/$1" run -b "$work/run" "$tag$1" \
		2>&1 </dev/null >/dev/null | tail -n 1)
	printf ', %6d KiB of memory at most' "$said"
}

tool pairbench
version=v1 cgroup_ns=
[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || version=v2
make_bundles || exit 1
if tool floor; then
	mkdir "$state/floor"
	columns+=(floor)
fi

printf '%s\n' "$rounds rounds, cgroup $version, kernel $(uname -r), $(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)"
for name in "${names[@]:1}"; do "${program[$name]}" --version | head -n 1; done
printf '%-6s %-8s %11s' "" "" bivy
printf '  %-16s' "${columns[@]/%//bivy}"
echo
measure_run
measure_life
measure_exec
measure_up
sizes
BIVY=$bivy "$top/tests/bench/root.sh"
BIVY=$bivy "$top/tests/bench/shims.sh"
