#!/usr/bin/env python3
"""The clients of Passive SSH against `hark api`: records in its scanner's format go in, and the requests of the MISP
module, AIL, ssh_lookup, snake-oil-crypto and CIRCL's notebook come in as those programs send them (paths, headers,
what they read, how they fail), each over a connection of its own as urllib has it."""

import base64
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime

import harness

ONION = "abcdefghijklmnopabcdefghijklmnopabcdefghijklmnopabcdefgh.onion"
LISTS = {"key": ["rsa-sha2-512", "ssh-ed25519"], "encrypt": ["chacha20-poly1305@openssh.com"],
         "mac": ["hmac-sha2-256"], "compress": ["none"], "lang": []}
NASTY = "SSH-2.0-<script>alert(1)</script> ' OR 1=1; --"


def blob(*fields):
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def md5(key):
    digits = hashlib.md5(key).hexdigest()
    return ":".join(digits[i:i + 2] for i in range(0, 32, 2))


def legacy_hassh(lists):
    names = (",".join(lists[name]) for name in ("key", "encrypt", "mac", "compress"))
    return hashlib.md5(";".join(names).encode()).hexdigest()


SHARED = blob(b"ssh-ed25519", hashlib.sha256(b"shared").digest())
RSA = blob(b"ssh-rsa", b"\x01\x00\x01", b"\x00" + b"\xc5" * 256)


def record(host, epoch, keys, banner="SSH-2.0-OpenSSH_9.2p1 Debian-2", port=22):
    kind = "onion" if host.endswith(".onion") else "ip"
    return {"banner": banner, "key_exchange": LISTS, kind: host, "port": port,
            "date": datetime.fromtimestamp(epoch).strftime("%Y%m%d"), "epoch": epoch,
            "host_keys": [{"fingerprint": md5(key), "name": name,
                           "base64": f"{name} {base64.b64encode(key).decode()}"}
                          for name, key in keys],
            "hassh": legacy_hassh(LISTS)}


