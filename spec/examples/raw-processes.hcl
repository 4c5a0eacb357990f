# No process of a raw_exec task outlives it:  bivy up --client agent.hcl raw-processes.hcl
# Shows: one that has left its session and its parent ends with the task's cgroup all the same.
task "raw" {
  driver = "raw_exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "setsid -f sh -c 'trap \"\" HUP TERM INT; exec sleep 987' ; echo it is on its own now"]
  }
}
