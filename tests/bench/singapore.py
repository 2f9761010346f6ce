#!/usr/bin/env python3
"""Singapore as the paper found it on 30 April 2018, looked for by SYN: 8,990,690 addresses, 73,608 of them
listeners, in clusters of the sizes that the paper's table has.

  singapore.py [--rate=N] [--smoke]      the part `singapore` of bench.py by itself

hark-lab is Singapore, in a network of its own behind a veth pair whose packet filter drops what is for nobody:
a country is silent, it does not refuse. Each listener is visited on the gate port too, while discovery goes
on, by one worker; all of it on the machine's cores, the lab and the far side's kernel included.
"""

import argparse
import ipaddress
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parent.parent / "integration")]
os.environ.setdefault("HARK_BIN", str(Path(__file__).resolve().parents[2] / "build/release/bin"))

import harness  # noqa: E402
import servers  # noqa: E402
from memory import worker_of  # noqa: E402
from rows import Row, as_markdown, failed  # noqa: E402

ADDRESSES = 8_990_690
LISTENERS = 73_608
LOCAL_ONLY = 22_644
NO_CRYPTO = 21_885
# One of many that have the paper's number of clusters (3,050) and of their hosts (29,079), its largest
# cluster, and its median and mean over distinct sizes.
SIZES = """2*1586 3*1044 4*57 5*40 6*30 7*24 8*19 9*16 10*14 11*12 12*10 13*9 14*8 15*7 16*7 17*6 18*6 19*5 20*5
21*5 22*4 23*4 24*4 25*4 26*3 27*3 28*3 29*3 30*3 31*3 32*3 33*2 34*2 35*2 36*2 37*2 38*2 39*2 40*2 41*2 42*2 43*2
44*2 45*2 46*2 47*2 48*2 49*2 50 51 52 53 54*2 57 58 60*15 64 67 71 75 80 84 89 94 99 105 111 117 124 131 137 139
146 155 164 173 183 193 204 216 228 241 255 270 285 301 318 336 356 376 397 420 444 469 496 524 554 586 619 654 2697
2800"""
MINUTES = 3
RATE = 150_000
GAP = 1 << 17  # addresses
NEAR, FAR = "172.30.0.1", "172.30.0.2"
# Before the lab's own filter, which refuses.
SILENCE = """table ip country {
  set listeners {
    type ipv4_addr
    elements = { %s }
  }
  chain c {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 10.0.0.0/8 ip daddr != @listeners drop
  }
}
"""


def sh(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, **options)


