#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts and jq programs in quotes; bats makes functions of tests and sets variables
# checkpoint and restore: a program that counts goes on counting where it was; and clear words where CRIU is missing or does not
# run, with the container untouched.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	images=$BATS_TEST_TMPDIR/images
	bundle_set '.root.readonly = false'
	# in a child: bivy says beforehand what the program's streams are, and a shell's own would be /count at times
	bundle_script 'i=0; while :; do i=$((i + 1)); (echo $i >/count); sleep 0.1; done'
}

need_criu() {
	command -v criu >/dev/null || skip "needs criu"
	criu check >/dev/null 2>&1 || skip "criu check: CRIU does not run on this machine"
}

counter() {
	local n
	n=$(cat "$BUNDLE/rootfs/count" 2>/dev/null) || true
	echo "${n:-0}"
}

counts_beyond() {
	[ "$(counter)" -gt "$1" ]
}

started() {
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for counts_beyond 3
}

# --- where CRIU cannot be had ---

@test "checkpoint: without criu, or with one that does not run, it says so, and the container goes on" {
	local bin=$BATS_TEST_TMPDIR/bin old=$PATH
	started
	mkdir "$bin"
	assert_fails 1 'there is no criu in PATH.*install' env PATH="$bin" "$BIVY" --root "$BIVY_ROOT" checkpoint --image-path "$images" "$id"
	printf '#!/bin/sh\necho "Error (criu/x.c:1): exited, status=1" >&2; echo "Error (criu/x.c:2): no luck" >&2; exit 1\n' >"$bin/criu"
	chmod +x "$bin/criu"
	assert_fails 1 'CRIU does not run on this machine.*no luck' env PATH="$bin:$old" "$BIVY" --root "$BIVY_ROOT" checkpoint --image-path "$images" "$id"
	has_status "$id" running
	[ ! -e "$images" ]
	wait_for counts_beyond "$(counter)"
	mkdir "$images"
	assert_fails 125 'CRIU does not run on this machine.*no luck' \
		env PATH="$bin:$old" "$BIVY" --root "$BIVY_ROOT" restore --image-path "$images" "$id-2"
	[ ! -e "$BIVY_ROOT/$id-2" ]
}

@test "checkpoint: of a container that does not run it is an error" {
	assert_fails 1 'does not exist' bivy checkpoint "$id"
	assert_ok bivy create "$id"
	assert_fails 1 'not started' bivy checkpoint --image-path "$images" "$id"
	has_status "$id" created
	bivy kill "$id" KILL
	wait_for has_status "$id" stopped
	assert_fails 1 'container not running' bivy checkpoint --image-path "$images" "$id"
	assert_fails 125 'images.*No such file' bivy restore --image-path "$images" "$id-2"
}

# A criu that notes what it is asked.
@test "checkpoint: every option reaches CRIU's command line" {
	local bin=$BATS_TEST_TMPDIR/bin said=$BATS_TEST_TMPDIR/args
	mkdir "$bin"
	printf '#!/bin/sh\n[ "$1" = check ] || printf "%%s\\n" "$@" >%s\n[ "$1" != restore ]\n' "$said" >"$bin/criu"
	chmod +x "$bin/criu"
	started
	PATH=$bin:$PATH assert_ok bivy checkpoint --image-path "$images" --work-path "$BATS_TEST_TMPDIR/work" --parent-path ../parent --leave-running \
		--tcp-established --tcp-skip-in-flight --ext-unix-sk --shell-job --file-locks --link-remap --lazy-pages --page-server 127.0.0.1:99 \
		--auto-dedup --empty-ns network --manage-cgroups-mode full --network-lock nftables "$id"
	has_status "$id" running
	for word in dump --leave-running --tcp-established --skip-in-flight --ext-unix-sk --shell-job --file-locks --link-remap --lazy-pages \
		--page-server --auto-dedup --track-mem "$(pid_of "$id")" "$images" "$BATS_TEST_TMPDIR/work" ../parent 127.0.0.1 99 net \
		--manage-cgroups=full nftables; do
		grep -qxF -e "$word" "$said" || tell "no $word in $(xargs <"$said")"
	done
	PATH=$bin:$PATH assert_ok bivy checkpoint --pre-dump --image-path "$images" "$id"
	assert_equal "$(head -1 "$said")" pre-dump
	has_status "$id" running
	PATH=$bin:$PATH run --separate-stderr bivy restore --image-path "$images" --detach --tcp-established --tcp-close --ext-unix-sk --shell-job \
		--file-locks --auto-dedup --lazy-pages --empty-ns network --manage-cgroups-mode strict --network-lock skip \
		--lsm-profile apparmor:x --lsm-mount-context y "$id-2"
	assert_fails 125 'criu restore: it says nothing'
	for word in restore --tcp-established --tcp-close --ext-unix-sk --shell-job --file-locks --auto-dedup --lazy-pages net --manage-cgroups=strict \
		skip apparmor:x y --restore-detached --restore-sibling "$BUNDLE/rootfs"; do
		grep -qxF -e "$word" "$said" || tell "no $word in $(xargs <"$said")"
	done
	[ ! -e "$BIVY_ROOT/$id-2" ]
	assert_fails 2 'not ADDRESS:PORT' env PATH="$bin:$PATH" "$BIVY" --root "$BIVY_ROOT" checkpoint --image-path "$images" --page-server x "$id"
	assert_fails 2 'no open descriptor' bivy checkpoint --status-fd 77 "$id"
}

# --- where it can ---

@test "checkpoint: and restore: it counts on from where it was, in the same kind of container" {
	local before cgroup inside
	need_criu
	started
	cgroup=$(cgroup_dir "$id" pids)
	inside=$(bivy exec "$id" cat /proc/self/cgroup)
	run --separate-stderr bivy checkpoint --image-path "$images" "$id"
	[ "$status" -eq 0 ] || { tail -20 "$images/dump.log" >&2; tell checkpoint; }
	assert_fails 1 'does not exist' bivy state "$id"
	before=$(counter)
	[ "$before" -gt 3 ]
	sleep 0.5
	assert_equal "$(counter)" "$before"
	run --separate-stderr bivy restore --image-path "$images" --detach "$id"
	[ "$status" -eq 0 ] || { tail -20 "$images/restore.log" >&2; tell restore; }
	has_status "$id" running
	wait_for counts_beyond "$before"
	[ "$(counter)" -lt $((before + 1000)) ]
	run bivy exec "$id" cat /proc/1/cmdline
	assert_equal "$status" 0
	assert_equal "$(cgroup_dir "$id" pids)" "$cgroup"
	assert_equal "$(bivy exec "$id" cat /proc/self/cgroup)" "$inside"
	for name in pid mnt net ipc uts cgroup; do
		[ "$(readlink "/proc/$(pid_of "$id")/ns/$name")" != "$(readlink "/proc/self/ns/$name")" ] || tell "$name"
	done
	bivy kill "$id" KILL
	run bivy wait "$id"
	assert_equal "$status" 137
}

@test "checkpoint: --leave-running leaves it running" {
	need_criu
	started
	run --separate-stderr bivy checkpoint --leave-running --image-path "$images" "$id"
	[ "$status" -eq 0 ] || { tail -20 "$images/dump.log" >&2; tell checkpoint; }
	has_status "$id" running
	wait_for counts_beyond "$(counter)"
}
