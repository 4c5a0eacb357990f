#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts and jq programs in quotes
# `bivy up`: a task of a job file, isolated.  What it sees and may do, its code, its end, and what is left (nothing).

load helpers

setup() {
	need_root
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
}

# job SCRIPT [CONFIG-LINES] [TASK-LINES]: job.hcl, whose task runs the script by /bin/sh.
job() {
	cat >job.hcl <<-EOF
		task "task" {
		  driver = "exec"
		  config {
		    command = "/bin/sh"
		    args    = ["-c", <<EOS
		$1
		EOS
		    ]
		    ${2-}
		  }
		  ${3-}
		}
	EOF
}

up() {
	bivy up --quiet --id "$(new_id)" "$@"
}

nothing_left() {
	[ -z "$(ls -A "$BIVY_ROOT/.bundles" 2>/dev/null)" ] || tell "left: $(find "$BIVY_ROOT/.bundles" | head)"
	assert_clean
}

mask_of() {
	local set=$1 names mask=0 name
	shift
	names=("$@")
	for name in "${names[@]}"; do
		mask=$((mask | 1 << $(capability_number "$name")))
	done
	printf '%s:\t%016x\n' "$set" "$mask"
}

capability_number() {
	python3 - "$1" <<-'EOF'
		import sys
		names = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " \
		        "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " \
		        "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap"
		print(names.split().index(sys.argv[1]))
	EOF
}

@test "a task is alone with its init, and nobody" {
	job 'echo $$; ls -d /proc/[0-9]* | wc -l; id -un; id -g; id -G'
	run up job.hcl
	assert_ok
	# The init, the script, the `ls` and `wc` of its pipe: no process of the host among them.
	[ "${lines[0]}" = 2 ]
	[ "${lines[1]}" -le 4 ]
	[ "${lines[2]}" = nobody ]
	[ "${lines[3]}" = "$(id -g nobody)" ]
	[ "${lines[4]}" = "$(id -G nobody)" ]
	nothing_left
}

@test "a task has exactly the capabilities of its settings, in all five sets" {
	job 'grep ^Cap /proc/self/status'
	run up job.hcl
	assert_ok
	for n in 0 1 2 3 4; do
		[[ ${lines[n]} == *00000000a80405fb ]] || tell "default set: ${lines[n]}"
	done
	job 'grep ^Cap /proc/self/status' 'cap_drop = ["all"]
	cap_add = ["chown", "net_bind_service"]'
	run up job.hcl
	assert_ok
	[ "${lines[0]}" = "$(mask_of CapInh chown net_bind_service)" ]
	[ "${lines[1]}" = "$(mask_of CapPrm chown net_bind_service)" ]
	[ "${lines[2]}" = "$(mask_of CapEff chown net_bind_service)" ]
	[ "${lines[3]}" = "$(mask_of CapBnd chown net_bind_service)" ]
	[ "${lines[4]}" = "$(mask_of CapAmb chown net_bind_service)" ]
}

@test "a task gains no privileges, and its system calls are filtered" {
	job 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; unshare -U true 2>&1; keyctl show 2>&1; true'
	run up job.hcl
	assert_ok
	[ "${lines[0]}" = $'NoNewPrivs:\t1' ]
	[ "${lines[1]}" = $'Seccomp:\t2' ]
	[[ $output == *"Operation not permitted"* ]] || tell "unshare of a user namespace was not refused"
}

@test "/usr is there, the host's own, and read-only; nothing of it was copied" {
	job 'touch /usr/x; touch /bin/x; touch /etc/x; touch /x; [ -x /usr/bin/env ] && echo there
	df -k /usr | tail -n 1; cat /proc/self/mountinfo | grep -c " /usr ro"'
	run up job.hcl
	assert_ok
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 4 ]
	[[ $output == *there* ]]
	bivy bundle job.hcl bundle
	[ "$(du -sk bundle/task | cut -f1)" -lt 100 ]
}

@test "mounts below a chroot_env directory are read-only too" {
	mkdir -p tree/sub
	mount -t tmpfs tmpfs tree/sub
	echo 'client { chroot_env {
		"/bin" = "/bin"
		"/lib" = "/lib"
		"/lib64" = "/lib64"
		"/usr" = "/usr"
		"'"$BATS_TEST_TMPDIR"'/tree" = "/tree"
	} }' >agent.hcl
	job 'touch /tree/sub/x'
	run up --client agent.hcl job.hcl
	umount tree/sub
	[ "$status" -ne 0 ]
	[[ $output == *"Read-only file system"* ]]
	nothing_left
}

@test "no file of the host beyond chroot_env is in reach" {
	echo secret >"$BATS_TEST_TMPDIR/secret"
	job 'for f in /home /root /var /boot /opt /srv '"$BATS_TEST_TMPDIR/secret"'; do [ ! -e $f ] || echo "seen: $f"; done
	ls /proc/1/root/; cd /proc/1/root/../../..; pwd'
	run up job.hcl
	assert_ok
	[[ $output != *seen:* ]]
}

