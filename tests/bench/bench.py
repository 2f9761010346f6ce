#!/usr/bin/env python3
"""The bench: what a grab costs beside its peers, how much memory conversations take, whether a lab
is grabbed completely and how polite that is; what a coordinator merges and how many workers it
carries; whether every cluster renders in time. Prints a Markdown table; exit 1 when a row fails.

  bench.py [--only=memory,ssh,tls,lab,tarpits,manners,scaling,merge,fleet,syn,singapore,analysis,pictures,api,imports]
           [--json=FILE] [--big] [--reference=DIR] [--smoke]

Everything happens in a network namespace of its own. docs/bench.md says how to read the table.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parent.parent / "integration")]
os.environ.setdefault("HARK_BIN", str(Path(__file__).resolve().parents[2] / "build/release/bin"))

import analysis_cost  # noqa: E402
import api_look_ups  # noqa: E402
import fleet_scale  # noqa: E402
import fleet_scaling  # noqa: E402
import grab_costs  # noqa: E402
import harness  # noqa: E402
import imports  # noqa: E402
import lab_scans  # noqa: E402
import manners  # noqa: E402
import memory  # noqa: E402
import merge_path  # noqa: E402
import pictures  # noqa: E402
import singapore  # noqa: E402
import syn_rate  # noqa: E402
from rows import as_json, as_markdown, failed  # noqa: E402


@dataclass
class Size:
    """How much of everything; the smoke run only sees that it runs."""
    smoke: bool = False
    big: bool = False
    sshd_hosts: int = 30
    keyscan_hosts: int = 10
    lab_hosts: int = 300
    tls_hosts: int = 1000
    many: int = 10_000
    few: int = 500
    grabbed_hosts: int = 5000
    tarpits: int = 500
    scaling_rate: int = 250
    scaling_hosts: int = 50
    merge_hosts: int = 200_000
    merge_rounds: int = 3
    workers: int = 1000
    fleet_seconds: float = 120
    api_hosts: int = 1_000_000
    reference: str = ""


SMOKE = Size(True, False, 3, 1, 20, 20, 200, 50, 60, 6, 4000, 10, 600, 1, 20, 4, 2000)

# The slow hosts listen themselves, so they come before hark-lab, which leads whole ports of the
# network the parts share to its own.
PARTS = {
    "memory": memory.rows,
    "ssh": grab_costs.ssh_rows,
    "tls": grab_costs.tls_rows,
    "lab": lab_scans.whole_lab_rows,
    "tarpits": lab_scans.tarpit_rows,
    "manners": manners.rows,
    "scaling": fleet_scaling.rows,
    "merge": merge_path.rows,
    "fleet": fleet_scale.rows,
    "syn": syn_rate.rows,
    "singapore": singapore.rows,
    "pictures": pictures.rows,
    "analysis": analysis_cost.rows,
    "api": api_look_ups.rows,
    "imports": imports.rows,
}


def parse(args):
    parser = argparse.ArgumentParser(description="see docs/bench.md")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, of " + ",".join(PARTS))
    parser.add_argument("--json", help="also write the rows there")
    parser.add_argument("--big", action="store_true",
                        help="the analysis of ten million hosts, too: ten minutes, 10 GB of disk")
    parser.add_argument("--reference", default="", metavar="DIR",
                        help="a checkout of D4-project/passive-ssh, for the part api to ask, too")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes; times are not judged")
    options = parser.parse_args(args)
    options.only = options.only.split(",")
    unknown = [part for part in options.only if part not in PARTS]
    if unknown:
        parser.error(f"--only: no part {unknown[0]}; there are {','.join(PARTS)}")
    return options


def main():
    options = parse(sys.argv[1:])
    harness.enter_namespace()
    size = SMOKE if options.smoke else Size(big=options.big, reference=options.reference)
    rows = []
    for part in options.only:
        began = time.monotonic()
        with harness.Workspace() as work:
            os.chmod(work, 0o755)  # servers give up root and must still read their files
            rows += PARTS[part](work, size)
        print(f"{part}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(as_markdown(rows), end="")
    if options.json:
        Path(options.json).write_text(json.dumps(as_json(rows), indent=1) + "\n")
    return 1 if failed(rows, options.smoke) else 0


if __name__ == "__main__":
    sys.exit(main())
