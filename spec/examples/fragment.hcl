# The least that runs: the config of an exec task, and nothing round it:  bivy up fragment.hcl
# Shows: what a job file may leave out.
config {
  command = "/bin/echo"
  args    = ["that is all it takes"]
}
