#!/usr/bin/env python3
"""A coordinator whose disk fills up: below the mark it gives nothing more out and says why; when the disk is full
it stays, loses nothing, and goes on by itself when there is space."""

import errno
import os
import subprocess
import sys

import harness
from serve_test import FLAGS as RUN_FLAGS
from serve_test import Serve, create, hark, listed, status

SIZE = 160 << 20
ENDPOINT = "tcp://127.0.0.1:7172"
FLAGS = ("--workers=0", f"--listen={ENDPOINT}", "--rate=60", "--lease_seconds=5")


def leave(disk, free, name="filler"):
    """A file that leaves so many bytes of the disk to others, who may take of them meanwhile."""
    with open(disk / name, "wb", buffering=0) as filler:
        try:
            while (info := os.statvfs(disk)).f_bavail * info.f_frsize > free or free == 0:
                filler.write(bytes(1 << 16))
        except OSError as error:
            assert error.errno == errno.ENOSPC, error


def pressure(db):
    return status(db)["pressure"] or ""


def start_worker(directory, db):
    """With a disk of its own."""
    token = directory / "token"
    token.touch(mode=0o600)
    token.write_text(hark("fleet", "invite", f"--db={db}", f"--endpoint={ENDPOINT}", "--name=far"))
    log = open(directory / "worker.log", "w")
    harness.start([harness.BIN / "hark-worker", f"--state_dir={directory / 'far'}", f"--join_file={token}"],
                  stdout=log, stderr=log)


def check_mark(disk, db, serve):
    """Below --min_free_disk nothing is given out; what is under way ends."""
    serve.command.append("--min_free_disk=60M")
    serve.start()
    leave(disk, 40 << 20)
    harness.wait_for("the pressure", lambda: "--min_free_disk" in pressure(db))
    (disk / "filler").unlink()
    harness.wait_for("its end", lambda: pressure(db) == "")
    assert serve.stop() == 0, serve.said()
    serve.command.pop()


def check_full(disk, db, serve):
    serve.command.append("--min_free_disk=0M")
    # Little enough for the run to fill it.
    leave(disk, 25 << 20, "before")
    serve.start()
    leave(disk, 0)
    harness.wait_for("a full disk", lambda: "the disk is full" in pressure(db), 120)
    process = serve.process
    for name in ("before", "filler"):
        (disk / name).unlink()
    harness.wait_for("the end of the run", lambda: listed(db)["t"]["state"] == "done", 240)
    assert process.poll() is None, "it ended: " + serve.said()
    assert "the disk is full" not in pressure(db)
    assert serve.stop() == 0, serve.said()


def main():
    harness.enter_namespace(mounts=True)
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=300", "--seed=6") as lab:
        alone = directory / "alone"
        harness.scan(alone, "--run=t", f"--targets={lab.targets}", "--rate=2000", "--quiet", *RUN_FLAGS)
        disk = directory / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", disk], check=True)
        try:
            db = disk / "db"
            serve = Serve(db, *FLAGS)
            serve.log = directory / "serve.log"
            assert create(db, "t", lab.targets) == "t"
            start_worker(directory, db)
            check_mark(disk, db, serve)
            check_full(disk, db, serve)
            harness.same_but_for_times(alone, db, "t")
        finally:
            harness.end_started()
            subprocess.run(["umount", "-l", disk], check=True)
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
