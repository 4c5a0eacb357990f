#!/usr/bin/env bats
# shellcheck disable=SC2016  # jq programs and job files in single quotes
# Job files and what each one must give: a row a case.  The files in cases/ are named as in Nomad's own terms: s from documents, t the
# language, c capabilities and users, r resources, k stopping, l logs, n network, a artifacts, x raw_exec, j whole jobs, g agent files,
# z the JSON of the API.
#
#   gives CASE OPTION... -- JQ WANTED...     `bundle` succeeds without a word, and its config.json gives these values
#   warns CASE PLACE TEXT [OPTION...]        it succeeds, and one line on stderr has the place and the text
#   refuses CASE PLACE TEXT [OPTION...]      `bundle` and `check` both end with 1, one line "CASE:PLACE: ...TEXT..." and nothing written

load helpers

ID=5fc98185-17ff-26bc-a802-0c74fa471c99
DEF13='["CAP_AUDIT_WRITE","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_MKNOD","CAP_NET_BIND_SERVICE","CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT"]'
SETS='.process.capabilities|[.bounding,.permitted,.effective,.inheritable,.ambient]|unique'

setup() {
	cd "$BATS_TEST_DIRNAME/cases" || return
	DIR=$BATS_TEST_TMPDIR/job
	cat >"$BATS_TEST_TMPDIR/node.hcl" <<'HCL'
name       = "node-1"
datacenter = "dc1"
client {
  node_class = "c1"
  meta { rack = "r7" }
}
plugin "raw_exec" {
  config { enabled = true }
}
HCL
	NODE=$BATS_TEST_TMPDIR/node.hcl
}

# Something that can be executed, at each of these places.
program() {
	local place
	for place in "$@"; do
		mkdir -p "$(dirname "$place")"
		cp -L "$(command -v busybox)" "$place"
	done
}

# A host of the test's own making: the named directory is the task's /usr (or what the agent file says).
world() {
	local place=$1 file=$2
	program "$BATS_TEST_TMPDIR/world/$file"
	cat >"$BATS_TEST_TMPDIR/world.hcl" <<HCL
client { chroot_env { "$BATS_TEST_TMPDIR/world" = "$place" } }
plugin "raw_exec" { config { enabled = true } }
HCL
	NODE=$BATS_TEST_TMPDIR/world.hcl
}

file_of() {
	if [ -e "$1.json" ] && [ ! -e "$1.hcl" ]; then echo "$1.json"; else echo "$1.hcl"; fi
}

make_bundle_of() {
	local file
	file=$(file_of "$1")
	shift
	run --separate-stderr bivy bundle --client "$NODE" --alloc-id "$ID" "$@" "$file" "$DIR"
}

gives() {
	local options=() case=$1
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	make_bundle_of "$case" "${options[@]}"
	assert_ok || return
	[ -z "$stderr" ] || tell "something on stderr" || return
	has "$@"
}

has() {
	while [ $# -gt 1 ]; do
		assert_equal "$(jq -cS "$1" "$DIR/config.json")" "$(jq -cnS "$2")" || { echo "of: $1" >&2; return 1; }
		shift 2
	done
}

warns() {
	local case=$1 place=$2 text=$3
	shift 3
	make_bundle_of "$case" "$@"
	assert_ok || return
	[ "${#stderr_lines[@]}" -eq 1 ] || tell "not one line on stderr" || return
	[[ $stderr == "bivy: warning: $(file_of "$case")$place"*"$text"* ]] || tell "no warning like: $place $text"
}

refuses() {
	local case=$1 place=$2 text=$3 file
	shift 3
	file=$(file_of "$case")
	make_bundle_of "$case" "$@"
	refused "$file:$place" "$text" || return
	[ ! -e "$DIR" ] || tell "something was written" || return
	case " $* " in *" --artifacts-present "*) return ;; esac
	run --separate-stderr bivy check --client "$NODE" "$file"
	refused "$file:$place" "$text"
}

# What only the host can tell, `check` does not ask for.
refuses_when_written() {
	make_bundle_of "$1"
	refused "$(file_of "$1"):$2" "$3" && [ ! -e "$DIR" ]
}

# Whether the user with that number has supplementary groups here.
known_groups() {
	local name
	name=$(getent passwd "$1" | cut -d: -f1)
	if [ -n "$name" ] && [ "$(id -G "$name" | wc -w)" -gt 1 ]; then echo true; else echo false; fi
}

refused() {
	[ "$status" -eq 1 ] || tell "exit code $status instead of 1" || return
	[ "${#stderr_lines[@]}" -eq 1 ] || tell "${#stderr_lines[@]} lines on stderr instead of one" || return
	[[ $stderr == "bivy: $1"[,:]*"$2"* ]] || tell "stderr is not like: $1 ... $2"
}

agent_is() {
	run --separate-stderr bivy check "$1.hcl"
	assert_ok && [[ $output == "$1.hcl: good: an agent file" ]]
}

# --- s: from documents ---

