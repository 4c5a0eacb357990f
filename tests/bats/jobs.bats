#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts in quotes
# `bivy up` with a whole job, and `bivy down`: order, output, restarts, stopping, and what is left (nothing) whoever is
# killed.

load helpers

setup() {
	need_root
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
	echo 'job "shop" {' >job.hcl
	open=
}

# A run has no container of its own name, so what the helpers' clean_up finds is not all of it.
teardown() {
	local run
	cd / || return
	for run in "$BIVY_ROOT"/.jobs/*/; do
		[ ! -d "$run" ] || bivy down "$(basename "$run")" || echo "down: exit code $?" >&2
	done
	clean_up
}

# group NAME [LINES], task NAME SCRIPT [LINES], job_end: job.hcl, piece by piece.
group() {
	[ -z "$open" ] || echo '}' >>job.hcl
	open=yes
	printf 'group "%s" {\n%s\n' "$1" "${2-}" >>job.hcl
}

task() {
	[ -n "$open" ] || group g
	printf 'task "%s" {\n driver = "exec"\n%s\nconfig {\n command = "/bin/sh"\n args = ["-c", <<EOS\n%s\nEOS\n]\n}\n}\n' \
		"$1" "${3-}" "$2" >>job.hcl
}

job_end() {
	echo '} }' >>job.hcl
}

hook() {
	printf 'lifecycle {\n hook = "%s"\n sidecar = %s\n}\n' "$1" "${2-false}"
}

# restart ATTEMPTS DELAY [MODE] [INTERVAL]
restart() {
	printf 'restart {\n attempts = %s\n delay = "%s"\n mode = "%s"\n interval = "%s"\n}\n' "$1" "$2" "${3-fail}" "${4-1m}"
}

# A script that says its name when it starts and when it is told to stop, and goes on until then.
stays='trap "echo $NOMAD_TASK_NAME stopped >>/alloc/order; exit 0" INT; echo $NOMAD_TASK_NAME >>/alloc/order; while :; do sleep 0.02; done'

up() {
	bivy up --quiet --id "$(new_id)" "$@"
}

# In the background: sets bivy_pid and run.
up_background() {
	run=$(new_id)
	bivy_background up --id "$run" "$@" job.hcl
}

end_of_up() {
	status=0
	wait "$bivy_pid" || status=$?
}

order_file() {
	cat "$BIVY_ROOT/.bundles/$run"/g/alloc/order 2>/dev/null
}

order_has() {
	order_file | grep -qxF -e "$1"
}

nothing_left() {
	[ -z "$(find "$BIVY_ROOT" -mindepth 2)" ] || tell "left: $(find "$BIVY_ROOT")"
	assert_equal "$(bivy list -q)" ''
	assert_clean
}

supervisor_of() {
	jq -r .pid "$BIVY_ROOT/.jobs/$1/supervisor"
}

gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

shims_of() {
	pgrep -f "^bivy-shim $1[ .]"
}

@test "tasks run side by side, each line with its task's name, errors on standard error" {
	task web 'echo one; echo wrong >&2; until [ -e /alloc/there ]; do sleep 0.02; done; printf "no end"'
	task database 'echo here; touch /alloc/there'
	task last 'echo here' "$(hook poststop)"
	job_end
	run --separate-stderr up job.hcl
	assert_ok
	assert_equal "$(sort <<<"$output")" $'database | here\nlast     | here\nweb      | no end\nweb      | one'
	assert_equal "$stderr" 'web      | wrong'
	nothing_left
}

@test "a single task with a logs block is captured, too" {
	task alone 'echo said; until grep -q said /alloc/logs/alone.stdout.0; do sleep 0.02; done; echo kept >&2' 'logs {
	max_files = 2
	max_file_size = 1
	}'
	job_end
	run --separate-stderr up job.hcl
	assert_ok
	assert_equal "$output" 'alone | said'
	assert_equal "$stderr" 'alone | kept'
	nothing_left
}

@test "long lines, many lines and bytes of all kinds come whole" {
	task a 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i + 1)); done; head -c 10000 /dev/zero | tr "\0" x; echo'
	task b 'printf "\001\377\n\n"'
	job_end
	run up job.hcl
	assert_ok
	assert_equal "$(grep '^a | [0-9]' <<<"$output")" "$(seq 0 2999 | sed 's/^/a | /')"
	assert_equal "$(grep -c '^a | x\{10000\}$' <<<"$output")" 1
	assert_equal "$(LC_ALL=C grep -a '^b' <<<"$output" | od -An -tx1 -w100)" ' 62 20 7c 20 01 ff 0a 62 20 7c 20 0a'
}

@test "names have colours on a terminal, and none with NO_COLOR or in a file" {
	task a 'echo x'
	task b 'echo x'
	job_end
	TERM=xterm script -qec "$BIVY --root $BIVY_ROOT up -q job.hcl" /dev/null </dev/null >shown
	grep -q $'\033\\[36ma | \033\\[0mx' shown
	grep -q $'\033\\[33mb | \033\\[0mx' shown
	NO_COLOR=1 TERM=xterm script -qec "$BIVY --root $BIVY_ROOT up -q job.hcl" /dev/null </dev/null >shown
	grep -q '^a | x' shown
	run ! grep -q $'\033' shown
}

@test "the first task that fails gives the code, and stops the others" {
	task bad 'until [ -e /alloc/order ]; do sleep 0.02; done; exit 9'
	task good "$stays"
	task slow 'trap "" INT; sleep 60' 'kill_timeout = "100ms"'
	job_end
	run --separate-stderr bivy up --id "$(new_id)" job.hcl
	[ "$status" -eq 9 ]
	[[ $stderr == *"task bad (exec): exit code 9; started in"* ]]
	[[ $stderr == *"task good (exec): exit code 0"* ]]
	[[ $stderr == *"job shop: exit code 9; ran for"* ]]
	nothing_left
}

@test "life cycle: sidecar, prestart, main, poststart, and at the end sidecar and poststop" {
	task last 'echo last >>/alloc/order; cat /alloc/order' "$(hook poststop)"
	task after 'echo after >>/alloc/order' "$(hook poststart)"
	task main 'echo main >>/alloc/order; until grep -q after /alloc/order; do sleep 0.02; done; echo main over >>/alloc/order'
	task first 'until grep -q side /alloc/order; do sleep 0.02; done; echo first >>/alloc/order; sleep 0.05
	echo first over >>/alloc/order' "$(hook prestart)"
	task side "$stays" "$(hook prestart true)"
	job_end
	run up job.hcl
	assert_ok
	assert_equal "$output" "$(printf 'last  | %s\n' side first 'first over' main after 'main over' 'side stopped' last)"
	nothing_left
}

@test "a prestart task that fails is the job's end: nothing but poststop runs" {
	task main 'echo main'
	task first 'exit 4' "$(hook prestart)"
	task last 'echo last' "$(hook poststop)"
	job_end
	run --separate-stderr bivy up --id "$(new_id)" job.hcl
	[ "$status" -eq 4 ]
	assert_equal "$output" 'last  | last'
	[[ $stderr == *"task main (exec): not run"* ]]
	nothing_left
}

@test "when the leader ends the others of its group are stopped, and those of another group are not" {
	group g
	task chief 'until [ -e /alloc/order ]; do sleep 0.02; done' 'leader = true'
	task hand "$stays; echo never"
	group other
	task alone 'sleep 0.6; echo done'
	job_end
	run --separate-stderr bivy up --id "$(new_id)" job.hcl
	assert_ok
	assert_equal "$output" 'alone | done'
	[[ $stderr == *"task hand (exec): exit code 0"* ]]
	nothing_left
}

@test "shutdown_delay comes before the kill signal" {
	task chief 'until [ -e /alloc/order ]; do sleep 0.02; done; date +%s%3N >/alloc/began' 'leader = true'
	task hand 'trap "date +%s%3N; cat /alloc/began; exit 0" INT; echo >/alloc/order; while :; do sleep 0.02; done' \
		'shutdown_delay = "400ms"'
	job_end
	run up job.hcl
	assert_ok
	local told=${lines[0]##* } began=${lines[1]##* }
	[ $((told - began)) -ge 400 ] || tell "after $((told - began)) ms"
}

@test "restart: so many attempts, so long a delay, in the same task directory; then it has failed" {
	task main 'echo x >>/local/runs; date +%s%3N; [ $(wc -l </local/runs) -lt 4 ] || echo "enough"; exit 6' "$(restart 3 250ms)"
	job_end
	run --separate-stderr bivy up --id "$(new_id)" job.hcl
	[ "$status" -eq 6 ]
	[ "${#lines[@]}" -eq 5 ]
	[ "${lines[4]}" = 'main | enough' ]
	[ $((${lines[1]##* } - ${lines[0]##* })) -ge 250 ]
	[[ $stderr == *"started 4 times"* ]]
	nothing_left
}

@test "restart: what ends well in a batch job is over; in a service job it runs again" {
	sed -i 's/$/\n type = "batch"/' job.hcl
	task main 'echo x >>/local/runs; cat /local/runs; [ $(wc -l </local/runs) -eq 2 ]' "$(restart 3 0s)"
	job_end
	run up job.hcl
	assert_ok
	[ "${#lines[@]}" -eq 3 ]
	sed -i 's/batch/service/; s/args.*/&/' job.hcl
	run up job.hcl
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 10 ] # 1 + 2 + 3 + 4 lines
	nothing_left
}

