#!/usr/bin/env python3
"""A million prefixes: how long `hark geo info` takes for them, and in how much memory.

The time holds reading, checking, sorting and counting by country, the hash of the file, and the start of the program;
what the program holds before it reads anything is measured with `hark version`. docs/bench.md has what was measured.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HARK = Path(os.environ.get("HARK_BIN", Path(__file__).resolve().parents[2] / "build/release/bin")) / "hark"
COUNTRIES = ("IE", "EE", "FI", "PT", "LU", "UY", "NZ", "NA", "SG", "SI")
PREFIXES = 1_000_000


def dotted(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def write(path, count=PREFIXES):
    """Prefixes of /24 to /21, neighbours of different countries, gaps between some."""
    dice, at = random.Random(1), 1 << 24
    with open(path, "w") as out:
        for n in range(count):
            bits = dice.randrange(8, 12)
            at = (at + (1 << bits) - 1) >> bits << bits
            out.write(f"{dotted(at)}/{32 - bits},{COUNTRIES[n % len(COUNTRIES)]}\n")
            at += 1 << bits


def write_both(path):
    """Half of them IPv4, as above; half IPv6, every other /48."""
    write(path, PREFIXES // 2)
    with open(path, "a") as out:
        for n in range(PREFIXES // 2):
            out.write(f"2001:{n >> 15:x}:{n << 1 & 0xffff:x}::/48,{COUNTRIES[n % len(COUNTRIES)]}\n")


def measure(*words):
    """(seconds, peak MiB) of a command."""
    started = time.monotonic()
    child = subprocess.Popen([HARK, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, words
    return time.monotonic() - started, usage.ru_maxrss / 1024


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        if not files:
            files = [str(Path(directory) / name) for name in ("million.csv", "million-of-both.csv")]
            write(files[0])
            write_both(files[1])
        _, idle = measure("version")
        for file in files:
            seconds, memory = min(measure("geo", "info", file) for _ in range(3))
            print(f"{Path(file).name}: {seconds:.2f} s, {memory:.0f} MiB at most, {idle:.0f} MiB of it the program")


if __name__ == "__main__":
    main()
