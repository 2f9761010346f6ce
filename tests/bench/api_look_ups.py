"""Look-ups through the API: how many a second of keys and hosts with a million hosts in the store, what a table of all
banners costs those who look up meanwhile, how much disk a host and a visit again take, and how large the server gets.
With --reference the same questions to Passive SSH itself, on a smaller store that its Redis can hold."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import api_reference
import harness
from rows import Row

SECONDS = 10
CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("api_look_ups.lua")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_store(work, hosts, banners, rescans, *flags):
    """Sizes on disk, and the files of paths to ask for."""
    targets = work / "targets"
    out = subprocess.run([harness.BIN / "hark-history-store", f"--db={work / 'db'}", f"--hosts={hosts}",
                          f"--banners={banners}", f"--rescans={rescans}", f"--targets={targets}", *flags],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = targets.read_text().splitlines()
    for name, prefix in (("keys", "/fingerprint/"), ("hosts", "/host/")):
        (work / name).write_text("".join(line + "\n" for line in lines if line.startswith(prefix)))
    return json.loads(out)


def forget_pages(directory):
    """What follows comes from the disk, as far as the kernel lets go of it."""
    for path in directory.iterdir():
        if path.is_file():
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Server:
    def __init__(self, db):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([harness.BIN / "hark", "api", f"--db={db}", "--readonly",
                                         f"--listen=127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        harness.wait_for("the server to listen", self.listens)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def listens(self):
        assert self.process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def get(self, path):
        """Seconds and bytes of the whole answer."""
        began = time.monotonic()
        with urllib.request.urlopen(self.url + path) as answer:
            size = sum(len(piece) for piece in iter(lambda: answer.read(1 << 16), b""))
        return time.monotonic() - began, size

    def peak_mb(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the kernel tells no peak")


def look_up(url, targets, seconds=SECONDS, connections=CONNECTIONS):
    environment = os.environ | {"TARGETS": str(targets), "SEED": str(time.monotonic_ns() % 10**6)}
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", SCRIPT, url], check=True,
                         stdout=subprocess.PIPE, text=True, env=environment).stdout
    result = json.loads(out[out.index("result ") + 7:].splitlines()[0])
    assert result["failures"] == 0, out
    return result | {"rate": result["requests"] / result["seconds"]}


def beside_banners(server, targets):
    """Look-ups while somebody fetches all banners again and again: their result, the fetches' seconds."""
    ended, fetches = threading.Event(), []

    def fetch():
        while not ended.is_set():
            fetches.append(server.get("/banners")[0])
            ended.wait(0.3)

    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        return look_up(server.url, targets, connections=4), fetches
    finally:
        ended.set()
        thread.join()


def disk_rows(made):
    hosts, rescans = made["hosts"], made["rescans"]
    grown = made["bytes_after_rescans"] - made["bytes"]
    return [
        Row(f"{hosts} hosts, three keys each: disk a host", made["bytes"] / hosts, 1200, "B",
            note="compacted; the bodies of the keys are 450 B"),
        Row("an unchanged visit again", grown / hosts / rescans, 15, "B",
            note=f"{rescans} of each host, compacted"),
        Row(f"{rescans} visits again: the store grows by", 100 * grown / made["bytes"], 5 * rescans / 10,
            "%", note="compacted"),
    ]


def look_up_rows(server, work, seconds):
    out = []
    for name in ("keys", "hosts"):
        first = look_up(server.url, work / name, seconds=min(2, seconds))
        result = look_up(server.url, work / name, seconds=seconds)
        out += [
            Row(f"look-ups of {name}", result["rate"], 20_000, "/s", most=False,
                note=f"wrk, {CONNECTIONS} connections, the client on the same cores"),
            Row(f"look-ups of {name}, p99", result["p99_ms"], 5, "ms",
                note=f"median {result['p50_ms']:.2f} ms"),
            Row(f"look-ups of {name}, the first two seconds", first["rate"], None, "/s",
                note="from a disk nobody had read"),
        ]
    return out


def banner_rows(server, work, banners):
    first, _ = server.get("/banners")
    seconds, size = min(server.get("/banners") for _ in range(3))
    alone = look_up(server.url, work / "keys", connections=4)
    beside, fetches = beside_banners(server, work / "keys")
    return [
        Row(f"/banners with {banners} banners", seconds, 0.5, "s", note=f"{size / 1e6:.1f} MB"),
        Row("/banners, the first time", first, None, "s", note="waits for the count"),
        Row("look-ups' p99 beside /banners, more than alone", beside["p99_ms"] - alone["p99_ms"], 5, "ms",
            note=f"{alone['p99_ms']:.2f} ms alone, {beside['p99_ms']:.2f} ms beside {len(fetches)} fetches, "
                 f"the slowest {max(fetches):.2f} s"),
    ]


def reference_rows(work, reference):
    """In turns, on the same records: 20,000 hosts, the size Passive SSH was measured with."""
    made = make_store(work, 20_000, 3_700, 0, f"--records={work / 'records'}")
    with Server(work / "db") as server, \
            api_reference.Reference(reference, work, work / "records") as other:
        paths = [*(work / "keys").read_text().split()[:200], *(work / "hosts").read_text().split()[:200]]
        out = [Row("answers that differ from the reference's", len(api_reference.same_answers(
            server.url, other.url, paths)), 0, "", exact=True, timed=False, note=f"of {len(paths)}")]
        for name in ("keys", "hosts"):
            theirs = [look_up(other.url, work / name, 5, 8) for _ in range(2)]
            ours = [look_up(server.url, work / name, 5, 8) for _ in range(2)]
            best, best_other = (max(one["rate"] for one in both) for both in (ours, theirs))
            out.append(Row(f"look-ups of {name}, times the reference's", best / best_other, None, "x", most=False,
                           note=f"{best:.0f}/s and {best_other:.0f}/s"))
        out += [
            Row("a host: our disk to the reference's memory", made["bytes"] / other.memory, None, "x",
                note=f"{made['bytes'] / made['hosts']:.0f} B and {other.memory / made['hosts']:.0f} B"),
            Row("the reference's ingestion", made["hosts"] / other.fill_seconds, None, "/s"),
        ]
    return out


def rows(work, size):
    if shutil.which("wrk") is None:
        return [Row("look-ups through the API", None, None, note="wrk is not installed")]
    hosts = size.api_hosts
    banners = 185_196 if hosts >= 1_000_000 else hosts // 5
    made = make_store(work, hosts, banners, 10)
    out = disk_rows(made)
    forget_pages(work / "db")
    seconds = 1 if size.smoke else SECONDS
    with Server(work / "db") as server:
        began = time.monotonic()
        server.get("/stats")
        counted = time.monotonic() - began
        out += banner_rows(server, work, banners)
        out += look_up_rows(server, work, seconds)
        all_keys, key_bytes = server.get("/fingerprints")
        out += [
            Row("/stats after the start", counted, None, "s", note="waits for all counts"),
            Row(f"/fingerprints, {3 * hosts} of them", all_keys, None, "s", note=f"{key_bytes / 1e6:.0f} MB"),
            Row("the server's memory at most", server.peak_mb(), 300, "MB", note="VmHWM after all of this"),
        ]
    if size.reference:
        (work / "beside").mkdir()
        out += reference_rows(work / "beside", size.reference)
    return out
