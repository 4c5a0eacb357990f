# An account and a group that belong to nobody in particular:  bivy up user-group.hcl
# Shows: user = "USER:GROUP", by number.
task "who" {
  driver = "exec"
  user   = "1234:5678"

  config {
    command  = "/bin/sh"
    args     = ["-c", "echo $(id -u) $(id -g) $(id -G)"]
    cap_drop = ["all"]
  }
}
