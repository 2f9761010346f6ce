#!/usr/bin/env python3
"""Half-open knocking beside Debian's zmap: the same /12 with the same listeners, the same core, no rate
limit; then hark at a given rate.

  syn_rate.py [--rounds=4] [--smoke]      the part `syn` of bench.py by itself

Beside zmap runs all of hark's prober (jobs, desk, thread, batches), then the raw channel alone, then the
hark-worker of a scan, on that core too, over a /12 in which nobody listens: so it grabs nothing meanwhile.

What far_network.py's far side costs is paid on the sender's core, the same for both. Rates are read from the
interface's counter, between a tenth and nine tenths of the packets, so that neither's start counts.
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
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parent.parent / "integration")]
os.environ.setdefault("HARK_BIN", str(Path(__file__).resolve().parents[2] / "build/release/bin"))

import harness  # noqa: E402
from far_network import LINK, PORT, SILENT, FarNetwork, packets_out  # noqa: E402
from rows import Row, as_markdown, failed  # noqa: E402

ZMAP = shutil.which("zmap", path="/usr/sbin:/usr/bin")
@dataclass
class Sweep:
    found: set
    rate: float  # packets a second
    cpu: float  # of a core, while sending
    cpu_us: float  # a packet


def ticks(pid):
    """CPU seconds of a process, all its threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Core:
    """One for who is measured, the others for whoever measures and for the rest of us."""

    def __init__(self):
        self.all = set(os.sched_getaffinity(0))
        self.core = max(self.all)

    def __enter__(self):
        os.sched_setaffinity(0, self.all - {self.core} or self.all)
        return self

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.all)

    def take(self, pid=0):
        """As far as may be alone: what else the machine does would count for all, but not alike."""
        for thread in os.listdir(f"/proc/{pid or 'self'}/task"):
            os.sched_setaffinity(int(thread), {self.core})
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, -20)
            Path(f"/proc/{pid or 'self'}/autogroup").write_text("-20")


def sample(process, pid, total):
    """Of the process that sends `total` SYNs, until `process` ends: rate, CPU of a core, µs of CPU a SYN."""
    first = packets_out()
    samples = []
    while process.poll() is None:
        cpu = ticks(pid)
        if cpu is not None:
            samples.append((time.monotonic(), packets_out() - first, cpu))
        time.sleep(0.005)  # the sampling interval
    if packets_out() == first:
        return 0, 0, 0  # it failed, and says why itself
    inner = [s for s in samples if total * 0.1 <= s[1] <= total * 0.9]
    if len(inner) < 2:  # a smoke run, which nobody judges
        inner = [samples[0], (time.monotonic(), packets_out() - first, samples[-1][2])]
    (t0, p0, c0), (t1, p1, c1) = inner[0], inner[-1]
    # The kernel's RSTs to those that answered left by the same interface, evenly spread.
    syns = (p1 - p0) * total / (packets_out() - first)
    return syns / (t1 - t0), (c1 - c0) / (t1 - t0), (c1 - c0) / syns * 1e6


def watch(command, total):
    """Runs what sends `total` SYNs on the core: its output, and what sample says."""
    with Core() as core:

        def alone():
            os.setsid()  # the scheduler shares the CPU among sessions first, where it groups by them
            core.take()

        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=alone)
        rates = sample(process, process.pid, total)
        said, errors = process.communicate()
    assert process.returncode == 0, errors
    return said, *rates


def read_found(path):
    return set(path.read_text().split())


def addresses(prefix):
    return ipaddress.ip_network(prefix).num_addresses


def with_hark(work, prefix, rate=0, whole=True):
    out = work / "hark.found"
    said, *rates = watch([harness.BIN / "hark-syn-bench", f"--prefix={prefix}", f"--port={PORT}", f"--rate={rate}",
                          f"--out={out}", "--cooldown_ms=1000", f"--whole={str(whole).lower()}"],
                         addresses(prefix))
    report = json.loads(said)
    assert report["sent"] == addresses(prefix), report
    return Sweep(read_found(out), *rates)


