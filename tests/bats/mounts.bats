#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# The mounts of config.json, as the program finds them in its /proc/self/mountinfo and as they behave; and none of them on the host.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	outside=$BATS_TEST_TMPDIR/outside
	mkdir "$outside"
}

teardown() {
	local at
	for at in "${host_mounts[@]}"; do
		umount -R "$at" || umount -l "$at"
	done
	host_mounts=()
	clean_up
}

# A mount on the host, which the teardown takes away. host_mount DIRECTORY [OPTION...]
host_mount() {
	local at=$1
	shift
	mkdir -p "$at"
	mount -t tmpfs "$@" bivy-test "$at"
	host_mounts=("$at" "${host_mounts[@]}")
}

# mounts JSON...: at the end of the list
mounts() {
	local one
	for one; do
		bundle_set --arg outside "$outside" ".mounts += [$one]"
	done
}

inside() {
	bundle_script "$1"
	assert_ok bivy run "$id"
}

start_container() {
	bundle_script "echo ready; ${1:-exec sleep 600}"
	assert_ok bivy create "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
}

# Of the mount at $1 in $output, which is a mountinfo: its options, its type, its filesystem's options, its propagation.
mount_at() {
	awk -v at="$1" '$5 == at { for (n = 7; $n != "-"; n++) tags = tags " " $n; found = $6 " " $(n + 1) " " $(n + 3) tags; tags = "" }
		END { print found }' <<<"$output"
}

# has_options PLACE WORD...: each among the mount's own options; a word with ! in front is not
has_options() {
	local at=$1 own word
	shift
	own=$(mount_at "$at")
	[ -n "$own" ] || { echo "no mount at $at in: $output" >&2; return 1; }
	own=,${own%% *},
	for word; do
		case $word in
		!*) [[ $own != *,"${word#!}",* ]] ;;
		*) [[ $own == *,"$word",* ]] ;;
		esac || { echo "$at has the options $own, not as wanted: $word" >&2; return 1; }
	done
}

# --- binds ---

@test "mounts: a file and a directory of the host" {
	echo from-file >"$outside/file"
	mkdir "$outside/dir"
	echo from-dir >"$outside/dir/f"
	mounts '{destination: "/mnt/file", source: "\($outside)/file", options: ["bind"]}' \
		'{destination: "/mnt/dir", source: "\($outside)/dir", type: "bind"}'
	bundle_set '.root.readonly = false'
	inside 'cat /mnt/file /mnt/dir/f; echo new >/mnt/dir/new; echo more >>/mnt/file'
	assert_equal "$output" $'from-file\nfrom-dir'
	assert_equal "$(cat "$outside/dir/new" "$outside/file")" $'new\nfrom-file\nmore'
}

@test "mounts: a source that is relative is in the bundle, a missing one is an error that names it" {
	mkdir "$BUNDLE/beside"
	echo beside >"$BUNDLE/beside/f"
	mounts '{destination: "/mnt", source: "beside", options: ["bind"]}'
	inside 'cat /mnt/f'
	assert_equal "$output" beside
	mounts '{destination: "/mnt", source: "\($outside)/missing", options: ["bind"]}'
	assert_fails 1 "$outside/missing: No such file or directory" bivy create "$(new_id)"
}

@test "mounts: options of binds" {
	mkdir "$outside"/{plain,ro,nosuid,all,atime}
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/plain", source: "\($outside)/plain", options: ["bind"]}' \
		'{destination: "/tmp/ro", source: "\($outside)/ro", options: ["rbind", "ro"]}' \
		'{destination: "/tmp/nosuid", source: "\($outside)/nosuid", options: ["bind", "nosuid", "rw"]}' \
		'{destination: "/tmp/all", source: "\($outside)/all", options: ["bind", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"]}' \
		'{destination: "/tmp/atime", source: "\($outside)/atime", options: ["bind", "ro", "rw", "strictatime"]}'
	inside 'cat /proc/self/mountinfo; for d in plain ro nosuid all atime; do (: >/tmp/$d/f) 2>/dev/null || echo "no $d"; done
		cp /bin/busybox /tmp/all/ls; /tmp/all/ls 2>&1; ln -s f /tmp/all/l; cat /tmp/all/l 2>&1; :'
	has_options /tmp/plain rw '!ro' '!nosuid' '!nodev' '!noexec'
	has_options /tmp/ro ro
	has_options /tmp/nosuid rw nosuid '!nodev'
	has_options /tmp/all rw nosuid nodev noexec noatime nodiratime nosymfollow
	has_options /tmp/atime rw '!noatime' '!relatime'
	assert_equal "$(grep '^no ' <<<"$output")" "no ro"
	[[ $output == *"Permission denied"* ]]
	[[ $output == *"symbolic link"* ]]
}

