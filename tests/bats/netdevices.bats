#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # jq programs and scripts in quotes; bats makes functions of tests
# linux.netDevices: interfaces of the host that go into the container.  The host is a network namespace of the test's own, in which
# bivy is run, so that nothing of this machine's network is touched; the interfaces are ends of veth pairs.

load helpers

setup() {
	need_root
	setup_bundle
	id=$(new_id)
	host=bivy-test-$SRANDOM # without the id, by which the teardown finds what containers left behind
	ip netns add "$host" || skip "no network namespace can be made here"
	BIVY_PROGRAM=$BIVY
	BIVY=$BATS_TEST_TMPDIR/bivy
	printf '#!/bin/sh\nexec nsenter --net=/run/netns/%q %q "$@"\n' "$host" "$BIVY_PROGRAM" >"$BIVY"
	chmod +x "$BIVY"
	on_host ip link add net0 address 02:00:00:00:00:10 mtu 1400 type veth peer name peer0 ||
		skip "this kernel makes no veth pairs"
	on_host ip link set peer0 up
}

# clean_up asks for what is left on the host, and this is ours.
teardown() {
	local code=0
	BIVY=$BIVY_PROGRAM clean_up || code=1
	ip netns del "$host" || code=1
	[ ! -e "/run/netns/$host-2" ] || ip netns del "$host-2"
	return $code
}

on_host() {
	nsenter --net="/run/netns/$host" "$@"
}

devices() {
	bundle_set ".linux.netDevices = $1"
}

# In the container's network namespace, with the host's programs: in_container ID COMMAND...
in_container() {
	nsenter --net="/proc/$(pid_of "$1")/ns/net" "${@:2}"
}

# link_of JQ_EXPRESSION: of the interface $name in the container
link_of() {
	in_container "$id" ip -json addr show dev "$name" | jq -r ".[0] | $1"
}

# bivy's create of a container that fails: nothing may have moved. refused PATTERN
refused() {
	assert_fails 1 "$1" bivy create "$id" || return
	[ ! -e "$BIVY_ROOT/$id" ]
}

@test "netdevices: an interface moves with its name, address, MTU and hardware address, and is up" {
	on_host ip addr add 192.0.2.7/24 broadcast 192.0.2.255 dev net0
	on_host ip addr add 2001:db8::7/64 dev net0 nodad
	on_host ip link set net0 up
	devices '{net0: {}}'
	assert_ok bivy create "$id"
	run ! on_host ip link show net0
	name=net0
	assert_equal "$(link_of '[.mtu, .address] | join(" ")')" "1400 02:00:00:00:00:10"
	assert_equal "$(link_of '.flags | index("UP") != null')" true
	assert_equal "$(link_of '[.addr_info[] | select(.family == "inet") | .local, .prefixlen, .broadcast] | join(" ")')" \
		"192.0.2.7 24 192.0.2.255"
	assert_equal "$(link_of '[.addr_info[] | select(.local == "2001:db8::7") | .prefixlen, .scope, .nodad] | join(" ")')" "64 global true"
}

@test "netdevices: the program finds it renamed, and can speak through it" {
	on_host ip addr add 192.0.2.7/24 dev net0
	on_host ip addr add 192.0.2.1/24 dev peer0
	devices '{net0: {name: "inside0"}}'
	bundle_set '.process.capabilities[] += ["CAP_NET_RAW"]'
	bundle_script 'cat /sys/class/net/inside0/address; ping -c 1 -w 5 192.0.2.1 >/dev/null && echo reached'
	assert_ok bivy run "$id"
	assert_equal "${lines[0]}" 02:00:00:00:00:10
	[[ $output == *reached* ]]
}

@test "netdevices: what was down and without addresses is set up all the same" {
	devices '{net0: {name: "inside0"}}'
	assert_ok bivy create "$id"
	name=inside0
	assert_equal "$(link_of '.flags | index("UP") != null')" true
}

