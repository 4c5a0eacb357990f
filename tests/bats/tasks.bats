#!/usr/bin/env bats
# shellcheck disable=SC2016  # scripts, jq programs and job files in quotes
# Blocks and attributes of job and agent files that cases.bats has no file for: what `bundle` makes of them, and what the program
# then sees.

load helpers

setup() {
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
	DIR=$BATS_TEST_TMPDIR/job
	NODE=$BATS_TEST_TMPDIR/agent.hcl
	agent
}

# The agent file: client lines, lines of plugin exec.
agent() {
	cat >agent.hcl <<-EOF
		client {
		  ${1-}
		}
		plugin "exec" {
		  config {
		    ${2-}
		  }
		}
		plugin "raw_exec" {
		  config {
		    enabled = true
		  }
		}
	EOF
}

# job SCRIPT [TASK-LINES] [GROUP-LINES] [JOB-LINES]: job.hcl, whose task runs the script by /bin/sh.  $DRIVER, $CONFIG.
job() {
	cat >job.hcl <<-EOF
		job "j" {
		  ${4-}
		  group "g" {
		    ${3-}
		    task "t" {
		      driver = "${DRIVER:-exec}"
		      config {
		        command = "/bin/sh"
		        args    = ["-c", <<EOS
		$1
		EOS
		        ]
		        ${CONFIG-}
		      }
		      ${2-}
		    }
		  }
		}
	EOF
}

make_it() {
	rm -rf "$DIR"
	run --separate-stderr bivy bundle --client "$NODE" "$@" job.hcl "$DIR"
}

made() {
	make_it "$@"
	assert_ok
}

# refused TEXT [OPTION...]: one line on stderr has the text, and nothing was written.
refused() {
	local text=$1
	shift
	make_it "$@"
	[ "$status" -eq 1 ] || tell "exit code $status instead of 1" || return
	[[ ${stderr_lines[-1]} == "bivy: "*"$text"* ]] || tell "stderr is not like: $text" || return
	[ ! -e "$DIR" ] || tell "something was written"
}

run_it() {
	made "$@" || return
	need_root
	run --separate-stderr bivy run --bundle "$DIR" "$(new_id)"
}

has() {
	while [ $# -gt 1 ]; do
		assert_equal "$(jq -cS "$1" "$DIR/config.json")" "$(jq -cnS "$2")" || { echo "of: $1" >&2; return 1; }
		shift 2
	done
}

ENV='.process.env|map(split("=")|{(.[0]):(.[1:]|join("="))})|add'

# --- capabilities ---

# caps ALLOW ADD DROP WANTED: each of the first three a list of words, - for none said; WANTED "! text" is a refusal.
caps() {
	local allow=$1 add=$2 drop=$3 wanted=$4 lines='' want=''
	agent '' "$([ "$allow" = - ] || echo "allow_caps = $(quoted "$allow")")"
	[ "$add" = - ] || lines="cap_add = $(quoted "$add")"$'\n'
	[ "$drop" = - ] || lines+="cap_drop = $(quoted "$drop")"
	CONFIG=$lines job true
	case $wanted in
	'! '*) refused "${wanted#! }" || return; return ;;
	esac
	for word in $wanted; do want+="\"CAP_${word^^}\","; done
	made || return
	has '.process.capabilities.bounding|sort' "[${want%,}]|sort" || { echo "of: caps $*" >&2; return 1; }
}

quoted() {
	jq -cnR --arg w "$1" '$w|split(" ")|map(select(. != ""))'
}

@test "capabilities, row by row" {
	local def='audit_write chown dac_override fowner fsetid kill mknod net_bind_service setfcap setgid setpcap setuid sys_chroot'
	local deny='driver does not allow the following capabilities:'
	caps - - - "$def"
	caps all - - "$def"
	caps 'cap_net_raw chown SYS_TIME' - - chown
	caps 'cap_net_raw chown SYS_TIME' 'net_raw sys_time' - 'chown net_raw sys_time'
	caps - 'chown KILL' - "$def"
	caps - all - "! $deny audit_control, audit_read, block_suspend"
	caps - - all ''
	caps - 'chown fowner' all 'chown fowner'
	caps - 'chown net_raw' - "! $deny net_raw;"
	caps - - 'chown fowner CAP_KILL SYS_CHROOT mknod dac_override' 'audit_write fsetid net_bind_service setfcap setgid setpcap setuid'
	caps - 'chown mknod' all 'chown mknod'
	caps all 'net_admin mknod' - "$def net_admin"
	caps 'fowner mknod' - ALL ''
	caps 'fowner mknod' 'net_admin mknod CAP_SYS_TIME' ALL "! $deny net_admin, sys_time;"
	caps - chown 'chown kill' "${def/kill /}"
	caps all all - "$(all_caps)"
}