@test "mounts: ro takes hold of one mount, rro of all below" {
	host_mount "$outside/sub"
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/bind", source: "\($outside)", options: ["bind"]}' \
		'{destination: "/tmp/ro", source: "\($outside)", options: ["rbind", "ro"]}' \
		'{destination: "/tmp/rro", source: "\($outside)", options: ["rbind", "rro", "rnosuid"]}'
	inside 'cat /proc/self/mountinfo; for d in bind ro rro; do (: >/tmp/$d/sub/from-$d) 2>/dev/null || echo "no $d"; done'
	assert_equal "$(mount_at /tmp/bind/sub)" ""
	has_options /tmp/ro ro
	has_options /tmp/ro/sub rw
	has_options /tmp/rro ro nosuid
	has_options /tmp/rro/sub ro nosuid
	assert_equal "$(grep '^no ' <<<"$output")" "no rro"
	[ -e "$outside/sub/from-ro" ]
	assert_equal "$(grep -F "$outside/sub" /proc/self/mountinfo | grep -cw ro)" 0
}

@test "mounts: a remount changes the options of what is there" {
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp", options: ["remount", "bind", "ro", "nodev"]}'
	inside 'cat /proc/self/mountinfo; (: >/tmp/f) 2>/dev/null || echo refused'
	has_options /tmp ro nodev
	assert_equal "${lines[-1]}" refused
}

# --- filesystems ---

@test "mounts: a tmpfs with a size, a mode and an owner" {
	mounts '{destination: "/tmp", type: "tmpfs", source: "mine", options: ["size=64k,mode=1770,uid=1000", "gid=6", "nosuid", "ro", "rw"]}'
	bundle_set '.process.user.additionalGids = [6]'
	inside 'cat /proc/self/mountinfo; stat -c "%a %u %g" /tmp; dd if=/dev/zero of=/tmp/f bs=4k count=100 2>&1; stat -c %s /tmp/f'
	has_options /tmp rw nosuid
	[[ $(mount_at /tmp) == *" tmpfs "*size=64k* ]]
	grep -x '1770 1000 6' <<<"$output"
	[[ $output == *"No space left"* ]]
	assert_equal "${lines[-1]}" 65536
}

@test "mounts: those of bivy spec: proc, devpts, mqueue, sysfs, cgroup" {
	inside 'cat /proc/self/mountinfo; touch /dev/mqueue/q && ls /dev/mqueue; (: >/sys/kernel/uevent_helper) 2>&1; stat -c "%a" /dev/pts/ptmx
		ls /dev/pts | tr "\n" " "'
	[[ $(mount_at /proc) == *" proc "* ]]
	[[ $(mount_at /dev) == *" tmpfs "*size=65536k*mode=755* ]]
	[[ $(mount_at /dev/pts) == *" devpts "*gid=5*mode=620*ptmxmode=666* ]]
	[[ $(mount_at /dev/mqueue) == *" mqueue "* ]]
	[[ $(mount_at /sys) == *" sysfs "* ]]
	has_options /dev/pts rw nosuid noexec '!nodev'
	has_options /dev/mqueue nosuid nodev noexec
	has_options /sys ro nosuid nodev noexec
	has_options /sys/fs/cgroup ro nosuid nodev noexec relatime
	has_options / ro
	[[ $output == *$'\nq\n'* ]]
	[[ $output == *"Read-only file system"* ]]
	[[ $output == *$'\n666\nptmx '* ]]
}

# Where processes are counted, in either world. pids_place; sets place
pids_place() {
	place=/sys/fs/cgroup/pids
	! is_v2 || place=/sys/fs/cgroup
}

@test "mounts: cgroups, read-only, show the container's own and take nothing" {
	pids_place
	inside "cat $place/cgroup.procs; mkdir $place/new 2>&1; :"
	grep -x 1 <<<"$output"
	[[ $output == *"Read-only file system"* ]]
}

