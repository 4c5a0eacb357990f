# A helper that is there before the main task and as long as it:  bivy up sidecar.hcl
# Shows: lifecycle with sidecar; it is stopped when the main task has ended, by its kill_signal.
job "sidecar" {
  type = "batch"

  group "app" {
    task "clock" {
      driver      = "exec"
      kill_signal = "SIGTERM"

      lifecycle {
        hook    = "prestart"
        sidecar = true
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "trap 'echo the helper goes; exit 0' TERM; echo noon > /alloc/data/time; while :; do sleep 0.05; done"]
      }
    }

    task "ask" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "until [ -s /alloc/data/time ]; do sleep 0.05; done; echo it is $(cat /alloc/data/time)"]
      }
    }
  }
}
