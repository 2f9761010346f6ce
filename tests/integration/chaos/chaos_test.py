#!/usr/bin/env python3
"""Whatever happens to the fleet, the survey is the same: 2,000 hosts, one coordinator and six workers, each in
a network of its own, and faults at random from a seed that is printed.

  chaos_test.py [--rounds=3] [--seed=N]

A round plays one schedule of faults while a survey runs; its report and clusters must equal the undisturbed
run's, byte for byte apart from times. HARK_CHAOS_ROUNDS sets the rounds too; 50 is the long mode. With --seed
the first round's schedule is that seed's, the next one's the seed after it.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import faults  # noqa: E402
import fleet as fleets  # noqa: E402
import harness  # noqa: E402
import network  # noqa: E402

HOSTS = 2000
ADDRESSES = 12_000
WORKERS = 6
RATE = 2500        # so that a run takes long enough to be disturbed
DISTURBED = 25     # seconds of faults; then the run may end in peace
GAP = 0.8          # seconds between faults, on average
MOST_SECONDS = 240


def parse(args):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("HARK_CHAOS_ROUNDS", 3)))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    return parser.parse_args(args)


def one_round(directory, lab, seed, reference, usual, targets):
    schedule = faults.schedule(random.Random(seed), WORKERS, DISTURBED, GAP)
    fleet = fleets.Fleet(directory, lab, WORKERS, rate=RATE)
    network.forget_attempts()
    fleet.start()
    play = faults.Play(fleet, schedule)
    seconds = play.run(MOST_SECONDS * harness.PATIENCE)
    fleet.finish()
    more = network.probed_more(usual, network.attempts())
    print(f"seed {seed}: {seconds:.0f} s, {sum(play.ledger.values())} faults ({faults.say(play.ledger)}); "
          f"{len(more)} of {targets} targets probed more than once ({100 * len(more) / targets:.2f} %)", flush=True)
    fleets.compare(reference, fleet.results(), f"--seed={seed} --rounds=1 reproduces this schedule")
    fleet.remove()
    return len(more) / targets, play.ledger


def main():
    options = parse(sys.argv[1:])
    harness.enter_namespace(mounts=True)
    print(f"chaos: --seed={options.seed} --rounds={options.rounds}", flush=True)
    began = time.monotonic()
    with harness.Workspace() as directory:
        subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
        network.make(WORKERS)
        with fleets.lab_of(directory, {"XX": (HOSTS, ADDRESSES)}) as lab:
            calm = fleets.undisturbed(directory / "calm", lab, WORKERS, rate=RATE)
            usual, targets = network.attempts(), network.planned(lab.targets)
            reference = calm.results()
            calm.remove()
            print(f"undisturbed: {calm.seconds:.0f} s, {sum(usual.values())} connections", flush=True)
            shares, totals = [], {}
            for number in range(options.rounds):
                share, ledger = one_round(directory / f"round-{number}", lab, options.seed + number, reference,
                                          usual, targets)
                shares.append(share)
                for kind, n in ledger.items():
                    totals[kind] = totals.get(kind, 0) + n
            print(f"passed: {options.rounds} rounds, {sum(totals.values())} faults ({faults.say(totals)}); probed "
                  f"more than once: {100 * sum(shares) / len(shares):.2f} % on average, {100 * max(shares):.2f} % at "
                  f"most; {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
