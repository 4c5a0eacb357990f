# Two tasks of a group, side by side:  bivy up sharing.hcl
# Shows: each has a root of its own, and /alloc is the same for both.
job "sharing" {
  group "pair" {
    task "write" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo \"from $NOMAD_TASK_NAME\" > /alloc/data/note; ls -l /alloc/data"]
      }
    }

    task "read" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "for i in 1 2 3 4 5 6 7 8 9; do [ -e /alloc/data/note ] && break; sleep 0.1; done; cat /alloc/data/note"]
      }
    }
  }
}
