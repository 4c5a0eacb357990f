#!/usr/bin/env bats
# Documents and names that somebody made to do harm, or that a fault made: refused in one line or handled, within seconds
# and a few hundred MiB; never a crash (a signal's code is above 128).

load helpers

setup() {
	setup_bundle
}

# Within SECONDS and so many MiB: bounded COMMAND...
bounded() (
	local seconds=20
	if [ -n "${ASAN_OPTIONS-}" ]; then # slower, and its own map is larger
		seconds=60
	else
		ulimit -v 1500000
	fi
	BIVY_TIMEOUT=$seconds bivy "$@"
)

# refused PATTERN [FILE]: by check and by create, with one line, and nothing is left
refused() {
	assert_fails 1 "$1" bounded check "${2:-config.json}"
	[ -n "${2-}" ] || assert_fails 1 "$1" bounded create "$(new_id)"
	[ "${#stderr}" -lt 5000 ]
}

taken() {
	assert_ok bounded check config.json
}

# config JSON: a document that is good but for what is added to it: ,"KEY": ...
config() {
	printf '{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["true"]}, %s %s}' \
		'"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}' "$1" >config.json
}

many() {
	python3 -c "import sys; sys.stdout.write($1)"
}

@test "hostile: an id of 1,024 bytes" {
	local long command
	long=$(printf '%1024s' '' | tr ' ' a)
	for command in create start state kill delete; do
		run --separate-stderr timeout 10 "$BIVY" --root "$BIVY_ROOT" $command "$long"
		[ "$status" -eq 1 ] || [ "$status" -eq 2 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == *'invalid container ID'* || $stderr == *'does not exist'* ]]
	done
}

@test "hostile: ids that lead elsewhere, or are none" {
	local id
	for id in .. . a/b ../../etc '' ' ' $'a\nb' '*' $'\xff'; do
		run --separate-stderr bounded create -- "$id"
		[ "$status" -ne 0 ]
		[ "$status" -lt 128 ]
		[ "${#stderr_lines[@]}" -le 2 ]
	done
	[ -z "$(ls -A "$BIVY_ROOT")" ]
}

@test "hostile: a config of 16 MiB and one of more" {
	config ', "annotations": {"a": "'"$(head -c $((15 << 20)) /dev/zero | tr '\0' x)"'"}'
	taken
	config ', "annotations": {"a": "'"$(head -c $((16 << 20)) /dev/zero | tr '\0' x)"'"}'
	refused 'File too large'
	head -c $((40 << 20)) /dev/zero >config.json
	refused 'File too large|NUL'
}

@test "hostile: 10,000 levels of nesting" {
	config ", \"x\": $(many '"[" * 10000 + "]" * 10000')"
	taken
	config ", \"x\": $(many "'{\"a\": ' * 10000 + '1' + '}' * 10000")"
	taken
	config ", \"hooks\": $(many '"[" * 10000 + "]" * 10000')"
	refused 'hooks: must be an object'
	config ", \"x\": $(many '"[" * 10000')"
	refused 'not JSON'
	config ", \"x\": $(many "'{\"a\": ' * 10000")"
	refused 'not JSON'
}

@test "hostile: 10,000 levels of nesting in HCL" {
	many '"job \"a\" { x = " + "[" * 10000 + "]" * 10000 + "}"' >job.hcl
	run --separate-stderr bounded check job.hcl
	[ "$status" -gt 0 ] && [ "$status" -lt 124 ]
	many '"a { " * 10000 + "}" * 10000' >job.hcl
	run --separate-stderr bounded check job.hcl
	[ "$status" -gt 0 ] && [ "$status" -lt 124 ]
	many '"job \"a\" { x = " + "(" * 10000 + "1" + ")" * 10000 + "}"' >job.hcl
	run --separate-stderr bounded check job.hcl
	[ "$status" -gt 0 ] && [ "$status" -lt 124 ]
	many '"job \"a\" { x = \"" + "${\"" * 5000 + "\"}" * 5000 + "\" }"' >job.hcl
	run --separate-stderr bounded check job.hcl
	[ "$status" -gt 0 ] && [ "$status" -lt 124 ]
}

# The sanitizer's realloc() copies every time, which makes yajl's growing lists quadratic.
@test "hostile: hundreds of thousands of members" {
	local n=300000
	[ -z "${ASAN_OPTIONS-}" ] || n=20000
	config ", \"annotations\": {$(many '",".join("\"k%d\": \"\"" % i for i in range('$n'))')}"
	taken
	config ", $(many '",".join("\"k%d\": 1" % i for i in range('$n'))')"
	taken
	config ", \"mounts\": [$(many '",".join("{\"destination\": \"/m\", \"type\": \"tmpfs\"}" for i in range('$n'))')]"
	taken
	config ", \"annotations\": {$(many '",".join("\"k%d\": \"\"" % i for i in range('$n'))'), \"k77\": \"\"}"
	refused 'annotations: the key "k77" is given twice'
}

