# A program that the job brings along itself:  bivy up script.hcl
# Shows: a bare command is looked for in local/ first, and what is found there is made executable.
job "script" {
  type = "batch"

  group "app" {
    task "run" {
      driver = "exec"

      template {
        data        = <<-EOT
          #!/bin/sh
          echo "I was called $0, with $*"
        EOT
        destination = "local/tool"
      }

      config {
        command = "tool"
        args    = ["one", "two words"]
      }
    }
  }
}
