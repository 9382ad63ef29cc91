"""What it costs: bytes fetched that nobody asked for, memory, start-up time; and whether many readers all get on."""

import time
from collections.abc import Callable

import clients
from figures.bench import Bench
from peers import crowd
from report import RQBIT, Row, at_least, at_most
from seeder import swarm
from servers import Agent, Server

MIB = 1 << 20
READERS = 64
LENGTH = 4 * MIB  # bytes that each of them reads
PEERS = 200
PEER_RATE = 250_000  # bytes a second: all readers together take some seconds


def start(bench: Bench) -> list[Row]:
    """From the spawn to the `listening` line (a rival: until its port answers), ten fresh starts each."""
    samples: dict[str, list[float]] = {name: [] for name in bench.programs}
    bench.turns(10, bench.programs, lambda name, server: samples[name].append(server.started * 1e3))
    return [Row("start to `listening`", "ms", samples, [at_most(500, "ms")])]


def idle(bench: Bench) -> list[Row]:
    """Memory 3 s after the start, nobody asking for anything."""
    samples: dict[str, list[float]] = {name: [] for name in bench.programs}

    def rest(name: str, server: Server) -> None:
        time.sleep(3)
        samples[name].append(server.memory())

    bench.turns(1, bench.programs, rest)
    return [Row("idle RSS", "MB", samples, [at_most(90, "MB")])]


def tail(bench: Bench) -> list[Row]:
    """What the seeder has sent 3 s after the last 1 MB of 1 GiB was read, cold, in pieces."""
    samples: dict[str, list[float]] = {name: [] for name in bench.streamers}

    def read(name: str, server: Server) -> None:
        before = seeders.uploaded(bench.big)
        clients.fetch(server.open(bench.big, seeders.peers), bench.big.length - 10**6, 10**6)
        time.sleep(3)
        samples[name].append((seeders.uploaded(bench.big) - before) / MIB)

    with swarm([bench.big]) as seeders:
        bench.turns(1, bench.streamers, read)
    return [Row("last 1 MB of 1 GiB: fetched", "pieces", samples, [at_most(3, "pieces")])]


def parallel(bench: Bench) -> list[Row]:
    """64 readers of different places of 1 GiB at once, 4 MiB each, cold, one seeder."""
    with swarm([bench.big]) as seeders:
        return readers(bench, "64 readers", seeders.peers, Agent.CONFIG)


def many_peers(bench: Bench) -> list[Row]:
    """The same from 200 peers, each of them slow."""
    connected: dict[str, list[float]] = {name: [] for name in bench.streamers}
    addresses = [f"127.0.1.{number}" for number in range(1, PEERS + 1)]
    with crowd(bench.big, addresses, PEER_RATE) as peers:

        def note(name: str) -> None:
            connected[name].append(peers.state()["most"])
            time.sleep(0.5)  # until all have noticed that the program is gone
            peers.state()

        rows = readers(bench, "64 readers, 200 peers", peers.peers, Agent.CROWDED, note)
    return [*rows, Row("64 readers, 200 peers: connected", "peers", connected)]


def readers(
    bench: Bench, title: str, peers: list[str], config: str, after: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """How many of the readers finish, how long it takes and what it costs; `after` each program has ended."""
    done: dict[str, list[float]] = {name: [] for name in bench.streamers}
    seconds: dict[str, list[float]] = {name: [] for name in done}
    # libtorrent maps its files, which would count as memory
    peak: dict[str, list[float]] = {name: [] for name in bench.programs}
    processor: dict[str, list[float]] = {name: [] for name in bench.programs}
    starts = clients.places(bench.big.length, READERS, LENGTH)

    def read(name: str, server: Server) -> None:
        # one request may name 64 peers; rqbit is told once
        parts = [peers] if name == RQBIT else [peers[first:first + 50] for first in range(0, len(peers), 50)]
        urls = [server.open(bench.big, part) for part in parts]
        if len(urls) > 1:  # all peers are told before it begins
            for url in urls:
                clients.first_byte(url)
        began = time.perf_counter()
        # a rival may never finish: half a minute shows it
        patience = 30 if name == RQBIT else clients.PATIENCE
        transfers = clients.ranges(urls, starts, LENGTH, parallel=READERS, patience=patience)
        seconds[name].append(time.perf_counter() - began)
        done[name].append(sum(transfer.size == LENGTH for transfer in transfers))
        if name in peak:
            peak[name].append(server.peak_memory())
            processor[name].append(server.processor_time())
        server.stop()
        after(name)

    bench.turns(2, bench.streamers, read, config)
    return [
        Row(f"{title}: complete", "of 64", done, [at_least(READERS, "of 64")], min),
        Row(f"{title}: until the last", "s", seconds),
        Row(f"{title}: peak RSS", "MB", peak, [at_most(150, "MB")], max),
        Row(f"{title}: processor time", "s", processor),
    ]