@test "mounts: cgroups, writable, take a sub-cgroup" {
	pids_place
	bundle_set '(.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
	inside "mkdir $place/new && sh -c 'echo 0 >$place/new/cgroup.procs; cat /proc/self/cgroup' | grep -c :/new\$"
	assert_equal "$output" 1
}

@test "mounts: cgroups without a cgroup namespace are the container's own all the same" {
	pids_place
	bundle_set '.linux.namespaces |= map(select(.type != "cgroup"))'
	inside "cat $place/cgroup.procs"
	grep -x 1 <<<"$output"
	[ "${#lines[@]}" -le 2 ]
}

@test "mounts: an unknown filesystem, an unknown option, a bind with data: each an error that names it" {
	bundle_args true
	bundle_set '.mounts[7] = {destination: "/tmp", type: "nosuchfs", source: "x"}'
	assert_fails 1 'no filesystem "nosuchfs"' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "tmpfs", source: "x", options: ["nosuchoption=1"]}'
	assert_fails 1 'nosuchoption' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "tmpfs", source: "x", options: ["size=big"]}'
	assert_fails 1 'size' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", type: "bind", source: "/etc", options: ["bind", "size=1k"]}'
	assert_fails 1 'mounts\[7\].options: .*size=1k' bivy create "$(new_id)"
	bundle_set '.mounts[7] = {destination: "/tmp", options: ["remount", "ro"]} | .mounts[7].destination = "/not-there"'
	assert_fails 1 '/not-there' bivy create "$(new_id)"
}

# --- every word of the runtime-spec's table ---

# WORD KIND OPTIONS: WANTED...  Kinds: tmpfs, a new one; bind, of a mount that is shared and has one below; locked, likewise of
# mounts that have everything set.  What is wanted of the mount is a word of its mountinfo line, ! in front: not there; :word
# is of the filesystem, and -WORD the same for the mount below.
option_table() {
	cat <<-'END'
		async tmpfs sync,async: !:sync
		atime tmpfs noatime,atime: relatime !noatime
		bind bind bind: rw - !-rw
		defaults tmpfs defaults: rw relatime !nosuid !nodev !noexec
		dev tmpfs nodev,dev: !nodev
		diratime tmpfs nodiratime,diratime: !nodiratime
		dirsync tmpfs dirsync: :dirsync
		exec tmpfs noexec,exec: !noexec
		iversion tmpfs iversion: rw
		lazytime tmpfs lazytime: :lazytime
		loud tmpfs silent,loud: rw
		mand tmpfs mand: rw
		noatime tmpfs noatime: noatime !relatime
		nodev tmpfs nodev: nodev !noexec
		nodiratime tmpfs nodiratime: nodiratime
		noexec tmpfs noexec: noexec !nodev
		noiversion tmpfs noiversion: rw
		nolazytime tmpfs lazytime,nolazytime: !:lazytime
		nomand tmpfs nomand: rw
		norelatime tmpfs norelatime: relatime
		nostrictatime tmpfs strictatime,nostrictatime: relatime
		nosuid tmpfs nosuid: nosuid !noexec
		nosymfollow tmpfs nosymfollow: nosymfollow
		private bind rbind,private: !shared !master !-shared -master
		ratime locked rbind,ratime: relatime !noatime -relatime !-noatime
		rbind bind rbind: rw -rw
		rdev locked rbind,rdev: !nodev !-nodev noexec -noexec
		rdiratime locked rbind,rdiratime: !nodiratime !-nodiratime
		relatime tmpfs noatime,relatime: relatime !noatime
		remount tmpfs rw: ro nosuid :sync
		rexec locked rbind,rexec: !noexec !-noexec nodev -nodev
		rnoatime bind rbind,rnoatime: noatime -noatime
		rnodev bind rbind,rnodev: nodev -nodev !noexec !-noexec
		rnodiratime bind rbind,rnodiratime: nodiratime -nodiratime
		rnoexec bind rbind,rnoexec: noexec -noexec !nosuid !-nosuid
		rnorelatime locked rbind,rnorelatime: relatime -relatime !-noatime
		rnostrictatime bind rbind,rstrictatime,rnostrictatime: relatime -relatime
		rnosuid bind rbind,rnosuid: nosuid -nosuid !nodev !-nodev
		rnosymfollow bind rbind,rnosymfollow: nosymfollow -nosymfollow
		ro tmpfs ro: ro !rw
		rprivate bind rbind,rshared,rprivate: !shared !-shared !master !-master
		rrelatime locked rbind,rrelatime: relatime -relatime !-noatime
		rro bind rbind,rro: ro -ro
		rrw locked rbind,rrw: rw -rw nodev -nodev
		rshared bind rbind,rshared: shared -shared
		rslave bind rbind,rslave: master -master
		rstrictatime locked rbind,rstrictatime: !noatime !relatime !-noatime !-relatime
		rsuid locked rbind,rsuid: !nosuid !-nosuid nodev -nodev
		rsymfollow locked rbind,rsymfollow: !nosymfollow !-nosymfollow
		runbindable bind rbind,runbindable: unbindable -unbindable
		rw tmpfs ro,rw: rw !ro
		shared bind rbind,shared: shared -shared
		silent tmpfs silent: rw
		slave bind rbind,slave: master !shared -master !-shared
		strictatime tmpfs strictatime: !relatime !noatime
		suid tmpfs nosuid,suid: !nosuid
		symfollow tmpfs nosymfollow,symfollow: !nosymfollow
		sync tmpfs sync: :sync
		unbindable bind rbind,unbindable: unbindable !-unbindable !-shared
	END
}

