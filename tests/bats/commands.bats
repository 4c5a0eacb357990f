#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# What can be done to a container that lives, and what bivy says of itself: pause, resume, update, events, ps, features, spec, the
# rest of exec's options, and what passes through from the caller. On cgroups of version 1 and 2, whichever this machine has.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
}

# A container that runs until it is ended: started [SCRIPT]
started() {
	bundle_script "${1:-echo ready; exec sleep 600}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

# The container's end, seen by bivy.
stopped() {
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
}

need_python() {
	python3 -c "import $1" 2>/dev/null || skip "needs python3 with $1"
}

# assert_file CONTROLLER V1FILE V1VALUE V2FILE V2VALUE; a file of "-": that version has none
assert_file() {
	local file=$2 value=$3
	! is_v2 || file=$4 value=$5
	[ "$file" = - ] || assert_equal "$(cgroup_file "$id" "$1" "$file" "$file")" "$value"
}

# What the kernel says of the container's freezer: 1 or 0.
frozen() {
	if is_v2; then
		sed -n 's/^frozen //p' "$(cgroup_dir "$id" freezer)/cgroup.events"
	else
		case $(<"$(cgroup_dir "$id" freezer)/freezer.state") in FROZEN) echo 1 ;; *) echo 0 ;; esac
	fi
}

# --- pause and resume ---

@test "pause: all processes stand still until resume" {
	local before
	started 'while :; do echo x; sleep 0.02; done & echo ready; wait'
	assert_ok bivy pause "$id"
	assert_equal "$(state_of "$id")" paused
	assert_equal "$(frozen)" 1
	before=$(output_of "$id" | wc -l)
	sleep 0.2
	assert_equal "$(output_of "$id" | wc -l)" "$before"
	assert_ok bivy resume "$id"
	assert_equal "$(state_of "$id")" running
	assert_equal "$(frozen)" 0
	wait_for more_lines_than "$before"
}

more_lines_than() {
	[ "$(output_of "$id" | wc -l)" -gt "$1" ]
}

@test "pause and resume say so where the state is not theirs" {
	assert_fails 1 'does not exist' bivy pause "$id"
	assert_fails 1 'does not exist' bivy resume "$id"
	started
	assert_fails 1 'container not paused: .* running' bivy resume "$id"
	assert_ok bivy pause "$id"
	assert_fails 1 'container not running: .* paused already' bivy pause "$id"
	assert_fails 1 'that is not stopped: it is paused' bivy delete "$id"
	assert_fails 1 'already running|paused state' bivy start "$id"
	assert_ok bivy resume "$id"
	stopped
	assert_fails 1 'container not running' bivy pause "$id"
	assert_fails 1 'container not paused: .* stopped' bivy resume "$id"
}

