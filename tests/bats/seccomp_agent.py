#!/usr/bin/env python3
"""A seccomp agent, for tests/bats/notify.bats.  Takes one message and its descriptor at the socket SOCKET, writes the JSON to
OUT, then answers the listener's notifications: mkdir(2) fails with ENOMSG, everything else goes on.  What was asked is in
OUT.calls, a name or number a line; what came besides (another descriptor, more bytes, no end) in OUT.wrong."""
import array, fcntl, os, select, socket, struct, sys

RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
NAMES = {"x86_64": {1: "write", 46: "sendmsg", 59: "execve", 83: "mkdir", 258: "mkdirat", 126: "capset"},
         "aarch64": {64: "write", 211: "sendmsg", 221: "execve", 34: "mkdirat", 91: "capset"}}[os.uname().machine]
ENOMSG = 42


def take(path, out):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(1)
    open(out + ".ready", "w").close()
    conn, _ = server.accept()
    said, ancillary, _, _ = conn.recvmsg(1 << 20, 1024)
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) // 4 * 4])
    more = conn.recv(1)  # the end: one message, then closed
    if len(fds) != 1 or more:
        with open(out + ".wrong", "w") as f:
            print(len(fds), "descriptors, then", more, file=f)
    with open(out + ".new", "wb") as f:
        f.write(said)
    os.rename(out + ".new", out)
    return fds[0]


def answer(listener, calls):
    wait = select.poll()
    wait.register(listener, select.POLLIN)
    while True:
        for _, event in wait.poll():
            if event & select.POLLHUP and not event & select.POLLIN:
                return
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, request)
        except OSError:
            continue
        name = NAMES.get(struct.unpack_from("i", request, 16)[0], str(struct.unpack_from("i", request, 16)[0]))
        with open(calls, "a") as f:
            print(name, file=f)
        denied = name.startswith("mkdir")
        reply = struct.pack("QqiI", struct.unpack_from("Q", request)[0], 0, -ENOMSG if denied else 0, 0 if denied else 1)
        try:
            fcntl.ioctl(listener, SEND, reply)
        except OSError:
            pass


answer(take(sys.argv[1], sys.argv[2]), sys.argv[2] + ".calls")
