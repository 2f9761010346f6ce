#!/usr/bin/env python3
"""What operators get wrong gives one line that says what, where and how to mend it, and exit code 2. A full
disk gives exit code 1, and what was acknowledged is there when the same command comes again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import harness

GEO = "prefix,country,asn\n127.20.0.0/24,NA,64500\n"


def expect(code, words, command, **kwargs):
    done = harness.run(command, **kwargs)
    line = done.stderr.strip()
    assert done.returncode == code, f"{command}: exit {done.returncode}, wanted {code}: {line}"
    assert len(line.splitlines()) == 1, f"{command}: not one line:\n{line}"
    assert "hark scan: " in line, line
    for word in words:
        assert word in line, f"{command}: '{word}' is not in: {line}"


def check_flags(directory):
    geo = directory / "geo.csv"
    geo.write_text(GEO)
    bad_geo = directory / "bad.csv"
    bad_geo.write_text(GEO + "127.20.1.0/24,NA\n127.21.0.0/44,NA,1\n")
    bad_list = directory / "list.txt"
    bad_list.write_text("127.0.0.1\nnot an address\n")
    a_file = directory / "file"
    a_file.write_text("x")
    other = directory / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    db = directory / "db"

    def command(*flags, db=db):
        return harness.scan_command(db, "--quiet", *flags)

    expect(2, ["ZZ", "NA"], command("--country=ZZ", f"--geo={geo}"))
    expect(2, ["--geo"], command("--country=NA"))
    expect(2, ["Namibya", "did you mean Namibia?"], command("--country=Namibya", f"--geo={geo}"))
    expect(2, ["QQ"], command("--country=Namibia,QQ", f"--geo={geo}"))
    expect(2, ["--asn", "AS0"], command("--asn=AS0", f"--geo={geo}"))
    expect(2, ["missing.csv", "No such file"], command("--country=NA", "--geo=missing.csv"))
    expect(2, ["bad.csv:4", "127.21.0.0/44"], command("--country=NA", f"--geo={bad_geo}"))
    expect(2, ["list.txt:2"], command(f"--targets={bad_list}"))
    expect(2, ["stdin:1"], command("--targets=-"), input="300.0.0.1\n")
    expect(2, ["no-such-list", "No such file"], command("--targets=no-such-list"))
    expect(2, ["127.0.0.1/8", "127.0.0.0/8"], command("--targets=127.0.0.1/8"))
    expect(2, ["127.0.0.0/33"], command("--targets=127.0.0.0/33"))
    expect(2, ["--ports", "0"], command("--targets=127.20.0.0/24", "--ports=0"))
    expect(2, ["--ports", "70000"], command("--targets=127.20.0.0/24", "--ports=22,70000"))
    expect(2, ["--gate_port", "70000"], command("--targets=127.20.0.0/24", "--gate_port=70000"))
    expect(2, ["--rate"], command("--targets=127.20.0.0/24", "--rate=0"))
    expect(2, ["--nonsense"], command("--targets=127.20.0.0/24", "--nonsense=1"))
    expect(2, ["--allow_special", "multicast"],
           command("--targets=127.20.0.0/24", "--allow_special=224.0.0.0/4"))
    expect(2, ["--contact"], command("--targets=8.0.0.0/24"))
    expect(2, ["excluded"], command("--targets=10.1.0.0/16"))
    expect(2, ["file"], command("--targets=127.20.0.0/24", db=a_file))
    expect(2, ["file"], command("--targets=127.20.0.0/24", db=a_file / "below"))
    expect(2, ["letter.txt"], command("--targets=127.20.0.0/24", db=other))
    assert not db.exists(), "a mistake left a store behind"
    assert (other / "letter.txt").read_text() == "dear"


def check_unwritable(directory):
    mount = directory / "readonly"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", mount], check=True)
    expect(2, ["Read-only"], harness.scan_command(mount / "db", "--targets=127.20.0.0/24", "--quiet"))
    subprocess.run(["umount", mount], check=True)


def check_busy(directory):
    db = directory / "busy"
    # Slow on purpose: holds the store until it is stopped.
    first = subprocess.Popen(harness.scan_command(db, "--targets=127.20.0.0/16", "--rate=1"),
                             stderr=subprocess.DEVNULL)
    try:
        while not (db / "coordinator.key").exists():
            assert first.poll() is None
            time.sleep(0.02)  # polls for a file another process makes
        expect(2, ["busy", "another hark"],
               harness.scan_command(db, "--targets=127.20.0.0/16", "--quiet"))
    finally:
        first.terminate()
        code = first.wait(timeout=30 * harness.PATIENCE)
    assert code == 130, f"an interrupted scan gave {code}"


def check_full_disk(directory):
    mount = directory / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount], check=True)
    try:
        with harness.Lab(directory, "--hosts=1500", "--seed=11") as lab:
            flags = ["--run=full", f"--targets={lab.targets}", "--rate=1000000", "--quiet",
                     "--greeting_timeout_ms=2000", "--connect_timeout_ms=1000"]
            command = harness.scan_command(mount / "db", *flags)
            done = harness.run(command)
            assert done.returncode == 1, f"exit {done.returncode}: {done.stderr}"
            last = done.stderr.strip().splitlines()[-1]
            assert "No space left" in last and "hark scan" in last, done.stderr
            # Of the scan's own; its workers' spools are on the same disk and have their own say.
            own = [line for line in done.stderr.splitlines() if line.startswith("hark scan: ")]
            assert len(own) == 1, done.stderr
            subprocess.run(["mount", "-o", "remount,size=512m", mount], check=True)
            assert covered(mount / "db") > 0, "nothing of what was acknowledged is there"
            done = harness.run(command)
            assert done.returncode == 0, done.stderr
            assert "resumed" in done.stderr, done.stderr
            harness.scan(directory / "roomy", *flags)
            full = json.loads(harness.without_times(harness.report(mount / "db", "full")))
            roomy = json.loads(harness.without_times(harness.report(directory / "roomy", "full")))
            wrong = harness.differences(roomy, full)
            assert not wrong, "a disk that was full for a while changed the result:\n" + "\n".join(wrong)
            assert harness.clusters(mount / "db", "full") == harness.clusters(directory / "roomy", "full")
    finally:
        subprocess.run(["umount", mount], check=True)


def covered(db):
    done = harness.run([harness.BIN / "hark", "report", f"--db={db}", "--run=full", "--format=json"])
    if done.returncode != 0:
        return 0  # full before the run itself was stored
    coverage = json.loads(done.stdout)["coverage"]
    return coverage["planned"] - coverage["pending"]


def main():
    harness.enter_namespace(mounts=True)
    with harness.Workspace() as directory:
        for check in (check_flags, check_unwritable, check_busy, check_full_disk):
            sub = Path(directory) / check.__name__
            sub.mkdir()
            check(sub)
            print(f"{check.__name__}: passed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
