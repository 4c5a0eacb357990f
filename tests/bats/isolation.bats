#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts and jq programs in quotes
# What a host can isolate, by its own account (`bivy fingerprint`); what an exec task is given by default, and that its
# root costs neither disk nor time however large /usr is; and that what README.md and spec/exec.md say of it is so.
# tests/isolation/compare holds the same defaults against Podman's.

load helpers

TOP=${BIVY_TESTS%/*}

setup() {
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
}

# --- bivy fingerprint ---

fingerprint() {
	run --separate-stderr bivy fingerprint --format json "$@"
	assert_ok
	[ -z "$stderr" ] || tell "something on stderr"
}

# asks JQ WANTED: of the last fingerprint
asks() {
	assert_equal "$(jq -c "$1" <<<"$output")" "$2"
}

# The program copied to where another user can execute it, as that user.
as_nobody() {
	local at
	at=$(mktemp -d /tmp/bivy-nobody.XXXXXX)
	chmod 755 "$at"
	cp "$BIVY" "$at/bivy"
	status=0
	output=$(setpriv --reuid nobody --regid nogroup --clear-groups "$at/bivy" "$@" 2>&1) || status=$?
	rm -r "$at"
}

raw_enabled() {
	printf 'plugin "raw_exec" {\n config {\n enabled = true\n }\n}\n' >agent.hcl
}

@test "fingerprint: exec is healthy here, raw_exec is not detected until an agent file enables it" {
	need_root
	fingerprint
	asks '[.drivers[] | .name, .health, .description]' '["exec","healthy","Healthy","raw_exec","undetected","disabled"]'
	asks '.attributes | [."driver.exec", ."driver.raw_exec"]' '["1",null]'
	[[ $(jq -r '.drivers[1].remedy' <<<"$output") == *enabled*--client* ]]
	raw_enabled
	fingerprint --client agent.hcl
	asks '.drivers[1] | [.health, .description, .remedy]' '["healthy","Healthy",null]'
	asks '.attributes."driver.raw_exec"' '"1"'
}

@test "fingerprint: without root both say so, and every ability is still told" {
	need_root
	raw_enabled
	as_nobody fingerprint --format json --client agent.hcl
	assert_ok
	asks '.drivers[0] | [.health, .description]' '["undetected","Driver must run as root"]'
	asks '.drivers[1].health' '"unhealthy"'
	asks '.abilities | map(select(.name == "namespace pid")) | .[0] | [.found, .why, .remedy]' \
		'[null,"Operation not permitted","run bivy as root"]'
	asks '.abilities | map(select(.name == "capabilities"))[0].why' '"not one"'
}

@test "fingerprint: without cgroups exec is unhealthy, with the reason and the remedy" {
	need_root
	output=$(unshare --mount --propagation private sh -c 'umount -l /sys/fs/cgroup && exec "$0" fingerprint --format json' "$BIVY")
	asks '.drivers[0] | [.health, .description]' '["unhealthy","Failed to discover cgroup mount point"]'
	asks '.abilities | map(select(.name == "cgroups"))[0] | [.found, (.remedy | startswith("mount -t cgroup2"))]' '[null,true]'
	asks '.attributes."unique.cgroup.version"' null
}

@test "fingerprint: a capability that the caller lacks is named, with what it limits" {
	need_root
	output=$(setpriv --bounding-set=-sys_time --inh-caps=-sys_time "$BIVY" fingerprint --format json)
	asks '.drivers[0] | [.health, .limits[0]]' '["healthy","capabilities"]'
	[[ $(jq -r '.abilities[] | select(.name == "capabilities").why' <<<"$output") == *CAP_SYS_TIME* ]]
}

@test "fingerprint: what it says of this kernel is so" {
	need_root
	fingerprint
	asks '[.abilities[] | select(.name | startswith("namespace ")).name[10:]] | sort' \
		'["cgroup","ipc","mount","network","pid","time","user","uts"]'
	for ns in mount pid ipc uts network; do
		flag=${ns/network/net}
		if unshare "--$flag" true 2>/dev/null; then wanted='"yes"'; else wanted=null; fi
		asks ".abilities | map(select(.name == \"namespace $ns\"))[0].found" "$wanted"
	done
	if is_v2; then wanted='"v2"'; elif [ -d /sys/fs/cgroup/unified ]; then wanted='"hybrid"'; else wanted='"v1"'; fi
	asks '.attributes."unique.cgroup.version"' "$wanted"
	asks '.attributes | [."kernel.name", ."kernel.version", ."unique.hostname"]' \
		"[\"linux\",\"$(uname -r)\",\"$(uname -n)\"]"
}

@test "fingerprint: the table says the same, a line for a thing" {
	run --separate-stderr bivy fingerprint
	assert_ok
	[[ ${lines[0]} == "driver exec "* && ${lines[1]} == "driver raw_exec "*undetected*disabled* ]]
	[[ $output == *$'\nnamespace pid '* && $output == *$'\nseccomp '* && $output == *$'\nlandlock '* ]]
	! grep -q ' $' <<<"$output"
}

@test "fingerprint: the document is of its schema" {
	python3 -c 'import jsonschema' 2>/dev/null || skip "needs python3-jsonschema"
	fingerprint
	echo "$output" >document
	python3 - "$TOP/spec/schema/fingerprint-schema.json" document <<-'EOF'
		import json, jsonschema, sys
		schema, document = (json.load(open(f)) for f in sys.argv[1:])
		jsonschema.Draft4Validator.check_schema(schema)
		jsonschema.Draft4Validator(schema).validate(document)
		document["drivers"][0]["health"] = "fine"
		assert not jsonschema.Draft4Validator(schema).is_valid(document)
	EOF
}

# --- the root of a task ---

sleeper() {
	cat >job.hcl <<-'EOF'
		task "task" {
		  driver = "exec"
		  config {
		    command = "/bin/sh"
		    args    = ["-c", "[ -x /usr/bin/env ] && echo ready; exec sleep 1000"]
		  }
		  resources {
		    memory = 16
		  }
		}
	EOF
}

@test "the root of a task takes no disk: a bundle over the whole /usr holds two dozen empty directories" {
	need_root
	sleeper
	bivy bundle job.hcl bundle
	# Neither files nor links to them: nothing but directories, mount points of single files, and config.json.
	assert_equal "$(find bundle -type f -size +0)" bundle/config.json
	assert_equal "$(find bundle -type f -links +1)" ""
	[ "$(find bundle | wc -l)" -lt 60 ]
	before=$(du -s --inodes bundle | cut -f1)
	sed -i 's/exec sleep 1000/exit 0/' bundle/config.json
	run bivy run -b bundle "$(new_id)"
	assert_ok
	assert_equal "$output" ready
	assert_equal "$(du -s --inodes bundle | cut -f1)" "$before"
}

@test "twenty tasks over /usr at once: all run, each in a root of its own, and nothing is left" {
	need_root
	sleeper
	local ids=() id
	for _ in {1..20}; do
		id=$(new_id)
		ids+=("$id")
		bivy bundle job.hcl "$id.d" >/dev/null
		bivy run --detach -b "$id.d" "$id" >"$id.out" &
	done
	wait
	for id in "${ids[@]}"; do
		wait_for grep -qx ready "$id.out" "output.$id" -s
		has_status "$id" running
		root=$(readlink "/proc/$(pid_of "$id")/ns/mnt")
		[[ " ${roots-} " != *" $root "* ]]
		roots+=" $root"
	done
	for id in "${ids[@]}"; do
		bivy delete --force "$id"
	done
	assert_clean
}

# --- what a task may have at most ---

limited() {
	cat >job.hcl <<-EOF
		task "task" {
		  driver = "$1"
		  config {
		    command = "/bin/sh"
		    args    = ["-c", "ulimit -n; ulimit -Sc; i=0; while [ \$i -lt 20 ]; do sleep 5 & i=\$((i + 1)); done; echo started"]
		    $2
		  }
		}
	EOF
}

@test "ulimit and pids_limit hold for a task, of raw_exec too" {
	need_root
	raw_enabled
	local driver
	for driver in exec raw_exec; do
		limited $driver 'ulimit { nofile = 321 }
		pids_limit = 8'
		run bivy up --quiet --client agent.hcl job.hcl
		[ "$status" -ne 0 ]
		[ "${lines[0]}" = 321 ]
		[[ $output == *[Cc]"annot fork"* && $output != *started* ]] || tell "more than eight processes"
		limited $driver 'ulimit = { core = "0:unlimited" }
		pids_limit = -1'
		assert_ok bivy up --quiet --client agent.hcl job.hcl
		[ "${lines[1]}" = 0 ]
		[[ $output == *started* ]]
	done
}

@test "ulimit, shm_size: what is none is refused with its place" {
	limited exec 'ulimit { nofiles = 1 }'
	assert_fails 1 'job\.hcl:6,[0-9]+: ulimit: there is no limit "nofiles"' bivy check job.hcl
	limited exec 'ulimit { nofile = "9:1" }'
	assert_fails 1 'job\.hcl:6,[0-9]+: ulimit: nofile: the soft limit of "9:1" is above the hard one' bivy check job.hcl
	for said in '"a"' '"1:2:3"' '""' '"1:"' '"-2"'; do
		limited exec "ulimit { nofile = $said }"
		assert_fails 1 'job\.hcl:6,[0-9]+: ulimit: nofile: .* is no limit' bivy check job.hcl
	done
	limited exec 'shm_size = 0'
	assert_fails 1 'job\.hcl:6,[0-9]+: shm_size is 0' bivy check job.hcl
	limited raw_exec 'shm_size = 1'
	raw_enabled
	assert_fails 1 'has no key "shm_size"' bivy check --client agent.hcl job.hcl
}

# --- what is written about it ---

# "KEY<TAB>VALUE": every leaf of exec.json, by the name that its row in exec.md begins with.
leaves() {
	jq -r '
		(.ociVersion | ["`ociVersion`", .]),
		(.root | to_entries[] | ["`root.\(.key)`", .value]),
		(.process | to_entries[] | ["`process.\(.key)`", .value]),
		(.mounts[] | . as $m | (.type, .source, .options[]) | ["`mounts` `\($m.destination)`", .]),
		(.linux.namespaces[] | ["`linux.namespaces` `\(.type)`", "new"]),
		(.linux.resources.devices[] | .[] | ["`linux.resources.devices`", .]),
		(.linux.maskedPaths[] | ["`linux.maskedPaths`", .]),
		(.linux.readonlyPaths[] | ["`linux.readonlyPaths`", .])
		| map(tostring) | join("\t")' "$1"
}

# untold JSON TABLE: what of the one is not in the other
untold() {
	local key value row
	while IFS=$'\t' read -r key value; do
		row=$(grep -F "| $key | " "$2" | cut -d'|' -f3) || row=
		[[ $row == *"\`$value\`"* || $row == " $value " ]] || echo "$key: $value"
	done < <(leaves "$1")
}

@test "spec/exec.md has every member and value of spec/exec.json" {
	assert_equal "$(untold "$TOP/spec/exec.json" "$TOP/spec/exec.md")" ""
	# Nothing stands in the one that this test does not know of.
	assert_equal "$(jq '[paths(type | . != "object" and . != "array")] | length' "$TOP/spec/exec.json")" \
		"$(($(leaves "$TOP/spec/exec.json" | wc -l) + $(jq '.mounts | length' "$TOP/spec/exec.json")))"
	jq '.mounts[0].options += ["suid"] | .linux.maskedPaths += ["/proc/new"]' "$TOP/spec/exec.json" >more.json
	assert_equal "$(untold more.json "$TOP/spec/exec.md")" $'`mounts` `/dev`: suid\n`linux.maskedPaths`: /proc/new'
}

@test "README.md: each of the twenty pains names tests that exist" {
	[ -e "$TOP/README.md" ] || skip "needs the whole checkout"
	local row name missing='' rows=0
	while IFS= read -r row; do
		rows=$((rows + 1))
		for name in $(grep -oE '`[a-z/]+(\.bats)?: [^`]+`' <<<"$row" | tr -d '`' | tr ' ' '\1'); do
			name=${name//$'\1'/ }
			grep -qF "@test \"${name#*: }\" {" "$BIVY_TESTS"/*/"${name%%: *}" 2>/dev/null || missing+=$'\n'"$name"
		done
		grep -qE '`[a-z/]+\.bats: [^`]+`|`tests/' <<<"$row" || missing+=$'\n'"no test: $row"
	done < <(sed -n '/^## What hurts elsewhere/,/^## /p' "$TOP/README.md" | grep -E '^\| [0-9]+ \|')
	assert_equal "$missing" ""
	assert_equal "$rows" 20
}