# What the kernel knows, by the names of the table that refuses them.
all_caps() {
	CONFIG='cap_add = ["all"]' job true
	agent '' 'allow_caps = [""]'
	make_it
	local names=${stderr##*capabilities: }
	agent '' 'allow_caps = ["all"]'
	tr -d , <<<"${names%%;*}"
}

# --- users ---

@test "users and groups: names and numbers, of the files that the task will see" {
	mkdir -p world/etc
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\napp:x:1234:5678::/home/app:/bin/sh\n' >world/etc/passwd
	printf 'app:x:5678:\nextra:x:90:other,app\nmore:x:91:app\n' >world/etc/group
	agent "chroot_env {
		\"$PWD/world/etc\" = \"/etc\"
		\"/bin\" = \"/bin\"
		\"/usr\" = \"/usr\"
		\"/lib\" = \"/lib\"
		\"/lib64\" = \"/lib64\"
	}"
	job true 'user = "app"' && made && has '.process.user|[.uid,.gid,.additionalGids]' '[1234,5678,[90,91]]' "$ENV|[.USER,.HOME]" '["app","/home/app"]'
	job true 'user = "1234"' && made && has '.process.user|[.uid,.gid,.additionalGids]' '[1234,5678,[90,91]]' "$ENV|.USER" '"app"'
	job true 'user = "app:extra"' && made && has '.process.user|[.uid,.gid,.additionalGids]' '[1234,90,null]'
	job true 'user = "app:77"' && made && has '.process.user|[.uid,.gid,.additionalGids]' '[1234,77,null]'
	job true 'user = "77"' && made && has '.process.user|[.uid,.gid,.additionalGids]' '[77,65534,null]' "$ENV|[.USER,.HOME]" '["77","/"]'
	job true 'user = "77:88"' && made && has '.process.user|[.uid,.gid]' '[77,88]'
	job true 'user = "daemon"' && refused 'unknown user "daemon"' # the host has one
	job true 'user = "app:nope"' && refused 'unknown group "nope"'
	job true 'user = "app:"' && refused 'unknown group ""'
	job true 'user = "4294967295"' && refused 'unknown user "4294967295"'
}

@test "users: what is denied is denied by any name and number, supplementary groups too" {
	mkdir -p world/etc
	printf 'toor:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\napp:x:1234:5678::/:/bin/sh\nmydaemon:x:1:1::/:/bin/sh\n' >world/etc/passwd
	printf 'extra:x:90:app\n' >world/etc/group
	local root="chroot_env {
		\"$PWD/world/etc\" = \"/etc\"
		\"/bin\" = \"/bin\"
		\"/usr\" = \"/usr\"
		\"/lib\" = \"/lib\"
		\"/lib64\" = \"/lib64\"
	}"
	agent "$root"
	job true 'user = "toor"' && refused 'running as user "root" is disallowed'
	job true 'user = "0"' && refused 'running as user "root" is disallowed'
	job true 'user = "0:77"' && refused 'running as user "root" is disallowed'
	agent "$root
		options {
		  \"user.denylist\" = \"daemon\"
		}" 'denied_host_gids = "90"'
	job true 'user = "mydaemon"' && refused 'running as user "daemon" is disallowed'
	job true 'user = "1"' && refused 'running as user "daemon" is disallowed'
	job true 'user = "app"' && refused 'running as gid 90 is disallowed'
	job true 'user = "app:5678"' && made
	job true 'user = "app:90"' && refused 'running as gid 90 is disallowed'
}

@test "users: the numbers are those of the process" {
	job 'id -u; id -g; id -G' 'user = "4321:daemon"'
	run_it
	assert_ok
	assert_equal "$output" $'4321\n1\n1'
}

# --- count, and what the whole job says ---

@test "count: an allocation each, with its own directory and ID" {
	job true '' 'count = 3'
	made --alloc-id first
	assert_equal "$output" "$(printf '%s\n' "$DIR"/g.{0,1,2}/t)"
	[ -d "$DIR/g.0/alloc/logs" ] && [ -d "$DIR/g.2/alloc/logs" ] && [ ! -e "$DIR/g" ]
	DIR=$DIR/g.0/t has "$ENV|[.NOMAD_ALLOC_INDEX,.NOMAD_ALLOC_NAME,.NOMAD_ALLOC_ID]" '["0","j.g[0]","first"]'
	DIR=$DIR/g.2/t has "$ENV|[.NOMAD_ALLOC_INDEX,.NOMAD_ALLOC_NAME]" '["2","j.g[2]"]'
	assert_equal "$(jq -r '.annotations["org.bivy.allocId"]' "$DIR"/g.?/t/config.json | sort -u | wc -l)" 3
}

