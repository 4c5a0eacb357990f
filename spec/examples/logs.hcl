# What a task writes is kept in files that rotate:  bivy up logs.hcl
# Shows: logs.  They are alloc/logs/TASK.stdout.N and .stderr.N, and another task of the group can read them.
job "logs" {
  type = "batch"

  group "app" {
    task "talk" {
      driver = "exec"

      logs {
        max_files     = 2
        max_file_size = 1
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "echo to standard output; echo to standard error >&2"]
      }
    }
  }
}