@test "s01: a number for args is taken, with a warning that names the place" {
	warns s01-seed000-sleep-args-number :3,10: '["1"] is taken'
	has .process.args '["/bin/sleep","1"]'
}
@test "s02: artifact_source, and a name without braces" {
	mkdir -p "$DIR/task/local"
	install -m 755 /dev/null "$DIR/task/local/binary.bin"
	warns s02-seed000-artifact-source :2, "artifact_source is Nomad 0.3's" --artifacts-present
	has .process.args '["/local/binary.bin"]'
}
@test "s03: a bare name is looked for in local/, the task directory and the bin directories" {
	refuses s03-seed001-webservice 5 'file my-binary not found under path'
	world /usr bin/my-binary
	gives s03-seed001-webservice -- .process.args '["/usr/bin/my-binary","-flag","1"]' .process.cwd '"/"' "$SETS" "[$DEF13]"
	mkdir -p "$DIR/task/local"
	program "$DIR/task/local/my-binary"
	gives s03-seed001-webservice --force -- .process.args '["/local/my-binary","-flag","1"]'
}
@test "s04: cap_add wants a command, and leave" {
	refuses s04-seed001-cap-add 1 'command is missing'
	sed 's|^}|  command = "/bin/true"\n}|' s04-seed001-cap-add.hcl >"$BATS_TEST_TMPDIR/s04.hcl"
	cd "$BATS_TEST_TMPDIR"
	refuses s04 2 'driver does not allow the following capabilities: net_raw, sys_time'
	echo 'plugin "exec" { config { allow_caps = ["cap_net_raw", "chown", "SYS_TIME"] } }' >"$NODE"
	gives s04 -- "$SETS" '[["CAP_CHOWN","CAP_NET_RAW","CAP_SYS_TIME"]]'
	echo 'plugin "exec" { config { allow_caps = ["all"] } }' >"$NODE"
	gives s04 --force -- "$SETS" "[$DEF13 + [\"CAP_NET_RAW\",\"CAP_SYS_TIME\"] | sort]"
}
@test "s05: cap_drop all, then cap_add" {
	refuses s05-seed001-cap-drop-add 1 'command is missing'
	sed 's|^}|  command = "/bin/true"\n}|' s05-seed001-cap-drop-add.hcl >"$BATS_TEST_TMPDIR/s05.hcl"
	cd "$BATS_TEST_TMPDIR"
	gives s05 -- "$SETS" '[["CAP_CHOWN","CAP_MKNOD","CAP_SYS_CHROOT"]]'
}
@test "s06: sleep" {
	gives s06-seed001-sleep-with-comment -- .process.args '["/bin/sleep","1"]' .process.cwd '"/"' "$SETS" "[$DEF13]" \
		'.process.user|[.uid,.gid]' "[$(id -u nobody),$(id -g nobody)]"
}
@test "s07: a checksum that is none" { refuses s07-seed001-artifact-checksum 11,19 "'s', character 11"; }
@test "s08: raw_exec finds a bare name in local/" {
	mkdir -p "$DIR/task/local"
	program "$DIR/task/local/my-binary"
	gives s08-seed002-raw-webservice -- .process.args "[\"$DIR/task/local/my-binary\",\"-flag\",\"1\"]" .process.cwd "\"$DIR/task\"" \
		.process.user.uid "$(id -u)" .linux.namespaces null .root.path '"/"'
}
@test "s08: raw_exec is disabled until the agent file enables it" {
	: >"$NODE"
	refuses s08-seed002-raw-webservice 2 'raw_exec is disabled'
}
@test "s09: raw_exec, an absolute path" { gives s09-seed002-raw-sleep -- .process.args '["/bin/sleep","1"]' .process.cwd "\"$DIR/task\""; }
@test "s10: a checksum that is none, with raw_exec" { refuses s10-seed002-raw-artifact-checksum 11,19 "'s', character 11"; }
@test "s11: client.options enable raw_exec" {
	agent_is s11-seed002-client-options
	NODE=s11-seed002-client-options.hcl
	gives s09-seed002-raw-sleep -- .process.args '["/bin/sleep","1"]'
}
@test "s12: an artifact that is there already" {
	world /usr bin/dotnet
	gives s12-seed003-dotnet-consumer --artifacts-present -- .process.args '["/usr/bin/dotnet","local/Consumer.dll"]' .process.cwd '"/"'
}
@test "s13: a relative command is below the task directory" {
	refuses s13-seed003-go-consumer 5 'file local/consumer not found' --artifacts-present
	mkdir -p "$DIR/task/local"
	program "$DIR/task/local/consumer"
	gives s13-seed003-go-consumer --artifacts-present -- .process.args '["/local/consumer"]'
}
@test "s14: chroot_env replaces the default" {
	agent_is s14-seed003-chroot-env
	NODE=s14-seed003-chroot-env.hcl
	make_bundle_of s06-seed001-sleep-with-comment
	assert_ok
	[ -e /vagrant ] || [[ $stderr == *'chroot_env: "/vagrant" is not on this host'* ]]
	has '[.mounts[]|select(.destination|startswith("/run"))]|length' 0
}
@test "s15: what chroot_env does not name is not there" {
	refuses s15-seed003-dashboard 5 'file /vagrant/apps/bin/dashboard not found under path'
	world /vagrant apps/bin/dashboard
	gives s15-seed003-dashboard -- .process.args '["/vagrant/apps/bin/dashboard"]'
}
@test "s16: the plugin block enables raw_exec" {
	agent_is s16-seed003-enable-raw-exec
	NODE=s16-seed003-enable-raw-exec.hcl
	gives s09-seed002-raw-sleep -- .process.args '["/bin/sleep","1"]'
}

