# Functions:  bivy up functions.hcl
# Shows: text, lists, numbers and encodings, computed when the file is read.
locals {
  words = split(" ", "one two three")
}

task "compute" {
  driver = "exec"

  config {
    command = "/bin/echo"
    args = [
      upper(join("-", reverse(local.words))),
      format("%03d", max(4, 7, 5)),
      base64encode("bivy"),
      title(substr("a bivouac", 2, 7)),
      jsonencode({ n = length(local.words) }),
    ]
  }
}
