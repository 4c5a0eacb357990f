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

# --- bivy's own documents: what it really writes, against spec/schema ---

# own SCHEMA FILE...: each file is one document, or events, one on each line.  A line for each that is not as it should be.
own() {
	python3 -W ignore - "${BIVY_TESTS%/*}/spec/schema" "$@" <<-'EOF'
		import json, jsonschema, pathlib, sys
		path = pathlib.Path(sys.argv[1]) / (sys.argv[2] + "-schema.json")
		schema = json.loads(path.read_text())
		jsonschema.Draft4Validator.check_schema(schema)
		check = jsonschema.Draft4Validator(schema, resolver=jsonschema.RefResolver(path.as_uri(), schema))
		wrong = []
		for name in sys.argv[3:]:
		    text = pathlib.Path(name).read_text()
		    for part in text.splitlines() if name.endswith("events") else [text]:
		        wrong += [f"{name}: {e.json_path}: {e.message}" for e in check.iter_errors(json.loads(part))][:1]
		print(*wrong, sep="\n")
		sys.exit(bool(wrong))
	EOF
}

# refused SCHEMA FILE JQ-EXPRESSION...: a good document is not one any more when it is changed like this.
refused() {
	local schema=$1 file=$2 n
	shift 2
	rm -f "$BATS_TEST_TMPDIR"/changed.*
	for ((n = 1; n <= $#; n++)); do
		jq -c "${!n}" "$file" >"$BATS_TEST_TMPDIR/changed.$n"
	done
	run own "$schema" "$BATS_TEST_TMPDIR"/changed.*
	assert_equal "${#lines[@]}" $#
}

need_jsonschema() {
	need_root
	python3 -c 'import jsonschema' 2>/dev/null || skip "needs python3-jsonschema"
}

# ran SCRIPT [OPTION...]: a container with that program, to its end; sets state, where its documents are.
ran() {
	local id
	id=$(new_id)
	state=$BIVY_ROOT/$id
	bundle_script "$1"
	bivy create "${@:2}" "$id"
	bivy start "$id"
	bivy wait "$id" || true
	wait_for grep -q '"type":"stopped"' "$state/events"
}

@test "schema: exit.json and events of a program that exits, one that is killed, one that has too much memory" {
	need_jsonschema
	setup_bundle
	ran 'exit 3'
	local exited=$state killed
	ran 'kill -9 $$' --init
	killed=$state
	jq -e '.signal == 9' "$killed/exit.json"
	bundle_set '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
	ran 'exec tail /dev/zero'
	jq -e '.oomLimit == "own"' "$state/exit.json"
	grep -q '"type":"oom"' "$state/events"
	own exit {"$exited","$killed","$state"}/exit.json
	own event {"$exited","$killed","$state"}/events
	refused exit "$exited/exit.json" 'del(.code)' '.colour = 1' '.code = "3"'
	grep stopped "$exited/events" >"$BATS_TEST_TMPDIR/stopped"
	refused event "$BATS_TEST_TMPDIR/stopped" 'del(.exit)' '.type = "started"' 'del(.exit.finished)'
}

@test "schema: exit.json and events of a container whose output found no room, that stood still and went on" {
	local id logs=$BATS_TEST_TMPDIR/logs
	need_jsonschema
	setup_bundle
	mkdir "$logs"
	mount -t tmpfs -o size=64k tmpfs "$logs"
	ran 'yes | head -c 1000000; exit 0' --logs "$logs"
	umount "$logs"
	jq -e '.droppedStdout > 0' "$state/exit.json"
	own exit "$state/exit.json"
	grep -q '"type":"log-dropped"' "$state/events"
	cp "$state/events" "$BATS_TEST_TMPDIR/dropped.events"
	id=$(new_id)
	bundle_script 'exec sleep 600'
	bivy create "$id"
	bivy start "$id"
	bivy pause "$id"
	bivy resume "$id"
	"$BIVY" --root "$BIVY_ROOT" events -f "$id" >"$BATS_TEST_TMPDIR/life.events" 3>&- 4>&- &
	wait_for grep -q resumed "$BATS_TEST_TMPDIR/life.events"
	bivy delete --force "$id"
	wait "$!"
	own event "$BATS_TEST_TMPDIR"/{dropped,life}.events
	grep -q '"type":"deleted"' "$BATS_TEST_TMPDIR/life.events"
}

@test "schema: job.json of a run" {
	local id job
	need_jsonschema
	cat >"$BATS_TEST_TMPDIR/job.hcl" <<-'EOF'
		job "many" {
		  group "g" {
		    count = 2
		    restart {
		      attempts = 1
		      delay    = "0s"
		      interval = "10s"
		      mode     = "delay"
		    }
		    task "before" {
		      driver = "exec"
		      lifecycle {
		        hook    = "prestart"
		        sidecar = true
		      }
		      logs {
		        disabled = true
		      }
		      config {
		        command = "/bin/sleep"
		        args    = ["600"]
		      }
		    }
		    task "main" {
		      driver         = "exec"
		      leader         = true
		      shutdown_delay = "1ms"
		      config {
		        command = "/bin/sleep"
		        args    = ["600"]
		      }
		    }
		  }
		}
	EOF
	id=$(new_id)
	bivy up -d --id "$id" "$BATS_TEST_TMPDIR/job.hcl"
	job=$BIVY_ROOT/.jobs/$id/job.json
	cp "$job" "$BATS_TEST_TMPDIR/job.json"
	bivy down "$id"
	own run "$BATS_TEST_TMPDIR/job.json"
	refused run "$BATS_TEST_TMPDIR/job.json" 'del(.tasks[0].bundle)' '.tasks[1].restart.thenWaits = 1' '.tasks[0].hook = "prestop"'
}
