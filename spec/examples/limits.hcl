# More memory than the task may have:  bivy up limits.hcl
# Shows: resources; the kernel ends it, and the exit code is 137.
task "greedy" {
  driver = "exec"

  config {
    command = "/usr/bin/tail"
    args    = ["/dev/zero"]
  }

  resources {
    cpu    = 200 # MHz: the share of a processor when there is a shortage
    memory = 32  # MiB: the limit, without swap
  }
}
