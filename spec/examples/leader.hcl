# When the leader ends, the others of its group are stopped:  bivy up leader.hcl
# Shows: leader; without it a job is over when the last of its main tasks is.
job "leader" {
  type = "batch"

  group "app" {
    task "first" {
      driver = "exec"
      leader = true

      config {
        command = "/bin/sh"
        args    = ["-c", "until [ -e /alloc/data/ready ]; do sleep 0.05; done; echo the leader is done"]
      }
    }

    task "other" {
      driver      = "exec"
      kill_signal = "SIGTERM"

      config {
        command = "/bin/sh"
        args    = ["-c", "trap 'echo so am I; exit 0' TERM; : > /alloc/data/ready; while :; do sleep 0.05; done"]
      }
    }
  }
}
