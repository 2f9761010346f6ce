#!/usr/bin/env python3
"""Half-open knocking beside Debian's zmap: the same /12 with the same listeners, the same core, no rate
limit; then hark at a given rate.

  syn_rate.py [--rounds=3] [--smoke]      the part `syn` of bench.py by itself

The far side of a veth pair answers as cheaply as a kernel can: all of 10.16.0.0/12 is local there, a set of
the packet filter drops SYNs to all but the listeners, one listening socket answers for those with SYN cookies.
What that costs is paid on the sender's core, the same for both. Rates are read from the interface's
counter, between a tenth and nine tenths of the packets, so that neither's start counts.
"""

import argparse
import contextlib
import ipaddress
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parent.parent / "integration")]
os.environ.setdefault("HARK_BIN", str(Path(__file__).resolve().parents[2] / "build/release/bin"))

import harness  # noqa: E402
from rows import Row, as_markdown, failed  # noqa: E402

PORT = 25
GATEWAY = "10.9.0.2"
LINK = "near"
ZMAP = shutil.which("zmap", path="/usr/sbin:/usr/bin")
FILTER = """table ip far {
  set listeners {
    type ipv4_addr
    elements = { %s }
  }
  chain c {
    type filter hook prerouting priority raw; policy accept;
    ip saddr 10.9.0.1 ip daddr @listeners accept
    ip daddr 10.16.0.0/12 drop
  }
}
"""


@dataclass
class Sweep:
    found: set
    rate: float  # packets a second
    cpu: float  # of a core, while sending
    cpu_us: float  # a packet


def run(command, **options):
    subprocess.run(command, check=True, **options)