@test "pause: one that is only created is paused too, and start is refused until the resume" {
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create "$id"
	assert_ok bivy pause "$id"
	assert_equal "$(state_of "$id")" paused
	assert_fails 1 'cannot start a container in the paused state' bivy start "$id"
	assert_ok bivy resume "$id"
	assert_equal "$(state_of "$id")" created
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

@test "kill KILL and delete --force end a paused container" {
	started
	assert_ok bivy pause "$id"
	assert_ok bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_ok bivy delete "$id"
	id=$(new_id)
	started
	assert_ok bivy pause "$id"
	assert_ok bivy delete --force "$id"
}

@test "exec in a paused container is refused, and waits with --ignore-paused" {
	started
	assert_ok bivy pause "$id"
	assert_fails 125 'paused container \(use --ignore-paused to override\)' bivy exec "$id" true
	"$BIVY" --root "$BIVY_ROOT" exec --ignore-paused "$id" echo through >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 4>&- &
	sleep 0.3
	assert_equal "$(<"$BATS_TEST_TMPDIR/said")" ''
	assert_ok bivy resume "$id"
	wait $!
	assert_equal "$(<"$BATS_TEST_TMPDIR/said")" through
}

# --- ps ---

@test "ps --format json lists the processes by the host's numbers" {
	started 'sleep 611 & sleep 612 & echo ready; wait'
	local wanted
	wanted=$(cgroup_file "$id" pids cgroup.procs cgroup.procs | sort -n | jq -sc .)
	assert_equal "$(jq length <<<"$wanted")" 3
	assert_equal "$(bivy ps --format json "$id")" "$wanted"
	assert_equal "$(bivy ps -f json "$id" | jq ".[0] == $(pid_of "$id")")" true
}

@test "ps shows what ps(1) says of them, with options for it behind the ID" {
	started 'sleep 611 & echo ready; wait'
	run --separate-stderr bivy ps "$id"
	assert_equal "$status" 0
	assert_equal "${#lines[@]}" 3
	[[ ${lines[0]} =~ ^UID\ +PID ]]
	[[ $output == *'sleep 611'* ]]
	run --separate-stderr bivy ps "$id" -e -o ppid,pid,args
	assert_equal "${#lines[@]}" 3
	[[ ${lines[0]} =~ ^\ *PPID\ +PID\ COMMAND$ ]]
	assert_fails 1 'no column PID' bivy ps "$id" -e -o args
	# ps(1) has said itself what it does not know.
	run bivy ps "$id" --no-such-option
	assert_equal "$status" 1
	[[ $output == *'ps --no-such-option was not successful'* ]]
}

@test "ps of a stopped container: the heading alone, and an empty list" {
	assert_fails 1 'does not exist' bivy ps "$id"
	started
	stopped
	run --separate-stderr bivy ps "$id"
	assert_equal "$status" 0
	assert_equal "${#lines[@]}" 1
	assert_equal "$(bivy ps -f json "$id")" '[]'
}

# --- update ---

@test "update: each option reaches its file, with runc's words for bytes" {
	started
	assert_ok bivy update --memory 64M --memory-reservation=32m --pids-limit 23 --cpu-share 512 --cpu-period 50000 \
		--cpu-quota 20000 --cpuset-cpus 0 --cpuset-mems 0 "$id"
	assert_file memory memory.limit_in_bytes 67108864 memory.max 67108864
	assert_file memory memory.soft_limit_in_bytes 33554432 memory.low 33554432
	assert_file pids pids.max 23 pids.max 23
	assert_file cpu cpu.shares 512 cpu.weight 59
	assert_file cpu cpu.cfs_quota_us 20000 cpu.max '20000 50000'
	assert_file cpu cpu.cfs_period_us 50000 - -
	assert_file cpuset cpuset.cpus 0 cpuset.cpus 0
	assert_file cpuset cpuset.mems 0 cpuset.mems 0
	# What is not named stays.
	assert_ok bivy update "$id" --pids-limit -1
	assert_file pids pids.max max pids.max max
	assert_file memory memory.limit_in_bytes 67108864 memory.max 67108864
	assert_ok bivy update --cpu-burst 1000 "$id"
	assert_file cpu cpu.cfs_burst_us 1000 cpu.max.burst 1000
	assert_ok bivy update --cpu-burst 0 --cpu-quota -1 "$id"
	assert_file cpu cpu.cfs_quota_us -1 cpu.max 'max 50000'
	assert_ok bivy update --cpu-idle 1 "$id"
	assert_file cpu cpu.idle 1 cpu.idle 1
}

@test "update: memory and swap rise and fall together, whichever has to go first" {
	local size
	started
	for size in 64M 128M 0x 32MiB 40960kb; do
		[ "$size" != 0x ] || { assert_fails 2 'not a number of bytes' bivy update --memory 0x "$id"; continue; }
		assert_ok bivy update --memory "$size" --memory-swap "$size" "$id"
	done
	assert_file memory memory.limit_in_bytes 41943040 memory.max 41943040
	is_v2 || [ ! -e "$(cgroup_dir "$id" memory)/memory.memsw.limit_in_bytes" ] ||
		assert_file memory memory.memsw.limit_in_bytes 41943040 - -
	assert_ok bivy update --memory -1 --memory-swap -1 "$id"
	! is_v2 || assert_file memory - - memory.max max
}

@test "update --resources: from a file and from standard input, and other options have no effect then" {
	started
	echo '{"memory": {"limit": 50331648}, "pids": {"limit": 17}, "unknown": {}}' >r.json
	assert_ok bivy update --resources r.json --pids-limit 99 "$id"
	assert_file memory memory.limit_in_bytes 50331648 memory.max 50331648
	assert_file pids pids.max 17 pids.max 17
	"$BIVY" --root "$BIVY_ROOT" update --resources=- "$id" <<<'{"pids": {"limit": 18}}'
	assert_file pids pids.max 18 pids.max 18
	"$BIVY" --root "$BIVY_ROOT" update -r - "$id" <<<'{}'
	assert_file pids pids.max 18 pids.max 18
	echo '{"pids": {"limit": "many"}}' >r.json
	assert_fails 1 'r.json: pids.limit: must be a number' bivy update -r r.json "$id"
	assert_fails 1 'nowhere.json: No such file' bivy update -r nowhere.json "$id"
}

@test "update: when one limit cannot be applied none has changed" {
	started
	assert_ok bivy update --memory 64M --memory-swap 64M --pids-limit 23 --cpu-share 512 --cpuset-cpus 0 "$id"
	assert_fails 1 'linux.resources.cpu.cpus: .*4711' bivy update --memory 96M --memory-swap 96M --pids-limit 24 --cpu-share 300 \
		--cpuset-cpus 4711 "$id"
	assert_file memory memory.limit_in_bytes 67108864 memory.max 67108864
	assert_file pids pids.max 23 pids.max 23
	assert_file cpu cpu.shares 512 cpu.weight 59
	assert_file cpuset cpuset.cpus 0 cpuset.cpus 0
	assert_equal "$(state_of "$id")" running
}

@test "update: a memory limit below what is in use is refused with checkBeforeUpdate" {
	started 'dd if=/dev/zero of=/dev/shm/fill bs=1M count=40 2>/dev/null; echo ready; exec sleep 600'
	assert_ok bivy update --memory 128M "$id"
	echo '{"memory": {"limit": 8388608, "checkBeforeUpdate": true}}' >r.json
	assert_fails 1 'memory.limit.*8388608' bivy update -r r.json "$id"
	assert_file memory memory.limit_in_bytes 134217728 memory.max 134217728
	assert_equal "$(state_of "$id")" running
}

@test "update: a list of device rules takes the place of the former one" {
	bundle_set '.process.capabilities |= map_values(. + ["CAP_MKNOD"] | unique)'
	bundle_set '.linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 229, access: "rwm"}]'
	started
	assert_ok bivy exec "$id" sh -c 'mknod /dev/former c 10 229; mknod /dev/new c 10 200'
	assert_equal "$(may_open former) $(may_open new)" 'yes no'
	echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 200, "access": "rwm"}]}' >r.json
	assert_ok bivy update -r r.json "$id"
	assert_equal "$(may_open former) $(may_open new)" 'no yes'
	run --separate-stderr bivy exec "$id" sh -c 'head -c 1 /dev/zero >/dev/null && echo still'
	assert_equal "$output" still
}

