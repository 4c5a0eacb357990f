# bash completion for bivy: the program itself says what may come next.
_bivy() {
	local line word
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:file) compopt -o default ;;
		:dir) compopt -o dirnames ;;
		*)
			word=${line%%$'\t'*}
			[[ $word != "$2"* ]] || COMPREPLY+=("$word")
			;;
		esac
	done < <("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _bivy bivy
