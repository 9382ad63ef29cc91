"""The disk's limit: that it holds, what it costs, and that no kill leaves a wrong byte."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import clients
import disk
import fixtures
from figures.bench import Bench
from report import Row, at_least, at_most
from seeder import swarm
from servers import Agent

MIB = 1 << 20
LIMIT = 300_000_000
LENGTH = 954  # mebibytes: 1 GB
PIECE = MIB
READERS = 4
TURNS = 30
SETTLED = 6  # seconds, after which what has arrived is in the index


def limited(limit: int) -> str:
    """A configuration with this limit, whole megabytes, and no regard for what is free besides."""
    return Agent.CONFIG + f'[disk]\nlimit = "{limit // 10**6}MB"\nkeep_free = "0"\n'


def limit(bench: Bench) -> list[Row]:
    """1 GB read twice, 20 seeks back and four readers within 300 MB, every byte compared; and without a limit."""
    film = fixtures.full(bench.source, "limit.mp4", LENGTH, PIECE)
    names = ("first", "second", "seek", "readers", "over", "sent", "right")
    kept: dict[str, dict[str, list[float]]] = {name: {agent: [] for agent in bench.agents} for name in names}
    free: dict[str, dict[str, list[float]]] = {name: {agent: [] for agent in bench.agents} for name in names}

    def use(name: str, server: Agent, into: dict[str, dict[str, list[float]]], most: int) -> None:
        before = seeders.uploaded(film)
        url = server.open(film, seeders.peers)
        into["right"][name].append(0)
        with disk.meter(server.data) as meter:
            for turn in ("first", "second"):
                began = time.perf_counter()
                disk.compare(url, film, 0, film.length)
                into[turn][name].append(film.length / (time.perf_counter() - began) / 1e6)
            for start in sorted(clients.places(film.length, 20, 4 * MIB), reverse=True):
                began = time.perf_counter()
                disk.compare(url, film, start, MIB)
                into["seek"][name].append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            part = film.length // READERS
            with ThreadPoolExecutor(READERS) as pool:
                list(pool.map(lambda reader: disk.compare(url, film, reader * part, part), range(READERS)))
            into["readers"][name].append(film.length / (time.perf_counter() - began) / 1e6)
        into["right"][name][-1] = 1
        into["over"][name].append((meter.most - most) / PIECE)
        into["sent"][name].append((seeders.uploaded(film) - before) / film.length)

    with swarm([film]) as seeders:
        for _ in range(2):
            for config, into, most in ((limited(LIMIT), kept, LIMIT), (limited(10**13), free, film.length)):
                bench.turns(1, bench.agents, lambda name, server: use(name, server, into, most), config)
    ratio = {
        name: [ours / other for ours, other in zip(kept["first"][name], free["first"][name])] for name in bench.agents
    }
    return [
        Row("300 MB for 1 GB: every byte right", "", kept["right"], [at_least(1, "")], min),
        Row("300 MB for 1 GB: most over the limit", "pieces", kept["over"], [at_most(READERS, "pieces")], max),
        Row("300 MB for 1 GB: first reading", "MB/s", kept["first"]),
        Row("no limit: first reading", "MB/s", free["first"]),
        Row("first reading: limited / not limited", "×", ratio),
        Row("300 MB for 1 GB: second reading", "MB/s", kept["second"]),
        Row("no limit: second reading", "MB/s", free["second"]),
        Row("300 MB for 1 GB: 1 MiB somewhere else", "ms", kept["seek"]),
        Row("no limit: 1 MiB somewhere else", "ms", free["seek"]),
        Row("300 MB for 1 GB: four readers together", "MB/s", kept["readers"]),
        Row("no limit: four readers together", "MB/s", free["readers"]),
        Row("300 MB for 1 GB: fetched", "× its length", kept["sent"]),
        Row("no limit: fetched", "× its length", free["sent"]),
    ]


def keep_free(bench: Bench) -> list[Row]:
    """What `limit` reads, on a disk of its own of which a part has to stay free, beside a torrent that is pinned."""
    film = fixtures.full(bench.source, "limit.mp4", LENGTH, PIECE)
    pinned = fixtures.full(bench.source, "pinned.mp4", 64, PIECE)
    free = 200 * MIB
    names = ("right", "below", "touched", "first", "second")
    seen: dict[str, dict[str, list[float]]] = {name: {agent: [] for agent in bench.agents} for name in names}

    def use(name: str) -> None:
        folder = bench.new_folder()
        with ExitStack() as stack:
            room = stack.enter_context(disk.small_disk(folder, 600 * MIB))
            seeders = stack.enter_context(swarm([film]))
            config = Agent.CONFIG + f'[disk]\nlimit = "1TB"\nkeep_free = "{free}"\n'
            server = bench.start(name, folder, config)
            stack.callback(lambda: server.kill())
            with swarm([pinned]) as others:
                server.manage("PUT", f"/items/bittorrent/{pinned.info_hash}/pin")
                disk.compare(server.open(pinned, others.peers), pinned, 0, pinned.length)
            url = server.open(film, seeders.peers)
            with disk.least_free(room) as meter:
                for turn in ("first", "second"):
                    began = time.perf_counter()
                    disk.compare(url, film, 0, film.length)
                    seen[turn][name].append(film.length / (time.perf_counter() - began) / 1e6)
                for start in sorted(clients.places(film.length, 20, 4 * MIB), reverse=True):
                    disk.compare(url, film, start, MIB)
                part = film.length // READERS
                with ThreadPoolExecutor(READERS) as pool:
                    list(pool.map(lambda reader: disk.compare(url, film, reader * part, part), range(READERS)))
            # of this one nobody is left to fetch from
            seen["touched"][name].append(is_wrong(server.open(pinned, []), pinned, 0, pinned.length))
            seen["right"][name].append(1)
            seen["below"][name].append((free - meter.least) / PIECE)

    for name in bench.agents:
        with bench.attempt(name):
            use(name)
    return [
        Row("1 GB, 400 MiB of disk, 64 pinned: every byte right", "", seen["right"], [at_least(1, "")], min),
        Row("1 GB, 400 MiB of disk: most below keep_free", "pieces", seen["below"], [at_most(READERS, "pieces")], max),
        Row("1 GB, 400 MiB of disk: pinned bytes lost", "", seen["touched"], [at_most(0, "")], max),
        Row("1 GB, 400 MiB of disk: first reading", "MB/s", seen["first"]),
        Row("1 GB, 400 MiB of disk: second reading", "MB/s", seen["second"]),
    ]


def kills(bench: Bench) -> list[Row]:
    """Kills at random moments while three read, then a start, and everything is compared."""
    film = fixtures.full(bench.source, "kills.mp4", 256, PIECE // 4)
    pinned = fixtures.full(bench.source, "pinned.mp4", 16, PIECE // 4)
    most = 100_000_000
    names = ("wrong", "lost pins", "lost bytes", "over", "start")
    seen: dict[str, dict[str, list[float]]] = {name: {agent: [] for agent in bench.agents} for name in names}

    def rounds(name: str) -> None:
        folder, chance = bench.new_folder(), random.Random(11)
        with swarm([film]) as seeders, ExitStack() as stack:
            server = bench.start(name, folder, limited(most))
            stack.callback(lambda: server.kill())
            with swarm([pinned]) as others:
                server.manage("PUT", f"/items/bittorrent/{pinned.info_hash}/pin")
                disk.compare(server.open(pinned, others.peers), pinned, 0, pinned.length)
            time.sleep(SETTLED)
            meter = stack.enter_context(disk.meter(server.data))
            for _ in range(bench.options.rounds):
                url = server.open(film, seeders.peers)
                wrong = load_and_kill(server, url, film, chance)
                server = bench.start(name, folder, limited(most))
                url = server.open(film, seeders.peers)
                for _ in range(4):
                    wrong += is_wrong(url, film, chance.randrange(film.length - 4 * MIB), 4 * MIB)
                # of this one nobody is left to fetch from
                lost = is_wrong(server.open(pinned, []), pinned, 0, pinned.length)
                item = server.manage("GET", f"/items/bittorrent/{pinned.info_hash}")
                seen["wrong"][name].append(wrong)
                seen["lost bytes"][name].append(lost)
                seen["lost pins"][name].append(0 if item["pinned"] else 1)
                seen["start"][name].append(server.started * 1e3)
                seen["over"][name].append((meter.most - most) / (PIECE // 4))

    for name in bench.agents:
        with bench.attempt(name):
            rounds(name)
    return [
        Row("kill -9: rounds", "", {name: [float(len(values))] for name, values in seen["wrong"].items()}),
        Row("kill -9: wrong or missing answers", "", seen["wrong"], [at_most(0, "")], sum),
        Row("kill -9: lost pins", "", seen["lost pins"], [at_most(0, "")], sum),
        Row("kill -9: what was pinned not readable", "", seen["lost bytes"], [at_most(0, "")], sum),
        Row("kill -9: most over the limit", "pieces", seen["over"], [at_most(READERS, "pieces")], max),
        Row("kill -9: next start to `listening`", "ms", seen["start"]),
    ]


def load_and_kill(server: Agent, url: str, film: fixtures.Fixture, chance: random.Random) -> int:
    """Three read at places by chance until the program is killed, after up to two seconds; counts wrong answers."""
    wrong: list[int] = []

    def read(seed: int) -> None:
        place = random.Random(seed)
        lives = True
        while lives:
            try:
                lives = disk.compare_until_gone(url, film, place.randrange(film.length - 8 * MIB), 8 * MIB)
            except disk.WrongBytes:
                wrong.append(1)

    readers = [threading.Thread(target=read, args=[chance.random()]) for _ in range(3)]
    for reader in readers:
        reader.start()
    time.sleep(chance.uniform(0.05, 2))
    server.kill()
    for reader in readers:
        reader.join()
    return len(wrong)


def is_wrong(url: str, fixture: fixtures.Fixture, start: int, length: int) -> int:
    """1 where that part does not come, or is wrong."""
    try:
        disk.compare(url, fixture, start, length)
    except (OSError, RuntimeError):
        return 1
    return 0


def accounting(bench: Bench) -> list[Row]:
    """The whole file again, beside a build from before the limit and the accounts; both in turns."""
    if not bench.options.before:
        bench.notes.append("accounting: left out, as --before names no earlier build")
        return []
    names = ("speed", "speed before", "best", "processor", "processor before", "work")
    seen: dict[str, dict[str, list[float]]] = {name: {agent: [] for agent in bench.agents} for name in names}
    for name in bench.agents:
        with bench.attempt(name), swarm([bench.film]) as seeders, ExitStack() as stack:
            served = []
            for binary, suffix in ((bench.options.agent, ""), (bench.options.before, " before")):
                server = stack.enter_context(bench.running(Agent(binary, bench.new_folder(), name)))
                url = server.open(bench.film, seeders.peers)
                disk.compare(url, bench.film, 0, bench.film.length)
                served.append((server, url + "&from=1Site", suffix))
            clients.settle()
            time.sleep(SETTLED)
            for _ in range(TURNS):
                # whoever was last is first, so that what falls upon one place in the order falls upon both
                served.reverse()
                for server, url, suffix in served:
                    before = server.processor_time()
                    seen["speed" + suffix][name].append(clients.fetch(url, expected=bench.film.length).speed)
                    seen["processor" + suffix][name].append((server.processor_time() - before) * 1e3)
        if seen["speed"][name] and seen["speed before"][name]:
            seen["best"][name].append(max(seen["speed"][name]) / max(seen["speed before"][name]))
            seen["work"][name].append(sum(seen["processor"][name]) / sum(seen["processor before"][name]))
    return [
        Row("warm re-read, with accounting", "MB/s", seen["speed"]),
        Row("warm re-read, the earlier build", "MB/s", seen["speed before"]),
        Row("warm re-read, best: this build / the earlier", "×", seen["best"], [at_least(0.95, "")]),
        Row("warm re-read, with accounting: processor time", "ms", seen["processor"]),
        Row("warm re-read, the earlier build: processor time", "ms", seen["processor before"]),
        Row("processor time: this build / the earlier", "×", seen["work"]),
    ]
