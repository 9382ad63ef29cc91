"""A long line in front of a peer: every byte comes later, and only so many a second.

A TCP proxy in a process of its own, as not every kernel can delay packets. Connecting itself is not delayed, and a
line that was idle does not start slowly again; whatever is asked for over it is as late as over a real one.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BLOCK = 16 << 10
QUEUE = 128 << 10  # bytes in the router's queue, besides those that are on their way
BUFFER = 32 << 10  # the kernel's own, which would make the queue longer


@contextmanager
def line(peers: list[str], delay: float, rate: int) -> Iterator[list[str]]:
    """Addresses that stand for those peers; `delay` seconds each way, `rate` bytes a second from each peer."""
    command = [sys.executable, __file__, json.dumps([peers, delay, rate])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError("the line did not start")
            yield json.loads(answer)
        finally:
            process.kill()


class Way:
    """One way of a line; all connections over it share its rate."""

    def __init__(self, delay: float, rate: int) -> None:
        self.delay, self.rate = delay, rate
        self.free = 0.0  # when the last byte has left
        self.queued = 0
        self.room = asyncio.Event()
        self.most = int(delay * rate) + QUEUE

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes."""
        loop = asyncio.get_running_loop()
        arrivals: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivery = asyncio.create_task(self.deliver(arrivals, writer))
        try:
            while True:
                while self.queued >= self.most:
                    self.room.clear()
                    await self.room.wait()
                block = await reader.read(BLOCK)
                self.free = max(self.free, loop.time()) + len(block) / self.rate
                self.queued += len(block)
                arrivals.put_nowait((self.free + self.delay, block))
                if not block:
                    return await delivery
        except OSError:
            arrivals.put_nowait((0.0, b""))
            await delivery
        finally:
            writer.close()

    async def deliver(self, arrivals: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Hands on what has come to the far end; an empty block ends it."""
        loop = asyncio.get_running_loop()
        while True:
            due, block = await arrivals.get()
            await asyncio.sleep(due - loop.time())
            self.queued -= len(block)
            self.room.set()
            if not block:
                return
            if not writer.is_closing():  # nobody there any more: the queue still has to become empty
                with suppress(OSError):
                    writer.write(block)
                    await writer.drain()


async def serve(peers: list[str], delay: float, rate: int) -> None:
    """The other end: listens for every peer and says where."""
    servers = []
    for peer in peers:
        host, _, port = peer.rpartition(":")
        there, back = Way(delay, rate), Way(delay, rate)

        async def connected(reader, writer, host=host, port=int(port), there=there, back=back) -> None:
            far = socket.socket()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            far.setblocking(False)
            await asyncio.get_running_loop().sock_connect(far, (host, port))
            far_reader, far_writer = await asyncio.open_connection(sock=far, limit=BLOCK)
            ways = there.carry(reader, far_writer), back.carry(far_reader, writer)
            await asyncio.gather(*ways, return_exceptions=True)

        servers.append(await asyncio.start_server(connected, "127.0.0.1", 0))
    print(json.dumps(["{}:{}".format(*server.sockets[0].getsockname()) for server in servers]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*json.loads(sys.argv[1])))
