"""What it costs: bytes fetched that nobody asked for, memory, start-up time; and whether many readers all get on."""

import time

import clients
from figures.bench import Bench
from report import OURS, Row, at_least, at_most
from seeder import swarm

MIB = 1 << 20


def start(bench: Bench) -> list[Row]:
    """From the spawn to the `listening` line (a rival: until its port answers), ten fresh starts each."""
    samples: dict[str, list[float]] = {name: [] for name in bench.streamers()}
    for _ in range(10):
        for name in samples:
            with bench.fresh(name) as server:
                samples[name].append(server.started * 1e3)
    return [Row("start to `listening`", "ms", samples, [at_most(300, "ms")])]


def idle(bench: Bench) -> list[Row]:
    """Memory 3 s after the start, nobody asking for anything."""
    samples = {}
    for name in bench.streamers():
        with bench.fresh(name) as server:
            time.sleep(3)
            samples[name] = [server.memory()]
    return [Row("idle RSS", "MB", samples, [at_most(60, "MB")])]


def tail(bench: Bench) -> list[Row]:
    """What the seeder has sent 3 s after the last 1 MB of 1 GiB was read, cold."""
    samples = {}
    for name in bench.streamers():
        with swarm([bench.big]) as seeders, bench.fresh(name) as server:
            url = server.open(bench.big, seeders.peers)
            clients.fetch(url, bench.big.length - 10**6, 10**6)
            time.sleep(3)
            samples[name] = [seeders.uploaded(bench.big) / 1e6]
    return [Row("last 1 MB of 1 GiB: fetched", "MB", samples, [at_most(4, "MB")])]


def parallel(bench: Bench) -> list[Row]:
    """64 readers of different places of 1 GiB at once, 4 MiB each, cold."""
    readers, length = 64, 4 * MIB
    done: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    peak: dict[str, list[float]] = {}
    for name in bench.streamers():
        with swarm([bench.big]) as seeders, bench.fresh(name) as server:
            url = server.open(bench.big, seeders.peers)
            began = time.perf_counter()
            starts = clients.places(bench.big.length, readers, length)
            # a rival may never finish: half a minute shows it
            patience = clients.PATIENCE if name == OURS else 30
            transfers = clients.ranges(url, starts, length, parallel=readers, patience=patience)
            seconds[name] = [time.perf_counter() - began]
            done[name] = [sum(transfer.size == length for transfer in transfers)]
            peak[name] = [server.peak_memory()]
    return [
        Row("64 parallel readers: complete", "of 64", done, [at_least(readers, "of 64")]),
        Row("64 parallel readers: until the last", "s", seconds),
        Row("64 parallel readers: peak RSS", "MB", peak, [at_most(150, "MB")]),
    ]
