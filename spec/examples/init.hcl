# Without the small init that an exec task has by default:  bivy up init.hcl
# Shows: init = false; the program itself is pid 1 then, collects its own orphans, and gets no signal that it does not handle.
task "first" {
  driver = "exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "echo my pid is $$"]
    init    = false
  }
}
