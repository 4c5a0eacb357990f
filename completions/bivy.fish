# fish completion for bivy: the program itself says what may come next.
function __bivy_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
		switch $line
			case :file
				__fish_complete_path (commandline -ct)
			case :dir
				__fish_complete_directories (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c bivy -f -a '(__bivy_complete)'
