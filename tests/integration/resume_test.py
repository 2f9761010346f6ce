#!/usr/bin/env python3
"""The same plan gives the same report and the same clusters, byte for byte apart from times: with 1, 2
and 4 workers, in any order of targets, and however often the coordinator and its workers are killed."""

import subprocess
import sys
import time

import harness

RUN = "NA-20180430"
KILLS = 24  # at least 20 are asked for; every fourth is the coordinator's


def results(db):
    return harness.without_times(harness.report(db, RUN)), harness.clusters(db, RUN)


def undisturbed(directory, lab):
    flags = (f"--run={RUN}", "--country=NA", "--rate=1000000", "--quiet")
    harness.scan(directory / "one", f"--geo={lab.geo}", "--workers=1", "--seed=1", *flags)
    harness.check_against_truth(lab, directory / "one", RUN)
    reference = results(directory / "one")
    print("1 worker: as the paper says", flush=True)

    lines = lab.geo.read_text().splitlines()
    header, rows = lines[0], lines[1:]
    rng = harness.seeded_random("order")
    for workers in (2, 4):
        rng.shuffle(rows)
        shuffled = directory / f"geo-{workers}.csv"
        shuffled.write_text("\n".join([header, *rows]) + "\n")
        db = directory / f"with-{workers}"
        harness.scan(db, f"--geo={shuffled}", f"--workers={workers}",
                     f"--seed={rng.randrange(1 << 60)}", *flags)
        assert results(db) == reference, f"{workers} workers give another result"
        print(f"{workers} workers, other order: the same", flush=True)
    return reference


def kill_at_random(directory, lab, reference):
    rng = harness.seeded_random("kills")
    db = directory / "killed"
    # Slow enough that the kills fall into the run, not behind it.
    command = harness.scan_command(db, f"--run={RUN}", "--country=NA", f"--geo={lab.geo}",
                                   "--rate=40000", "--workers=3", "--quiet")
    kills = {"coordinator": 0, "worker": 0}
    process = None
    log = open(directory / "killed.log", "w")
    while True:
        if process is None:
            process = subprocess.Popen(command, stderr=log, stdout=log)
        try:  # a random moment from now, unless it ends first
            code = process.wait(timeout=rng.uniform(0.05, 0.7))
        except subprocess.TimeoutExpired:
            code = None
        if code is not None:
            assert code == 0, f"the scan ended with {code}:\n" + (directory / "killed.log").read_text()
            break
        if sum(kills.values()) >= KILLS:
            continue
        if sum(kills.values()) % 4 == 3:
            harness.kill(process.pid)
            process.wait()
            process = None
            kills["coordinator"] += 1
        else:
            workers = harness.children(process.pid)
            if workers and harness.kill(rng.choice(workers)):
                kills["worker"] += 1
    print(f"killed: {kills}", flush=True)
    assert sum(kills.values()) >= 20, f"only {kills} kills before the run ended"
    assert results(db) == reference, "the killed run gives another result"


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        with harness.Lab(directory, f"--paper={RUN}") as lab:
            started = time.monotonic()
            reference = undisturbed(directory, lab)
            kill_at_random(directory, lab, reference)
            print(f"passed in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