# --- t: the language ---

ENV='.process.env|map(split("=")|{(.[0]):(.[1:]|join("="))})|add'

@test "t01: heredocs" {
	gives t01-heredoc-env -- \
		.process.args '["/bin/sh","-c","set -e\necho \"plain heredoc: $HOME stays for the shell\"\necho \"done\"\n"]' \
		"$ENV|.FLUSH" '"first line\n    kept indent\n"' "$ENV|.INDENTED" '"margin is cut\n  two more spaces\ntab\tinside\n"' \
		"$ENV|.ONE_LINE" '"no newline at the end"'
}
@test "t02: comments" {
	gives t02-comments -- .process.args '["/bin/echo","a#not-comment","b//not-comment","c/*not-comment*/"]' "$ENV|.URL" '"http://example.com/#frag"'
}
@test "t04: env keeps what nobody knows, and does not see itself" {
	gives t04-interpolation-unknown-in-env -- "$ENV|.UNKNOWN_NOMAD" '"${NOMAD_NO_SUCH_THING}"' "$ENV|.UNKNOWN_ATTR" '"x-${attr.no.such}-y"' \
		"$ENV|.SHELL_STYLE" '"$HOME and $(id)"' "$ENV|.CHAINED" '"${OTHER}"' "$ENV|.OTHER" '"other-value"'
}
@test "t05: config does not keep it" { refuses t05-interpolation-unknown-in-config 10,21 NOMAD_NO_SUCH_THING; }
@test "t07: args as a string" { refuses t07-args-as-string 10,20 'args = ["one two three"]'; }
@test "t08: null in args" { refuses t08-args-null-element 10,25 null; }
@test "t10: escapes and Unicode" {
	gives t10-escapes-unicode -- .process.args \
		'["/bin/echo","tab\there","nl\nhere","quote\"inside","back\\slash","é中😀","éü 中文 日本語 😀","cr\rend"]' \
		'.annotations["org.bivy.task"]' '"ünïcode-✓"'
}
@test "t11: template escapes" {
	gives t11-template-escapes -- .process.args '["/bin/sh","-c","echo $USER $$ $1 %d"]' "$ENV|.LITERAL_DOLLAR" '"${NOT_A_REF}"' \
		"$ENV|.LITERAL_PERCENT" '"%{if}"' "$ENV|.PERCENT" '"100%"'
}
@test "t13: three dollars for the shell" { gives t13-triple-dollar -- .process.args '["/bin/sh","-c","echo ${HOME_DIR}"]'; }
@test "t14: CRLF" { gives t14-crlf -- .process.args '["/bin/echo","crlf"]'; }
@test "t16: an attribute twice" { refuses t16-duplicate-attribute 10,9 9,9; }
@test "t17: config twice" { refuses t17-duplicate-config-block 8,7 5,7; }
@test "t19: env as a block and as an attribute" { refuses t19-env-block-and-attribute 14,7 11,7; }
@test "t20: env twice" { refuses t20-two-env-blocks 14,7 11,7; }
@test "t22: env values of any plain type" {
	gives t22-env-value-types -- "$ENV|[.STR,.INT,.FLOAT,.BIG,.BOOL,.EMPTY]" '["s","42","2.5","12345678901234567890","true",""]'
}
@test "t23: a list in env" { refuses t23-env-list-value 12,16 'LIST is a list; a string is required'; }
@test "t25: unknown keys in config, all of them" { refuses t25-unknown-config-keys 10,9 '"image", "Command" (is "command" meant?), "no_pivot_root"'; }
@test "t26: no command" { refuses t26-missing-command 8 'command is missing'; }
@test "t28: a command with blanks is one name" { refuses t28-command-with-spaces 9 'put what follows "/bin/echo" into args'; }
@test "t29: command as a list" { refuses t29-command-wrong-type 9,19 'command is a list; a string is required'; }
@test "t31: no config" { refuses t31-no-config-block 3 command; }
@test "t32: no driver" { refuses t32-no-driver 3 'has no driver'; }
@test "t34: a brace is missing" { refuses t34-missing-brace 1 'closing brace'; }
@test "t35: a quote is missing" { refuses t35-unterminated-string 4 'close the quote'; }
@test "t37: single quotes" { refuses t37-single-quotes 4,16 'double quotes'; }
@test "t38: quoted names in a block" { refuses t38-quoted-keys-in-block 6,9 'must not be quoted'; }
@test "t40: functions, locals, variables" {
	gives t40-functions-locals-variables -- .process.args \
		'["/bin/echo","--level","info","svc-3","00003","a,b","{\"k\":[1,true,\"s\"]}","yes","literal app kept for run time"]' \
		"$ENV|.SUM" '"7"' "$ENV|.LIST" '"<a><b>"'
	gives t40-functions-locals-variables --force --var count=12 --var level=debug -- '.process.args[2:5]' '["debug","svc-12","00012"]'
}
@test "t41: dynamic blocks, and a bundle for each task" {
	make_bundle_of t41-dynamic-blocks
	assert_ok
	assert_equal "$output" "$DIR/g1/t"$'\n'"$DIR/g2/t"
	[ -d "$DIR/g1/alloc/logs" ] && [ -d "$DIR/g2/t/task/local" ]
	DIR=$DIR/g1/t has '.process.args[1:]' '["1","g1"]' "$ENV|.N" '"1"' .linux.resources.cpu.shares 100
	DIR=$DIR/g2/t has '.process.args[1:]' '["2","g2"]' "$ENV|.N" '"2"' .linux.resources.cpu.shares 200
}
@test "t41: one of its tasks" {
	gives t41-dynamic-blocks --task g2/t -- '.process.args[1:]' '["2","g2"]'
	make_bundle_of t41-dynamic-blocks --task t --force
	[ "$status" -eq 1 ]
	[[ $stderr == *GROUP/TASK* ]]
}
@test "t43: a variable without a value" { refuses t43-unset-variable 10 'who'; }
@test "t43: a variable from the command line" { gives t43-unset-variable --var who=me -- .process.args '["/bin/echo","me"]'; }
@test "t44: bare references" { gives t44-unquoted-unknown-reference -- .process.args '["/bin/echo","x","node-1","t44"]'; }

