"""How long a player waits for the first byte, and for a second place while another one plays."""

import shutil
import threading
import time

import clients
from figures.bench import Bench
from figures.seeks import FILM_RATE, SLOW_LINE, far_places
from report import LIBRQBIT, STREAMING, Row, at_most
from seeder import swarm
from servers import Server

MIB = 1 << 20


def first_byte(bench: Bench) -> list[Row]:
    """From the request to the first byte of the body, in a fresh program: nothing known, then metadata known."""
    cold: dict[str, list[float]] = {name: [] for name in bench.streamers}
    known: dict[str, list[float]] = {name: [] for name in cold}
    places = clients.places(bench.big.length, 10, 64 * MIB)
    with swarm([bench.big]) as seeders:

        def wait(server: Server, start: int = 0, known: bool = False) -> float:
            began = time.perf_counter()
            clients.first_byte(server.open(bench.big, seeders.peers, known), start)
            return (time.perf_counter() - began) * 1e3

        bench.turns(10, bench.streamers, lambda name, server: cold[name].append(wait(server)))
        # ours is started again over the same folder, a rival is given the .torrent
        folders = {name: bench.new_folder() for name in bench.agents}
        for number, start in enumerate([0, *places]):
            for name in bench.streamers:
                with bench.attempt(name):
                    if name in (STREAMING, LIBRQBIT):
                        server = bench.start(name, folders[name])
                        try:
                            waited = wait(server, start)
                        finally:
                            server.stop()
                    else:
                        with bench.fresh(name) as server:
                            waited = wait(server, start, known=True)
                    if number:  # the first one fetched the metadata
                        known[name].append(waited)
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
    return [
        Row("first byte, cold, infohash + peer", "ms", cold, [at_most(250, "ms")]),
        Row("first byte, metadata known", "ms", known, [at_most(150, "ms")]),
    ]


def second_reader(bench: Bench) -> list[Row]:
    """While one plays another asks for far places, one a second; then both play over a slower line."""
    waits: dict[str, list[float]] = {name: [] for name in bench.streamers}
    stalls: dict[str, list[float]] = {name: [] for name in waits}
    places = far_places(bench)

    def ask(name: str, server: Server) -> None:
        url = server.open(bench.big, seeders.peers)
        with clients.throttled(url, str(FILM_RATE)):
            for _ in range(5):
                time.sleep(1)
                waits[name].append(clients.first_byte(url, places[len(waits[name])]) * 1e3)

    def share(name: str, server: Server) -> None:
        url = server.open(bench.big, seeders.peers)
        played: list[clients.Playback] = []
        first = threading.Thread(target=lambda: played.append(clients.play(url, FILM_RATE, 16 * MIB)))
        first.start()
        time.sleep(2)
        second = clients.play(url, FILM_RATE, 8 * MIB, start=bench.big.length // 2)
        first.join()
        if not played:
            raise RuntimeError(f"the first reader of {name} broke off")
        stalls[name].append(sum(played[0].stalls) + sum(second.stalls))

    with swarm([bench.big]) as seeders:
        bench.turns(4, bench.streamers, ask)
    with swarm([bench.big], limit=SLOW_LINE) as seeders:
        bench.turns(3, bench.streamers, share)
    return [
        Row("second reader elsewhere", "ms", waits, [at_most(100, "ms")]),
        Row("second reader elsewhere: worst", "ms", waits, [at_most(300, "ms")], max),
        Row("two readers, 20 MB/s line: stalled in all", "s", stalls, statistic=max),
    ]
