"""Sharing: how fast files of the user are hashed, in how much memory, and how fast another agent gets them."""

import time
from pathlib import Path

import clients
import libtorrent
from fixtures import Fixture
from figures.bench import Bench
from report import AGENT, LIBTORRENT, Row, at_least_times, at_most
from seeder import swarm
from servers import Agent, free_port, peer_query

ROUNDS = 5
NETWORKS = {"a torrent": ["bittorrent"], "a torrent and a DAG": ["bittorrent", "ipfs"]}
LOOK_EVERY = 0.01  # seconds


def sharing(bench: Bench) -> list[Row]:
    """All of it, of the file that is read as a whole."""
    return [*hashing(bench), *fetched(bench)]


def hashing(bench: Bench) -> list[Row]:
    """From the call to the addresses, beside what libtorrent takes for its torrent, the file being in memory."""
    bench.film.path.read_bytes()
    rows = []
    peak: list[float] = []
    for title, networks in NETWORKS.items():
        speed: dict[str, list[float]] = {AGENT: [], LIBTORRENT: []}
        for _ in range(ROUNDS):
            with bench.attempt(AGENT), bench.fresh(AGENT) as server:
                before = server.memory()
                speed[AGENT].append(bench.film.length / shared(server, bench.film.path, networks)[1] / 1e6)
                peak.append(server.peak_memory() - before)
            speed[LIBTORRENT].append(bench.film.length / by_libtorrent(bench.film) / 1e6)
        # the DAG takes hashes of its own, which a torrent of version 1 has not
        bounds = [] if "ipfs" in networks else [at_least_times(0.5, LIBTORRENT)]
        rows.append(Row(f"hashing to share as {title}", "MB/s", speed, bounds))
    return [*rows, Row("hashing to share: memory above rest", "MB", {AGENT: peak}, [at_most(32, "MB")], max)]


def shared(server: Agent, path: Path, networks: list[str]) -> tuple[dict, float]:
    """Shares a file; gives what is told of it, and how many seconds it took."""
    began = time.perf_counter()
    job = server.manage("POST", "/share", {"paths": [str(path)], "networks": networks})["job"]
    while (share := server.manage("GET", f"/shares/{job}"))["state"] == "hashing":
        time.sleep(LOOK_EVERY)
    if share["state"] != "ready":
        raise RuntimeError(f"not shared: {share['error']}")
    return share, time.perf_counter() - began


def by_libtorrent(film: Fixture) -> float:
    """The seconds that libtorrent's own hashing takes, for a torrent of version 1 in pieces of 1 MiB."""
    began = time.perf_counter()
    storage = libtorrent.file_storage()
    storage.add_file(film.path.name, film.length)
    torrent = libtorrent.create_torrent(storage, 1 << 20, libtorrent.create_torrent.v1_only)
    libtorrent.set_piece_hashes(torrent, str(film.path.parent))
    torrent.generate()
    return time.perf_counter() - began


def fetched(bench: Bench) -> list[Row]:
    """The file, over BitTorrent, by an agent that has nothing: from one that shares it, and from libtorrent."""
    speed: dict[str, list[float]] = {AGENT: [], LIBTORRENT: []}

    def fetch(name: str, infohash: str, peer: str) -> None:
        with bench.attempt(name), bench.fresh(AGENT) as server:
            url = f"{server.content}/bittorrent/v0/stream/{infohash}?{peer_query([peer])}"
            speed[name].append(clients.fetch(url, expected=bench.film.length).speed)

    port = free_port()
    config = f"{Agent.CONFIG}[bittorrent]\nport = {port}\n"
    with swarm([bench.film]) as seeders, bench.fresh(AGENT, config) as giver:
        share, _ = shared(giver, bench.film.path, ["bittorrent"])
        for _ in range(ROUNDS):
            fetch(AGENT, share["bittorrent"]["id"], f"127.0.0.1:{port}")
            fetch(LIBTORRENT, bench.film.info_hash, seeders.peers[0])
    return [Row("whole file by another agent, from who shares it", "MB/s", speed, [at_least_times(0.5, LIBTORRENT)])]
