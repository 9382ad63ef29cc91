"""Plain peers, many in one process: BEP 3, the metadata by BEP 9 and 10, a rate for each, and liars.

The same file is both ends, as with `seeder.py`: imported, it starts the process; run, it is the process.
"""

import asyncio
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fixtures import Fixture, bencode

UNCHOKE, BITFIELD, REQUEST, PIECE, CANCEL, EXTENDED = 1, 5, 6, 7, 8, 20
METADATA = 1  # our number for ut_metadata
METADATA_PIECE = 16 << 10
LONGEST = 1 << 17  # bytes of a message that is taken


@dataclass(frozen=True)
class Crowd:
    """Running peers: where they listen, and the pipe to them."""

    peers: list[str]
    process: subprocess.Popen[str]

    def state(self) -> dict[str, int]:
        """`connected` now, the `most` there ever were, the `blocks` sent and the `pieces` they belong to; since the
        last question, but for the connected."""
        print(file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


@contextmanager
def crowd(fixture: Fixture, addresses: list[str], rate: int = 0, lie: bool = False) -> Iterator[Crowd]:
    """A peer at each address, sending at most `rate` bytes a second (0: as fast as it can), wrong ones if it lies."""
    task = {"torrent": str(fixture.torrent), "file": str(fixture.path)}
    task |= {"addresses": addresses, "rate": rate, "lie": lie}
    command = [sys.executable, __file__, json.dumps(task)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError("the peers did not start")
            yield Crowd(json.loads(answer), process)
        finally:
            process.stdin.close()


class Content:
    """What all peers of the process serve, and what they have done."""

    def __init__(self, task: dict) -> None:
        with open(task["torrent"], "rb") as torrent:
            self.info = torrent.read().removeprefix(b"d4:info").removesuffix(b"e")
        self.info_hash = hashlib.sha1(self.info).digest()
        self.file = os.open(task["file"], os.O_RDONLY)
        self.length = os.fstat(self.file).st_size
        self.piece = int(re.search(rb"12:piece lengthi(\d+)e", self.info)[1])
        self.rate, self.lie = task["rate"], task["lie"]
        self.connected = 0
        self.begin()

    def begin(self) -> None:
        """Counts from nothing."""
        self.most, self.blocks, self.pieces = self.connected, 0, set()

    def state(self) -> dict[str, int]:
        """See `Crowd.state`."""
        answer = {"connected": self.connected, "most": self.most, "blocks": self.blocks, "pieces": len(self.pieces)}
        self.begin()
        return answer

    def block(self, piece: int, begin: int, length: int) -> bytes:
        """A block, not the right one if the peer lies."""
        self.blocks += 1
        self.pieces.add(piece)
        data = os.pread(self.file, length, piece * self.piece + begin)
        return bytes(255 - byte for byte in data[:16]) + data[16:] if self.lie else data


class Peer:
    """One connection."""

    def __init__(self, content: Content, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.content, self.reader, self.writer = content, reader, writer
        self.requests: deque[tuple[int, int, int]] = deque()
        self.more = asyncio.Event()
        self.theirs = 0  # their number for ut_metadata

    async def talk(self) -> None:
        """From the handshake to the end."""
        handshake = await self.reader.readexactly(68)
        if handshake[28:48] != self.content.info_hash:
            return
        reserved = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
        self.writer.write(b"\x13BitTorrent protocol" + reserved + self.content.info_hash + b"-PP0001-" + os.urandom(12))
        if handshake[25] & 0x10:
            numbers = {"m": {"ut_metadata": METADATA}, "metadata_size": len(self.content.info), "reqq": 500}
            self.send(EXTENDED, b"\0" + bencode(numbers))
        count = -(-self.content.length // self.content.piece)
        bits = (1 << count) - 1 << (-count % 8)
        self.send(BITFIELD, bits.to_bytes((count + 7) // 8))
        self.send(UNCHOKE)
        sender = asyncio.create_task(self.serve())
        try:
            while True:
                (length,) = struct.unpack(">I", await self.reader.readexactly(4))
                if length > LONGEST:
                    return
                message = await self.reader.readexactly(length)
                if message:
                    self.take(message[0], message[1:])
        finally:
            sender.cancel()

    def send(self, kind: int, body: bytes = b"") -> None:
        """Writes one message."""
        self.writer.write(struct.pack(">IB", len(body) + 1, kind) + body)

    def take(self, kind: int, body: bytes) -> None:
        """Answers one message; what a seeder need not know is passed over."""
        if kind == REQUEST:
            self.requests.append(struct.unpack(">III", body))
            self.more.set()
        elif kind == CANCEL:
            request = struct.unpack(">III", body)
            if request in self.requests:
                self.requests.remove(request)
        elif kind == EXTENDED and body[0] == 0:
            if number := re.search(rb"11:ut_metadatai(\d+)e", body):
                self.theirs = int(number[1])
        elif kind == EXTENDED and body[0] == METADATA and b"8:msg_typei0e" in body:
            piece = int(re.search(rb"5:piecei(\d+)e", body)[1])
            part = self.content.info[piece * METADATA_PIECE : (piece + 1) * METADATA_PIECE]
            head = bencode({"msg_type": 1, "piece": piece, "total_size": len(self.content.info)})
            self.send(EXTENDED, bytes([self.theirs]) + head + part)

    async def serve(self) -> None:
        """Sends one requested block after the other, no faster than the rate."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            while not self.requests:
                self.more.clear()
                await self.more.wait()
            if self.content.rate:
                due = max(due, loop.time()) + self.requests[0][2] / self.content.rate
                await asyncio.sleep(due - loop.time())
                if not self.requests:  # cancelled meanwhile
                    continue
            piece, begin, length = self.requests.popleft()
            self.send(PIECE, struct.pack(">II", piece, begin) + self.content.block(piece, begin, length))
            try:
                await self.writer.drain()
            except OSError:
                return


async def seed(task: dict) -> None:
    """The other end: listens, says where, answers questions until the pipe is closed."""
    content = Content(task)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content.connected += 1
        content.most = max(content.most, content.connected)
        try:
            await Peer(content, reader, writer).talk()
        except (OSError, EOFError):
            pass
        finally:
            content.connected -= 1
            writer.close()

    servers = [await asyncio.start_server(connected, address, 0) for address in task["addresses"]]
    print(json.dumps(["{}:{}".format(*server.sockets[0].getsockname()) for server in servers]), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(content.state()), flush=True)
    os._exit(0)  # open connections are not waited for


if __name__ == "__main__":
    asyncio.run(seed(json.loads(sys.argv[1])))
