#!/usr/bin/env python3
"""`hark grab` sees every key the lab's hosts have, a line of JSON a host, and stores nothing."""

import json
import signal
import subprocess
import sys

import harness


def keys_of(host):
    out = set()
    for port in host["ports"]:
        out |= {key["key_id"] for key in port.get("ssh", {}).get("keys", [])}
        out |= {leaf["key_id"] for leaf in port.get("tls", {}).get("chain", [])[:1]}
    return out


def grab(*flags):
    done = harness.run([harness.BIN / "hark", "grab", f"--allow_special={harness.LOOPBACK}",
                        "--pause_min_ms=0", "--rate=100000", *flags])
    assert done.returncode == 0, f"grab gave {done.returncode}:\n{done.stderr}"
    return done.stdout


def check_hosts(lab):
    hosts = [json.loads(line) for line in grab(f"--targets={lab.targets}").splitlines()]
    seen = {host["address"]: keys_of(host) for host in hosts}
    assert len(seen) == len(hosts), "a host came twice"
    for cluster in lab.truth_clusters():
        shared = set(cluster["keys"])
        for member in cluster["members"]:
            assert seen[member] & shared, f"{member} shows none of its cluster's keys"
    unique = len(set().union(*seen.values()))
    assert unique == lab.truth_report()["unique_keys"], f"{unique} keys seen"


def check_forms(lab):
    member = lab.truth_clusters()[0]["members"][0]
    array = json.loads(grab(member, "--format=json", "--der"))
    assert [host["address"] for host in array] == [member]
    text = grab(f"{member}:25", "--format=text")
    assert text.startswith(f"{member}\n     25  smtp "), text
    done = harness.run([harness.BIN / "hark", "grab", member])
    assert done.returncode == 2 and "--allow_special" in done.stderr, done.stderr


def check_interrupt(lab):
    """Ctrl-C: hosts begun are finished, and the last line counts those printed, not those given back."""
    grab_slowly = [harness.BIN / "hark", "grab", f"--allow_special={harness.LOOPBACK}", "--ports=25",
                   "--rate=5", f"--targets={lab.targets}"]
    with subprocess.Popen(grab_slowly, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as grab:
        first = grab.stdout.readline()
        grab.send_signal(signal.SIGINT)
        rest, said = grab.communicate()
    printed = (first + rest).count("\n")
    assert grab.returncode == 130, grab.returncode
    assert f"interrupted after {printed} of " in said, f"{printed} hosts printed:\n{said}"


def main():
    harness.enter_namespace()
    scenario = harness.ROOT / "tests/lab/scenarios/five-hosts.scenario"
    with harness.Workspace() as work, harness.Lab(work, f"--scenario={scenario}") as lab:
        check_hosts(lab)
        check_forms(lab)
        check_interrupt(lab)
    with harness.Workspace() as work, harness.Lab(work, "--sizes=2*3 3*2 4", "--gate_port=0") as lab:
        check_hosts(lab)


if __name__ == "__main__":
    sys.exit(main())
