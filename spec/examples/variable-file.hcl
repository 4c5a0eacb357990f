# Values from a file:  bivy up --var-file settings.vars variable-file.hcl
# Shows: variables with types, and one without a default, which must be given.  --var on the command line counts more.
variable "name" {
  type = string
}

variable "ports" {
  type    = list(number)
  default = []
}

variable "labels" {
  type    = map(string)
  default = {}
}

task "show" {
  driver = "exec"

  config {
    command = "/bin/echo"
    args    = [var.name, join("+", var.ports), lookup(var.labels, "tier", "none")]
  }
}
