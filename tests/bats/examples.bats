#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts and jq programs in quotes
# The job files of spec/examples, each run as its first line says, with its exit code and everything that it prints.  A
# new example is a file and a row here.

load helpers

EXAMPLES=${BIVY_TESTS%/*}/spec/examples

setup() {
	need_root
	mkdir -p "$BIVY_ROOT"
	cd "$EXAMPLES" || return
}

# Each line after its task's name, whose column is as wide as the longest.
one_blank() {
	sed -E 's/^([^ |]+) +\| /\1 | /'
}

# gives NAME OPTION... -- CODE [LINE...]: what one task prints, in its order
gives() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	run --separate-stderr bivy up --quiet --client agent.hcl "${options[@]}" "$name"
	[ "$status" -eq "$2" ] || tell "exit code $status instead of $2"
	assert_equal "$(one_blank <<<"$output")" "$(printf '%s\n' "${@:3}")"
}

# together NAME -- CODE [LINE...]: what several tasks print beside each other, each line after its task's name; sorted
together() {
	run --separate-stderr bivy up --quiet --client agent.hcl "$1"
	[ "$status" -eq "$3" ] || tell "exit code $status instead of $3"
	assert_equal "$(one_blank <<<"$output" | sort)" "$(printf '%s\n' "${@:4}" | sort)"
}

# --- a task ---

@test "fragment.hcl" { gives fragment.hcl -- 0 'that is all it takes'; }
@test "job.json" { gives job.json -- 0 'as `nomad job run -output` prints it: json'; }
@test "user.hcl" { gives user.hcl -- 0 "daemon daemon $(getent passwd daemon | cut -d: -f6)"; }
@test "user-group.hcl" { gives user-group.hcl -- 0 '1234 5678 5678'; }
@test "init.hcl" { gives init.hcl -- 0 'my pid is 1'; }
@test "pid-mode.hcl" { gives pid-mode.hcl -- 0 'I am one of many'; }
@test "secrets.hcl" { gives secrets.hcl -- 0 'a tmpfs' '700 nobody' 'nothing runs from here'; }
@test "script.hcl" { gives script.hcl -- 0 'I was called /local/tool, with one two words'; }
@test "hello.hcl" {
	run --separate-stderr bivy up --quiet hello.hcl
	assert_ok
	[[ $output == *"I am               nobody, uid 65534"*"capabilities    0000000000000000"*"new privileges     never"* ]]
	[[ $output == *"memory limit       64 MiB"*"may I write /usr   no"*"may I write /local yes"*"host's /home       not there" ]]
}
@test "filter.hcl" {
	gives filter.hcl -- 0 'refused: unshare --user true' 'refused: mount -t tmpfs none /tmp' 'refused: mknod /tmp/disk b 8 0' \
		'refused: sh -c echo 1 > /proc/sys/vm/drop_caches' 'refused: sh -c echo b > /proc/sysrq-trigger' \
		'refused: touch /usr/bin/mine'
}
@test "capabilities.hcl" {
	run --separate-stderr bivy up --quiet capabilities.hcl
	assert_ok
	[ "$(grep -c '^Cap...:.0000000000000400$' <<<"$output")" -eq 5 ]
	[[ ${lines[0]} == "uid=$(id -u www-data)(www-data)"* ]]
}

# --- limits ---

@test "limits.hcl" { gives limits.hcl -- 137; }
@test "ulimit.hcl" { gives ulimit.hcl -- 0 '512 1024 0 256*4096'; }
@test "cores.hcl" { gives cores.hcl -- 0 1; }
@test "memory-max.hcl" { gives memory-max.hcl -- 0 41943040 'limit 128 MiB'; }

# --- the life of a job ---

@test "stopping.hcl" {
	bivy_background up --quiet stopping.hcl
	wait_for has_said stopping.hcl 'stopping | ready'
	kill -INT "$bivy_pid"
	local code=0
	wait "$bivy_pid" || code=$?
	assert_equal "$code $(output_of stopping.hcl)" $'0 stopping | ready\nstopping | tidying up'
}
@test "restart.hcl" { gives restart.hcl -- 0 'stubborn | try 1' 'stubborn | try 2' 'stubborn | try 3'; }
@test "lifecycle.hcl" { together lifecycle.hcl -- 0 'report | prepare work beside'; }
@test "sidecar.hcl" { together sidecar.hcl -- 0 'ask | it is noon' 'clock | the helper goes'; }
@test "leader.hcl" { together leader.hcl -- 0 'first | the leader is done' 'other | so am I'; }
@test "count.hcl" {
	together count.hcl -- 0 'work[0] | I am count.worker[0], number 0' 'work[1] | I am count.worker[1], number 1' \
		'work[2] | I am count.worker[2], number 2'
}
@test "sharing.hcl" {
	run --separate-stderr bivy up --quiet sharing.hcl
	assert_ok
	[[ $output == *'from write'* ]]
}
@test "logs.hcl" { gives logs.hcl -- 0 'talk | to standard output'; }

# --- what comes in ---

@test "artifact.hcl" { gives artifact.hcl -- 0 '' '                                 Apache License'; }
@test "template.hcl" { gives template.hcl -- 0 '640 nobody' 'listen = 8080' 'name   = "server"'; }
@test "template-env.hcl" { gives template-env.hcl -- 0 'db.example main'; }
@test "volume.hcl" { gives volume.hcl -- 0 readable 'not writable'; }
@test "payload.hcl" {
	echo 'a letter' >"$BATS_TEST_TMPDIR/letter"
	gives payload.hcl --payload "$BATS_TEST_TMPDIR/letter" --meta who=you -- 0 'for you: a letter'
}

# --- the network ---

@test "network.hcl" {
	run --separate-stderr bivy up --quiet network.hcl
	assert_ok
	[[ ${lines[-1]} == *lo:* ]]
	assert_equal "$(grep -c : <<<"$output")" 1
}
@test "dns.hcl" { gives dns.hcl -- 0 'nameserver 192.0.2.1' 'nameserver 192.0.2.2' 'search example.org' 'options ndots:2'; }

# --- the language ---

@test "environment.hcl" {
	run --separate-stderr bivy up --quiet environment.hcl
	assert_ok
	[[ $output == "show of team-a on "* && $output == *$'\nDATACENTER=in dc1\n'* && $output == *$'\nNOMAD_META_owner=team-a\n'* ]]
	[[ $output == *$'\nSHELL=three dollars in config, two here: ${HOME}\nTEXT=several lines,\n'* ]]
}
@test "references.hcl" {
	gives references.hcl -- 0 'references/app/show example-host dc1 linux r7 hello from show'
}
@test "escapes.hcl" { gives escapes.hcl -- 0 'shell shell %d 100%' '${NOT_A_REFERENCE}'; }
@test "variables.hcl" { together variables.hcl -- 0 'ada/greet | Hello, Ada!' 'grace/greet | Hello, Grace!'; }
@test "variable-file.hcl" { gives variable-file.hcl --var-file settings.vars -- 0 'web 80+443 front'; }
@test "functions.hcl" {
	gives functions.hcl -- 0 'THREE-TWO-ONE 007 Yml2eQ== Bivouac {"n":3}'
}
@test "expressions.hcl" {
	gives expressions.hcl -- 0 'a test 7 careful b0 c2'
	gives expressions.hcl --var production=true -- 0 'for real 7 careless b0 c2'
}

# --- raw_exec ---

@test "raw.hcl" {
	run --separate-stderr bivy up --quiet --client agent.hcl raw.hcl
	assert_ok
	[[ $output == "root in $BIVY_ROOT/"*" on $(uname -n), pid "* ]]
	assert_fails 125 'raw_exec is disabled' bivy up --quiet raw.hcl
}
@test "raw-environment.hcl" {
	MY_TOKEN=x run --separate-stderr bivy up --quiet --client agent.hcl raw-environment.hcl
	assert_ok
	grep -qx COLOUR=blue <<<"$output"
	! grep TOKEN= <<<"$output"
}
@test "raw-processes.hcl" {
	gives raw-processes.hcl -- 0 'it is on its own now'
	! pgrep -f '^sleep 987$'
}

# --- all of them ---

@test "there are forty, each has a row here, and each says what it is for and how it is run" {
	local file rows=0
	for file in *.hcl *.json; do
		[ "$file" != agent.hcl ] || continue
		rows=$((rows + 1))
		grep -q "^@test \"$file\" {" "$BATS_TEST_FILENAME" || { echo "no row: $file" >&2; return 1; }
		[ "$file" != job.json ] || continue
		[[ $(head -n 1 "$file") == "# "*"bivy up "*"$file"* ]] || { echo "does not say how it is run: $file" >&2; return 1; }
		[[ $(sed -n 2p "$file") == "# Shows: "* ]] || { echo "does not say what it shows: $file" >&2; return 1; }
	done
	assert_equal "$rows" 40
}

@test "check finds each of them good, and says nothing else" {
	local file
	for file in *.hcl *.json; do
		local more=()
		[ "$file" != variable-file.hcl ] || more=(--var-file settings.vars)
		assert_ok bivy check --client agent.hcl "${more[@]}" "$file" || return
		[ -z "$stderr" ] || tell "something on stderr" || return
	done
}