@test "local, alloc, secrets and tmp are writable, and nothing else is" {
	job 'for d in local alloc secrets tmp; do echo x >/$d/file && cat /$d/file && echo "$d yes"; done
	find / -xdev -maxdepth 2 -type d -writable 2>/dev/null | grep -Ev "^/(local|alloc|secrets|tmp|proc|dev)(/|\$)"; true
	echo $NOMAD_TASK_DIR $NOMAD_ALLOC_DIR $NOMAD_SECRETS_DIR; grep " /secrets " /proc/self/mountinfo'
	run up job.hcl
	assert_ok
	for d in local alloc secrets tmp; do
		[[ $output == *"$d yes"* ]] || tell "$d"
	done
	[[ $output == *"/local /alloc /secrets"* ]]
	[[ $output == *noexec*tmpfs* ]]
	[[ $output != *$'\n/usr'* && $output != *$'\n/etc'* && $output != *$'\n/\n'* ]]
}

@test "the namespaces are the task's own, and pid_mode and ipc_mode host share the host's" {
	job 'for n in pid ipc mnt uts cgroup net; do readlink /proc/self/ns/$n; done'
	run up job.hcl
	assert_ok
	for n in pid ipc mnt uts cgroup; do
		[[ $output != *"$(readlink /proc/self/ns/$n)"* ]] || tell "$n is the host's"
	done
	[[ $output == *"$(readlink /proc/self/ns/net)"* ]]
	job 'readlink /proc/self/ns/pid /proc/self/ns/ipc' 'pid_mode = "host"
	ipc_mode = "host"'
	run up job.hcl
	assert_ok
	assert_equal "$output" "$(readlink /proc/self/ns/pid /proc/self/ns/ipc)"
}

@test "the code of a task is up's code" {
	job 'exit 0' && run up job.hcl && assert_ok
	job 'exit 7' && run up job.hcl
	[ "$status" -eq 7 ]
	job 'kill -TERM $$; sleep 5' '' && run up job.hcl
	# As pid 1 it has no handler, so the kernel passes its own signal over; a child has none of that.
	job '(sh -c "kill -TERM \$\$"); exit $?' && run up job.hcl
	[ "$status" -eq 143 ]
	job '(sh -c "kill -KILL \$\$"); exit $?' && run up job.hcl
	[ "$status" -eq 137 ]
	nothing_left
}

@test "kill from outside ends a task with 137, and up says so" {
	local id
	id=$(new_id)
	job 'echo ready; sleep 100'
	bivy_background up --id "$id" job.hcl
	wait_for has_status "$id" running
	bivy kill "$id" KILL
	run wait "$bivy_pid"
	wait "$bivy_pid" || status=$?
	[ "$status" -eq 137 ]
	nothing_left
}

@test "the memory limit of the job ends a task that exceeds it, and the summary names it" {
	job 'x=a; while :; do x=$x$x; done' '' 'resources {
	  memory = 20
	}'
	run --separate-stderr bivy up --id "$(new_id)" job.hcl
	[ "$status" -eq 137 ]
	[[ $stderr == *"out of memory"* ]]
	nothing_left
}

@test "Ctrl-C stops a task by its kill_signal, and kills it after kill_timeout" {
	local id begin
	id=$(new_id)
	job 'trap "echo asked; exit 3" USR1; echo ready; while :; do sleep 0.1; done' '' 'kill_signal = "SIGUSR1"'
	bivy_background up --quiet --id "$id" job.hcl
	wait_for grep -q ready "output.job.hcl"
	kill -INT "$bivy_pid"
	status=0
	wait "$bivy_pid" || status=$?
	[ "$status" -eq 3 ]
	grep -q asked output.job.hcl

	id=$(new_id)
	job 'trap "" INT; echo ready; while :; do sleep 0.1; done' '' 'kill_timeout = "300ms"'
	bivy_background up --quiet --id "$id" job.hcl
	wait_for grep -q ready "output.job.hcl"
	kill -INT "$bivy_pid"
	status=0
	wait "$bivy_pid" || status=$?
	[ "$status" -eq 137 ]
	nothing_left
}

# Pressed again and again: one that comes before the last one has been heard does not count.
ends_by_ctrl_c() {
	! kill -INT "$1" 2>/dev/null
}

@test "shutdown_delay comes before the kill_signal, and a second Ctrl-C before both" {
	job 'trap "date +%s%3N; exit 0" INT; echo ready; while :; do sleep 0.02; done' '' 'shutdown_delay = "400ms"'
	bivy_background up --quiet --id "$(new_id)" job.hcl
	wait_for grep -q ready "output.job.hcl"
	local asked
	asked=$(date +%s%3N)
	kill -INT "$bivy_pid"
	wait "$bivy_pid"
	[ $(($(tail -n 1 output.job.hcl) - asked)) -ge 400 ]

	sed -i 's/400ms/30s/' job.hcl
	bivy_background up --quiet --id "$(new_id)" job.hcl
	wait_for grep -q ready "output.job.hcl"
	wait_for ends_by_ctrl_c "$bivy_pid"
	status=0
	wait "$bivy_pid" || status=$?
	[ "$status" -eq 137 ]
	nothing_left
}

