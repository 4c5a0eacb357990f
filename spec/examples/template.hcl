# A file that the job brings along:  bivy up template.hcl
# Shows: template with literal data, its destination and its mode.
job "template" {
  type = "batch"

  group "app" {
    task "server" {
      driver = "exec"

      template {
        data        = <<-EOT
          listen = 8080
          name   = "server"
        EOT
        destination = "local/server.conf"
        perms       = "640"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "stat -c '%a %U' /local/server.conf; cat /local/server.conf"]
      }
    }
  }
}
