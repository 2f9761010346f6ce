"""What a stranger has: ZeroMQ without hark's manners, protobuf without a schema's. For tests.

libzmq is called through ctypes, so that options, frames and keys are whatever a test wants; messages are
made of field numbers, so that they can be wrong in every way. proto/wire.proto is only read for the list of
fields there are.
"""

import ctypes
import os
import re
import struct

import harness

DEALER, ROUTING_ID, LINGER, RCVTIMEO, SNDTIMEO, SNDHWM = 5, 5, 17, 27, 28, 23
CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY = 48, 49, 50
DONTWAIT, SNDMORE = 1, 2

ZMQ = ctypes.CDLL("libzmq.so.5", use_errno=True)
ZMQ.zmq_ctx_new.restype = ctypes.c_void_p
ZMQ.zmq_socket.restype = ctypes.c_void_p
ZMQ.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
ZMQ.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
ZMQ.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
ZMQ.zmq_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
ZMQ.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
ZMQ.zmq_close.argtypes = [ctypes.c_void_p]
ZMQ.zmq_z85_decode.restype = ctypes.c_void_p
SODIUM = ctypes.CDLL("libsodium.so.23")  # libzmq's own
CONTEXT = ZMQ.zmq_ctx_new()
RECEIVE_BYTES = 5 << 20


def new_key():
    public, secret = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
    assert ZMQ.zmq_curve_keypair(public, secret) == 0
    return public.value.decode(), secret.value.decode()


class Dealer:
    """A DEALER; without a server key it does not encrypt, and a send that would wait is given up: the
    coordinator hangs up on it as soon as it sees the greeting, and there is nowhere to send to then."""

    def __init__(self, endpoint, key=None, server_key=None, routing_id=b""):
        self.socket = ZMQ.zmq_socket(CONTEXT, DEALER)
        for option, value in ((LINGER, 0), (SNDHWM, 0), (SNDTIMEO, 5000 if server_key else 0)):
            self.set(option, struct.pack("=i", value))
        if server_key:
            self.set(CURVE_SERVERKEY, server_key.encode())
            self.set(CURVE_PUBLICKEY, key[0].encode())
            self.set(CURVE_SECRETKEY, key[1].encode())
        if routing_id:
            self.set(ROUTING_ID, routing_id)
        self.buffer = ctypes.create_string_buffer(RECEIVE_BYTES)
        assert ZMQ.zmq_connect(self.socket, endpoint.encode()) == 0

    def set(self, option, value):
        assert ZMQ.zmq_setsockopt(self.socket, option, value, len(value)) == 0, option

    def send(self, frame, more=False):
        return ZMQ.zmq_send(self.socket, frame, len(frame), SNDMORE if more else 0) >= 0

    def receive(self, seconds):
        """One frame, or None."""
        self.set(RCVTIMEO, struct.pack("=i", int(seconds * 1000 * harness.PATIENCE)))
        size = ZMQ.zmq_recv(self.socket, self.buffer, RECEIVE_BYTES, 0)
        return self.buffer.raw[:size] if size >= 0 else None

    def close(self):
        ZMQ.zmq_close(self.socket)


class CurveClient:
    """ZMTP 3.1 with CURVE (RFC 23 and 26) over a socket: sends what libzmq's own client cannot."""

    def __init__(self, connection, key, server_key, properties=((b"Socket-Type", b"DEALER"),)):
        self.connection = connection
        self.nonce = 1
        own, server = z85(key[0]), z85(server_key)
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
        SODIUM.crypto_box_keypair(self.public, self.secret)
        connection.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3\1" + b"CURVE".ljust(20, b"\0") + bytes(32))
        self.read(64)
        self.command(b"\5HELLO\1\0" + bytes(72) + self.public.raw + self.short_nonce() +
                     box(bytes(64), b"CurveZMQHELLO---" + self.short_nonce(), server, self.secret.raw))
        welcome = self.read_frame()
        assert welcome.startswith(b"\7WELCOME"), welcome
        opened = open_box(welcome[24:], b"WELCOME-" + welcome[8:24], server, self.secret.raw)
        self.peer, cookie = opened[:32], opened[32:]
        self.nonce += 1
        vouch_nonce = os.urandom(16)
        vouch = box(self.public.raw + server, b"VOUCH---" + vouch_nonce, self.peer, z85(key[1]))
        metadata = b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
                            for name, value in properties)
        self.command(b"\x08INITIATE" + cookie + self.short_nonce() +
                     box(own + vouch_nonce + vouch + metadata, b"CurveZMQINITIATE" + self.short_nonce(),
                         self.peer, self.secret.raw))
        assert self.read_frame().startswith(b"\5READY")

    def short_nonce(self):
        return struct.pack(">Q", self.nonce)

    def command(self, content):
        self.connection.sendall(b"\6" + struct.pack(">Q", len(content)) + content)

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.connection.recv(size - len(data))
            assert more, "hung up"
            data += more
        return data

    def read_frame(self):
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & 2 else self.read(1)[0]
        return self.read(size)

    def send(self, content, more=False, command=False):
        self.nonce += 1
        sealed = box(bytes([more | command << 2]) + content, b"CurveZMQMESSAGEC" + self.short_nonce(),
                     self.peer, self.secret.raw)
        body = b"\7MESSAGE" + self.short_nonce() + sealed
        self.connection.sendall(b"\2" + struct.pack(">Q", len(body)) + body)

    def receive(self):
        body = self.read_frame()
        return open_box(body[16:], b"CurveZMQMESSAGES" + body[8:16], self.peer, self.secret.raw)[1:]