@test "restart: mode delay waits for the next interval" {
	task main 'echo x >>/local/runs; date +%s%3N; [ $(wc -l </local/runs) -lt 3 ] || exit 0; exit 1' "$(restart 1 0s delay 5s)"
	sed -i 's/$/\n/; 1s/$/\n type = "batch"/' job.hcl
	job_end
	run up job.hcl
	assert_ok
	[ "${#lines[@]}" -eq 3 ]
	[ $((${lines[2]##* } - ${lines[0]##* })) -ge 4500 ]
}

@test "Ctrl-C stops the main tasks, then sidecars, then poststop runs; no restart" {
	task main "$stays" "$(restart 5 0s)"
	task side "$stays" "$(hook prestart true)"
	task last 'cat /alloc/order' "$(hook poststop)"
	job_end
	up_background
	wait_for order_has main
	kill -INT "$bivy_pid"
	end_of_up
	[ "$status" -eq 0 ]
	assert_equal "$(grep ' | ' output.job.hcl)" "$(printf 'last | %s\n' side main 'main stopped' 'side stopped')"
	grep -q 'job shop: stopped by SIGINT, exit code 0' output.job.hcl
	nothing_left
}

# What a main task says that takes a while to end, when it gets all the time it needs.
slow_to_end() {
	task slow 'trap "sleep 0.4; echo in order; exit 0" INT; echo ready >>/alloc/order; while :; do sleep 0.02; done'
	task side "$stays" "$(hook prestart true)"
	job_end
	up_background
	wait_for order_has ready
}

@test "two at once: SIGHUP of a terminal and its shell, or two down, do not cut the end short" {
	slow_to_end
	kill -HUP "$bivy_pid"
	wait_for hup_is_taken
	kill -HUP "$bivy_pid"
	end_of_up
	[[ $(output_of job.hcl) == *"in order"* ]] || tell "$(output_of job.hcl)"
	echo 'job "shop" {' >job.hcl
	open=
	slow_to_end
	bivy down "$run" &
	wait_for test -e "$BIVY_ROOT/.jobs/$run/told"
	bivy down "$run"
	wait "$!"
	end_of_up
	[[ $(output_of job.hcl) == *"in order"* ]] || tell "$(output_of job.hcl)"
	nothing_left
}

# Nothing of it waits to be read by the process, so that the next one is a second.
hup_is_taken() {
	local pending
	pending=$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$bivy_pid/status")
	[ $((0x$pending & 1)) -eq 0 ]
}

@test "a second Ctrl-C kills at once, and the code says so" {
	task main 'trap "echo deaf" INT; echo up >>/alloc/order; while :; do sleep 0.02; done' 'kill_timeout = "25s"'
	task last 'echo never' "$(hook poststop)"
	job_end
	up_background
	wait_for order_has up
	kill -INT "$bivy_pid"
	wait_for grep -q deaf output.job.hcl
	kill -INT "$bivy_pid"
	end_of_up
	[ "$status" -eq 137 ]
	run ! grep -q never output.job.hcl
	nothing_left
}

@test "nobody reads any more: the job is stopped in order" {
	task a 'while :; do echo x; sleep 0.02; done'
	task b "$stays"
	job_end
	timeout 20 "$BIVY" --root "$BIVY_ROOT" up --quiet --id "$(new_id)" job.hcl 2>/dev/null | head -n 1 >first
	[ "${PIPESTATUS[0]}" -ne 124 ]
	[ -s first ]
	wait_for nothing_left
}

@test "a reader that does not read holds up nothing but the end, and a second Ctrl-C not even that" {
	task a 'i=0; while [ $i -lt 40000 ]; do echo $i $i $i; i=$((i + 1)); done; echo a over >>/alloc/order'
	task b "until grep -q over /alloc/order; do sleep 0.02; done; echo b over >>/alloc/order"
	job_end
	run=$(new_id)
	mkfifo pipe
	sleep 60 <>pipe 3>&- &
	local reader=$!
	"$BIVY" --root "$BIVY_ROOT" up --quiet --id "$run" job.hcl >pipe 2>/dev/null 3>&- &
	bivy_pid=$!
	wait_for order_has 'b over'
	wait_for has_status "$run.b" stopped
	kill -INT "$bivy_pid"
	wait_for grep -qE '^ShdPnd:[[:space:]]*0+$' "/proc/$bivy_pid/status"
	kill -INT "$bivy_pid"
	end_of_up
	kill "$reader"
	wait "$reader" || true
	[ "$status" -eq 0 ]
	nothing_left
}

@test "count and groups: allocations of their own, told apart by name" {
	group g 'count = 3'
	task web 'echo $NOMAD_ALLOC_INDEX; touch /alloc/$NOMAD_ALLOC_INDEX; ls /alloc | grep -c "^[0-9]"'
	group h
	task web 'echo h'
	job_end
	run up job.hcl
	assert_ok
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' 'g/web[0] | 0' 'g/web[0] | 1' 'g/web[1] | 1' 'g/web[1] | 1' \
		'g/web[2] | 1' 'g/web[2] | 2' 'h/web    | h')"
	nothing_left
}

@test "more tasks than the soft limit of open files allows; their own limit stays, and a hard one is named" {
	group g 'count = 20'
	task t 'ulimit -Sn'
	job_end
	ulimit -Sn 130
	run up job.hcl
	assert_ok
	[ "$(grep -c '| 130$' <<<"$output")" -eq 20 ] || tell "$output"
	ulimit -Hn 130
	run up job.hcl
	[ "$status" -eq 125 ]
	[[ $output == *"so many tasks need "*" open files, and this process may have 130 (ulimit -Hn, LimitNOFILE=)" ]] ||
		tell "$output"
	nothing_left
}

@test "a run is no container, and says so; a stray file in the state root is none either" {
	task t 'sleep 60'
	task u 'sleep 60'
	job_end
	run=$(new_id)
	bivy up -d --id "$run" job.hcl
	for command in logs wait stop; do
		run bivy "$command" "$run"
		[ "$status" -ne 0 ]
		[[ $output == *"\"$run\" does not exist: it is a run, and "*"list --job $run"*" names its containers" ]] ||
			tell "$command: $output"
	done
	touch "$BIVY_ROOT/stray"
	assert_equal "$(bivy list -q --job "$run")" "$run.t"$'\n'"$run.u"
	rm "$BIVY_ROOT/stray"
	bivy down "$run"
	nothing_left
}

@test "up -d leaves the run to a small process; list shows it, down ends it in order" {
	task main "$stays"
	task side "$stays" "$(hook prestart true)"
	task last 'cp /alloc/order /secrets/..' "$(hook poststop)"
	job_end
	run --separate-stderr bivy up -d --id "$(new_id)" job.hcl
	assert_ok
	run=$output
	wait_for order_has main
	grep -q '^Name:[[:space:]]*bivy-job shop' "/proc/$(supervisor_of "$run")/status"
	assert_equal "$(bivy list -q --job shop)" "$run.main"$'\n'"$run.side"
	bivy list | grep -qE "^$run\.main .* running .* shop +main +-\$"
	assert_equal "$(bivy list -q --job nothing)" ''
	has_status "$run.main" running
	assert_ok bivy down shop
	nothing_left
	assert_fails 1 'no job, run or container is called "shop"' bivy down shop
	assert_ok bivy down --force shop
}

# The cgroup of the task b is in use by somebody else, so that it cannot start when the others can.
occupy() {
	local dir=/sys/fs/cgroup/memory
	! is_v2 || dir=/sys/fs/cgroup
	occupied=$dir/bivy/$1.b
	mkdir -p "$occupied"
	sleep 100 3>&- &
	occupier=$!
	echo "$occupier" >"$occupied/cgroup.procs"
}

vacate() {
	kill "$occupier"
	wait "$occupier" || true
	rmdir "$occupied"
}

@test "a task that cannot be started: up and up -d say why, and nothing is left" {
	task a "$stays"
	task b 'true'
	job_end
	run=$(new_id)
	occupy "$run"
	run --separate-stderr bivy up -d --id "$run" job.hcl
	local detached=$status said=$stderr
	run --separate-stderr bivy up --id "$run" job.hcl
	vacate
	[ "$detached" -eq 125 ]
	[[ $said == "bivy: task b: "*cgroup* ]]
	[ "$status" -eq 125 ]
	[[ ${stderr_lines[0]} == "bivy: task b: "*cgroup* ]]
	[[ $stderr == *"task b (exec): could not be started"* ]]
	nothing_left
}

@test "a run that has ended by itself stays to be looked at until down" {
	task a 'exit 0'
	task b 'exit 0'
	job_end
	bivy up -d --id "$(new_id)" job.hcl >name
	run=$(cat name)
	wait_for has_status "$run.a" stopped
	wait_for gone "$(supervisor_of "$run")"
	bivy list --job shop | grep -qE "^$run\.b .* stopped .* b +0\$"
	assert_ok bivy down "$run"
	nothing_left
}

@test "down by run, container and job; several runs of a job are told apart" {
	local one other
	task a 'sleep 60' 'kill_timeout = "100ms"'
	task b 'sleep 60' 'kill_timeout = "100ms"'
	job_end
	one=$(bivy up -d --id "$(new_id)" job.hcl)
	other=$(bivy up -d --id "$(new_id)" job.hcl)
	assert_fails 125 'is there already; choose another --id, or .bivy down' bivy up -d --id "$one" job.hcl
	assert_fails 1 "runs 2 times: say which of .*$other.*or --all" bivy down shop
	assert_fails 1 'is a run of several containers; end it with .bivy down' bivy delete --force "$one"
	assert_ok bivy down "$one.a"
	assert_equal "$(bivy list -q)" "$other.a"$'\n'"$other.b"
	one=$(bivy up -d --id "$(new_id)" job.hcl)
	assert_ok bivy down --all shop
	nothing_left
}

@test "down ends a single task that up -d has left, by id or job" {
	local id
	task a 'trap "" INT; sleep 60' 'kill_timeout = "100ms"'
	job_end
	id=$(bivy up -d --id "$(new_id)" job.hcl)
	assert_ok bivy down "$id"
	nothing_left
	id=$(bivy up -d --id "$(new_id)" job.hcl)
	assert_ok bivy down shop
	nothing_left
}

@test "a container deleted by hand does not disturb the rest, nor down" {
	task a "$stays"
	task b "$stays"
	job_end
	run=$(bivy up -d --id "$(new_id)" job.hcl)
	wait_for order_has b
	assert_ok bivy delete --force "$run.a"
	assert_ok bivy down "$run"
	nothing_left
}

@test "kill -9 of up with a single task: it runs on, and down ends it by its job's name" {
	task a "$stays"
	job_end
	run=$(new_id)
	bivy_background up --id "$run" job.hcl
	wait_for has_status "$run" running
	kill -KILL "$bivy_pid"
	end_of_up
	has_status "$run" running
	assert_ok bivy down shop
	nothing_left
}

# kill_and_down WHO: a job of several tasks whose WHO is killed in the middle; `down` leaves nothing of it.
kill_and_down() {
	local marker=marker-$SRANDOM
	task raw 'true'
	task main "MARK=$marker; export MARK; sleep 100 & sh -c 'sleep 101; true' & $stays"
	task side "$stays" "$(hook prestart true)"
	job_end
	sed -i "0,/driver = \"exec\"/s//driver = \"raw_exec\"/; 0,/^true\$/s//export MARK=$marker; trap '' INT TERM HUP; (setsid setsid sleep 100 \&) ; sleep 100/" job.hcl
	sed -i '0,/driver/s//kill_timeout = "200ms"\n driver/' job.hcl
	echo 'plugin "raw_exec" { config { enabled = true } }' >agent.hcl
	if [ "$1" = up ]; then
		up_background --client agent.hcl
	else
		run=$(bivy up -d --client agent.hcl --id "$(new_id)" job.hcl)
	fi
	wait_for order_has main
	case $1 in
	up) kill -KILL "$bivy_pid" && end_of_up ;;
	supervisor) kill -KILL "$(supervisor_of "$run")" ;;
	shims) pkill -KILL -f "^bivy-shim $run\." ;;
	all) kill -KILL "$(supervisor_of "$run")" && pkill -KILL -f "^bivy-shim $run\." ;;
	esac
	has_status "$run.main" running
	assert_ok bivy down "$run"
	run ! grep -lszxF -e "MARK=$marker" /proc/[0-9]*/environ
	nothing_left
}

@test "kill -9 of up: the tasks run on, and down ends them all" { kill_and_down up; }
@test "kill -9 of the supervisor: the tasks run on, and down ends them all" { kill_and_down supervisor; }
@test "kill -9 of every shim: the tasks run on, and down ends them all" { kill_and_down shims; }
@test "kill -9 of supervisor and shims: the tasks run on, and down ends them all" { kill_and_down all; }

@test "kill -9 of up while it starts, and of down while it ends: the next down clears up" {
	local n
	task a "$stays"
	task b "$stays" "$(hook prestart true)"
	job_end
	for n in 0 0.005 0.015 0.03 0.06; do
		up_background
		sleep $n
		kill -KILL "$bivy_pid" || true
		end_of_up
		"$BIVY" --root "$BIVY_ROOT" down --force "$run" 2>/dev/null 3>&- &
		sleep $n
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		assert_ok bivy down --force "$run"
		nothing_left
	done
}
