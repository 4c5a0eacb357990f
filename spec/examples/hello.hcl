# What an exec task sees of the machine that it runs on:  bivy up hello.hcl
# Shows: the isolation that a task has when nothing is said.
job "hello" {
  group "hello" {
    task "hello" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", <<EOT
say() { printf '  %-18s %s\n' "$1" "$2"; }
try() { if (: > "$1/.try") 2>/dev/null; then rm -f "$1/.try"; echo "yes"; else echo "no: $2"; fi; }
value() { while read -r key rest; do [ "$key" = "$1:" ] && echo "$rest"; done < /proc/self/status; }
processes=0 limit=
for p in /proc/[0-9]*; do [ -e "$p" ] && processes=$((processes + 1)); done
for f in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  [ -r "$f" ] && read -r limit < "$f"
done
case $limit in
  *[!0-9]* | '') memory="not shown here (asked for: $NOMAD_MEMORY_LIMIT MiB)" ;;
  *) memory="$((limit / 1048576)) MiB" ;;
esac

echo "Hello from ${NOMAD_TASK_NAME}, a task of driver exec on ${node.unique.name}. In here"
say "my pid is"         "$$"
say "I see processes"   "$processes"
say "I am"              "$(id -un), uid $(id -u), gid $(id -g)"
say "my capabilities"   "$(value CapEff)"
say "new privileges"    "$([ "$(value NoNewPrivs)" = 1 ] && echo 'never' || echo 'possible')"
say "system calls"      "$([ "$(value Seccomp)" = 2 ] && echo 'filtered' || echo 'all of them')"
say "memory limit"      "$memory"
say "in / there is"     "$(echo $(ls /))"
say "may I write /usr"  "$(try /usr 'it is the host'\''s, read-only')"
say "may I write /"     "$(try / 'read-only')"
say "may I write /local" "$(try /local 'that is a mistake')"
say "host's /home"      "$([ -e /home ] && echo 'there' || echo 'not there')"
EOT
        ]

        cap_drop = ["all"]
      }

      resources {
        cpu    = 500
        memory = 64
      }
    }
  }
}