RECORDS = [
    record("192.0.2.10", 1736035200, [("ssh-ed25519", SHARED), ("ssh-rsa", RSA)]),
    record("192.0.2.10", 1748736000, [("ssh-ed25519", SHARED)], port=2222),
    record("192.0.2.10", 1704067200, []),
    record("2001:DB8:0:0::7", 1748736001, [("ssh-ed25519", SHARED)]),
    record(ONION, 1748736002, [("ssh-ed25519", SHARED)]),
    record("192.0.2.66", 1748736003, [], banner=NASTY),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """`hark api` on a store with the records."""

    def __init__(self, work):
        self.db = work / "db"
        source = work / "records.json"
        source.write_text("".join(json.dumps(line) + "\n" for line in RECORDS))
        subprocess.run([harness.BIN / "hark", "import", f"--db={self.db}", "--from=passive-ssh", source],
                       check=True, stdout=subprocess.DEVNULL)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = work / "api.log"

    def __enter__(self):
        harness.start([harness.BIN / "hark", "api", f"--db={self.db}", f"--listen=127.0.0.1:{self.port}"],
                      stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        harness.wait_for("the server to listen", self.listens)
        return self

    def __exit__(self, *_):
        harness.end_started()

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


def ask(url, headers=None):
    """Status and body, as JSON: an HTML page would raise here, as it does in AIL."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as answer:
            assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def basic(user="user", key="key"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()}


def misp_module(server):
    """Adds a slash to its URL, begins its paths with one, always sends Basic."""
    url = server.url + "/"
    status, host = ask(url + "/host/ssh/192.0.2.10", basic())
    assert status == 200
    seen = [datetime.strptime(host[name], "%Y%m%d") for name in ("first_seen", "last_seen")]
    assert seen == [datetime(2024, 1, 1), datetime(2025, 6, 1)], seen
    assert [key["fingerprint"] for key in host["keys"]] == [md5(SHARED), md5(RSA)], host["keys"]
    sha256 = "SHA256:" + base64.b64encode(hashlib.sha256(SHARED).digest()).decode().rstrip("=")
    for fingerprint in (md5(SHARED), sha256):
        status, key = ask(url + "/fingerprint/all/" + fingerprint, basic())
        assert status == 200 and key["base64"].startswith("ssh-ed25519 AAAA"), key
        assert key["hosts"] == ["192.0.2.10", "2001:db8::7", ONION], key
    assert ask(url + "/fingerprint/all/" + md5(b"unknown"), basic()) == (
        200, {"fingerprint": md5(b"unknown"), "hosts": []})


def ail(server):
    """From an onion to the addresses with its keys; parses the bodies of errors."""
    headers = {"User-Agent": "AIL-93006daa"}
    status, _ = ask(server.url + "/host/ssh/github.com", headers)  # its test of the connection
    assert status == 200
    _, onion = ask(server.url + "/host/ssh/" + ONION.upper().replace("ONION", "onion"), headers)
    found = set()
    for key in onion["keys"]:
        _, hosts = ask(server.url + "/fingerprint/all/" + key["fingerprint"], headers)
        found.update(host for host in hosts["hosts"] if not host.endswith(".onion"))
    assert found == {"192.0.2.10", "2001:db8::7"}, found
    _, history = ask(server.url + "/host/history/192.0.2.10", headers)
    assert history["hosts"] == "192.0.2.10"
    assert list(history["history"]) == ["1704067200", "1736035200", "1748736000"], history
    assert history["history"]["1704067200"] == []
    assert history["history"]["1748736000"] == ["ssh-ed25519;" + md5(SHARED)]
    _, hassh = ask(server.url + "/hassh/hosts/" + legacy_hassh(LISTS), headers)
    assert ONION in hassh["hosts"] and hassh["kexs"] == [LISTS], hassh
    for wrong, error in (("/fingerprint/all/xyz", "Invalid Fingerprint"),
                         ("/hassh/hosts/xyz", "Invalid Hassh")):
        assert ask(server.url + wrong, headers) == (400, {"Error": error})
    status, body = ask(server.url + "/no/such/path", headers)
    assert status == 404 and "Error" in body


def ssh_lookup(server):
    """Indexes whatever it gets."""
    for host in ("192.0.2.10", "203.0.113.1", "nonsense"):
        _, answer = ask(f"{server.url}/host/ssh/{host}")
        assert isinstance(answer["hassh"], dict)
        assert isinstance(answer["keys"], list) and isinstance(answer["banner"], list)
    _, answer = ask(f"{server.url}/hassh/hosts/{'0' * 32}")
    assert answer["hosts"] == [] and answer["kexs"] == []


def snake_oil(server):
    """Its URL ends in a slash; the modulus is a decimal number to it."""
    url = server.url + "/"
    _, stats = ask(url + "/stats")
    assert stats["hosts"] == {"ip": 3, "onion": 1} and stats["keys"]["ssh-rsa"] == 1, stats
    _, key = ask(url + "/fingerprint/all/" + md5(RSA))
    assert int(key["crypto_material"]["modulus"]) == int.from_bytes(b"\xc5" * 256, "big")
    assert key["crypto_material"]["exponent"] == "65537"


def notebook(server):
    """CIRCL's dialect, and what its students look for."""
    _, host = ask(server.url + "/host/ssh/192.0.2.10")
    assert host["ports"] == ["22", "2222"] and host["port"] == 22
    assert host["banners_seen"][0]["first_seen"] == "20240101"
    _, banners = ask(server.url + "/banners")
    assert banners["banners"][NASTY] == 1, banners
    _, hosts = ask(server.url + "/banner/hosts/" + urllib.request.quote(NASTY))
    assert hosts == {"banner": NASTY, "hosts": ["192.0.2.66"]}, hosts
    with urllib.request.urlopen(server.url + "/banners") as answer:
        assert b"<" not in answer.read()
    _, fingerprints = ask(server.url + "/fingerprints")
    assert list(fingerprints.items()) == [(md5(SHARED), 3), (md5(RSA), 1)], fingerprints


def main():
    os.environ["TZ"] = "UTC"
    with harness.Workspace() as work, Server(work) as server:
        for client in (misp_module, ail, ssh_lookup, snake_oil, notebook):
            client(server)
            print(f"{client.__name__}: ok")


if __name__ == "__main__":
    sys.exit(main())