# --- c: capabilities and users ---

@test "c01: cap_add all" {
	refuses c01-cap-all-denied 10 'driver does not allow the following capabilities: audit_control, audit_read, block_suspend,'
	[[ $stderr != *chown* ]]
}
@test "c02: any spelling" { gives c02-cap-mixed-spelling -- "$SETS" '[["CAP_CHOWN","CAP_FOWNER","CAP_KILL","CAP_NET_BIND_SERVICE"]]'; }
@test "c04: an unknown capability" { refuses c04-cap-drop-unknown-name 10 'no such capabilities: fly'; }
@test "c05: none" { gives c05-cap-drop-all -- "$SETS" '[[]]'; }
@test "c07: what is there anyway" { gives c07-cap-add-redundant -- "$SETS" "[$DEF13]"; }
@test "c08: cap_add beats cap_drop" { gives c08-cap-same-in-add-and-drop -- "$SETS" "[$DEF13 - [\"CAP_KILL\"]]"; }
@test "c10: empty names" { gives c10-cap-empty-string -- "$SETS" "[$DEF13]"; }
@test "c11: root is refused, unless the agent file says otherwise" {
	refuses c11-user-root 12 'running as user "root" is disallowed'
	echo 'client { options { "user.denylist" = "admin" } }' >"$NODE"
	gives c11-user-root -- .process.user.uid 0 "$SETS" '[[]]'
}
@test "c11: root's sets are what is computed, not inheritable and not ambient" {
	echo 'client { options { "user.denylist" = "" } }' >"$NODE"
	sed '/cap_drop/d' c11-user-root.hcl >"$BATS_TEST_TMPDIR/c11.hcl"
	cd "$BATS_TEST_TMPDIR"
	gives c11 -- '.process.capabilities|[.bounding,.permitted,.effective]|unique' "[$DEF13]" '.process.capabilities|[.inheritable,.ambient]' '[[],[]]'
}
@test "c13: an unknown user" { refuses c13-user-unknown 11 'unknown user "alice"'; }
@test "c14: a user by number" { gives c14-user-numeric -- .process.user.uid 1000 '.process.user|has("additionalGids")' "$(known_groups 1000)"; }
@test "c16: pid_mode" { refuses c16-pid-mode-bad 10 'pid_mode must be "private" or "host", not "other"'; }
@test "c17: ipc_mode, in capitals" { refuses c17-ipc-mode-case 10 'ipc_mode must be "private" or "host", not "Private"'; }
@test "c19: work_dir below local/ is made" {
	gives c19-work-dir -- .process.cwd '"/local/data"' '.process.args[0]|endswith("/bin/pwd")' true
	[ -d "$DIR/task/local/data" ]
}
@test "c20: a relative work_dir" { refuses c20-work-dir-relative 10 'work_dir must be absolute'; }
@test "pid_mode and ipc_mode host drop the namespaces, and the agent file's defaults count" {
	gives r01-defaults -- '.linux.namespaces|map(.type)|sort' '["cgroup","ipc","mount","pid","uts"]'
	printf 'plugin "exec" {\n config {\n default_pid_mode = "host"\n default_ipc_mode = "host"\n }\n}\n' >"$NODE"
	gives r01-defaults --force -- '.linux.namespaces|map(.type)|sort' '["cgroup","mount","uts"]'
}
@test "denied_host_uids" {
	printf 'plugin "exec" {\n config {\n denied_host_uids = "1-70000"\n }\n}\n' >"$NODE"
	refuses r01-defaults 5 'disallowed by denied_host_uids'
}

# --- r: resources ---

