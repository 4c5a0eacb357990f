# Nomad's docker driver, on a node whose dockerd has the runtime "bivy" (daemon.json).  A task asks for it by
# `config { runtime = "bivy" }`.  Untested.
plugin "docker" {
  config {
    allow_runtimes = ["bivy", "runc"]
  }
}
