# A processor for this task alone:  bivy up cores.hcl
# Shows: cores instead of cpu; the task runs on so many processors and no others.
task "pinned" {
  driver = "exec"

  config {
    command = "/usr/bin/nproc"
  }

  resources {
    cores  = 1
    memory = 32
  }
}
