#!/usr/bin/env python3
"""A store that the first hark wrote (schema 1, all of it still in its log): it is read as it is, and beside newer ones it
becomes a store of today, with the same report and with a history.

old_store/version_1.tar.zst is the store of deploy/quickstart.sh at commit 819ff50, without its keys.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import harness

HARK = harness.BIN / "hark"
RUN = "NA-20180430"
# What the hark that wrote it reported.
WAS = {"targets": 482835, "listeners": 551, "crypto": 379, "host_ports": 820, "unique_keys": 504, "clustered": 80,
       "clusters": 30, "max_cluster": 8}


def hark(*words):
    done = subprocess.run([HARK, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def report(db):
    told = json.loads(hark("report", f"--db={db}", f"--run={RUN}", "--format=json"))
    for field, value in WAS.items():
        assert told[field] == value, (field, told[field], value)


def clusters(db):
    return hark("cluster", "list", f"--db={db}", f"--run={RUN}", "--format=json")


def check(directory):
    archive = harness.ROOT / "tests/integration/old_store/version_1.tar.zst"
    subprocess.run(["tar", "-I", "zstd", "-xf", archive, "-C", directory], check=True)
    db = directory / "db"
    before = sorted(path.name for path in db.iterdir())
    report(db)
    old_clusters = clusters(db)
    assert sorted(path.name for path in db.iterdir()) == before, "reading changed the store"
    members = json.loads(old_clusters)[0]["members"]
    keys = [key if isinstance(key, str) else key["id"] for key in json.loads(old_clusters)[0]["keys"]]
    unknown = json.loads(hark("lookup", members[0], f"--db={db}", "--format=json"))
    assert members[0] in json.dumps(unknown), "a run that is in no history yet is not seen"

    hark("db", "remember", f"--db={db}")
    report(db)
    assert clusters(db) == old_clusters
    hark("db", "check", f"--db={db}")
    for member in members:
        told = json.dumps(json.loads(hark("lookup", member, f"--db={db}", "--format=json")))
        assert any(key in told for key in keys), told
    print("a store of version 1 is read, and becomes one of today")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(check(pathlib.Path(folder)))