class FarNetwork:
    """The other end of a veth pair, with listeners in it."""

    def __init__(self, prefix, listeners):
        self.prefix, self.listeners = prefix, listeners

    def __enter__(self):
        # Says when it is in its own network, and stays until its input ends.
        self.holder = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-u", __file__, "--listen"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "here\n"
        run(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "far", "netns",
             str(self.holder.pid)])
        run(["ip", "addr", "add", "10.9.0.1/24", "dev", LINK])
        run(["ip", "link", "set", LINK, "up"])
        for command in ("ip link set lo up", f"ip addr add {GATEWAY}/24 dev far", "ip link set far up",
                        f"ip route add local {self.prefix} dev lo",
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


def ticks(pid):
    """CPU seconds of a process, all its threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(command, total, core):
    """Runs what sends `total` SYNs on that core: its output, rate, CPU of a core, µs of CPU a SYN."""
    others = set(os.sched_getaffinity(0))
    first = packets_out()

    def alone():  # as far as may be: what else the machine does would count for both, but not alike
        os.sched_setaffinity(0, {core})
        os.setsid()  # the scheduler shares the CPU among sessions first, where it groups by them
        with contextlib.suppress(OSError):
            os.nice(-20)
            Path("/proc/self/autogroup").write_text("-20")

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=alone)
    os.sched_setaffinity(0, others - {core} or others)
    samples = []
    while process.poll() is None:
        cpu = ticks(process.pid)
        if cpu is not None:
            samples.append((time.monotonic(), packets_out() - first, cpu))
        time.sleep(0.005)  # the sampling interval
    os.sched_setaffinity(0, others)
    said, errors = process.communicate()
    assert process.returncode == 0, errors
    inner = [s for s in samples if total * 0.1 <= s[1] <= total * 0.9]
    if len(inner) < 2:  # a smoke run, which nobody judges
        inner = [samples[0], (time.monotonic(), packets_out() - first, samples[-1][2])]
    (t0, p0, c0), (t1, p1, c1) = inner[0], inner[-1]
    # The kernel's RSTs to those that answered left by the same interface, evenly spread.
    syns = (p1 - p0) * total / (packets_out() - first)
    return said, syns / (t1 - t0), (c1 - c0) / (t1 - t0), (c1 - c0) / syns * 1e6


def read_found(path):
    return set(path.read_text().split())


def with_hark(work, prefix, core, rate=0):
    out = work / "hark.found"
    said, *rates = watch([harness.BIN / "hark-syn-bench", f"--prefix={prefix}", f"--port={PORT}", f"--rate={rate}",
                             f"--out={out}", "--cooldown_ms=1000"],
                            ipaddress.ip_network(prefix).num_addresses, core)
    report = json.loads(said)
    assert report["sent"] == ipaddress.ip_network(prefix).num_addresses, report
    return Sweep(read_found(out), *rates)


def with_zmap(work, prefix, core, mac):
    out = work / "zmap.found"
    _, *rates = watch([ZMAP, "-p", str(PORT), "-i", LINK, "-G", mac, "-S", "10.9.0.1", "-r", "0", "-T", "1",
                             f"--cores={core}", "-c", "1", "-b", "/dev/null", "-C", "/dev/null", "-q", "-v", "1",
                             "--disable-syslog", "-o", str(out), prefix],
                            ipaddress.ip_network(prefix).num_addresses, core)
    return Sweep(read_found(out), *rates)


def compare(work, prefix, listeners, rounds):
    """Alternating, so that what else the machine does meets both."""
    core = max(os.sched_getaffinity(0))
    with FarNetwork(prefix, listeners) as far:
        # So that ARP is over for both: zmap is told the address, hark asks the kernel's table.
        mac = far.mac()
        hark, zmap = [], []
        for _ in range(rounds):
            hark.append(with_hark(work, prefix, core))
            if ZMAP:
                zmap.append(with_zmap(work, prefix, core, mac))
        # A smaller part at the given rate, some ten seconds.
        network = ipaddress.ip_network(prefix)
        part = next(network.subnets(new_prefix=max(network.prefixlen, 15)))
        paced = with_hark(work, str(part), core, rate=10_000)
    return hark, zmap, paced


def rows(work, size):
    smoke = getattr(size, "smoke", False)
    prefix = "10.16.0.0/18" if smoke else "10.16.0.0/12"
    first = int(ipaddress.ip_network(prefix).network_address)
    chosen = random.Random(4).sample(range(ipaddress.ip_network(prefix).num_addresses), 800 if smoke else 50_000)
    listeners = {str(ipaddress.ip_address(first + i)) for i in chosen}
    hark, zmap, paced = compare(Path(work), prefix, listeners, getattr(size, "syn_rounds", 1 if smoke else 3))
    missed = max(len(listeners - sweep.found) for sweep in hark)
    others = sum(len(sweep.found - listeners) for sweep in hark)
    rate = statistics.median(sweep.rate for sweep in hark)
    note = f"{len(hark)} sweeps of {prefix}, {sweep_text(hark)}"
    table = [
        Row("SYNs: listeners of the /12 hark missed or made up", missed + others, 0, "", exact=True,
            note=f"{len(listeners)} of {ipaddress.ip_network(prefix).num_addresses}"),
        Row("SYNs: CPU at --rate=10000", paced.cpu * 100, 15, "% of a core",
            note=f"{paced.cpu_us:.1f} µs a SYN"),
        Row("SYNs: rate at --rate=10000, off by", abs(paced.rate / 10_000 - 1) * 100, 2, "%",
            note=f"{paced.rate:.0f}/s"),
    ]
    if not zmap:
        return [Row("SYNs: rate beside zmap's", None, 1, note="no zmap here: apt install zmap")] + table
    zmap_rate = statistics.median(sweep.rate for sweep in zmap)
    zmap_missed = max(len(listeners - sweep.found) for sweep in zmap)
    return [Row("SYNs: rate beside zmap's", rate / zmap_rate, 1, most=False,
                note=f"{rate / 1e3:.0f} and {zmap_rate / 1e3:.0f} k/s; {note}; zmap {sweep_text(zmap)}"),
            Row("SYNs: listeners zmap missed", zmap_missed, None, "")] + table


def sweep_text(sweeps):
    rates = "/".join(f"{sweep.rate / 1e3:.0f}" for sweep in sweeps)
    cpu = statistics.median(sweep.cpu_us for sweep in sweeps)
    return f"{rates} k/s, {cpu:.2f} µs of CPU a SYN"


def main():
    parser = argparse.ArgumentParser(description="see docs/bench.md")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    harness.enter_namespace()
    with harness.Workspace() as work:
        table = rows(work, argparse.Namespace(smoke=options.smoke, syn_rounds=options.rounds))
    print(as_markdown(table), end="")
    return 1 if failed(table, options.smoke) else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--listen"]:
        listen()
    else:
        sys.exit(main())
