#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# Captured output: what stands in the files of each format, how they rotate, what is lost when nothing can be written and how
# that is counted, what a killed shim changes (nothing), and `bivy logs`, which shows it all. More of it: tests/soak/logs.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	logs=$BATS_TEST_TMPDIR/logs
	formats='raw json-file cri'
	mkdir "$logs"
	bundle_set '.root.readonly = false' # for words between the program and the test
}

teardown() {
	! mountpoint -q "$logs" || umount -l "$logs"
	clean_up
}

# --- what these tests share ---

# Runs SCRIPT to its end, its output captured: captured SCRIPT OPTION...
captured() {
	bundle_script "$1"
	shift
	bivy create --logs "$logs" "$@" "$id"
	bivy start "$id"
	bivy wait "$id"
}

# The program's words to the test, and back.
told() {
	[ -e "$BUNDLE/rootfs/$1" ]
}

# How many bytes, lines ... stand in all files of a raw stream, or whatever the command says: in_all STREAM COMMAND...
in_all() {
	local stream=$1
	shift
	find "$logs" -name "$id.$stream.*" | sort -V | xargs cat | "$@"
}

# Lines 1 to $1, as seq prints them, are on standard input: each once and in order.
is_seq() {
	cmp - <(seq "$1")
}

# A line that takes its number and 60 bytes more.
numbered='awk -v n=$n '\''BEGIN { for (i = 1; i <= n; i++) printf "%d %060d\n", i, i }'\'

# Shims of the container: the active one, or with "all" its standby, too.
shims() {
	local pid
	for pid in $(pgrep -f "^bivy-shim $id "); do
		[ "${1-}" != all ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != bivy-shim ] || echo "$pid"
	done
}

kill_shims() {
	local pids
	pids=$(shims "$@")
	# shellcheck disable=SC2086  # several words
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
}

record() {
	jq "$1" "$BIVY_ROOT/$id/exit.json"
}

# --- the formats ---

@test "raw: each byte of both streams, also a last line without its newline" {
	captured 'printf "one\ntwo\0\377\n\n  three"; printf "err\nor" >&2'
	assert_equal "$(od -c <"$logs/$id.stdout.0")" "$(printf 'one\ntwo\0\377\n\n  three' | od -c)"
	assert_equal "$(cat "$logs/$id.stderr.0")" $'err\nor'
	assert_equal "$(stat -c %a "$logs"/* | sort -u)" 644
	assert_equal "$(find "$logs" -type f | wc -l)" 2
}

