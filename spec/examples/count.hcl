# The same group several times, side by side:  bivy up count.hcl
# Shows: count; each has directories of its own and knows its number.
job "count" {
  type = "batch"

  group "worker" {
    count = 3

    task "work" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo I am ${NOMAD_ALLOC_NAME}, number $NOMAD_ALLOC_INDEX"]
      }
    }
  }
}
