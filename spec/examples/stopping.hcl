# Stopped politely:  bivy up stopping.hcl, then Ctrl-C
# Shows: kill_signal comes first, SIGKILL when kill_timeout is over.
task "stopping" {
  driver       = "exec"
  kill_signal  = "SIGTERM"
  kill_timeout = "10s"

  config {
    command = "/bin/sh"
    args    = ["-c", "trap 'echo tidying up; exit 0' TERM; echo ready; while :; do sleep 0.1; done"]
  }

  logs {
    max_files     = 3
    max_file_size = 5
  }
}
