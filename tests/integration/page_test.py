#!/usr/bin/env python3
"""The HTML report in a real browser: it renders with what the store holds, alone, without a network."""

import json
import re
import struct
import sys

import harness

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage"]


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory:
        scenario = harness.ROOT / "tests/lab/scenarios/five-hosts.scenario"
        with harness.Lab(directory, f"--scenario={scenario}") as lab:
            harness.scan(directory / "db", "--run=page", "--country=XX", f"--geo={lab.geo}",
                         "--rate=100000", "--quiet")
        page = directory / "page.html"
        done = harness.run([harness.BIN / "hark", "report", f"--db={directory / 'db'}", "--format=html",
                            f"--output={page}"])
        assert done.returncode == 0, done.stderr
        source = page.read_text()
        assert not re.search(r'(src|href)\s*=\s*"(?!#)', source), "the page loads something"

        profile = f"--user-data-dir={directory / 'profile'}"
        dom = harness.run([*CHROMIUM, profile, "--dump-dom", page.as_uri()])
        assert dom.returncode == 0, dom.stderr
        text = re.sub(r"<[^>]+>", " ", dom.stdout)
        only = json.loads(harness.clusters(directory / "db", "page"))[0]
        for word in ("page", "Coverage", only["id"]):
            assert word in text, f"'{word}' is not on the page"
        assert dom.stdout.count("<svg") >= 3, "the plots are missing"

        picture = directory / "page.png"
        shot = harness.run([*CHROMIUM, profile, "--window-size=1000,1400", f"--screenshot={picture}",
                            page.as_uri()])
        assert picture.exists(), shot.stderr
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        assert (width, height) == (1000, 1400), (width, height)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
