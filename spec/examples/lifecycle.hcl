# Tasks that run before, beside and after the main one:  bivy up lifecycle.hcl
# Shows: lifecycle hooks prestart, poststart and poststop; the order is written down in the directory that they share.
job "lifecycle" {
  type = "batch"

  group "app" {
    task "prepare" {
      driver = "exec"

      lifecycle {
        hook = "prestart"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "echo prepare >> /alloc/data/order"]
      }
    }

    task "work" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo work >> /alloc/data/order; until grep -q beside /alloc/data/order; do sleep 0.05; done"]
      }
    }

    task "beside" {
      driver = "exec"

      lifecycle {
        hook = "poststart"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "until grep -q work /alloc/data/order; do sleep 0.05; done; echo beside >> /alloc/data/order"]
      }
    }

    task "report" {
      driver = "exec"

      lifecycle {
        hook = "poststop"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "echo $(cat /alloc/data/order)"]
      }
    }
  }
}