@test "r01: defaults" {
	gives r01-defaults -- .linux.resources.cpu.shares 100 '.linux.resources.memory|[.limit,.swap,.reservation]' '[314572800,314572800,null]' \
		"$ENV|[.NOMAD_CPU_LIMIT,.NOMAD_MEMORY_LIMIT,.NOMAD_MEMORY_MAX_LIMIT]" '["100","300",null]'
}
@test "r02: cpu and memory" {
	gives r02-cpu-memory -- .linux.resources.cpu.shares 500 .linux.resources.memory.limit 268435456 \
		"$ENV|[.NOMAD_CPU_LIMIT,.NOMAD_MEMORY_LIMIT]" '["500","256"]'
}
@test "r04: memory_max without end" {
	gives r04-memory-max-unlimited -- '.linux.resources.memory|[.limit,.reservation]' '[-1,134217728]' "$ENV|.NOMAD_MEMORY_MAX_LIMIT" '"-1"'
}
@test "r05: memory_max below memory" { refuses r05-memory-max-too-small 13 'memory_max (128) must be larger than memory (256)'; }
@test "r07: cpu and cores" { refuses r07-cpu-and-cores 13 'not for both'; }
@test "r08: too little memory" { refuses r08-memory-too-small 13 'memory is 9; the least is 10'; }
@test "r10: cpu as a word" { refuses r10-cpu-not-a-number 12,16 '"half"; a whole number is required'; }
@test "r11: half a MHz" { refuses r11-cpu-fraction 12,15 'a whole number is required'; }
@test "r13: a device has no effect, and that is said" { warns r13-device : 'device (line 12)'; }

# --- k, l, n, a, x, j ---

