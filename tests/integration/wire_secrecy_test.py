#!/usr/bin/env python3
"""Whoever listens on the coordinator's wire reads nothing of what the workers send, and whoever logs in to a
machine reads no key and no spool. The listener hears every packet of the namespace: the same words are heard
between a worker and the hosts, so they would be heard here."""

import os
import re
import select
import socket
import stat
import struct
import sys
import threading
from pathlib import Path

import by_hand
import harness
from harness import wait_for

PORT = 7171
# What records, keys and messages are made of. OIDs of rsaEncryption, ecPublicKey and commonName.
WORDS = [b"SSH-2.0", b"ssh-ed25519", b"ssh-rsa", b"rsa-sha2", b"ecdsa-sha2", b"curve25519", b"ESMTP", b"250-",
         b"STARTTLS", b"IMAP4", b"+OK", b"* OK", b"HTTP/1", b"hark", b"friend", b"throttled",
         bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("0603550403")]
SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6


class Listener:
    """Every TCP payload on loopback, as two streams: the coordinator's and all others."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        self.socket.bind(("lo", 0))
        self.wire, self.others, self.packets = {}, bytearray(), 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            packet, address = self.socket.recvfrom(1 << 17)
            if address[2] == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_TCP:
                continue
            head = (packet[0] & 15) * 4
            source, target = struct.unpack(">HH", packet[head:head + 4])
            payload = packet[head + (packet[head + 12] >> 4) * 4:struct.unpack(">H", packet[2:4])[0]]
            if PORT in (source, target):
                self.wire.setdefault((source, target), bytearray()).extend(payload)
                self.packets += 1
            elif len(self.others) < 64 << 20:
                self.others += payload

    def stop(self):
        self.stopping = True
        self.thread.join()
        lost = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        assert lost == 0, f"the listener missed {lost} packets"


def secrets_of(db):
    """Texts and key bytes of the records, as the store gives them: found on the wire they would be a leak."""
    clusters = harness.clusters(db, "t")
    texts = {word.encode() for word in re.findall(r'"([^"\\]{12,})"', clusters)}
    texts |= {bytes.fromhex(word.decode()) for word in texts if re.fullmatch(rb"([0-9a-f]{2}){16,}", word)}
    addresses = {word.encode() for word in re.findall(r"127\.\d+\.\d+\.\d+", clusters)}
    assert texts and addresses
    return texts | addresses


def check_modes(directory, found):
    """Everything in it that holds a key or results is its owner's alone."""
    for path in Path(directory).rglob("*"):
        public = "targets" in path.parts  # the plan, as every worker gets it
        private = path.suffix in (".key", ".conf") or ".state" in str(path.parent)
        if not private or public:
            continue
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            continue  # a spool that was acknowledged meanwhile
        if stat.S_ISREG(mode):
            assert stat.S_IMODE(mode) == 0o600, f"{path} is {mode:o}"
            found.add(path.name)


def main():
    harness.enter_namespace()
    flags = ["--run=t", "--rate=10000", "--quiet", "--greeting_timeout_ms=2000", "--connect_timeout_ms=1000"]
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=120", "--seed=5") as lab:
        key = by_hand.new_key()
        (directory / "workers.txt").write_text(key[0] + " friend\n")
        listener = Listener()
        log = open(directory / "scan.log", "w")
        scan = harness.start(
            harness.scan_command(directory / "db", "--workers=0", f"--listen=tcp://127.0.0.1:{PORT}",
                                 f"--allow_workers={directory / 'workers.txt'}", f"--targets={lab.targets}", *flags),
            stderr=log, stdout=log)
        text = Path(log.name)
        wait_for("the coordinator's key", lambda: "server_public_key = " in text.read_text())
        worker = harness.start_worker(directory, "friend", f"tcp://127.0.0.1:{PORT}", key,
                                      text.read_text().split("server_public_key = ")[1].split()[0])
        modes = set()

        def done():
            check_modes(directory, modes)
            return scan.poll() is not None

        wait_for("the scan", done, 200)
        assert scan.returncode == 0, text.read_text()
        worker.terminate()
        worker.wait()
        listener.stop()
        wire = b"\n".join(bytes(stream) for stream in listener.wire.values())
        print(f"{listener.packets} packets, {len(wire)} bytes on the coordinator's port; "
              f"{len(listener.others)} bytes elsewhere; private files: {sorted(modes)}")
        assert len(wire) > 20_000, "the results did not come this way"
        for word in (b"SSH-2.0", b"ssh-ed25519", b"ESMTP"):
            assert word in listener.others, f"the listener is deaf: no {word} between worker and hosts"
        for word in [*WORDS, *secrets_of(directory / "db"), key[1].encode(), by_hand.z85(key[0]), by_hand.z85(key[1])]:
            assert word not in wire, f"readable on the coordinator's wire: {word}"
        assert {"friend.conf", "coordinator.key"} <= modes, modes
        assert any(name.endswith(".spool") for name in modes), modes
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
