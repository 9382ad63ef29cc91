"""Swarms that are not one good seeder: many slow ones, and one that lies."""

import time

import clients
import fixtures
from figures.bench import Bench
from peers import crowd
from report import Row, at_least, at_most
from seeder import swarm
from servers import Agent, Server

MIB = 1 << 20
SLOW_PEERS = tuple(f"127.0.0.{number}" for number in range(2, 10))
SLOW_RATE = 500_000  # bytes a second of each
LARGE_PIECE = 16 * MIB
HONEST = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
HONEST_RATE = 20_000_000


def slow(bench: Bench) -> list[Row]:
    """The wait for the first byte, then 64 MiB at 80 % of what all peers together can give."""
    film = fixtures.sparse(bench.source, "slow.mp4", 256, piece=LARGE_PIECE)
    everybody = SLOW_RATE * len(SLOW_PEERS)
    waits: dict[str, list[float]] = {name: [] for name in bench.streamers}
    counts: dict[str, list[float]] = {name: [] for name in waits}
    stalls: dict[str, list[float]] = {name: [] for name in waits}

    def watch(name: str, server: Server) -> None:
        began = time.perf_counter()
        url = server.open(film, seeders.peers)
        added = time.perf_counter() - began
        playback = clients.play(url, 0.8 * everybody, 64 * MIB)
        waits[name].append(added + playback.waited)
        counts[name].append(float(len(playback.stalls)))
        stalls[name].append(sum(playback.stalls))

    with swarm([film], SLOW_PEERS, SLOW_RATE) as seeders:
        bench.turns(3, bench.streamers, watch, Agent.PATIENT)
    return [
        Row("slow swarm: first byte", "s", waits, [at_most(1.5 * LARGE_PIECE / everybody, "s")]),
        Row("slow swarm: stalls > 0.5 s", "", counts, [at_most(0, "")], max),
        Row("slow swarm: stalled in all", "s", stalls),
    ]


def liar(bench: Bench) -> list[Row]:
    """Three honest peers of 20 MB/s and one that answers everything, just as fast, and wrongly."""
    film = fixtures.full(bench.source, "liar.mp4", 256)
    digest = film.sha256()
    right: dict[str, list[float]] = {name: [] for name in bench.streamers}
    seconds: dict[str, list[float]] = {name: [] for name in right}
    blocks: dict[str, list[float]] = {name: [] for name in right}
    pieces: dict[str, list[float]] = {name: [] for name in right}

    def read(name: str, server: Server) -> None:
        liars.state()
        began = time.perf_counter()
        url = server.open(film, [*liars.peers, *seeders.peers])
        same = clients.sha256(url) == digest
        seconds[name].append(time.perf_counter() - began)
        right[name].append(float(same))
        state = liars.state()
        blocks[name].append(state["blocks"])
        pieces[name].append(state["pieces"])

    with swarm([film], HONEST, HONEST_RATE) as seeders, crowd(film, ["127.0.0.5"], HONEST_RATE, lie=True) as liars:
        bench.turns(3, bench.streamers, read)
    return [
        Row("a liar among four: every byte right", "", right, [at_least(1, "")], min),
        Row("a liar among four: 256 MiB", "s", seconds),
        Row("a liar among four: pieces it spoilt", "pieces", pieces),
        Row("a liar among four: blocks taken from it", "blocks", blocks),
    ]
