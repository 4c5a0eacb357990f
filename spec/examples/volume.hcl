# A directory of the host's:  bivy up --client agent.hcl volume.hcl
# Shows: volume and volume_mount.  Only what the agent file names (host_volume) can be had, read-only where it says so.
job "volume" {
  type = "batch"

  group "app" {
    volume "texts" {
      type      = "host"
      source    = "licenses"
      read_only = true
    }

    task "read" {
      driver = "exec"

      volume_mount {
        volume      = "texts"
        destination = "/srv/texts"
        read_only   = true
      }

      config {
        command = "/bin/sh"
        args    = ["-c", "[ -s /srv/texts/GPL-3 ] && echo readable; (: > /srv/texts/mine) 2> /dev/null || echo not writable"]
      }
    }
  }
}