@test "k01: stopping" {
	gives k01-kill -- '.annotations|[.["org.bivy.killSignal"],.["org.bivy.killTimeout"]]' '["SIGTERM","20000"]'
}
@test "k02: kill_timeout is capped, and that is said" {
	warns k02-kill-timeout-over-max :12 30s
	has '.annotations["org.bivy.killTimeout"]' '"30000"'
}
@test "k04: kill_timeout as a word" { refuses k04-kill-timeout-bad 11,23 '"soon"; a duration is required'; }
@test "k05: an unknown signal" { refuses k05-kill-signal-unknown 12 SIGFOO; }
@test "l01: logs" {
	gives l01-logs -- '.annotations|[.["org.bivy.logs.disabled"],.["org.bivy.logs.maxFiles"],.["org.bivy.logs.maxFileSize"]]' '["false","3","5242880"]'
}
@test "l02: no logs" { gives l02-logs-disabled -- '.annotations["org.bivy.logs.disabled"]' '"true"'; }
@test "n01: bridge joins the namespace that is given, and dns is a file of the bundle's" {
	refuses_when_written n01-network-bridge-dns 6,7 'give --network-namespace'
	mkdir -p "$BATS_TEST_TMPDIR/world/bin"
	program "$BATS_TEST_TMPDIR/world/bin/cat"
	printf 'client {\n chroot_env {\n "%s/bin" = "/bin"\n }\n}\n' "$BATS_TEST_TMPDIR/world" >"$NODE"
	gives n01-network-bridge-dns --network-namespace /proc/self/ns/net -- \
		'.linux.namespaces|map(select(.type == "network"))' '[{"type":"network","path":"/proc/self/ns/net"}]' \
		'.mounts[-1]|[.destination,.source,.type]' '["/etc/resolv.conf","resolv.conf","bind"]' \
		'.mounts[-1].options|map(select(. == "ro"))' '["ro"]'
	assert_equal "$(cat "$DIR/resolv.conf")" $'nameserver 1.1.1.1\nnameserver 1.0.0.1\nsearch local.test node.consul\noptions ndots:2 edns0'
}
@test "n02: a network of its own" {
	world /bin ip
	gives n02-network-none -- '.linux.namespaces|map(select(.type == "network"))' '[{"type":"network"}]'
}
@test "n04: the group's hostname is the task's" {
	world /bin hostname
	gives n04-network-hostname --network-namespace /proc/self/ns/net -- .hostname '"myhost"'
}
@test "a01: all kinds of checksums" {
	run bivy check a01-artifact-all-checksums.hcl
	assert_ok
}
@test "a04: a destination outside" { refuses a04-artifact-escape 13 'leaves the allocation directory'; }
@test "a05: a destination in the shared directory" {
	run bivy check a05-artifact-shared-alloc.hcl
	assert_ok
}
@test "a07: no source" { refuses a07-artifact-no-source 11 'has no source'; }
@test "a08: an absolute destination is below the task directory" {
	mkdir -p "$DIR/task/opt/tool/bin"
	program "$DIR/task/opt/tool/bin/tool"
	gives a08-artifact-absolute-destination --artifacts-present -- .process.args '["/opt/tool/bin/tool"]'
}
# The agent file g07 with directories that are there, and a program in one of them.
volumes() {
	mkdir -p "$BATS_TEST_TMPDIR"/{data,tools}
	program "$BATS_TEST_TMPDIR/tools/run"
	sed -E "s|path( *)= *\"[^\"]*data[^\"]*\"|path\1= \"$BATS_TEST_TMPDIR/data\"|; s|path( *)= *\"[^\"]*tools[^\"]*\"|path\1= \"$BATS_TEST_TMPDIR/tools\"|" \
		g07-client-options-many.hcl >"$NODE"
}
@test "v01: volumes are bound where the task wants them, and a command is found in them" {
	volumes
	gives v01-volume-mounts -- .process.args '["/srv/tools/run","--data","/data"]' \
		"[.mounts[]|select(.source|startswith(\"$BATS_TEST_TMPDIR/\"))|[.destination,.options[1],.options[2]]]" \
		'[["/srv/tools","rprivate","ro"],["/data","rslave","rw"],["/data-ro","rshared","ro"]]'
	[ -d "$DIR/task/srv/tools" ] && [ -d "$DIR/task/data" ]
}
@test "v01: a volume that the agent file does not have" { refuses v01-volume-mounts 7,7 'no host_volume "host-tools"'; }
@test "v02: a volume that the group does not have" { refuses v02-volume-undefined 12,9 'no volume "nope" in the group'; }
@test "v04: raw_exec has no volumes" { refuses v04-volume-raw-exec 15,7 'does not support host volumes'; }
@test "x01: a cgroup below the one that is named" {
	if ! is_v2; then
		warns x01-raw-cgroup-v2 :11 'this host has cgroup v1'
		return
	fi
	refuses_when_written x01-raw-cgroup-v2 11 'there is no cgroup /sys/fs/cgroup/custom.slice/app.scope'
}
@test "x02: a cgroup of each controller, of one path" {
	if is_v2; then
		warns x02-raw-cgroup-v1-block :11 'this host has cgroup v2'
		return
	fi
	refuses_when_written x02-raw-cgroup-v1-block 11 'there is no cgroup /sys/fs/cgroup/pids/custom/path'
	need_root
	local name
	name=$(new_id)
	sed "s|custom/path|$name|" x02-raw-cgroup-v1-block.hcl >"$BATS_TEST_TMPDIR/x02.hcl"
	cp z14-json-cgroup-v1-array.json "$BATS_TEST_TMPDIR/z14.json"
	cd "$BATS_TEST_TMPDIR"
	sed -i "s|custom/path|$name|" z14.json
	mkdir "/sys/fs/cgroup/pids/$name" "/sys/fs/cgroup/cpuset/$name"
	gives x02 -- .linux.cgroupsPath "\"/$name/example.${ID%%-*}\"" && gives z14 --force -- .linux.cgroupsPath "\"/$name/t.${ID%%-*}\"" || status=1
	rmdir "/sys/fs/cgroup/pids/$name" "/sys/fs/cgroup/cpuset/$name"
	[ "$status" -eq 0 ]
	sed 's|"/sys/fs/cgroup/cpuset/[^"]*"|"elsewhere"|' x02.hcl >x02b.hcl
	DIR=$DIR.other refuses_when_written x02b 11 'no cgroup'
}
@test "x04: both overrides" { refuses x04-raw-both-cgroups 10,9 'only one of cgroup_v1_override and cgroup_v2_override'; }
@test "x05: a negative oom_score_adj" { refuses x05-raw-oom-negative 10 'oom_score_adj must not be negative'; }
@test "x07: raw_exec as another user, in another directory" {
	mkdir -p "$DIR/task/local" "$BATS_TEST_TMPDIR/app"
	program "$DIR/task/local/run.sh"
	sed "s|/srv/app|$BATS_TEST_TMPDIR/app|" x07-raw-work-dir-user.hcl >"$BATS_TEST_TMPDIR/x07.hcl"
	cd "$BATS_TEST_TMPDIR"
	gives x07 -- .process.args "[\"$DIR/task/local/run.sh\",\"$DIR/task/local\",\"$DIR/alloc\"]" .process.cwd "\"$BATS_TEST_TMPDIR/app\"" \
		.process.user.uid "$(id -u daemon)"
}
@test "x08: a relative work_dir" { refuses x08-raw-work-dir-relative 10 'work_dir must be absolute'; }
@test "x10: a bare name is looked for in the PATH" { gives x10-raw-path-lookup -- '.process.args[0]|endswith("/bin/sh")' true; }
@test "j01: a whole job, twice" {
	mkdir -p "$DIR"/app.{0,1}/{migrate,server}/task/local
	program "$DIR"/app.{0,1}/migrate/task/local/migrate "$DIR"/app.{0,1}/server/task/local/server
	warns j01-full-job : 'constraint (line 7), ephemeral_disk (line 30)' --artifacts-present
	assert_equal "$output" "$(printf '%s\n' "$DIR"/app.{0,1}/{migrate,server})"
	[ "$(ls "$DIR/app.1")" = $'alloc\nmigrate\nserver' ]
	DIR=$DIR/app.1/server has .process.user.uid "$(id -u www-data)" .process.cwd '"/local"' \
		'.process.args|[.[0,1,3,4]]' '["/local/server","-listen","-logs","/alloc/logs"]' '.process.args[2]|test("^[0-9.:a-f]+:[0-9]+$")' true \
		"$ENV|[.DC,.VERSION,.NOMAD_META_owner,.NOMAD_META_OWNER]" '["Running on datacenter dc1","Version v0.3","team-a","team-a"]' \
		.linux.resources.cpu.shares 700 .linux.resources.memory.limit 536870912 \
		'.annotations|[.["org.bivy.logs.maxFiles"],.["org.bivy.logs.maxFileSize"],.["org.bivy.killTimeout"]]' '["5","15728640","15000"]' \
		"$ENV|[.NOMAD_ALLOC_INDEX,.NOMAD_ALLOC_NAME]" '["1","web-app.app[1]"]'
	[ "$(jq -r '.process.env[]|select(startswith("NOMAD_ALLOC_ID="))' "$DIR"/app.{0,1}/{server,migrate}/config.json | sort -u | wc -l)" -eq 2 ]
	assert_equal "$(cat "$DIR/app.1/server/task/local/app.conf")" $'owner = team-a\ndc    = dc1'
	assert_equal "$(stat -c '%a %U' "$DIR/app.1/server/task/local/app.conf")" '640 www-data'
}
@test "j02: a task called alloc" { refuses j02-task-named-alloc 5 alloc; }
@test "j04: two tasks of one name" { refuses j04-two-tasks-same-name 9 3,5; }
@test "j05: a dispatch brings its payload and meta" {
	make_bundle_of j05-dispatch-payload
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == *'the job is parameterized'* && ${stderr_lines[1]} == *13,*NOMAD_META_input* ]]
	printf 'two\nlines' >"$BATS_TEST_TMPDIR/payload"
	gives j05-dispatch-payload --payload "$BATS_TEST_TMPDIR/payload" --meta input=in -- \
		'.process.args[1:]' '["local/payload.txt","in",""]' "$ENV|[.NOMAD_META_input,.NOMAD_META_INPUT,.NOMAD_META_verbose]" '["in","in",""]'
	cmp "$BATS_TEST_TMPDIR/payload" "$DIR/task/local/payload.txt"
	make_bundle_of j05-dispatch-payload --force --meta input=in
	refused j05-dispatch-payload.hcl:4,5 'give --payload FILE'
	make_bundle_of j05-dispatch-payload --force --payload "$BATS_TEST_TMPDIR/payload"
	refused j05-dispatch-payload.hcl:5,5 'give --meta input=VALUE'
	make_bundle_of j05-dispatch-payload --force --payload "$BATS_TEST_TMPDIR/payload" --meta input=in --meta colour=red
	[ "$status" -eq 2 ]
	[[ $stderr == *'--meta colour=red: the job takes no such key'* ]]
	assert_ok bivy check j05-dispatch-payload.hcl
}
@test "j07: two jobs" { refuses j07-two-jobs 11,1 1,1; }
@test "j08: no job" {
	make_bundle_of j08-empty-file
	refused j08-empty-file.hcl 'no job is in it'
}

