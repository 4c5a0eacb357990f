# A job that is told what to do when it is called:  bivy up --payload FILE --meta who=you payload.hcl
# Shows: parameterized, dispatch_payload, and meta that the caller gives.
job "payload" {
  type = "batch"

  parameterized {
    payload       = "required"
    meta_required = ["who"]
  }

  group "app" {
    task "read" {
      driver = "exec"

      dispatch_payload {
        file = "input.txt"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "echo for ${NOMAD_META_who}: $(cat /local/input.txt)"]
      }
    }
  }
}
