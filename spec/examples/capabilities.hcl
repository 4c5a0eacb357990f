# Nothing but what it takes to listen on port 80:  bivy up capabilities.hcl
# Shows: cap_drop and cap_add.
task "web" {
  driver = "exec"
  user   = "www-data"

  config {
    command  = "/bin/sh"
    args     = ["-c", "id; grep Cap /proc/self/status"]
    cap_drop = ["all"]
    cap_add  = ["net_bind_service"]
    work_dir = "/local"
  }
}
