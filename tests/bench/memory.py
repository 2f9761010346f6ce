"""Resident memory of a worker that holds many conversations with hosts that answer slowly."""

import base64
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import harness
import servers
import slow_hosts
from rows import Row


def openings(directory):
    """What slow hosts say, learnt from real servers."""
    with servers.Sshd(directory, 2200) as sshd, servers.Nginx(directory, 4430, "rsa", "TLSv1.2") as web:
        said = {"ssh": [base64.b64encode(piece).decode() for piece in
                        slow_hosts.read_ssh_opening((servers.FIRST_HOST, sshd.port))],
                "tls": base64.b64encode(
                    slow_hosts.read_tls_opening((servers.FIRST_HOST, web.port))).decode()}
    path = directory / "openings.json"
    path.write_text(json.dumps(said))
    return path


def worker_of(scan):
    """The watch on the scan's only worker, once it is there."""
    deadline = time.monotonic() + 30 * harness.PATIENCE
    while time.monotonic() < deadline:
        for child in harness.children(scan.pid):
            if "hark-worker" in Path(f"/proc/{child}/cmdline").read_text():
                return servers.Watch(child)
        time.sleep(0.02)  # polls for a process another one starts
    raise AssertionError("the scan started no worker")


def measure(directory, in_flight):
    """(peak MB, most conversations at once)"""
    script = Path(slow_hosts.__file__)
    hosts = subprocess.Popen([sys.executable, script, directory / "openings.json"],
                             stdout=subprocess.PIPE, text=True)
    assert hosts.stdout.readline() == "ready\n"
    try:
        return scan_slow_hosts(directory / f"db{in_flight}", in_flight)
    finally:
        hosts.terminate()
        hosts.communicate()


def sockets_of(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def scan_slow_hosts(db, in_flight):
    # A fifth more than fit: slots that become free are taken again.
    last = servers.hosts(math.ceil(in_flight * 1.2), "127.80.0.0")[-1]
    scan = subprocess.Popen(
        harness.scan_command(db, f"--targets=127.80.0.0-{last}", "--gate_port=0", "--ports=22,25,443",
                             f"--concurrency={in_flight}", "--rate=1000000", "--quiet",
                             "--throttle_retries=0"),
        stderr=subprocess.DEVNULL)
    watch = worker_of(scan)
    own, peak, most = sockets_of(watch.pid), 0, 0
    while scan.poll() is None:
        peak = max(peak, watch.peak_memory_mb() or 0)
        most = max(most, sockets_of(watch.pid) - own)
        time.sleep(0.1)  # samples of a count; VmHWM itself misses nothing
    assert scan.returncode == 0, f"the scan of slow hosts gave {scan.returncode}"
    return peak, most


def rows(directory, size):
    openings(directory)
    out = []
    for in_flight, limit in ((size.few, 40), (size.many, 250)):
        peak, most = measure(directory, in_flight)
        # Without nearly all of them in flight the number would say nothing.
        good = most >= 0.95 * in_flight
        out.append(Row(f"worker's memory, {in_flight} slow conversations (VmHWM)", peak, limit, "MB",
                       timed=size.smoke, note="a third each SSH, SMTP with TLS, TLS"))
        out.append(Row(f"… of {in_flight}, conversations held at once", most, 0.95 * in_flight, "",
                       most=False, note="" if good else "too few for the row above to count"))
    return out
