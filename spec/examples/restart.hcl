# A task that fails is started again, for some times:  bivy up restart.hcl
# Shows: restart; what it wrote to local/ is still there the next time.
job "restart" {
  type = "batch"

  group "app" {
    restart {
      attempts = 3
      interval = "1m"
      delay    = "100ms"
      mode     = "fail"
    }

    task "stubborn" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo x >> /local/tries; n=$(wc -l < /local/tries); echo try $n; [ $n -ge 3 ]"]
      }
    }
  }
}