# The words of the table "Linux mount options", of all three levels, and rnodev of the features example.
spec_words() {
	echo async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion \
		nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared \
		silent slave strictatime suid sync unbindable nosymfollow symfollow ratime rdev rdiratime rexec rnoatime rnodiratime rnoexec \
		rnorelatime rnostrictatime rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow mand nomand rnodev |
		tr ' ' '\n' | sort
}

# Of the mount at $1: the words that a row may want of it; those of the filesystem with a colon, with $2 in front of each.
words_at() {
	local line own rest
	line=$(mount_at "$1")
	[ -n "$line" ] || return 0
	read -r own _ rest <<<"$line"
	read -r super tags <<<"$rest"
	printf '%s\n' "-" | grep -x -e "$2" || true
	tr ',' '\n' <<<"$own" | sed "s/^/$2/"
	tr ',' '\n' <<<"$super" | sed "s/^/$2:/"
	tr ' ' '\n' <<<"$tags" | sed "s/:.*//; s/^/$2/"
}

# wants WORD PLACE WANTED...
wants() {
	local word=$1 at=$2 one all
	shift 2
	all=$'\n'$(words_at "$at" ""; words_at "$at/sub" -)$'\n'
	for one; do
		case $one in
		-) ;;
		!*) [[ $all != *$'\n'"${one#!}"$'\n'* ]] ;;
		*) [[ $all == *$'\n'"$one"$'\n'* ]] ;;
		esac || { echo "$word: wanted: $one, is:${all//$'\n'/ }" >&2; return 1; }
	done
}

@test "mounts: every option of the runtime-spec's table does what it says" {
	local word kind options wanted list=() all=nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	assert_equal "$(option_table | cut -d' ' -f1 | sort)" "$(spec_words)"
	mkdir "$outside"/{shared,locked}
	host_mount "$outside/shared" && mount --make-shared "$outside/shared"
	host_mount "$outside/shared/sub" && mount --make-shared "$outside/shared/sub"
	host_mount "$outside/locked"
	host_mount "$outside/locked/sub"
	mount -o "remount,bind,ro,$all" "$outside/locked/sub"
	mount -o "remount,bind,ro,$all" "$outside/locked"
	while read -r word kind options wanted; do
		list+=("$(jq -nc --arg at "/tmp/$word" --arg kind "$kind" --arg outside "$outside" --arg options "${options%:}" \
			'{destination: $at, options: ($options | split(","))}
			+ if $kind == "tmpfs" then {type: "tmpfs", source: "tmpfs"}
			elif $kind == "bind" then {source: "\($outside)/shared"} else {source: "\($outside)/locked"} end')")
	done < <(option_table)
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs"}'
	bundle_set --argjson list "$(printf '%s\n' "${list[@]}" | jq -sc .)" '.mounts += $list
		+ [{destination: "/tmp/remount", options: ["remount", "bind", "ro", "nosuid"]}, {destination: "/tmp/remount", options: ["remount", "sync", "ro", "nosuid"]}]'
	inside 'cat /proc/self/mountinfo'
	while read -r word kind options wanted; do
		# shellcheck disable=SC2086
		wants "$word" "/tmp/$word" $wanted
	done < <(option_table)
}

@test "mounts: a remount of a filesystem changes what is the filesystem's" {
	mounts '{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=64k"]}' \
		'{destination: "/tmp", options: ["remount", "size=128k", "nr_inodes=77"]}'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /tmp) == *size=128k*nr_inodes=77* ]]
	bundle_set '.mounts[-1].options += ["nosuchoption"]'
	assert_fails 1 'remount: option "nosuchoption"|nosuchoption' bivy create "$(new_id)"
}

