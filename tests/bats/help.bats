#!/usr/bin/env bats
# shellcheck disable=SC2016  # a script in quotes
# What the program says of itself, to people and to shells: `--help` of each command, and completions, which ask the
# binary.

load helpers

completions=${BIVY_TESTS%/*}/completions

commands() {
	"$BIVY" __complete -- '' | cut -f1
}

@test "help: each command has its usage and its options, without a blank at the end of a line" {
	local name
	[ "$(commands | wc -l)" -gt 20 ]
	for name in $(commands); do
		assert_ok "$BIVY" "$name" --help
		assert_equal "$stderr" ''
		[[ ${lines[0]} == "Usage: bivy $name [OPTION...]"* ]]
		[[ $output == *$'\nOptions:\n'*'  -h, --help  '* ]]
		assert_equal "$(grep -n ' $' <<<"$output")" ''
		grep -q "^  $name  *[A-Z]" < <("$BIVY" --help)
	done
}

@test "help: the manual has each command and each long option" {
	local name option manual
	manual=$("$BIVY" __manual)
	for name in $(commands); do
		grep -q "^\.SS \"bivy $name " <<<"$manual"
		for option in $("$BIVY" __complete -- "$name" -- | cut -f1 | grep -v -e '^--help$'); do
			grep -qF -e "${option//-/\\-}" <<<"$manual" || { echo "$name $option"; return 1; }
		done
	done
}

# bash_offers WORD...: what bash would offer for the last one
bash_offers() {
	bash -c 'source "$0"/bivy.bash; compopt() { echo "$2"; }; bivy() { "$BIVY" "$@"; }
		COMP_WORDS=(bivy "$@"); COMP_CWORD=$#; _bivy bivy "${!#}"; echo ${COMPREPLY[*]}' "$completions" "$@" | xargs
}

@test "completion: bash" {
	export BIVY
	assert_equal "$(bash_offers lo)" logs
	assert_equal "$(bash_offers stop --t)" --timeout
	assert_equal "$(bash_offers kill --scope '')" 'init pgrp cgroup'
	assert_equal "$(bash_offers --root /somewhere create --logs-format c)" cri
	assert_equal "$(bash_offers up '')" default
	assert_equal "$(bash_offers create --bundle '')" dirnames
}

# fish_offers LINE
fish_offers() {
	(cd "$BATS_TEST_TMPDIR" && mkdir -p bin && ln -sf "$BIVY" bin/bivy && HOME=$PWD PATH=$PWD/bin:$PATH \
		fish --no-config -c "source $completions/bivy.fish; complete -C '$1'" | cut -f1 | xargs)
}

@test "completion: fish" {
	command -v fish || skip "needs fish"
	assert_equal "$(fish_offers 'bivy lo')" logs
	assert_equal "$(fish_offers 'bivy stop --t')" --timeout
	assert_equal "$(fish_offers 'bivy kill --scope ')" 'cgroup init pgrp'
	touch "$BATS_TEST_TMPDIR/job.hcl"
	assert_equal "$(fish_offers 'bivy up jo')" job.hcl
}

# zsh_offers WORD...: what the function gives to zsh, which picks those that fit
zsh_offers() {
	BIVY=$BIVY zsh -f -c 'completions=$1; shift; _describe() { print -l -- ${(P)2} }; _files() { print -- files $@ }
		_call_program() { shift; eval "$@" }; bivy() { $BIVY "$@" }
		words=(bivy "$@"); CURRENT=$#words; source =(sed "\$d" $completions/bivy.zsh); _bivy' - "$completions" "$@"
}

@test "completion: zsh" {
	command -v zsh || skip "needs zsh"
	zsh_offers '' | grep -q '^logs:Show'
	zsh_offers stop '--' | grep -q '^--timeout:Kill'
	assert_equal "$(zsh_offers kill --scope '' | cut -d: -f1 | xargs)" 'init pgrp cgroup'
	assert_equal "$(zsh_offers up '' | xargs)" files
}

@test "completion: the containers there are, for each of several arguments" {
	local id words
	need_root
	setup_bundle
	id=$(new_id)
	bivy create "$id"
	for words in state 'logs -f' 'stop -t 5s' "wait one" "events one two" 'down one'; do
		# shellcheck disable=SC2086
		assert_equal "$(bivy __complete -- $words '' | cut -f1)" "$id"
	done
	assert_equal "$(bivy __complete -- state one '')" ''
}