# Whether the cgroup lets a process open the device; the kernel may have no driver for it.
may_open() {
	if bivy exec "$id" sh -c ": </dev/$1" 2>&1 | grep -q 'Operation not permitted'; then echo no; else echo yes; fi
}

@test "update says so where there is nothing to limit, and what it does not understand" {
	assert_fails 1 'does not exist' bivy update --pids-limit 5 "$id"
	started
	assert_fails 2 '\-\-pids-limit: "few" is not a whole number from -1' bivy update --pids-limit few "$id"
	assert_fails 2 '\-\-memory: "64X" is not a number of bytes' bivy update --memory 64X "$id"
	assert_fails 2 '\-\-cpu-share: "-1"' bivy update --cpu-share -1 "$id"
	assert_fails 1 'has no linux.intelRdt' bivy update --l3-cache-schema L3:0=f "$id"
	assert_fails 2 'no option --memoryy' bivy update --memoryy 5 "$id"
	stopped
	assert_fails 1 'container not running' bivy update --pids-limit 5 "$id"
}

# --- events ---

@test "events --stats: the kernel's counters once, in runc's form" {
	bundle_set '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 23}, cpu: {cpus: "0"}}'
	started 'sleep 600 & i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done; echo ready; wait'
	run --separate-stderr bivy events --stats "$id"
	assert_equal "$status" 0
	assert_equal "${#lines[@]}" 1
	jq -e --arg id "$id" '.type == "stats" and .id == $id' <<<"$output"
	jq -e '.data | .pids == {current: 2, limit: 23} and .memory.usage.limit == 67108864 and .cpuset.cpus == [0]' <<<"$output"
	jq -e '.data.cpu.usage | .total > 1000000 and .user + .kernel > 1000000 and .total < 1e12' <<<"$output"
	jq -e '.data.memory | .usage.usage > 4096 and (.raw | length > 10) and .usage.failcnt == 0 and .kernel and .swap.limit >= 67108864' <<<"$output"
	jq -e '.data | has("blkio") and has("hugetlb") and .cpuset.mems[0] == 0' <<<"$output"
	assert_equal "$(jq -r .data.cpu.throttling.throttledTime <<<"$output")" null
}