@test "json-file: Docker's lines, escaped, with times of nanoseconds" {
	local began=$EPOCHSECONDS
	captured 'printf "plain\nq\"b\\\\s/\ttab\r\033\1\177\n\303\251\342\202\254\360\237\230\200 \303 \355\240\200.\n\nrest"' \
		--logs-format json-file
	sed -E 's/"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z"\}$/TIME/' "$logs/$id.log" >"$logs/timeless"
	diff "$logs/timeless" - <<-'EOF'
		{"log":"plain\n","stream":"stdout",TIME
		{"log":"q\"b\\s/\ttab\r\u001b\u0001\u007f\n","stream":"stdout",TIME
		{"log":"é€😀 \ufffd \ufffd\ufffd\ufffd.\n","stream":"stdout",TIME
		{"log":"\n","stream":"stdout",TIME
		{"log":"rest","stream":"stdout",TIME
	EOF
	assert_equal "$(jq -r '.time | sub("\\.[0-9]+Z$"; "Z") | fromdate | . >= '"$began"' and . <= now' "$logs/$id.log" | sort -u)" true
}

@test "cri: a line for each, with a tag that tells a whole one from a part" {
	captured 'printf "plain\n q\" \t\377\n\nrest"; sleep 0.2; echo err >&2' --logs-format cri
	sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z /TIME /' "$logs/$id.log" | sort >"$logs/timeless"
	diff "$logs/timeless" <(printf 'TIME stdout F plain\nTIME stdout F  q" \t\377\nTIME stdout F \nTIME stdout P rest\nTIME stderr F err\n' | sort)
}

@test "a line longer than 16 KiB is several entries, no character of it cut" {
	captured 'for n in 16383 16384 16385 40000; do head -c $n /dev/zero | tr "\0" x; echo; done
		yes "€€€€" | tr -d "\n" | head -c 30000; echo' --logs-format json-file
	assert_equal "$(jq -r '.log | length' "$logs/$id.log" | xargs)" '16384 16384 1 16384 2 16384 16384 7233 5461 4540'
	assert_equal "$(jq -j .log "$logs/$id.log" | md5sum)" "$(bivy logs "$id" | md5sum)"
	assert_equal "$(bivy logs "$id" | awk '{ print length($0) }' | xargs)" '16383 16384 16385 40000 30000'
	! grep -q ufffd "$logs/$id.log"
}

@test "a long line in cri: parts, and its end" {
	captured 'head -c 40000 /dev/zero | tr "\0" x; echo; echo short' --logs-format cri
	assert_equal "$(awk '{ print $3, length($4) }' "$logs/$id.log" | xargs)" 'P 16384 P 16384 F 7232 F 5'
	assert_equal "$(bivy logs "$id" | awk '{ print length($0) }' | xargs)" '40000 5'
}

# --- rotation ---

@test "raw files are numbered on, the lowest go, and no line is split" {
	local file n=6000
	captured "n=$n; $numbered" --logs-size 64K --logs-files 3
	assert_equal "$(find "$logs" -name '*.stdout.*' | wc -l)" 3
	assert_equal "$(find "$logs" -name '*.stderr.*' -size 0 | wc -l)" 1
	[ "$(find "$logs" -name '*.stdout.*' | sort -V | head -1)" != "$logs/$id.stdout.0" ]
	for file in $(find "$logs" -name '*.stdout.*' | sort -V | head -2); do
		[ "$(stat -c %s "$file")" -le 65536 ] && [ "$(stat -c %s "$file")" -gt 32768 ]
		assert_equal "$(tail -c 1 "$file" | wc -l)" 1
	done
	in_all stdout awk -v n=$n '{ if (last && $1 != last + 1) exit 1; last = $1 } END { exit last != n }'
}

@test "a raw line that is longer than a file's last 32 KiB is split, and nothing of it lost" {
	captured 'for n in 100000 10 70000; do head -c $n /dev/zero | tr "\0" x; echo; done' --logs-size 64K
	assert_equal "$(in_all stdout awk '{ print length($0) }' | xargs)" '100000 10 70000'
	assert_equal "$(stat -c %s "$logs/$id.stdout.0")" 65536
	assert_equal "$(bivy logs "$id" | wc -c)" 170013
}

@test "formatted files are renamed as Docker does it: the number counts the age" {
	local n=3000 format
	for format in json-file cri; do
		captured "n=$n; $numbered" --logs-size 64K --logs-files 3 --logs-format $format
		assert_equal "$(find "$logs" -type f -name "$id.log*" -printf '%f\n' | sort | xargs)" "$id.log $id.log.1 $id.log.2"
		[ "$(stat -c %s "$logs/$id.log.1")" -ge 65536 ] && [ "$(stat -c %s "$logs/$id.log.1")" -lt 66000 ]
		bivy logs "$id" | awk -v n=$n '{ if (last && $1 != last + 1) exit 1; last = $1 } END { exit last != n }'
		bivy delete "$id"
		rm "$logs"/*
	done
}

@test "a second container of the same name goes on where the first one stopped" {
	local format
	for format in $formats; do
		captured 'echo first' --logs-format "$format"
		bivy delete "$id"
		captured 'echo second' --logs-format "$format"
		assert_equal "$(bivy logs "$id" | xargs)" 'first second'
		bivy delete "$id"
	done
}

# --- the log directory may be the container's ---

@test "links and other people's files in the place of a log are left alone" {
	local linked=$BATS_TEST_TMPDIR/linked named=$BATS_TEST_TMPDIR/named
	echo precious | tee "$linked" >"$named"
	ln -s "$linked" "$logs/$id.stdout.0"
	ln "$named" "$logs/$id.stderr.4"
	captured 'echo out; echo err >&2'
	assert_equal "$(cat "$linked" "$named" | xargs)" 'precious precious'
	assert_equal "$(cat "$logs/$id.stdout.1") $(cat "$logs/$id.stderr.5")" 'out err'
	assert_equal "$(bivy logs --stdout "$id")" out
	bivy delete "$id"

	ln -s "$linked" "$logs/$id.log"
	captured 'echo out' --logs-format cri
	assert_equal "$(stat -c %F "$logs/$id.log") $(cat "$linked")" 'regular file precious'
	assert_equal "$(bivy logs "$id")" out
	bivy delete "$id"

	rm "$logs/$id.log"
	mkfifo "$logs/$id.log"
	captured 'echo out' --logs-format json-file
	assert_equal "$(stat -c %F "$logs/$id.log") $(bivy logs "$id")" 'regular file out'
}

@test "a log that is deleted or cut goes on" {
	bundle_script 'echo one; while [ ! -e /go ]; do sleep 0.02; done; echo two; while [ ! -e /on ]; do sleep 0.02; done; echo three'
	bivy create --logs "$logs" "$id"
	bivy start "$id"
	wait_for grep -q one "$logs/$id.stdout.0"
	rm "$logs/$id.stdout.0"
	touch "$BUNDLE/rootfs/go"
	wait_for grep -q two "$logs/$id.stdout.1"
	: >"$logs/$id.stdout.1"
	touch "$BUNDLE/rootfs/on"
	bivy wait "$id"
	assert_equal "$(od -c <"$logs/$id.stdout.1")" "$(echo three | od -c)"
}

# --- what the program sees ---

@test "a program of any user can open /dev/stdout and /dev/stderr" {
	bundle_set '.process.user = { uid: 65534, gid: 65534 }'
	captured 'echo out >/dev/stdout; echo err >/dev/stderr'
	assert_equal "$(bivy logs "$id" 2>&1 | sort | xargs)" 'err out'
	bivy delete "$id"
	bundle_set '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] |
		.linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BUNDLE" "$BUNDLE/rootfs" "$BATS_TEST_TMPDIR"
	captured 'echo 2out >/dev/stdout; echo 2err >/dev/stderr'
	assert_equal "$(bivy logs "$id" 2>&1 | sort | xargs)" '2err 2out err out'
}

@test "without a shim the program waits for a new one, and nothing is lost" {
	local n=20000 format
	for format in $formats; do
		bundle_script "n=$n; $numbered; echo end; sleep 0.1"
		bivy create --logs "$logs" --logs-format "$format" "$id"
		kill_shims all
		bivy start "$id" # which finds it gone
		bivy wait "$id" || true
		assert_equal "$(bivy logs "$id" | tail -1)" end
		bivy logs "$id" | sed '$d' | cut -d' ' -f1 | is_seq $n
		bivy delete "$id"
		rm "$logs"/*
	done
}

@test "shims killed while it writes: each line is there once, in order, in all formats" {
	local n=150000 format killed
	for format in $formats; do
		rm -f "$BUNDLE/rootfs/written"
		bundle_script "n=$n; { $numbered; } & { $numbered; } >&2; wait; touch /written; sleep 600"
		bivy create --logs "$logs" --logs-size 128K --logs-files 1000 --logs-format "$format" "$id"
		bivy start "$id"
		killed=0
		while ! told written && [ $killed -lt 500 ]; do
			kill_shims
			killed=$((killed + 1))
			bivy state "$id" >/dev/null # where its standby had none yet, both are gone: this brings another
		done
		wait_for told written
		kill_shims all
		bivy stop --timeout 0s "$id" || bivy kill "$id" KILL
		bivy wait "$id" || true
		bivy logs --stdout "$id" | cut -d' ' -f1 | is_seq $n
		bivy logs --stderr "$id" 2>&1 | cut -d' ' -f1 | is_seq $n
		bivy delete "$id"
		rm "$logs"/*
	done
}

# --- a full disk ---

# full_disk FORMAT: 1 MiB of it, and a program that writes more
full_disk() {
	mount -t tmpfs -o size=1M none "$logs"
	bundle_script "n=40000; $numbered; echo end >&2; touch /written; while [ ! -e /go ]; do sleep 0.02; done; echo again"
	bivy create --logs "$logs" --logs-format "$1" "$id"
	bivy start "$id"
	wait_for told written
}

# What was written, less what was lost.
assert_counted() {
	local written
	written=$(n=40000; eval "$numbered" | wc -c)
	assert_equal "$(bivy logs --stdout "$id" | wc -c)" $((written + $1 - $(record '.droppedStdout // 0')))
	[ "$(record .droppedStdout)" -gt 1000000 ]
}

@test "full disk: the program runs on, and what is lost is counted and told" {
	local format
	for format in raw json-file; do
		full_disk $format
		touch "$BUNDLE/rootfs/go"
		bivy wait "$id"
		assert_counted 6
		assert_equal "$(record '.code')" 0
		assert_equal "$(jq -r 'select(.type == "log-dropped") | "\(.stream) \(.goesOn)"' "$BIVY_ROOT/$id/events" | head -1)" 'stdout true'
		bivy delete "$id"
		umount "$logs"
		rm "$BUNDLE/rootfs"/{written,go}
	done
}

@test "full disk that gets room again: the log goes on" {
	full_disk raw
	mount -o remount,size=16M "$logs"
	wait_for grep -q end "$logs/$id.stderr.0"
	touch "$BUNDLE/rootfs/go"
	bivy wait "$id"
	assert_equal "$(tail -1 "$logs/$id.stdout.0")" again
	assert_counted 6
	assert_equal "$(record '.droppedStderr // 0')" 0
	assert_equal "$(jq -r 'select(.type == "log-dropped" and .stream == "stdout").goesOn' "$BIVY_ROOT/$id/events" | xargs)" 'true false'
}

# --- bivy logs ---

@test "logs: the last lines, one stream, since when" {
	local format since
	for format in $formats; do
		captured 'for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; printf rest' --logs-format "$format"
		assert_equal "$(bivy logs --stdout --tail 2 "$id" | xargs)" 'out 5 rest'
		assert_equal "$(bivy logs --stderr -n 2 "$id" 2>&1 >/dev/null | xargs)" 'err 4 err 5'
		assert_equal "$(bivy logs --tail 0 "$id" 2>&1)" ''
		assert_equal "$(bivy logs --tail all "$id" 2>/dev/null | wc -l)" 5
		assert_equal "$(bivy logs --stdout --stderr "$id" 2>&1 | wc -l)" 10
		bivy delete "$id"
		rm "$logs"/*
	done
	captured 'echo one; sleep 0.3; echo two; sleep 0.3; echo three' --logs-format cri
	since=$(sed -n 2p "$logs/$id.log" | cut -d' ' -f1)
	assert_equal "$(bivy logs --since "$since" "$id" | xargs)" 'two three'
	assert_equal "$(bivy logs --since "$(TZ=Asia/Kathmandu date -d "$since" +%Y-%m-%dT%H:%M:%S.%N%:z)" "$id" | xargs)" 'two three'
	assert_equal "$(bivy logs --since 1h "$id" | wc -l)" 3
	assert_equal "$(bivy logs --since 2000-01-01 "$id" | wc -l)" 3
	assert_equal "$(bivy logs --since 2999-01-01 "$id")" ''
}

@test "logs -f: follows through rotation, whoever is killed, and ends with the container" {
	local format pid
	for format in $formats; do
		bundle_script 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo $i; [ $((i % 3)) != 0 ] || sleep 0.002; done'
		bivy create --logs "$logs" --logs-size 4K --logs-files 50 --logs-format "$format" "$id"
		bivy logs -f "$id" >"$BATS_TEST_TMPDIR/followed" &
		pid=$!
		bivy start "$id"
		kill_shims
		wait $pid
		is_seq 300 <"$BATS_TEST_TMPDIR/followed"
		bivy delete "$id"
		rm "$logs"/*
	done
}

@test "logs -f works at once although both shims are killed, before it and meanwhile" {
	local format pid
	for format in $formats; do
		bundle_script 'i=0; while [ $i -lt 40 ]; do i=$((i + 1)); echo $i; [ ! -e /stay ] || [ $i != 20 ] ||
			while [ -e /stay ]; do sleep 0.02; done; done'
		: >"$BUNDLE/rootfs/stay"
		bivy create --logs "$logs" --logs-format "$format" "$id"
		bivy start "$id"
		kill_shims all
		"$BIVY" --root "$BIVY_ROOT" logs -f "$id" >"$BATS_TEST_TMPDIR/followed" 3>&- 4>&- &
		pid=$!
		wait_for grep -qx 20 "$BATS_TEST_TMPDIR/followed"
		kill_shims all
		rm "$BUNDLE/rootfs/stay"
		wait $pid
		is_seq 40 <"$BATS_TEST_TMPDIR/followed"
		bivy delete "$id"
		rm "$logs"/*
	done
}

@test "logs -f: begins at the last lines, and ends quietly when nobody reads" {
	captured 'echo one; echo two'
	assert_equal "$(bivy logs -f --tail 1 "$id")" two # it has ended: nothing to wait for
	bivy delete "$id"
	bundle_script 'echo three; sleep 600'
	bivy create --logs "$logs" "$id"
	bivy start "$id"
	assert_equal "$(timeout 20 "$BIVY" --root "$BIVY_ROOT" logs -f "$id" 2>&1 | sed '/three/q' | tail -1)" three
}

@test "logs: what has none, or no times, is told what to do" {
	bundle_script 'true'
	bivy run --keep "$id"
	assert_fails 1 'has no logs.*--logs DIR' bivy logs "$id"
	assert_fails 1 'does not exist' bivy logs "$id-not"
	bivy delete "$id"
	captured 'echo'
	assert_fails 1 'raw.*no times.*--logs-format' bivy logs --since 1m "$id"
	assert_fails 2 '"x" is not a number of lines' bivy logs --tail x "$id"
	assert_fails 2 '"soon" is neither a duration' bivy logs --since soon "$id"
	rm -r "$logs"
	assert_fails 1 "$logs" bivy logs "$id"
}

@test "create: what cannot be captured is refused" {
	local no=$BATS_TEST_TMPDIR/no
	assert_fails 2 '--logs needs the shim' bivy create --logs "$logs" --pid-file "$no" "$id"
	assert_fails 2 '--logs needs the shim' bivy create --logs "$logs" --shim=no "$id"
	assert_fails 2 'need --logs' bivy create --logs-format cri "$id"
	assert_fails 2 '"10X" is not a size' bivy create --logs "$logs" --logs-size 10X "$id"
	assert_fails 2 '"1K" is less than 4096' bivy create --logs "$logs" --logs-size 1K "$id"
	assert_fails 1 "$no: No such file" bivy create --logs "$no" "$id"
	bundle_set '.process.terminal = true'
	assert_fails 2 'a terminal has one reader' bivy create --logs "$logs" --console-socket "$no" "$id"
}

@test "a job's logs block: how many files, and none at all" {
	local job=$BATS_TEST_TMPDIR/job.hcl run
	cat >"$job" <<-'JOB'
		job "talks" {
		  group "g" {
		    task "loud" {
		      driver = "exec"
		      config {
		        command = "/bin/sh"
		        args    = ["-c", "i=0; while [ $i -lt 40000 ]; do i=$((i + 1)); printf '%s %079d\\n' $i 0; done; sleep 600"]
		      }
		      logs {
		        max_files     = 2
		        max_file_size = 1
		      }
		    }
		  }
		}
	JOB
	run=$(bivy up --detach --id "$id" "$job")
	assert_equal "$run" "$id"
	wait_for eval 'bivy logs --tail 1 "$id" | grep -q "^40000 "'
	assert_equal "$(find "$BIVY_ROOT/.bundles/$id" -name 'loud.stdout.*' -printf '%f\n' | sort | xargs)" 'loud.stdout.2 loud.stdout.3'
	bivy delete --force "$id"
	sed -i 's/max_files .*/disabled = true/' "$job"
	bivy up --detach --id "$id" "$job"
	assert_fails 1 'has no logs' bivy logs "$id"
	assert_equal "$(find "$BIVY_ROOT/.bundles/$id" -name 'loud.*')" ''
}

# --- what is left in memory ---

@test "a shim takes no more memory after 50 MiB of logs" {
	local before after n=60000
	bundle_script "while [ ! -e /go ]; do sleep 0.02; done; n=700000; { $numbered; }; touch /written; sleep 600"
	bivy create --logs "$logs" --logs-size 4M --logs-files 2 --logs-format json-file "$id"
	bivy start "$id"
	before=$(pss)
	touch "$BUNDLE/rootfs/go"
	BIVY_WAIT=30 wait_for told written
	after=$(pss)
	[ "$after" -le $((before + 32)) ] || { echo "$before KiB before, $after after"; return 1; }
	bivy delete --force "$id"
}

# KiB of the container's shims
pss() {
	local pid
	for pid in $(shims all); do
		sed -n 's/^Pss: *//p' "/proc/$pid/smaps_rollup"
	done | awk '{ n += $1 } END { print n }'
}
