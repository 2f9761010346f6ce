#!/usr/bin/env python3
"""One hark scan of several countries: a run each, side by side, as good as a scan of each alone (reports, clusters and
ledgers), and gone on with by the same command when coordinator and workers are killed in the middle."""

import csv
import json
import sys
import time

import harness

RUN = "NA-20180430"  # the lab's hosts, dealt out to three countries
COUNTRIES = ("XA", "XB", "XC")
HARK = harness.BIN / "hark"


def deal(lab, path):
    """The lab's ranges and hosts, each third one to another country."""
    lines = list(csv.reader(lab.geo.read_text().splitlines()))
    header, rows = lines[0], lines[1:]
    out = [",".join(header)]
    at = header.index("country") if "country" in header else len(header) - 1
    for number, row in enumerate(rows):
        row[at] = COUNTRIES[number % len(COUNTRIES)]
        out.append(",".join(row))
    assert len(rows) >= len(COUNTRIES), f"only {len(rows)} ranges"
    path.write_text("\n".join(out) + "\n")


def results(db, names):
    """Of each country, without what the run is called."""
    out = []
    for name in names:
        report = json.loads(harness.without_times(harness.report(db, name)))
        report.pop("run")
        out.append((report, harness.clusters(db, name), coverage(db, name)))
    return out


def coverage(db, name):
    """The ledger by /16 and port: what a killed and redone job may not change."""
    done = harness.run([HARK, "report", f"--db={db}", f"--run={name}", "--coverage", "--format=json"])
    assert done.returncode == 0, f"{name}: {done.stderr}"
    parts = json.loads(done.stdout)
    parts.pop("run")
    assert parts["unplaced"] == 0, parts["unplaced"]
    for state in ("silent", "refused", "unreachable", "answered", "failed"):
        assert sum(b[state] for b in parts["blocks16"].values()) == parts["coverage"][state], (name, state)
    return parts


def states(db):
    """Of all runs; nothing while the store is being made."""
    done = harness.run([HARK, "run", "list", f"--db={db}", "--format=json"])
    return {run["name"]: run for run in json.loads(done.stdout)} if done.returncode == 0 else {}


def alone(directory, geo):
    out = []
    for country in COUNTRIES:
        harness.scan(directory / "alone", f"--geo={geo}", f"--country={country}", f"--run={country}",
                     "--rate=1000000", "--quiet")
        out += results(directory / "alone", [country])
    return out


def wait_for_the_middle(db, process):
    """Until every run has begun; a first run that is done already is what is wanted, too."""
    deadline = time.monotonic() + 120 * harness.PATIENCE
    while True:
        runs = states(db)
        if len(runs) == len(COUNTRIES) and all(run["progress_pct"] >= 10 for run in runs.values()):
            return runs
        assert process.poll() is None, "the scan ended before it was killed"
        assert time.monotonic() < deadline, f"not all runs go on: {runs}"
        time.sleep(0.05)  # polls for what other processes do


def killed_in_the_middle(directory, geo, reference):
    db = directory / "together"
    command = harness.scan_command(db, f"--geo={geo}", f"--country={','.join(COUNTRIES)}",
                                   "--rate=60000", "--workers=1")
    with open(directory / "killed.log", "w") as log:
        process = harness.start(command, stderr=log, stdout=log)
        runs = wait_for_the_middle(db, process)
        workers = harness.children(process.pid)
        harness.kill(process.pid)
        process.wait()
        for worker in workers:
            harness.kill(worker)
    assert any(run["state"] != "done" for run in runs.values())
    print("killed at " + ", ".join(f"{name} {run['progress_pct']} %" for name, run in runs.items()), flush=True)
    done = harness.run(command)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("; resumed") == len(COUNTRIES), done.stderr
    assert set(states(db)) == set(runs), "the same command made another run"
    assert results(db, sorted(runs)) == reference, "together gives another result than alone"


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        with harness.Lab(directory, f"--paper={RUN}") as lab:
            geo = directory / "countries.csv"
            deal(lab, geo)
            reference = alone(directory, geo)
            killed_in_the_middle(directory, geo, reference)

            db = directory / "named"
            words = (f"--geo={geo}", "--country=XA,XC", "--run=both", "--rate=1000000")
            done = harness.run(harness.scan_command(db, *words))
            assert done.returncode == 0, done.stderr
            assert results(db, ["both-XA", "both-XC"]) == [reference[0], reference[2]]
            again = harness.run(harness.scan_command(db, *words))
            assert again.returncode == 0 and again.stderr.count("is complete already") == 2, again.stderr
            print("under a name: the same, and complete")

            plan = harness.run([HARK, "targets", f"--geo={geo}", "--country=XA,XB,XC",
                                f"--allow_special={harness.LOOPBACK}", "--json"])
            told = json.loads(plan.stdout)
            assert told["together"]["planned"] == sum(one["planned"] for one in told["plans"])
            assert told["together"]["planned"] == sum(report["targets"] for report, *_ in reference)
            wrong = harness.run(harness.scan_command(directory / "none", f"--geo={geo}", "--country=XA,QQ"))
            assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1, wrong.stderr
            assert not (directory / "none").exists(), "a mistake in the second country left something"
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