# --- id mappings ---

# Owners of the files named, as the container sees them.
owned_source() {
	mkdir -p "$outside/src/sub"
	echo x >"$outside/src/f"
	echo x >"$outside/src/sub/f"
	chown 1000:2000 "$outside/src/f" "$outside/src/sub/f"
}

idmaps_here() {
	mounts '{destination: "/mnt", source: "\($outside)/src", options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}'
	bundle_args true
	run --separate-stderr bivy run "$(new_id)"
	bundle_set 'del(.mounts[-1])'
	[[ $stderr != *"does not have them"* ]] || skip "this machine's filesystem has no id-mapped mounts"
}

@test "mounts: idmap shows and makes files with the owners that the mount's mappings say" {
	owned_source
	idmaps_here
	mounts '{destination: "/mnt", source: "\($outside)/src", options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 3000, size: 10}, {containerID: 0, hostID: 500, size: 1}],
		gidMappings: [{containerID: 2000, hostID: 4000, size: 10}, {containerID: 0, hostID: 600, size: 1}]}'
	bundle_set '.root.readonly = false | .process.capabilities |= map_values(. + ["CAP_CHOWN", "CAP_DAC_OVERRIDE"])'
	inside 'stat -c "%u %g" /mnt/f; stat -c "%u %g" /mnt/sub/f; id -u; chown 3003:4004 /mnt/f && stat -c "%u %g" /mnt/f'
	assert_equal "$output" $'3000 4000\n3000 4000\n0\n3003 4004'
	assert_equal "$(stat -c '%u %g' "$outside/src/f")" "1003 2004"
}

@test "mounts: mappings without the word are an idmap all the same; of this mount alone, ridmap of those below" {
	owned_source
	mkdir "$outside/other" "$outside/src/below"
	echo x >"$outside/other/f"
	mount --bind "$outside/other" "$outside/src/below"
	host_mounts=("$outside/src/below")
	chown 1000:2000 "$outside/src/below/f"
	idmaps_here
	mounts '{destination: "/mnt", source: "\($outside)/src", options: ["rbind"],
			uidMappings: [{containerID: 1000, hostID: 3000, size: 10}], gidMappings: [{containerID: 2000, hostID: 4000, size: 10}]}' \
		'{destination: "/opt", source: "\($outside)/src", options: ["rbind", "ridmap"],
			uidMappings: [{containerID: 1000, hostID: 3000, size: 10}], gidMappings: [{containerID: 2000, hostID: 4000, size: 10}]}'
	inside 'stat -c "%u %g" /mnt/f /mnt/below/f /opt/f'
	assert_equal "$output" $'3000 4000\n1000 2000\n3000 4000'
	inside 'stat -c "%u %g" /opt/below/f'
	assert_equal "$output" '3000 4000'
}

@test "mounts: idmap without mappings takes those of the container's user namespace" {
	owned_source
	idmaps_here
	mounts '{destination: "/mnt", source: "\($outside)/src", options: ["bind", "idmap"]}' \
		'{destination: "/opt", source: "\($outside)/src", options: ["bind"]}'
	bundle_set '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	mkdir -p "$BUNDLE/rootfs"/{mnt,opt}
	inside 'stat -c "%u %g" /mnt/f; stat -c "%u %g" /opt/f'
	assert_equal "$output" $'1000 2000\n65534 65534'
	bundle_set --argjson pid "$(user_namespace_keeper)" '.linux.namespaces |= map(if .type == "user"
		then .path = "/proc/\($pid)/ns/user" else . end) | del(.linux.uidMappings, .linux.gidMappings)'
	id=$(new_id)
	run --separate-stderr bivy run "$id"
	kill "$(<"$BATS_TEST_TMPDIR/keeper")"
	assert_equal "$status ${lines[0]}" '0 1000 2000'
}

