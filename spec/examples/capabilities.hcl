# Nothing but what it takes to listen on port 80.
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
