#compdef bivy
# zsh completion for bivy: the program itself says what may come next.
_bivy() {
	local line
	local -a rows
	for line in "${(@f)$(_call_program bivy "${(q)words[1]}" __complete -- "${(@q)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		'') ;;
		:file) _files ;;
		:dir) _files -/ ;;
		*) rows+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		esac
	done
	(( $#rows )) && _describe 'bivy' rows
}
_bivy "$@"
