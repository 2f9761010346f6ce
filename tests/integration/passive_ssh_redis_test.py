#!/usr/bin/env python3
"""A Passive SSH's Redis, filled as its ingester fills it, tells hark the same as the scan records it was
filled from. Nothing but reading commands reach the server, nothing in it changes, and a second import
adds nothing."""

import base64
import hashlib
import json
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import BIN, PATIENCE, Workspace, enter_namespace  # noqa: E402

PORT = 6390
READING = {"select", "info", "sscan", "smembers", "zrange", "hget"}


class Redis:
    """One connection: commands in, replies out (RESP2)."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=60)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        parts = [b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(w), w) for w in words]
        self.socket.sendall(b"".join(parts))

    def receive(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise AssertionError(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        return rest

    def __call__(self, *words):
        self.send(*words)
        return self.receive()


class Server:
    def __init__(self, directory):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--save", "", "--dir",
             str(directory)], stdout=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + 30 * PATIENCE
        while True:
            try:
                Redis()("PING")
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)  # polls for a port another process opens

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Monitor:
    """Every command that reaches the server while the with block lasts."""

    def __enter__(self):
        self.redis = Redis()
        assert self.redis("MONITOR") == b"OK"
        self.commands = set()
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def listen(self):
        while True:
            line = self.redis.receive().decode(errors="replace")
            words = line.split('"')
            if len(words) < 2 or words[1].lower() == "echo":
                return
            self.commands.add(words[1].lower())

    def __exit__(self, *_):
        Redis()("ECHO", "end")
        self.thread.join()


def ssh_string(data):
    return struct.pack(">I", len(data)) + data


def key(kind, number):
    if kind == "ssh-ed25519":
        blob = ssh_string(b"ssh-ed25519") + ssh_string(bytes([number]) * 32)
    else:
        modulus = b"\x00\xc1" + bytes([number]) * 254 + b"\x01"
        blob = ssh_string(b"ssh-rsa") + ssh_string(b"\x01\x00\x01") + ssh_string(modulus)
    md5 = hashlib.md5(blob).hexdigest()
    return {"name": kind, "fingerprint": ":".join(md5[i:i + 2] for i in range(0, 32, 2)),
            "base64": kind + " " + base64.b64encode(blob).decode()}


def records():
    for host in range(1, 61):
        onion = host % 6 == 0
        lists = {"key": ["ssh-ed25519"], "encrypt": ["aes128-ctr"],
                 "mac": ["hmac-sha2-256"] if host % 2 else ["hmac-sha1"], "compress": ["none"],
                 "lang": []}
        text = ";".join(",".join(lists[k]) for k in ("key", "encrypt", "mac", "compress"))
        for visit in range(1 + host % 4):
            keys = [key("ssh-ed25519", host % 7 + visit // 2)]
            if host % 3 == 0:
                keys += [key("ssh-rsa", host)] * 2
            yield {"onion" if onion else "ip": f"host{host}.onion" if onion else
                   f"2001:db8::{host:x}" if host % 5 == 0 else f"192.0.2.{host}",
                   "port": 2222 if host % 4 == 1 else 22, "date": "20250101",
                   "epoch": 1735689600 + 86400 * visit + host,
                   "banner": f"SSH-2.0-OpenSSH_9.{host % 7} \u00e4", "key_exchange": lists,
                   "hassh": hashlib.md5(text.encode()).hexdigest(), "host_keys": keys}


def ingest(redis, record):
    kind = "onion" if "onion" in record else "ip"
    host, epoch = record[kind], record["epoch"]
    redis("SADD", f"all:{kind}", host)
    redis("SADD", f"{kind}:port:{host}", record["port"])
    redis("HSETNX", f"{kind}_metadata:{host}", "first_seen", record["date"])
    redis("HSET", f"{kind}_metadata:{host}", "last_seen", record["date"])
    redis("SADD", "all:banner", record["banner"])
    redis("SADD", f"banner:{kind}:{record['banner']}", host)
    redis("SADD", f"{kind}:banner:{host}", record["banner"])
    redis("ZINCRBY", "all:hassh", 1, record["hassh"])
    redis("SADD", f"hassh:{kind}:{record['hassh']}", host)
    redis("SADD", f"{kind}:hassh:kex:{host}", record["hassh"])
    redis("SADD", f"hassh:kex:{record['hassh']}", json.dumps(record["key_exchange"]))
    redis("ZADD", f"fingerprint:history:{kind}:{host}", epoch, epoch)
    for found in record["host_keys"]:
        name, fingerprint = found["name"], found["fingerprint"]
        redis("SADD", "all:key:type", name)
        redis("SADD", f"all:key:fingerprint:{name}", fingerprint)
        redis("SADD", f"{kind}:fingerprint:{name}:{fingerprint}", host)
        redis("SADD", f"{kind}:{host}", f"{name};{fingerprint}")
        redis("SADD", f"{kind}:fingerprint:{host}:{epoch}", f"{name};{fingerprint}")
        redis("HSET", f"key_metadata:{name}:{fingerprint}", "base64", found["base64"])


def hark(*words):
    done = subprocess.run([BIN / "hark", *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def answers(db, things):
    return {thing: hark("lookup", f"--db={db}", "--format=json", thing) for thing in things}


def state(redis):
    changes = [line for line in redis("INFO", "persistence").split(b"\r\n")
               if line.startswith(b"rdb_changes_since_last_save")]
    return redis("DBSIZE"), changes


def main():
    if shutil.which("redis-server") is None:
        print("no redis-server")
        return 77
    enter_namespace()
    with Workspace() as directory, Server(directory):
        made = list(records())
        (directory / "records").write_text("".join(json.dumps(r) + "\n" for r in made))
        redis = Redis()
        redis("SELECT", 1)
        for record in made:
            ingest(redis, record)
        before = state(redis)
        by_records, by_redis = directory / "by-records", directory / "by-redis"
        hark("import", f"--db={by_records}", "--quiet", str(directory / "records"))
        with Monitor() as monitor:
            told = hark("import", f"--db={by_redis}", f"--redis=127.0.0.1:{PORT},1")
        assert " 0 rejected" in told, told
        assert monitor.commands == READING, monitor.commands
        assert state(redis) == before
        hosts = sorted({r.get("onion", r.get("ip")) for r in made})
        keys = sorted({k["fingerprint"] for r in made for k in r["host_keys"]})
        things = hosts + keys[::7]
        expected = answers(by_records, things)
        assert answers(by_redis, things) == expected
        hark("import", f"--db={by_redis}", f"--redis=127.0.0.1:{PORT},1")
        assert answers(by_redis, things) == expected
        failed = subprocess.run([BIN / "hark", "import", f"--db={by_redis}",
                                 "--redis=127.0.0.1:1"], capture_output=True, text=True)
        assert failed.returncode == 1 and "redis" in failed.stderr, failed
    return 0


if __name__ == "__main__":
    sys.exit(main())
