#!/usr/bin/env bats
# The samples of the runtime-spec's own schema (tests/schema, from its schema/test): the good ones are accepted, the bad
# ones refused where they are bad.  State and features are what bivy writes, so their samples are for the schemas of
# spec/schema, by which the tests of `state` and `features` judge.

load helpers

samples=$BIVY_TESTS/schema

good() {
	assert_ok bivy check "$samples/config/good/$1.json"
	assert_equal "${lines[-1]}" "$samples/config/good/$1.json: good: a config.json"
}

# bad NAME PATTERN: the JSON path, and what is wrong there
bad() {
	assert_fails 1 "config/bad/$1\.json$2" bivy check "$samples/config/bad/$1.json"
}

@test "schema: minimal" { good minimal; }
@test "schema: minimal-for-start" { good minimal-for-start; }
@test "schema: linux-rdma" { good linux-rdma; }
@test "schema: linux-netdevice" { good linux-netdevice; }

@test "schema: spec-example, of a version before 1.0, which is warned of" {
	good spec-example
	[[ $stderr == *"warning: "*'ociVersion: "0.5.0-dev" is older'* ]]
}

@test "schema: spec-example, every key of it is known" {
	run --separate-stderr bivy --debug check "$samples/config/good/spec-example.json"
	assert_equal "$(grep -o 'the key "[a-zA-Z]*"' <<<"$stderr" | sort -u)" 'the key "oomScoreAdj"' # of resources, and gone since 1.0
}

@test "schema: invalid-json" { bad invalid-json ':1,3: not JSON'; }
@test "schema: linux-hugepage" { bad linux-hugepage ': linux\.resources\.hugepageLimits\[0\]\.pageSize: "64kB"'; }
@test "schema: linux-netdevice, bad" { bad linux-netdevice ': linux\.netDevices\.eth0\.name: must be a string'; }
@test "schema: linux-rdma, bad" { bad linux-rdma ': linux\.resources\.rdma\.mlx5_1\.hcaHandles: must be a number'; }

@test "schema: page sizes" {
	setup_bundle
	local size
	for size in 64KB 2MB 1GB 16GB; do
		bundle_set --arg size "$size" '.linux.resources.hugepageLimits = [{pageSize: $size, limit: 0}]'
		assert_ok bivy check config.json
	done
	for size in '' 2 MB 02MB 2mb 2TB 2MBs -2MB '2 MB'; do
		bundle_set --arg size "$size" '.linux.resources.hugepageLimits = [{pageSize: $size, limit: 0}]'
		assert_fails 1 'linux\.resources\.hugepageLimits\[0\]\.pageSize' bivy check config.json
	done
}

# What has no meaning on Linux is an unknown property, which "MUST be ignored"; mounts want a mount namespace of it.
@test "schema: samples of other systems" {
	good freebsd-minimal
	good zos-minimal
	assert_ok bivy check "$samples/config/bad/freebsd-vnet-disable.json"
	assert_fails 1 'mounts\[0\]: needs a new namespace of type "mount"' bivy check "$samples/config/good/freebsd-example.json"
	run --separate-stderr bivy check "$samples/config/good/zos-example.json"
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[-1]} == *'mounts[0]: needs a new namespace of type "mount"'* ]]
}

@test "schema: there is no sample without a test" {
	local file name
	for file in "$samples"/config/*/*.json; do
		name=$(basename "$file" .json)
		grep -q "\b$name\b" "$BATS_TEST_FILENAME" || { echo "$file"; return 1; }
	done
}

# agrees DOCUMENT...: with the schema of its directory
agrees() {
	python3 -W ignore - "${BIVY_TESTS%/*}/spec/schema" "$@" <<-'EOF'
		import json, jsonschema, pathlib, sys
		schemas = pathlib.Path(sys.argv[1])
		for file in sys.argv[2:]:
		    kind = pathlib.Path(file).parent.parent.name
		    path = schemas / (kind + "-schema.json")
		    schema = json.loads(path.read_text())
		    resolver = jsonschema.RefResolver(path.as_uri(), schema)
		    jsonschema.Draft4Validator(schema, resolver=resolver).validate(json.load(open(file)))
	EOF
}

@test "schema: what tests hold state and features against takes their good samples and refuses the bad" {
	python3 -c 'import jsonschema' 2>/dev/null || skip "needs python3-jsonschema"
	agrees "$samples"/{state,features}/good/*.json
	local file
	for file in "$samples"/{state,features}/bad/*.json; do
		run agrees "$file"
		[ "$status" -ne 0 ] || { echo "$file was taken"; return 1; }
	done
}
