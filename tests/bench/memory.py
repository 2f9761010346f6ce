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


# What 10,000 of one kind wait for: the mix of slow_hosts.py, the ports to scan, in words.
ALL_ALIKE = [("tls-silent", "443", "all TLS, no answer to the ClientHello"),
             ("tls-half", "443", "all TLS, half the server's flight: hello and three certificates"),
             ("ssh", "22", "all SSH, KEXINIT and no more")]


def openings(directory):
    """What slow hosts say, learnt from real servers."""
    at = servers.FIRST_HOST
    with servers.Sshd(directory, 2200) as sshd, \
            servers.Nginx(directory, 4430, "rsa", "TLSv1.2", chain=3) as web:
        said = {"ssh": slow_hosts.read_ssh_opening((at, sshd.port)),
                "tls": slow_hosts.read_tls_opening((at, web.port))}
    path = directory / "openings.json"
    path.write_text(json.dumps({kind: [base64.b64encode(piece).decode() for piece in pieces]
                                for kind, pieces in said.items()}))
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


def measure(directory, in_flight, mix, ports):
    """(peak MB, most conversations at once)"""
    script = Path(slow_hosts.__file__)
    hosts = subprocess.Popen([sys.executable, script, directory / "openings.json", mix],
                             stdout=subprocess.PIPE, text=True)
    assert hosts.stdout.readline() == "ready\n"
    try:
        return scan_slow_hosts(directory / f"db-{mix}-{in_flight}", in_flight, ports)
    finally:
        hosts.terminate()
        hosts.communicate()


def sockets_of(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def scan_slow_hosts(db, in_flight, ports):
    # A fifth more than fit: slots that become free are taken again.
    last = servers.hosts(math.ceil(in_flight * 1.2), "127.80.0.0")[-1]
    scan = subprocess.Popen(
        harness.scan_command(db, f"--targets=127.80.0.0-{last}", "--gate_port=0", f"--ports={ports}",
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


def rows_of(directory, size, in_flight, limit, mix, ports, words):
    peak, most = measure(directory, in_flight, mix, ports)
    # Without nearly all of them in flight the number would say nothing.
    good = most >= 0.95 * in_flight
    return [Row(f"worker's memory, {in_flight} slow conversations (VmHWM)", peak, limit, "MB",
                timed=size.smoke, note=words),
            Row(f"… of {in_flight}, conversations held at once", most, 0.95 * in_flight, "",
                most=False, note="" if good else "too few for the row above to count")]


def rows(directory, size):
    openings(directory)
    out = []
    for in_flight, limit in ((size.few, 40), (size.many, 250)):
        out += rows_of(directory, size, in_flight, limit, "thirds", "22,25,443",
                       "a third each SSH, SMTP with TLS, TLS")
    for mix, ports, words in ALL_ALIKE:
        out += rows_of(directory, size, size.many, 250, mix, ports, words)
    return out
