# Dollars and braces that are meant for the shell:  bivy up escapes.hcl
# Shows: $NAME is never replaced here; a literal ${NAME} takes three dollars in config, two in env, for each is read twice or once.
task "print" {
  driver = "exec"

  config {
    command = "/bin/sh"
    args    = ["-c", "WHO=shell; echo $WHO $$${WHO:-nobody} %d 100%; printenv LITERAL"]
  }

  env {
    LITERAL = "$${NOT_A_REFERENCE}"
  }
}
