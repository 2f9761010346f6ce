#!/usr/bin/env python3
"""The one-way rule: every #include of ours must be allowed by the folder it stands in.

The table is ARCHITECTURE.md's. A folder may include itself, what its row names, the standard library,
POSIX, and the libraries in LIBRARIES that are given to it. No type may be defined in two headers. Prints each
breach; exit 1 if there is one.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# folder -> folders of ours it may include besides itself. The longest matching folder counts.
ALLOWED = {
    "base": [],
    "proto": [],
    "keys": ["base"],
    "worker/probe": ["base", "keys"],
    "worker/engine": ["base", "worker/probe"],
    "worker": ["base", "keys", "proto", "bus", "worker/probe", "worker/engine"],
    "bus": ["base", "proto"],
    "storage": ["base", "keys", "proto"],
    "analysis": ["base", "keys", "storage", "proto"],
    "coordinator": ["base", "keys", "proto", "bus", "storage"],
    "exchange": ["base", "keys", "proto", "analysis", "storage"],
    "api": ["base", "keys", "proto", "analysis", "storage"],
    "cli": ["base", "keys", "proto", "bus", "storage", "analysis", "coordinator", "api", "exchange",
            "worker", "worker/probe", "worker/engine"],
    "tests": ["*"],
}

# include prefix -> folders, or single files, that may use it (tests may use everything).
LIBRARIES = {
    "zmq": ["bus"],
    "rocksdb/": ["storage"],
    "openssl/": ["keys", "worker/probe", "api"],
    "zstd.h": ["coordinator", "worker", "api", "exchange"],
    "google/protobuf/": ["proto", "bus", "storage", "coordinator", "worker", "exchange"],
    "prometheus/": ["coordinator"],
    "gflags/": ["worker"],
    "nlohmann/": ["analysis", "cli", "api", "exchange"],
    "simdjson.h": ["exchange"],
    "hiredis/": ["exchange"],
    "boost/": ["api"],
    "libssh/": [],
    "maxminddb": ["coordinator/geo_mmdb.cc"],
    "zip.h": ["coordinator/geo_zip.cc"],
    "zlib.h": ["coordinator/geo_lines.cc", "api", "exchange"],
    "cairo.h": ["cli/graph_png.cc"],
    "sys/epoll.h": ["worker/engine"],
    "sodium.h": ["worker/engine"],
    "gtest/": ["*"],
    "gmock/": ["*"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
TEST_FILE = re.compile(r"(_test|_fuzz|_bench)\.cc$|(^|/)(testing|testdata)/")


def folder_of(path):
    candidates = [f for f in ALLOWED if path == f or path.startswith(f + "/")]
    return max(candidates, key=len) if candidates else None


def breaches(path, text):
    folder = folder_of(path)
    if folder is None:
        return [f"{path}: stands in no known folder"]
    found = []
    is_test = folder == "tests" or TEST_FILE.search(path)
    for kind, name in INCLUDE.findall(text):
        if kind == '"':
            target = folder_of(name)
            if target is None:
                found.append(f"{path}: includes \"{name}\", which is in no known folder")
            elif target != folder and folder != "tests" and target not in ALLOWED[folder]:
                found.append(f"{path}: {folder} may not include {target} (\"{name}\")")
            elif target == "tests" and folder != "tests":
                found.append(f"{path}: nothing sees tests (\"{name}\")")
            continue
        for prefix, users in LIBRARIES.items():
            allowed = folder in users or path in users or "*" in users
            if name.startswith(prefix) and not is_test and not allowed:
                found.append(f"{path}: {folder} may not include <{name}>")
    return found


# Two types of one name in two headers are two definitions of one thing to the linker, which keeps
# either. It says nothing; the program is wrong.
TYPE = re.compile(r"^(?:class|struct|enum class) (\w+)(?![\w:])[^;{]*\{", re.M)
NAMESPACE = re.compile(r"^namespace (hark[\w:]*) \{", re.M)


def doubles(headers):
    """headers: {path: text}. The type names more than one of them defines."""
    seen = {}
    found = []
    for path, text in sorted(headers.items()):
        space = NAMESPACE.search(text)
        for name in TYPE.findall(text):
            key = (space.group(1) if space else "", name)
            if key in seen and seen[key] != path:
                found.append(f"{path}: {key[0]}::{name} is also defined in {seen[key]}")
            seen[key] = path
    return found


def check_table_bites():
    """The checker itself must see a breach, or it proves nothing."""
    assert breaches("base/x.cc", '#include "storage/store.h"')
    assert breaches("worker/probe/x.cc", "#include <sys/epoll.h>")
    assert breaches("coordinator/x.cc", "#include <rocksdb/db.h>")
    assert breaches("analysis/x.cc", '#include "tests/lab/lab.h"')
    assert breaches("coordinator/plan.cc", "#include <maxminddb.h>")
    assert not breaches("coordinator/geo_mmdb.cc", "#include <maxminddb.h>")
    assert doubles({"a.h": "namespace hark {\nclass X {\n", "b.h": "namespace hark {\nstruct X final : Y {\n"})
    assert not doubles({"a.h": "namespace hark {\nclass X {\n", "b.h": "namespace hark::lab {\nclass X {\n"})
    assert not breaches("cli/x.cc", '#include "analysis/report.h"\n#include <string>')


def main():
    check_table_bites()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = {path: (ROOT / path).read_text() for path in listed if (ROOT / path).exists()}
    found = [line for path, text in texts.items() for line in breaches(path, text)]
    found += doubles({path: text for path, text in texts.items() if path.endswith(".h")})
    for line in found:
        print(line)
    print(f"{len(listed)} files, {len(found)} breaches of the include rule")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
