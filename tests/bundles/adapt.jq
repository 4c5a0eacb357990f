# What belongs to the machine of the recording, and nothing else: the root, sources of binds that are not here, hooks'
# programs, namespaces to join, the cgroup's place; and the program, which tells what it sees.
# $probe: a script; $id; $holder: the pid of a process with namespaces of its own; $stubs: {source: what is there instead}

def told($section; $paths): "for p in " + ([$paths[]? | @sh] | join(" ")) + "; do " +
	"[ ! -e \"$p\" ] || printf '" + $section + " %s\\t%s\\n' \"$p\" ";

(.linux.maskedPaths // []) as $masked | (.linux.readonlyPaths // []) as $readonly |
((.linux.sysctl // {}) | keys) as $sysctl | ([.linux.devices[]?.path]) as $devices |
.root.path = "rootfs"
| .mounts |= map(if .source and $stubs[.source] then .source = $stubs[.source] else . end)
| .hooks |= if . then map_values(map(
	.args = ["sh", "-c", "cat >>" + ($hooks | @sh) + "; echo >>" + ($hooks | @sh)] | .path = "/bin/sh")) else . end
| .linux.namespaces |= map(if .path then .path = "/proc/\($holder)/ns/" + ({network: "net"}[.type] // .type) else . end)
| if .linux.cgroupsPath then .linux.cgroupsPath = "/" + $id else . end
| .process.args = ["/bin/sh", "-c", $probe
	+ told("masked"; $masked) + "$(if [ -d \"$p\" ]; then ls \"$p\" | wc -l; else wc -c <\"$p\"; fi)\"\"; done\n"
	+ told("readonly"; $readonly) + "there; done\n"
	+ told("device"; $devices) + "\"$(stat -c '%F %a %u %g %t:%T' \"$p\")\"; done\n"
	+ ([$sysctl[] | "printf 'sysctl " + . + "\\t%s\\n' \"$(cat /proc/sys/" + gsub("\\."; "/") + ")\"\n"] | join(""))
	+ "printf 'end\\t0\\n'"]
