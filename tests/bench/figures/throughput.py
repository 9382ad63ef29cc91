"""Megabytes a second, and the latency of small ranges once everything is there."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import clients
from figures.bench import Bench
from report import NGINX, RQBIT, Row, at_least_times, at_most_times
from seeder import swarm
from servers import Server

RANGE = 64 << 10


def whole_file(bench: Bench) -> list[Row]:
    """The whole file over HTTP from nothing but its infohash and one peer."""
    samples: dict[str, list[float]] = {name: [] for name in bench.streamers}
    # Python's own time, and files that are mapped, would not say anything about libtorrent
    processor: dict[str, list[float]] = {name: [] for name in bench.programs}
    peak: dict[str, list[float]] = {name: [] for name in bench.programs}

    def read(name: str, server: Server) -> None:
        began = time.perf_counter()
        url = server.open(bench.film, seeders.peers)
        added = time.perf_counter() - began
        transfer = clients.fetch(url, expected=bench.film.length)
        samples[name].append(bench.film.length / (added + transfer.seconds) / 1e6)
        if name in peak:
            processor[name].append(server.processor_time())
            peak[name].append(server.peak_memory())

    with swarm([bench.film]) as seeders:
        bench.turns(6, bench.streamers, read)
    return [
        Row("whole file, cold", "MB/s", samples, [at_least_times(1.0, RQBIT)]),
        Row("whole file, cold: processor time", "s", processor),
        Row("whole file, cold: peak RSS", "MB", peak, statistic=max),
    ]


def warm(bench: Bench) -> list[Row]:
    """The whole file again, one connection, from what is on disk and in the page cache; the programs take turns."""
    with complete(bench) as urls:
        samples: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(7):
            for name, url in urls.items():
                samples[name].append(clients.fetch(url, expected=bench.film.length).speed)
    return [Row("warm re-read", "MB/s", samples, [at_least_times(0.6, NGINX), at_least_times(1.0, RQBIT)])]


def ranges(bench: Bench) -> list[Row]:
    """Ranges of 64 KiB, one after the other over one connection; the programs take turns."""
    starts = clients.places(bench.film.length, 200, RANGE)
    with complete(bench) as urls:
        samples: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(5):
            for name, url in urls.items():
                transfers = clients.ranges(url, starts, RANGE)
                if [transfer.size for transfer in transfers] != [RANGE] * len(starts):
                    raise RuntimeError(f"{name} did not answer all ranges")
                # the first one pays for the connection
                samples[name] += [transfer.seconds * 1e3 for transfer in transfers[1:]]
    return [Row("64 KiB ranges, warm", "ms", samples, [at_most_times(1.5, NGINX)])]


@contextmanager
def complete(bench: Bench) -> Iterator[dict[str, str]]:
    """The address of the film at every server, once each has all of it and has shown that it is the right one."""
    digest = bench.film.sha256()
    with swarm([bench.film]) as seeders, ExitStack() as stack:
        urls = {}
        for name in bench.servers:
            url = stack.enter_context(bench.fresh(name)).open(bench.film, seeders.peers)
            clients.fetch(url, expected=bench.film.length)
            if clients.sha256(url) != digest:
                raise RuntimeError(f"{name} serves something else")
            urls[name] = url
        clients.settle()
        yield urls