def z85(text):
    raw = ctypes.create_string_buffer(32)
    assert ZMQ.zmq_z85_decode(raw, text.encode())
    return raw.raw


def box(plain, nonce, public, secret):
    out = ctypes.create_string_buffer(len(plain) + 16)
    assert SODIUM.crypto_box_easy(out, plain, ctypes.c_ulonglong(len(plain)), nonce, public, secret) == 0
    return out.raw


def open_box(sealed, nonce, public, secret):
    out = ctypes.create_string_buffer(len(sealed) - 16)
    assert SODIUM.crypto_box_open_easy(out, sealed, ctypes.c_ulonglong(len(sealed)), nonce, public, secret) == 0
    return out.raw


# ---- protobuf (encoding guide): a message is a list of (field number, value); an int is a varint, bytes are
# length-delimited, a Fixed is itself.


class Fixed(bytes):
    pass


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    if isinstance(value, Fixed):
        return varint(number << 3 | (1 if len(value) == 8 else 5)) + value
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + bytes(value)


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def parse(data):
    """Field number -> values, one level deep."""
    out, at = {}, 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = read_varint()
        kind = tag & 7
        if kind == 0:
            value = read_varint()
        else:
            size = {1: 8, 5: 4}[kind] if kind != 2 else read_varint()
            value = data[at:at + size]
            at += size
        out.setdefault(tag >> 3, []).append(value)
    return out


# Envelope.body
HELLO, WELCOME, REJECT, NEED_HELLO, REQUEST, JOB, NO_JOB = 10, 11, 12, 13, 14, 15, 16
TARGET_SET_GET, BATCH, ACK, HEARTBEAT, HEARTBEAT_ACK = 17, 19, 20, 21, 22
TRIM, TRIM_ACK, RELEASE, BYE = 23, 24, 25, 26
REJECT_QUARANTINED = 3


def envelope(body, content, session=0, major=1):
    return message((1, major), (3, session), (body, content))


def hello(hello_id, boot_id, extra=b"", name=b"stranger"):
    return envelope(HELLO, message((1, Fixed(struct.pack("<Q", hello_id))), (2, 1), (3, 1),
                                   (6, Fixed(struct.pack("<Q", boot_id))), (7, name)) + extra)


def body_of(frame):
    """(field number of the body, its fields)."""
    fields = parse(frame)
    number = next(n for n in fields if n >= HELLO)
    return number, parse(fields[number][0])


def schema():
    """Message name -> [(number, type, repeated)], as proto/wire.proto has them."""
    text = re.sub(r"//.*", "", (harness.ROOT / "proto/wire.proto").read_text())
    found = {}
    for name, content in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.M | re.S):
        content = re.sub(r"enum \w+ \{.*?\}", "", content, flags=re.S)
        found[name] = [(int(number), kind, bool(repeated)) for repeated, kind, number in
                       re.findall(r"(repeated )?([\w.]+) \w+ = (\d+);", content)]
    return found


def extremes(kind):
    """Values of a scalar type nobody sends."""
    if kind in ("fixed64", "double"):
        numbers = [0, (1 << 64) - 1, 0x7FF0000000000000, 0x7FF8000000000000, 0xFFEFFFFFFFFFFFFF]
        return [Fixed(struct.pack("<Q", number)) for number in numbers]
    if kind == "fixed32":
        return [Fixed(b"\0\0\0\0"), Fixed(b"\xff\xff\xff\xff")]
    if kind in ("string", "bytes"):
        return [b"", b"\xff\xfe\0\x1b[2J", os.urandom(64), b"A" * 300_000]
    return [0, 1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