@test "events: what is read a block device is counted" {
	local part
	part=$(findmnt -no MAJ:MIN --target "$BATS_TEST_TMPDIR")
	[[ ! $part =~ ^\ *0: ]] || skip "$BATS_TEST_TMPDIR is on no block device"
	dd if=/dev/zero of=rootfs/tmp/fill bs=64k count=16 conv=fsync status=none
	started 'dd if=/tmp/fill of=/dev/null iflag=direct bs=64k 2>/dev/null; echo ready; exec sleep 600'
	bivy events --stats "$id" | jq -e '[.data.blkio.ioServiceBytesRecursive[] | select(.op == "Read").value] | max >= 1048576'
}

@test "events: again and again with an interval, until the container ends" {
	started
	plain_events --interval 100ms
	wait_for has_lines 3
	assert_equal "$(sort -u <(jq -r .type "$BATS_TEST_TMPDIR/events"))" stats
	bivy kill "$id" KILL
	wait_for is_over "$events"
	wait "$events"
}

@test "events tells that memory ran out" {
	bundle_set '.linux.resources += {memory: {limit: 16777216, swap: 16777216}}'
	started 'echo ready; read go </dev/shm/go; tail /dev/zero; exec sleep 600 &
		mkfifo /dev/shm/go; echo ready; read go </dev/shm/go; tail /dev/zero; exec sleep 600'
	plain_events --interval 1h
	sleep 0.3
	bivy exec "$id" tail /dev/zero || true
	wait_for has_lines 1
	assert_equal "$(sort -u "$BATS_TEST_TMPDIR/events")" "{\"type\":\"oom\",\"id\":\"$id\"}"
	bivy kill "$id" KILL
	wait_for is_over "$events"
}

@test "events: of what does not run, and with no duration" {
	assert_fails 1 'does not exist' bivy events --stats "$id"
	started
	for each in 0 0s 5 five 5x -1s; do
		assert_fails 2 "\"$each\" is not" bivy events --interval "$each" "$id"
	done
	stopped
	assert_fails 1 "container with id $id is not running" bivy events --stats "$id"
}

plain_events() {
	"$BIVY" --root "$BIVY_ROOT" events "$@" "$id" >"$BATS_TEST_TMPDIR/events" 3>&- 4>&- &
	events=$!
}

has_lines() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/events")" -ge "$1" ]
}

is_over() {
	! kill -0 "$1" 2>/dev/null || [[ $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) == Z ]]
}

# --- what bivy says of itself ---

