"""A lab grabbed whole: nothing lost, limited by work and not by waiting, and what tarpits cost."""

import ipaddress
import json
import os
import subprocess
import time
from pathlib import Path

import harness
import servers
from memory import worker_of
from rows import Row

ALL_PORTS = {22: "ssh", 25: "smtp", 110: "pop3", 143: "imap", 443: "https", 587: "smtp", 993: "imaps"}
SHARED = 7  # hosts of one key: clusters for the truth to hold
TARPIT_DEADLINE = 15  # seconds: --conversation_timeout_ms of the runs with tarpits
CORES = len(os.sched_getaffinity(0))


TARPIT_PORTS = {22: "ssh", 443: "https"}  # fewer: what is compared is waiting, not work


def write_scenario(path, ports, hosts, tarpits=0):
    """`hosts` hosts with these ports; the first `tarpits` of them never get on with SSH."""
    addresses = servers.hosts(hosts, "127.90.0.0")
    ends = (ipaddress.IPv4Address(addresses[0]), ipaddress.IPv4Address(addresses[-1]))
    lines = ["run lab", "country XX"]
    lines += [f"prefix {prefix} asn=1" for prefix in ipaddress.summarize_address_range(*ends)]
    keys = set()
    for i, address in enumerate(addresses):
        ssh, tls = f"s{i}", f"t{i // SHARED}"
        lines += [f"key {ssh} type=ed25519"]
        lines += [] if tls in keys else [f"key {tls} type=ecdsa-p256"]
        keys.add(tls)
        lines.append(f"host {address}")
        for port, protocol in ports.items():
            key = f"keys={ssh}" if protocol == "ssh" else f"key={tls}"
            # Scattered: a run's order is a permutation anyway.
            slow = " behaviour=tarpit" if port == 22 and i < tarpits else ""
            lines.append(f"  port {port} {protocol} {key}{slow}")
    path.write_text("\n".join(lines) + "\n")
    return path


class Timed:
    """A scan to its end, with what everybody used meanwhile."""

    def __init__(self, db, lab, ports, *flags):
        lab_watch = servers.Watch(lab.process.pid)
        scan = subprocess.Popen(
            harness.scan_command(db, "--country=XX", f"--geo={lab.geo}", "--run=lab",
                                 "--gate_port=0", f"--ports={','.join(map(str, ports))}",
                                 "--rate=1000000", "--concurrency=1000", "--quiet",
                                 "--throttle_retries=0", *flags),
            stderr=subprocess.DEVNULL)
        hark_watch = servers.Watch(scan.pid)
        worker = worker_of(scan)
        began = time.monotonic()
        while scan.poll() is None:
            worker.cpu()
            hark_watch.cpu()
            time.sleep(0.02)  # samples; a process that has ended cannot be asked
        self.seconds = time.monotonic() - began
        assert scan.returncode == 0, f"the scan gave {scan.returncode}"
        self.worker = worker.used() / self.seconds
        self.lab = lab_watch.used() / self.seconds
        self.coordinator = hark_watch.used() / self.seconds


def outcomes(db):
    counts = {}
    for port in json.loads(harness.report(db, "lab"))["outcomes"].values():
        for outcome, n in port.items():
            counts[outcome] = counts.get(outcome, 0) + n
    return counts


def whole_lab_rows(directory, size):
    hosts = size.grabbed_hosts
    directory = Path(directory)
    scenario = write_scenario(directory / "lab.scenario", ALL_PORTS, hosts)
    with harness.Lab(directory, f"--scenario={scenario}", "--gate_port=0") as lab:
        done = Timed(directory / "db", lab, ALL_PORTS)
        try:
            harness.check_against_truth(lab, directory / "db", "lab")
            wrong = ""
        except AssertionError as error:
            wrong = " ".join(str(error).splitlines()[1:4])
    good = outcomes(directory / "db").get("ok", 0)
    wanted = hosts * len(ALL_PORTS)
    busiest = max(done.worker, done.lab)
    return [
        Row(f"{hosts} hosts × {len(ALL_PORTS)} ports: observations that are complete", good, wanted, "",
            exact=True, timed=False, note="counted in the report"),
        Row("differences from the lab's truth: report and clusters", 1 if wrong else 0, 0, "",
            exact=True, timed=False, note=wrong or "every key, version and cluster"),
        Row("… at a rate of", wanted / done.seconds, None, "ports/s",
            note=f"{done.seconds:.1f} s in all; one worker, its probes in one thread"),
        Row("… one core's share of the busiest: worker or lab", busiest, 0.7, "", most=False,
            note=f"worker {done.worker:.2f}, lab {done.lab:.2f}, coordinator {done.coordinator:.2f} "
                 f"of a core; this machine has {CORES}"),
    ]


def tarpit_rows(directory, size):
    """The same lab with and without tarpits."""
    seconds = []
    for tarpits in (0, size.tarpits):
        at = Path(directory) / str(tarpits)
        at.mkdir()
        scenario = write_scenario(at / "lab.scenario", TARPIT_PORTS, size.grabbed_hosts, tarpits)
        with harness.Lab(at, f"--scenario={scenario}", "--gate_port=0") as lab:
            done = Timed(at / "db", lab, TARPIT_PORTS,
                         f"--conversation_timeout_ms={TARPIT_DEADLINE * 1000}")
        seconds.append(done.seconds)
    without, with_them = seconds
    return [Row(f"{size.tarpits} tarpits among {size.grabbed_hosts} hosts: run longer by",
                with_them - without, TARPIT_DEADLINE, "s",
                note=f"{with_them:.1f} and {without:.1f} s; limit: what one tarpit alone may take")]
