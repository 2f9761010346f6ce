#!/usr/bin/env python3
"""Strangers, and workers that have gone bad, at the port of a coordinator that is at work: it does not fall,
does not grow beyond the bounds below, and the honest worker's run ends as if nobody had been there.

The bounds are of the coordinator's resident memory over what it was before; each phase prints what it measured.
"""

import json
import os
import random
import resource
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import by_hand
import harness
from by_hand import Dealer, Fixed, message
from harness import wait_for

PORT = 7171
HALF_HANDSHAKES = 5000
# What is left when a phase is over, and what may be taken while it lasts. A connection costs libzmq some
# 28 KiB, so the peak is that of the half handshakes; a hostile batch of 512 KiB becomes some 60 MiB of
# protobuf for a moment.
GROWTH_MIB = 128 * harness.PATIENCE
PEAK_MIB = 320 * harness.PATIENCE
GREETING = b"\xff\0\0\0\0\0\0\0\1\x7f\3\1" + b"CURVE".ljust(20, b"\0") + b"\0" * 32
LOG_LINES = 60  # a stranger must not fill the log either


def memory(pid, name="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the coordinator is gone")


class Coordinator:
    def __init__(self, directory, lab, keys, rate):
        allowed = directory / "workers.txt"
        allowed.write_text("".join(f"{public} w{i}\n" for i, (public, _) in enumerate(keys)))
        self.db = directory / "db"
        self.log = open(directory / "scan.log", "w")
        self.rate = rate
        command = harness.scan_command(
            self.db, "--workers=0", f"--listen=tcp://127.0.0.1:{PORT}", f"--allow_workers={allowed}",
            "--run=t", f"--targets={lab.targets}", f"--rate={rate}", "--quiet", *FLAGS)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        # As a login shell has it: the coordinator must make room for itself.
        self.process = harness.start(
            command, stderr=self.log, stdout=self.log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard)))
        self.endpoint = f"tcp://127.0.0.1:{PORT}"
        text = Path(self.log.name)
        wait_for("the coordinator's key", lambda: "server_public_key = " in text.read_text())
        self.server_key = text.read_text().split("server_public_key = ")[1].split()[0]

    def dealer(self, key, **kwargs):
        return Dealer(self.endpoint, key, self.server_key, **kwargs)

    def connections(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def check(self, phase, before):
        code = self.process.poll()
        log = Path(self.log.name).read_text()
        assert code is None, f"{phase}: the coordinator ended with {code}:\n{log[-3000:]}"
        rss, peak = memory(self.process.pid), memory(self.process.pid, "VmHWM")
        print(f"{phase}: {rss:.0f} MiB, at most {peak:.0f} MiB", flush=True)
        assert rss - before < GROWTH_MIB, f"{phase}: grew from {before:.0f} to {rss:.0f} MiB"
        assert peak - before < PEAK_MIB, f"{phase}: took {peak:.0f} MiB, from {before:.0f}"


FLAGS = ("--greeting_timeout_ms=2000", "--connect_timeout_ms=1000")


def tcp():
    connection = socket.create_connection(("127.0.0.1", PORT), timeout=10 * harness.PATIENCE)
    return connection


def is_hung_up_on(connection):
    connection.settimeout(30 * harness.PATIENCE)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


# ---- without a key


def without_encryption(coordinator, rng):
    dealers = [Dealer(coordinator.endpoint) for _ in range(20)]
    sent = sum(dealer.send(by_hand.hello(1, 1)) for dealer in dealers for _ in range(50))
    assert sent >= len(dealers), "nothing was sent"
    assert dealers[0].receive(0.3) is None, "answered in plain"
    for dealer in dealers:
        dealer.close()
    connection = tcp()
    connection.sendall(GREETING.replace(b"CURVE", b"NULL\0") + b"\4\x19\5READY\x0bSocket-Type\0\0\0\6DEALER")
    assert is_hung_up_on(connection)


def with_a_wrong_key(coordinator, rng):
    keys = [by_hand.new_key() for _ in range(20)]
    dealers = [coordinator.dealer(key) for key in keys]
    dealers += [Dealer(coordinator.endpoint, key, by_hand.new_key()[0]) for key in keys]
    for dealer in dealers:
        dealer.send(by_hand.hello(1, 1))
    assert all(dealer.receive(0.05) is None for dealer in dealers), "a stranger was answered"
    for dealer in dealers:
        dealer.close()


def random_bytes(coordinator, rng):
    for number in range(600):
        junk = rng.randbytes(rng.randrange(2000))
        start = GREETING[:rng.randrange(65)] if number % 2 else b""
        with tcp() as connection:
            try:
                connection.sendall(start + junk)
            except OSError:
                pass  # hung up on already
    hello = b"\5HELLO\1\0" + bytes(72) + rng.randbytes(120)
    for command in (hello, b"\5HELLO", b"\x08INITIATE" + rng.randbytes(300), b"", b"\xff", b"\7MESSAGE" + bytes(40)):
        with tcp() as connection:
            connection.sendall(GREETING + b"\6" + struct.pack(">Q", len(command)) + command)
            assert is_hung_up_on(connection), command[:10]


def half_handshakes(coordinator, rng):
    base = coordinator.connections()
    held = []
    for _ in range(HALF_HANDSHAKES):
        connection = tcp()
        connection.sendall(GREETING[:rng.choice((0, 1, 10, 11, 12, 63, 64))])
        held.append(connection)
    most = 0

    def accepted():
        nonlocal most
        most = max(most, coordinator.connections() - base)
        return most > HALF_HANDSHAKES * 0.9

    try:
        wait_for("the connections", accepted, 8)
    except AssertionError:
        pass  # the first are timed out while the last come in; how many there were is printed
    print(f"half handshakes: {most} held at once", flush=True)
    assert most > 1024, "the limit of descriptors was not raised"
    # They are hung up on, not only when the other side goes.
    wait_for("an end of the connections", lambda: coordinator.connections() < base + 50, 45)
    for connection in held:
        connection.close()


def huge_frames(coordinator, rng):
    for size in ((1 << 64) - 1, 1 << 63, (1 << 63) - 1, 1 << 40, (1 << 32) + 1, (1 << 20) + 1):
        for flags in (2, 3, 6, 7):
            with tcp() as connection:
                connection.sendall(GREETING + bytes([flags]) + struct.pack(">Q", size))
                assert is_hung_up_on(connection), size


# ---- with the right key


class Relay:
    """Stands between a DEALER and the coordinator, and can put bytes of its own into the stream."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = port
        self.out = None
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        inside, _ = self.listener.accept()
        self.out = tcp()
        threading.Thread(target=self.pump, args=(self.out, inside), daemon=True).start()
        self.pump(inside, self.out)

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass


def huge_frames_behind_a_handshake(coordinator, rng, key):
    for number, size in enumerate((1 << 63, (1 << 64) - 1, (1 << 20) + 100)):
        relay = Relay(PORT + 100 + number)
        dealer = Dealer(f"tcp://127.0.0.1:{relay.port}", key, coordinator.server_key)
        greet(dealer, boot_id=1)
        relay.out.sendall(b"\2" + struct.pack(">Q", size) + b"\7MESSAGE")
        try:
            for _ in range(64):
                relay.out.sendall(bytes(65536))
        except OSError:
            pass
        wait_for("an end", lambda: relay.out.fileno() < 0 or closed(relay.out))
        relay.listener.close()
        dealer.close()


def closed(connection):
    # Only the state: the relay's thread reads. 1 is TCP_ESTABLISHED (TCP_INFO's first byte).
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1


def greet(dealer, boot_id, hello_id=None, extra=b""):
    """HELLO; the session, or None when it is not welcome."""
    wanted = hello_id or random.getrandbits(63)
    dealer.send(by_hand.hello(wanted, boot_id, extra))
    while (frame := dealer.receive(20)) is not None:
        body, fields = by_hand.body_of(frame)
        if body == by_hand.WELCOME:
            return fields[2][0]
        if body == by_hand.REJECT:
            return None
    raise AssertionError("no answer to a HELLO")


def answers(dealer, seconds=0.2):
    found = []
    while (frame := dealer.receive(seconds)) is not None:
        found.append(by_hand.body_of(frame))
    return found


def every_field_at_its_extremes(coordinator, rng, key):
    """Each field of each message there is, one at a time, then all of them together."""
    dealer = coordinator.dealer(key)
    session = greet(dealer, boot_id=2)
    schema = by_hand.schema()
    bodies = [(number, kind) for number, kind, _ in schema["Envelope"] if number >= by_hand.HELLO]
    assert len(bodies) >= 17
    sent = 0
    for body, kind in bodies:
        if kind in schema:
            contents = [content for number, type_, _ in schema[kind]
                        for content in field_extremes(schema, number, type_, 3)]
        else:  # bytes, of the operator's talk: no worker's to say
            contents = [b"", rng.randbytes(64), message((1, 1), (3, 1)), bytes(900_000)]
        for content in [*contents, b"".join(contents)[:900_000]]:
            assert dealer.send(by_hand.envelope(body, content, session))
            sent += 1
            if sent % 40 == 0:
                answers(dealer, 0)
    for value in by_hand.extremes("uint64"):
        dealer.send(by_hand.envelope(by_hand.REQUEST, message((1, 1)), session=value))
        dealer.send(by_hand.envelope(by_hand.REQUEST, message((1, 1)), session, major=value))
    answers(dealer)
    dealer.close()
    print(f"every field at its extremes: {sent} messages", flush=True)


def field_extremes(schema, number, kind, depth):
    if kind not in schema:
        yield from (by_hand.field(number, value) for value in by_hand.extremes(kind))
    elif depth > 0:
        for inner_number, inner_kind, _ in schema[kind]:
            for inner in field_extremes(schema, inner_number, inner_kind, depth - 1):
                yield by_hand.field(number, inner)


def shapes_no_worker_has(coordinator, rng, key):
    dealer = coordinator.dealer(key)
    session = greet(dealer, boot_id=3)
    deep = b""
    for _ in range(5000):
        deep = by_hand.field(11, deep)[:200_000]
    nested_groups = b"\x0b" * 100_000  # field 1, start group, never ended
    for content in (deep, nested_groups, b"\xff" * 1000, b"\x0a\xff\xff\xff\xff\x0f", os.urandom(100_000)):
        dealer.send(by_hand.envelope(by_hand.HELLO, content, session))
        dealer.send(content)
    for frames in ([b"", b"", b""], [by_hand.hello(5, 5)] * 50):
        for frame in frames:
            dealer.send(frame, more=True)
        dealer.send(b"")
    dealer.send(b"")
    answers(dealer)
    # Half a million empty entries: two bytes each for us, a hundred for the coordinator.
    giant = by_hand.field(1, b"") * 500_000
    dealer.send(by_hand.envelope(by_hand.HEARTBEAT, giant, session))
    dealer.send(by_hand.envelope(by_hand.HEARTBEAT, message((2, message((6, bytes(900_000))))), session))
    dealer.send(by_hand.hello(6, 3, extra=by_hand.field(11, b"") * 500_000))
    dealer.send(by_hand.envelope(by_hand.HEARTBEAT, b"", session))
    last = answers(dealer, 2)[-1]
    assert last[0] == by_hand.REJECT and last[1][1] == [by_hand.REJECT_QUARANTINED], last
    dealer.close()


def other_peoples_jobs(coordinator, rng, key):
    """Answers for jobs that were leased to somebody else, by guessed tokens."""
    dealer = coordinator.dealer(key)
    session = greet(dealer, boot_id=4)
    for job in range(1, 6):
        for epoch in (1, 2):
            for counter in range(1, 30):
                whose = ((1, 1), (2, job), (3, message((1, epoch), (2, counter))))
                dealer.send(by_hand.envelope(by_hand.RELEASE, message(*whose, (4, 1)), session))
                dealer.send(by_hand.envelope(by_hand.TRIM_ACK, message(*whose, (4, 1)), session))
                dealer.send(by_hand.envelope(by_hand.BATCH, message(*whose, (6, 1 << 40), (7, 1)), session))
    statuses = {fields.get(5, [0])[0] for body, fields in answers(dealer, 1) if body == by_hand.ACK}
    assert statuses == {1}, f"not STALE: {statuses}"
    dealer.close()


def bad_batches(coordinator, rng, key, content):
    """Gets a job, and answers it with `content(job fields)` until it is thrown out. True if it got one."""
    dealer = coordinator.dealer(key)
    session = greet(dealer, boot_id=5)
    deadline = time.monotonic() + 20 * harness.PATIENCE
    strikes = 0
    while strikes < 3 and time.monotonic() < deadline:
        dealer.send(by_hand.envelope(by_hand.REQUEST, message((1, 1)), session))
        for body, fields in answers(dealer, 0.3):
            if body == by_hand.JOB:
                dealer.send(by_hand.envelope(by_hand.BATCH, content(fields), session))
            elif body == by_hand.ACK:
                assert fields[5] == [3], f"not BAD: {fields}"
                strikes += 1
            elif body == by_hand.NEED_HELLO:
                session = greet(dealer, boot_id=5)
    dealer.close()
    return strikes


def batch(job, payload, to=None, codec=0, raw_bytes=0, crc=None):
    start, end = job.get(8, [0])[0], job[9][0]
    return message((1, job[1][0]), (2, job[2][0]), (3, job[3][0]), (5, start), (6, to or end), (7, 1),
                   (8, codec), (9, payload), (10, Fixed(struct.pack("<I", crc32c(payload) if crc is None else crc))),
                   (11, raw_bytes))


def crc32c(data):
    """Castagnoli, reflected; slow and short."""
    if not hasattr(crc32c, "table"):
        crc32c.table = []
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
            crc32c.table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ crc32c.table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


HOSTILE_BATCHES = (
    # beyond the job; beyond the limit; a checksum that is wrong
    (lambda job: batch(job, b"", to=(1 << 64) - 1), lambda job: batch(job, bytes(900_000)),
     lambda job: batch(job, b"x", crc=1)),
    # says it unpacks to 4 GiB; 260,000 empty hosts; 260,000 empty hits
    (lambda job: batch(job, b"\x28\xb5\x2f\xfd" + bytes(100), codec=1, raw_bytes=(1 << 32) - 1),
     lambda job: batch(job, by_hand.field(2, b"") * 260_000),
     lambda job: batch(job, by_hand.field(1, by_hand.field(6, b"") * 260_000)[:524_000])),
    # sums that overflow; a host of another address; an unknown codec
    (lambda job: batch(job, message((1, message((1, (1 << 64) - 1), (2, 1 << 63))))),
     lambda job: batch(job, message((2, message((1, job.get(8, [0])[0]), (2, b"\x08\x08\x08\x08"))))),
     lambda job: batch(job, b"", codec=77)),
)


def hostile_batches(coordinator, rng, keys):
    strikes = 0
    for key, contents in zip(keys, HOSTILE_BATCHES):
        turn = iter(contents * 10)
        strikes += bad_batches(coordinator, rng, key, lambda job: next(turn)(job))
    print(f"hostile batches: {strikes} strikes", flush=True)
    assert strikes >= 3, "nobody got a job to answer for"


def one_key_in_two_processes(coordinator, rng, key):
    twins = [coordinator.dealer(key) for _ in range(2)]
    for turn in range(40):
        if greet(twins[turn % 2], boot_id=100 + turn % 2) is None:
            break
    else:
        raise AssertionError("two processes may share a key for ever")
    print(f"one key in two processes: out after {turn + 1} HELLOs", flush=True)
    for twin in twins:
        twin.close()


def connect_by_hand(coordinator, key, **kwargs):
    return by_hand.CurveClient(tcp(), key, coordinator.server_key, **kwargs)


def messages_without_an_end(coordinator, rng, key):
    """Parts with "more" for ever: libzmq keeps them all, until the connection is hung up on."""
    sent = 0
    for heard in (False, True):
        client = connect_by_hand(coordinator, key)
        if heard:
            client.send(by_hand.hello(7, 7))
            assert by_hand.body_of(client.receive())[0] == by_hand.WELCOME
        try:
            for _ in range(600):
                client.send(bytes(1 << 19), more=True)
                sent += 1 << 19
                time.sleep(0.004)  # the pace of a gigabit line, not a wait for anything
        except OSError:
            continue
        raise AssertionError("took 300 MiB of one message")
    print(f"messages without an end: hung up on within {sent >> 20} MiB", flush=True)


def commands_no_libzmq_sends(coordinator, rng, key):
    client = connect_by_hand(coordinator, key)
    client.send(by_hand.hello(8, 8))
    assert by_hand.body_of(client.receive())[0] == by_hand.WELCOME
    commands = [b"", b"\4PING", b"\4PING\0", b"\4PING\xff\xff" + bytes(10), b"\4PING\0\0" + bytes(100_000),
                b"\4PONG", b"\xff", b"\x09SUBSCRIBE", b"\x09SUBSCRIBE" + bytes(1000), b"\6CANCEL", b"\5ERROR\xff"]
    for command in commands:
        for more in (False, True):
            client.send(command, command=True, more=more)
    client.send(b"", more=False)
    client.send(by_hand.hello(9, 8))
    deadline = time.monotonic() + 20 * harness.PATIENCE
    while time.monotonic() < deadline:
        answer = client.receive()
        if not answer.startswith(b"\4PONG") and by_hand.body_of(answer)[0] == by_hand.WELCOME:
            break
    client.connection.close()
    for properties in (((b"Socket-Type", b"PUB"),), ((b"Socket-Type", b"DEALER"), (b"Identity", b"\0" + b"x" * 254)),
                       ((b"Socket-Type", b"DEALER"), (b"Identity", bytes(100_000))),
                       ((b"Socket-Type", b"DEALER"), (b"User-Id", b"00" * 32), (b"__fd", b"1"))):
        try:
            client = connect_by_hand(coordinator, key, properties=properties)
            client.send(by_hand.hello(10, 8))
            client.receive()
        except (AssertionError, OSError):
            pass  # hung up on
    client = connect_by_hand(coordinator, key)
    client.nonce -= 2  # a nonce that was used
    client.send(by_hand.hello(11, 8))
    assert is_hung_up_on(client.connection)


def main():
    harness.enter_namespace()
    rng = harness.seeded_random("strangers")
    random.seed(rng.random())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, HALF_HANDSHAKES + 2000), hard))
    with harness.Workspace() as directory, harness.Lab(directory, "--hosts=300", "--seed=3") as lab:
        harness.scan(directory / "alone", "--run=t", f"--targets={lab.targets}", "--rate=100000",
                     "--quiet", *FLAGS)
        alone = harness.report(directory / "alone", "t")
        planned = json.loads(alone)["coverage"]["planned"]

        keys = [by_hand.new_key() for _ in range(11)]
        # The run lasts as long as its visitors stay.
        coordinator = Coordinator(directory, lab, keys, rate=max(planned // 25, 1))
        friend = harness.start_worker(directory, "friend", coordinator.endpoint, keys[0], coordinator.server_key)
        wait_for("the friend", lambda: coordinator.connections() > 0)
        before = memory(coordinator.process.pid)
        started = time.monotonic()
        phases = [(without_encryption,), (with_a_wrong_key,), (random_bytes,), (half_handshakes,),
                  (huge_frames,), (huge_frames_behind_a_handshake, keys[1]),
                  (every_field_at_its_extremes, keys[2]), (shapes_no_worker_has, keys[3]),
                  (other_peoples_jobs, keys[4]), (hostile_batches, keys[5:8]),
                  (one_key_in_two_processes, keys[8]), (messages_without_an_end, keys[9]),
                  (commands_no_libzmq_sends, keys[10])]
        for phase, *arguments in phases:
            phase(coordinator, rng, *arguments)
            coordinator.check(phase.__name__.replace("_", " "), before)
        visited = time.monotonic() - started
        print(f"visited for {visited:.0f} s", flush=True)
        assert coordinator.process.wait(timeout=400 * harness.PATIENCE) == 0, \
            Path(coordinator.log.name).read_text()[-3000:]
        friend.terminate()
        assert friend.wait(timeout=30 * harness.PATIENCE) == 0
        harness.same_but_for_times(directory / "alone", coordinator.db, "t")
        log = Path(coordinator.log.name).read_text()
        assert "ssert" not in log, log
        assert len(log.splitlines()) < LOG_LINES, f"{len(log.splitlines())} lines of log:\n{log[:3000]}"
    print("passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        harness.end_started()