@test "features is valid against the runtime-spec's schema" {
	need_python jsonschema
	bivy features >features.json
	python3 - features.json "$BIVY_TESTS/../spec/schema" <<-'EOF'
		import json, pathlib, sys, jsonschema
		at = pathlib.Path(sys.argv[2]).resolve()
		schema = json.loads((at / "features-schema.json").read_text())
		resolver = jsonschema.RefResolver(at.as_uri() + "/", schema)
		jsonschema.Draft4Validator(schema, resolver=resolver).validate(json.load(open(sys.argv[1])))
	EOF
}

@test "features: what it names is accepted, and what is refused is not named" {
	bivy features >features.json
	jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0" and (.hooks | length) == 6' features.json
	jq -e '(.linux.namespaces | length) == 8 and (.linux.capabilities | index("CAP_SYS_ADMIN")) != null' features.json
	jq -e '.linux.cgroup == {v1: true, v2: true, systemd: false, systemdUser: false, rdma: true}' features.json
	jq -e '.linux.seccomp | .enabled and (.supportedFlags - .knownFlags) == [] and (.archs | index("SCMP_ARCH_X86_64")) != null' features.json
	jq -e '.linux.memoryPolicy | (.modes | index("MPOL_BIND")) != null and (.flags | index("MPOL_F_STATIC_NODES")) != null' features.json
	jq -e '.linux.intelRdt == {enabled: true, schemata: true, monitoring: true}' features.json
	jq -e '.annotations["io.github.seccomp.libseccomp.version"] | test("^[0-9]+\\.[0-9]+\\.[0-9]+$")' features.json
	cp config.json plain.json
	features_agree .linux.apparmor '.process.apparmorProfile = "bivy-test-none"' process.apparmorProfile
	features_agree .linux.selinux '.process.selinuxLabel = "system_u:system_r:container_t:s0"' process.selinuxLabel
	features_agree .linux.intelRdt '.linux.intelRdt = {closID: "none"}' linux.intelRdt
	features_agree .linux.netDevices '.linux.netDevices = {lo: {}}' linux.netDevices
}

# features_agree FEATURE EDIT PATH: `check` refuses the path as not supported exactly where features says it is not enabled.
features_agree() {
	local refused=false
	jq "$2" plain.json >config.json
	run bivy check config.json
	[[ $output != *"$3 is not supported"* ]] || refused=true
	assert_equal "$refused $(jq -r "$1.enabled" features.json)" "$refused $([ $refused = true ] && echo false || echo true)"
}

@test "features: each mount option that it names can be used" {
	local option
	for option in $(bivy features | jq -r '.mountOptions[]'); do
		case $option in bind | rbind | remount | idmap | ridmap | tmpcopyup | *mand) continue ;; esac
		bundle_set --arg option "$option" '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: [$option]}]'
	done
	assert_ok bivy check config.json
}

