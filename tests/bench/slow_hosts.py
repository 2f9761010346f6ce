#!/usr/bin/env python3
"""Hosts that answer slowly: real openings of real servers, seconds apart, and never the end.

Of the mix "thirds", a third of the addresses speaks SSH as far as KEXINIT, a third SMTP through
STARTTLS into a certificate, a third TLS into a certificate; their other ports close at once. Of the
others all speak the same: "ssh" as above; "tls-silent", which never answers a ClientHello;
"tls-half", which sends half its flight record by record. Each piece comes before a patient client
gives up, so conversations pile up in their most expensive states. Run as
`slow_hosts.py OPENINGS.json MIX` until SIGTERM.
"""

import base64
import heapq
import json
import resource
import selectors
import socket
import ssl
import sys
import time

# Seconds before the first piece: a greeting may take its time, a ServerHello not quite as much.
FIRST_GAP = {"ssh": 15.0, "smtp": 12.0, "tls": 9.0}
GAP = 7.0  # between two pieces; a client may think a host stuck after 8
HELLO_PATIENCE = 9.5  # what a client waits for a handshake, almost
MIXES = {"thirds": ("ssh", "smtp", "tls"), "ssh": ("ssh",), "tls-silent": ("silent",),
         "tls-half": ("half",)}
PORTS = {22: ("ssh",), 25: ("smtp",), 443: ("tls", "silent", "half")}


def read_ssh_opening(address):
    """A server's identification and its KEXINIT."""
    with socket.create_connection(address, timeout=10) as s:
        s.sendall(b"SSH-2.0-bench\r\n")
        data = b""
        while b"\n" not in data:
            data += s.recv(4096)
        line, rest = data.split(b"\n", 1)
        while len(rest) < 4 or len(rest) < 4 + int.from_bytes(rest[:4], "big"):
            rest += s.recv(4096)
        return [line + b"\n", rest[:4 + int.from_bytes(rest[:4], "big")]]


def read_tls_opening(address):
    """A TLS 1.2 server's hello, its certificates, and the beginning of what would follow."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with socket.create_connection(address, timeout=10) as s:
        s.sendall(outgoing.read())
        data = b""
        records = []
        while len(records) < 3:
            data += s.recv(16384)
            records = split_records(data)
        return [*records[:2], records[2][:20]]


def split_records(data):
    records = []
    while len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5], "big"):
        end = 5 + int.from_bytes(data[3:5], "big")
        records.append(data[:end])
        data = data[end:]
    return records


def scripts(ssh_opening, tls_records):
    """kind -> [(seconds after the piece before, bytes)]; an empty piece closes."""
    tls_opening = b"".join(tls_records)
    mail = [b"220 slow.test ESMTP\r\n", b"250-slow.test\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"]
    pieces = {"ssh": ssh_opening, "smtp": [*mail, tls_opening], "tls": [tls_opening]}
    out = {kind: [(FIRST_GAP[kind], said[0])] + [(GAP, piece) for piece in [*said[1:], b""]]
           for kind, said in pieces.items()}
    out["silent"] = [(HELLO_PATIENCE, b"")]
    drips = [*tls_records, b""]
    out["half"] = [(HELLO_PATIENCE / len(drips), piece) for piece in drips]
    return out


class SlowHosts:
    def __init__(self, kinds, script_of):
        self.kinds = kinds
        self.script_of = script_of
        self.poll = selectors.DefaultSelector()
        self.due = []  # (when, order, socket, script, step)
        self.order = 0
        for port, spoken in PORTS.items():
            listener = socket.create_server(("0.0.0.0", port), backlog=4096)
            listener.setblocking(False)
            self.poll.register(listener, selectors.EVENT_READ, spoken)

    def accept(self, listener, spoken):
        for _ in range(256):
            try:
                peer, _ = listener.accept()
            except BlockingIOError:
                return
            last_octet = int(peer.getsockname()[0].rsplit(".", 1)[1])
            kind = self.kinds[last_octet % len(self.kinds)]
            if kind not in spoken:
                peer.close()
                continue
            peer.setblocking(False)
            self.plan(peer, self.script_of[kind], 0)

    def plan(self, peer, script, step):
        self.order += 1
        heapq.heappush(self.due, (time.monotonic() + script[step][0], self.order, peer, script, step))

    def play(self, peer, script, step):
        piece = script[step][1]
        try:
            peer.recv(65536)  # whatever the client said; unread bytes would turn a close into a reset
            if piece:
                peer.send(piece)
                return self.plan(peer, script, step + 1)
        except OSError:
            pass
        peer.close()

    def run(self):
        while True:
            wait = max(0, self.due[0][0] - time.monotonic()) if self.due else 1
            for key, _ in self.poll.select(min(wait, 1)):
                self.accept(key.fileobj, key.data)
            while self.due and self.due[0][0] <= time.monotonic():
                _, _, peer, script, step = heapq.heappop(self.due)
                self.play(peer, script, step)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with open(sys.argv[1]) as file:
        openings = json.load(file)
    pieces = {kind: [base64.b64decode(piece) for piece in said] for kind, said in openings.items()}
    hosts = SlowHosts(MIXES[sys.argv[2]], scripts(pieces["ssh"], pieces["tls"]))
    print("ready", flush=True)
    hosts.run()


if __name__ == "__main__":
    main()
