"""What happens to a fleet, chosen by a seed: a schedule of faults, and the playing of it.

The schedule depends on the seed and nothing else. What is out of reach when its time comes (a worker
that is dead already) is passed over and not counted.
"""

import signal
import time
from dataclasses import dataclass

import fleet as fleets
import network

# kind: weight, and how long it lasts (seconds). A worker is stopped either for a moment or for so long
# that its leases have gone to others.
KINDS = {
    "kill a worker": (6, (0.2, 2.5)),
    "stop a worker": (3, (0.3, 2.0)),
    "stop a worker beyond its lease": (1, (fleets.LEASE + 1, fleets.LEASE + 3)),
    "drop a link": (3, (0.5, fleets.LEASE + 2)),
    "unplug a link": (2, (0.5, 4.0)),
    "reset a connection": (3, (0, 0)),
    "fill a worker's disk": (2, (1.0, 4.0)),
    "kill the coordinator": (2, (0.1, 2.0)),
    "end the coordinator": (1, (0.1, 2.0)),
    "fill the coordinator's disk": (1, (1.0, 3.0)),
}


LOOK = 0.5  # seconds between questions whether all is done


@dataclass
class Fault:
    at: float  # seconds since the run began
    kind: str
    worker: int
    seconds: float


def schedule(rng, workers, seconds, gap):
    """Faults over this time, `gap` seconds apart on average."""
    kinds, weights = list(KINDS), [weight for weight, _ in KINDS.values()]
    faults, at = [], 0.5
    while at < seconds:
        kind = rng.choices(kinds, weights)[0]
        faults.append(Fault(at, kind, rng.randint(1, workers), rng.uniform(*KINDS[kind][1])))
        at += rng.uniform(0.2, 2 * gap - 0.2)
    return faults


class Play:
    """Plays a schedule on a fleet until the scan is over."""

    def __init__(self, fleet, faults, insist=False):
        """insist: a fault that cannot be played now is played as soon as it can."""
        self.fleet = fleet
        self.faults = list(faults)
        self.insist = insist
        self.ledger = {}
        self.pending = []  # (when, what to do): ends of faults
        self.cut = set()   # workers whose link somebody has cut already
        self.full = set()
        self.asked_to_end = False
        self.stopped_by_its_disk = 0  # a full disk stops a coordinator only if it has something to write

    def run(self, most_seconds):
        began = looked = time.monotonic()
        coordinator = self.fleet.coordinator
        while True:
            now = time.monotonic() - began
            if time.monotonic() - looked > LOOK:
                self.fleet.end_when_done()
                looked = time.monotonic()
            assert now < most_seconds, f"not over after {now:.0f} s\n{coordinator.said()[-2000:]}"
            for due in [entry for entry in self.pending if entry[0] <= now]:
                self.pending.remove(due)
                due[1]()
            if coordinator.process.poll() is not None and self.has_ended(coordinator, now):
                break
            while self.faults and self.faults[0].at <= now:
                fault = self.faults.pop(0)
                if self.begin(fault, now):
                    self.ledger[fault.kind] = self.ledger.get(fault.kind, 0) + 1
                elif self.insist:
                    fault.at = now + 0.1
                    self.faults.insert(0, fault)
            self.look_after_workers(now)
            time.sleep(0.02)  # polls for what other processes do
        for _, heal in sorted(self.pending, key=lambda entry: entry[0]):
            heal()
        self.pending.clear()
        return time.monotonic() - began

    def later(self, when, what):
        self.pending.append((when, what))

    def has_ended(self, coordinator, now):
        """True when the run is done; else it is started again by the same command."""
        code = coordinator.process.returncode
        if code == 0 and not (self.fleet.serve and self.asked_to_end):
            return self.fleet.survey_is_over()
        if any(what == self.fleet.start_survey for _, what in self.pending):
            return False  # it was killed, and comes back at its time
        played = "fill the coordinator's disk" in self.ledger
        full = code == fleets.DISK_FULL and played and "no space left" in coordinator.said()[-300:].lower()
        asked = code in (0, fleets.INTERRUPTED, -signal.SIGTERM) and self.asked_to_end  # the latter before it began
        assert full or asked, f"the coordinator ended with {code}:\n{coordinator.said()[-3000:]}"
        self.asked_to_end = False
        if full:
            self.stopped_by_its_disk += 1
        self.later(now + 0.5, self.fleet.start_survey)
        return False

    def look_after_workers(self, now):
        for worker in self.fleet.workers.values():
            if worker.alive() or any(what == worker.start for _, what in self.pending):
                continue
            raise AssertionError(f"{worker.name} ended with {worker.process.returncode}:\n{worker.said()[-3000:]}")

    def begin(self, fault, now):
        """False when it cannot be played now."""
        if fault.kind.endswith("coordinator") or "coordinator's" in fault.kind:
            return self.hurt_coordinator(fault, now)
        return self.hurt_worker(fault, self.fleet.workers[fault.worker], now)

    def hurt_coordinator(self, fault, now):
        coordinator = self.fleet.coordinator
        if not coordinator.alive() or self.asked_to_end or "coordinator" in self.full:
            return False
        if fault.kind == "kill the coordinator":
            coordinator.kill()
            self.later(now + fault.seconds, self.fleet.start_survey)
        elif fault.kind == "end the coordinator":
            self.asked_to_end = True
            coordinator.signal(signal.SIGTERM)
        else:
            self.fill("coordinator", self.fleet.disk, now + fault.seconds)
        return True

    def hurt_worker(self, fault, worker, now):
        if not worker.alive():
            return False
        until = now + fault.seconds
        if fault.kind == "kill a worker":
            worker.kill()
            self.later(until, worker.start)
        elif fault.kind.startswith("stop a worker"):
            worker.signal(signal.SIGSTOP)
            self.later(until, lambda: worker.signal(signal.SIGCONT))
        elif fault.kind == "fill a worker's disk":
            if fault.worker in self.full:
                return False
            self.fill(fault.worker, worker.state, until)
        elif fault.kind == "reset a connection":
            return network.reset(fault.worker) > 0
        else:
            if fault.worker in self.cut:
                return False
            how = network.drop if fault.kind == "drop a link" else network.unplug
            how(fault.worker, True)
            self.cut.add(fault.worker)
            self.later(until, lambda: (how(fault.worker, False), self.cut.discard(fault.worker)))
        return True

    def fill(self, whose, disk, until):
        self.full.add(whose)
        filler = fleets.fill(disk)

        def free():
            filler.unlink()
            self.full.discard(whose)
        self.later(until, free)


def say(ledger):
    return ", ".join(f"{kind} {n}×" for kind, n in sorted(ledger.items()))