class FarNetwork:
    """The other end of a veth pair."""

    def __enter__(self):
        self.holder = harness.start(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        harness.wait_for("a network of its own",
                         lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours)
        sh("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", self.holder.pid)
        sh("ip", "addr", "add", f"{NEAR}/24", "dev", "near")
        sh("ip", "link", "set", "near", "up")
        self.run("sh", "-c", f"ip link set lo up && ip addr add {FAR}/24 dev far && ip link set far up"
                 " && sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535")
        sh("ip", "route", "add", "default", "via", FAR)
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def inside(self, *command):
        return ["nsenter", "-t", str(self.holder.pid), "-n", *map(str, command)]

    def run(self, *command, **options):
        return sh(*self.inside(*command), **options)


def key_cache(directory):
    return os.environ.get("HARK_LAB_KEYS", str(directory / "keys"))


def lay_out(networks):
    """Where each of them goes in 10.0.0.0/8: the largest first, apart from each other as a country's are."""
    at = int(ipaddress.ip_address("10.0.0.0"))
    for network in sorted(networks, key=lambda network: network.prefixlen):
        size = network.num_addresses
        networks[network] = at = -(-at // size) * size
        at += size + GAP


def make_scenario(directory, smoke):
    """(scenario, its listeners): the lab's Singapore, moved from loopback to where another network can be."""
    raw = directory / "raw.scenario"
    sizes = ["--sizes=2*40 3*20", "--local_only=100", "--no_crypto=100", "--addresses=40000"] if smoke else [
        f"--sizes={' '.join(SIZES.split())}", f"--local_only={LOCAL_ONLY}", f"--no_crypto={NO_CRYPTO}",
        f"--addresses={ADDRESSES}"]
    sh(harness.BIN / "hark-lab", *sizes, "--country=SG", "--seed=65", "--noserve", f"--write_scenario={raw}",
       f"--key_cache={key_cache(directory)}", stdout=subprocess.DEVNULL)
    lines, listeners, moved = [], [], {}
    for line in raw.read_text().splitlines():
        words = line.split(" ")
        if words[0] == "prefix":
            network = ipaddress.ip_network(words[1])
            moved[network] = 0
        if words[0] == "host":
            if not listeners:
                lay_out(moved)
            address = ipaddress.ip_address(words[1])
            network = next(network for network in moved if address in network)
            words[1] = str(ipaddress.ip_address(moved[network] + int(address) - int(network.network_address)))
            listeners.append(words[1])
        lines.append(words)
    for words in lines:
        if words[0] == "prefix":
            network = ipaddress.ip_network(words[1])
            words[1] = f"{ipaddress.ip_address(moved[network])}/{network.prefixlen}"
    lines = [" ".join(words) for words in lines]
    scenario = directory / "singapore.scenario"
    scenario.write_text("\n".join(lines) + "\n")
    return scenario, listeners


class FarLab(harness.Lab):
    """hark-lab at the far side."""

    def __init__(self, far, directory, scenario):
        self.out = directory / "lab"
        self.ready = directory / "lab.ready"
        self.log = open(directory / "lab.log", "w")
        self.process = subprocess.Popen(
            far.inside(harness.BIN / "hark-lab", f"--out={self.out}", f"--ready_file={self.ready}",
                       f"--key_cache={key_cache(directory)}", f"--scenario={scenario}", "--ports=25"),
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        # 42,000 certificates are signed before it is up.
        harness.wait_for("the lab", lambda: self.ready.exists() or self.process.poll() is not None, 600)
        assert self.process.poll() is None, Path(self.log.name).read_text()
        return self


def status(db):
    done = harness.run([harness.BIN / "hark", "run", "status", f"--db={db}", "--format=json"])
    runs = json.loads(done.stdout)["runs"] if done.returncode == 0 and done.stdout else []
    return runs[0] if runs else None


class Survey:
    """A scan to its end: seconds to the end of discovery and in all, and what everybody used."""

    def __init__(self, db, lab, rate):
        lab_watch = servers.Watch(lab.process.pid)
        began = time.monotonic()
        scan = harness.start([harness.BIN / "hark", "scan", f"--db={db}", "--run=SG", "--country=SG",
                              f"--geo={lab.geo}", "--allow_special=10.0.0.0/8", "--discover=syn", "--ports=25",
                              f"--rate={rate}", "--concurrency=2000", "--throttle_retries=0", "--no_report",
                              "--canary_ports=0", "--quiet"], stderr=subprocess.PIPE, text=True)
        hark_watch, worker = servers.Watch(scan.pid), worker_of(scan)
        self.discovery = None
        looked = began
        while scan.poll() is None:
            worker.cpu()
            hark_watch.cpu()
            if self.discovery is None and time.monotonic() > looked + 1:
                looked = time.monotonic()
                run = status(db)
                if run and run["covered"] == run["planned"]:
                    self.discovery = looked - began
            time.sleep(0.05)  # samples; a process that has ended cannot be asked
        self.seconds = time.monotonic() - began
        assert scan.returncode == 0, f"the scan gave {scan.returncode}: {scan.stderr.read()[-2000:]}"
        self.discovery = self.discovery or self.seconds
        self.cpu = f"CPU seconds: worker {worker.used():.0f}, coordinator {hark_watch.used():.0f}, " \
                   f"lab {lab_watch.used():.0f}"


def rows(work, size, rate=RATE):
    smoke = getattr(size, "smoke", False)
    work = Path(work)
    scenario, listeners = make_scenario(work, smoke)
    with FarNetwork() as far:
        far.run("nft", "-f", "-", input=SILENCE % ", ".join(listeners))
        with FarLab(far, work, scenario) as lab:
            survey = Survey(work / "db", lab, rate)
            coverage = json.loads(harness.report(work / "db", "SG"))["coverage"]
            planned = 40_000 if smoke else ADDRESSES
            wanted = {"planned": planned, "answered": len(listeners), "silent": planned - len(listeners)}
            wrong = [f"{name}: {coverage[name]}" for name, n in wanted.items() if coverage[name] != n]
            wrong += [] if coverage["sums_to_plan"] else ["the ledger does not sum to the plan"]
    print(survey.cpu, file=sys.stderr)
    return [
        Row("Singapore: listeners found by SYN", coverage["answered"], len(listeners), "", exact=True, timed=False,
            note=f"of {planned} addresses"),
        Row("… ledger entries that are wrong", len(wrong), 0, "", exact=True, timed=False,
            note="; ".join(wrong) or ", ".join(f"{name} {n}" for name, n in wanted.items())),
        Row("… discovery took", survey.discovery, MINUTES * 60, "s",
            note=f"--rate={rate}, one worker; {survey.cpu}"),
        Row("… discovery and a visit to each on port 25", survey.seconds, MINUTES * 60, "s",
            note=f"{len(os.sched_getaffinity(0))} cores for hark, the lab and both networks"),
    ]


def main():
    parser = argparse.ArgumentParser(description="see docs/bench.md")
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    harness.enter_namespace()
    try:
        with harness.Workspace() as work:
            table = rows(work, argparse.Namespace(smoke=options.smoke), options.rate)
    finally:
        harness.end_started()
    print(as_markdown(table), end="")
    return 1 if failed(table, options.smoke) else 0


if __name__ == "__main__":
    sys.exit(main())
