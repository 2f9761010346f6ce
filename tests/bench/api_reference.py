"""Passive SSH itself beside hark: its own ingester fills its Redis with the very records of hark's store, its own server
answers on loopback, and the same program asks both. `reference` is a checkout of D4-project/passive-ssh; what it needs
(redis-server, python3-redis, python3-tornado, kaitaistruct) must be there. Nothing of it is part of hark."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import harness

FILL = """
import json, sys
import passive_ingester
for line in sys.stdin:
    passive_ingester.save_ssh_scan(json.loads(line))
"""

SERVE = """
import sys
import passive_ssh_server, tornado.ioloop
passive_ssh_server.application.listen(int(sys.argv[1]), address="127.0.0.1")
tornado.ioloop.IOLoop.current().start()
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Reference:
    """Redis and the server, filled with the records; `memory` is what they take of Redis' memory."""

    def __init__(self, reference, work, records):
        redis_port, self.port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        configs = work / "home" / "configs"
        configs.mkdir(parents=True)
        (configs / "config.cfg").write_text(
            f"[Redis]\nredis_host = 127.0.0.1\nredis_port = {redis_port}\nredis_db = redis\n")
        path = os.pathsep.join([str(Path(reference) / "bin"), os.environ.get("PYTHONPATH", "")])
        self.environment = os.environ | {"PSSH_HOME": str(work / "home"), "PYTHONPATH": path}
        self.redis_port = redis_port
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly",
             "no", "--dir", str(work)], stdout=subprocess.DEVNULL)
        harness.wait_for("redis to listen", lambda: answers(redis_port))
        empty = self.used_memory()
        began = time.monotonic()
        with open(records) as lines:
            subprocess.run([sys.executable, "-c", FILL], stdin=lines, env=self.environment, check=True)
        self.fill_seconds = time.monotonic() - began
        self.memory = self.used_memory() - empty
        self.server = subprocess.Popen([sys.executable, "-c", SERVE, str(self.port)], env=self.environment,
                                       stderr=subprocess.DEVNULL)
        harness.wait_for("the server to listen", lambda: answers(self.port))

    def used_memory(self):
        with socket.create_connection(("127.0.0.1", self.redis_port)) as client:
            client.sendall(b"INFO memory\r\n")
            text = client.recv(1 << 16).decode()
        return int(text.split("used_memory:")[1].split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.server, self.redis):
            process.terminate()
            process.wait()


def same_answers(url, other_url, paths):
    """What differs in what both have to say, sets taken as sets; [] if nothing does."""
    return [path for path in paths if plain(url, path) != plain(other_url, path)]


def plain(url, path):
    """The fields of Passive SSH's contract, with lists in order."""
    from urllib.request import urlopen
    with urlopen(url + path) as answer:
        body = json.load(answer)
    for extra in ("ports", "hassh_server", "banners_seen", "keys_seen", "hassh_seen", "fingerprint_sha256",
                  "first_seen_epoch", "last_seen_epoch"):
        body.pop(extra, None)
    for name in ("keys", "hosts", "banner"):
        if isinstance(body.get(name), list):
            body[name].sort(key=json.dumps)
    return body
