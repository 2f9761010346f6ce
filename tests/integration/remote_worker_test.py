#!/usr/bin/env python3
"""A worker of its own over tcp: it makes its key, is allowed by it, works, and leaves when asked. A stranger
with another key is refused and gets nothing done."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import harness

PORT = 7170


def keygen(path):
    done = harness.run([harness.BIN / "hark-worker", f"--keygen={path}"])
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, "a secret others can read"
    key = done.stdout.split()[-1]
    assert len(key) == 40, done.stdout
    return key


def start(directory, name, server_key):
    written = dict(line.split(" = ", 1) for line in (directory / f"{name}.key").read_text().splitlines()
                   if " = " in line)
    return harness.start_worker(directory, name, f"tcp://127.0.0.1:{PORT}",
                                (written["public_key"], written["secret_key"]), server_key)


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=300", "--seed=3") as lab:
        allowed = directory / "workers.txt"
        allowed.write_text("# the fleet\n" + keygen(directory / "friend.key") + " friend\n")
        keygen(directory / "stranger.key")
        flags = ["--run=t", f"--targets={lab.targets}", "--rate=100000", "--quiet",
                 "--greeting_timeout_ms=2000", "--connect_timeout_ms=1000"]
        scan = harness.start(
            harness.scan_command(directory / "db", "--workers=0", f"--listen=tcp://127.0.0.1:{PORT}",
                                 f"--allow_workers={allowed}", *flags),
            stderr=subprocess.PIPE, text=True)
        server_key = None
        for line in scan.stderr:
            if "server_public_key = " in line:
                server_key = line.split("server_public_key = ")[1].strip()
                break
        assert server_key, "the scan did not say its key"

        stranger = start(directory, "stranger", server_key)
        refusal = directory / "stranger.log"
        while "does not know this worker's key" not in refusal.read_text():
            assert stranger.poll() is None, "the stranger left"
            time.sleep(0.02)  # polls for what another process writes
        coverage = json.loads(harness.report(directory / "db", "t"))["coverage"]
        assert coverage["pending"] == coverage["planned"], "a stranger got work done"

        friend = start(directory, "friend", server_key)
        assert scan.wait(timeout=120 * harness.PATIENCE) == 0, scan.stderr.read()
        friend.send_signal(signal.SIGTERM)
        assert friend.wait(timeout=30 * harness.PATIENCE) == 0, "the worker did not leave in good order"
        stranger.kill()
        stranger.wait()

        harness.scan(directory / "local", *flags)
        harness.same_but_for_times(directory / "local", directory / "db", "t")
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
