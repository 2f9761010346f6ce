"""Pictures of a whole run: every cluster of a Singapore-sized one as SVG, none slower than its limit; the
largest ones of the hardest shapes by themselves."""

import json
import os
import signal
import subprocess
import time

import harness
from rows import Row

# What Graphviz may take is 4 s; building, our own placing and writing come on top.
MOST_SECONDS = 10


def spent(wall, memory):
    return f"{wall:.1f} s on the wall, {memory:.0f} MB at most"


def make(directory, run, shape=None):
    command = [harness.BIN / "hark-picture-store", directory, run, *([shape] if shape else [])]
    subprocess.run(command, check=True)


def clusters(db):
    text = subprocess.run([harness.BIN / "hark", "cluster", "list", f"--db={db}", "--format=json"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(text)


def draw(db, *arguments):
    """CPU seconds with Graphviz', seconds on the wall, peak memory in MB."""
    began = time.monotonic()
    child = subprocess.Popen([harness.BIN / "hark", "cluster", "graph", f"--db={db}", *arguments],
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, arguments
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024


def draw_slowly(db, *arguments):
    """Seconds on the wall with a tenth of a core: a slow machine, or a busy one."""
    began = time.monotonic()
    child = subprocess.Popen([harness.BIN / "hark", "cluster", "graph", f"--db={db}", *arguments],
                             stdout=subprocess.DEVNULL)
    while child.poll() is None:
        time.sleep(0.005)
        child.send_signal(signal.SIGSTOP)
        time.sleep(0.045)
        child.send_signal(signal.SIGCONT)
    assert child.returncode == 0, arguments
    return time.monotonic() - began


def slowest_of(directory, began):
    """The longest pause between two pictures: files are written one after another. The first, which is
    the largest, has the reading of the run on top."""
    times = sorted(path.stat().st_mtime for path in directory.iterdir())
    return max(after - before for before, after in zip([began, *times], times)), len(times)


def rows(work, size):
    run = "UY-20180424" if size.smoke else "SG-20180430"
    make(work / "run", run)
    count = len(clusters(work / "run"))
    began = time.time()
    cpu, seconds, memory = draw(work / "run", "--all", f"--out={work / 'svg'}")
    slowest, drawn = slowest_of(work / "svg", began)
    out = [
        Row(f"{run}: clusters drawn", drawn, count, "", exact=True, timed=False,
            note="hark cluster graph --all"),
        Row(f"{run}: the slowest of them", slowest, MOST_SECONDS, "s", note="SVG, layout auto"),
        Row(f"{run}: all of them, CPU", cpu, None, "s", note=spent(seconds, memory)),
    ]
    shapes = ["groups"] if size.smoke else ["one", "groups", "chain", "web"]
    for shape in shapes:
        db = work / shape
        make(db, run, shape)
        largest = clusters(db)[0]
        for layout in ("auto", "own"):
            cpu, seconds, memory = draw(db, largest["id"], f"--layout={layout}",
                                        f"--output={work / 'one.svg'}")
            out.append(Row(f"{largest['size']} hosts, shape {shape}, layout {layout}, CPU", cpu,
                           MOST_SECONDS, "s", note=spent(seconds, memory)))
        if shape == shapes[-1]:
            seconds = draw_slowly(db, largest["id"], "--layout=own", f"--output={work / 'one.svg'}")
            out.append(Row(f"{largest['size']} hosts, shape {shape}, layout own, a tenth of a core",
                           seconds, MOST_SECONDS, "s", note="SVG, on the wall"))
            for form in ("png", "html"):
                cpu, seconds, memory = draw(db, largest["id"], f"--format={form}",
                                            f"--output={work / 'one'}.{form}")
                out.append(Row(f"{largest['size']} hosts, shape {shape}, {form}, CPU", cpu,
                               MOST_SECONDS, "s", note=spent(seconds, memory)))
    return out
