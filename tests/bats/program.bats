#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts in quotes
# The program that a container or a task is to run: where it is looked for, and, when it cannot be executed, the cause in one
# line, from `create`, `run`, `start`, `exec` and `up`.

load helpers

setup_file() {
	export MADE=$BATS_FILE_TMPDIR/made
	command -v gcc >/dev/null || return 0
	mkdir -p "$MADE"
	cd "$MADE" || return
	echo 'int f(void) { return 3; }' >f.c
	echo 'int f(void); int main(void) { return f(); }' >main.c
	echo 'int main(void) { return 3; }' >three.c
	gcc -shared -fPIC -Wl,-soname,libf.so.7 -o libf.so.7 f.c
	gcc -o needs-library main.c libf.so.7
	gcc -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -o needs-musl three.c
	gcc -o dynamic three.c
	gcc -static -o static three.c
	# A static program by its header, of another processor (MIPS) and of the other byte order (s390x).
	elf '\002\001\001' '\010\000' >mips
	elf '\002\002\001' '\000\026' >s390x
	chmod +x mips s390x
}

# elf CLASS-ORDER-VERSION MACHINE: 64 bytes that begin like an ELF file, with no program header.
elf() {
	printf '\177ELF%b\000\000\000\000\000\000\000\000\000\002\000%b' "$1" "$2"
	head -c 44 /dev/zero
}

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	[ ! -d "$MADE" ] || cp "$MADE"/* rootfs/bin/
}

need_gcc() {
	[ -e "$MADE/static" ] || skip "needs gcc"
}

# file NAME CONTENT: an executable in the image's bin.  What stands there may be a link, to where the host has its busybox.
file() {
	rm -f "rootfs/bin/$1"
	printf "$2" >"rootfs/bin/$1"
	chmod +x "rootfs/bin/$1"
}

# assert_fails for a code that bats itself would wonder at: fails CODE PATTERN COMMAND...
fails() {
	run "-$1" --separate-stderr "${@:3}"
	assert_fails "$1" "$2"
}

# said_by_all CODE PATTERN PROGRAM: by `run`, by `create` or `start`, and by `exec`; one line each.
said_by_all() {
	local code=$1 pattern=$2 args
	bundle_args sleep 1000
	args=$(jq -c .process.args "$BUNDLE/config.json")
	assert_ok bivy create "$id" || return
	assert_ok bivy start "$id" || return
	fails "$code" "$pattern" bivy exec "$id" "$3" || return
	bivy delete --force "$id"
	bundle_args "$3"
	fails "$code" "$pattern" bivy run "$id" || return
	run --separate-stderr bivy create "$id"
	[ "$status" -ne 0 ] || run --separate-stderr bivy start "$id"
	[ "$status" -eq 1 ] && [[ $stderr =~ $pattern ]] || tell "create and start: $pattern" || return
	bivy delete --force "$id"
}

@test "program: not found in PATH, with the directories in their order" {
	bundle_set '.process.env = ["PATH=/opt/bin:/bin"]'
	said_by_all 127 'exec: "no-such": executable file not found in \$PATH: no such file or directory in any of /opt/bin:/bin;' no-such
}

@test "program: a path that is not there, a dangling link, a directory, a file without x" {
	said_by_all 127 '/bin/no-such: no such file or directory in the container.s root filesystem' /bin/no-such
	ln -s /opt/gone rootfs/bin/dangling
	said_by_all 127 '/bin/dangling: no such file or directory .*symbolic link to /opt/gone, which is missing' /bin/dangling
	ln -s loop rootfs/bin/loop
	said_by_all 126 '/bin/loop: its symbolic links go in a circle' /bin/loop
	said_by_all 126 '/bin: permission denied: it is a directory' /bin
	printf '#!/bin/sh\n' >rootfs/bin/plain
	said_by_all 126 '/bin/plain: permission denied: it has no execute permission \(chmod' /bin/plain
}

@test "program: a filesystem that is mounted noexec" {
	mkdir -p "$BATS_TEST_TMPDIR/tools"
	cp rootfs/bin/busybox "$BATS_TEST_TMPDIR/tools/true"
	bundle_set --arg s "$BATS_TEST_TMPDIR/tools" '.mounts += [{destination: "/tools", type: "bind", source: $s, options: ["bind", "noexec"]}]'
	said_by_all 126 '/tools/true: permission denied: it lies on a filesystem that is mounted noexec' /tools/true
}

@test "program: a script's interpreter: missing, of a script that is missing, with the line ends of DOS, none, too deep" {
	local n
	file script '#!/usr/bin/no-python -x\n'
	said_by_all 127 '/bin/script: its interpreter /usr/bin/no-python: no such file or directory' /bin/script
	file second '#! /bin/script\n'
	said_by_all 127 '/bin/second: its interpreter /bin/script: its interpreter /usr/bin/no-python: no such file' /bin/second
	file dos '#!/bin/sh\r\necho\r\n'
	said_by_all 127 '/bin/dos: its interpreter /bin/sh: no such file or directory: its lines end as in DOS' /bin/dos
	file none '#!\n'
	said_by_all 126 '/bin/none: its first line is "#!" without an interpreter' /bin/none
	file d0 '#!/bin/sh\n'
	for n in 1 2 3 4 5 6 7; do
		file "d$n" "#!/bin/d$((n - 1))\n"
	done
	said_by_all 126 'more than 5 interpreters of interpreters' /bin/d7
}

@test "program: what is no program: empty, a text, a byte order mark, nonsense" {
	file empty ''
	said_by_all 126 '/bin/empty: exec format error: it is empty' /bin/empty
	file text 'echo no first line\n'
	said_by_all 126 '/bin/text: exec format error: it is a text without "#!"' /bin/text
	file bom '\357\273\277#!/bin/sh\n'
	said_by_all 126 '/bin/bom: exec format error: a byte order mark' /bin/bom
	file noise '\001\002\003'
	said_by_all 126 '/bin/noise: exec format error: it is neither an ELF program nor a script' /bin/noise
	file short '\177ELF\002\001\001'
	said_by_all 126 '/bin/short: exec format error: its ELF header is damaged' /bin/short
}

@test "program: another processor" {
	need_gcc
	said_by_all 126 '/bin/mips: exec format error: it is made for another processor \(MIPS; this machine is ' /bin/mips
	said_by_all 126 '/bin/s390x: exec format error: it is made for another processor \(s390x; ' /bin/s390x
}

@test "program: the loader is missing, and whose it is" {
	need_gcc
	said_by_all 127 '/bin/dynamic: its loader /lib[^ ]*/ld[^ ]*: no such file or directory .*glibc' /bin/dynamic
	said_by_all 127 '/bin/needs-musl: its loader /lib/ld-musl[^ ]*: no such file or directory .*musl' /bin/needs-musl
	bundle_args /bin/static
	run -3 bivy run "$id"
}

