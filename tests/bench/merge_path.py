"""The merge path: from encrypted batches to acknowledged, synced records, beside a bare RocksDB loop
that writes the same keys and values in the same groups."""

import json
import shutil
import subprocess
from pathlib import Path
from statistics import median

import harness
from rows import Row

PROGRAM = Path(harness.BIN) / "hark-fleet-bench"
PORTS_PER_HOST = 2


class Process:
    """A mode of hark-fleet-bench; it is spoken to in lines."""

    def __init__(self, mode, **flags):
        command = [PROGRAM, mode] + [f"--{name}={value}" for name, value in flags.items()]
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def line(self):
        text = self.process.stdout.readline()
        assert text, f"{self.process.args[1]} gave {self.process.wait()}"
        return text.strip()

    def json(self):
        return json.loads(self.line())

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, f"{self.process.args[1]} gave {self.process.returncode}"


def make_keys(directory, workers):
    path = Path(directory) / "keys"
    subprocess.run([PROGRAM, "keys", f"--keys={path}", f"--count={workers}"], check=True)
    return path


def push(directory, keys, hosts, workers, name, record=""):
    """One run pushed through a coordinator as fast as it takes it."""
    coordinator = Process("coordinator", db=directory / name, keys=keys, hosts=hosts,
                          lease_seconds=600, record=record)
    endpoint = coordinator.json()["endpoint"]
    pushers = Process("pushers", keys=keys, endpoint=endpoint, count=workers)
    assert pushers.line() == "ready"
    coordinator.go()
    pushers.go()
    cost = coordinator.json()
    sent = pushers.json()
    pushers.end()
    coordinator.end()
    assert cost["done"] and cost["observations"] == hosts * PORTS_PER_HOST and not sent["refused"]
    return cost | {"client_cpu": sent["cpu_seconds"]}


def bare(directory, name, record, tuned=False):
    process = Process("bare", db=directory / name, record=record, tuned=str(tuned).lower())
    cost = process.json()
    process.end()
    return cost


def growth(samples):
    """How much more the second half of a run needs than the first."""
    half = len(samples) // 2
    return max(samples[half:]) / max(samples[:half]) if half else None


def rows(directory, size):
    directory = Path(directory)
    hosts, workers = size.merge_hosts, 4
    keys = make_keys(directory, workers)
    record = directory / "record"
    push(directory, keys, hosts, workers, "recorded", record)  # not measured: it also writes the record
    pairs, beside_tuned = [], []
    for turn in range(size.merge_rounds):
        ours = push(directory, keys, hosts, workers, f"ours{turn}")
        theirs = bare(directory, f"bare{turn}", record)
        tuned = bare(directory, f"tuned{turn}", record, tuned=True)
        pairs.append((ours, theirs))
        beside_tuned.append(tuned["wall_seconds"] / ours["wall_seconds"])
        for name in (f"ours{turn}", f"bare{turn}", f"tuned{turn}"):
            shutil.rmtree(directory / name)
    records = hosts * PORTS_PER_HOST
    wall = median(theirs["wall_seconds"] / ours["wall_seconds"] for ours, theirs in pairs)
    cpu = median(theirs["cpu_seconds"] / ours["cpu_seconds"] for ours, theirs in pairs)
    rate = median(records / ours["wall_seconds"] for ours, _ in pairs)
    bare_rate = median(records / theirs["wall_seconds"] for _, theirs in pairs)
    micros = median(ours["cpu_seconds"] / records * 1e6 for ours, _ in pairs)
    bare_micros = median(theirs["cpu_seconds"] / records * 1e6 for _, theirs in pairs)
    last = pairs[-1][0]
    return [
        Row("merge path: records/s beside a bare RocksDB loop's", wall, 0.75, most=False,
            note=f"{rate:.0f} and {bare_rate:.0f} records/s acknowledged and synced; {records} records "
                 f"of {hosts} hosts, {pairs[0][1]['bytes'] / records:.0f} bytes each with their index"),
        Row("… beside a loop with all that hark's store is tuned to", median(beside_tuned), None,
            note="a core each for inserting and for tables: what is left of two for the rest"),
        Row("… beside the bare loop in CPU time", cpu, None,
            note=f"{micros:.1f} and {bare_micros:.1f} µs a record: decryption, checks and identities "
                 "run beside the store on the other core"),
        Row("… memory of the run's second half beside its first", growth(last["memory_mb"]), 1.25,
            note=f"{last['peak_mb']:.0f} MB at most (VmHWM), RocksDB's memtables and caches included"),
    ]
