"""What the analysis of a whole run costs: clusters and all tables, in a fresh process over a store that
no page of is in memory. Time and memory are of the process, opening the store included."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import harness
from rows import Row

PROGRAM = Path(harness.BIN) / "hark-analysis-bench"
MIB = 1024 * 1024
# shape: (what it is, seconds, MB)
LIMITS = {
    "ie": ("IE-sized store (18,268 crypto hosts)", 0.5, 150),
    "sg": ("SG-sized store (51,723 crypto hosts, 204,525 host/ports)", 1.5, 300),
    "big": ("10 million hosts, 20 million host/ports", 120, 3000),
}


def forget(directory):
    """Takes the store's files out of the page cache."""
    for path in Path(directory).iterdir():
        if not path.is_file():
            continue
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def read(db):
    forget(db)
    done = subprocess.run([PROGRAM, "--read", f"--db={db}"], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def measure(directory, shape, rounds):
    db = Path(directory) / shape
    subprocess.run([PROGRAM, f"--shape={shape}", f"--db={db}"], check=True)
    costs = [read(db) for _ in range(rounds)]
    size = sum(path.stat().st_size for path in db.iterdir()) / MIB
    shutil.rmtree(db)
    what, limit_seconds, limit_mb = LIMITS[shape]
    best = min(costs, key=lambda cost: cost["seconds"])
    return [
        Row(f"analysis: {what}", best["seconds"], limit_seconds, "s",
            note=f"clusters and all tables from a cold store of {size:.0f} MB, best of {rounds}; "
                 f"{best['cpu_seconds']:.2f} s of processor; {best['crypto']} hosts with a key on "
                 f"{best['host_ports']} ports, {best['clusters']} clusters, largest {best['largest']}"),
        Row("… memory", max(cost["peak_mb"] for cost in costs), limit_mb, "MB",
            note="most ever resident"),
    ]


def rows(directory, size):
    shapes = ["ie"] if size.smoke else ["ie", "sg", "big"]
    out = []
    for shape in shapes:
        out += measure(directory, shape, 1 if size.smoke or shape == "big" else 5)
    return out
