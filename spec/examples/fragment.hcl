# The least that runs: the config of an exec task, and nothing round it.
config {
  command = "/bin/echo"
  args    = ["that is all it takes"]
}
