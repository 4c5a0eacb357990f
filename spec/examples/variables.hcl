# Variables and generated blocks:  bivy up --var greeting=Hi variables.hcl
# Shows: variable, locals, and a group for each element of a list.
variable "greeting" {
  type    = string
  default = "Hello"
}

locals {
  names = ["ada", "grace"]
}

job "variables" {
  dynamic "group" {
    for_each = local.names
    labels   = [group.value]

    content {
      task "greet" {
        driver = "exec"

        config {
          command = "/bin/echo"
          args    = [format("%s, %s!", var.greeting, title(group.value))]
        }

        resources {
          memory = 16 + group.key * 16
        }
      }
    }
  }
}
