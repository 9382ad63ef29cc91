"""Who reads: curl where speed counts, as it is not slower than the servers; a bare socket where one byte counts."""

import hashlib
import itertools
import os
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

# no configuration of the user's, no proxy
CURL = ["curl", "-q", "--noproxy", "*", "--silent", "--show-error"]
FORMAT = "%{http_code} %{size_download} %{time_total}\\n"
PATIENCE = 180.0


@dataclass(frozen=True)
class Transfer:
    """One finished request."""

    status: int
    size: int
    seconds: float

    @property
    def speed(self) -> float:
        """Megabytes (10^6) a second."""
        return self.size / self.seconds / 1e6


def fetch(url: str, start: int = 0, length: int | None = None, expected: int | None = None) -> Transfer:
    """Reads with curl into nothing: all of it, or the range; raises when the answer is not as long as it must be."""
    command = [*CURL, "--max-time", str(PATIENCE), "--output", "/dev/null", "--write-out", FORMAT]
    if length is not None:
        command += ["--range", f"{start}-{start + length - 1}"]
        expected = length
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"curl {url}: {done.stderr.strip()}")
    transfer = parse(done.stdout)
    if transfer.status not in (200, 206) or (expected is not None and transfer.size != expected):
        raise RuntimeError(f"{url}: status {transfer.status}, {transfer.size} bytes instead of {expected}")
    return transfer


def parse(line: str) -> Transfer:
    """Reads what FORMAT writes."""
    status, size, seconds = line.split()
    return Transfer(int(status), int(size), float(seconds))


def sha256(url: str) -> str:
    """The digest of what the address gives."""
    with subprocess.Popen([*CURL, "--max-time", str(PATIENCE), url], stdout=subprocess.PIPE) as process:
        return hashlib.file_digest(process.stdout, "sha256").hexdigest()


def ranges(
    url: str | list[str], starts: Iterable[int], length: int, parallel: int = 0, patience: float = PATIENCE
) -> list[Transfer]:
    """Reads many ranges by one curl: one after the other over one connection, or that many at once over as many.

    Several addresses of the same file take turns.
    """
    urls = itertools.cycle([url] if isinstance(url, str) else url)
    entry = 'url = "{}"\nrange = "{}-{}"\noutput = "/dev/null"\nwrite-out = "{}"\nmax-time = {}\nsilent\n'
    entries = [entry.format(next(urls), start, start + length - 1, FORMAT, patience) for start in starts]
    command = ["curl", "-q", "--noproxy", "*"]
    if parallel:
        command += ["--parallel", "--parallel-immediate", "--parallel-max", str(parallel)]
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as config:
        config.write("next\n".join(entries))
        config.flush()
        done = subprocess.run([*command, "--config", config.name], capture_output=True, text=True, check=False)
    return [parse(line) for line in done.stdout.splitlines()]


def crowd(urls: list[str], clients: int, times: int) -> Transfer:
    """So many curls at once, each over one connection, share out the files and read each so many times."""
    line = 'url = "{}"\noutput = "/dev/null"\n'
    with ExitStack() as stack:
        configs = []
        for number in range(clients):
            config = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".curl"))
            config.write("".join(line.format(url) for url in urls[number::clients] * times))
            config.flush()
            configs.append(config.name)
        command = [*CURL, "--fail", "--max-time", str(PATIENCE), "--write-out", FORMAT, "--config"]
        began = time.perf_counter()
        processes = [subprocess.Popen([*command, config], stdout=subprocess.PIPE, text=True) for config in configs]
        lines = [line for process in processes for line in process.communicate()[0].splitlines()]
        seconds = time.perf_counter() - began
    transfers = [parse(line) for line in lines]
    if [transfer.status for transfer in transfers] != [200] * (len(urls) * times):
        raise RuntimeError(f"of {len(urls) * times} requests {len(transfers)} were answered, not all with 200")
    return Transfer(200, sum(transfer.size for transfer in transfers), seconds)


class Reader:
    """One open request from `start` to the end of the file, over a socket, not encrypted, body not chunked."""

    def __init__(self, url: str, start: int = 0, patience: float = PATIENCE) -> None:
        """Asks, and returns when the first byte of the body is here; `waited` is how long that took."""
        began = time.perf_counter()
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.connection = socket.create_connection((parts.hostname, parts.port), timeout=patience)
        head = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nRange: bytes={start}-\r\nConnection: close\r\n\r\n"
        self.connection.sendall(head.encode())
        received = b""
        while not received.partition(b"\r\n\r\n")[2]:
            block = self.connection.recv(65536)
            if not block:
                raise RuntimeError(f"{url}: closed before the first byte: {received[:200]!r}")
            received += block
        self.waited = time.perf_counter() - began
        answer, body = received.split(b"\r\n\r\n", 1)
        if answer.split()[1] not in (b"200", b"206") or b"chunked" in answer.lower():
            self.close()
            raise RuntimeError(f"{url}: {answer[:300]!r} {body[:300]!r}")
        self.first = body
        self.received = len(body)

    def read(self, count: int) -> None:
        """Goes on until `count` bytes of the body have come in all."""
        while self.received < count:
            block = self.connection.recv(min(count - self.received, 1 << 18))
            if not block:
                raise RuntimeError(f"the body ended after {self.received} bytes")
            self.received += len(block)

    def close(self) -> None:
        """Leaves as a player does that seeks: at once."""
        self.connection.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def first_byte(url: str, start: int = 0, patience: float = PATIENCE) -> float:
    """The seconds until the first byte of the body at `start`; the rest is not waited for."""
    with Reader(url, start, patience) as reader:
        return reader.waited


@dataclass
class Playback:
    """How playing went: the time to the first byte and every pause longer than half a second."""

    waited: float
    stalls: list[float] = field(default_factory=list)


def play(url: str, rate: float, count: int, start: int = 0, patience: float = PATIENCE) -> Playback:
    """Consumes `count` bytes at `rate` bytes a second as a player without a buffer: a stall moves all that follows."""
    with Reader(url, start, patience) as reader:
        return follow(reader, rate, count)


def follow(reader: Reader, rate: float, count: int) -> Playback:
    """Consumes at that rate up to `count` bytes of an open request."""
    step = 64 << 10
    playback = Playback(reader.waited)
    due = time.perf_counter()
    for position in range(step, count + 1, step):
        due += step / rate
        reader.read(position)
        late = time.perf_counter() - due
        if late > 0:
            due += late
            if late > 0.5:
                playback.stalls.append(late)
        else:
            time.sleep(-late)
    return playback


@contextmanager
def throttled(url: str, rate: str) -> Iterator[None]:
    """Somebody plays meanwhile: curl from the start of the file at the rate of a film."""
    command = [*CURL, "--limit-rate", rate, "--output", "/dev/null", url]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield
            if process.poll() is not None:
                raise RuntimeError(f"the player of {url} ended with {process.returncode}")
        finally:
            process.kill()


def places(length: int, count: int, room: int, seed: int = 7) -> list[int]:
    """`count` offsets spread over the file, in the same mixed order in every run, each with `room` behind it."""
    gap = (length - room) // count
    offsets = [number * gap + gap // 3 for number in range(count)]
    random.Random(seed).shuffle(offsets)
    return offsets


def settle() -> None:
    """Lets the disk finish what the last measurement left, so that the next does not pay for it."""
    os.sync()
