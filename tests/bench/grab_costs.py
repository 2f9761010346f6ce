"""CPU of a grab beside the CPU of its peers: same hosts, same keys, same exchange, in turns."""

import json
import shutil
import statistics

import harness
import servers
from rows import Row

SSH_ALGORITHMS = "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512"


def client(name, port, count, *flags, first=servers.FIRST_HOST):
    done = harness.run([harness.BIN / "hark-bench", name, f"--first={first}", f"--count={count}",
                        f"--port={port}", *flags])
    assert done.returncode == 0, f"{name} grabbed nothing: {done.stderr}"
    cost = json.loads(done.stdout)
    assert cost["grabs"] == count, f"{name} grabbed {cost['grabs']} of {count} hosts"
    return cost


def in_turns(rounds, first, second):
    """Both several times, one after the other: the median of each, so that a noisy moment of the
    machine does not decide."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return [statistics.median(values) for values in zip(*pairs)]


def milliseconds_per_key(cost):
    return cost["cpu_seconds"] * 1000 / cost["keys"]


def against_libssh(name, port, count, rounds, first=servers.FIRST_HOST):
    ours, theirs = in_turns(
        rounds,
        lambda: milliseconds_per_key(client("hark", port, count, "--protocol=ssh", first=first)),
        lambda: milliseconds_per_key(
            client("libssh", port, count, f"--ssh_keys={SSH_ALGORITHMS}", first=first)))
    row = Row(f"SSH key, {name}: CPU, hark / libssh", ours / theirs, 0.7,
              note=f"{ours:.3f} and {theirs:.3f} ms a key; curve25519-sha256; ed25519, ecdsa, rsa")
    return row, ours


def against_keyscan(port, count, ours):
    seconds, out = servers.cpu_of(
        ["ssh-keyscan", "-T", "20", "-t", "ed25519,ecdsa,rsa", "-p", port, "-f", "-"],
        stdin="\n".join(servers.hosts(count)) + "\n")
    keys = sum(1 for line in out.splitlines() if line and not line.startswith("#"))
    assert keys == 3 * count, f"ssh-keyscan saw {keys} of {3 * count} keys"
    theirs = seconds * 1000 / keys
    return Row("SSH key, OpenSSH: CPU, hark / ssh-keyscan", ours / theirs, 1 / 50,
               note=f"{ours:.3f} and {theirs:.1f} ms a key")


def against_zgrab2(what, module, port, count, ours_per_host):
    if not shutil.which("zgrab2"):
        return Row(f"{what}: CPU, hark / zgrab2", None, 1 / 3, note="zgrab2 is not on PATH")
    targets = "\n".join(servers.hosts(count)) + "\n"
    seconds, out = servers.cpu_of(["zgrab2", module, f"--port={port}"], stdin=targets)
    good = sum(1 for line in out.splitlines() if '"status":"success"' in line.replace(" ", ""))
    if good != count:
        return Row(f"{what}: CPU, hark / zgrab2", None, 1 / 3, note=f"zgrab2 grabbed {good} of {count}")
    theirs = seconds * 1000 / count
    return Row(f"{what}: CPU, hark / zgrab2", ours_per_host / theirs, 1 / 3,
               note=f"{ours_per_host:.3f} and {theirs:.3f} ms a host")


def ssh_lab(directory, count):
    """As many hosts of hark-lab, with the same three key types as the sshd."""
    lines = ["run ssh-cost", "country XX"]
    for i, address in enumerate(servers.hosts(count, "127.78.0.0")):
        group = i % 20  # RSA keys take long to make
        lines += [f"key e{group} type=ed25519", f"key c{group} type=ecdsa-p256",
                  f"key r{group} type=rsa-2048"] if i < 20 else []
        lines += [f"host {address}", f"  port 22 ssh keys=e{group},c{group},r{group}"]
    directory.mkdir()
    path = directory / "ssh.scenario"
    path.write_text("\n".join(lines) + "\n")
    return harness.Lab(directory, f"--scenario={path}", "--gate_port=0", "--ports=22")


def ssh_rows(directory, size):
    rounds = 1 if size.smoke else 3
    out = []
    with servers.Sshd(directory, 2200) as sshd:
        row, ours = against_libssh("OpenSSH", sshd.port, size.sshd_hosts, rounds)
        out += [row, against_keyscan(sshd.port, size.keyscan_hosts, ours)]
        out.append(against_zgrab2("SSH host, OpenSSH", "ssh", sshd.port, size.keyscan_hosts, 3 * ours))
    with ssh_lab(directory / "ssh-lab", size.lab_hosts):
        row, _ = against_libssh("hark-lab", 22, size.lab_hosts, rounds, first="127.78.0.0")
        out.insert(1, row)
    return out


# OpenSSL's names for what hark says it agreed on.
SUITES = {0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384",
          0x1303: "TLS_CHACHA20_POLY1305_SHA256", 0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
          0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384", 0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
          0xC030: "ECDHE-RSA-AES256-GCM-SHA384", 0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
          0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305"}


def bare_loop_flags(exchange):
    version, suite = (int(word, 16) for word in exchange.split()[:2])
    group = (exchange.split() + [""])[2] or "X25519"
    return [f"--tls_version={version}", f"--tls_suite={SUITES[suite]}", f"--tls_group={group.upper()}"]


def per_grab(cost):
    return cost["cpu_seconds"] * 1000 / cost["grabs"]


def tls_rows_of(name, port, size):
    rounds = 1 if size.smoke else 3
    flags = bare_loop_flags(client("hark", port, 1, "--protocol=tls")["exchange"])
    full = lambda: per_grab(client("hark", port, size.tls_hosts, "--protocol=tls"))
    bare = lambda: per_grab(client("openssl", port, size.tls_hosts, "--protocol=tls", *flags))
    short = lambda: per_grab(
        client("hark", port, size.tls_hosts, "--protocol=tls", "--certificate_only"))
    ours, theirs = in_turns(rounds, full, bare)
    out = [Row(f"TLS grab, {name}: CPU, hark / bare OpenSSL loop", ours / theirs, 1.3,
               note=f"{ours:.3f} and {theirs:.3f} ms; {' '.join(f.split('=')[1] for f in flags[1:])}")]
    stopped, whole = in_turns(rounds, short, full)
    out.append(Row(f"TLS grab, {name}: CPU, --handshake=certificate / full", stopped / whole, 0.75,
                   note=f"{stopped:.3f} and {whole:.3f} ms"))
    return out, ours


def tls_rows(directory, size):
    out = []
    for i, (key, version) in enumerate([("ec", "TLSv1.3"), ("rsa", "TLSv1.3"), ("rsa", "TLSv1.2")]):
        name = f"nginx, {version}, {'ECDSA' if key == 'ec' else 'RSA'}"
        with servers.Nginx(directory, 4430 + i, key, version) as nginx:
            rows, ours = tls_rows_of(name, nginx.port, size)
            out += rows
            if i == 0:
                out.append(against_zgrab2(f"TLS host, {name}", "tls", nginx.port, size.tls_hosts, ours))
    return out
