#!/usr/bin/env python3
"""Real geo data, where a package registry is within reach: what hark enumerates in an .mmdb is, for every country, what
its maker's CSV of the same release says. Skipped (77) where there is no registry; nothing of the data is kept.

The packages come through npm and whatever registry it is configured for. This is the only test that leaves the machine.
"""

import csv
import hashlib
import heapq
import ipaddress
import json
import subprocess
import sys
import tarfile

import harness

SKIP = 77
HARK = harness.BIN / "hark"
COUNTRY = "@ip-location-db/geo-whois-asn-country"
LEGACY = "/usr/share/GeoIP/GeoIP.dat"
# Addresses scanned in 2018 (the paper's Table V).
TABLE_V = {"IE": 11583062, "EE": 1521127, "FI": 13595744, "PT": 6654749, "LU": 1432136, "UY": 2456088,
           "NZ": 7214376, "NA": 482835, "SG": 8990690, "SI": 2641942}


def npm(*words, cwd):
    return subprocess.run(["npm", "--silent", "--fetch-retries=1", "--fetch-timeout=60000", *words], cwd=cwd, text=True,
                          capture_output=True, timeout=400)


def package(name, directory):
    """The unpacked package, or None when it cannot be had."""
    done = npm("pack", name, cwd=directory)
    if done.returncode != 0:
        return None
    folder = directory / name.strip("@").replace("/", "-")
    with tarfile.open(directory / done.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    return folder / "package"


def info(*files):
    done = subprocess.run([HARK, "geo", "info", "--json", ",".join(map(str, files))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def merged_by_country(path):
    """{code: merged ranges}, from the CSV and by nothing of hark's. Some hundred rows overlap: the later one counts."""
    with open(path, newline="") as file:
        rows = [(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)), code)
                for first, last, code in csv.reader(file)]
    ends = sorted([(first, 0, row) for row, (first, _, _) in enumerate(rows)] +
                  [(last + 1, 1, row) for row, (_, last, _) in enumerate(rows)])
    countries, open_rows, ended, at = {}, [], set(), 0
    for position, is_end, row in ends:
        while open_rows and -open_rows[0] in ended:
            heapq.heappop(open_rows)
        if open_rows and position > at:
            ranges = countries.setdefault(rows[-open_rows[0]][2], [])
            if ranges and ranges[-1][1] + 1 == at:
                ranges[-1][1] = position - 1
            else:
                ranges.append([at, position - 1])
        at = position
        if is_end:
            ended.add(row)
        else:
            heapq.heappush(open_rows, -row)
    return countries


def set_hash(ranges, width):
    return hashlib.sha256(b"".join(end.to_bytes(width, "big") for both in ranges for end in both)).hexdigest()


def check_country(mmdb, ipv4, ipv6):
    """Every country of hark's view of mmdb against the CSV files."""
    wanted4, wanted6 = merged_by_country(ipv4), merged_by_country(ipv6)
    got = info(mmdb)["countries"]
    assert set(got) == set(wanted4) | set(wanted6), set(got) ^ (set(wanted4) | set(wanted6))
    for code, country in got.items():
        v4, v6 = wanted4.get(code, []), wanted6.get(code, [])
        assert country["ipv4_addresses"] == sum(last - first + 1 for first, last in v4), code
        assert country["ipv4_set"] == set_hash(v4, 4), code
        assert country["ipv6_set"] == set_hash(v6, 16), code
    print(f"{mmdb.name}: equal to its CSV for all {len(got)} countries, IPv4 and IPv6")
    return got


def check_others(whois, csv_package, asn):
    """The same data in other shapes is the same; an AS file fills what a country file lacks."""
    base = csv_package / "geo-whois-asn-country"
    whole = info(whois / "geo-whois-asn-country.mmdb")["countries"]
    for parts in ([whois / "geo-whois-asn-country-ipv4.mmdb", whois / "geo-whois-asn-country-ipv6.mmdb"],
                  [f"{base}-ipv4.csv", f"{base}-ipv6.csv"], [f"{base}-ipv4-num.csv", f"{base}-ipv6-num.csv"]):
        assert info(*parts)["countries"] == whole, parts
    together = info(whois / "geo-whois-asn-country.mmdb", asn / "asn-ipv4.csv", asn / "asn-ipv6.csv")
    assert together["countries"] == whole
    with open(asn / "asn-ipv4.csv") as v4, open(asn / "asn-ipv6.csv") as v6:
        ases = {row[2] for file in (v4, v6) for row in csv.reader(file)}
    assert together["ases"] == len(ases), (together["ases"], len(ases))
    print(f"{together['ases']} ASes, {[source['networks'] for source in together['sources']]} networks")


def check_legacy():
    done = subprocess.run([HARK, "geo", "info", LEGACY], capture_output=True, text=True)
    if "No such file" not in done.stderr:
        assert done.returncode == 2 and "GeoIP Legacy" in done.stderr, done.stderr
        print(done.stderr.strip())


def table(whois, geolite):
    print(f"{'':4}{'Table V, 2018':>16}{'geo-whois-asn':>16}{'GeoLite2':>16}")
    for code, then in TABLE_V.items():
        now = [data[code]["ipv4_addresses"] for data in (whois, geolite)]
        print(f"{code:4}{then:>16,}{now[0]:>16,}{now[1]:>16,}")
        assert all(then / 2 < n < then * 5 for n in now), code


def main():
    with harness.Workspace() as directory:
        try:
            seen = npm("view", f"{COUNTRY}-mmdb", "version", cwd=directory)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            print(f"skipped: {error}")
            return SKIP
        version = seen.stdout.strip()
        names = (f"{COUNTRY}-mmdb@{version}", f"{COUNTRY}@{version}", "@ip-location-db/asn",
                 "@ip-location-db/geolite2-country-mmdb")
        folders = [package(name, directory) for name in names] if version else [None]
        if None in folders:
            print("skipped: the packages are not to be had from here")
            return SKIP
        whois, csv_package, asn, geolite = folders
        base = csv_package / "geo-whois-asn-country"
        countries = check_country(whois / "geo-whois-asn-country.mmdb", f"{base}-ipv4.csv", f"{base}-ipv6.csv")
        check_others(whois, csv_package, asn)
        check_legacy()
        table(countries, info(geolite / "geolite2-country.mmdb")["countries"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
