# Variables of the environment from a template:  bivy up template-env.hcl
# Shows: template with env = true; a line is NAME=VALUE, and the file is in secrets/, where nobody else may look.
job "template-env" {
  type = "batch"

  group "app" {
    task "show" {
      driver = "exec"

      template {
        data        = <<-EOT
          # comments and empty lines do not count

          DB_HOST=db.example
          DB_NAME="main"
        EOT
        destination = "secrets/db.env"
        env         = true
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "echo $DB_HOST $DB_NAME"]
      }
    }
  }
}