@test "--version: the lines that engines read" {
	run --separate-stderr bivy --version
	[[ ${lines[0]} =~ ^bivy\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[[ ${lines[1]} =~ ^commit:\ .+$ ]]
	assert_equal "${lines[2]}" 'spec: 1.3.0'
	[[ ${lines[3]} =~ ^libseccomp:\ [0-9.]+$ ]]
}

@test "spec --rootless: a user namespace of the caller alone, and nothing that needs privilege" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	rm config.json
	chmod 777 "$BUNDLE"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$@"; }
	as_nobody "$BIVY" spec --rootless 2>/dev/null || skip "nobody cannot reach the program or the bundle here"
	jq -e '.linux | (.namespaces | map(.type) | index("user") != null and index("network") == null) and (has("resources") | not)
		and .uidMappings == [{containerID: 0, hostID: 65534, size: 1}]' config.json
	jq -e '[.mounts[] | select(.destination | startswith("/sys"))] | length == 1' config.json
	assert_ok bivy check config.json
	assert_fails 1 'already exists' bivy spec --rootless
	rm config.json
	bivy spec --rootless
	bundle_set '.process.terminal = false'
	bundle_script 'cat /proc/self/uid_map; ls -d /sys/kernel; readlink /proc/self/ns/net'
	run --separate-stderr bivy run "$id"
	assert_equal "$status" 0
	assert_equal "$(echo ${lines[0]})" '0 0 1'
	assert_equal "${lines[1]} ${lines[2]}" "/sys/kernel $(readlink /proc/self/ns/net)"
}

# --- exec's other options ---

@test "exec --cgroup puts the process below the container's cgroup" {
	started
	local dir
	dir=$(cgroup_dir "$id" pids)
	mkdir "$dir/below"
	if is_v2; then
		assert_ok bivy exec -d --cgroup below "$id" sleep 613
	else
		assert_ok bivy exec -d --cgroup pids:below "$id" sleep 613
		assert_fails 125 'no hierarchy of version 1 with nonesuch' bivy exec --cgroup nonesuch:below "$id" true
		assert_fails 125 'there is no cgroup ' bivy exec --cgroup below "$id" true # only pids has it
	fi
	assert_equal "$(xargs -a "$dir/below/cgroup.procs" -I{} cat /proc/{}/cmdline | tr '\0' ' ')" 'sleep 613 '
	assert_fails 125 '"\.\." is not accepted' bivy exec --cgroup below/../.. "$id" true
	assert_fails 125 'there is no cgroup .*nowhere' bivy exec --cgroup nowhere "$id" true
	assert_ok bivy exec --cgroup / "$id" true
}

@test "exec goes where the first process has gone, when the container's own cgroup takes no process any more" {
	need_v2
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
	started 'cd /sys/fs/cgroup && mkdir inner && echo 0 >inner/cgroup.procs && echo +memory >cgroup.subtree_control && echo ready; exec sleep 600'
	run --separate-stderr bivy exec "$id" cat /proc/self/cgroup
	assert_equal "$status" 0
	[[ $output == 0::*/inner ]]
	run --separate-stderr bivy exec --cgroup / "$id" true
	[ "$status" -ne 0 ]
}

# --- what passes through ---

# Listens at $1, takes one descriptor, and writes whose pidfd it is to $2.
pidfd_taker() {
	python3 - "$1" "$2" <<-'EOF' 3>&- 4>&- &
		import array, re, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		c, _ = s.accept()
		data, extra, _, _ = c.recvmsg(100, socket.CMSG_SPACE(4))
		fd = array.array("i", extra[0][2][:4])[0]
		pid = re.search(r"^Pid:\s*(\d+)", open("/proc/self/fdinfo/%d" % fd).read(), re.M).group(1)
		open(sys.argv[2], "w").write(pid)
	EOF
	wait_for test -S "$1"
}

@test "--pidfd-socket: create and exec send the process's pidfd" {
	need_python socket
	bundle_script 'echo ready; exec sleep 600'
	pidfd_taker "$BATS_TEST_TMPDIR/s1" "$BATS_TEST_TMPDIR/taken"
	assert_ok bivy create --pidfd-socket "$BATS_TEST_TMPDIR/s1" "$id"
	wait_for test -s "$BATS_TEST_TMPDIR/taken"
	assert_equal "$(<"$BATS_TEST_TMPDIR/taken")" "$(pid_of "$id")"
	bivy start "$id"
	pidfd_taker "$BATS_TEST_TMPDIR/s2" "$BATS_TEST_TMPDIR/taken2"
	assert_ok bivy exec -d --pid-file pid --pidfd-socket "$BATS_TEST_TMPDIR/s2" "$id" sleep 614
	wait_for test -s "$BATS_TEST_TMPDIR/taken2"
	assert_equal "$(<"$BATS_TEST_TMPDIR/taken2")" "$(<pid)"
}

@test "--pidfd-socket: where nobody listens the container is not made" {
	assert_fails 1 'pidfd socket .*nobody: No such file' bivy create --pidfd-socket "$BATS_TEST_TMPDIR/nobody" "$id"
	assert_fails 1 'does not exist' bivy state "$id"
}

# as_activated COUNT COMMAND...: as systemd would start it, with sockets (files here) from descriptor 3 on.
as_activated() {
	bash -c 'exec 3<"$0" 4<"$1" 5<&- 5</etc/hostname; export LISTEN_FDS=$2 LISTEN_PID=$$ LISTEN_FDNAMES=a:b; shift 2; exec "$@"' \
		"$BUNDLE/three" "$BUNDLE/four" "$@"
}

@test "LISTEN_FDS: sockets of systemd's go to the program, when they are ours" {
	echo drei >three
	echo vier >four
	bundle_script 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3; cat <&4; ls /proc/self/fd | wc -l'
	run as_activated 2 "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$output" "2 1 a:b
drei
vier
6"
	run as_activated 1 "$BIVY" --root "$BIVY_ROOT" run --preserve-fds 1 "$id"
	assert_equal "${lines[*]:0:3}" "1 1 a:b drei vier"
	bundle_script 'echo "${LISTEN_FDS-none} ${LISTEN_PID-none}"; ls /proc/self/fd | wc -l'
	run as_activated 2 sh -c '"$@"; exit' sh "$BIVY" --root "$BIVY_ROOT" run "$id"
	assert_equal "$output" "none none
4"
}

# Takes datagrams at $1 and writes them to $2, closing what comes along.
notified() {
	python3 - "$1" "$2" <<-'EOF' 3>&- 4>&- &
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		out = open(sys.argv[2], "w")
		while True:
		    data, extra, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
		    out.write(data.decode().strip() + (" and a descriptor" if extra else "") + "\n")
		    out.flush()
		    for e in extra:
		        os.close(array.array("i", e[2][:4])[0])
		    if b"BARRIER" in data:
		        break
	EOF
	wait_for test -S "$1"
}

# A program that says what sd_notify(3) would: busybox cannot send datagrams, so the host's python does it in there.
says_ready() {
	local say
	say=$(printf '%s\n' 'import os, socket, time' 's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)' \
		'time.sleep(0.5)' 's.connect(os.environ["NOTIFY_SOCKET"])' 's.send(b"STATUS=almost")' 's.send(b"STATUS=done\nREADY=1")' \
		'print("said", flush=True)' 'time.sleep(600)')
	bundle_set '.mounts += (["/usr", "/lib", "/lib64"] | map({destination: ., source: ., type: "bind", options: ["rbind", "ro"]}))'
	bundle_args /usr/bin/python3 -c "$say"
}

@test "NOTIFY_SOCKET: start returns when the program has said that it is ready, and its pid is told" {
	need_python socket
	local told=$BATS_TEST_TMPDIR/told
	notified "$BATS_TEST_TMPDIR/n" "$told"
	says_ready
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/n
	assert_ok bivy create "$id"
	[ ! -s "$told" ]
	assert_ok bivy start "$id"
	wait_for grep -q BARRIER "$told"
	assert_equal "$(<"$told")" "READY=1
MAINPID=$(pid_of "$id")
BARRIER=1 and a descriptor"
	has_said "$id" said
}

@test "NOTIFY_SOCKET: start returns too when the program ends without a word" {
	bundle_args true
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nobody
	assert_ok bivy create "$id"
	BIVY_TIMEOUT=10 assert_ok bivy start "$id"
	bundle_script 'echo "$NOTIFY_SOCKET"; test -S "$NOTIFY_SOCKET" && echo there; touch /run/notify/x 2>/dev/null || echo closed'
	id=$(new_id)
	BIVY_TIMEOUT=10 run --separate-stderr bivy run "$id"
	assert_equal "$output" $'/run/notify/notify.sock\nthere\nclosed'
}

@test "NOTIFY_SOCKET: run passes it on too, and goes on until the program ends" {
	need_python socket
	local told=$BATS_TEST_TMPDIR/told
	notified "$BATS_TEST_TMPDIR/n" "$told"
	says_ready
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/n "$BIVY" --root "$BIVY_ROOT" run "$id" >"$BATS_TEST_TMPDIR/output.$id" 2>&1 3>&- 4>&- &
	wait_for grep -q BARRIER "$told"
	assert_equal "$(state_of "$id")" running
	bivy kill "$id" KILL
	local code=0
	wait $! || code=$?
	assert_equal "$code" 137
}
