#!/usr/bin/env bats
# Containers as engines configure them: each config.json of tests/bundles over a root of busybox.  Replaced is what
# belongs to the machine of the recording (tests/bundles/adapt.jq), and the program, which tells what it sees; compared is
# that with what the configuration asks for (tests/bundles/expect).

load helpers

setup() {
	need_root
	command -v python3 >/dev/null || skip "needs python3"
	setup_bundle
	bundles=$BIVY_TESTS/bundles
	probe=$(cat "$BIVY_TESTS/differential/probe.sh")
}

teardown() {
	[ -z "${holder-}" ] || kill "$holder"
	clean_up
}

# A process with namespaces that pods share.
hold_namespaces() {
	unshare --net --ipc --uts sleep 1000 3>&- 4>&- &
	holder=$!
	wait_for holds_them
}

holds_them() {
	[ "$(readlink "/proc/$holder/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] && [ "$(cat "/proc/$holder/comm")" = sleep ]
}

# What takes the place of a source that this machine does not have: a device for a device, a file where a file is wanted.
stub_for() {
	local source=$1 destination=$2 stub=$BUNDLE/stubs/${2//\//-}
	mkdir -p "$BUNDLE/stubs"
	case $source in
	/dev/*) echo /dev/null; return ;;
	esac
	case $destination in
	*/resolv.conf | */hosts | */hostname | */.containerenv | */docker-init | */podman-init | /run/secrets/* | /*kv* | /dev/termination-log)
		echo stub >"$stub" ;;
	*) mkdir -p "$stub"; chmod 755 "$stub" ;;
	esac
	echo "$stub"
}

stubs_for() {
	local source destination
	jq -r '.mounts[] | select((.options // []) | index("bind") or index("rbind")) | [.source, .destination] | @tsv' "$1" |
		while IFS=$'\t' read -r source destination; do
			[ -e "$source" ] || jq -n --arg from "$source" --arg to "$(stub_for "$source" "$destination")" '{($from): $to}'
		done | jq -s add
}

# In a user namespace root is somebody else, to whom the engine gives the root.
give_root_to() {
	rm -rf "$BUNDLE/rootfs"
	cp -a "$BATS_FILE_TMPDIR/bundle/rootfs" "$BUNDLE/rootfs"
	chown -R "$1:$1" "$BUNDLE/rootfs"
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BUNDLE"
}

adapt() {
	local id=$1 file=$2 root
	stubs=$(stubs_for "$file")
	root=$(jq -r 'first(.linux.uidMappings[]? | select(.containerID == 0) | .hostID) // 0' "$file")
	[ "$root" = 0 ] || give_root_to "$root"
	jq --arg probe "$probe"$'\n' --arg id "$id" --arg holder "$holder" --arg hooks "$BUNDLE/hooks.out" --argjson stubs "${stubs:-null}" \
		-f "$bundles/adapt.jq" "$file" >"$BUNDLE/config.json"
}

# v1 NAME CONTROLLER FILE JQ: what the configuration asks for is in the cgroup's file
v1() {
	local wanted
	wanted=$(jq -r "$4 // 0 | if . == 0 then empty else . end" config.json)
	is_v2 || [ -z "$wanted" ] || [ ! -e "$(cgroup_dir "$1" "$2")/$3" ] || assert_equal "$1: $(cat "$(cgroup_dir "$1" "$2")/$3")" "$1: $wanted"
}

run_as_engines_do() {
	local id=$1
	bivy create "$id" </dev/null &&
		v1 "$id" memory memory.limit_in_bytes .linux.resources.memory.limit &&
		v1 "$id" memory memory.memsw.limit_in_bytes .linux.resources.memory.swap &&
		v1 "$id" cpu cpu.shares .linux.resources.cpu.shares &&
		v1 "$id" cpu cpu.cfs_quota_us .linux.resources.cpu.quota &&
		v1 "$id" pids pids.max .linux.resources.pids.limit &&
		bivy start "$id" &&
		bivy wait "$id" >/dev/null &&
		output_of "$id" >seen &&
		bivy delete "$id"
}

# script(1) types the end of its own input, which would be echoed: here it has none.
run_with_terminal() {
	local quiet
	mkfifo quiet
	exec {quiet}<>quiet
	TERM=dumb script -qefc "$BIVY --root $BIVY_ROOT run --bundle $BUNDLE $1" /dev/null <&"$quiet" >seen 3>&- 4>&-
	local code=$?
	exec {quiet}>&-
	return $code
}

# runs NAME: one bundle, from create to delete
runs() {
	local id
	id=$(new_id)
	rm -rf "$BUNDLE"
	setup_bundle
	adapt "$id" "$bundles/$1.json" || return
	if [ "$(jq .process.terminal config.json)" = true ]; then
		run_with_terminal "$id" || { echo "$1: exit code $?"; cat seen; return 1; }
	else
		run_as_engines_do "$id" || { echo "^ $1"; return 1; }
	fi
	"$bundles/expect" config.json seen "$holder" || { echo "^ $1"; return 1; }
	hooks_ran || { echo "^ hooks of $1"; return 1; }
}

# Every hook has run once, and has been given the state.
hooks_ran() {
	local wanted
	wanted=$(jq '[.hooks // {} | .[] | .[]] | length' config.json)
	[ "$wanted" = 0 ] || assert_equal "$(jq -s '[.[] | select(.ociVersion and .id and .bundle)] | length' hooks.out)" "$wanted"
}

# all_of PREFIX COUNT: so many there are, and they run
all_of() {
	local file n=0
	hold_namespaces
	for file in "$bundles/$1"-*.json; do
		file=${file##*/}
		runs "${file%.json}" || return
		n=$((n + 1))
	done
	assert_equal "$n" "$2"
}

@test "bundles: those of buildah" { all_of buildah 5; }
@test "bundles: those of containerd" { all_of containerd 8; }
@test "bundles: those of CRI" { all_of cri 6; }
@test "bundles: those of Docker" { all_of docker 18; }
@test "bundles: those of Podman" { all_of podman 14; }
@test "bundles: those of Podman without root" { all_of rootless 8; }
@test "bundles: those of Docker's swarm" { all_of swarm 4; }

@test "bundles: what is seen otherwise is told" {
	hold_namespaces
	runs docker-echo
	jq '.hostname = "another" | .process.user.uid = 5 | .process.cwd = "/else"' config.json >other.json
	run "$bundles/expect" other.json seen "$holder"
	[ "$status" -eq 1 ]
	[[ $output == *uid*cwd*hostname* ]]
}
