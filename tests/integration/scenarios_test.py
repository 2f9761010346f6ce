#!/usr/bin/env python3
"""Small countries whose right answer is known: the five hosts the reference splits, and keys that are used
for SSH on one host and for TLS on another."""

import json
import sys

import harness

SCENARIOS = harness.ROOT / "tests/lab/scenarios"


def survey(directory, scenario, *flags):
    directory = directory / scenario
    directory.mkdir()
    with harness.Lab(directory, f"--scenario={SCENARIOS / scenario}.scenario") as lab:
        db = directory / "db"
        harness.scan(db, "--run=t", "--country=XX", f"--geo={lab.geo}", "--rate=100000", "--quiet", *flags)
        harness.check_against_truth(lab, db, "t")
        return json.loads(harness.clusters(db, "t"))


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        five = survey(directory, "five-hosts")
        assert [c["size"] for c in five] == [5], five
        joined = survey(directory, "ssh-tls", "--gate_port=0")
        assert len(joined) >= 3 and all(c["size"] == 2 for c in joined), joined
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