def with_scan(work, prefix, rate):
    """A run of hark, its worker on the core."""
    db = Path(tempfile.mkdtemp(dir=work)) / "db"
    with Core() as core:
        process = subprocess.Popen(
            [harness.BIN / "hark", "scan", f"--db={db}", f"--targets={prefix}", "--allow_special=10.0.0.0/8",
             f"--gate_port={PORT}", f"--ports={PORT}", f"--rate={rate}", "--discover=syn", "--recheck=0",
             "--connect_timeout_ms=1000", "--no_report", "--quiet", "--contact=bench@example.org"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        harness.wait_for("a worker", lambda: harness.children(process.pid))
        worker, = harness.children(process.pid)
        harness.wait_for("its SYNs", lambda: syn_thread(worker) or process.poll() is not None)
        core.take(worker)
        rates = sample(process, worker, addresses(prefix))
        errors = process.communicate()[1]
    assert process.returncode == 0, errors
    return Sweep(set(), *rates)


def syn_thread(pid):
    """Whether the worker has all its threads: its session's, and the SYNs'."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")) >= 2
    except OSError:
        return False


def with_zmap(work, prefix, mac):
    out = work / "zmap.found"
    core = Core().core
    _, *rates = watch([ZMAP, "-p", str(PORT), "-i", LINK, "-G", mac, "-S", "10.9.0.1", "-r", "0", "-T", "1",
                       f"--cores={core}", "-c", "1", "-b", "/dev/null", "-C", "/dev/null", "-q", "-v", "1",
                       "--disable-syslog", "-o", str(out), prefix], addresses(prefix))
    return Sweep(read_found(out), *rates)


@dataclass
class Measured:
    whole: list
    zmap: list
    channel: list
    scan: list
    paced: list  # all of the prober, with listeners
    paced_scan: list  # hark-worker


def compare(work, prefix, listeners, rounds):
    """In turns and in both orders, so that what else the machine does meets both."""
    silent = SILENT.replace("/12", f"/{ipaddress.ip_network(prefix).prefixlen}")
    found = Measured([], [], [], [], [], [])
    with FarNetwork(prefix, listeners) as far:
        # So that ARP is over for both: zmap is told the address, hark asks the kernel's table.
        mac = far.mac()
        turns = [lambda: found.whole.append(with_hark(work, prefix))]
        turns += [lambda: found.zmap.append(with_zmap(work, prefix, mac))] if ZMAP else []
        for i in range(rounds):
            for turn in turns if i % 2 == 0 else turns[::-1]:
                turn()
        found.channel.append(with_hark(work, prefix, whole=False))
        found.scan.append(with_scan(work, silent, 10_000_000))
        for _ in range(3 if rounds > 1 else 1):
            found.paced.append(with_hark(work, part_of(prefix), rate=10_000))
            found.paced_scan.append(with_scan(work, part_of(silent), 10_000))
    return found


def part_of(prefix):
    """Some six seconds of the given rate."""
    network = ipaddress.ip_network(prefix)
    return str(next(network.subnets(new_prefix=max(network.prefixlen, 16))))


def rows(work, size):
    smoke = getattr(size, "smoke", False)
    prefix = "10.16.0.0/18" if smoke else "10.16.0.0/12"
    first = int(ipaddress.ip_network(prefix).network_address)
    chosen = random.Random(4).sample(range(addresses(prefix)), 800 if smoke else 50_000)
    listeners = {str(ipaddress.ip_address(first + i)) for i in chosen}
    found = compare(Path(work), prefix, listeners, getattr(size, "syn_rounds", 1 if smoke else 4))
    wrong = max(len(sweep.found ^ listeners) for sweep in found.whole + found.channel)
    return beside_zmap(found, prefix, listeners) + [
        Row("SYNs: listeners of the /12 hark missed or made up", wrong, 0, "", exact=True,
            note=f"{len(listeners)} of {addresses(prefix)}, {len(found.whole)} sweeps"),
        *paced_rows("all of the prober, with listeners", found.paced),
        *paced_rows("hark-worker of a scan", found.paced_scan),
    ]


def beside_zmap(found, prefix, listeners):
    if not found.zmap:
        return [Row("SYNs: rate beside zmap's", None, 1, note="no zmap here: apt install zmap")]
    zmap = statistics.median(sweep.rate for sweep in found.zmap)
    note = f"{len(found.zmap)} sweeps of {prefix} each"

    def row(what, sweeps, limit, note):
        rate = statistics.median(sweep.rate for sweep in sweeps)
        return Row(f"SYNs: rate beside zmap's, {what}", rate / zmap, limit, most=False,
                   note=f"{rate / 1e3:.0f} and {zmap / 1e3:.0f} k/s; {note}{sweep_text(sweeps)}")

    missed = max(len(listeners - sweep.found) for sweep in found.zmap)
    return [
        row("all of the prober", found.whole, 1, f"{note}, zmap {sweep_text(found.zmap)}; hark "),
        row("the raw channel alone", found.channel, None, ""),
        row("hark-worker of a scan", found.scan, 1, "nobody listens; "),
        Row("SYNs: listeners zmap missed", missed, None, ""),
    ]


def paced_rows(what, sweeps):
    cpu = statistics.median(sweep.cpu for sweep in sweeps)
    rate = statistics.median(sweep.rate for sweep in sweeps)
    return [
        Row(f"SYNs: CPU at --rate=10000, {what}", cpu * 100, 15, "% of a core",
            note=f"{cpu / rate * 1e6:.1f} µs a SYN"),
        Row(f"SYNs: rate at --rate=10000, {what}, off by", abs(rate / 10_000 - 1) * 100, 2, "%",
            note="/".join(f"{sweep.rate:.0f}" for sweep in sweeps) + "/s"),
    ]


def sweep_text(sweeps):
    rates = "/".join(f"{sweep.rate / 1e3:.0f}" for sweep in sweeps)
    cpu = statistics.median(sweep.cpu_us for sweep in sweeps)
    return f"{rates} k/s, {cpu:.2f} µs of CPU a SYN"


def main():
    parser = argparse.ArgumentParser(description="see docs/bench.md")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    harness.enter_namespace()
    with harness.Workspace() as work:
        table = rows(work, argparse.Namespace(smoke=options.smoke, syn_rounds=options.rounds))
    print(as_markdown(table), end="")
    return 1 if failed(table, options.smoke) else 0


if __name__ == "__main__":
    sys.exit(main())
