# Variables that a raw_exec task is not to have:  bivy up --client agent.hcl raw-environment.hcl
# Shows: denied_envvars, with *, for what the caller has as well as for what the job says.
task "raw" {
  driver = "raw_exec"

  config {
    command        = "/usr/bin/env"
    denied_envvars = ["*_TOKEN"]
  }

  env {
    API_TOKEN = "secret"
    COLOUR    = "blue"
  }
}
