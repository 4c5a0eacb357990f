# A task without isolation, on the host itself, but with limits and a cgroup that ends with it:  bivy up --client agent.hcl raw.hcl
# Shows: raw_exec, which runs only where the agent file enables it.
task "raw" {
  driver = "raw_exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "echo \"$(id -un) in $PWD on $(uname -n), pid $$\""]
  }
}
