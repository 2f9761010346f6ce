#!/usr/bin/env python3
"""A survey of four countries by eight workers, each of which is killed at least once, and the coordinator five
times: reports and clusters are the undisturbed survey's, byte for byte apart from times, and less than one
target in ten is probed more than once.

  countries_test.py [--seed=N] [--serve] [--discover=connect|syn]
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import faults  # noqa: E402
import fleet as fleets  # noqa: E402
import harness  # noqa: E402
import network  # noqa: E402

COUNTRIES = {"XA": (500, 10_240), "XB": (400, 8192), "XC": (300, 8192), "XD": (300, 6144)}
WORKERS = 8
RATE = 3000
COORDINATOR_KILLS = 5
MOST_SHARE = 0.1


def kills(rng, seconds):
    """In any order, spread over the time an undisturbed survey takes."""
    victims = [("kill a worker", i) for i in range(1, WORKERS + 1)] + [("kill the coordinator", 0)] * COORDINATOR_KILLS
    rng.shuffle(victims)
    step = 0.9 * seconds / len(victims)
    return [faults.Fault((number + rng.random()) * step, kind, worker, rng.uniform(0.1, 1.5))
            for number, (kind, worker) in enumerate(victims)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--serve", action="store_true", help="all four runs at once, by hark serve")
    parser.add_argument("--discover", choices=list(fleets.CONNECT_MS), default="connect")
    arguments = parser.parse_args()
    seed = arguments.seed
    harness.enter_namespace(mounts=True)
    print(f"countries: --seed={seed}", flush=True)
    with harness.Workspace() as directory:
        subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
        network.make(WORKERS)
        with fleets.lab_of(directory, COUNTRIES) as lab:
            options = {"countries": list(COUNTRIES), "rate": RATE, "serve": arguments.serve,
                       "discover": arguments.discover}
            calm = fleets.undisturbed(directory / "calm", lab, WORKERS, **options)
            usual, targets = network.attempts(), network.planned(lab.targets)
            reference = calm.results()
            calm.remove()
            print(f"undisturbed: {calm.seconds:.0f} s, {targets} targets", flush=True)

            hurt = fleets.Fleet(directory / "hurt", lab, WORKERS, **options)
            network.forget_attempts()
            hurt.start()
            play = faults.Play(hurt, kills(random.Random(seed), calm.seconds), insist=True)
            seconds = play.run(300 * harness.PATIENCE)
            hurt.finish()
            share = len(network.probed_more(usual, network.attempts())) / targets
            print(f"{seconds:.0f} s, {faults.say(play.ledger)}; probed more than once: {100 * share:.2f} %", flush=True)
            assert all(worker.killed for worker in hurt.workers.values()), "a worker was not killed"
            assert hurt.coordinator.killed >= COORDINATOR_KILLS, "the run was over before the coordinator's kills"
            fleets.compare(reference, hurt.results(), f"--seed={seed}")
            assert share < MOST_SHARE, f"{100 * share:.2f} % of the targets were probed more than once"
            hurt.remove()
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
