"""What the index costs: starts over very many items, and over one that was damaged."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import clients
import disk
import fixtures
from figures.bench import Bench
from figures.disk import SETTLED, limited
from fixtures import Fixture
from report import STREAMING, Row, at_least, at_most
from seeder import swarm
from servers import Agent

MIB = 1 << 20
CHUNK = 4096
CHUNKS = 10  # that are held of every item, every other one
STARTS = 30  # streams of different items
LARGEST = 10**13


def many_items(bench: Bench) -> list[Row]:
    """10, 1,000, 10,000 … items of ten chunks each: starts, memory, one collection, and the start of a stream."""
    rows: list[Row] = []
    idle: float | None = None
    counts = [count for count in (10, 1_000, 10_000) if count < bench.options.items] + [bench.options.items]
    for count in counts:
        folder = bench.new_folder()
        try:
            ids = generate(folder / "data", count)
            figures = measure(bench, folder, ids)
        finally:
            shutil.rmtree(folder)
        idle = figures["memory"] if idle is None else idle
        last = count == counts[-1]
        name = f"{count:,} items: "

        def row(title: str, unit: str, key: str, most: float | None = None) -> None:
            bounds = [at_most(most, unit)] if last and most else []
            value = figures[key]
            values = value if isinstance(value, list) else [value]
            rows.append(Row(name + title, unit, {STREAMING: values}, bounds))

        row("start over an index that is not there", "s", "first start", 5)
        row("until everything is counted then", "s", "first count")
        row("start", "s", "start", 2)
        row("until everything is counted", "s", "count")
        figures["growth"] = figures["memory"] - idle
        row("RSS", "MB", "memory")
        row("RSS more than with ten", "MB", "growth", 150)
        row("RSS while it starts", "MB", "peak")
        row("one collection, as it says", "ms", "took", 200)
        row("one collection, asked and answered", "ms", "collection")
        row("its list of items, 1,000 of them", "ms", "list")
        row("first byte of a stream from disk", "ms", "stream")
        row("first byte of a stream known already", "ms", "again")
    return rows


def measure(bench: Bench, folder: Path, ids: list[str]) -> dict[str, float | list[float]]:
    """All figures of one data directory."""
    figures: dict[str, float | list[float]] = {}
    for prefix in ("first ", ""):
        clients.settle()
        with bench.running(bench.start(STREAMING, folder, limited(LARGEST))) as server:
            figures[prefix + "start"] = server.started
            figures[prefix + "count"] = server.started + counted(server)
            if prefix:
                continue
            figures["peak"] = server.peak_memory()
            time.sleep(1)
            figures["memory"] = server.memory()
            known = server.manage("GET", "/status")["disk"]
            if known["items"] != len(ids):
                raise RuntimeError(f"{known['items']} items are known instead of {len(ids)}")
            figures["list"] = [timed(lambda: server.manage("GET", "/items")) for _ in range(5)]
            figures["stream"], figures["again"] = streams(server, ids), streams(server, ids)
            figures["took"], figures["collection"] = [], []
            for _ in range(3):
                upto = server.manage("GET", "/status")["disk"]["used"] - 20 * CHUNK * CHUNKS
                began = time.perf_counter()
                collection = server.manage("POST", "/collect", {"upto": max(upto, 0)})
                figures["collection"].append((time.perf_counter() - began) * 1e3)
                figures["took"].append(float(collection["took_ms"]))
    return figures


def counted(server: Agent) -> float:
    """The seconds until all that is on disk has been counted."""
    began = time.perf_counter()
    while not server.manage("GET", "/status")["disk"]["counted"]:
        if time.perf_counter() - began > 300:
            raise RuntimeError("it counts for ever")
        time.sleep(0.02)
    return time.perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    """The milliseconds that something takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def streams(server: Agent, ids: list[str]) -> list[float]:
    """The milliseconds to the first byte of items spread over all of them, each from what is on disk."""
    chosen = ids[:: max(1, len(ids) // STARTS)][:STARTS]
    return [clients.first_byte(f"{server.content}/bittorrent/v0/stream/{id}", 0) * 1e3 for id in chosen]


def generate(data: Path, count: int) -> list[str]:
    """Makes a data directory with so many torrents, of which every other chunk is there; returns their infohashes."""
    objects, metadata = data / "objects/bittorrent", data / "metadata/bittorrent"
    for folder in (objects, metadata):
        folder.mkdir(parents=True)
    chunks = [os.urandom(CHUNK) for _ in range(2 * CHUNKS)]
    pieces = b"".join(hashlib.sha1(chunk).digest() for chunk in chunks)
    ids = []
    for number in range(count):
        info = {"length": 2 * CHUNKS * CHUNK, "name": f"item{number}.bin", "piece length": CHUNK, "pieces": pieces}
        id = hashlib.sha1(fixtures.bencode(info)).hexdigest()
        (metadata / f"{id}.torrent").write_bytes(fixtures.bencode({"info": info}))
        file = os.open(objects / id, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(file, 2 * CHUNKS * CHUNK)
        for place in range(0, 2 * CHUNKS, 2):
            os.pwrite(file, chunks[place], place * CHUNK)
        os.close(file)
        ids.append(id)
    return ids


def damage(bench: Bench) -> list[Row]:
    """Starts over an index that was damaged in each way, after a clean stop and after a kill, from disk only."""
    film = fixtures.full(bench.source, "damage.mp4", 256)
    pinned = fixtures.full(bench.source, "kept.mp4", 16)
    rows: list[Row] = []
    right: list[float] = []
    for ending in ("stop", "kill"):
        folder = bench.new_folder()
        server = bench.start(STREAMING, folder, limited(LARGEST))
        with swarm([film, pinned]) as seeders:
            server.manage("PUT", f"/items/bittorrent/{pinned.info_hash}/pin")
            for fixture in (film, pinned):
                disk.compare(server.open(fixture, seeders.peers), fixture, 0, fixture.length)
            time.sleep(SETTLED)
        for kind, spoil in DAMAGES.items():
            getattr(server, ending)()
            spoil(server.data / "index")
            server = bench.start(STREAMING, folder, limited(LARGEST))
            began = time.perf_counter()
            first = clients.first_byte(server.open(film, []))
            whole = all(is_right(server, fixture) for fixture in (film, pinned))
            seconds = time.perf_counter() - began
            item = server.manage("GET", f"/items/bittorrent/{pinned.info_hash}")
            right.append(float(whole and item["pinned"]))
            name = f"index {kind}, {ending}: "
            rows.append(Row(name + "start", "s", {STREAMING: [server.started]}, [at_most(5, "s")]))
            rows.append(Row(name + "then the first byte", "s", {STREAMING: [first]}))
            rows.append(Row(name + "then all 272 MiB", "s", {STREAMING: [seconds]}))
        server.stop()
        shutil.rmtree(folder)
    return [*rows, Row("index damaged: all there, pinned still", "", {STREAMING: right}, [at_least(1, "")], min)]


def is_right(server: Agent, fixture: Fixture) -> bool:
    """Whether all of it comes from the disk and is right."""
    try:
        disk.compare(server.open(fixture, []), fixture, 0, fixture.length)
    except (OSError, RuntimeError):
        return False
    return True


def largest(index: Path) -> Path:
    """The file of the index that matters."""
    return max((path for path in index.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)


def cut(index: Path, part: Callable[[int], int]) -> None:
    """Leaves so many bytes of the length that it has."""
    path = largest(index)
    os.truncate(path, max(0, part(path.stat().st_size)))


def overwrite(index: Path, change: Callable[[bytes], bytes]) -> None:
    """Changes a page in the middle of what was written."""
    path = largest(index)
    with path.open("r+b") as file:
        place = len(file.read().rstrip(b"\0")) // 2 // 4096 * 4096
        file.seek(place)
        page = file.read(4096)
        file.seek(place)
        file.write(change(page))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "intact": lambda index: None,
    "without its tail": lambda index: cut(index, lambda length: length - 4096),
    "cut in half": lambda index: cut(index, lambda length: length // 2),
    "with a page of zeros": lambda index: overwrite(index, lambda page: bytes(len(page))),
    "with flipped bytes": lambda index: overwrite(index, lambda page: bytes(b ^ 0x5A for b in page[:20]) + page[20:]),
    "without its largest file": lambda index: largest(index).unlink(),
    "deleted": shutil.rmtree,
}
