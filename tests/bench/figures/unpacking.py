"""How quickly entries come from disk, and what decoders take."""

import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import clients
import mounts
import packing
from figures.bench import Bench
from fixtures import Fixture
from report import NGINX, RATARMOUNT, Row, at_least_times, at_most
from seeder import swarm
from servers import Agent

PICTURES = 1000
CLIENTS = 16
PASSES = 4
UNPACKED = 80  # MiB in each archive: more than any of them looks back
DECODERS = '[network]\nscope = "loopback"\n[limits]\ndecode_jobs = 8\n'


def pictures(bench: Bench) -> list[Row]:
    """1,000 pictures out of one zip, 16 clients at once, warm; nginx has them unpacked. All take turns."""
    made = []
    inside = packing.pictures(bench.source, PICTURES)
    names = [file.name for file in inside.iterdir()]
    for method, word in ((zipfile.ZIP_STORED, "stored"), (zipfile.ZIP_DEFLATED, "deflated")):
        with bench.temporary(lambda folder: packing.zip_of(folder, f"{word}.zip", inside, method)) as archive:
            made += from_zip(bench, archive, [inside / name for name in names], f"1,000 pictures, {word}")
    shutil.rmtree(inside)
    return made


def from_zip(bench: Bench, archive: Fixture, files: list, title: str) -> list[Row]:
    """The figures for one zip."""
    with swarm([archive]) as seeders, ExitStack() as stack:
        servers = {name: stack.enter_context(bench.fresh(name)) for name in [*bench.agents, NGINX]}
        urls = {
            name: [server.inside(archive, seeders.peers, f"{archive.path.name}/{file.name}") for file in files]
            for name, server in servers.items() if name != NGINX
        }
        urls[NGINX] = [f"{servers[NGINX].site}/{file.parent.name}/{file.name}" for file in files]
        for name, addresses in urls.items():
            for file, url in list(zip(files, addresses))[::50]:
                if clients.sha256(url) != clients.sha256(file.as_uri()):
                    raise RuntimeError(f"{name} serves something else for {file.name}")
            clients.crowd(addresses, CLIENTS, 1)
        clients.settle()
        requests, speeds, processor = ({name: [] for name in servers} for _ in range(3))
        for _ in range(5):
            for name, server in servers.items():
                before = server.processor_time()
                done = clients.crowd(urls[name], CLIENTS, PASSES)
                processor[name].append((server.processor_time() - before) / PASSES)
                requests[name].append(PASSES * len(files) / done.seconds)
                speeds[name].append(done.speed)
    return [
        Row(title, "requests/s", requests, [at_least_times(0.5, NGINX)]),
        Row(f"{title}: the same", "MB/s", speeds),
        Row(f"{title}: processor time", "s", processor),
    ]


def decoders(bench: Bench) -> list[Row]:
    """Memory while eight archives are decoded at once, each packed in another way, three with 64 MiB to look back."""
    peak: dict[str, list[float]] = {name: [] for name in bench.agents}
    seconds: dict[str, list[float]] = {name: [] for name in peak}
    with bench.temporary(lambda folder: packing.of_every_kind(folder, UNPACKED)) as (fixture, entries):
        with swarm([fixture]) as seeders:

            def read(name: str, server: Agent) -> None:
                urls = [server.inside(fixture, seeders.peers, entry) for entry in entries]
                clients.fetch(server.inside(fixture, seeders.peers, "") + "&format=json")
                began = time.perf_counter()
                with ThreadPoolExecutor(len(urls)) as pool:
                    list(pool.map(lambda url: clients.fetch(url, expected=UNPACKED << 20), urls))
                seconds[name].append(time.perf_counter() - began)
                peak[name].append(server.peak_memory())

            bench.turns(2, bench.agents, read, DECODERS)
    return [
        Row("8 decoders at once: peak RSS", "MB", peak, [at_most(400, "MB")], max),
        Row("8 decoders at once, 640 MiB come out", "s", seconds),
    ]


ARCHIVES = {
    "zip, deflate": ("deflate.zip", "a/big.txt"),
    "tar.gz": ("gzip.tar.gz", "a/big.txt"),
    "7z, LZMA2": ("lzma2.7z", "a/big.txt"),
    "RAR, stored, 10 volumes": ("stored.rar", "big.txt"),
}


def beside_ratarmount(bench: Bench) -> list[Row]:
    """List, first byte and last 1 MB of archives that are there already, nothing known of them."""
    servers = [*bench.agents, RATARMOUNT]
    steps = ("list", "first byte", "last 1 MB", "last 1 MB again")
    waits = {(kind, step): {name: [] for name in servers} for kind in ARCHIVES for step in steps}
    read = {key: {name: [] for name in servers} for key in waits}

    def take(name: str, kind: str, measured: list[mounts.Step]) -> None:
        for step, wait, count in measured:
            waits[kind, step][name].append(wait)
            read[kind, step][name].append(count)

    with bench.temporary(packing.local) as fixture, swarm([fixture]) as seeders:
        for _ in range(3):
            for name in bench.agents:
                with bench.attempt(name), bench.kept(name) as start:
                    with start() as server:
                        for file in fixture.path.iterdir():
                            clients.fetch(server.inside(fixture, seeders.peers, file.name))
                    clients.settle()
                    for kind, (archive, entry) in ARCHIVES.items():
                        with start() as server:
                            take(name, kind, ours(server, fixture, seeders.peers, archive, entry))
            for kind, (archive, entry) in ARCHIVES.items():
                with bench.attempt(RATARMOUNT):
                    take(RATARMOUNT, kind, mounts.measure(fixture.path / archive, entry))
    rows = []
    for (kind, step), samples in waits.items():
        rows.append(Row(f"{kind}, local: {step}", "ms", samples))
        rows.append(Row(f"{kind}, local: {step}: read", "MB", read[kind, step]))
    return rows


def ours(server: Agent, fixture: Fixture, peers: list[str], archive: str, entry: str) -> list[mounts.Step]:
    """Each step with its milliseconds and the megabytes read from files for it."""
    # the pieces are hashed again at the first use: that is a matter of the disk, not of archives
    for file in fixture.path.iterdir():
        if file.stem == archive.partition(".")[0]:
            clients.fetch(server.inside(fixture, peers, file.name))
    listing = server.inside(fixture, peers, archive + "/") + "&format=json"
    url = server.inside(fixture, peers, f"{archive}/{entry}")
    made = []

    def step(name: str, start: int | None, length: int | None) -> None:
        before = server.bytes_read()
        seconds = clients.fetch(listing).seconds if start is None else clients.fetch(url, start, length).seconds
        made.append((name, seconds * 1e3, (server.bytes_read() - before) / 1e6))

    end = (128 << 20) - 10**6
    step("list", None, None)
    step("first byte", 0, 1)
    step("last 1 MB", end, 10**6)
    step("last 1 MB again", end, 10**6)
    return made
