# A task that sees the processes of the host:  bivy up pid-mode.hcl
# Shows: pid_mode and ipc_mode; a monitoring agent may need them, and each is a wall less.
task "watch" {
  driver = "exec"

  config {
    command  = "/bin/sh"
    args     = ["-c", "[ $$ -gt 2 ] && echo I am one of many"]
    pid_mode = "host"
    ipc_mode = "host"
    init     = false
  }
}
