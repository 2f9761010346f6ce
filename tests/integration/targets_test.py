#!/usr/bin/env python3
"""From names, IPv6, files and an earlier run to targets; who opted out is never one, and with --purge was none."""

import json
import shutil
import socket
import subprocess
import sys
import time

import harness

HARK = harness.BIN / "hark"
DNS_PORT = 5399


class Dns:
    """dnsmasq on loopback, with nothing but its own records."""

    def __init__(self, directory):
        self.log = open(directory / "dns.log", "w")
        self.process = subprocess.Popen(
            [shutil.which("dnsmasq") or "/usr/sbin/dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts",
             "--conf-file=/dev/null", "--pid-file=", f"--port={DNS_PORT}", "--listen-address=127.0.0.1",
             "--bind-interfaces", "--user=root", "--local=/test/",
             "--host-record=one.hark.test,127.50.0.1", "--address=/two.hark.test/127.50.0.1",
             "--address=/two.hark.test/127.50.0.2",
             "--host-record=six.hark.test,fd00:50::6", "--host-record=both.hark.test,127.50.0.3,fd00:50::3"],
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + 20 * harness.PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", DNS_PORT), 1).close()
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, "dnsmasq did not start"
                time.sleep(0.02)  # polls for a port another process opens

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def hark(*words, code=0, **kwargs):
    done = harness.run([HARK, *words], **kwargs)
    assert done.returncode == code, f"hark {words}: exit {done.returncode}, wanted {code}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr if code else done.stdout


def targets(*flags, **kwargs):
    out = json.loads(hark("targets", "--json", "--seed=7", "--allow_special=127.0.0.0/8,fd00::/8", *flags, **kwargs))
    assert len(out["plans"]) == 1
    return out["plans"][0]


def check_names(directory):
    resolver = f"--resolver=127.0.0.1:{DNS_PORT}"
    listed = directory / "names.txt"
    listed.write_text("one.hark.test two.hark.test # a comment\nSIX.hark.test.\nboth.hark.test\nnobody.hark.test\n"
                      "127.50.0.9\nfd00:50::/126\n")
    plan = targets(f"--targets={listed}", resolver)
    assert plan["ipv4"] == 4 and plan["ipv6"] == 5 and plan["planned"] == 9, plan
    assert plan["names"] == {"127.50.0.1": ["one.hark.test", "two.hark.test"], "127.50.0.2": ["two.hark.test"],
                             "127.50.0.3": ["both.hark.test"], "fd00:50::3": ["both.hark.test"],
                             "fd00:50::6": ["six.hark.test"]}, plan["names"]
    done = harness.run([HARK, "targets", "--allow_special=127.0.0.0/8", f"--targets={listed}", resolver])
    assert "nobody.hark.test" in done.stderr and "1 of 5 names" in done.stderr, done.stderr
    # Without --allow_special they are excluded, and strangers' names need a contact.
    assert "excluded" in hark("targets", "--targets=one.hark.test", resolver, code=2)
    assert "no targets" in hark("targets", "--targets=nobody.hark.test", resolver, code=2)
    assert "127.0.0.1:99999" in hark("targets", "--targets=one.hark.test", "--resolver=127.0.0.1:99999", code=2)


def check_ipv6():
    assert targets("--targets=fd00:50::/120")["ipv6"] == 256
    assert "cannot be swept" in hark("targets", "--targets=fd00:50::/119", "--allow_special=fd00::/8", code=2)
    assert targets("--targets=fd00:50::/120", "--exclude=fd00:50::/121")["excluded"] == {
        "total": 128, "special": 0, "listed": 128, "opted_out": 0}
    refused = hark("scan", "--db=/nonexistent/db", "--targets=2600::1", code=2)
    assert "--contact" in refused, refused
    assert "can never be surveyed" in hark("targets", "--targets=fd00::1", "--allow_special=ff00::/8", code=2)


def check_dry_run(directory):
    geo = directory / "geo.csv"
    geo.write_text("prefix,country,asn\n127.60.0.0/22,NA,64500\n127.61.0.0/24,NA,64501\n127.62.0.0/24,ZA,64502\n")
    plan = targets("--country=na", f"--geo={geo}", "--rate=1000")
    assert plan["planned"] == 1280 and plan["blocks24"] == 5 and plan["blocks16"] == 2 and plan["ases"] == 2, plan
    assert plan["top_ases"][0] == {"name": "AS64500", "addresses": 1024}
    burst = plan["burst"]
    assert burst["of_targets"] == 1280 and 200 < burst["most_in_1s"] <= 256 == burst["most_in_10s"], burst
    assert plan == targets("--country=NA", f"--geo={geo}", "--rate=1000")
    assert "bursts" not in hark("targets", "--country=NA,ZA", f"--geo={geo}", "--allow_special=127.0.0.0/8")


def check_opt_outs(directory, lab):
    geo = directory / "geo.csv"
    geo.write_text("prefix,country,asn\n127.40.0.0/25,XX,64500\n127.40.0.128/25,XX,64501\n")
    outs = directory / "outs.txt"
    outs.write_text("127.40.0.7 2026-11-20 mail of their NOC # theirs\nAS64501 2026-11-21 all of them\nfd00:40::/64\n")
    db = directory / "db"
    harness.scan(db, f"--targets={lab.targets}", f"--geo={geo}", f"--opt_out_file={outs}", "--run=t", "--quiet",
                 "--ports=22,25", "--rate=2000")
    report = json.loads(harness.report(db, "t"))
    assert report["exclusions_version"] == 1, report["exclusions_version"]
    assert report["coverage"]["excluded_by"]["opted_out"] == 129, report["coverage"]
    assert report["coverage"]["sums_to_plan"]
    assert "mail of their NOC" in hark("exclude", "check", f"--db={db}", "127.40.0.7")
    assert "AS64501" in hark("exclude", "check", f"--db={db}", "127.40.0.200")
    assert "left out" in hark("exclude", "check", f"--db={db}", "AS64501")
    assert "left out" in hark("exclude", "check", f"--db={db}", "fd00:40::5")
    hark("exclude", "check", f"--db={db}", "127.40.0.8", code=1)
    runs = json.loads(hark("run", "list", f"--db={db}", "--format=json"))
    assert runs[0]["exclusions_version"] == 1 and runs[0]["sums_to_plan"], runs
    check_coverage(db, report)
    check_purge(db)
    check_from_run(db, geo)


def check_coverage(db, report):
    parts = json.loads(hark("report", f"--db={db}", "--run=t", "--coverage", "--format=json"))
    assert parts["coverage"] == report["coverage"]
    blocks = parts["blocks16"]
    assert sum(b["planned"] for b in blocks.values()) == report["targets"], blocks
    assert sum(b["answered"] for b in blocks.values()) == report["coverage"]["answered"], blocks
    check_states(parts)
    assert sum(b["excluded"] for b in blocks.values()) == report["coverage"]["excluded"], blocks
    assert parts["unplaced"] == 0
    assert sum(b["grabbed"] for b in blocks.values()) == report["crypto"], blocks
    assert parts["ports"]["22"]["grabbed"] == report["ports"]["22"]
    assert sum(a["visited"] for a in parts["ases"].values()) == report["listeners"]
    for form in ("text", "markdown", "csv"):
        assert "127.40.0.0/16" in hark("report", f"--db={db}", "--run=t", "--coverage", f"--format={form}")


def check_states(parts):
    """Every state of the run's ledger is that of the /16s together."""
    for state in ("silent", "refused", "unreachable", "answered", "failed", "excluded_late", "purged", "pending"):
        of_blocks = sum(b[state] for b in parts["blocks16"].values())
        assert of_blocks == parts["coverage"][state], (state, of_blocks, parts["coverage"])
    assert parts["gate"]["refused"] == parts["coverage"]["refused"] > 0, parts["gate"]


def check_purge(db):
    before = json.loads(harness.report(db, "t"))
    members = [m for c in json.loads(harness.clusters(db, "t")) for m in c["members"]]
    victim = members[0]
    told = hark("exclude", "add", f"--db={db}", "--reason=asked", "--purge", victim)
    assert "purged 1 hosts" in told, told
    after = json.loads(harness.report(db, "t"))
    assert after["listeners"] == before["listeners"] - 1
    assert after["coverage"]["sums_to_plan"] and after["coverage"]["purged"] == 1, after["coverage"]
    assert after["coverage"]["grabs"]["purged"] == 1, after["coverage"]
    assert f'"{victim}"' not in harness.clusters(db, "t")
    check_states(json.loads(hark("report", f"--db={db}", "--run=t", "--coverage", "--format=json")))
    assert "purged 0 hosts" in hark("exclude", "add", f"--db={db}", "--reason=again", "--purge", victim)
    hark("run", "status", f"--db={db}", "t")


def check_from_run(db, geo):
    left = json.loads(harness.report(db, "t"))["coverage"]["answered"]
    assert targets(f"--from_run=t@{db}")["planned"] == left
    assert targets(f"--db={db}", "--from_run=t", f"--geo={geo}")["planned"] == left


def check_purge_beside(directory, lab):
    """A coordinator is at it: what it has stored of them goes, and what comes in later never gets there."""
    db = directory / "serve-db"
    flags = ["--ports=22,25", "--allow_special=127.0.0.0/8", "--pause_min_ms=0", "--pause_max_ms=0"]
    hark("run", "create", f"--db={db}", "--run=s", f"--targets={lab.targets}", *flags)
    with open(directory / "serve.log", "w") as log:
        serve = subprocess.Popen([HARK, "serve", f"--db={db}", "--workers=1", "--rate=60"], stdout=log, stderr=log)
    try:
        def found_some():
            assert serve.poll() is None, (directory / "serve.log").read_text()
            done = harness.run([HARK, "report", f"--db={db}", "--run=s", "--coverage", "--format=json"])
            visited = sum(a["visited"] for a in json.loads(done.stdout)["ases"].values()) if not done.returncode else 0
            return visited >= 10

        wait_for("the first hosts", found_some)
        members = [m for c in json.loads(harness.clusters(db, "s")) for m in c["members"]]
        others = {f"127.40.0.{n}" for n in range(90, 100)}
        members = [m for m in members if m not in others]
        victims = [*members[:3], "127.40.0.90-127.40.0.99"]
        told = hark("exclude", "add", f"--db={db}", "--reason=asked", "--purge", *victims)
        count = int(told.split("purged ")[1].split()[0])
        assert count >= 3, told
        wait_for("the rest", lambda: json.loads(hark("run", "list", f"--db={db}", "--format=json"))[0]["state"] == "done")
    finally:
        serve.terminate()
        assert serve.wait(timeout=60 * harness.PATIENCE) == 0, (directory / "serve.log").read_text()
    report = json.loads(harness.report(db, "s"))
    coverage = report["coverage"]
    assert coverage["sums_to_plan"] and not report["errors"], report
    assert coverage["grabs"]["purged"] == count, coverage
    clusters = harness.clusters(db, "s")
    for victim in [*members[:3], *others]:
        assert f'"{victim}"' not in clusters, victim
    assert report["listeners"] == 99 - 13, report["listeners"]


def wait_for(what, condition, seconds=120):
    deadline = time.monotonic() + seconds * harness.PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)  # polls what other processes do


def scenario(path):
    lines = ["run targets", "country XX", "prefix 127.40.0.0/24 asn=1"]
    for n in range(1, 100):
        lines += [f"host 127.40.0.{n}", f"  port 25 smtp key=t/{n % 7}", f"  port 22 ssh keys=t/{n % 7}"]
    path.write_text("\n".join(lines) + "\n")
    return path


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        with Dns(directory):
            check_names(directory)
        check_ipv6()
        check_dry_run(directory)
        with harness.Lab(directory, f"--scenario={scenario(directory / 'targets.scenario')}") as lab:
            check_opt_outs(directory, lab)
            check_purge_beside(directory, lab)


if __name__ == "__main__":
    main()
    sys.exit(0)