@test "count: 0 is nothing of the group, and nothing at all is an error" {
	job true '' 'count = 0'
	refused 'count is 0 in every group'
	cat >job.hcl <<-'EOF'
		job "j" {
		  group "none" {
		    count = 0
		    task "t" {
		      driver = "exec"
		      config {
		        command = "/bin/true"
		      }
		    }
		  }
		  group "one" {
		    task "t" {
		      driver = "exec"
		      config {
		        command = "/bin/true"
		      }
		    }
		  }
		}
	EOF
	made
	assert_equal "$output" "$DIR"
	has '.annotations["org.bivy.group"]' '"one"'
	refused 'no task is called "x"' --task x
}

@test "what makes no sense is refused, with its place" {
	job true '' 'count = -1' && refused 'job.hcl:4,5: count must not be negative'
	job true '' 'count = 2' 'type = "system"' && refused 'a system job has at most one'
	job true '' '' 'type = "often"' && refused 'job type "often" is unknown'
	job true 'lifecycle {
	}' && refused 'lifecycle has no hook'
	job true 'lifecycle {
	hook = "before"
	}' && refused 'lifecycle hook "before" is unknown; it can be prestart, poststart or poststop'
	job true 'lifecycle {
	hook = "poststop"
	sidecar = true
	}' && refused 'cannot be a sidecar'
	job true 'shutdown_delay = "-1s"' && refused 'shutdown_delay must not be negative'
	job true '' 'shutdown_delay = "-1s"' && refused 'shutdown_delay must not be negative'
	job true 'leader = true
	}
	task "u" {
	driver = "exec"
	leader = true
	config {
	command = "/bin/true"
	}' && refused 'only one task may be marked as leader, and "t" is'
	job true 'kill_timeout = "-1s"' && refused 'kill_timeout must not be negative'
}

@test "count: no group is called like an allocation of another" {
	job true '' 'count = 3
	task "first" {
	driver = "exec"
	config {
	command = "/bin/true"
	}
	}
	}
	group "g.2" {'
	refused 'job.hcl:12,2: group "g.2" is called like an allocation of group "g"'
	sed -i 's/"g.2"/"g.3"/' job.hcl && made
	sed -i 's/"g.3"/"g"/' job.hcl && refused 'job.hcl:12,2: group "g" is there already, at job.hcl:3,3'
}

@test "restart: a rule that could not be kept is refused" {
	restart() { job true "restart {
	$1
	}" && refused "$2" || return; job true '' "restart {
	$1
	}" && refused "$2"; }
	restart 'mode = "never"' 'restart mode "never" is unknown; it can be fail or delay'
	restart 'mode = "delay"
	attempts = 0' 'says nothing'
	restart 'interval = "1s"' 'the least is 5s'
	restart 'attempts = 10
	interval = "10s"
	delay = "2s"' 'do not fit into an interval of 10s'
	restart 'delay = "-1s"' 'delay must not be negative'
	job true 'restart {
	attempts = 1
	delay = "1s"
	mode = "fail"
	}' && made
}

# --- volumes ---

@test "a volume is the host's directory, read-only when any of the three says so" {
	mkdir -p data/sub other
	echo there >data/file
	agent "host_volume \"data\" {
	  path = \"$PWD/data\"
	}
	host_volume \"fixed\" {
	  path      = \"$PWD/other\"
	  read_only = true
	}"
	job 'cat /data/file; echo new >/data/new; for d in /job /mount /srv/deep/agent; do touch $d/x 2>&1; done; ls /local/in' 'user = "root"
	volume_mount {
	  volume = "rw"
	  destination = "/data"
	}
	volume_mount {
	  volume = "rw"
	  destination = "/mount"
	  read_only = true
	}
	volume_mount {
	  volume = "ro"
	  destination = "/job"
	}
	volume_mount {
	  volume = "fixed"
	  destination = "${NOMAD_ALLOC_DIR}/../srv/deep/agent"
	}
	volume_mount {
	  volume = "rw"
	  destination = "local/in"
	}' 'volume "rw" {
	  type = "host"
	  source = "data"
	}
	volume "ro" {
	  type = "host"
	  source = "data"
	  read_only = true
	}
	volume "fixed" {
	  type = "host"
	  source = "fixed"
	}'
	sed -i 's|client {|client {\n options {\n "user.denylist" = ""\n }|' agent.hcl
	run_it
	assert_ok
	assert_equal "${lines[0]}" there
	assert_equal "$(cat data/new)" new
	assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 3
	assert_equal "${lines[4]} ${lines[5]} ${lines[6]}" 'file new sub'
}

