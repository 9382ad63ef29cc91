"""A swarm as it often is: eight peers, each slow, and large pieces."""

import time

import clients
import fixtures
from figures.bench import Bench
from report import Row
from seeder import swarm
from servers import Agent

MIB = 1 << 20
PEERS = tuple(f"127.0.0.{number}" for number in range(2, 10))
PEER_RATE = 500_000


def slow(bench: Bench) -> list[Row]:
    """The wait for the first byte, then 64 MiB at 80 % of what all peers together can give."""
    film = fixtures.sparse(bench.source, "slow.mp4", 256, piece=16 * MIB)
    rate = 0.8 * PEER_RATE * len(PEERS)
    waits: dict[str, list[float]] = {}
    counts: dict[str, list[float]] = {}
    stalls: dict[str, list[float]] = {}
    for name in bench.streamers():
        with swarm([film], PEERS, PEER_RATE) as seeders, bench.fresh(name, Agent.PATIENT) as server:
            began = time.perf_counter()
            url = server.open(film, seeders.peers)
            added = time.perf_counter() - began
            playback = clients.play(url, rate, 64 * MIB)
            waits[name] = [added + playback.waited]
            counts[name] = [float(len(playback.stalls))]
            stalls[name] = [sum(playback.stalls)]
    return [
        Row("slow swarm: first byte", "s", waits),
        Row("slow swarm: stalls > 0.5 s", "", counts),
        Row("slow swarm: stalled in all", "s", stalls),
    ]
