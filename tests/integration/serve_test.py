#!/usr/bin/env python3
"""One coordinator, many runs: made, paused, resumed, cancelled, slowed down and narrowed while they go, over a
kill -9 and a SIGTERM, and in the end what each found is what a scan alone finds."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time

import harness

HARK = harness.BIN / "hark"
FLAGS = (f"--allow_special={harness.LOOPBACK}", "--pause_min_ms=0", "--pause_max_ms=0", "--throttle_retries=1",
         "--throttle_backoff_ms=1000", "--connect_timeout_ms=1000", "--greeting_timeout_ms=4000", "--seed=7")
HALVES = ("a", "b")


def hark(*words, code=0):
    done = harness.run([HARK, *words])
    assert done.returncode == code, f"{words}: exit {done.returncode}, wanted {code}: {done.stdout}{done.stderr}"
    if code == 2:
        assert len(done.stderr.strip().splitlines()) == 1, f"{words}: not one line: {done.stderr}"
    return done.stdout if code == 0 else done.stderr


class Serve:
    """hark serve, started again and again by the same command."""

    def __init__(self, db, *flags):
        self.db, self.log = db, db.parent / "serve.log"
        self.command = [HARK, "serve", f"--db={db}", *flags]
        self.process = None

    def start(self):
        before = self.said().count("hark serve: ")
        with open(self.log, "a") as log:
            self.process = harness.start(self.command, stdout=log, stderr=log)
        harness.wait_for("hark serve to begin", lambda: self.process.poll() is not None or
                         self.said().count("hark serve: ") > before)
        assert self.process.poll() is None, self.said()

    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=60 * harness.PATIENCE)


def status(db, *words):
    return json.loads(hark("run", "status", f"--db={db}", "--format=json", *words))


def run_of(db, name):
    return next(run for run in status(db, name)["runs"] if run["name"] == name)


def listed(db):
    return {run["name"]: run for run in json.loads(hark("run", "list", f"--db={db}", "--format=json"))}


def create(db, name, targets, *flags):
    return hark("run", "create", f"--db={db}", f"--run={name}", f"--targets={targets}", *FLAGS, *flags).strip()


def obeyed(text):
    """All workers have said that they obey."""
    told = re.search(r"applied by (\d+) of (\d+) workers? in ([\d.]+) s", text)
    assert told and told[1] == told[2], text
    return float(told[3])


def halves_of(directory, lab):
    lines = lab.targets.read_text().split()
    files = []
    for i, name in enumerate(HALVES):
        files.append(directory / f"{name}.txt")
        files[-1].write_text("\n".join(lines[i::2]) + "\n")
    return dict(zip(HALVES, files))


def check_mistakes(directory, targets):
    db = directory / "mistakes"
    assert "no hark store" in hark("run", "status", f"--db={db}", code=2)
    assert "--workers=0 needs --listen" in hark("serve", f"--db={db}", code=2)
    assert "--min_free_disk" in hark("serve", f"--db={db}", "--workers=1", "--min_free_disk=lots", code=2)
    assert "selects no workers" in hark("run", "create", f"--db={db}", f"--targets={targets}", *FLAGS, "--only=planet=x", code=2)
    assert "--window" in hark("run", "create", f"--db={db}", f"--targets={targets}", *FLAGS, "--window=soon", code=2)
    assert "--audit" in hark("run", "create", f"--db={db}", f"--targets={targets}", *FLAGS, "--audit=2", code=2)
    assert "'nonsense'" in hark("exclude", "add", f"--db={db}", "--reason=x", "nonsense", code=2)
    assert "host bits" in hark("exclude", "add", f"--db={db}", "--reason=x", "2001:db8::1/64", code=2)
    assert "no hark store" in hark("run", "pause", f"--db={db}", "t", code=2)
    assert "no hark store" in hark("exclude", "add", f"--db={db}", "--reason=x", "192.0.2.1", code=2)
    assert not db.exists(), "a mistake left a store behind"


def check_at_rest(directory, targets):
    """With no coordinator the store itself is written, and the next one obeys."""
    db = directory / "rest"
    assert create(db, "t", targets, "--rate=5") == "t"
    assert "this very plan already" in hark("run", "create", f"--db={db}", "--run=t", f"--targets={targets}", *FLAGS,
                                            code=2)
    assert "no coordinator runs" in hark("run", "pause", f"--db={db}", "t")
    assert run_of(db, "t")["state"] == "paused", run_of(db, "t")
    assert "no run" in hark("run", "pause", f"--db={db}", "u", code=2)
    assert "version 1" in hark("exclude", "add", f"--db={db}", "--reason=asked", "192.0.2.0/25", "192.0.2.200")
    assert "version 1" in hark("exclude", "add", f"--db={db}", "--reason=again", "192.0.2.7"), "nothing new: no version"
    assert "asked" in hark("exclude", "check", f"--db={db}", "192.0.2.7")
    assert "not among" in hark("exclude", "check", f"--db={db}", "192.0.2.201", code=1)
    assert json.loads(hark("exclude", "list", f"--db={db}", "--format=json"))["addresses"] == 129
    first = harness.run([HARK, "exclude", "add", f"--db={db}", "--reason=list", "-"], input="198.51.100.1\n# no\n")
    assert "version 2" in first.stdout, first.stdout + first.stderr
    later = hark("run", "create", f"--db={db}", "--run=v", "--targets=192.0.2.0/24", "--contact=me@example.org",
                 "--allow_special=192.0.2.0/24").strip()
    run = run_of(db, later)
    assert run["planned"] == 127, run


def check_full_run(directory, lab):
    halves = halves_of(directory, lab)
    alone = {}
    for name, targets in halves.items():
        db = directory / f"alone-{name}"
        harness.scan(db, f"--run={name}", f"--targets={targets}", "--rate=2000", "--quiet", *FLAGS)
        alone[name] = db

    db = directory / "db"
    serve = Serve(db, "--workers=2", "--rate=60", "--lease_seconds=5")
    serve.start()
    for name, mode in (("operator.key", 0o600), ("control", 0o600)):
        assert stat.S_IMODE(os.stat(db / name).st_mode) == mode, name
    assert "in use" in hark("serve", f"--db={db}", "--workers=1", code=2)
    for name, targets in halves.items():
        assert create(db, name, targets) == name
    assert create(db, "c", "127.99.0.0/16") == "c"
    harness.wait_for("two workers", lambda: sum(w["connected"] for w in status(db)["workers"]) == 2)
    return db, serve, alone


def changes_while_it_runs(db):
    obeyed(hark("run", "pause", f"--db={db}", "a"))
    assert run_of(db, "a")["state"] == "paused"
    obeyed(hark("run", "set", f"--db={db}", "--rate=20", "--weight=3", "b"))
    obeyed(hark("run", "cancel", f"--db={db}", "c"))
    assert "cancelled" in hark("run", "resume", f"--db={db}", "c", code=2) or listed(db)["c"]["state"] == "done"
    obeyed(hark("fleet", "rate", f"--db={db}", "--rate=2000"))
    seconds = obeyed(hark("exclude", "add", f"--db={db}", "--reason=asked", "127.99.0.0/16"))
    print(f"an opt-out was applied in {seconds:.1f} s", flush=True)
    harness.wait_for("the cancelled run to be done", lambda: listed(db)["c"]["state"] == "done")


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=400", "--seed=5") as lab:
        check_mistakes(directory, lab.targets)
        check_at_rest(directory, lab.targets)
        db, serve, alone = check_full_run(directory, lab)
        changes_while_it_runs(db)
        before = run_of(db, "a")["covered"]

        serve.stop(signal.SIGKILL)
        assert run_of(db, "a")["state"] == "paused", "the store does not know that it is paused"
        obeyed_later = hark("run", "set", f"--db={db}", "--rate=0", "b")
        assert "the next obeys it" in obeyed_later, obeyed_later
        serve.start()
        harness.wait_for("the run that is not paused", lambda: listed(db)["b"]["state"] == "done", 240)
        assert run_of(db, "a")["state"] == "paused", "a restart was a resume"
        assert status(db)["rate_ceiling"] == 2000, "a restart forgot hark fleet rate"
        print(f"paused at {before} of {run_of(db, 'a')['planned']}", flush=True)
        harness.wait_for("the workers", lambda: sum(w["connected"] for w in status(db)["workers"]) == 2)
        obeyed(hark("run", "resume", f"--db={db}", "a"))
        assert serve.stop() == 0, serve.said()
        serve.start()
        harness.wait_for("the resumed run", lambda: listed(db)["a"]["state"] == "done", 240)
        assert serve.stop() == 0, serve.said()
        for name in HALVES:
            harness.same_but_for_times(alone[name], db, name)
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
