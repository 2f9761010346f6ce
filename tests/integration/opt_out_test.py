#!/usr/bin/env python3
"""Somebody asks to be left alone while a hundred workers are at it: within 5 s the last of them has said that it
obeys, and from then on no packet goes to the address, neither of a new connection nor of the ones under way."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import by_hand
import harness

WORKERS = int(os.environ.get("HARK_OPT_OUT_WORKERS", "100"))
PORT = 7171
HARK = harness.BIN / "hark"
# What is promised from the command to the last worker's acknowledgement.
PROMISED_SECONDS = 5
# Tarpits: their conversations are open for as long as the run allows, on every port, so that there is something to
# be cut off whenever the command comes.
VICTIMS = [f"127.40.0.{n}" for n in range(10, 30)]
SO_TIMESTAMPNS = 35
STARTED = []


def scenario(path):
    lines = ["run opt-out", "country XX", "prefix 127.40.0.0/24 asn=1"]
    for n in range(1, 255):
        address = f"127.40.0.{n}"
        lines.append(f"host {address}")
        behaviour = " behaviour=tarpit pace=100ms" if address in VICTIMS else ""
        lines.append(f"  port 25 smtp key=opt/{n % 7}{behaviour}")
        lines.append(f"  port 22 ssh keys=opt/{n % 7}{behaviour}")
    path.write_text("\n".join(lines) + "\n")
    return path


class Listener:
    """When the kernel saw a packet from or to each of the victims last, by the wall clock."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.2)
        self.last, self.count, self.stopping = {}, {}, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            try:
                packet, control, _, address = self.socket.recvmsg(64, 64)
            except TimeoutError:
                continue
            if address[2] == socket.PACKET_OUTGOING or len(packet) < 20:
                continue
            seconds, nanos = struct.unpack("qq", control[0][2])
            for end in (packet[12:16], packet[16:20]):
                victim = socket.inet_ntoa(end)
                self.last[victim] = seconds + nanos / 1e9
                self.count[victim] = self.count.get(victim, 0) + 1

    def stop(self):
        self.stopping = True
        self.thread.join()
        lost = struct.unpack("II", self.socket.getsockopt(263, 6, 8))[1]  # PACKET_STATISTICS
        assert lost == 0, f"the listener missed {lost} packets"


def wait_for(what, condition, seconds=120):
    deadline = time.monotonic() + seconds * harness.PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def start_workers(directory, server_key, keys):
    for number, (public, secret) in enumerate(keys):
        config = directory / f"w{number}.conf"
        lines = {"coordinator": f"tcp://127.0.0.1:{PORT}", "server_public_key": server_key, "name": f"w{number}",
                 "state_dir": directory / f"w{number}.state", "public_key": public, "secret_key": secret}
        config.write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
        config.chmod(0o600)
        log = open(directory / f"w{number}.log", "w")
        STARTED.append(subprocess.Popen([harness.BIN / "hark-worker", f"--config={config}"], stdout=log, stderr=log))


def status(db):
    done = harness.run([HARK, "run", "status", f"--db={db}", "--format=json"])
    return json.loads(done.stdout) if done.returncode == 0 else {"workers": []}


def opt_out(db, entries):
    begun = time.monotonic()
    done = harness.run([HARK, "exclude", "add", f"--db={db}", "--reason=asked by mail", *entries])
    returned = time.time()
    assert done.returncode == 0, done.stderr
    text = done.stdout + done.stderr
    told = re.search(r"applied by (\d+) of (\d+) workers in ([\d.]+) s", text)
    assert told, text
    assert int(told[1]) == int(told[2]) == WORKERS, text
    print(f"{len(entries)} opt-outs: {text.strip()}; the command took {time.monotonic() - begun:.2f} s", flush=True)
    assert float(told[3]) <= PROMISED_SECONDS * harness.PATIENCE, text
    return returned


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, \
            harness.Lab(directory, f"--scenario={scenario(directory / 'opt-out.scenario')}") as lab:
        keys = [by_hand.new_key() for _ in range(WORKERS)]
        (directory / "workers.txt").write_text("".join(f"{public} w\n" for public, _ in keys))
        db = directory / "db"
        listener = Listener()
        log = open(directory / "scan.log", "w")
        # The tarpits keep it under way for a minute.
        scan = subprocess.Popen(
            harness.scan_command(db, "--workers=0", f"--listen=tcp://127.0.0.1:{PORT}", "--gate_port=0",
                                 "--ports=22,25", f"--allow_workers={directory / 'workers.txt'}", "--run=t",
                                 f"--targets={lab.targets}", "--quiet", "--rate=1000",
                                 "--conversation_timeout_ms=60000", "--greeting_timeout_ms=60000"),
            stderr=log, stdout=log)
        STARTED.append(scan)
        words = directory / "scan.log"
        wait_for("the coordinator's key", lambda: "server_public_key = " in words.read_text())
        start_workers(directory, words.read_text().split("server_public_key = ")[1].split()[0], keys)
        wait_for("all workers", lambda: sum(w.get("connected", False) for w in status(db)["workers"]) == WORKERS)
        wait_for("conversations with victims", lambda: sum(v in listener.last for v in VICTIMS) >= 3)

        silent_from = opt_out(db, VICTIMS)
        met = [v for v in VICTIMS if v in listener.last]
        wait_for("the rest of the run", lambda: scan.poll() is not None, 400)
        assert scan.returncode == 0, words.read_text()
        listener.stop()
        late = {v: listener.last[v] - silent_from for v in met if listener.last[v] > silent_from}
        assert not late, f"packets after the last acknowledgement (s): {late}"
        packets = sum(listener.count.get(v, 0) for v in VICTIMS)
        print(f"{packets} packets with {len(met)} of {len(VICTIMS)} of them before, none after", flush=True)
        never = [v for v in VICTIMS if v not in met]
        assert not [v for v in never if v in listener.last], "a host was met for the first time after it opted out"
        coverage = json.loads(harness.report(db, "t"))["coverage"]
        assert coverage["excluded_late"] == len(VICTIMS) and coverage["sums_to_plan"], coverage


if __name__ == "__main__":
    try:
        main()
    finally:
        for process in STARTED:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
    sys.exit(0)
