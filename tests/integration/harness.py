"""What the end-to-end tests share: a lab in a network of its own, scans of it, and their results.

A test calls enter_namespace() first: the script starts itself again inside tests/lab/in-namespace.sh,
where only loopback exists. Programs come from HARK_BIN (ctest sets it).
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("HARK_BIN", ROOT / "build/dev/bin"))
# Sanitizer builds are several times slower; what is bounded by time gets that much more of it.
PATIENCE = float(os.environ.get("HARK_PATIENCE", "1"))
LOOPBACK = "127.0.0.0/8"
# What may differ between two runs of one plan: when they ran, and which file said where its addresses are.
TIMES = ("started", "finished", "created", "run_seconds", "duration_seconds", "geo_sources")


def enter_namespace(mounts=False):
    if os.environ.get("HARK_IN_NAMESPACE"):
        return
    if mounts:
        os.environ["HARK_NAMESPACE_MOUNTS"] = "1"
    os.environ["HARK_IN_NAMESPACE"] = "1"
    script = str(ROOT / "tests/lab/in-namespace.sh")
    os.execv(script, [script, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


class Workspace:
    """A directory that is gone afterwards, unless HARK_KEEP is set."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="hark-test-"))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if os.environ.get("HARK_KEEP"):
            print(f"kept {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class Lab:
    """hark-lab, up until the end of the with block."""

    def __init__(self, directory, *flags):
        self.out = Path(directory) / "lab"
        self.ready = Path(directory) / "lab.ready"
        self.log = open(Path(directory) / "lab.log", "w")
        keys = os.environ.get("HARK_LAB_KEYS", str(Path(directory) / "keys"))
        self.process = subprocess.Popen(
            [BIN / "hark-lab", f"--out={self.out}", f"--ready_file={self.ready}",
             f"--key_cache={keys}", *flags], stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + 60 * PATIENCE
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the lab did not start:\n" + Path(self.log.name).read_text())
            time.sleep(0.02)  # polls for a file another process makes
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    @property
    def geo(self):
        return self.out / "geo.csv"

    @property
    def targets(self):
        return self.out / "targets.txt"

    def truth_report(self):
        return json.loads((self.out / "truth-report.json").read_text())

    def truth_clusters(self):
        return json.loads((self.out / "truth-clusters.json").read_text())


def scan_command(db, *flags):
    return [str(BIN / "hark"), "scan", f"--db={db}", f"--allow_special={LOOPBACK}",
            "--pause_min_ms=0", "--pause_max_ms=0", "--no_report",
            # The lab's throttled hosts stay so; one retry is enough to have the path in every test.
            "--throttle_retries=1", "--throttle_backoff_ms=1000", *flags]


def run(command, **kwargs):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          timeout=kwargs.pop("timeout", 300 * PATIENCE), **kwargs)


def scan(db, *flags):
    done = run(scan_command(db, *flags))
    assert done.returncode == 0, f"scan gave {done.returncode}:\n{done.stderr}"
    return done


def report(db, name):
    done = run([BIN / "hark", "report", f"--db={db}", f"--run={name}", "--format=json"])
    assert done.returncode == 0, f"report gave {done.returncode}:\n{done.stderr}"
    return done.stdout


def clusters(db, name):
    done = run([BIN / "hark", "cluster", "list", f"--db={db}", f"--run={name}", "--format=json"])
    assert done.returncode == 0, f"cluster list gave {done.returncode}:\n{done.stderr}"
    return done.stdout


def without_times(text):
    """The bytes of a report, its times taken out."""
    value = json.loads(text)
    for key in TIMES:
        value.pop(key, None)
    return json.dumps(value)


def differences(expected, actual, path=""):
    """Where `actual` differs from the fields `expected` has, as lines."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        out = []
        for key, value in expected.items():
            if key not in actual:
                out.append(f"{path}/{key}: missing")
            else:
                out += differences(value, actual[key], f"{path}/{key}")
        return out
    if isinstance(expected, float) or isinstance(actual, float):
        return [] if abs(expected - actual) < 1e-9 else [f"{path}: {expected} != {actual}"]
    return [] if expected == actual else [f"{path}: {expected} != {actual}"]


def check_against_truth(lab, db, name):
    truth = lab.truth_report()
    for key in ("differs", "run"):
        truth.pop(key, None)
    wrong = differences(truth, json.loads(report(db, name)))
    assert not wrong, "report differs from the lab's truth:\n" + "\n".join(wrong)
    want = sorted((sorted(c["members"]), sorted(c["keys"])) for c in lab.truth_clusters())
    have = sorted((sorted(c["members"]), sorted(c["keys"])) for c in json.loads(clusters(db, name)))
    assert want == have, f"clusters differ from the lab's truth: {len(want)} and {len(have)}"


_started = []


def start(command, **kwargs):
    """A process that end_started() ends, however the test does."""
    process = subprocess.Popen([str(c) for c in command], **kwargs)
    _started.append(process)
    return process


def end_started():
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()
    _started.clear()


def wait_for(what, condition, seconds=60):
    """Polls for what other processes do; gives how long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds * PATIENCE, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - begun


def start_worker(directory, name, endpoint, key, server_key):
    """A worker told everything by a file; key: (public, secret)."""
    config = directory / f"{name}.conf"
    lines = {"coordinator": endpoint, "server_public_key": server_key, "name": name,
             "state_dir": directory / f"{name}.state", "public_key": key[0], "secret_key": key[1]}
    config.write_text("".join(f"{word} = {value}\n" for word, value in lines.items()))
    config.chmod(0o600)
    with open(directory / f"{name}.log", "w") as log:
        return start([BIN / "hark-worker", f"--config={config}"], stdout=log, stderr=log)


def same_but_for_times(db, other, name):
    """Two stores hold the same run: reports compared without their times, and clusters."""
    wrong = differences(json.loads(without_times(report(db, name))),
                        json.loads(without_times(report(other, name))))
    assert not wrong, "the reports differ:\n" + "\n".join(wrong)
    assert clusters(db, name) == clusters(other, name), "the clusters differ"


def children(pid):
    """Living child processes of a process."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in listed]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def seeded_random(label):
    seed = int(os.environ.get("HARK_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"{label}: HARK_SEED={seed}", flush=True)
    return random.Random(seed)
