# What a string can refer to:  bivy up --client agent.hcl references.hcl
# Shows: the job's names, the host's (node, attr, meta: `bivy fingerprint` prints them), and one's own environment.
job "references" {
  type = "batch"

  group "app" {
    task "show" {
      driver = "exec"

      config {
        command = "/bin/echo"
        args = [
          "${NOMAD_JOB_NAME}/${NOMAD_GROUP_NAME}/${NOMAD_TASK_NAME}",
          "${node.unique.name}", "${node.datacenter}", "${attr.kernel.name}", "${meta.rack}", "${env["GREETING"]}",
        ]
      }

      env {
        GREETING = "hello from ${NOMAD_TASK_NAME}"
      }
    }
  }
}
