# What a task finds in its environment, and how its strings are put together:  bivy up environment.hcl
# Shows: env and meta, references in both kinds of strings, a heredoc.
job "environment" {
  meta {
    owner = "team-a"
  }

  group "app" {
    task "show" {
      driver = "exec"

      config {
        command = "/usr/bin/env"
        args    = ["sh", "-c", "echo ${NOMAD_TASK_NAME} of ${NOMAD_META_owner} on ${node.unique.name}; env | sort"]
      }

      env {
        DATACENTER = "in ${node.datacenter}"
        UNKNOWN    = "a ${reference} that nobody knows stays as it is; in config it is an error"
        SHELL      = "three dollars in config, two here: $${HOME}"
        TEXT       = <<-EOT
          several lines,
            with their margin cut
        EOT
      }
    }
  }
}
