"""How long a player waits: for the first byte, after a seek, after a pause."""

import threading
import time

import clients
from figures.bench import Bench
from report import OURS, Row, at_most
from seeder import Swarm, swarm
from servers import Agent

MIB = 1 << 20
FILM_RATE = 2_000_000  # bytes a second: a film in good quality
SLOW_LINE = 20_000_000  # bytes a second: slow enough that a program that fetches everything has not done so


def first_byte(bench: Bench) -> list[Row]:
    """From the request to the first byte of the body, in a fresh program: nothing known, then metadata known."""
    cold: dict[str, list[float]] = {name: [] for name in bench.streamers()}
    known: dict[str, list[float]] = {name: [] for name in cold}
    with swarm([bench.big]) as seeders:
        for _ in range(5):
            for name in cold:
                with bench.fresh(name) as server:
                    began = time.perf_counter()
                    clients.first_byte(server.open(bench.big, seeders.peers))
                    cold[name].append((time.perf_counter() - began) * 1e3)
        for name in known:
            known[name] = restarted(bench, seeders) if name == OURS else readded(bench, seeders, name)
    return [
        Row("first byte, cold, infohash + peer", "ms", cold, [at_most(400, "ms")]),
        Row("first byte, metadata known", "ms", known, [at_most(150, "ms")]),
    ]


def restarted(bench: Bench, seeders: Swarm) -> list[float]:
    """Ours is stopped and started again over the same folder, and asked for a place that it has not read."""
    folder = bench.new_folder()
    samples = []
    for start in [0, *clients.places(bench.big.length, 6, 64 * MIB)]:
        server = Agent(bench.options.agent, folder)
        try:
            samples.append(clients.first_byte(server.open(bench.big, seeders.peers), start) * 1e3)
        finally:
            server.stop()
    return samples[1:]  # the first one fetched the metadata


def readded(bench: Bench, seeders: Swarm, name: str) -> list[float]:
    """A rival is given the .torrent instead of the magnet link."""
    samples = []
    for start in clients.places(bench.big.length, 6, 64 * MIB):
        with bench.fresh(name) as server:
            began = time.perf_counter()
            clients.first_byte(server.open(bench.big, seeders.peers, known=True), start)
            samples.append((time.perf_counter() - began) * 1e3)
    return samples


def seek(bench: Bench) -> list[Row]:
    """One reader plays from the start, another asks for 20 places far away, one a second."""
    rows = []
    for limit, what in ((0, "far seek while playing"), (SLOW_LINE, "far seek while playing, 20 MB/s line")):
        samples: dict[str, list[float]] = {}
        with swarm([bench.big], limit=limit) as seeders:
            for name in bench.streamers():
                with bench.fresh(name) as server:
                    url = server.open(bench.big, seeders.peers)
                    with clients.throttled(url, str(FILM_RATE)):
                        samples[name] = []
                        for start in clients.places(bench.big.length, 20, 40 * MIB):
                            time.sleep(1)
                            samples[name].append(clients.first_byte(url, start) * 1e3)
        rows += [Row(what, "ms", samples), Row(what + ": worst", "ms", samples, statistic=max)]
    return rows


def pause(bench: Bench) -> list[Row]:
    """A player reads a little, stops reading for 15 s with its request open, and seeks far ahead."""
    samples: dict[str, list[float]] = {}
    with swarm([bench.big], limit=SLOW_LINE) as seeders:
        for name in bench.streamers():
            with bench.fresh(name) as server:
                url = server.open(bench.big, seeders.peers)
                samples[name] = []
                # late places: a program that fetches the file from its start has not come so far
                for start in (1000 * MIB, 980 * MIB, 990 * MIB):
                    with clients.Reader(url) as paused:
                        paused.read(4 * MIB)
                        time.sleep(15)
                    samples[name].append(clients.first_byte(url, start) * 1e3)
    return [Row("seek after 15 s of pause, 20 MB/s line", "ms", samples, statistic=max)]


def second_reader(bench: Bench) -> list[Row]:
    """While one plays another opens the middle and plays too: the wait of the second, the stalls of the first."""
    waits: dict[str, list[float]] = {name: [] for name in bench.streamers()}
    stalls: dict[str, list[float]] = {name: [] for name in waits}
    with swarm([bench.big], limit=SLOW_LINE) as seeders:
        for _ in range(3):
            for name in waits:
                with bench.fresh(name) as server:
                    url = server.open(bench.big, seeders.peers)
                    played: list[clients.Playback] = []
                    first = threading.Thread(target=lambda: played.append(clients.play(url, FILM_RATE, 16 * MIB)))
                    first.start()
                    time.sleep(2)
                    second = clients.play(url, FILM_RATE, 8 * MIB, start=bench.big.length // 2)
                    first.join()
                    if not played:
                        raise RuntimeError(f"the first reader of {name} broke off")
                    waits[name].append(second.waited * 1e3)
                    stalls[name].append(sum(played[0].stalls) + sum(second.stalls))
    return [
        Row("second reader elsewhere, 20 MB/s line", "ms", waits),
        Row("two readers: stalled in all", "s", stalls, statistic=max),
    ]