# --- g: agent files ---

@test "g01: all of plugin exec" {
	run --separate-stderr bivy check g01-plugin-exec-all.hcl
	assert_ok
	[[ $stderr == *'no_pivot_root (line 3)'* ]]
}
@test "g02: a bad mode" { assert_fails 1 'g02-.*:3,5: default_pid_mode must be "private" or "host", not "other"' bivy check g02-plugin-exec-bad-mode.hcl; }
@test "g04: a range upside down" { assert_fails 1 'g04-.*:4,5: .*"100-1": its lower bound' bivy check g04-plugin-raw-bad-range.hcl; }
@test "g05: no_cgroups is gone" { assert_fails 1 'g05-.*:4,5: .*no_cgroups' bivy check g05-plugin-raw-no-cgroups.hcl; }
@test "g07: options" {
	NODE=g07-client-options-many.hcl
	printf 'task "x" {\n driver = "raw_exec"\n user = "root"\n config {\n command = "/bin/true"\n }\n}\n' >"$BATS_TEST_TMPDIR/x.hcl"
	run --separate-stderr bivy check --client "$NODE" "$BATS_TEST_TMPDIR/x.hcl"
	[ "$status" -eq 1 ]
	[[ $stderr == *'running as user "root" is disallowed'* ]]
}
@test "g08: single files, and other places" {
	mkdir -p "$BATS_TEST_TMPDIR/tools"
	sed "s|\"/opt/tools\"|\"$BATS_TEST_TMPDIR/tools\"|; s|\"/bin/ls\"  |\"/bin/ls\" |" g08-chroot-env-minimal.hcl >"$NODE"
	make_bundle_of r01-defaults
	[ "$status" -eq 1 ] # /bin/true is not among them
	sed -i 's|"/bin/ls"|"/bin/true"|g' "$NODE"
	make_bundle_of r01-defaults
	assert_ok
	[[ $stderr == *'"/foobar" is not on this host'* ]]
	[ -f "$DIR/task/bin/true" ] && [ -d "$DIR/task/usr/local/tools" ]
	has '.mounts|map(select(.destination == "/usr/local/tools").source)' "[\"$BATS_TEST_TMPDIR/tools\"]"
}

# --- z: the JSON of the API ---

@test "z01: with Job around it" { gives z01-json-minimal-wrapped -- .process.args '["/bin/sleep","1"]'; }
@test "z02: without" { gives z02-json-minimal-bare -- .process.args '["/bin/sleep","1"]'; }
@test "z04: args as a string" { refuses z04-json-args-string 13 'a list of strings is required'; }
@test "z05: nulls" { gives z05-json-null-fields -- .process.args '["/bin/true"]' .linux.resources.cpu.shares 100; }
@test "z07: escapes" { gives z07-json-escapes -- .process.args '["/bin/echo","é😀","tab\tnl\n","sl/ash","t","${literal}","<&>"]'; }
@test "z08: a key twice" { refuses z08-json-duplicate-key 1 command; }
@test "z10: unknown fields" { warns z10-json-unknown-fields : 'Colour (line 4), Flavour (line 12)'; }
@test "z11: resources" {
	gives z11-json-resources -- .process.user.uid "$(id -u daemon)" "$ENV|.A" '"1"' .linux.resources.cpu.shares 500 \
		'.linux.resources.memory|[.limit,.reservation]' '[536870912,268435456]' '.annotations|[.["org.bivy.killSignal"],.["org.bivy.killTimeout"]]' '["SIGTERM","20000"]'
}
@test "z13: nothing" {
	make_bundle_of z13-json-empty
	refused z13-json-empty.json 'no job is in it'
}
@test "z: the JSON of a file gives what the file gives" {
	local case
	for case in t02-comments c02-cap-mixed-spelling; do
		rm -rf "$DIR"
		gives "$case" -- .ociVersion '"1.3.0"'
		cp "$DIR/config.json" "$BATS_TEST_TMPDIR/from-hcl"
		rm -rf "$DIR"
		bivy bundle --client "$NODE" --alloc-id "$ID" "$case.json" "$DIR"
		cmp "$DIR/config.json" "$BATS_TEST_TMPDIR/from-hcl"
	done
}

