#!/usr/bin/env python3
"""docs/protocols/limits.md tells the truth: every constant of worker/probe/limits.h stands in one of its
tables with a reason and a test, every constant the tables name exists, and so does every test.

A test is written `Suite.Name` (a TEST, TEST_F or TEST_P in the sources) or `name.transcript` (a file of
worker/probe/testdata). Prints each fault; exit 1 if there is one.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMITS = "worker/probe/limits.h"
COLUMNS = ["limit", "value", "reason", "test"]
SOURCES = ["base", "keys", "worker", "bus", "storage", "analysis", "coordinator", "cli", "tests"]

CONSTANT = re.compile(r"^inline constexpr [\w:]+ (k\w+) =", re.M)
ANY_CONSTANT = re.compile(r"\bconstexpr [\w: ]+ (k\w+) ?[={]")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
NAMED_CONSTANT = re.compile(r"`(k[A-Z]\w*)`")
NAMED_TEST = re.compile(r"`([\w.]+)`")


def rows(text):
    """The cells of every table row, and the faults of the tables' shape."""
    found, faults = [], []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        is_head = number < len(lines) and set(lines[number]) <= set("|-: ") and lines[number]
        if is_head and cells != COLUMNS:
            faults.append(f"line {number}: the columns are not {' | '.join(COLUMNS)}")
        elif not is_head and len(cells) != len(COLUMNS):
            faults.append(f"line {number}: {len(cells)} cells")
        elif not is_head:
            found.append((number, cells))
    return found, faults


def faults_of(text, limits, constants, tests):
    """limits: constants that must be in the table; constants: those it may name; tests: known ones."""
    table, faults = rows(text)
    seen = set()
    for number, (limit, _, reason, test) in table:
        named = NAMED_CONSTANT.findall(limit)
        seen.update(named)
        faults += [f"line {number}: no constant {name}" for name in named if name not in constants]
        if not reason:
            faults.append(f"line {number}: no reason")
        if not NAMED_TEST.findall(test):
            faults.append(f"line {number}: no test")
        faults += [f"line {number}: no test {name}" for name in NAMED_TEST.findall(test) if name not in tests]
    faults += [f"{name} of {LIMITS} is not in the table" for name in limits if name not in seen]
    return faults


def check_it_bites():
    """The checker itself must see a fault, or it proves nothing."""
    head = "| limit | value | reason | test |\n|---|---|---|---|\n"
    good = head + "| `kA` | 1 | because | `S.T` |\n"
    assert not faults_of(good, ["kA"], {"kA"}, {"S.T"})
    assert faults_of(good, ["kA", "kB"], {"kA", "kB"}, {"S.T"})
    assert faults_of(good, [], set(), {"S.T"})
    assert faults_of(good, ["kA"], {"kA"}, set())
    assert faults_of(head + "| `kA` | 1 | because | |\n", ["kA"], {"kA"}, {"S.T"})
    assert faults_of(head + "| `kA` | 1 | | `S.T` |\n", ["kA"], {"kA"}, {"S.T"})
    assert faults_of(head + "| `kA` | 1 | because |\n", [], {"kA"}, {"S.T"})


def main():
    check_it_bites()
    limits = CONSTANT.findall((ROOT / LIMITS).read_text())
    constants, tests = set(limits), set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".h", ".cc"):
                text = path.read_text(errors="replace")
                constants.update(ANY_CONSTANT.findall(text))
                tests.update(".".join(name) for name in TEST.findall(text))
    tests.update(path.name for path in (ROOT / "worker/probe/testdata").glob("*.transcript"))
    found = faults_of((ROOT / "docs/protocols/limits.md").read_text(), limits, constants, tests)
    for fault in found:
        print(f"docs/protocols/limits.md: {fault}")
    print(f"{len(limits)} limits, {len(found)} faults of their table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
