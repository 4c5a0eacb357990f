#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# Terminals: the container's own, handed to a listener (--console-socket) or joined to the caller's.

load helpers

setup() {
	need_root
	command -v python3 >/dev/null || skip "needs python3"
	setup_bundle
	id=$(new_id)
	bundle_set '.process.terminal = true | .process.env += ["TERM=dumb"]'
}

# A listener in the background: takes one terminal at the socket $1, says its size and then writes what comes from it to $2;
# writes $3 to it when it has seen "ready".
listen() {
	rm -f "$1"
	python3 - "$@" 3>&- 4>&- <<-'END' &
		import array, fcntl, os, socket, sys, termios, struct
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(1)
		s.settimeout(60)
		out = open(sys.argv[2], "wb", buffering=0)
		c, _ = s.accept()
		data, more, _, _ = c.recvmsg(64, socket.CMSG_SPACE(16))
		fds = array.array("i", more[0][2])
		out.write(b"%d terminal\n" % len(fds))
		rows, columns = struct.unpack("HHHH", fcntl.ioctl(fds[0], termios.TIOCGWINSZ, b"\0" * 8))[:2]
		out.write(b"%d rows %d columns\n" % (rows, columns))
		seen, todo = b"", sys.argv[3].encode() if len(sys.argv) > 3 else b""
		while True:
		    try:
		        now = os.read(fds[0], 4096)
		    except OSError:
		        break
		    if not now:
		        break
		    out.write(now)
		    seen += now
		    if todo and b"ready" in seen:
		        os.write(fds[0], todo)
		        todo = b""
		out.write(b"\nend\n")
	END
	listener=$!
	wait_for test -S "$1"
}

# A command on a terminal of 37 rows and 91 columns: its output, what its terminal's modes were before and after, its code.
# in_terminal STEPS COMMAND...: a step is "SEEN>INPUT", written when SEEN has come; "|" stands between two. The input @winch is a
# change of the size.
in_terminal() {
	timeout --foreground 60 python3 - "$@" 3>&- 4>&- <<-'END'
		import fcntl, os, pty, struct, sys, termios, time
		def resize(fd, rows, columns):
		    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
		master, end = pty.openpty()
		resize(master, 37, 91)
		before = termios.tcgetattr(end)
		pid = os.fork()
		if pid == 0:
		    os.setsid()
		    fcntl.ioctl(end, termios.TIOCSCTTY, 0)
		    for fd in 0, 1, 2:
		        os.dup2(end, fd)
		    os.closerange(3, 64)
		    os.execvp(sys.argv[2], sys.argv[2:])
		steps = [s.encode().decode("unicode_escape").encode().split(b">") for s in sys.argv[1].split("|") if s]
		seen, during, code = b"", None, None
		os.set_blocking(master, False)
		while True:
		    try:
		        seen += os.read(master, 4096)
		    except BlockingIOError:
		        if code is not None:
		            break
		        done, status = os.waitpid(pid, os.WNOHANG)
		        if done:
		            code = os.waitstatus_to_exitcode(status)
		        time.sleep(0.01)
		    if steps and steps[0][0] in seen:
		        during = termios.tcgetattr(end)
		        if steps[0][1] == b"@winch":
		            resize(master, 50, 100)
		        else:
		            os.write(master, steps[0][1])
		        steps.pop(0)
		sys.stdout.write(seen.decode().replace("\r\n", "\n"))
		if during is not None:
		    print("raw" if not during[3] & (termios.ICANON | termios.ECHO | termios.ISIG) and not during[1] & termios.OPOST else "not raw")
		print("restored" if termios.tcgetattr(end) == before else "not restored")
		print("code", code)
	END
}

# --- a listener ---

