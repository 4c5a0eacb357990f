# What a task cannot do, whatever it tries:  bivy up filter.hcl
# Shows: no new privileges, a system call filter, no device that was not given, the host's settings read-only.
task "try" {
  driver = "exec"

  config {
    command = "/bin/sh"
    args = ["-c", <<-EOT
      no() { "$@" > /dev/null 2>&1 && echo "done: $*" || echo "refused: $*"; }
      no unshare --user true
      no mount -t tmpfs none /tmp
      no mknod /tmp/disk b 8 0
      no sh -c 'echo 1 > /proc/sys/vm/drop_caches'
      no sh -c 'echo b > /proc/sysrq-trigger'
      no touch /usr/bin/mine
    EOT
    ]
  }
}
