#!/usr/bin/env python3
"""The life of a fleet beside a running scan: workers join with a token each, once; one is revoked and cut off
within 5 s even though it says nothing, one is drained and leaves in good order, the coordinator is killed and
comes back knowing them all, and the run ends as if nothing had been."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import harness
from harness import wait_for

PORT = 7171
ENDPOINT = f"tcp://127.0.0.1:{PORT}"
HARK = harness.BIN / "hark"
WORKER = harness.BIN / "hark-worker"
CUT_OFF_SECONDS = 5  # what is promised


def fleet(*words, code=0):
    done = harness.run([HARK, "fleet", *words])
    assert done.returncode == code, f"{words}: exit {done.returncode}, wanted {code}: {done.stderr}"
    if code != 0:
        line = done.stderr.strip()
        assert len(line.splitlines()) == 1 and line.startswith("hark fleet"), f"{words}: not one line: {line}"
        return line
    return done.stdout


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class Worker:
    def __init__(self, directory, name, *flags, environment=None):
        self.state = directory / f"{name}.state"
        self.log = directory / f"{name}.log"
        with open(self.log, "a") as log:
            self.process = harness.start(
                [WORKER, f"--state_dir={self.state}", f"--name={name}", *flags], stdout=log, stderr=log,
                env={**os.environ, **(environment or {})})

    def says(self, words):
        return words in self.log.read_text()


def secret_file(path, text):
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def listed(db):
    return {row["name"]: row for row in json.loads(fleet("list", f"--db={db}", "--format=json"))["workers"]}


def established(port):
    """Open connections to the coordinator, from the coordinator's end."""
    rows = [line.split() for name in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return sum(row[3] == "01" and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows)


def check_mistakes(directory):
    db = directory / "mistakes"
    a_file = secret_file(directory / "file", "x")
    other = directory / "other"
    other.mkdir()
    secret_file(other / "letter.txt", "dear")
    invite = ("invite", f"--endpoint={ENDPOINT}")
    for words, command in (
            ("--db", ("keygen",)),
            ("is a file", ("keygen", f"--db={a_file}")),
            ("no hark store", (*invite, f"--db={other}")),
            ("--endpoint", ("invite", f"--db={db}")),
            ("--endpoint", ("invite", f"--db={db}", "--endpoint=scan.example.org")),
            ("where to listen", ("invite", f"--db={db}", "--endpoint=tcp://0.0.0.0:7170")),
            ("--expires", (*invite, f"--db={db}", "--expires=soon")),
            ("--expires", (*invite, f"--db={db}", "--expires=9999d")),
            ("--name", (*invite, f"--db={db}", "--name=a b")),
            ("no '", ("list", f"--db={db}")),
            ("no '", ("revoke", f"--db={db}", "nobody")),
            ("needs one of", ())):
        line = fleet(*command, code=2)
        assert words in line, f"{command}: '{words}' is not in: {line}"
    assert not db.exists(), "a mistake left a store behind"

    fleet("keygen", f"--db={db}")
    assert "is there already" in fleet("keygen", f"--db={db}", code=2)
    assert "no worker of the name" in fleet("drain", f"--db={db}", "nobody", code=2)
    token = fleet(*invite, f"--db={db}").strip()
    registry = db / "fleet/registry"
    registry.write_text("hark-fleet 1\nworker nonsense\n")
    line = fleet("list", f"--db={db}", code=2)
    assert "registry: line 2" in line, line

    for words, flags in (
            ("not a whole token", [f"--join={token[:-3]}"]),
            ("chmod 600", [f"--join_file={other / 'open'}"]),
            ("No such file", [f"--join_file={other / 'missing'}"]),
            ("one of --join and --join_file", [f"--join={token}", f"--join_file={a_file}"]),
            ("leave out", [f"--join={token}", "--key_file=x"])):
        (other / "open").write_text(token)
        (other / "open").chmod(0o644)
        done = harness.run([WORKER, f"--state_dir={directory / 'none'}", *flags])
        assert done.returncode == 2 and words in done.stderr, f"{flags}: {done.returncode} {done.stderr}"
        assert token[:60] not in done.stderr, "an error repeats the token"
    assert not (directory / "none").exists(), "a mistake left a state directory behind"


class Coordinator:
    def __init__(self, db, flags):
        self.process = harness.start(harness.scan_command(db, "--workers=0", f"--listen={ENDPOINT}", *flags),
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "server_public_key = " in line:
                self.key = line.split("server_public_key = ")[1].strip()
                return
        raise AssertionError("the scan did not begin")


def join_three(directory, db):
    """paris by a file, lyon by the environment, rome by the command line: each is in the registry when it works."""
    tokens = [fleet("invite", f"--db={db}", f"--endpoint={ENDPOINT}", f"--name={name}").strip()
              for name in ("paris", "lyon", "rome")]
    file = secret_file(directory / "paris.token", tokens[0] + "\n")
    workers = {"paris": Worker(directory, "paris", f"--join_file={file}"),
               "lyon": Worker(directory, "lyon", environment={"HARK_JOIN": tokens[1]}),
               "rome": Worker(directory, "rome", f"--join={tokens[2]}")}
    wait_for("the command line to be clean",
             lambda: tokens[2] not in Path(f"/proc/{workers['rome'].process.pid}/cmdline").read_text())

    wait_for("three workers", lambda: all(listed(db).get(name, {}).get("connected") for name in workers))
    assert workers["rome"].says("--join_file=FILE and HARK_JOIN keep it to you")
    for name, worker in workers.items():
        assert listed(db)[name]["state"] == "allowed"
        assert "hark-worker" in listed(db)[name]["software"]
        assert mode(worker.state / "identity.conf") == 0o600, "a secret others can read"

    thief = Worker(directory, "thief", f"--join_file={file}")
    assert thief.process.wait(timeout=30 * harness.PATIENCE) == 2
    assert thief.says("another worker has joined with this token"), thief.log.read_text()
    late = fleet("invite", f"--db={db}", f"--endpoint={ENDPOINT}", "--expires=1s").strip()
    time.sleep(2)  # a second of the calendar has to pass
    late = Worker(directory, "late", environment={"HARK_JOIN": late})
    assert late.process.wait(timeout=30 * harness.PATIENCE) == 2
    assert late.says("has expired"), late.log.read_text()
    return workers


def somebody_at_work(db):
    busy = []
    wait_for("somebody at work",
             lambda: busy.extend(row["jobs"] and name for name, row in listed(db).items()) or any(busy))
    return next(filter(None, busy))


def revoke_the_silent(db, name, worker):
    """Stopped, so that the coordinator has to end the connection by itself."""
    before = established(PORT)
    worker.process.send_signal(signal.SIGSTOP)
    fleet("revoke", f"--db={db}", name)
    seconds = wait_for("the connection to be cut", lambda: established(PORT) < before)
    print(f"cut off {seconds:.1f} s after hark fleet revoke", flush=True)
    assert seconds < CUT_OFF_SECONDS * harness.PATIENCE
    worker.process.send_signal(signal.SIGCONT)
    wait_for("the revoked worker to be refused", lambda: worker.says("does not know this worker's key"))


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=300", "--seed=3") as lab:
        check_mistakes(directory)
        db = directory / "db"
        key = fleet("keygen", f"--db={db}").strip()
        assert mode(db / "coordinator.key") == 0o600
        flags = ["--run=t", f"--targets={lab.targets}", "--quiet", "--greeting_timeout_ms=2000",
                 "--connect_timeout_ms=1000"]
        scan = Coordinator(db, [*flags, "--rate=60"])
        assert scan.key == key, "the scan does not use the key that was made"
        workers = join_three(directory, db)
        for name in ("registry", "lock", "live"):
            assert mode(db / "fleet" / name) == 0o600, name
        assert mode(db / "fleet") == 0o700

        out = somebody_at_work(db)
        revoke_the_silent(db, out, workers.pop(out))
        stays, leaves = workers
        fleet("drain", f"--db={db}", leaves)
        assert workers[leaves].process.wait(timeout=60 * harness.PATIENCE) == 0, "it did not leave in good order"
        assert scan.process.poll() is None, "the run was over before the coordinator could be killed"
        scan.process.kill()
        scan.process.wait()

        again = Coordinator(db, [*flags, "--rate=100000"])
        assert again.key == key
        assert {name: row["state"] for name, row in listed(db).items()} == {
            stays: "allowed", leaves: "draining", out: "revoked"}
        fleet("allow", f"--db={db}", leaves)
        # No token this time, and no flag but where it lives.
        workers[leaves] = Worker(directory, leaves)
        assert again.process.wait(timeout=300 * harness.PATIENCE) == 0, again.process.stderr.read()
        for worker in workers.values():
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(timeout=30 * harness.PATIENCE) == 0
        assert listed(db)[stays]["last_seen"], "nobody knows when it was last seen"

        harness.scan(directory / "local", *flags, "--rate=100000")
        harness.same_but_for_times(directory / "local", db, "t")
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