@test "a volume cannot cover what is the task's own, or lie where the host has no place" {
	agent "host_volume \"data\" {
	  path = \"$PWD\"
	}"
	at() { job true "volume_mount {
	volume = \"v\"
	destination = \"$1\"
	}" 'volume "v" {
	type = "host"
	source = "data"
	}'; }
	for place in /proc /proc/x /dev/x /sys /local /secrets /alloc; do
		at "$place" && refused "is the task's own" || return
	done
	at / && refused 'the task directory is the root'
	at /usr/nowhere/at/all && refused 'lies in /usr'
	at /lib/nowhere && refused 'lies in /' # which may be a link to /usr/lib
	at /tmp/x && made
	agent 'host_volume "data" {
	  path = "/never/such/directory"
	}'
	at /data && refused 'there is no /never/such/directory on this host'
	agent 'host_volume "data" {
	  path = "relative"
	}'
	at /data && refused 'needs an absolute path'
	agent
	at /data && sed -i 's/type = "host"/type = "csi"/' job.hcl && refused 'volume type "csi"'
}

@test "host-to-task: what the host mounts later is seen; private: it is not" {
	need_root
	mkdir -p data/sub
	mount -t tmpfs outer data && mount --make-shared data && mkdir data/sub
	agent "host_volume \"data\" {
	  path = \"$PWD/data\"
	}"
	job 'echo ready; while [ ! -e /go/now ]; do sleep 0.05; done; ls /seen/sub /hidden/sub' 'volume_mount {
	  volume = "v"
	  destination = "/seen"
	  propagation_mode = "host-to-task"
	}
	volume_mount {
	  volume = "v"
	  destination = "/hidden"
	}
	volume_mount {
	  volume = "v"
	  destination = "/go"
	}' 'volume "v" {
	  type = "host"
	  source = "data"
	}'
	made
	local id
	id=$(new_id)
	bivy_background run --bundle "$DIR" "$id"
	wait_for has_said "$id" ready
	mount -t tmpfs inner data/sub && touch data/sub/file && touch data/now
	wait "$bivy_pid"
	umount data/sub data
	assert_equal "$(output_of "$id")" $'ready\n/hidden/sub:\n\n/seen/sub:\nfile'
}

# --- templates ---

@test "templates: in local, alloc and secrets, with their owner and mode, and as variables" {
	agent 'options {
	  "user.denylist" = ""
	}'
	job 'cat /local/a/conf; cat /alloc/data/shared; cat /secrets/key; echo "$ONE|$TWO|$THREE|$FOUR"; stat -c "%a %u" /local/a/conf /secrets/key
	grep " /secrets " /proc/self/mountinfo; touch /secrets/more && echo writable' 'user = "daemon"
	env {
	  ONE = "from env"
	}
	template {
	  destination = "local/a/conf"
	  data        = <<EOF
name = {{ env "NOMAD_TASK_NAME" }}{{/* nothing */}}
none = "{{ env "NOPE" }}" {{- "-" }}
kept = $${x} {{ "{{" }} {{- " trimmed" -}}
    here
EOF
	}
	template {
	  destination = "../alloc/data/shared"
	  data        = "shared by {{ env `NOMAD_GROUP_NAME` }}\n"
	}
	template {
	  destination = "${NOMAD_SECRETS_DIR}/key"
	  data        = "[[ env \"ONE\" ]] {{ is text }}\n"
	  perms       = "0400"
	  uid         = 1
	  left_delimiter  = "[["
	  right_delimiter = "]]"
	}
	template {
	  destination = "secrets/env"
	  env         = true
	  data        = <<EOF
# a comment
ONE=1
export TWO="two \"words\""   
THREE='"'a b # c'"'
FOUR=4 # and no more

EOF
	}'
	run_it
	assert_ok
	assert_equal "$(head -n 8 <<<"$output")" 'name = t
none = ""-
kept = ${x} {{ trimmedhere
shared by g
from env {{ is text }}
1|two "words"|a b # c|4
644 1
400 1'
	[[ $output == *' tmpfs '* && $output == *writable ]]
	assert_equal "$(stat -c %a "$DIR/task/secrets")" 700
}

template() {
	job true "template {
	$1
	}"
}

