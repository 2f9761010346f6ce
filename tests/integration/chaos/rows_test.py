#!/usr/bin/env python3
"""Rows of docs/failures.md with real processes, cables and disks: each function is named after its row. Every
one of them ends with the survey an undisturbed fleet gives.

  rows_test.py [row07_half_open …]
"""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import faults  # noqa: E402
import fleet as fleets  # noqa: E402
import harness  # noqa: E402
import network  # noqa: E402
from fleet import LEASE  # noqa: E402
from harness import wait_for  # noqa: E402

HOSTS, ADDRESSES = 300, 2560
WORKERS = 2
RATE = 250  # a dozen seconds: faults fall into the run
ROWS = {}


def row(function):
    ROWS[function.__name__] = function
    return function


class Stage:
    """The lab, what an undisturbed fleet finds there, and a new fleet for each row."""

    def __init__(self, directory, lab):
        self.directory, self.lab = directory, lab
        calm = fleets.undisturbed(directory / "calm", lab, WORKERS, rate=10_000)
        self.usual, self.reference = network.attempts(), calm.results()
        calm.remove()

    def fleet(self, name, **options):
        fleet = fleets.Fleet(self.directory / name, self.lab, WORKERS, **{"rate": RATE, **options})
        network.forget_attempts()
        fleet.start()
        wait_for("somebody at work", lambda: len(network.attempts()) > 50)
        return fleet

    def end(self, fleet, compare=True):
        play = faults.Play(fleet, [])
        play.run(200 * harness.PATIENCE)
        fleet.finish()
        if compare:
            fleets.compare(self.reference, fleet.results(), fleet.directory.name)
        more = network.probed_more(self.usual, network.attempts())
        print(f"{fleet.directory.name}: {len(more)} of {ADDRESSES} probed more than once", flush=True)
        fleet.remove()
        return more


def established(worker):
    """This worker's connections, as the coordinator's end sees them."""
    shown = subprocess.run(["ss", "-H", "-t", "-n", "state", "established", "sport", "=", f":{network.PORT}",
                            "dst", f"172.30.{worker}.2"], capture_output=True, text=True, check=True).stdout
    return len(shown.splitlines())


def jobs_of(listed):
    """A coordinator that can be asked says it with the load, one that cannot beside the name."""
    return listed["jobs"] if "jobs" in listed else (listed["load"] or {"jobs": 0})["jobs"]


def going_on(fleet):
    assert fleet.coordinator.alive(), "the run was over too early:\n" + fleet.coordinator.said()[-1000:]


@row
def row06_reset(stage):
    """RST to both ends, again and again, with batches under way: nothing is lost, nothing is probed anew."""
    fleet = stage.fleet("row06_reset")
    resets = 0
    while resets < 8:
        going_on(fleet)
        resets += network.reset(1 + resets % WORKERS)
        time.sleep(0.3)  # the reset is the event; what follows it needs time to happen
    more = stage.end(fleet)
    assert not more, f"probed again after a reset: {sorted(more)[:5]}"


@row
def row07_half_open(stage):
    """Packets vanish without a word: both ends notice, and the lease is still the worker's when they are back."""
    fleet = stage.fleet("row07_half_open", lease=20)
    network.drop(1, True)
    wait_for("the coordinator to miss it", lambda: not fleet.listed()["w1"]["connected"], 10)
    wait_for("the worker to miss it", lambda: "has gone silent" in fleet.workers[1].said(), 10)
    assert established(1) > 0, "not half open: the coordinator's end is closed"
    network.drop(1, False)
    wait_for("it to be back", lambda: fleet.listed()["w1"]["connected"])
    more = stage.end(fleet)
    assert not more, f"the lease went to the other: {sorted(more)[:5]}"


