# A directory that is never on a disk:  bivy up secrets.hcl
# Shows: /secrets is a tmpfs of the task's own, where nothing can be executed; resources.secrets is its size in MiB.
task "keep" {
  driver = "exec"

  config {
    command = "/bin/sh"
    args = ["-c", <<-EOT
      echo hush > /secrets/key
      stat -f -c 'a %T' /secrets
      stat -c '%a %U' /secrets
      cp /bin/true /secrets/ && /secrets/true 2> /dev/null || echo nothing runs from here
    EOT
    ]
  }

  resources {
    secrets = 2
  }
}
