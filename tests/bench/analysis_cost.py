"""What the analysis of a whole run costs: clusters and all tables, in a fresh process over a store that
no page of is in memory. Time and memory are of the process, opening the store included."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import harness
from rows import Row

PROGRAM = Path(harness.BIN) / "hark-analysis-bench"
MIB = 1024 * 1024
SYSTEM_BUNDLES = [Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/ssl/cert.pem")]


@dataclass
class Store:
    what: str
    made_by: str  # flag of the program
    seconds: float  # at most
    mb: float  # at most
    certificates: bool = False


STORES = {
    "ie": Store("IE-sized store (18,268 crypto hosts)", "--shape=ie", 0.5, 150),
    "ie-certified": Store("… its certificates read and judged, too", "--certified=IE-20180316", 0.5,
                          150, True),
    "sg": Store("SG-sized store (51,723 crypto hosts, 204,525 host/ports)", "--shape=sg", 1.5, 300),
    "sg-certified": Store("… its certificates read and judged, too", "--certified=SG-20180430", 1.5,
                          300, True),
    "big": Store("10 million hosts, 20 million host/ports", "--shape=big", 120, 3000),
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


def bundles(db):
    """Who signed the certificates, among all those that a browser trusts."""
    return [f"{db}.roots.pem"] + [str(path) for path in SYSTEM_BUNDLES if path.exists()][:1]


def read(db, certificates):
    forget(db)
    trust = [f"--ca_bundle={','.join(bundles(db))}"] if certificates else []
    done = subprocess.run([PROGRAM, "--read", f"--db={db}", *trust], check=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def measure(directory, name, rounds):
    store = STORES[name]
    db = Path(directory) / name
    subprocess.run([PROGRAM, store.made_by, f"--db={db}"], check=True)
    costs = [read(db, store.certificates) for _ in range(rounds)]
    size = sum(path.stat().st_size for path in db.iterdir()) / MIB
    shutil.rmtree(db)
    best = min(costs, key=lambda cost: cost["seconds"])
    chains = f", {best['chains']} chains of certificates" if store.certificates else ""
    return [
        Row(f"analysis: {store.what}", best["seconds"], store.seconds, "s",
            note=f"clusters and all tables from a cold store of {size:.0f} MB, best of {rounds}; "
                 f"{best['cpu_seconds']:.2f} s of processor; {best['crypto']} hosts with a key on "
                 f"{best['host_ports']} ports, {best['clusters']} clusters, largest "
                 f"{best['largest']}{chains}"),
        Row("… memory", max(cost["peak_mb"] for cost in costs), store.mb, "MB",
            note="most ever resident"),
    ]


def rows(directory, size):
    names = ["ie", "ie-certified"]
    if not size.smoke:
        names += ["sg", "sg-certified"] + (["big"] if size.big else [])
    out = []
    for name in names:
        out += measure(directory, name, 1 if size.smoke or name == "big" else 5)
    return out
