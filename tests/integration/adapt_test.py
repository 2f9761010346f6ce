#!/usr/bin/env python3
"""--adapt over a line that is too narrow: the rate falls to what the line carries, and with it the
estimate of what gets lost; the same without it loses a third of the listeners.

A veth pair; over there every eighth address listens, and a packet filter lets so many SYNs of discovery
through each second.
"""

import json
import subprocess
import sys
import time

import harness
from syn_scan_test import SERVER, sh

CAPACITY = 2000  # SYNs a second
RATE = 4000
TARGETS = "10.16.0.0/16"
PLANNED = 65536
FILTER = f"""
table ip t {{
  counter asked {{}}
  counter lost {{}}
  chain input {{
    type filter hook input priority 0; policy accept;
    ip daddr != {TARGETS} accept
    tcp flags & (syn | ack) == syn tcp sport 61000-61039 counter name asked
    tcp flags & (syn | ack) == syn tcp sport 61000-61039 limit rate over {CAPACITY}/second burst 20 packets \\
      counter name lost drop
    ip daddr & 0.0.0.7 == 3 accept
    drop
  }}
}}
"""


class NarrowLine:
    def __enter__(self):
        self.holder = harness.start(["unshare", "--net", "sleep", "infinity"])
        ours = sh("readlink", "/proc/self/ns/net")
        harness.wait_for("a network of its own", lambda: sh(
            "readlink", f"/proc/{self.holder.pid}/ns/net") != ours)
        sh("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(self.holder.pid))
        sh("ip", "addr", "add", "10.9.0.1/24", "dev", "near")
        sh("ip", "link", "set", "near", "up")
        self.run("sh", "-c", "ip link set lo up && ip addr add 10.9.0.2/24 dev far && ip link set far up && "
                 f"ip route add local {TARGETS} dev lo")
        sh("ip", "route", "add", "default", "via", "10.9.0.2")
        self.run("nft", "-f", "-", input=FILTER)
        server = harness.start([*self.inside(), sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        assert server.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_):
        harness.end_started()

    def inside(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def run(self, *command, **kwargs):
        return sh(*self.inside(), *command, **kwargs)

    def counters(self):
        listed = json.loads(self.run("nft", "-j", "list", "counters", "table", "ip", "t"))["nftables"]
        found = {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}
        return found["asked"], found["lost"]

    def reset(self):
        self.run("nft", "reset", "counters")


def scan(line, db, *flags):
    """Samples of a run till its discovery ends: (status, SYNs that came, SYNs that were lost)."""
    line.reset()
    process = harness.start([harness.BIN / "hark", "scan", f"--db={db}", f"--targets={TARGETS}", "--run=narrow",
                             "--allow_special=10.0.0.0/8", "--ports=25", f"--rate={RATE}", "--recheck=10%",
                             "--connect_timeout_ms=500", "--throttle_retries=0", "--canary_ports=0",
                             "--discover=syn", "--no_report", "--seed=5", "--log_format=json", *flags],
                            stderr=subprocess.PIPE, text=True)
    samples = []
    while process.poll() is None:
        time.sleep(0.5)  # samples of what another process does
        done = harness.run([harness.BIN / "hark", "run", "status", f"--db={db}", "--format=json"])
        runs = json.loads(done.stdout)["runs"] if done.returncode == 0 and done.stdout else []
        if runs and runs[0]["covered"] < runs[0]["planned"]:
            samples.append((runs[0], *line.counters()))
    said = process.stderr.read()
    assert process.returncode == 0, said
    coverage = json.loads(harness.report(db, "narrow"))["coverage"]
    assert coverage["sums_to_plan"] and coverage["planned"] == PLANNED, coverage
    return samples, coverage, said


def lost_share(samples):
    (_, asked_0, lost_0), (_, asked_1, lost_1) = samples[0], samples[-1]
    return (lost_1 - lost_0) / max(1, asked_1 - asked_0)


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, NarrowLine() as line:
        samples, fast, _ = scan(line, directory / "fast")
        assert all(run["rate_adapted"] is None for run, _, _ in samples)
        assert lost_share(samples) > 0.3, lost_share(samples)
        print(f"without: {fast['answered']} of {PLANNED // 8} listeners", flush=True)

        samples, adapted, said = scan(line, directory / "adapted", "--adapt")
        rates = [run["rate_ceiling"] for run, _, _ in samples]
        losses = [run["loss"] for run, _, _ in samples if run["loss"] is not None]
        late = lost_share(samples[-len(samples) // 4:])
        print(f"with: {adapted['answered']}; rates {sorted(set(map(round, rates)), reverse=True)}, losses "
              f"{sorted({round(loss, 3) for loss in losses}, reverse=True)}, at last {late:.3f} lost", flush=True)
        assert rates[0] == RATE, rates
        assert min(rates) < 0.7 * RATE, rates
        assert min(rates) >= RATE / 16, rates
        assert late < 0.12, late
        assert losses and max(losses) > 0.2 and losses[-1] < max(losses) / 2, losses
        assert "of the listeners did not answer at first; it goes at" in said, said[-2000:]
        assert adapted["answered"] > fast["answered"] * 1.1, (adapted["answered"], fast["answered"])


if __name__ == "__main__":
    main()
