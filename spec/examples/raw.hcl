# A task without isolation, on the host itself, but with limits and a cgroup that ends with it.
# Only where the agent file enables the driver:  bivy up --client agent.hcl raw.hcl
task "raw" {
  driver = "raw_exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "echo \"$(id -un) in $PWD on $(uname -n), pid $$\""]
  }
}
