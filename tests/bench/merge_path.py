"""The merge path: from encrypted batches to acknowledged, synced records, beside a bare RocksDB loop
that writes the same keys and values in the same groups."""

import json
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


def bare(directory, name, record):
    process = Process("bare", db=directory / name, record=record)
    cost = process.json()
    process.end()
    return cost
