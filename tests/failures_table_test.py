#!/usr/bin/env python3
"""docs/failures.md tells the truth: its rows are 1 to 30, each names a test, and every test it names exists.

A test is `Suite.Name` (a TEST, TEST_F or TEST_P in the sources), `name_test.py` (of tests/integration),
`name_test.py::part` (a function of it) or `name_fuzz` (a fuzz target). Prints each fault; exit 1 if there is one.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = 30
SOURCES = ["base", "keys", "worker", "bus", "storage", "analysis", "coordinator", "cli", "tests"]
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
NAMED = re.compile(r"`([A-Z]\w*Test\.\w+|\w+_test\.py(?:::\w+)?|\w+_fuzz)`")


def known_tests():
    tests = set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*_test.cc"):
            tests.update(".".join(name) for name in TEST.findall(path.read_text(errors="replace")))
        tests.update(path.stem for path in (ROOT / folder).rglob("*_fuzz.cc"))
    for path in (ROOT / "tests/integration").rglob("*_test.py"):
        tests.add(path.name)
        tests.update(f"{path.name}::{part}" for part in re.findall(r"^def (\w+)", path.read_text(), re.M))
    return tests


def faults_of(text, tests, rows=ROWS):
    faults, numbers = [], []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or set(line) <= set("|-: ") or cells[0] in ("#", "trap"):
            continue
        named = NAMED.findall(line)
        if not named:
            faults.append(f"row '{cells[0]}': no test")
        faults += [f"row '{cells[0]}': no test {name}" for name in named if name not in tests]
        if cells[0].isdigit():
            numbers.append(int(cells[0]))
    if numbers != list(range(1, rows + 1)):
        faults.append(f"the rows are not 1 to {rows}")
    return faults


def check_it_bites():
    """The checker itself must see a fault, or it proves nothing."""
    good = "| # | what |\n|---|---|\n| 1 | it | `ATest.B` |\n| 2 | it | `c_test.py::d` |\n| a trap | `ATest.B` |\n"
    assert not faults_of(good, {"ATest.B", "c_test.py::d"}, 2)
    assert faults_of(good, {"ATest.B"}, 2)
    assert faults_of(good.replace("ATest.B", "a_fuzz"), {"c_test.py::d"}, 2)
    assert faults_of(good, {"c_test.py::d"}, 2)
    assert faults_of(good, {"ATest.B", "c_test.py::d"}, 3)
    assert faults_of(good + "| another trap | nothing |\n", {"ATest.B", "c_test.py::d"}, 2)


def main():
    check_it_bites()
    text = (ROOT / "docs/failures.md").read_text()
    found = faults_of(text, known_tests())
    for fault in found:
        print(f"docs/failures.md: {fault}")
    print(f"{len(NAMED.findall(text))} tests named, {len(found)} faults of the table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
