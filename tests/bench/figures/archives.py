"""What reading inside archives costs over the swarm: bytes of the seeder, and time."""

import time
import zipfile
from collections.abc import Callable

import clients
import packing
from figures.bench import Bench
from fixtures import MIB, Fixture
from report import Row, at_most
from seeder import Swarm, swarm
from servers import Agent
from volumes import Five, Four

Samples = dict[str, list[float]]
BIG = 288 * MIB


def samples(bench: Bench) -> Samples:
    """Nothing yet, for each of ours: nobody else looks into archives over a swarm."""
    return {name: [] for name in bench.agents}


def cold(
    bench: Bench, seeders: Swarm, fixture: Fixture, read: Callable[[Agent], None], rounds: int = 3
) -> tuple[Samples, Samples]:
    """Reads with programs that know nothing; returns the milliseconds, and the pieces sent up to 3 s later."""
    waits, pieces = samples(bench), samples(bench)

    def measure(name: str, server: Agent) -> None:
        before = seeders.uploaded(fixture)
        began = time.perf_counter()
        read(server)
        waits[name].append((time.perf_counter() - began) * 1e3)
        time.sleep(3)
        pieces[name].append((seeders.uploaded(fixture) - before) / MIB)

    bench.turns(rounds, bench.agents, measure)
    return waits, pieces


def rows(title: str, measured: tuple[Samples, Samples], most: float) -> list[Row]:
    """The two figures of something cold: at most so many pieces fetched."""
    waits, pieces = measured
    return [
        Row(f"{title}: fetched", "pieces", pieces, [at_most(most, "pieces")], max),
        Row(title, "ms", waits),
    ]


def archive(bench: Bench) -> list[Row]:
    """A zip of 1 GB with 64 entries, cold: its list, and the last 1 MiB of an entry that is stored."""
    mixed = bench.mixed_zip
    entry = "stored/20.bin"
    with zipfile.ZipFile(mixed.path) as opened:
        info = opened.getinfo(entry)
    # the data begins behind the local header, which repeats the name
    end = info.header_offset + 30 + len(entry) + info.compress_size
    lies_in = (end - 1) // MIB - (end - MIB) // MIB + 1
    with swarm([mixed]) as seeders:

        def listed(server: Agent) -> None:
            clients.fetch(server.inside(mixed, seeders.peers, "mixed.zip/") + "&format=json")

        def tail(server: Agent) -> None:
            url = server.inside(mixed, seeders.peers, f"mixed.zip/{entry}")
            clients.fetch(url, info.file_size - MIB, MIB)

        return [
            *rows("list a 1 GB zip, cold", cold(bench, seeders, mixed, listed), 2),
            *rows("last 1 MiB of a stored entry, cold", cold(bench, seeders, mixed, tail), lies_in + 2),
        ]


def deflated(bench: Bench) -> list[Row]:
    """The last 1 MiB of 288 MiB deflated, first over the swarm and then again, and elsewhere, from disk."""
    mixed = bench.mixed_zip
    places = [BIG - MIB, *clients.places(BIG, 10, MIB)]
    first, again, read = samples(bench), samples(bench), samples(bench)
    late, late_read = samples(bench), samples(bench)
    with swarm([mixed]) as seeders:

        def seek(url: str, server: Agent, start: int) -> tuple[float, float]:
            before = server.bytes_read()
            seconds = clients.fetch(url, start, MIB).seconds
            return seconds * 1e3, (server.bytes_read() - before) / 1e6

        for name in bench.agents:
            with bench.attempt(name), bench.kept(name) as start:
                with start() as server:
                    url = server.inside(mixed, seeders.peers, "mixed.zip/big.txt")
                    first[name].append(clients.fetch(url, BIG - MIB, MIB).seconds * 1e3)
                    for place in places:
                        wait, count = seek(url, server, place)
                        again[name].append(wait)
                        read[name].append(count)
                with start() as server:
                    url = server.inside(mixed, seeders.peers, "mixed.zip/big.txt")
                    clients.fetch(server.inside(mixed, seeders.peers, "mixed.zip/") + "&format=json")
                    wait, count = seek(url, server, places[0])
                    late[name].append(wait)
                    late_read[name].append(count)
    return [
        Row("last 1 MiB of 288 MiB deflated, cold", "ms", first),
        Row("another 1 MiB of it, from disk", "ms", again, [at_most(50, "ms")]),
        Row("another 1 MiB of it, from disk: worst", "ms", again, [at_most(50, "ms")], max),
        Row("another 1 MiB of it: read of the disk, worst", "MB", read, [at_most(4, "MB")], max),
        Row("the last 1 MiB of it after a restart", "ms", late),
        Row("the last 1 MiB of it after a restart: read of the disk", "MB", late_read),
    ]


def film(bench: Bench) -> list[Row]:
    """The first byte at 90 % of a film in 50 stored volumes of 15 MB, cold, of either generation of RAR."""
    made = []
    for generation, name in ((Four, "film.rar"), (Five, "film.part01.rar")):
        with bench.temporary(lambda folder: packing.film_in_volumes(folder, generation, 50, 15_000_000)) as fixture:
            place = int(fixture.length * 0.9)
            with swarm([fixture]) as seeders:

                def read(server: Agent) -> None:
                    clients.fetch(server.inside(fixture, seeders.peers, f"{name}/film.mkv"), place, 1)

                title = f"first byte at 90 % of 50 RAR{4 if generation is Four else 5} volumes, cold"
                made += rows(title, cold(bench, seeders, fixture, read), 6)
    return made
