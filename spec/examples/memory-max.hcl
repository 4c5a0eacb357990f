# More memory for a moment, as long as the host has it:  bivy up memory-max.hcl
# Shows: memory_max is the limit then, and memory what is kept for the task.
task "greedy" {
  driver = "exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "head -c 40m /dev/zero | tail -c 40m | wc -c; echo limit $NOMAD_MEMORY_MAX_LIMIT MiB"]
  }

  resources {
    memory     = 16
    memory_max = 128
  }
}