@test "templates: what bivy cannot do is refused by name, with its line" {
	job true 'template {
	destination = "local/x"
	data = <<EOF
one
{{ key "service/port" }}
EOF
	}'
	refused 'template: "{{ key "service/port" }}" is nothing that bivy knows'
	[[ $stderr == *"job.hcl:$(grep -n 'key "service' job.hcl | cut -d: -f1),"* ]] || tell "the line"
	template 'destination = "local/x"
	data = "{{ with secret }}"' && refused '{{ with secret }}'
	template 'destination = "local/x"
	data = "{{ env \"A\" | toUpper }}"' && refused 'toUpper'
	template 'destination = "local/x"
	data = "{{ env \"A"' && refused 'nothing that bivy knows'
	template 'destination = "local/x"' && refused 'neither data nor a source'
	template 'data = "x"' && refused 'has no destination'
	template 'destination = "local/x"
	source = "local/y"
	data = "x"' && refused 'data and a source'
	template 'destination = "local/x"
	perms = "rw"
	data = "x"' && refused 'perms "rw" are none'
	template 'destination = "local/x"
	env = true
	data = "A=1\nhidden"' && refused 'line 2 of its text is no KEY=VALUE' && [[ $stderr != *hidden* ]]
	template 'destination = "local/x"
	env = true
	data = "KEY=\"hidden"' && refused 'template: "KEY": the quote has no end' && [[ $stderr != *hidden* ]]
}

@test "templates: never outside the task's directories" {
	for place in ../../x ../x local/../../../x /etc/x ../t2/x ../alloc/../x /usr/x bin/x .. local/ local secrets ../alloc/logs /proc/x; do
		template "destination = \"$place\"
		data = \"x\"" && refused 'destination "' || return
	done
	template 'destination = "/local/./a/../b"
	data = "x"' && made
	assert_equal "$(cat "$DIR/task/local/b")" x
	# Links that an earlier run has left.
	mkdir -p "$DIR/task/local" elsewhere
	ln -sf /var/tmp "$DIR/task/local/a" # which the root does not have, and the host has
	ln -sf "$PWD/elsewhere/file" "$DIR/task/local/b"
	run --separate-stderr bivy bundle --force job.hcl "$DIR"
	assert_ok
	mkdir "$DIR/task/local/dir"
	sed 's|/local/./a/../b|local/dir|' job.hcl >dir.hcl
	assert_fails 1 'task/local/dir: Is a directory' bivy bundle --force dir.hcl "$DIR"
	[ ! -e "$DIR/task/local/.dir.new" ]
	[ ! -e elsewhere/file ] && [ -f "$DIR/task/local/b" ] && [ ! -L "$DIR/task/local/b" ]
	local name
	name=$(new_id)
	sed -i "s|/local/./a/../b|local/a/$name|" job.hcl
	run --separate-stderr bivy bundle --force job.hcl "$DIR"
	[ "$status" -eq 1 ]
	[[ $stderr == *'local/a must be a directory'* ]]
	[ ! -e "/var/tmp/$name" ]
}

@test "templates: a source is a file of the task directory" {
	template 'source = "local/in.tpl"
	destination = "local/out"'
	refused_later() { run --separate-stderr bivy bundle --force job.hcl "$DIR"; [ "$status" -eq 1 ] && [[ $stderr == *"$1"* ]]; }
	mkdir -p "$DIR/task/local"
	refused_later 'template source "local/in.tpl" is not in the task directory'
	ln -s /etc/passwd "$DIR/task/local/in.tpl"
	refused_later 'template source "local/in.tpl" is not in the task directory'
	rm "$DIR/task/local/in.tpl"
	mkfifo "$DIR/task/local/in.tpl"
	refused_later 'is no regular file'
	rm "$DIR/task/local/in.tpl"
	printf 'a\n{{ env "NOMAD_JOB_ID" }}\n' >"$DIR/task/local/in.tpl"
	assert_ok bivy bundle --force job.hcl "$DIR"
	assert_equal "$(cat "$DIR/task/local/out")" $'a\nj'
	printf 'a\n{{ range }}\n' >"$DIR/task/local/in.tpl"
	refused_later 'local/in.tpl:2,1: template: "{{ range }}"'
	# Another name of somebody's file; the task itself may not read it.
	need_root
	echo theirs >theirs
	chmod 600 theirs
	ln -f theirs "$DIR/task/local/in.tpl"
	refused_later 'has another name, and belongs to uid 0, not to the task'
	chown nobody theirs
	assert_ok bivy bundle --force job.hcl "$DIR"
}

@test "templates: a source for secrets/, which the task finds there; references of the host's" {
	need_root
	job 'cat /secrets/key; grep -c " /secrets .* tmpfs " /proc/self/mountinfo' 'template {
	source = "local/${attr.kernel.name}.tpl"
	destination = "secrets/${attr.kernel.name}"
	perms = "600"
	}'
	sed -i 's|/secrets/key|/secrets/linux|' job.hcl
	mkdir -p "$DIR/task/local"
	echo 'of {{ env "NOMAD_TASK_NAME" }}' >"$DIR/task/local/linux.tpl"
	assert_ok bivy bundle --force job.hcl "$DIR"
	run bivy run --bundle "$DIR" "$(new_id)"
	assert_equal "$output" $'of t\n1'
}