def plain_host(lab):
    """A host whose keys nobody learns: without it reports differ in their counts only."""
    hosts, address, has_key = [], None, False
    for line in (lab.out / "scenario").read_text().splitlines():
        words = line.split()
        if words[:1] == ["host"]:
            if address and not has_key:
                hosts.append(address)
            address, has_key = words[1] if "country=ZZ" not in words else None, False
        elif words[:1] == ["port"]:
            has_key |= any(word.startswith("key") or word.startswith("behaviour") for word in words)
    return hosts[len(hosts) // 2]


class Poison:
    """Kills the process that contacts an address, whoever it is, the moment it does so."""

    PORT = 22

    def __init__(self, fleet, address):
        self.fleet, self.stopped, self.killed = fleet, False, 0
        network.say("nft", f"""table inet poison {{
  set bitten {{ type ipv4_addr; flags dynamic; }}
  chain before {{
    type filter hook prerouting priority -300;
    ip daddr {address} tcp dport {self.PORT} add @bitten {{ ip saddr }}
    ip daddr {address} tcp dport {self.PORT} drop comment "the host never answers: the worker waits here"
  }}
}}
""")
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.stopped:
            shown = json.loads(subprocess.run(["nft", "-j", "list", "set", "inet", "poison", "bitten"],
                                              capture_output=True, text=True, check=True).stdout)
            for address in [a for entry in shown["nftables"] for a in entry.get("set", {}).get("elem", [])]:
                network.say("nft", f"delete element inet poison bitten {{ {address} }}\n")
                worker = self.fleet.workers[int(address.split(".")[2])]
                if worker.alive():
                    worker.kill()
                    self.killed += 1
                worker.start()
            time.sleep(0.02)  # polls for what the kernel noted

    def end(self):
        self.stopped = True
        self.thread.join()
        network.say("nft", "delete table inet poison\n")


@row
def row14_poison(stage):
    """One host kills every worker that contacts it: it alone is left out, and the run ends."""
    fleet = fleets.Fleet(stage.directory / "row14_poison", stage.lab, WORKERS, rate=5000)
    poison = Poison(fleet, plain_host(stage.lab))
    try:
        network.forget_attempts()
        fleet.start()
        wait_for("the end of the run", lambda: not fleet.coordinator.alive(), 180)
    finally:
        poison.end()
    assert fleet.coordinator.process.returncode == 0, fleet.coordinator.said()[-2000:]
    said = fleet.coordinator.said()
    assert said.count("stopped every worker that tried it; left out") == 1, said[-2000:]
    wanted, have = json.loads(stage.reference["XX"][0]), json.loads(fleet.results()["XX"][0])
    for report in (wanted, have):
        report["without_it"] = report["coverage"]["grabs"]
    assert have["without_it"]["failed"] == 1 and have["without_it"]["answered"] == wanted["without_it"]["answered"] - 1
    assert have["listeners"] == wanted["listeners"] - 1
    wanted["hygiene"]["hosts"] -= 1
    for changed in ("without_it", "coverage", "outcomes", "listeners", "in_country", "country_check", "no_crypto",
                    "crypto_ratio",
                    "crypto_pct", "errors"):
        wanted.pop(changed), have.pop(changed)
    wrong = harness.differences(wanted, have)
    assert not wrong, "more is missing than the one host:\n" + "\n".join(wrong)
    assert fleet.results()["XX"][1] == stage.reference["XX"][1], "the clusters differ"
    print(f"row14_poison: {poison.killed} workers killed by one host", flush=True)
    fleet.finish()
    fleet.remove()


@row
def row16_disk_full(stage):
    """The coordinator's disk is full: one line says so, nothing acknowledged is lost, the same command goes on."""
    fleet = stage.fleet("row16_disk_full")
    filler = fleets.fill(fleet.disk)
    assert fleet.coordinator.process.wait(timeout=60 * harness.PATIENCE) == fleets.DISK_FULL
    last = fleet.coordinator.said().strip().splitlines()[-1]
    assert "free some space" in last, last
    filler.unlink()
    fleet.start_survey()
    more = stage.end(fleet)
    assert not more, f"probed again: {sorted(more)[:5]}"


@row
def row18_coordinator_away(stage):
    """Away for longer than the leases: workers stop probing when four fifths of theirs are over."""
    fleet = stage.fleet("row18_coordinator_away")
    fleet.coordinator.kill()
    time.sleep(LEASE + 1)  # the event itself: a coordinator that is away
    before = network.attempts()
    time.sleep(2)          # and the workers' silence
    assert network.attempts() == before, "a worker probes on when its lease is over"
    fleet.start_survey()
    stage.end(fleet)


@row
def row21_revoked(stage):
    """A key is revoked in the middle of a run: cut off within 5 s, and the other worker finishes."""
    fleet = stage.fleet("row21_revoked", lease=120)  # longer than the run: what returns was not waited for
    wait_for("a job", lambda: jobs_of(fleet.listed()["w1"]) > 0)
    began = time.monotonic()
    fleet.fleet("revoke", "w1")
    wait_for("it to be cut off", lambda: established(1) == 0)
    seconds = time.monotonic() - began
    going_on(fleet)
    assert seconds < 5 * harness.PATIENCE, f"cut off after {seconds:.1f} s"
    wait_for("it to be told", lambda: "refused by the coordinator: REVOKED" in fleet.workers[1].said()
             or "does not know this worker's key" in fleet.workers[1].said())
    print(f"row21_revoked: cut off after {seconds:.1f} s", flush=True)
    stage.end(fleet)
    assert time.monotonic() - began < 100 * harness.PATIENCE, "its leases were waited for"


@row
def row30_sigterm(stage):
    """SIGTERM at random moments: every time 0 in bounded time, and the rest of the lease goes on elsewhere."""
    rng = harness.seeded_random("row30")
    fleet = stage.fleet("row30_sigterm")
    longest = 0
    for number in range(8):
        time.sleep(rng.uniform(0, 0.8))  # a random moment
        if not fleet.coordinator.alive():
            break
        worker = fleet.workers[1 + number % WORKERS]
        began = time.monotonic()
        worker.signal(signal.SIGTERM)
        code = worker.process.wait(timeout=30 * harness.PATIENCE)
        longest = max(longest, time.monotonic() - began)
        assert code == 0, f"SIGTERM ended it with {code}:\n{worker.said()[-2000:]}"
        worker.start()
    assert number >= 3, "the run was over before SIGTERM could be played"
    print(f"row30_sigterm: {number + 1} times, {longest:.1f} s at most", flush=True)
    stage.end(fleet)


def main():
    wanted = sys.argv[1:] or list(ROWS)
    harness.enter_namespace(mounts=True)
    with harness.Workspace() as directory:
        subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
        network.make(WORKERS)
        with fleets.lab_of(directory, {"XX": (HOSTS, ADDRESSES)}) as lab:
            stage = Stage(directory, lab)
            for name in wanted:
                began = time.monotonic()
                ROWS[name](stage)
                print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
