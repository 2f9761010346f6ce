#!/usr/bin/env python3
"""`hark api` and `hark serve --api` as an operator runs them: where they refuse to start, what a store shows while
another process writes to it, keys that come and go under a running server, TLS, and the audit log."""

import base64
import json
import ssl
import stat
import struct
import subprocess
import hashlib
import socket
import urllib.error
import urllib.request

import harness

HARK = harness.BIN / "hark"
ANALYST_PATH = "/v1/runs"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def known_hosts_line(host):
    text = b"".join(struct.pack(">I", len(f)) + f for f in (b"ssh-ed25519", hashlib.sha256(host.encode()).digest()))
    return f"{host} ssh-ed25519 {base64.b64encode(text).decode()}\n"


def bring(work, db, host):
    source = work / f"{host}.keys"
    source.write_text(known_hosts_line(host))
    done = harness.run([HARK, "import", f"--db={db}", "--from=known-hosts", "--at=2024-05-01", source])
    assert done.returncode == 0, done.stderr


def ask(url, path, key=None, user="", context=None):
    """Status and body."""
    request = urllib.request.Request(url + path)
    if key:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def answers(url, context=None):
    try:
        ask(url, "/stats", context=context)
    except OSError:
        return False
    return True


def start_api(work, db, *flags, scheme="http", context=None):
    url = f"127.0.0.1:{free_port()}"
    harness.start([HARK, "api", f"--db={db}", f"--listen={url}", "--refresh=1", *flags],
                  stdout=subprocess.DEVNULL, stderr=open(work / "api.log", "a"))
    harness.wait_for("the server to listen", lambda: answers(f"{scheme}://{url}", context))
    return f"{scheme}://{url}"


def refuses_to_start(db):
    for flags, words in ((["--listen=0.0.0.0:8500"], "no API key"), (["--listen=[::]:8500"], "no API key"),
                         (["--behind_proxy"], "no API key"), (["--tls_cert=x"], "go together"),
                         (["--tls_cert=/nowhere", "--tls_key=/nowhere"], "certificate"),
                         (["--listen=nowhere"], "no port"), (["--noaudit", "--audit_log=x"], "together")):
        done = harness.run([HARK, "api", f"--db={db}", *flags], timeout=60)
        assert done.returncode == 2, (flags, done.returncode)
        assert words in done.stderr and done.stderr.count("\n") == 1, (flags, done.stderr)
    done = harness.run([HARK, "api", f"--db={db}/nothing"], timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr


def follows_a_writer(work, db):
    url = start_api(work, db)
    status, body = ask(url, "/host/ssh/192.0.2.1")
    assert status == 200 and json.loads(body)["keys"], body
    assert not json.loads(ask(url, "/host/ssh/192.0.2.2")[1])["keys"]
    bring(work, db, "192.0.2.2")
    harness.wait_for("what was imported", lambda: json.loads(ask(url, "/host/ssh/192.0.2.2")[1])["keys"])
    assert ask(url, ANALYST_PATH)[0] == 200
    assert ask(url, "/openapi.json")[0] == 200
    return url


def keys_come_and_go(db, url):
    made = harness.run([HARK, "api", "key", "add", "misp", f"--db={db}", "--rate=1000"])
    key = made.stdout.strip()
    assert made.returncode == 0 and key.startswith("misp.") and len(key) == 48, made
    file = db / "api_keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.split(".")[1] not in file.read_text()
    harness.wait_for("the key to be asked for", lambda: ask(url, "/stats")[0] == 401)
    assert ask(url, "/stats", key, "misp")[0] == 200
    assert ask(url, "/stats", key, "other")[0] == 401
    assert ask(url, ANALYST_PATH, key)[0] == 403
    assert harness.run([HARK, "api", "key", "add", "misp", f"--db={db}"]).returncode == 2
    assert "misp  reader  1000/s" in harness.run([HARK, "api", "key", "list", f"--db={db}"]).stdout
    assert harness.run([HARK, "api", "key", "revoke", "misp", f"--db={db}"]).returncode == 0
    harness.wait_for("the key to be out", lambda: ask(url, "/stats", key)[0] == 401)
    assert harness.run([HARK, "api", "key", "revoke", "misp", f"--db={db}"]).returncode == 2


def writes_down_who_asked(db):
    file = db / "api_audit.ndjson"
    harness.wait_for("the audit log", lambda: '"status":403' in file.read_text())
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    refused = [line for line in lines if line["status"] == 403]
    assert refused[0]["key"] == "misp" and refused[0]["target"] == ANALYST_PATH, refused
    assert all(line["client"] == "127.0.0.1" for line in lines)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def reads_only(work):
    db = work / "read"
    bring(work, db, "192.0.2.1")
    before = {path.name for path in db.iterdir()}
    url = start_api(work, db, "--readonly")
    assert ask(url, "/stats")[0] == 200
    assert {path.name for path in db.iterdir()} == before


def answers_over_tls(work, db):
    cert, key_file = work / "cert.pem", work / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    key_file, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    context = ssl.create_default_context(cafile=cert)
    url = start_api(work, db, f"--tls_cert={cert}", f"--tls_key={key_file}", scheme="https", context=context)
    key = harness.run([HARK, "api", "key", "add", "tls", f"--db={db}", "--role=admin"]).stdout.strip()
    harness.wait_for("the key to be asked for", lambda: ask(url, "/stats", context=context)[0] == 401)
    assert ask(url, ANALYST_PATH, key, context=context)[0] == 200


def coordinators_have_one_too(work):
    db, url = work / "served", f"127.0.0.1:{free_port()}"
    harness.start([HARK, "serve", f"--db={db}", "--workers=0", f"--listen=tcp://127.0.0.1:{free_port()}",
                   f"--api={url}"], stdout=subprocess.DEVNULL, stderr=open(work / "serve.log", "w"))
    harness.wait_for("the coordinator's API", lambda: answers(f"http://{url}"))
    status, body = ask(f"http://{url}", ANALYST_PATH)
    assert status == 200 and json.loads(body)["runs"] == [], body


def main():
    harness.enter_namespace()
    try:
        with harness.Workspace() as work:
            db = work / "db"
            bring(work, db, "192.0.2.1")
            refuses_to_start(db)
            url = follows_a_writer(work, db)
            keys_come_and_go(db, url)
            writes_down_who_asked(db)
            reads_only(work)
            answers_over_tls(work, work / "read")
            coordinators_have_one_too(work)
    finally:
        harness.end_started()
    print("the API starts where it may, follows its store and its keys, and writes down who asked")


if __name__ == "__main__":
    main()