@test "templates: the program itself" {
	job true 'template {
	  destination = "local/bin/run.sh"
	  perms       = "600"
	  data        = "#!/bin/sh\necho \"I am $0\"\n"
	}'
	sed -i 's|command = .*|command = "local/bin/run.sh"|; s|args .*<<EOS|args = [<<EOS|' job.hcl
	run_it
	assert_ok
	assert_equal "$output" 'I am /local/bin/run.sh'
	sed -i 's|local/bin/run.sh"$|bin/run.sh"|' job.hcl
	sed -i 's|destination = "bin/run.sh"|destination = "local/bin/run.sh"|' job.hcl
	run_it
	assert_equal "$output" 'I am /local/bin/run.sh'
	sed -i 's|command = .*|command = "local/other.sh"|' job.hcl
	refused 'file local/other.sh not found'
}

# --- network ---

@test "dns is the task's /etc/resolv.conf, which it cannot write; hostname is its name" {
	agent 'options {
	  "user.denylist" = ""
	}'
	job 'cat /etc/resolv.conf; echo x >>/etc/resolv.conf; hostname; ls /sys/class/net' 'user = "root"' 'network {
	  mode     = "none"
	  hostname = "shelter"
	  dns {
	    servers  = ["9.9.9.9", "2620:fe::fe"]
	    searches = ["one.test"]
	    options  = ["ndots:3"]
	  }
	}'
	run_it
	assert_ok
	assert_equal "$output" $'nameserver 9.9.9.9\nnameserver 2620:fe::fe\nsearch one.test\noptions ndots:3\nshelter\nlo'
	[[ $stderr == *'Read-only file system'* ]]
	sed -i 's/9.9.9.9/dns.test/' job.hcl
	refused 'bad nameserver address "dns.test"'
}

@test "what dns leaves out is the host's" {
	job true '' 'network {
	  dns {
	    searches = ["one.test"]
	  }
	}'
	made
	assert_equal "$(grep ^nameserver "$DIR/resolv.conf")" "$(awk '$1 == "nameserver" { print $1, $2 }' /etc/resolv.conf)"
	assert_equal "$(grep ^search "$DIR/resolv.conf")" 'search one.test'
}

@test "/etc/resolv.conf as a link to where the root has nothing: the host's file is there, and a dns block's" {
	mkdir -p world/etc
	ln -s ../run/far/away/resolv.conf world/etc/resolv.conf
	cp /etc/passwd world/etc
	agent "chroot_env {
		\"$PWD/world/etc\" = \"/etc\"
		\"/bin\" = \"/bin\"
		\"/usr\" = \"/usr\"
		\"/lib\" = \"/lib\"
		\"/lib64\" = \"/lib64\"
	}"
	job 'cat /etc/resolv.conf; readlink /etc/resolv.conf'
	run_it
	assert_ok
	assert_equal "$output" "$(cat /etc/resolv.conf; echo ../run/far/away/resolv.conf)"
	job 'cat /etc/resolv.conf' '' 'network {
	  dns {
	    servers = ["9.9.9.9"]
	  }
	}'
	run_it
	assert_ok
	assert_equal "${lines[0]}" 'nameserver 9.9.9.9'
}

@test "mode bridge is the namespace that is given, for either driver; none is an empty one" {
	need_root
	local driver ns
	unshare --net sleep 60 3>&- 4>&- &
	wait_for eval '[ "$(readlink /proc/'$!'/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	ns=/proc/$!/ns/net
	for driver in exec raw_exec; do
		DRIVER=$driver job 'readlink /proc/self/ns/net' '' 'network {
		  mode = "bridge"
		}'
		run_it --network-namespace "$ns"
		assert_ok || return
		assert_equal "$output" "$(readlink "$ns")" || return
		DRIVER=$driver job 'tail -n +3 /proc/net/dev | cut -d: -f1' '' 'network {
		  mode = "none"
		}'
		run_it
		assert_ok || return
		assert_equal "$(tr -d ' ' <<<"$output")" lo || return
	done
	kill $!
	job true '' 'network {
	  mode = "bridge"
	}' && refused "there is no namespace $PWD/no-namespace" --network-namespace no-namespace
	job true '' 'network {
	  mode = "driver"
	}' && refused 'network mode "driver" is unknown'
	DRIVER=raw_exec job true '' 'network {
	  hostname = "x"
	}' && refused "a raw_exec task has the host's name"
}