# A process in a user namespace with a map of its own: its pid.
user_namespace_keeper() {
	unshare --user sleep 600 3>&- 4>&- >/dev/null 2>&1 &
	local pid=$!
	echo "$pid" >"$BATS_TEST_TMPDIR/keeper"
	wait_for is_elsewhere "$pid"
	echo '0 500 65536' >"/proc/$pid/uid_map"
	echo '0 500 65536' >"/proc/$pid/gid_map"
	echo "$pid"
}

is_elsewhere() {
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ]
}

@test "mounts: a tmpfs that is id-mapped" {
	idmaps_here
	mounts '{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["idmap", "uid=1000", "gid=2000", "mode=700"],
		uidMappings: [{containerID: 1000, hostID: 3000, size: 10}], gidMappings: [{containerID: 2000, hostID: 4000, size: 10}]}'
	bundle_args stat -c '%u %g' /mnt
	run --separate-stderr bivy run "$id"
	[[ $stderr != *"does not have them"* ]] || skip "this kernel's tmpfs has no id-mapped mounts"
	assert_equal "$status $output" '0 3000 4000'
}

@test "mounts: id mappings that cannot be are errors that say so" {
	bundle_args true
	mounts '{destination: "/mnt", source: "\($outside)", options: ["bind", "idmap"]}'
	assert_fails 1 'mounts\[7\].options: an id-mapped mount needs uidMappings' bivy create "$(new_id)"
	bundle_set '.mounts[-1].uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	assert_fails 1 'mounts\[7\].uidMappings: .* need each other' bivy create "$(new_id)"
	bundle_set '.mounts[-1] = {destination: "/tmp", options: ["remount", "bind", "idmap"]}'
	assert_fails 1 'mounts\[7\].options: a remount cannot' bivy create "$(new_id)"
	bundle_set '.mounts[-1] = {destination: "/mnt", type: "proc", source: "proc", options: ["idmap"],
		uidMappings: [{containerID: 0, hostID: 5, size: 1}], gidMappings: [{containerID: 0, hostID: 5, size: 1}]}'
	assert_fails 1 "mounts: id-mapped mount: the source's filesystem does not" bivy create "$(new_id)"
	assert_clean
}

# --- tmpcopyup ---

@test "mounts: tmpcopyup: a tmpfs with all that was there, and nothing more" {
	local top=$BUNDLE/rootfs/data
	mkdir -p "$top/dir/deep"
	echo words >"$top/dir/f"
	ln "$top/dir/f" "$top/hard"
	ln -s /etc/passwd "$top/abs"
	ln -s ../../../../../etc/hostname "$top/dir/up"
	ln -s nowhere "$top/dangling"
	mkfifo -m 620 "$top/fifo"
	mknod -m 660 "$top/node" c 1 3
	truncate -s 3M "$top/large"
	printf end >>"$top/large"
	chown 7:8 "$top/dir/f" "$top/dir/deep"
	chmod 4751 "$top/dir/f"
	chmod 1733 "$top/dir/deep"
	chown -h 9:10 "$top/abs"
	touch -d '2001-02-03 04:05:06 UTC' "$top/dir/f"
	chmod 751 "$top"
	chown 11:12 "$top"
	mounts '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "nodev"]}'
	bundle_set '.process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE", "CAP_FOWNER"])'
	inside 'cd /data; grep -c " /data .* tmpfs " /proc/self/mountinfo; cat dir/f; stat -c "%n %a %u %g %F" . dir/f dir/deep abs fifo node
		stat -c %Y dir/f; [ dir/f -ef hard ] && stat -c %h hard; readlink abs; readlink dir/up; readlink dangling; stat -c "%t:%T" node; tail -c 3 large; wc -c <large
		echo; rm -r dir; echo new >new; ls -A | tr "\n" " "'
	assert_equal "$output" "$(printf '%s\n' 1 words '. 751 11 12 directory' 'dir/f 4751 7 8 regular file' 'dir/deep 1733 7 8 directory' \
		'abs 777 9 10 symbolic link' 'fifo 620 0 0 fifo' 'node 660 0 0 character special file' 981173106 2 /etc/passwd \
		../../../../../etc/hostname nowhere 1:3 'end3145731' '' 'abs dangling fifo hard large new node ')"
	[ -e "$top/dir/f" ]
	[ ! -e "$top/new" ]
}

