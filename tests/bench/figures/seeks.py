"""How long a player waits when it jumps: it breaks off its request and asks for a place far away."""

import time
from contextlib import ExitStack

import clients
from clients import Reader
from figures.bench import Bench
from line import line
from report import RQBIT, Bound, Row, at_most
from seeder import swarm
from servers import Server

MIB = 1 << 20
FILM_RATE = 2_000_000  # bytes a second: a film in good quality
SLOW_LINE = 20_000_000  # bytes a second: slow enough that a program that fetches everything has not done so
FAR_LINE = 10_000_000
ROUND_TRIP = 50.0  # milliseconds over the far line
SEEKS = 5  # of one program before it is the next one's turn
ROUNDS = 4
MEDIAN, WORST = at_most(100, "ms"), at_most(300, "ms")
NEAR = 100 * MIB  # what a player at the start may have been given in advance


def seek(bench: Bench) -> list[Row]:
    """Over a line as fast as it can be, and over one of 20 MB/s."""
    with swarm([bench.big]) as seeders:
        fast = jumps(bench, seeders.peers)
    with swarm([bench.big], limit=SLOW_LINE) as seeders:
        slow = jumps(bench, seeders.peers)
    return [
        *rows("far seek while playing", fast, MEDIAN, WORST),
        *rows("far seek while playing, 20 MB/s line", slow),
    ]


def far(bench: Bench) -> list[Row]:
    """Over a line of 10 MB/s with a round trip of 50 ms."""
    # queues as they are on a real line: the seeder's own must not be longer than the line
    with swarm([bench.big], deep=False) as seeders, line(seeders.peers, ROUND_TRIP / 2e3, FAR_LINE) as peers:
        samples = jumps(bench, peers)
    return rows("far seek while playing, 50 ms away, 10 MB/s", samples, at_most(5 * ROUND_TRIP, "ms"))


def jumps(bench: Bench, peers: list[str]) -> dict[str, list[float]]:
    """Every program plays at the rate of a film and jumps once a second to a place not read before, 20 times in all."""
    samples: dict[str, list[float]] = {name: [] for name in bench.streamers}
    places = far_places(bench)

    def jump(name: str, server: Server) -> None:
        url = server.open(bench.big, peers)
        reader = Reader(url)
        for _ in range(SEEKS):
            clients.follow(reader, FILM_RATE, FILM_RATE)
            reader.close()
            reader = Reader(url, places[len(samples[name])])
            samples[name].append(reader.waited * 1e3)
        reader.close()

    bench.turns(ROUNDS, bench.streamers, jump)
    return samples


def pause(bench: Bench) -> list[Row]:
    """After 15 s in which the player has read nothing, its request left open."""
    return rows("seek after 15 s of pause", pauses(bench, 15, ROUNDS), MEDIAN, WORST)


def long_pause(bench: Bench) -> list[Row]:
    """After five minutes, one round only."""
    return rows("seek after 5 min of pause", pauses(bench, 300, 1), MEDIAN, WORST)


def pauses(bench: Bench, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Five instances of every program pause side by side, each for so long, and jump one after the other.

    One instance of rqbit, which goes on fetching the whole file meanwhile.
    """
    samples: dict[str, list[float]] = {name: [] for name in bench.streamers}
    places = far_places(bench)
    # a seeder for each: from a common one they would hear of each other, and fetch from each other
    addresses = tuple(f"127.0.0.{number}" for number in range(2, 2 + SEEKS * len(samples)))
    with swarm([bench.big], addresses) as seeders:
        for _ in range(rounds):
            free = iter(seeders.peers)
            with ExitStack() as stack:
                paused: list[tuple[str, str, Reader, float]] = []
                for instance in range(SEEKS):
                    for name in bench.streamers:
                        if instance and name == RQBIT:
                            continue
                        with bench.attempt(name):
                            url = stack.enter_context(bench.fresh(name)).open(bench.big, [next(free)])
                            reader = stack.enter_context(Reader(url))
                            clients.follow(reader, FILM_RATE, FILM_RATE)
                            paused.append((name, url, reader, time.monotonic() + seconds))
                for name, url, reader, due in paused:
                    # each began when the one before it had, and pauses as long
                    time.sleep(max(0.0, due - time.monotonic()))
                    with bench.attempt(name):
                        reader.close()
                        samples[name].append(clients.first_byte(url, places[len(samples[name])]) * 1e3)
    return samples


def far_places(bench: Bench) -> list[int]:
    """A place for every jump, so far from the start and from each other that nobody has fetched it yet."""
    return [NEAR + place for place in clients.places(bench.big.length - NEAR, SEEKS * ROUNDS, 40 * MIB)]


def rows(
    title: str, samples: dict[str, list[float]], median: Bound | None = None, worst: Bound | None = None
) -> list[Row]:
    """The median and the worst of the same samples."""
    return [
        Row(title, "ms", samples, [median] if median else []),
        Row(title + ": worst", "ms", samples, [worst] if worst else [], max),
    ]
