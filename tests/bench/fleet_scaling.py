"""Whole surveys by 1, 2, 4 and 8 workers, each held to the same rate: is twice the fleet twice as quick?

Every worker has its share of addresses to knock at and of hosts to visit, so that each survey takes about as
long as that of one worker. Counted are the connections this network began (TCP's ActiveOpens), from when the
fleet has had its first heartbeats, which divide the rate, to the last: tails in which some have nothing left to
do count against the fleet.
"""

import time
from pathlib import Path

import harness
from rows import Row

PORT = 7180
WORKERS = (1, 2, 4, 8)
LINEAR = 0.95
SETTLED = 3  # seconds
HOST_PORTS = {25: "smtp", 443: "https"}


BITS = 13  # addresses of one worker's share, as a power of two


def block(number):
    return f"127.{100 + number}.0.0/{32 - BITS}"


def write_scenario(path, hosts):
    lines = ["run scaling", "country XX", "key k type=ecdsa-p256"]
    for number in range(max(WORKERS)):
        lines.append(f"prefix {block(number)} asn=1")
        for i in range(hosts):
            offset = (1 << BITS) // hosts * i + 1
            lines.append(f"host 127.{100 + number}.{offset >> 8}.{offset & 255}")
            lines += [f"  port {port} {protocol} key=k" for port, protocol in HOST_PORTS.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def connections_begun():
    names, values = [line.split() for line in Path("/proc/self/net/snmp").read_text().splitlines()
                     if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def start_workers(directory, count, rate):
    """Their keys are made and known before the scan begins."""
    public = []
    for i in range(count):
        done = harness.run([harness.BIN / "hark-worker", f"--keygen={directory / f'{i}.key'}"])
        assert done.returncode == 0, done.stderr
        public.append(done.stdout.split()[-1])
    allowed = directory / "workers.txt"
    allowed.write_text("".join(f"{key} w{i}\n" for i, key in enumerate(public)))

    def start(server_key):
        for i in range(count):
            with open(directory / f"{i}.log", "w") as log:
                harness.start([harness.BIN / "hark-worker", f"--coordinator=tcp://127.0.0.1:{PORT}",
                               f"--server_public_key={server_key}", f"--key_file={directory / f'{i}.key'}",
                               f"--name=w{i}", f"--state_dir={directory / f'{i}.state'}", f"--max_pps={rate}"],
                              stdout=log, stderr=log)
    return allowed, start


def survey(directory, count, rate):
    """(connections begun, seconds): of the survey without its first moments"""
    directory.mkdir()
    allowed, start = start_workers(directory, count, rate)
    with open(directory / "scan.log", "w") as log:
        scan = harness.start(
            harness.scan_command(directory / "db", "--workers=0", f"--listen=tcp://127.0.0.1:{PORT}",
                                 f"--allow_workers={allowed}", "--run=t", "--quiet", "--rate=1000000",
                                 f"--targets={','.join(block(number) for number in range(count))}",
                                 f"--ports={','.join(map(str, HOST_PORTS))}"), stdout=log, stderr=log)
    said = directory / "scan.log"
    harness.wait_for("the coordinator's key", lambda: "server_public_key = " in said.read_text())
    before = connections_begun()
    start(said.read_text().split("server_public_key = ")[1].split()[0])
    harness.wait_for("the survey to begin", lambda: connections_begun() > before + 10 * count)
    time.sleep(SETTLED)  # what is measured begins then
    first, before = time.monotonic(), connections_begun()
    last, begun = first, before
    while scan.poll() is None:
        now, seen = time.monotonic(), connections_begun()
        if seen > begun:
            last, begun = now, seen
        time.sleep(0.02)  # samples
    assert scan.returncode == 0, said.read_text()
    harness.end_started()
    return begun - before, last - first


def rows(directory, size):
    directory = Path(directory)
    scenario = write_scenario(directory / "lab.scenario", size.scaling_hosts)
    out, alone = [], None
    with harness.Lab(directory, f"--scenario={scenario}"):
        for count in WORKERS[:2] if size.smoke else WORKERS:
            begun, seconds = survey(directory / str(count), count, size.scaling_rate)
            rate = max(begun, 1) / max(seconds, 0.02)  # one sample, when all was over at once
            alone = alone or rate
            first = count == 1
            out.append(Row(f"{count} workers of {size.scaling_rate}/s each: whole survey, of {count}× one worker",
                           rate / (count * alone), None if first else LINEAR, "", most=False,
                           note=f"{begun} connections in {seconds:.1f} s: {rate:.0f}/s"))
    return out
