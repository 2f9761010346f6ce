"""A thousand workers on one coordinator: what it costs, and what a restart does to them."""

import signal
import socket
import time
from pathlib import Path

import harness
import servers
from merge_path import PORTS_PER_HOST, Process, make_keys
from rows import Row

HOSTS_PER_SECOND = 10  # and worker, of two observations each
LEASE = 60
PROCESSES = 4  # the workers are spread over
PATIENCE = 120 * harness.PATIENCE


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Fleet:
    """Workers in a few processes, asked together."""

    def __init__(self, keys, endpoint, workers):
        self.workers = workers
        each = -(-workers // PROCESSES)
        self.parts = [Process("fleet", keys=keys, endpoint=endpoint, first=first,
                              count=min(each, workers - first), hosts_per_second=HOSTS_PER_SECOND)
                      for first in range(0, workers, each)]
        for part in self.parts:
            assert part.line() == "ready"

    def report(self):
        for part in self.parts:
            part.go()
        total = {"in_session": {}}
        for answer in (part.json() for part in self.parts):
            for epoch, count in answer.pop("in_session").items():
                total["in_session"][int(epoch)] = total["in_session"].get(int(epoch), 0) + count
            for name, value in answer.items():
                total[name] = total.get(name, 0) + value
        return total

    def await_all(self, epoch):
        """Until every worker has a session with this start of the coordinator; how many have."""
        deadline = time.monotonic() + PATIENCE
        while True:
            there = self.report()["in_session"].get(epoch, 0)
            if there == self.workers or time.monotonic() > deadline:
                return there
            time.sleep(0.1)  # polls other processes

    def end(self):
        for part in self.parts:
            part.end()


class Measured:
    """A coordinator, and what it used since all its workers were there."""

    def __init__(self, directory, keys, port, hosts):
        self.process = Process("coordinator", db=directory / "db", keys=keys, hosts=hosts,
                               lease_seconds=LEASE, endpoint=f"tcp://127.0.0.1:{port}")
        self.endpoint = self.process.json()["endpoint"]
        self.watch = servers.Watch(self.process.process.pid)
        self.peak = 0

    def begin(self):
        self.process.go()
        self.began, self.cpu_then = time.monotonic(), self.watch.cpu()

    def over(self, seconds):
        """Cores used over so many seconds."""
        time.sleep(max(0, self.began + seconds - time.monotonic()))
        self.peak = self.watch.peak_memory_mb()
        return (self.watch.cpu() - self.cpu_then) / (time.monotonic() - self.began)

    def kill(self):
        self.process.process.send_signal(signal.SIGKILL)
        self.process.process.wait()

    def stop(self):
        self.process.process.send_signal(signal.SIGTERM)
        cost = self.process.json()
        self.process.end()
        return cost


def rows(directory, size):
    directory = Path(directory)
    workers, seconds = size.workers, size.fleet_seconds
    keys = make_keys(directory, workers)
    port = free_port()
    # More than they can visit, the leases of all at once included.
    hosts = int(workers * (HOSTS_PER_SECOND * (2 * seconds + PATIENCE) + 4 * 256))
    first = Measured(directory, keys, port, hosts)
    fleet = Fleet(keys, first.endpoint, workers)
    began = time.monotonic()
    came = fleet.await_all(1)
    came_seconds = time.monotonic() - began
    before = fleet.report()
    first.begin()
    cores = first.over(seconds)
    after = fleet.report()
    first.kill()
    killed = time.monotonic()
    second = Measured(directory, keys, port, hosts)
    open_seconds = time.monotonic() - killed
    back = fleet.await_all(2)
    back_seconds = time.monotonic() - killed
    second.begin()
    cores_after = second.over(seconds / 2)
    last = fleet.report()
    cost = second.stop()
    fleet.end()
    made = last["visited"] * PORTS_PER_HOST
    wanted = workers * HOSTS_PER_SECOND * PORTS_PER_HOST
    rate = (after["visited"] - before["visited"]) * PORTS_PER_HOST / seconds
    peak = max(first.peak, second.peak, cost["peak_mb"])
    lost = workers - min(came, back, last["in_session"].get(2, 0))
    note = (f"{rate:.0f} observations/s of {wanted} reported by the workers, who used "
            f"{(after['cpu_seconds'] - before['cpu_seconds']) / seconds:.2f} cores; all there after "
            f"{came_seconds:.1f} s")
    return [
        Row(f"{workers} workers: the coordinator's CPU", cores, 1, "cores", note=note),
        Row("… after a kill -9 and their return, backlog included", cores_after, 1, "cores",
            note=f"over {seconds / 2:.0f} s"),
        Row("… its memory at most (VmHWM)", peak, 1024, "MB", timed=size.smoke,
            note=f"{first.peak:.0f} MB before, {second.peak:.0f} MB after the restart"),
        Row("… leases lost by workers that live", last["leases_lost"], 0, "", exact=True,
            timed=False, note=f"leases of {LEASE} s; held back {last['holds']} times"),
        Row("… workers lost", lost, 0, "", exact=True, timed=False,
            note=f"{last['links_lost']} connections given up, {last['welcomes']} sessions"),
        Row("… all back in session after the kill", back_seconds, LEASE, "s",
            note=f"{open_seconds:.1f} s of it until the store was open again"),
        Row("… observations reported that are not acknowledged at the end",
            max(0, made - cost["observations"]) / wanted, 5, "s", timed=True,
            note="in seconds of work: batches under way"),
    ]