@test "mounts: tmpcopyup keeps extended attributes" {
	command -v python3 >/dev/null || skip "needs python3"
	mkdir "$BUNDLE/rootfs/data"
	echo x >"$BUNDLE/rootfs/data/f"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.bivy", b"kept")' "$BUNDLE/rootfs/data/f"
	mounts '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	start_container
	assert_equal "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "trusted.bivy").decode())' \
		"/proc/$(pid_of "$id")/root/data/f")" kept
}

@test "mounts: tmpcopyup with ro, and with a mode of its own; of a place that is not there" {
	mkdir "$BUNDLE/rootfs/data"
	echo words >"$BUNDLE/rootfs/data/f"
	mounts '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "ro", "mode=700"]}' \
		'{destination: "/fresh", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	inside 'cat /data/f; stat -c %a /data; (: >/data/new) 2>/dev/null || echo refused; ls -A /fresh; (: >/fresh/new) && echo writable'
	assert_equal "$output" $'words\n700\nrefused\nwritable'
	bundle_set '.mounts[-1] = {destination: "/tmp", type: "bind", source: "/etc", options: ["bind", "tmpcopyup"]}'
	assert_fails 1 'mounts\[8\].options: "tmpcopyup" is for a tmpfs only' bivy create "$(new_id)"
}

@test "mounts: tmpcopyup through a link stays in the root" {
	echo inside >"$BUNDLE/rootfs/etc/f"
	ln -s /../../../../etc "$BUNDLE/rootfs/data"
	mounts '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	inside 'ls /etc/hostname 2>/dev/null; grep -c " /etc .* tmpfs " /proc/self/mountinfo >/dev/null && cat /data/f'
	assert_equal "$output" inside
}

# --- where ---

@test "mounts: mount points that are missing are made, in the root" {
	echo x >"$outside/file"
	mounts '{destination: "/a/b/c", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/a/b/c/d/file", source: "\($outside)/file", options: ["bind"]}' \
		'{destination: "/x/file", source: "\($outside)/file", options: ["bind"]}'
	inside 'cat /a/b/c/d/file /x/file; stat -c %a /a /a/b /x'
	assert_equal "$output" $'x\nx\n755\n755\n755'
	[ -d "$BUNDLE/rootfs/a/b/c" ]
	[ ! -e "$BUNDLE/rootfs/a/b/c/d" ]
	[ -f "$BUNDLE/rootfs/x/file" ]
	[ ! -s "$BUNDLE/rootfs/x/file" ]
}

@test "mounts: a relative destination begins at the root, .. does not leave it" {
	mounts '{destination: "rel/dir", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/../../rel/up", type: "tmpfs", source: "tmpfs"}'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /rel/dir) == *" tmpfs "* ]]
	[[ $(mount_at /rel/up) == *" tmpfs "* ]]
}

@test "mounts: links in the destination are the container's" {
	mkdir "$BUNDLE/rootfs/real"
	ln -s /real "$BUNDLE/rootfs/abs"
	ln -s ../../../../real "$BUNDLE/rootfs/up"
	ln -s /made-by-link "$BUNDLE/rootfs/dangling"
	mounts '{destination: "/abs/one", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/up/two", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/dangling", type: "tmpfs", source: "tmpfs"}'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /real/one) == *" tmpfs "* ]]
	[[ $(mount_at /real/two) == *" tmpfs "* ]]
	[[ $(mount_at /made-by-link) == *" tmpfs "* ]]
	[ ! -e /made-by-link ]
	[ ! -e /real ]
}

@test "mounts: a file on a directory is refused, and nothing is left" {
	echo x >"$outside/file"
	bundle_args true
	mounts '{destination: "/tmp", source: "\($outside)/file", options: ["bind"]}'
	assert_fails 1 'mounts: mount on /tmp: ' bivy create "$id"
	assert_clean
}

@test "mounts: they are made in the order of the list" {
	mkdir "$outside/later"
	echo covered >"$outside/mark"
	mounts '{destination: "/tmp", source: "\($outside)", options: ["bind"]}' \
		'{destination: "/tmp", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/tmp/in", source: "\($outside)", options: ["bind"]}'
	inside 'ls /tmp; cat /tmp/in/mark'
	assert_equal "$output" $'in\ncovered'
}

# --- propagation ---

