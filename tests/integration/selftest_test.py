#!/usr/bin/env python3
"""hark-worker --selftest: what a real Postfix makes of us, and what is said where nobody listens; and a
worker of root's whose state_dir is another user's."""

import os
import shutil
import subprocess
import sys

import harness

POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/bin")
MAIN = """compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
myhostname = mail.hark.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
maillog_file = /dev/stdout
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_delay_reject = no
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_tls_security_level = may
smtpd_tls_chain_files = {directory}/both.pem
"""
MASTER = """127.0.0.1:25 inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
cleanup unix n - n - 0 cleanup
"""
NOBODY = 65534


class Postfix:
    def __init__(self, directory):
        self.directory = directory
        directory.chmod(0o755)
        self.config = directory / "config"
        for name in ("config", "queue", "data"):
            (directory / name).mkdir()
        shutil.chown(directory / "data", "postfix")
        (self.config / "main.cf").write_text(MAIN.format(directory=directory))
        (self.config / "master.cf").write_text(MASTER)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=mail.hark.example", "-keyout", directory / "key.pem", "-out",
                        directory / "cert.pem"], check=True, capture_output=True)
        (directory / "both.pem").write_text((directory / "key.pem").read_text() +
                                            (directory / "cert.pem").read_text())

    def __enter__(self):
        self.process = harness.start([POSTFIX, "-c", str(self.config), "start-fg"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_for("Postfix", lambda: selftest("127.0.0.1").returncode == 0)
        return self

    def __exit__(self, *_):
        subprocess.run([POSTFIX, "-c", str(self.config), "stop"], capture_output=True)
        self.process.wait()


def selftest(host, *flags):
    return harness.run([harness.BIN / "hark-worker", f"--selftest={host}", *flags])


def line_of(done, name):
    """The last one of that name: those of the self-test follow the preflight's."""
    return [line for line in done.stdout.splitlines() if line.split(" ", 1)[1].startswith(f"{name}: ")][-1]


def a_real_server_takes_our_name(directory):
    with Postfix(directory):
        done = selftest("127.0.0.1", "--ehlo_name=scan.example.org", "--contact=abuse@example.org")
        assert done.returncode == 0, done.stdout + done.stderr
        assert line_of(done, "outbound 25") == "PASS outbound 25: 127.0.0.1:25 answers"
        assert line_of(done, "greeting") == "PASS greeting: 220 mail.hark.example ESMTP Postfix"
        assert line_of(done, "ehlo") == "PASS ehlo: as scan.example.org: 250-mail.hark.example"
        assert line_of(done, "starttls") == "PASS starttls: offered"
        assert line_of(done, "contact") == "PASS contact: abuse@example.org"
        assert line_of(done, "reverse DNS").startswith("PASS reverse DNS: 127.0.0.1 is not a public")
        done = selftest("127.0.0.1:25", "--ehlo_name=-bad-")
        assert done.returncode == 1, done.stdout
        assert line_of(done, "ehlo").startswith("FAIL ehlo: as -bad-: 501 "), done.stdout


def nobody_there(_):
    done = selftest("127.0.0.77")
    assert done.returncode == 1, done.stdout
    assert line_of(done, "outbound 25").startswith("FAIL outbound 25: 127.0.0.77:25 cannot be reached")
    assert "greeting" not in done.stdout
    done = selftest("no/host")
    assert done.returncode == 2 and "--selftest" in done.stderr, done.stderr


def a_directory_of_somebody_else(directory):
    """Is no reason to end, where another way of looking for listeners is left."""
    state = directory / "state"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    state.chmod(0o700)
    config = directory / "worker.conf"
    key = harness.run([harness.BIN / "hark-worker", f"--keygen={directory / 'key'}"]).stdout.strip()
    config.write_text(f"coordinator = ipc://{directory}/nobody\nserver_public_key = {key}\n"
                      f"key_file = {directory / 'key'}\nstate_dir = {state}\n")
    command = [harness.BIN / "hark-worker", f"--config={config}"]
    done = harness.run([*command, "--discover=syn"])
    assert done.returncode == 2 and f"is user {NOBODY}'s" in done.stderr, done.stderr
    worker = harness.start([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    said = worker.stderr.readline()
    assert "listeners are looked for by connect()" in said and "chown it" in said, said
    harness.wait_for("its lock", lambda: (state / "lock").exists() and (state / "spool").exists())
    worker.terminate()
    worker.wait()


def main():
    harness.enter_namespace()
    if os.geteuid() != 0 or POSTFIX is None:
        print("this takes root and Debian's postfix")
        sys.exit(77)
    for test in (a_real_server_takes_our_name, nobody_there, a_directory_of_somebody_else):
        with harness.Workspace() as directory:
            try:
                test(directory)
            finally:
                harness.end_started()
        print(f"{test.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