@test "terminal: --console-socket is sent the terminal, and the program has it on 0, 1, 2 and as its controlling one" {
	bundle_set '.process.consoleSize = {height: 33, width: 77} | .process.user = {uid: 1000, gid: 1000}'
	bundle_script 'for n in 0 1 2; do readlink /proc/self/fd/$n; test -t $n && echo "tty $n"; done; tty; stty size; ps -o tty= 2>/dev/null
		echo through >/dev/tty; stat -c "%u %a" $(tty); stat -c "%t:%T" /dev/console; ls -1 /dev/pts; ls -1 /proc/$$/fd; :'
	listen "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/got"
	assert_ok bivy create --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	assert_ok bivy start "$id"
	wait_for has_status "$id" stopped
	wait "$listener"
	output=$(tr -d '\r' <"$BATS_TEST_TMPDIR/got")
	assert_equal "$(head -n 9 <<<"$output")" "1 terminal
33 rows 77 columns
/dev/pts/0
tty 0
/dev/pts/0
tty 1
/dev/pts/0
tty 2
/dev/pts/0"
	grep -x '33 77' <<<"$output"
	grep -x 'through' <<<"$output"
	grep -x '1000 620' <<<"$output"
	grep -x '88:0' <<<"$output"
	assert_equal "$(tail -n 5 <<<"$output" | tr '\n' ' ')" "0 1 2  end "
	[[ $output == *$'\n0\nptmx\n0\n1\n2\n'* ]]
}

@test "terminal: what the listener writes is the program's input" {
	bundle_script 'echo ready; read line; echo "it said $line"'
	listen "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/got" $'hello\n'
	assert_ok bivy run --detach --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	wait "$listener"
	grep -F 'it said hello' "$BATS_TEST_TMPDIR/got"
}

@test "terminal: exec's is sent too" {
	bundle_set '.process.terminal = false'
	bundle_args sleep 600
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	listen "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/got" $'hello\n'
	assert_ok bivy exec --tty --detach --console-socket "$BATS_TEST_TMPDIR/socket" "$id" \
		sh -c 'tty; echo through >/dev/tty; echo ready; read line; echo "it said $line"'
	wait "$listener"
	output=$(tr -d '\r' <"$BATS_TEST_TMPDIR/got")
	grep -x '/dev/pts/0' <<<"$output"
	grep -x through <<<"$output"
	grep -x 'it said hello' <<<"$output"
}

@test "terminal: without anyone to take it, and without one to take, it is refused" {
	bundle_args true
	assert_fails 1 'process.terminal needs --console-socket' bivy create "$id"
	assert_fails 1 "console socket $BATS_TEST_TMPDIR/none: No such file" bivy create --console-socket "$BATS_TEST_TMPDIR/none" "$id"
	bundle_set '.process.terminal = false'
	assert_fails 1 '--console-socket needs process.terminal' bivy create --console-socket "$BATS_TEST_TMPDIR/none" "$id"
	assert_clean
}

@test "terminal: without a devpts it is an error that says so" {
	bundle_set '.mounts |= map(select(.type != "devpts"))'
	bundle_args true
	listen "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/got"
	assert_fails 1 '/dev/pts.*devpts' bivy create --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	kill "$listener"
	wait "$listener" || true
}

# CVE-2025-52565: the image's /dev/console leads elsewhere.
@test "terminal: a link at /dev/console leads nowhere outside" {
	echo precious >"$BATS_TEST_TMPDIR/victim"
	bundle_set '.mounts |= map(select(.destination | startswith("/dev/") or . != "/dev")) | .root.readonly = false'
	mkdir -p "$BUNDLE/rootfs/dev/pts"
	ln -s "$BATS_TEST_TMPDIR/victim" "$BUNDLE/rootfs/dev/console"
	bundle_script 'echo spoiled >/dev/console'
	listen "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/got"
	run --separate-stderr bivy run --console-socket "$BATS_TEST_TMPDIR/socket" "$id"
	kill "$listener" 2>/dev/null || true
	wait "$listener" || true
	assert_equal "$(<"$BATS_TEST_TMPDIR/victim")" precious
	assert_equal "$(grep -F "$BATS_TEST_TMPDIR/victim" /proc/self/mountinfo)" ""
}

# --- the caller's terminal ---

@test "terminal: run joins the caller's: output, size, code, and the modes are put back" {
	bundle_script 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; echo through >/dev/tty; exit 7'
	run in_terminal '' "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$output" $'/dev/pts/0\n37 91\nall\nthrough\nrestored\ncode 7'
}

@test "terminal: input arrives, the caller's terminal is raw meanwhile, and Ctrl-C is the program's" {
	bundle_script 'trap "echo interrupted; exit 3" INT; echo ready; while :; do read line && echo "it said $line"; done'
	run in_terminal 'ready>hello\n|it said hello>\x03' "$BIVY" --root "$BIVY_ROOT" run "$id"
	[[ $output == *"it said hello"* ]]
	[[ $output == *interrupted* ]]
	assert_equal "$(tail -n 3 <<<"$output")" $'raw\nrestored\ncode 3'
}

