#!/usr/bin/env python3
"""Discovery by SYN, over raw sockets, between two networks joined by a veth pair.

Here is hark; over there is a /16 of which every 32nd address listens, the rest is silent. The far
side's packet filter counts what arrives: no packet for an excluded address, and after kill -9 of the
worker in the middle of it nothing twice but what was open.
"""

import json
import subprocess
import sys
import time

import harness

SERVER = """
import socket, threading
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 25))
s.listen(4096)
print("listening", flush=True)
while True:
    peer, _ = s.accept()
    peer.close()
"""

FILTER = """
table ip t {
  counter excluded {}
  counter opted_out {}
  counter syns {}
  counter other_port {}
  chain input {
    type filter hook input priority 0; policy accept;
    ip daddr 10.16.64.0/18 counter name excluded drop
    ip daddr 10.16.200.0/24 counter name opted_out
    tcp flags & (syn | ack) == syn counter name syns
    tcp dport != 25 counter name other_port
    ip daddr 10.16.0.0/16 ip daddr & 0.0.0.31 == 3 accept
    ip daddr 10.16.0.0/16 ip daddr & 0.0.0.31 == 5 tcp dport 25 reject with tcp reset
    ip daddr 10.16.0.0/16 drop
  }
}
"""
PLANNED = 3 * 16384
LISTENERS = PLANNED // 32
RATE = 8000
COOLDOWN = 0.5  # what --connect_timeout_ms says below
# A stretch is sent in a quarter of a second, then rests; its batch waits as long for others.
OPEN_SECONDS = 0.25 + COOLDOWN + 0.25 + 0.25


def sh(*command, **kwargs):
    return subprocess.run(command, check=True, capture_output=True, text=True, **kwargs).stdout


class FarNetwork:
    def __enter__(self):
        self.holder = harness.start(["unshare", "--net", "sleep", "infinity"])
        # Until it has left our network: polls another process.
        ours = sh("readlink", "/proc/self/ns/net")
        harness.wait_for("a network of its own", lambda: sh(
            "readlink", f"/proc/{self.holder.pid}/ns/net") != ours)
        sh("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns",
           str(self.holder.pid))
        sh("ip", "addr", "add", "10.9.0.1/24", "dev", "near")
        sh("ip", "link", "set", "near", "up")
        self.run("sh", "-c", "ip link set lo up && ip addr add 10.9.0.2/24 dev far && "
                 "ip link set far up && ip route add local 10.16.0.0/16 dev lo")
        sh("ip", "route", "add", "default", "via", "10.9.0.2")
        self.run("nft", "-f", "-", input=FILTER)
        self.server = harness.start([*self.inside(), sys.executable, "-c", SERVER],
                                    stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.holder.kill()

    def inside(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def run(self, *command, **kwargs):
        return sh(*self.inside(), *command, **kwargs)

    def counter(self, name):
        listed = json.loads(self.run("nft", "-j", "list", "counter", "ip", "t", name))
        return listed["nftables"][1]["counter"]["packets"]

    def reset(self):
        self.run("nft", "reset", "counters")


def command(db, *flags):
    return [str(harness.BIN / "hark"), "scan", f"--db={db}", "--targets=10.16.0.0/16",
            "--exclude=10.16.64.0/18", "--allow_special=10.0.0.0/8", "--ports=25", "--run=syn",
            f"--rate={RATE}", f"--connect_timeout_ms={int(COOLDOWN * 1000)}", "--no_report",
            "--log_level=info", "--throttle_retries=0", "--seed=5", *flags]


def coverage(db):
    return json.loads(harness.report(db, "syn"))["coverage"]


def check_complete(far, db):
    found = coverage(db)
    assert found["sums_to_plan"], found
    assert found["planned"] == PLANNED, found
    assert found["answered"] == LISTENERS, found
    assert found["refused"] == LISTENERS, found
    assert far.counter("excluded") == 0


def finds_every_listener(far, directory):
    far.reset()
    db = directory / "whole"
    done = harness.run(command(db, "--discover=syn", "--recheck=0"))
    assert done.returncode == 0, done.stderr
    check_complete(far, db)
    # One SYN to each target, and those of the visits.
    assert PLANNED <= far.counter("syns") <= PLANNED + 3 * LISTENERS, far.counter("syns")


def rechecks_a_sample(far, directory):
    far.reset()
    db = directory / "recheck"
    done = harness.run(command(db, "--discover=auto", "--probes=2", "--recheck=10%",
                               "--bandwidth=100M"))
    assert done.returncode == 0, done.stderr
    check_complete(far, db)
    silent = PLANNED - 2 * LISTENERS
    least = PLANNED + silent + silent // 11
    assert least <= far.counter("syns") <= least + silent // 40 + 3 * LISTENERS


def survives_kills(far, directory):
    far.reset()
    db = directory / "killed"
    scan = harness.start(command(db, "--discover=syn", "--recheck=0"), stderr=subprocess.DEVNULL)
    kills = 0
    for syns in (PLANNED // 4, PLANNED // 2, 3 * PLANNED // 4):
        harness.wait_for("discovery goes on",
                         lambda: far.counter("syns") >= syns or scan.poll() is not None)
        for worker in harness.children(scan.pid):
            kills += harness.kill(worker)
    assert kills >= 2, kills
    assert scan.wait(timeout=120 * harness.PATIENCE) == 0
    check_complete(far, db)
    most = PLANNED + kills * RATE * OPEN_SECONDS + 3 * LISTENERS
    assert PLANNED <= far.counter("syns") <= most, (far.counter("syns"), most)


def an_opt_out_holds_while_it_runs(far, directory):
    far.reset()
    db = directory / "opt-out"
    scan = harness.start(command(db, "--discover=syn", "--recheck=0"), stderr=subprocess.DEVNULL)
    harness.wait_for("discovery goes on", lambda: far.counter("syns") >= PLANNED // 5)
    done = harness.run([harness.BIN / "hark", "exclude", "add", f"--db={db}", "--reason=test",
                        "10.16.200.0/24"])
    assert done.returncode == 0, done.stderr
    time.sleep(1)  # workers have obeyed within 5 s; here at once, and what was under way is over
    before = far.counter("opted_out")
    assert scan.wait(timeout=120 * harness.PATIENCE) == 0
    assert far.counter("opted_out") == before, (before, far.counter("opted_out"))
    found = coverage(db)
    assert found["sums_to_plan"] and found["excluded_late"] > 0, found


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, FarNetwork() as far:
        try:
            for test in (finds_every_listener, rechecks_a_sample, survives_kills,
                         an_opt_out_holds_while_it_runs):
                begun = time.monotonic()
                test(far, directory)
                print(f"{test.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
        finally:
            harness.end_started()


if __name__ == "__main__":
    main()
