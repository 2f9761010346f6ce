#!/usr/bin/env python3
"""Hosts that say "Not allowed at this time" come back: not before their back-off, on the throttled port
only, to another worker when the first is not wanted, over a kill -9, and as often as allowed. A small
server in front of the lab's sshd does the refusing and writes down who came when."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import harness

SCENARIO = """run t
country XX
prefix 127.30.0.0/24
key a type=ed25519
key b type=ecdsa-p256
host 127.30.0.1
port 2222 ssh keys=a,b
"""
SSHD = ("127.30.0.1", 2222)
REFUSAL = b"Not allowed at this time\r\n"
BACKOFF = 1.0  # the least the flag takes


def inode_of(client, server):
    """Of the client's socket, while it is connected."""
    def spelled(address):
        return socket.inet_aton(address[0])[::-1].hex().upper() + f":{address[1]:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == spelled(client) and fields[2] == spelled(server):
            return fields[9]
    return None


def process_with(inode):
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(fd) == f"socket:[{inode}]":
                return int(fd.parts[2])
        except OSError:
            pass
    return None


class Doorman:
    """Refuses who `refuses` says, lets the others through to the sshd."""

    def __init__(self, address, refuses):
        self.refuses = refuses  # of (visits so far, the worker's process) -> bool
        self.visits = []        # (time, process, refused), refused ones and those let in
        self.listener = socket.create_server((address, 22), backlog=16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, peer = self.listener.accept()
            process = process_with(inode_of(peer, client.getsockname()))
            refused = self.refuses(self.visits, process)
            self.visits.append((time.monotonic(), process, refused))
            if refused:
                client.sendall(REFUSAL)
                client.close()
            else:
                threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    @staticmethod
    def pass_on(client):
        server = socket.create_connection(SSHD)

        def copy(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        back = threading.Thread(target=copy, args=(server, client), daemon=True)
        back.start()
        copy(client, server)
        back.join()
        client.close()
        server.close()

    def refusals(self):
        return [visit for visit in self.visits if visit[2]]

    def check_backoff(self):
        """From each refusal to the next visit: the back-off, doubled each time."""
        times = [when for when, _, refused in self.visits]
        for i, (when, _, _) in enumerate(self.refusals()):
            if i + 1 < len(times):
                gap = times[i + 1] - when
                assert gap >= BACKOFF * 2 ** i, f"visit {i + 2} came after {gap:.2f} s"


def check_workers(directory):
    """Two workers, three hosts: one refuses its first visitor for good, one only once, one everybody."""
    doors = {"127.30.1.1": Doorman("127.30.1.1", lambda seen, who: who == (seen or [(0, who)])[0][1]),
             "127.30.1.2": Doorman("127.30.1.2", lambda seen, who: not seen),
             "127.30.1.3": Doorman("127.30.1.3", lambda seen, who: True)}
    db = directory / "two"
    harness.scan(db, "--run=t", "--targets=" + ",".join(doors), "--gate_port=0", "--ports=22",
                 "--workers=2", "--throttle_retries=2", f"--throttle_backoff_ms={BACKOFF * 1000:.0f}",
                 "--quiet")
    for door in doors.values():
        door.check_backoff()
    picky, once, never = doors.values()
    assert all(process for _, process, _ in picky.visits), "a visitor without a process"
    assert len(picky.refusals()) == 2, picky.visits
    first = picky.visits[0][1]
    others = {process for _, process, refused in picky.visits if not refused}
    assert others and first not in others, "the worker that was refused twice went a third time"
    assert len(once.refusals()) == 1, once.visits
    assert len(never.visits) == 3, f"{len(never.visits)} visits where 1 and 2 retries were allowed"

    found = json.loads(harness.clusters(db, "t"))
    assert len(found) == 1 and len(found[0]["keys"]) == 2, f"not every key was found: {found}"
    assert sorted(found[0]["members"]) == ["127.30.1.1", "127.30.1.2"], found
    report = json.loads(harness.report(db, "t"))
    assert report["coverage"]["throttled"] == 1, report["coverage"]
    assert report["coverage"]["answered"] == 2, report["coverage"]
    assert report["outcomes"] == {"22": {"ok": 2, "throttled": 1}}, report["outcomes"]


def waiting(db):
    done = harness.run([harness.BIN / "hark", "run", "list", f"--db={db}", "--format=json"])
    return json.loads(done.stdout)[0] if done.returncode == 0 else {"revisits_waiting": 0}


def check_kill(directory):
    """A coordinator killed while it waits knows afterwards for whom."""
    door = Doorman("127.30.2.1", lambda seen, who: not seen)
    db = directory / "killed"
    command = harness.scan_command(db, "--run=t", "--targets=127.30.2.1", "--gate_port=0", "--ports=22",
                                   "--workers=1", "--throttle_retries=3", "--throttle_backoff_ms=3000",
                                   "--quiet")
    scan = subprocess.Popen(command)
    while waiting(db)["revisits_waiting"] == 0:
        assert scan.poll() is None, "the scan ended without its retry"
        time.sleep(0.02)  # polls for what another process writes
    assert waiting(db)["next_revisit_seconds"] in range(0, 5), waiting(db)
    scan.send_signal(signal.SIGKILL)
    scan.wait()
    assert len(door.visits) == 1, door.visits
    done = harness.run(command)
    assert done.returncode == 0, done.stderr
    assert door.visits[1][0] - door.visits[0][0] >= 3, "the restart forgot the back-off"
    assert len(door.refusals()) == 1
    assert json.loads(harness.report(db, "t"))["coverage"]["answered"] == 1
    assert waiting(db)["state"] == "done" and waiting(db)["revisits_waiting"] == 0


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        scenario = directory / "sshd.scenario"
        scenario.write_text(SCENARIO)
        with harness.Lab(directory, f"--scenario={scenario}"):
            check_workers(directory)
            check_kill(directory)
    print("passed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
