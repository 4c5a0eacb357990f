# Expressions:  bivy up --var production=true expressions.hcl
# Shows: arithmetic, comparison, conditions, and for.
variable "production" {
  type    = bool
  default = false
}

locals {
  hosts = ["b", "a", "c"]
}

task "compute" {
  driver = "exec"

  config {
    command = "/bin/echo"
    args = concat(
      [var.production ? "for real" : "a test", "${2 * 3 + 1}", 3 > 2 && !var.production ? "careful" : "careless"],
      [for i, h in local.hosts : "${h}${i}" if h != "a"],
    )
  }

  resources {
    memory = var.production ? 64 : 32
  }
}