@test "hostile: numbers at the edges of their types" {
	local at value
	while read -r at value; do
		bundle_set ".$at = 0"
		sed -i -E "s/(\"${at##*.}\": )0/\1$value/" config.json
		refused "${at//./\\.}: must be a whole number"
		bundle_set "del(.$at)"
	done <<-'EOF'
		process.user.umask 4294967296
		process.user.umask -1
		process.oomScoreAdj 2147483648
		process.oomScoreAdj -2147483649
		process.oomScoreAdj 1.5
		process.oomScoreAdj 1e3
		linux.resources.memory.limit 9223372036854775808
		linux.resources.memory.limit -9223372036854775809
		linux.resources.memory.limit 99999999999999999999999999999999999999999999999999
		linux.resources.cpu.shares 18446744073709551616
		linux.resources.cpu.shares -1
		linux.resources.blockIO.weight 65536
	EOF
	bundle_set '.process.oomScoreAdj = 0 | .linux.resources.memory = {limit: 0, swap: 1} | .linux.resources.cpu = {shares: 0, quota: 1}'
	sed -i 's/"limit": 0/"limit": 9223372036854775807/; s/"swap": 1/"swap": -9223372036854775808/
		s/"shares": 0/"shares": 18446744073709551615/; s/"oomScoreAdj": 0/"oomScoreAdj": -2147483648/' config.json
	taken
}

@test "hostile: numbers that the kernel refuses are errors that name them, and leave nothing" {
	bundle_set '.process.oomScoreAdj = 2147483647'
	assert_fails 125 'oom' bounded run "$(new_id)"
	bundle_set 'del(.process.oomScoreAdj) | .process.user.uid = 4294967295'
	assert_fails 125 . bounded run "$(new_id)"
	bundle_set '.process.user.uid = 0 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 0, hard: 0}]'
	sed -i 's/"hard": 0/"hard": 18446744073709551615/' config.json
	run --separate-stderr bounded run "$(new_id)"
	[ "$status" -lt 128 ]
}

@test "hostile: invalid UTF-8" {
	local bytes
	for bytes in '\xff' '\xc0\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xe2\x82' '\x80'; do
		config ", \"hostname\": \"$(printf "$bytes")\""
		refused 'not JSON'
		config ", \"$(printf "$bytes")\": 1"
		refused 'not JSON'
	done
}

@test "hostile: duplicate keys, at every level" {
	config ', "ociVersion": "1.0.0"'
	refused 'the key "ociVersion" is given twice'
	config ', "annotations": {"a": "1", "a": "2"}'
	refused 'annotations: the key "a" is given twice'
	config ', "hooks": {"poststop": [{"path": "/bin/true", "path": "/bin/false"}]}'
	refused 'hooks\.poststop\[0\]: the key "path" is given twice'
	config ', "unknown": 1, "unknown": 2'
	refused 'the key "unknown" is given twice'
}

@test "hostile: a NUL, in strings, in keys and in the file" {
	config ', "hostname": "a\u0000b"'
	refused 'config\.json:[0-9,]*: not JSON: a NUL in a string'
	config ', "annotations": {"a\u0000b": ""}'
	refused 'a NUL in a string'
	bundle_set -n 'input | .process.args = ["true\u0000; reboot"]' "$BATS_FILE_TMPDIR/bundle/config.json"
	refused 'a NUL in a string'
	config ', "annotations": {"a": "\\u0000 \\\\\\u0041"}' # a backslash, and then digits
	taken
	printf '{"ociVersion": "1.3.0"}\0{' >config.json
	refused 'NUL' config.json
	assert_fails 1 . bounded create "$(new_id)"
}

@test "hostile: what is no document" {
	: >config.json
	refused .
	printf '\xef\xbb\xbf{}' >config.json
	refused .
	printf 'null' >config.json
	refused .
	printf '[]' >config.json
	refused .
	printf '"%s' "$(many '"\\\\" * 100000')" >config.json
	refused .
	head -c 100000 /dev/urandom >config.json
	refused .
	rm config.json
	mkdir config.json
	refused .
	rmdir config.json
	mkfifo config.json
	run --separate-stderr env BIVY_TIMEOUT=3 bash -c "timeout 3 '$BIVY' --root '$BIVY_ROOT' create x <>config.json"
	[ "$status" -ne 0 ]
}

@test "hostile: a line of megabytes comes out as one line of kilobytes" {
	config ", \"annotations\": {\"$(head -c 2000000 /dev/zero | tr '\0' x)\": 1}"
	refused 'annotations'
}

@test "hostile: line breaks and escapes in names do not reach the terminal" {
	config ', "annotations": {"a\n\u001b[31mred": 1}'
	refused 'must be a string'
	[[ $stderr != *$'\e'* ]]
}
