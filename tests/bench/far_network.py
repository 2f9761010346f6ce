"""The network that SYNs are sent to, at the other end of a veth pair. It answers as cheaply as a kernel can:
all of a prefix is local there, a set of the packet filter drops SYNs to all but the listeners, one listening
socket answers for those with SYN cookies.

By itself, `far_network.py` is what runs on the far side.
"""

import json
import subprocess
import sys
from pathlib import Path

PORT = 25
GATEWAY = "10.9.0.2"
SILENT = "10.32.0.0/12"
LINK = "near"
FILTER = """table ip far {
  set listeners {
    type ipv4_addr
    elements = { %s }
  }
  chain c {
    type filter hook prerouting priority raw; policy accept;
    ip saddr 10.9.0.1 ip daddr @listeners accept
    ip daddr { 10.16.0.0/12, 10.32.0.0/12 } drop
  }
}
"""


def run(command, **options):
    subprocess.run(command, check=True, **options)


class FarNetwork:
    """The other end of a veth pair, with listeners in it."""

    def __init__(self, prefix, listeners):
        self.prefix, self.listeners = prefix, listeners

    def __enter__(self):
        # Says when it is in its own network, and stays until its input ends.
        self.holder = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-u", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "here\n"
        run(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "far", "netns",
             str(self.holder.pid)])
        run(["ip", "addr", "add", "10.9.0.1/24", "dev", LINK])
        run(["ip", "link", "set", LINK, "up"])
        for command in ("ip link set lo up", f"ip addr add {GATEWAY}/24 dev far", "ip link set far up",
                        f"ip route add local {self.prefix} dev lo", f"ip route add local {SILENT} dev lo",
                        "sysctl -qw net.ipv4.tcp_syncookies=2 net.core.somaxconn=65535"):
            self.run(*command.split())
        self.run("nft", "-f", "-", input=FILTER % ", ".join(self.listeners), text=True)
        run(["ip", "route", "add", "default", "via", GATEWAY])
        self.holder.stdin.write("listen\n")
        self.holder.stdin.flush()
        assert self.holder.stdout.readline() == "listening\n"
        return self

    def run(self, *command, **options):
        run(["nsenter", "-t", str(self.holder.pid), "-n", *command], **options)

    def mac(self):
        shown = subprocess.run(["nsenter", "-t", str(self.holder.pid), "-n", "ip", "-j", "link", "show", "far"],
                               check=True, capture_output=True, text=True).stdout
        return json.loads(shown)[0]["address"]

    def __exit__(self, *_):
        run(["ip", "link", "del", LINK])
        self.holder.stdin.close()
        self.holder.wait()


def listen():
    """What runs on the far side: one socket for all addresses, which nobody accepts from."""
    import socket
    print("here")
    sys.stdin.readline()
    server = socket.create_server(("0.0.0.0", PORT), backlog=65535)
    print("listening")
    sys.stdin.read()
    server.close()


def packets_out():
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == LINK:
            return int(numbers.split()[9])
    return 0


if __name__ == "__main__":
    listen()
