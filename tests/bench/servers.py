"""What the bench's clients talk to. One listener on all addresses is as many hosts as are wanted."""

import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

import harness

FIRST_HOST = "127.77.0.0"


def wait_for_port(port, process, patience=20):
    deadline = time.monotonic() + patience * harness.PATIENCE
    while True:
        try:
            socket.create_connection((FIRST_HOST, port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"nobody listens on port {port}") from None
            time.sleep(0.05)  # polls another process


class Server:
    """A process, up between `with` and its end."""

    def __init__(self, directory, name, port):
        self.directory = Path(directory) / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "log"
        self.port = port
        self.process = None

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([str(c) for c in self.command()], stdout=log, stderr=log)
        wait_for_port(self.port, self.process)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Sshd(Server):
    """A stock OpenSSH server with three host keys, verbose enough to count its connections."""

    KEYS = ("ed25519", "ecdsa", "rsa")

    def __init__(self, directory, port, name="sshd"):
        super().__init__(directory, name, port)

    def command(self):
        Path("/run/sshd").mkdir(exist_ok=True)  # privilege separation insists on it
        config = [f"Port {self.port}", "ListenAddress 0.0.0.0", "PidFile none", "UsePAM no",
                  "StrictModes no", "MaxStartups 1000", "LogLevel VERBOSE"]
        for key in self.KEYS:
            path = self.directory / key
            subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", key, "-f", path], check=True)
            config.append(f"HostKey {path}")
        (self.directory / "config").write_text("\n".join(config) + "\n")
        return ["/usr/sbin/sshd", "-D", "-e", "-f", self.directory / "config"]

    def connections(self, host):
        """Those to one of its addresses, so that nobody else's count."""
        return len(re.findall(rf"Connection from .* on {re.escape(host)} port",
                              self.log.read_text(errors="replace")))


class Nginx(Server):
    """TLS with one key and one version; `chain` certificates, each the leaf once more."""

    def __init__(self, directory, port, key, version, chain=1):
        super().__init__(directory, f"nginx-{port}", port)
        self.chain = chain
        self.key = key
        self.version = version

    def command(self):
        at = self.directory
        new_key = ["-newkey", "rsa:2048"] if self.key == "rsa" else [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=bench.test",
                        *new_key, "-keyout", at / "key", "-out", at / "certificate"],
                       check=True, stderr=subprocess.DEVNULL)
        (at / "certificate").write_text(self.chain * (at / "certificate").read_text())
        (at / "config").write_text(f"""
daemon off; pid {at}/pid; error_log stderr error; worker_processes 1;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{
  listen 0.0.0.0:{self.port} ssl; ssl_protocols {self.version};
  ssl_certificate {at}/certificate; ssl_certificate_key {at}/key; ssl_ecdh_curve X25519;
}} }}
""")
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", at / "config", "-p", at]


def hosts(count, first=FIRST_HOST):
    """`count` consecutive addresses as text."""
    start = int.from_bytes(socket.inet_aton(first), "big")
    return [socket.inet_ntoa((start + i).to_bytes(4, "big")) for i in range(count)]


def cpu_of(command, stdin=None):
    """Runs a command to its end; user and system seconds of it and its children, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, done.stdout


class Watch:
    """What another process has used, from /proc."""

    def __init__(self, pid):
        self.pid = pid
        self.began = time.monotonic()
        self.cpu_at_start = self.cpu()
        self.cpu_last = self.cpu_at_start

    def cpu(self):
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return self.cpu_last  # it has ended
        self.cpu_last = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return self.cpu_last

    def used(self):
        return self.cpu() - self.cpu_at_start

    def peak_memory_mb(self):
        try:
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        except OSError:
            pass
        return None