@test "program: it is the user who may not: the file, or a directory on the way" {
	mkdir -p rootfs/closed
	cp rootfs/bin/busybox rootfs/closed/true
	chmod 700 rootfs/closed
	cp rootfs/bin/busybox rootfs/bin/mine
	chmod 700 rootfs/bin/mine
	bundle_set '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	said_by_all 126 '/closed/true: permission denied: user 1000 may not search /closed \(mode 0700, owner 0:0\)' /closed/true
	said_by_all 126 '/bin/mine: permission denied: user 1000 may not execute /bin/mine \(mode 0700' /bin/mine
}

@test "program: an argument that is too long" {
	bundle_set '.process.args = ["true", ("x" * 140000)]'
	assert_fails 125 '/true: argument list too long: .* the longest string has 140001; the kernel takes 131072' bivy run "$id"
}

@test "program: what becomes wrong between create and start, start tells" {
	file late '#!/bin/sh\n'
	bundle_args late
	assert_ok bivy create "$id"
	file late '#!/bin/gone\n'
	assert_fails 1 '/late: its interpreter /bin/gone: no such file or directory' bivy start "$id"
	wait_for has_status "$id" stopped
	assert_equal "$(bivy state "$id" | jq .exit.code)" 127
}

@test "program: a filter that forbids everything but the exec does not keep the refusal from being told" {
	file text 'no program'
	bundle_args text
	bundle_set '.process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls: [
		{names: ["execve", "write", "exit_group"], action: "SCMP_ACT_ALLOW"}]}'
	assert_fails 126 '/text: [Ee]xec format error' bivy run "$id"
}

# --- tasks ---

# task COMMAND: job.hcl and an agent file whose only chroot_env entry is the test's own tools
task() {
	cd "$BATS_TEST_TMPDIR" || return
	rm -rf tools
	mkdir -p tools/lib
	cp -a "$BUNDLE/rootfs/bin" tools/
	cat >agent.hcl <<-EOF
		client {
		  chroot_env {
		    "$PWD/tools/bin" = "/bin"
		    "$PWD/tools/lib" = "/lib"
		    ${2-}
		  }
		}
	EOF
	printf 'task "task" {\n  driver = "exec"\n  config {\n    command = "%s"\n  }\n}\n' "$1" >job.hcl
}

@test "program: a task's command is not found: the places in their order" {
	task no-such
	fails 127 'job\.hcl:4,.*no-such not found.*/local/no-such, /no-such, /usr/local/bin/no-such, /usr/bin/no-such, /bin/no-such' \
		bivy up --client agent.hcl --id "$id" job.hcl
}

@test "program: a task's interpreter or loader is missing from its root: told with the place, before anything is made" {
	need_gcc
	file script '#!/usr/bin/no-python\n'
	task script
	fails 127 'job\.hcl:4,[0-9]+: /bin/script: its interpreter /usr/bin/no-python: no such file or directory in the task.s root; .*chroot_env' \
		bivy up --client agent.hcl --id "$id" job.hcl
	task dynamic
	fails 127 'job\.hcl:4,[0-9]+: /bin/dynamic: its loader .*no such file or directory in the task.s root.*glibc' \
		bivy up --client agent.hcl --id "$id" job.hcl
	run --separate-stderr bivy check --client agent.hcl job.hcl
	[ "$status" -ne 0 ]
	[[ $stderr == *"its loader"* ]]
	task mips
	assert_fails 126 '/bin/mips: .*another processor' bivy up --client agent.hcl --id "$id" job.hcl
}

@test "program: a library that a task's command asks for and that is not in its root is a warning" {
	need_gcc
	task needs-library "\"$BATS_TEST_TMPDIR/tools/lib64\" = \"/lib64\""
	mkdir tools/lib64
	[ -e /lib64/ld-linux-x86-64.so.2 ] || skip "needs glibc on x86-64"
	cp -L /lib64/ld-linux-x86-64.so.2 tools/lib64/
	cp -L "$(ldd /bin/sh | sed -n 's/.*libc.so.6 => \([^ ]*\).*/\1/p')" tools/lib/libc.so.6
	run -127 --separate-stderr bivy up --quiet --client agent.hcl --id "$id" job.hcl
	[[ $stderr =~ warning:\ job\.hcl:4,[0-9]+:\ /bin/needs-library:\ libf\.so\.7\ is\ not\ in\ the\ task\'s\ root.*chroot_env ]]
	cp "$MADE/libf.so.7" tools/lib/
	run --separate-stderr bivy up --quiet --client agent.hcl --id "$id" job.hcl
	assert_equal "$status" 3
	[[ $stderr != *libf* ]]
}