@test "ports are in the environment: static ones as they are, dynamic ones that are free" {
	job true '' 'network {
	  port "http" {
	    static = 8080
	    to     = 80
	  }
	  port "my-admin" {
	  }
	  port "same" {
	    to = -1
	  }
	}'
	made
	has "$ENV|[.NOMAD_PORT_http,.NOMAD_HOST_PORT_http,(.NOMAD_ADDR_http|endswith(\":8080\"))]" '["80","8080",true]' \
		"$ENV|(.NOMAD_PORT_my_admin|tonumber)|. >= 20000 and . <= 32000" true \
		"$ENV|.NOMAD_PORT_same == .NOMAD_HOST_PORT_same and .NOMAD_PORT_same != .NOMAD_PORT_my_admin" true \
		"$ENV|.NOMAD_IP_http + \":\" + .NOMAD_HOST_PORT_my_admin == .NOMAD_ADDR_my_admin" true
	sed -i 's/static = 8080/static = 80800/' job.hcl && refused 'a port is between 1 and 65535'
	sed -i 's/static = 80800//; s/"my-admin"/"http"/' job.hcl && refused 'port "http" is there already'
}

# --- cores ---

@test "cores are the last ones that are free, no two tasks of a job have the same, and there are no more than there are" {
	local last
	last=$(nproc --all)
	[ "$(nproc)" -ge 2 ] && [ "$(nproc)" -eq "$last" ] || skip "needs two processors"
	job 'grep ^Cpus_allowed_list /proc/self/status; echo $NOMAD_CPU_CORES' 'resources {
	  cores = 1
	}'
	run_it
	assert_ok
	assert_equal "$output" "Cpus_allowed_list:	$((last - 1))"$'\n'"$((last - 1))"
	has "$ENV|(.NOMAD_CPU_LIMIT|tonumber) >= 1" true '.linux.resources.cpu.shares >= 2' true
	job true 'resources {
	  cores = 1
	}' 'count = 2'
	made
	assert_equal "$(jq -r .linux.resources.cpu.cpus "$DIR"/g.?/t/config.json)" "$((last - 1))"$'\n'"$((last - 2))"
	job true 'resources {
	  cores = 1000
	}' && refused 'cores is 1000; there are'
	agent 'reservable_cores = "0"'
	job true 'resources {
	  cores = 1
	}' && made && has .linux.resources.cpu.cpus '"0"'
	job true 'resources {
	  cores = 2
	}' && refused 'cores is 2; there are 1 left'
	agent 'reservable_cores = "none"' && refused 'is no list such as 0-3,6'
}

# --- raw_exec ---

@test "raw_exec inherits the environment, but for what is denied" {
	DRIVER=raw_exec job true 'env {
	  MINE = "task"
	}'
	MINE=caller OTHER=x NOMAD_TOKEN=t AWS_SECRET_ACCESS_KEY=s NOMAD_JOB_ID=fake made
	has "$ENV|[.MINE,.OTHER,.NOMAD_TOKEN,.AWS_SECRET_ACCESS_KEY,.NOMAD_JOB_ID]" '["task","x",null,null,"j"]'
	agent 'options {
	  "env.denylist" = "OTHER, X"
	}'
	OTHER=x NOMAD_TOKEN=t made
	has "$ENV|[.OTHER,.NOMAD_TOKEN]" '[null,"t"]'
	DRIVER=raw_exec CONFIG='denied_envvars = ["OTH*", "*TOKEN"]' job true
	agent
	OTHER=x MY_TOKEN=t TOKENS=y made
	has "$ENV|[.OTHER,.MY_TOKEN,.TOKENS]" '[null,null,"y"]'
	job true
	OTHER=x made
	has "$ENV|.OTHER" null
}

@test "raw_exec: a bundle that nobody allowed is refused when a container is made of it" {
	need_root
	DRIVER=raw_exec job 'echo ran'
	run_it
	assert_ok
	assert_equal "$output" ran
	jq 'del(.annotations["org.bivy.rawExec"])' "$DIR/config.json" >changed && cat changed >"$DIR/config.json"
	assert_fails 1 'raw_exec is disabled for this bundle' bivy create --bundle "$DIR" "$(new_id)"
}

@test "init is for exec tasks, unless the task says otherwise" {
	job true && made && has '.annotations["org.bivy.init"]' '"true"'
	CONFIG='init = false' job true && made && has '.annotations["org.bivy.init"]' '"false"'
	DRIVER=raw_exec job true && made && has '.annotations["org.bivy.init"]' null
	DRIVER=raw_exec CONFIG='init = false' job true && refused 'has no key "init"'
}

