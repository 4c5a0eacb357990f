#!/usr/bin/env python3
"""A web server that behaves as servers should not, and archives that are not what they should be.

    artifact-server.py make DIRECTORY                    the files that it serves
    artifact-server.py scatter DIRECTORY COUNT SEED      so many archives made at random, out to do harm
    artifact-server.py serve DIRECTORY [CERTIFICATE]     prints its port, and serves until it is killed

Each request is a line of DIRECTORY.requests: its path, and the Range header or "-".
"""
import bz2
import gzip
import http.server
import io
import json
import lzma
import os
import random
import socket
import ssl
import struct
import sys
import tarfile
import threading
import time
import zipfile

BODY = bytes(range(256)) * 400


# --- archives ---

def member(name, **what):
    m = tarfile.TarInfo(name)
    m.mode = 0o644
    for key, value in what.items():
        setattr(m, key, value)
    return m


def add(tar, name, data=b"words\n", **what):
    m = member(name, **what)
    m.size = len(data) if m.isreg() else 0
    tar.addfile(m, io.BytesIO(data) if m.isreg() else None)


def tar_of(fill, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        fill(tar)
    return out.getvalue()


def good(tar):
    add(tar, "./", type=tarfile.DIRTYPE, mode=0o755)
    add(tar, "./bin/", type=tarfile.DIRTYPE, mode=0o755)
    add(tar, "./bin/tool", b"#!/bin/sh\necho tool\n", mode=0o4775, uid=0, gid=0, uname="root", mtime=1000000000)
    add(tar, "./bin/same", type=tarfile.LNKTYPE, linkname="./bin/tool")
    add(tar, "./lib/deep/words")
    add(tar, "./lib/link", type=tarfile.SYMTYPE, linkname="../bin/tool")
    add(tar, "./empty", b"")


def link_then_file(tar):
    add(tar, "way", type=tarfile.SYMTYPE, linkname="other")
    add(tar, "other/", type=tarfile.DIRTYPE, mode=0o755)
    add(tar, "way/file")


def climbing_by_links(tar):
    add(tar, "a/b/down", type=tarfile.SYMTYPE, linkname="../../c")
    add(tar, "c/", type=tarfile.DIRTYPE, mode=0o755)
    add(tar, "up", type=tarfile.SYMTYPE, linkname="a/b/down/../..")


def link_made_shallow(tar):
    add(tar, "a/b/link", type=tarfile.SYMTYPE, linkname="../../x")
    add(tar, "link", type=tarfile.LNKTYPE, linkname="a/b/link")


def many(tar):
    for i in range(5000):
        add(tar, "f%d" % i, b"")


def of(name, data=b"words\n", **what):
    return lambda tar: add(tar, name, data, **what)


def twice(tar):
    add(tar, "name", b"first\n")
    add(tar, "name", b"second\n")


def twice_as_link(tar):
    add(tar, "dir/", type=tarfile.DIRTYPE, mode=0o755)
    add(tar, "dir", type=tarfile.SYMTYPE, linkname="elsewhere")


ZOO = {
    "absolute": of("/tmp/bivy-hostile"),
    "dotdot": of("../bivy-hostile"),
    "dotdot-inside": of("a/../../bivy-hostile"),
    "symlink-absolute": of("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "symlink-out": of("a/link", type=tarfile.SYMTYPE, linkname="../../x"),
    "symlink-file": link_then_file,
    "symlink-climb": climbing_by_links,
    "hardlink-out": of("link", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "hardlink-dotdot": of("link", type=tarfile.LNKTYPE, linkname="../../../config.json"),
    "hardlink-shallow": link_made_shallow,
    "device": of("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "block": of("disk", type=tarfile.BLKTYPE, devmajor=8),
    "fifo": of("pipe", type=tarfile.FIFOTYPE),
    "many": many,
    "large": of("zeros", b"\0" * 3000000),
    "long": of("x" * 300),
    "longer": of("/".join(["y" * 200] * 30)),
    "deep": of("d/" * 300 + "file"),
    "parts": of("a/" * 20000 + "f"),
    "parts-of-link": of("a/link", type=tarfile.SYMTYPE, linkname="a/" * 20000 + "f"),
    "dir-then-link": twice_as_link,
}


def zip_of(fill):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        fill(z)
    return out.getvalue()


# Python has no zstd: a frame of blocks that are not compressed (RFC 8878).
def zstd_of(data):
    out = struct.pack("<IBI", 0xfd2fb528, 0xa0, len(data))
    for at in range(0, len(data), 1 << 17):
        block = data[at:at + (1 << 17)]
        last = at + len(block) == len(data)
        out += struct.pack("<I", len(block) << 3 | last)[:3] + block
    return out


def good_zip(z):
    tool = zipfile.ZipInfo("bin/tool")
    tool.external_attr = 0o104755 << 16
    z.writestr(tool, "#!/bin/sh\necho tool\n")
    z.writestr("lib/deep/words", "words\n")


def zip_link(z):
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    z.writestr(link, "/etc/passwd")


# Members at random, of few names, so that they meet: links to links, directories that become links, names twice.
def random_tar(dice):
    names, kinds = ["a", "b", "c"], [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]
    seen = ["a"]

    def path(most, odd):
        return "/".join(dice.choice(["..", ".", ""]) if dice.random() < odd else dice.choice(names)
                        for _ in range(dice.randint(1, most)))

    def fill(tar):
        for _ in range(dice.randint(1, 6)):
            said, kind, link = path(4, 0.02), dice.choice(kinds), ""
            if kind == tarfile.SYMTYPE:
                link = "../" * dice.choice([0, 0, 1, 1, 2, 3]) + path(3, 0.1)
            if kind == tarfile.LNKTYPE:
                link = dice.choice(seen)
            seen.append(said)
            add(tar, said, b"hostile\n", type=kind, linkname=link, mode=dice.choice([0o644, 0o4755, 0o777]))

    return tar_of(fill)


def scatter(directory, count, seed):
    os.makedirs(directory)
    dice = random.Random(seed)
    for i in range(int(count)):
        with open(os.path.join(directory, "%d.tar" % i), "wb") as f:
            f.write(random_tar(dice))


def make(directory):
    os.makedirs(directory)
    plain = tar_of(good)
    two = tar_of(lambda tar: (add(tar, "one"), add(tar, "two")))
    files = {
        "body": BODY, "empty": b"", "tool": b"#!/bin/sh\necho fetched\n",
        "a.tar": plain, "a.tar.gz": gzip.compress(plain), "a.tgz": gzip.compress(plain),
        "a.tar.bz2": bz2.compress(plain), "a.tar.xz": lzma.compress(plain), "a.tar.zst": zstd_of(plain),
        "a.zip": zip_of(good_zip), "link.zip": zip_of(zip_link),
        "dotdot.zip": zip_of(lambda z: z.writestr("../bivy-hostile", "words")),
        "one.gz": gzip.compress(BODY), "one.bz2": bz2.compress(BODY), "one.xz": lzma.compress(BODY),
        "one.tar.gz": gzip.compress(tar_of(of("inner/name"))), "two.tar.gz": gzip.compress(two),
        "more.tar": tar_of(lambda tar: (add(tar, "bin/more", mode=0o755), add(tar, "lib/deep/words", b"others\n"))),
        "clash.tar": tar_of(of("bin", b"no directory\n")),
        "broken.tar.gz": gzip.compress(plain)[:-200], "words.tar.gz": b"no archive\n", "plain.gz": b"no archive\n",
        "newline.tar": tar_of(of("first\nsecond")), "twice.tar": tar_of(twice),
    }
    for name, fill in ZOO.items():
        files["zoo-%s.tar" % name] = tar_of(fill)
    for name, data in files.items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)


# --- the server ---

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def first_time(self, n=1):
        with self.lock:
            self.seen[self.path] = self.seen.get(self.path, 0) + 1
            return self.seen[self.path] <= n

    def head(self, code, length, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def answer(self, data, code=200, **headers):
        self.head(code, len(data), **headers)
        self.wfile.write(data)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self):
        wanted = self.headers.get("Range", "-")
        with self.lock, open(self.server.directory + ".requests", "a") as log:
            log.write("%s %s\n" % (self.path, wanted))
        parts = self.path.split("?")[0].split("/")
        try:
            getattr(self, "get_" + parts[1].replace("-", "_"))(*parts[2:])
        except (AttributeError, TypeError, FileNotFoundError):
            self.answer(b"no such thing\n", 404)
        except (BrokenPipeError, ConnectionResetError, OSError):
            self.close_connection = True

    def read(self, name):
        with open(os.path.join(self.server.directory, name), "rb") as f:
            return f.read()

    def get_files(self, name):
        self.answer(self.read(name))

    def get_status(self, code, name):
        self.answer(b"words\n", int(code))

    def get_flaky(self, name):
        self.answer(b"later\n", 503) if self.first_time(2) else self.answer(self.read(name))

    def get_redirect(self, hops, name):
        to = "/redirect/%d/%s" % (int(hops) - 1, name) if hops != "1" else "/files/" + name
        self.answer(b"", 302, Location=to)

    def get_loop(self, name):
        self.answer(b"", 301, Location=self.path)

    def get_to_file(self, name):
        self.answer(b"", 302, Location="file:///etc/passwd")

    def get_away(self, name):
        self.answer(b"", 307, Location="http://localhost:%d/echo/%s" % (self.server.server_port, name))

    def get_signed(self, name):
        to = "http://other:secret@127.0.0.1:%d/status/404/%s?signature=secret" % (self.server.server_port, name)
        self.answer(b"", 302, Location=to)

    def get_relative(self, name):
        self.answer(b"", 302, Location="/status/404/" + name)

    def get_down(self, port, name):
        self.answer(b"", 307, Location="http://127.0.0.1:%s/files/%s" % (port, name))

    # It promises all, and gives half, always from the beginning.
    def get_short(self, name):
        data = self.read(name)
        self.head(200, len(data))
        self.wfile.write(data[:len(data) // 2])
        self.hang_up()

    # It promises less than it gives: what is over belongs to nobody.
    def get_long(self, name):
        data = self.read(name)
        self.head(200, len(data) // 2)
        self.wfile.write(data)
        self.hang_up()

    # Half of it, then the rest for whoever asks for that.
    def get_cut(self, name, tag='"one"'):
        data, wanted = self.read(name), self.headers.get("Range")
        if not wanted:
            self.head(200, len(data), ETag=tag)
            self.wfile.write(data[:len(data) // 2])
            self.hang_up()
            return
        start = int(wanted.split("=")[1].split("-")[0])
        if self.headers.get("If-Range") != tag:
            self.answer(data, ETag=tag)
            return
        self.answer(data[start:], 206, ETag=tag, Content_Range="bytes %d-%d/%d" % (start, len(data) - 1, len(data)))

    # The same, but the file has changed meanwhile.
    def get_changed(self, name):
        data = self.read(name)
        if self.first_time():
            self.head(200, len(data), ETag='"old"')
            self.wfile.write(b"\0" * (len(data) // 2))
            self.hang_up()
            return
        self.answer(data, ETag='"new"')

    # It answers with another part than the one that was asked for.
    def get_wrong_part(self, name):
        data = self.read(name)
        if not self.headers.get("Range"):
            self.get_cut(name)
            return
        self.answer(data[7:], 206, ETag='"one"', Content_Range="bytes 7-%d/%d" % (len(data) - 1, len(data)))

    def get_drip(self, name):
        self.head(200, 100000)
        for _ in range(600):
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(0.05)

    def get_endless(self, name):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(b"\0" * 65536)

    def get_echo(self, name):
        self.answer(json.dumps({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}}).encode())


def serve(directory, certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.directory = directory
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    {"make": make, "scatter": scatter, "serve": serve}[sys.argv[1]](*sys.argv[2:])
