#!/usr/bin/env python3
"""Three workers in networks of their own audit each other. A run with audits ends with the report of one without;
when one worker's provider filters port 25, that worker and no other is named, and what it says is doubted."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent / "chaos")]

import fleet as fleets  # noqa: E402
import harness  # noqa: E402
import network  # noqa: E402

HARK = harness.BIN / "hark"
WORKERS = ("w1", "w2", "w3")
BLOCKED = 3
COUNTRY = {"XX": (500, 6144)}
PLAN = (f"--allow_special={network.HOSTS}", "--pause_min_ms=0", "--pause_max_ms=0", "--seed=7", "--contact=me@example.org",
        "--throttle_retries=1", "--throttle_backoff_ms=1000", "--connect_timeout_ms=1000", "--greeting_timeout_ms=4000")
# The lab has servers that change between two visits; a network that filters differs in far more.
USUAL = 0.05


def hark(*words):
    done = harness.run([HARK, *words])
    assert done.returncode == 0, f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def status(db, *words):
    return json.loads(hark("run", "status", f"--db={db}", "--format=json", *words))


def workers(db):
    return {worker["name"]: worker for worker in status(db)["workers"]}


def survey(db, lab, name, *flags):
    """A run from beginning to end; its line of the status."""
    hark("run", "create", f"--db={db}", f"--run={name}", f"--targets={lab.targets}", *PLAN, *flags)
    run = {}

    def over():
        run.update(next(run for run in status(db, name)["runs"] if run["name"] == name))
        return run["state"] == "done"
    harness.wait_for(f"run {name} to end", over, 240)
    return run


def result(db, name):
    report = json.loads(harness.without_times(harness.report(db, name)))
    report.pop("run")
    return report, harness.clusters(db, name)


def rate(worker):
    return worker["disagreed"] / worker["audited"]


def join(directory, db):
    for i, name in enumerate(WORKERS, 1):
        token = directory / f"{name}.token"
        token.touch(mode=0o600)
        token.write_text(hark("fleet", "invite", f"--db={db}", f"--endpoint={network.ENDPOINT}", f"--name={name}"))
        command = [harness.BIN / "hark-worker", f"--state_dir={directory / name}", f"--name={name}",
                   f"--join_file={token}"]
        log = open(directory / f"{name}.log", "w")
        harness.start(network.inside(i, command), stdout=log, stderr=log)
    harness.wait_for("every worker to join", lambda: sum(w["connected"] for w in workers(db).values()) == len(WORKERS))


def filter_port_25(worker):
    subprocess.run(network.inside(worker, ["nft", "-f", "-"]), text=True, check=True, input="""
table inet provider {
  chain out { type filter hook output priority 0; tcp dport 25 drop; }
}
""")


def check(directory, lab):
    db = directory / "db"
    hark("fleet", "keygen", f"--db={db}")
    log = directory / "serve.log"
    with open(log, "w") as out:
        serve = harness.start([HARK, "serve", f"--db={db}", "--workers=0", f"--listen={network.ENDPOINT}",
                               "--rate=2000", "--lease_seconds=5"], stdout=out, stderr=out)
    harness.wait_for("hark serve to begin", lambda: "hark serve: " in log.read_text())
    join(directory, db)

    plain = survey(db, lab, "plain")
    assert plain["audited"] == 0, plain
    audited = survey(db, lab, "audited", "--audit=40%")
    print(f"audited: {audited['disagreed']} of {audited['audited']} findings", flush=True)
    assert audited["audited"] >= 100, audited
    assert rate(audited) <= USUAL, audited
    wrong = harness.differences(result(db, "plain")[0], result(db, "audited")[0])
    assert not wrong, "an audited run differs:\n" + "\n".join(wrong)
    assert result(db, "plain") == result(db, "audited"), "an audited run's clusters differ"
    assert "stands out" not in log.read_text(), log.read_text()

    before = workers(db)
    filter_port_25(BLOCKED)
    blocked = survey(db, lab, "blocked", "--audit=100%")
    assert blocked["disagreed"] > 0, blocked
    shares = {}
    for name, worker in workers(db).items():
        seen = {what: worker[what] - before[name][what] for what in ("audited", "disagreed")}
        assert seen["audited"] >= 20, f"{name}: {seen}"
        shares[name] = rate(seen)
        print(f"{name}: {seen['disagreed']} of {seen['audited']} findings", flush=True)
    named = set(re.findall(r"worker (\w+) stands out", log.read_text()))
    assert named == {f"w{BLOCKED}"}, f"{named}: {shares}"

    serve.send_signal(signal.SIGTERM)
    assert serve.wait(timeout=60 * harness.PATIENCE) in (0, 130), log.read_text()[-2000:]


def main():
    harness.enter_namespace(mounts=True)
    with harness.Workspace() as directory:
        network.make(len(WORKERS))
        with fleets.lab_of(directory, COUNTRY) as lab:
            check(directory, lab)
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
