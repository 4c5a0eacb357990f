# Name servers of the job's own:  bivy up dns.hcl
# Shows: dns in a group's network; /etc/resolv.conf is written for the task.
job "dns" {
  type = "batch"

  group "app" {
    network {
      mode = "none"

      dns {
        servers  = ["192.0.2.1", "192.0.2.2"]
        searches = ["example.org"]
        options  = ["ndots:2"]
      }
    }

    task "show" {
      driver = "exec"

      config {
        command = "/bin/cat"
        args    = ["/etc/resolv.conf"]
      }
    }
  }
}
