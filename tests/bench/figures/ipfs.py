"""IPFS beside Kubo: parts and all of a file, what is on disk again, what nobody has, and a limit below its length."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import clients
import disk
import fixtures
from figures.bench import Bench
from figures.disk import LENGTH, LIMIT, limited
from fixtures import Fixture
from kubo import Kubo, kubo, query
from report import AGENT, KUBO, NGINX, Row, at_least, at_least_times, at_most, either
from servers import Agent

MB = 10**6
ROUNDS = 7
LEAF = (256 << 10) + 14  # bytes of a leaf of Kubo's: its part of the file, and what says so
NODE = 9_000  # more than any block that only links others has
WAYS = {"tcp": "TCP", "quic-v1": "QUIC"}
# what exists nowhere
NOBODY = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
METADATA = 5.0  # seconds


def url(server: Agent, cid: str, peer: str) -> str:
    """The address of a file."""
    return f"{server.content}/ipfs/v0/stream/{cid}?{query(peer)}"


def ipfs(bench: Bench) -> list[Row]:
    """Everything, of 100 MB from one Kubo node."""
    film = hundred(bench.source)
    with kubo(bench.new_folder()) as node:
        cid, small = node.add(film.path), node.add(film.torrent)
        # in a folder it has a name; without one it is looked at from its start, to see what it is
        folder = bench.source / "folder"
        folder.mkdir()
        os.link(film.path, folder / film.path.name)
        return [
            *part(bench, node, node.add(folder), film.path.name, small),
            *whole(bench, node, film, cid),
            *nobody(bench),
        ]


def hundred(folder: Path) -> Fixture:
    """A file of 100 MB of random bytes."""
    film = fixtures.full(folder, "hundred.mp4", 96)
    with film.path.open("r+b") as file:
        file.truncate(100 * MB)
        file.seek(96 << 20)
        # of every length the last megabytes differ from those before
        file.write(bytes(range(1, 252)) * ((100 * MB - (96 << 20)) // 251))
    return fixtures.describe(film.path, 1 << 20)


def part(bench: Bench, node: Kubo, root: str, name: str, small: str) -> list[Row]:
    """1 MB at 90 % where the connection is there and nothing of the file, and what was fetched for it."""
    rows = []
    for way, called in WAYS.items():
        took, came = fresh(AGENT), fresh(AGENT)
        for _ in range(ROUNDS):
            with bench.attempt(AGENT), bench.fresh(AGENT) as server:
                clients.fetch(url(server, small, node.address(way)))
                transfer = clients.fetch(url(server, f"{root}/{name}", node.address(way)), 90 * MB, MB)
                took[AGENT].append(transfer.seconds * 1e3)
                came[AGENT].append(server.held("ipfs", root) / LEAF)
        leaves = MB // (256 << 10) + 2
        most = leaves + 3 * NODE / LEAF
        rows += [
            Row(f"IPFS, 1 MB at 90 %, cold, {called}", "ms", took, [at_most(60, "ms")]),
            Row(f"IPFS, 1 MB at 90 %, cold, {called}: fetched", "leaves", came, [at_most(most, "leaves")], max),
        ]
    return rows


def whole(bench: Bench, node: Kubo, film: Fixture, cid: str) -> list[Row]:
    """All of it from nothing, beside another Kubo that fetches the same from the same; then again, beside nginx."""
    rows = []
    bounds = [either(at_least(200, "MB/s"), at_least_times(1.0, KUBO))]
    for way, name in WAYS.items():
        speed, work, again = fresh(AGENT, KUBO), fresh(AGENT), fresh(AGENT, NGINX)
        for _ in range(ROUNDS):
            with bench.attempt(AGENT), ExitStack() as stack:
                server = stack.enter_context(bench.fresh(AGENT))
                address = url(server, cid, node.address(way))
                speed[AGENT].append(clients.fetch(address, expected=film.length).speed)
                work[AGENT].append(server.processor_time())
                if way == "tcp":
                    disk.compare(address, film, 0, film.length)
                    again[AGENT].append(clients.fetch(address, expected=film.length).speed)
                    if bench.options.nginx:
                        other = stack.enter_context(bench.fresh(NGINX)).open(film, [])
                        again[NGINX].append(clients.fetch(other, expected=film.length).speed)
            with bench.attempt(KUBO), bench.temporary(lambda folder: folder) as folder:
                with kubo(folder / "rival") as rival:
                    rival.ask(do="connect", address=node.address(way))
                    speed[KUBO].append(film.length / rival.fetch(cid, folder / "copy") / MB)
        rows += [
            Row(f"IPFS, 100 MB, cold, {name}", "MB/s", speed, bounds if way == "tcp" else []),
            Row(f"IPFS, 100 MB, cold, {name}: processor time", "s", work),
        ]
        if way == "tcp":
            rows.append(Row("IPFS, 100 MB, warm", "MB/s", again, [at_least_times(0.5, NGINX)]))
    return rows


def nobody(bench: Bench) -> list[Row]:
    """How long it takes until it is said that nobody has something."""
    took = fresh(AGENT)
    config = Agent.CONFIG + f'[timeouts]\nmetadata = "{METADATA:g}s"\n'
    with bench.attempt(AGENT), bench.fresh(AGENT, config) as server:
        began = time.perf_counter()
        try:
            urlopen(f"{server.content}/ipfs/v0/stream/{NOBODY}", timeout=clients.PATIENCE).close()
        except HTTPError as error:
            if error.code != 504:
                raise RuntimeError(f"{error.code} for what nobody has") from error
        else:
            raise RuntimeError("somebody has what nobody has")
        took[AGENT].append(time.perf_counter() - began)
    return [Row(f"IPFS, nobody has it, {METADATA:g} s allowed: 504", "s", took, [at_most(METADATA + 0.5, "s")])]


def limit(bench: Bench) -> list[Row]:
    """1 GB read twice within 300 MB, every byte compared."""
    film = fixtures.full(bench.source, "limit.mp4", LENGTH)
    right, over, first, second = (fresh(AGENT) for _ in range(4))
    with kubo(bench.new_folder()) as node, bench.attempt(AGENT), bench.fresh(AGENT, limited(LIMIT)) as server:
        address = url(server, node.add(film.path), node.address("tcp"))
        right[AGENT].append(0)
        with disk.meter(server.data) as meter:
            for turn in (first, second):
                began = time.perf_counter()
                disk.compare(address, film, 0, film.length)
                turn[AGENT].append(film.length / (time.perf_counter() - began) / MB)
        right[AGENT][-1] = 1
        over[AGENT].append((meter.most - LIMIT) / LEAF)
    return [
        Row("IPFS, 300 MB for 1 GB: every byte right", "", right, [at_least(1, "")], min),
        Row("IPFS, 300 MB for 1 GB: most over the limit", "blocks", over, [at_most(8, "blocks")], max),
        Row("IPFS, 300 MB for 1 GB: first reading", "MB/s", first),
        Row("IPFS, 300 MB for 1 GB: second reading", "MB/s", second),
    ]


def fresh(*names: str) -> dict[str, list[float]]:
    """No samples yet."""
    return {name: [] for name in names}
