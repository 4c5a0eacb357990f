# What the host's side may say: bivy up --client agent.hcl raw.hcl.  It is the configuration of a Nomad agent; what is not about
# tasks in it is passed over.
name       = "example-host"
datacenter = "dc1"

client {
  enabled = true

  # Instead of the default (/bin /etc /lib /lib32 /lib64 /sbin /usr and two of /run): no more of /etc than programs need to start.
  chroot_env {
    "/bin"             = "/bin"
    "/lib"             = "/lib"
    "/lib64"           = "/lib64"
    "/usr"             = "/usr"
    "/etc/passwd"      = "/etc/passwd"
    "/etc/group"       = "/etc/group"
    "/etc/ld.so.cache" = "/etc/ld.so.cache"
  }

  meta {
    rack = "r7"
  }

  # What a job may ask for by this name.
  host_volume "licenses" {
    path      = "/usr/share/common-licenses"
    read_only = true
  }
}

plugin "raw_exec" {
  config {
    enabled = true
  }
}