# Mounts below $outside on the host after the start, and asks whether the container has it: propagates OPTIONS...
propagates() {
	local words
	words=$(jq -nc '$ARGS.positional' --args "$@")
	[ ${#host_mounts[@]} -gt 0 ] || { host_mount "$outside"; mount --make-shared "$outside"; mkdir "$outside"/{host,inner}; }
	id=$(new_id)
	bundle_set --arg outside "$outside" --argjson words "$words" '.mounts |= map(select(.destination != "/mnt"))
		+ [{destination: "/mnt", source: $outside, type: "bind", options: $words}]'
	start_container
	mount -t tmpfs bivy-late "$outside/host"
	output=$(cat "/proc/$(pid_of "$id")/mountinfo")
	grep -c bivy-late <<<"$output" || true
	umount "$outside/host"
}

@test "mounts: what is mounted on the host later is there with rslave, and not with rprivate" {
	mkdir "$BUNDLE/rootfs/mnt"
	propagates rbind rslave >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 1
	[[ $(mount_at /mnt) == *master:* ]]
	propagates rbind rprivate >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 0
	[[ $(mount_at /mnt) != *master:* ]]
	propagates rbind >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 0
}

@test "mounts: what the container mounts is on the host with rshared, and not with rslave" {
	mkdir "$BUNDLE/rootfs/mnt"
	bundle_set '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	propagates rbind rshared >"$BATS_TEST_TMPDIR/count"
	assert_equal "$(<"$BATS_TEST_TMPDIR/count")" 1
	[[ $(mount_at /mnt) == *shared:* ]]
	assert_ok bivy exec "$id" mount -t tmpfs bivy-inner /mnt/inner
	grep -c "$outside/inner .*bivy-inner" /proc/self/mountinfo
	umount "$outside/inner"
	propagates rbind rslave >/dev/null
	assert_ok bivy exec "$id" mount -t tmpfs bivy-inner /mnt/inner
	assert_equal "$(grep bivy-inner /proc/self/mountinfo)" ""
}

@test "mounts: linux.rootfsPropagation" {
	bundle_set '.linux.rootfsPropagation = "shared"'
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) == *shared:* ]]
	bundle_set '.linux.rootfsPropagation = "unbindable"'
	id=$(new_id)
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) == *unbindable* ]]
	bundle_set 'del(.linux.rootfsPropagation)'
	id=$(new_id)
	inside 'cat /proc/self/mountinfo'
	[[ $(mount_at /) != *shared:* ]]
	[[ $(mount_at /) != *unbindable* ]]
}

# --- the host ---

@test "mounts: the container's mounts are not on the host, nor the host's in the container" {
	local before
	host_mount "$outside"
	mount --make-rshared "$outside"
	before=$(sort /proc/self/mountinfo)
	mounts '{destination: "/mnt", source: "\($outside)", type: "bind", options: ["rbind"]}' \
		'{destination: "/tmp", type: "tmpfs", source: "only-inside"}'
	start_container 'cat /proc/self/mountinfo; echo all; exec sleep 600'
	wait_for has_said "$id" all
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
	output=$(output_of "$id")
	[[ $output == *only-inside* ]]
	assert_equal "$(awk '$5 !~ "^/(proc|dev|sys|tmp|mnt|$)"' <<<"$output")" $'ready\nall'
	assert_ok bivy delete --force "$id"
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
}

@test "mounts: a root below a shared mount, as a systemd host has it" {
	local before
	host_mount "$outside"
	mount --make-rshared "$outside"
	mkdir "$outside/bundle"
	cp -a "$BUNDLE/config.json" "$BUNDLE/rootfs" "$outside/bundle/"
	before=$(sort /proc/self/mountinfo)
	BUNDLE=$outside/bundle
	bundle_script 'echo ready; exec sleep 600'
	assert_ok bivy create --bundle "$BUNDLE" "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
	assert_ok bivy delete --force "$id"
	assert_equal "$(sort /proc/self/mountinfo)" "$before"
}

@test "mounts: --no-pivot gives the same root, and exec finds it" {
	bundle_script 'echo ready; ls / | tr "\n" " "; echo; exec sleep 600'
	assert_ok bivy create --no-pivot "$id"
	assert_ok bivy start "$id"
	wait_for has_said "$id" ready
	run --separate-stderr bivy exec "$id" ls /
	assert_equal "${lines[*]}" "bin dev etc proc root sbin sys tmp usr"
	wait_for has_said "$id" "bin dev etc proc root sbin sys tmp usr "
}
