# Another account than nobody:  bivy up user.hcl
# Shows: user; group and home are the account's, from the files that the task sees.
task "who" {
  driver = "exec"
  user   = "daemon"

  config {
    command  = "/bin/sh"
    args     = ["-c", "echo $(id -un) $(id -gn) $HOME"]
    cap_drop = ["all"]
  }
}