@test "output comes as it is written, standard error on its own stream" {
	job 'echo out; echo err >&2'
	run --separate-stderr up job.hcl
	assert_ok
	assert_equal "$output" out
	assert_equal "$stderr" err
}

@test "a closed pipe ends the output, not the order" {
	job 'echo one; echo two; echo three'
	"$BIVY" --root "$BIVY_ROOT" up --quiet --id "$(new_id)" job.hcl 2>/dev/null | head -n 1 >first
	assert_equal "$(cat first)" one
	nothing_left
}

@test "up -d prints the id, leaves it to the shim, and keeps its output in alloc/logs" {
	job 'echo to the log; echo and the other >&2; sleep 100'
	run bivy up -d --id "$(new_id)" job.hcl
	assert_ok
	local id=$output
	has_status "$id" running
	wait_for grep -q 'to the log' "$BIVY_ROOT/.bundles/$id/alloc/logs/task.stdout.0"
	wait_for grep -q 'and the other' "$BIVY_ROOT/.bundles/$id/alloc/logs/task.stderr.0"
	bivy kill "$id" KILL
	run bivy wait "$id"
	[ "$status" -eq 137 ]
	assert_ok bivy delete "$id"
	nothing_left
}

@test "two of the same job side by side" {
	job 'sleep 0.3; hostname >/dev/null; echo "$NOMAD_ALLOC_ID"'
	"$BIVY" --root "$BIVY_ROOT" up -q job.hcl >one &
	"$BIVY" --root "$BIVY_ROOT" up -q job.hcl >two
	wait
	[ "$(cat one)" != "$(cat two)" ]
	nothing_left
}

@test "a second up with the same id is refused, and the first is left alone" {
	local id
	id=$(new_id)
	job 'echo ready; sleep 100'
	bivy up -d --id "$id" job.hcl
	run --separate-stderr bivy up --id "$id" job.hcl
	[ "$status" -ne 0 ]
	has_status "$id" running
	[ -d "$BIVY_ROOT/.bundles/$id" ]
	assert_ok bivy delete --force "$id"
	nothing_left
}

@test "a job that is wrong leaves nothing, and says where" {
	printf 'task "t" {\n  driver = "exec"\n  config {\n    command = 7 7\n  }\n}\n' >job.hcl
	assert_fails 125 'job.hcl:4,[0-9]+: ' up job.hcl
	job 'true'
	sed -i 's,/bin/sh,/bin/no-such-program,' job.hcl
	assert_fails 127 'no-such-program' up job.hcl
	assert_fails 125 'nowhere.hcl' up nowhere.hcl
	nothing_left
}

@test "several tasks: --task chooses one, which then has the caller's streams" {
	cat >job.hcl <<-'EOF'
		job "two" {
		  group "g" {
		    task "one" {
		      driver = "exec"
		      config {
		        command = "/bin/echo"
		        args    = ["I am one"]
		      }
		    }
		    task "other" {
		      driver = "exec"
		      config {
		        command = "/bin/echo"
		        args    = ["I am the other"]
		      }
		    }
		  }
		}
	EOF
	run up --task other job.hcl
	assert_ok
	assert_equal "$output" "I am the other"
	run up job.hcl
	assert_ok
	assert_equal "$(sort <<<"$output")" $'one   | I am one\nother | I am the other'
	nothing_left
}

@test "raw_exec is refused until the agent file enables it, and then runs on the host, in a cgroup" {
	cat >job.hcl <<-'EOF'
		task "raw" {
		  driver = "raw_exec"
		  config {
		    command = "/bin/sh"
		    args    = ["-c", "pwd; readlink /proc/self/ns/pid /proc/self/ns/mnt; id -u; cat /proc/self/cgroup; sleep 100 & exit 5"]
		  }
		}
	EOF
	assert_fails 125 'raw_exec is disabled' up job.hcl
	echo 'plugin "raw_exec" { config { enabled = true } }' >agent.hcl
	run up --client agent.hcl job.hcl
	[ "$status" -eq 5 ]
	[[ ${lines[0]} == */task ]]
	[ "${lines[1]}" = "$(readlink /proc/self/ns/pid)" ]
	[ "${lines[2]}" = "$(readlink /proc/self/ns/mnt)" ]
	[ "${lines[3]}" = "$(id -u)" ]
	[[ $output == */bivy/* ]]
	nothing_left	# the `sleep` in the background too
}

@test "the example that make run shows" {
	local example=$BIVY_TESTS/../spec/examples/hello.hcl
	[ -f "$example" ] || skip "spec/examples is not shared with this machine"
	run bivy up "$example"
	assert_ok
	[[ $output == *"my pid is"*1* ]]
	[[ $output == *"may I write /usr"*"no: "* ]]
	[[ $output == *"exit code 0"*"started in"*ms* ]]
	nothing_left
}
