"""At its default settings: how many connections a stock sshd's keys take, and whether a server that
applies OpenSSH's penalties ever has a reason to."""

import json
from pathlib import Path

import harness
import servers
from rows import Row

SSHD_HOST = "127.77.0.9"
PENALTY_HOST = "127.79.0.1"


def grab(*flags):
    """`hark grab` as it comes, but for opening loopback."""
    done = harness.run([harness.BIN / "hark", "grab", f"--allow_special={harness.LOOPBACK}", "--quiet",
                        "--format=json", *flags])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def keys_of(hosts):
    return [key for host in hosts for port in host["ports"] for key in port["ssh"]["keys"]]


def sshd_rows(directory):
    with servers.Sshd(directory, 2200) as sshd:
        keys = keys_of(grab("--speak=2200=ssh", f"{SSHD_HOST}:2200"))
        connections = sshd.connections(SSHD_HOST)
    proven = sum(1 for key in keys if key["proof"] == "verified")
    return [Row("stock sshd with 3 key types: keys seen and proven", proven, len(sshd.KEYS), "",
                exact=True, timed=False, note=", ".join(key["type"] for key in keys)),
            Row("… in connections, counted in the sshd's log", connections, 3, "", exact=True,
                timed=False, note="default settings")]


def penalty_rows(directory):
    scenario = Path(directory) / "penalty.scenario"
    log = Path(directory) / "penalties"
    scenario.write_text(f"""run penalty
country XX
key a type=ed25519
key b type=ecdsa-p256
key c type=rsa-2048
host {PENALTY_HOST}
  port 22 ssh keys=a,b,c behaviour=penalty
""")
    flags = [f"--scenario={scenario}", "--gate_port=0", "--ports=22", f"--penalty_log={log}"]
    with harness.Lab(directory, *flags):
        keys = keys_of(grab(f"{PENALTY_HOST}:22"))
    events = log.read_text().splitlines() if log.exists() else []
    bitten = [line for line in events if "active" in line or "refused" in line]
    return [Row("penalty-applying sshd with 3 key types: keys seen", len(keys), 3, "", exact=True,
                timed=False, note="OpenSSH 9.8's rules; default settings, 2–5 s between connections"),
            Row("… lines of penalty in its log", len(bitten), 0, "", exact=True, timed=False,
                note=bitten[0] if bitten else f"{len(events)} lines of other events")]


def rows(directory, size):
    del size  # one host each is enough, whoever looks
    return sshd_rows(directory) + penalty_rows(directory)