@test "terminal: a change of size is passed on" {
	bundle_script 'trap "stty size; exit 0" WINCH; sleep 600 & echo ready; while :; do wait; done'
	run in_terminal 'ready>@winch' "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$output" $'ready\n50 100\nraw\nrestored\ncode 0'
}

@test "terminal: a lot of output arrives whole, to the last byte" {
	bundle_script 'seq 1 20000; echo last'
	run in_terminal '' "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$(md5sum < <(head -n 20001 <<<"$output"))" "$(md5sum < <(seq 1 20000; echo last))"
	assert_equal "$(tail -n 1 <<<"$output")" "code 0"
}

@test "terminal: what a program says that ends at once is heard, and it has seen the size" {
	local n
	bundle_script 'stty size'
	for ((n = 0; n < 10; n++)); do
		run in_terminal '' "$BIVY" --root "$BIVY_ROOT" run "$(new_id)"
		assert_equal "$output" $'37 91\nrestored\ncode 0'
	done
}

@test "terminal: the modes are put back when the program is killed, and when it cannot be started" {
	bundle_script 'echo ready; kill -KILL $$; sleep 600'
	bundle_set '.linux.namespaces |= map(select(.type != "pid"))'
	run in_terminal '' "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$(tail -n 2 <<<"$output")" $'restored\ncode 137'
	bundle_args no-such-program
	run in_terminal '' "$BIVY" --root "$BIVY_ROOT" run "$(new_id)"
	assert_equal "$(tail -n 2 <<<"$output")" $'restored\ncode 127'
	[[ $output == *no-such-program* ]]
}

@test "terminal: exec -t joins the caller's" {
	bundle_set '.process.terminal = false'
	bundle_args sleep 600
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	run in_terminal 'ready>hello\n' "$BIVY" --root "$BIVY_ROOT" exec -t "$id" sh -c 'stty size; tty; echo ready; read line; echo "it said $line"; exit 9'
	assert_equal "$(head -n 3 <<<"$output")" $'37 91\n/dev/pts/0\nready'
	[[ $output == *"it said hello"* ]]
	assert_equal "$(tail -n 3 <<<"$output")" $'raw\nrestored\ncode 9'
}

# What runs without a terminal of its own keeps the caller's, and its modes.
@test "terminal: process.terminal false has the caller's streams as they are" {
	bundle_set '.process.terminal = false'
	bundle_script 'echo ready; read line; echo "it said $line"; exit 4'
	run in_terminal 'ready>hello\n' "$BIVY" --root "$BIVY_ROOT" run "$id"
	[[ $output == *"it said hello"* ]]
	assert_equal "$(tail -n 3 <<<"$output")" $'not raw\nrestored\ncode 4'
}

# The program reads nothing until it has said more than a terminal holds.
@test "terminal: a lot of input does not stand in the way of the output" {
	bundle_script 'stty raw -echo; echo ready; sleep 1; head -c 300000 /dev/zero | tr "\0" x; head -c 50000 | wc -c; exit 6'
	mkfifo "$BATS_TEST_TMPDIR/in"
	timeout 30 "$BIVY" --root "$BIVY_ROOT" run "$id" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/output.$id" 2>&1 3>&- 4>&- &
	exec 9>"$BATS_TEST_TMPDIR/in"
	wait_for grep -q ready "$BATS_TEST_TMPDIR/output.$id"
	timeout 30 head -c 100000 /dev/zero >&9
	status=0
	wait $! || status=$?
	exec 9>&-
	assert_equal "$status" 6
	assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/output.$id" | tr -d x)" 50000
	[ "$(wc -c <"$BATS_TEST_TMPDIR/output.$id")" -gt 300000 ]
}

@test "terminal: input that ends does not end the program" {
	bundle_script 'echo ready; sleep 1; echo still there; exit 5'
	BIVY_TIMEOUT=60 run --separate-stderr bivy run "$id"
	assert_equal "$status ${output//$'\r'/}" "5 ready"$'\n'"still there"
}
