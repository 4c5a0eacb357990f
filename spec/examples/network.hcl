# A network of its own, with nothing in it but the loopback:  bivy up network.hcl
# Shows: network mode "none"; sockets and their names are not the host's.
job "network" {
  group "alone" {
    network {
      mode = "none"
    }

    task "look" {
      driver = "exec"

      config {
        command = "/bin/cat"
        args    = ["/proc/net/dev"]
      }
    }
  }
}