@test "netdevices: addresses that are not permanent, or of the link only, stay behind" {
	on_host ip addr add 192.0.2.7/24 dev net0
	on_host ip addr add 192.0.2.8/24 valid_lft 3600 preferred_lft 3600 dev net0
	on_host ip addr add 169.254.7.7/16 scope link dev net0
	devices '{net0: {}}'
	assert_ok bivy create "$id"
	name=net0
	assert_equal "$(link_of '[.addr_info[] | select(.family == "inet") | .local] | join(" ")')" 192.0.2.7
}

@test "netdevices: two, one of them with a name that the kernel completes" {
	on_host ip link add net1 type veth peer name peer1
	devices '{net0: {name: "lan%d"}, net1: {name: "lan%d"}}'
	assert_ok bivy create "$id"
	in_container "$id" ip link show lan0
	in_container "$id" ip link show lan1
}

@test "netdevices: a name that is also another's on the host, where two swap theirs" {
	on_host ip link add net1 address 02:00:00:00:00:11 type veth peer name peer1
	devices '{net0: {name: "net1"}, net1: {name: "net0"}}'
	assert_ok bivy create "$id"
	name=net1
	assert_equal "$(link_of .address)" 02:00:00:00:00:10
}

@test "netdevices: hooks find it in its place" {
	devices '{net0: {name: "inside0"}}'
	bundle_set --arg out "$BATS_TEST_TMPDIR/seen" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
		"nsenter --net=/proc/$(jq .pid)/ns/net ip -o link show inside0 >" + $out]}] | .hooks.createRuntime[0].env = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]'
	assert_ok bivy create "$id"
	grep -q 'inside0.*<.*UP' "$BATS_TEST_TMPDIR/seen"
}

@test "netdevices: one that is not there is refused" {
	devices '{net7: {}}'
	refused 'network devices: linux\.netDevices: there is no interface "net7"'
}

@test "netdevices: a failure later on brings it back as it was" {
	on_host ip addr add 192.0.2.7/24 dev net0
	on_host ip link set net0 up
	before=$(on_host ip -json addr show dev net0 | jq -c '.[0] | [.ifindex, .mtu, .address, .flags, [.addr_info[] | select(.family == "inet")]]')
	devices '{net0: {name: "inside0"}}'
	bundle_args /bin/no-such-program
	assert_fails 1 'no-such-program' bivy create "$id"
	after=$(on_host ip -json addr show dev net0 | jq -c '.[0] | [.ifindex, .mtu, .address, .flags, [.addr_info[] | select(.family == "inet")]]')
	assert_equal "$after" "$before"
}

@test "netdevices: when the second cannot be moved, the first comes back" {
	devices '{net0: {name: "inside0"}, net7: {}}'
	refused 'there is no interface "net7"'
	on_host ip link show net0
}

@test "netdevices: a name that is taken in the container's namespace is refused, and %d finds another" {
	ip netns add "$host-2"
	ip netns exec "$host-2" ip link add inside0 type veth peer name other0
	bundle_set --arg path "/run/netns/$host-2" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	devices '{net0: {name: "inside0"}}'
	refused 'has an interface "inside0" already'
	on_host ip link show net0
	devices '{net0: {name: "inside%d"}}'
	assert_ok bivy create "$id"
	ip netns exec "$host-2" ip link show inside1
}

@test "netdevices: without a network namespace, with the host's own, and with names that are none" {
	bundle_set '.linux.namespaces |= map(select(.type != "network"))'
	devices '{net0: {}}'
	refused 'linux\.netDevices: there is no namespace of type "network"'
	bundle_set --arg path "/run/netns/$host" '.linux.namespaces += [{type: "network", path: $path}]'
	refused 'shares the network namespace that they are in'
	devices '{net0: {name: "much-too-long-a-name"}}'
	refused 'linux\.netDevices\.net0\.name: "much-too-long-a-name" is no name'
	devices '{net0: {name: "a/b"}}'
	refused '"a/b" is no name'
	devices '{net0: {name: "x"}, peer0: {name: "x"}}'
	refused 'net0 and peer0 would both be "x"'
	on_host ip link show net0
}

@test "netdevices: the container's end does not bring it back" {
	devices '{net0: {}}'
	bundle_args true
	assert_ok bivy run "$id"
	run ! on_host ip link show net0
}