# --- the bundle ---

@test "a bundle: what is in it, and whose it is" {
	need_root
	gives r01-defaults -- .root '{"path":"task","readonly":true}' "$ENV|.NOMAD_ALLOC_ID" "\"$ID\"" "$ENV|.NOMAD_SHORT_ALLOC_ID" '"5fc98185"' \
		"$ENV|.NOMAD_ALLOC_NAME" '"r01.r01[0]"' "$ENV|[.NOMAD_TASK_DIR,.NOMAD_ALLOC_DIR,.NOMAD_SECRETS_DIR]" '["/local","/alloc","/secrets"]' \
		.process.noNewPrivileges true '.linux.seccomp.defaultAction' '"SCMP_ACT_ERRNO"'
	assert_equal "$(stat -c '%U %a' "$DIR/task/local" "$DIR/task/tmp" "$DIR/alloc" "$DIR/task")" $'nobody 755\nnobody 1777\nnobody 777\nroot 755'
	[ "$(du -sk "$DIR" | cut -f1)" -lt 100 ]
}
@test "a bundle: nothing of the caller's environment" {
	NOMAD_TOKEN=secret FOO=bar gives r01-defaults -- "$ENV|[.NOMAD_TOKEN,.FOO]" '[null,null]'
}
@test "a bundle: a config.json is not replaced without --force" {
	gives r01-defaults -- .process.args '["/bin/true"]'
	make_bundle_of s06-seed001-sleep-with-comment
	refused "$DIR" --force
	has .process.args '["/bin/true"]'
	gives s06-seed001-sleep-with-comment --force -- .process.args '["/bin/sleep","1"]'
}
@test "a bundle: what was there stays when it fails, what was made goes" {
	mkdir -p "$DIR/task"
	: >"$DIR/task/local" # in the way
	make_bundle_of r01-defaults
	[ "$status" -eq 1 ]
	assert_equal "$(cd "$DIR" && find . | sort)" $'.\n./task\n./task/local'
}
@test "a bundle: a link in the task directory leads nowhere" {
	mkdir -p "$DIR/task" "$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$DIR/task/local"
	make_bundle_of r01-defaults
	[ "$status" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/elsewhere/data" ] && [ ! -e "$DIR/config.json" ]
}
@test "a command: links are followed inside the root, never on the host" {
	world /usr bin/real
	ln -s /etc/alternatives/tool "$BATS_TEST_TMPDIR/world/bin/tool"
	ln -s /usr/bin/real "$BATS_TEST_TMPDIR/world/bin/good"
	printf 'config {\n command = "tool"\n}\n' >"$BATS_TEST_TMPDIR/bad.hcl"
	printf 'config {\n command = "good"\n}\n' >"$BATS_TEST_TMPDIR/good.hcl"
	cd "$BATS_TEST_TMPDIR"
	refuses bad 2 '/usr/bin/tool is a link that leads to /etc'
	gives good -- .process.args '["/usr/bin/good"]'
}
@test "a command that the job brings is made executable, and no file of the host's is" {
	need_root
	cd "$BATS_TEST_TMPDIR"
	printf 'config {\n command = "tool"\n}\n' >tool.hcl
	mkdir -p bundle/task/local
	printf '#!/bin/sh\n' >bundle/task/local/tool
	chmod 600 bundle/task/local/tool
	assert_ok bivy bundle tool.hcl bundle
	assert_equal "$(stat -c %a bundle/task/local/tool)" 755
	printf '#!/bin/sh\n' >hosts
	chmod 644 hosts
	rm -r bundle/task/local/tool bundle/config.json
	ln hosts bundle/task/local/tool
	run bivy bundle tool.hcl bundle
	ln -sf "$PWD/hosts" bundle/task/local/tool
	run bivy bundle tool.hcl bundle
	assert_equal "$(stat -c %a hosts)" 644
}
@test "check: either kind of file, as anyone" {
	gives r01-defaults -- .ociVersion '"1.3.0"'
	chmod 644 "$DIR/config.json"
	assert_ok bivy check "$DIR/config.json"
	assert_equal "$output" "$DIR/config.json: good: a config.json"
	assert_ok bivy check r01-defaults.hcl
	assert_equal "$output" 'r01-defaults.hcl: good: job "r01", 1 task: r01/example (exec)'
	assert_ok bivy check - <r01-defaults.hcl
}
