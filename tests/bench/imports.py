"""Imports: how fast records of other programs get into the history, from the file to the synced store, and that a second
import of them adds nothing."""

import resource
import subprocess
import time
from pathlib import Path

import harness
from rows import Row

MAKER = Path(__file__).with_name("import_records.py")


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*command):
    """Seconds on the clock, seconds of the processors."""
    cpu, began = children_cpu(), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began, children_cpu() - cpu


def store_size(db):
    return sum(path.stat().st_size for path in db.iterdir() if path.is_file())


def rows(work, size):
    hosts, records = (200, 2000) if size.smoke else (40_000, 400_000)
    zgrab2, passive = work / "zgrab2.ndjson", work / "passive.ndjson"
    with open(zgrab2, "wb") as out:
        subprocess.run(["python3", MAKER, "zgrab2", str(hosts)], check=True, stdout=out)
    with open(passive, "wb") as out:
        subprocess.run([harness.BIN / "hark-import-bench", "write", str(records), "1767225600"],
                       check=True, stdout=out)
    hark = [harness.BIN / "hark", "import", "--quiet"]
    wall, cpu = run(*hark, f"--db={work / 'z'}", "--from=zgrab2", zgrab2)
    megabytes = zgrab2.stat().st_size / 1e6
    out = [Row(f"import: zgrab2 NDJSON, {hosts:,} hosts with SSH, SMTP and TLS", megabytes / wall,
               20, "MB/s", most=False, note=f"{megabytes:.0f} MB, {cpu:.1f} s of processor")]
    wall, cpu = run(*hark, f"--db={work / 'p'}", "--from=passive-ssh", passive)
    out.append(Row(f"import: Passive SSH records, {records:,} hosts of three keys", records / wall,
                   50_000, "records/s", most=False, note=f"{cpu:.1f} s of processor"))
    before = store_size(work / "p")
    run(*hark, f"--db={work / 'p'}", "--again", "--from=passive-ssh", passive)
    out.append(Row("import: the same records once more, the store's growth",
                   store_size(work / "p") / before, 2, note="tables that the next compaction folds"))
    return out
