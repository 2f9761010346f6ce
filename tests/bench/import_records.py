#!/usr/bin/env python3
"""Makes foreign records to import: import_records.py FORMAT HOSTS [SEED] > FILE.

zgrab2: ssh, smtp and tls of each host, as zgrab2 --output-file writes them: handshake logs with
chains of a leaf and one above it, parsed fields and all. Keys and certificates are of the right form and of no
use: their numbers are drawn at random. Addresses are of 10.0.0.0/8.
"""

import base64
import hashlib
import ipaddress
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

KEX = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
       "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256"]
HOST_KEYS = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"]
CIPHERS = ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr", "aes128-gcm@openssh.com"]
MACS = ["umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512"]


def real_certificate():
    """DER of an RSA-2048 certificate, and where its modulus stands."""
    with tempfile.TemporaryDirectory() as folder:
        der = Path(folder) / "c.der"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=mail.example.net/O=Example", "-addext",
                        "subjectAltName=DNS:mail.example.net,DNS:www.example.net",
                        "-keyout", str(Path(folder) / "k.pem"), "-outform", "DER", "-out", str(der)],
                       check=True, capture_output=True)
        body = der.read_bytes()
    at = body.index(b"\x02\x82\x01\x01\x00") + 5
    return body, at


def b64(data):
    return base64.b64encode(data).decode()


def ssh_blob(rng):
    def text(data):
        return len(data).to_bytes(4, "big") + data
    return text(b"ssh-ed25519") + text(rng.randbytes(32))


def ssh_result(rng):
    blob = ssh_blob(rng)
    lists = {"cookie": b64(rng.randbytes(16)), "kex_algorithms": KEX,
             "host_key_algorithms": HOST_KEYS, "client_to_server_ciphers": CIPHERS,
             "server_to_client_ciphers": CIPHERS, "client_to_server_macs": MACS,
             "server_to_client_macs": MACS, "client_to_server_compression": ["none"],
             "server_to_client_compression": ["none"], "first_kex_follows": False, "reserved": 0}
    return {"server_id": {"raw": "SSH-2.0-OpenSSH_9.2p1 Debian-2", "version": "2.0",
                          "software": "OpenSSH_9.2p1", "comment": "Debian-2"},
            "server_key_exchange": lists,
            "algorithm_selection": {"dh_kex_algorithm": KEX[0], "host_key_algorithm": "ssh-ed25519",
                                    "client_to_server_alg_group": {"cipher": CIPHERS[1],
                                                                   "mac": MACS[1], "compression": "none"},
                                    "server_to_client_alg_group": {"cipher": CIPHERS[1],
                                                                   "mac": MACS[1], "compression": "none"}},
            "key_exchange": {"curve25519_sha256_params": {"server_public": b64(rng.randbytes(32))},
                             "server_signature": {"raw": b64(rng.randbytes(83))},
                             "server_host_key": {"raw": b64(blob), "algorithm": "ssh-ed25519",
                                                 "fingerprint_sha256": hashlib.sha256(blob).hexdigest(),
                                                 "ed25519_public_key": {"public_bytes": b64(blob[-32:])}}}}


def parsed(der):
    return {"version": 3, "serial_number": "1234567890123456789", "signature_algorithm":
            {"name": "SHA256-RSA", "oid": "1.2.840.113549.1.1.11"},
            "issuer": {"common_name": ["mail.example.net"]}, "issuer_dn": "CN=mail.example.net, O=Example",
            "validity": {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z", "length": 31536000},
            "subject": {"common_name": ["mail.example.net"]}, "subject_dn": "CN=mail.example.net, O=Example",
            "subject_key_info": {"key_algorithm": {"name": "RSA"}, "rsa_public_key":
                                 {"exponent": 65537, "modulus": b64(der[200:456]), "length": 2048},
                                 "fingerprint_sha256": hashlib.sha256(der[200:456]).hexdigest()},
            "extensions": {"subject_alt_name": {"dns_names": ["mail.example.net", "www.example.net"]}},
            "signature": {"value": b64(der[-256:]), "valid": True, "self_signed": True},
            "fingerprint_sha256": hashlib.sha256(der).hexdigest(), "validation_level": "unknown"}


def tls_log(leaf, above):
    hello = {"version": {"name": "TLSv1.2", "value": 771}, "random": b64(leaf[:32]), "session_id": "",
             "cipher_suite": {"hex": "0xC02F", "name": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "value": 49199},
             "compression_method": 0, "ocsp_stapling": False, "ticket": True, "secure_renegotiation": True,
             "heartbeat": False, "extended_master_secret": True}
    return {"handshake_log": {"server_hello": hello, "server_certificates": {
        "certificate": {"raw": b64(leaf), "parsed": parsed(leaf)},
        "chain": [{"raw": b64(above), "parsed": parsed(above)}],
        "validation": {"browser_trusted": False}},
        "server_key_exchange": {"ecdh_params": {"curve_id": {"name": "secp256r1", "id": 23}},
                                "digest": b64(leaf[32:64]),
                                "signature": {"raw": b64(leaf[-256:]), "type": "rsa", "valid": True}}}}


def zgrab2(hosts, rng, out):
    body, at = real_certificate()
    for n in range(hosts):
        leaf = body[:at] + b"\xc3" + rng.randbytes(255) + body[at + 256:]
        address = str(ipaddress.IPv4Address(0x0a000000 + n))
        when = f"2025-06-{1 + n * 28 // max(hosts, 1):02}T12:{n // 60 % 60:02}:{n % 60:02}Z"

        def grab(module, port, result):
            return {"status": "success", "protocol": module, "port": port, "result": result, "timestamp": when}

        tls = tls_log(leaf, body)
        smtp = {"banner": f"220 mx{n}.example.net ESMTP Postfix\r\n",
                "ehlo": "250-mx.example.net\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
                "starttls": "220 2.0.0 Ready to start TLS\r\n", "tls": tls}
        out.write(json.dumps({"ip": address, "data": {
            "ssh": grab("ssh", 22, ssh_result(rng)), "smtp": grab("smtp", 25, smtp),
            "tls": grab("tls", 443, tls)}}, separators=(",", ":")) + "\n")


def main():
    makers = {"zgrab2": zgrab2}
    if len(sys.argv) < 3 or sys.argv[1] not in makers:
        sys.exit(f"usage: import_records.py {'|'.join(makers)} HOSTS [SEED]")
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    makers[sys.argv[1]](int(sys.argv[2]), random.Random(seed), sys.stdout)


if __name__ == "__main__":
    main()
