# Limits of each process, of their number and of shared memory:  bivy up ulimit.hcl
# Shows: ulimit, pids_limit and shm_size, bivy's own in the config of an exec task; a soft and a hard limit, or one for both.
task "small" {
  driver = "exec"

  config {
    command    = "/bin/sh"
    args       = ["-c", "echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -c) $(stat -f -c '%b*%S' /dev/shm)"]
    pids_limit = 64
    shm_size   = 1048576

    ulimit {
      nofile = "512:1024"
      core   = 0
    }
  }
}