# --- the language ---

@test "variables: the environment, files and the command line, the later the stronger" {
	cat >job.hcl <<-'EOF'
		variable "a" {
		  default = "default"
		}
		variable "list" {
		  type    = list(string)
		  default = []
		}
		variable "n" {
		  type    = number
		  default = 1
		  validation {
		    condition     = var.n < 10
		    error_message = "Too many."
		  }
		}
		task "t" {
		  driver = "exec"
		  config {
		    command = "/bin/true"
		    args    = [var.a, join("+", var.list), "${var.n + 1}"]
		  }
		}
	EOF
	printf 'a = "file"\nlist = ["x", upper("y")]\n' >one.vars
	printf 'a = "second" # wins\n' >two.vars
	made && has '.process.args[1:]' '["default","","2"]'
	NOMAD_VAR_a=environment NOMAD_VAR_list='["e"]' NOMAD_VAR_unknown=1 made && has '.process.args[1:]' '["environment","e","2"]'
	NOMAD_VAR_a=environment made --var-file one.vars && has '.process.args[1:]' '["file","x+Y","2"]'
	made --var-file one.vars --var-file two.vars && has '.process.args[1]' '"second"'
	made --var-file two.vars --var a=line --var n=5 && has '.process.args[1:]' '["line","","6"]'
	printf 'b = 1\n' >bad.vars
	refused 'bad.vars:1,1: Undefined variable' --var-file bad.vars
	printf 'task "x" {\n}\n' >bad.vars
	refused 'holds NAME = VALUE only' --var-file bad.vars
	refused 'Too many.' --var n=10
	run --separate-stderr bivy check --var-file one.vars job.hcl
	assert_ok
}

@test "functions" {
	echo content >file
	cat >job.hcl <<-'EOF'
		task "t" {
		  driver = "exec"
		  config {
		    command = "/bin/true"
		    args = [
		      md5("hello"), sha1("abc"), sha256("abc"), sha512(""), sha256(join("", [for i in range(55) : "x"])),
		      basename("/a/b/"), dirname("/a/b"), dirname("x"), chomp(file("file")), filebase64("file"),
		      jsonencode(csvdecode("a,b\n1,\"x,\"\"y\"\n")), jsonencode(setproduct(["a", "b"], [1, 2])),
		      jsonencode(setsubtract(["a", "b"], ["a"])), fileexists("nope") ? "yes" : "no", "${length(uuidv4())}",
		    ]
		  }
		}
	EOF
	made
	has '.process.args[1:]' "$(jq -cn --arg x "$(printf 'x%.0s' {1..55} | sha256sum | cut -d' ' -f1)" --arg e "$(sha512sum </dev/null | cut -d' ' -f1)" '
		["5d41402abc4b2a76b9719d911017c592","a9993e364706816aba3e25717850c26c9cd0d89d",
		 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",$e,$x,"b","/a",".","content","Y29udGVudAo=",
		 "[{\"a\":\"1\",\"b\":\"x,\\\"y\"}]","[[\"a\",1],[\"a\",2],[\"b\",1],[\"b\",2]]","[\"b\"]","no","36"]')"
}

@test "references: env sees nothing of env, config sees all, and what is meant is suggested" {
	CONFIG='work_dir = "/${DIRECTORY}"' job 'echo ${A} ${env["B"]} ${node.unique.name} ${attr.kernel.name} ${meta.rack} ${NOMAD_META_k}' 'env {
	  A = "${NOMAD_TASK_NAME}-${B}"
	  B = "b"
	  DIRECTORY = "local"
	}
	meta {
	  k = "${node.datacenter}"
	}'
	printf 'name = "node-7"\nclient {\n meta {\n rack = "r1"\n }\n}\n' >agent.hcl
	made
	has '.process.args[2]' '"echo t-${B} b node-7 linux r1 dc1\n"' .process.cwd '"/local"'
	job 'echo ${NOMAD_TASK_NAM}' && refused 'NOMAD_TASK_NAME'
}

@test "the root of an exec task is the caller's, whoever has had it as a raw_exec task before" {
	need_root
	DRIVER=raw_exec job true 'user = "nobody"' && made
	assert_equal "$(stat -c %U "$DIR/task" "$DIR/task/secrets" | sort -u)" nobody
	job true
	assert_ok bivy bundle --force job.hcl "$DIR"
	assert_equal "$(stat -c %U "$DIR/task" "$DIR/task/secrets" | sort -u)" root
}
