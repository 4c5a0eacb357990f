# A file that is fetched before the task starts, and checked:  bivy up artifact.hcl
# Shows: source, destination, mode "file", a checksum.  http and https are written in the same way.
job "artifact" {
  type = "batch"

  group "app" {
    task "read" {
      driver = "exec"

      artifact {
        source      = "file:///usr/share/common-licenses/Apache-2.0"
        destination = "local/LICENSE"
        mode        = "file"

        options {
          checksum = "md5:3b83ef96387f14655fc854ddc3c6bd57"
        }
      }

      config {
        command = "/usr/bin/head"
        args    = ["-n", "2", "/local/LICENSE"]
      }
    }
  }
}
