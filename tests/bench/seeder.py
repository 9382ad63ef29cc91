"""libtorrent seeders in a process of their own, asked over a pipe how much they have sent.

The same file is both ends: imported, it starts the process; run, it is the process.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fixtures import Fixture


@dataclass(frozen=True)
class Swarm:
    """Running seeders: where they listen, and the pipe to them."""

    peers: list[str]
    process: subprocess.Popen[str]

    def uploaded(self, fixture: Fixture) -> int:
        """The bytes of the file that all seeders together have sent so far, protocol overhead left out."""
        print(fixture.info_hash, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@contextmanager
def swarm(
    fixtures: list[Fixture], addresses: tuple[str, ...] = ("127.0.0.1",), limit: int = 0, deep: bool = True
) -> Iterator[Swarm]:
    """One seeder at each address, every one sending at most `limit` bytes a second (0: as fast as it can).

    `deep` buffers make sure that the seeder is not what is measured; without, it has those that seeders have.
    """
    task = {
        "addresses": addresses,
        "limit": limit,
        "deep": deep,
        "torrents": [[str(fixture.torrent), str(fixture.path.parent)] for fixture in fixtures],
    }
    command = [sys.executable, __file__, json.dumps(task)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError("the seeder did not start")
            yield Swarm(json.loads(answer), process)
        finally:
            process.stdin.close()  # its loop ends with the pipe


def seed(task: dict) -> None:
    """The other end: seeds, says where, answers questions until the pipe is closed."""
    import libtorrent

    sessions = [start_session(address, task["limit"], task["deep"]) for address in task["addresses"]]
    handles: dict[str, list[libtorrent.torrent_handle]] = {}
    for session in sessions:
        for torrent, folder in task["torrents"]:
            parameters = libtorrent.load_torrent_file(torrent)
            parameters.save_path = folder
            # the file was hashed when its torrent was made
            parameters.flags |= libtorrent.torrent_flags.seed_mode
            parameters.flags &= ~libtorrent.torrent_flags.auto_managed & ~libtorrent.torrent_flags.paused
            handle = session.add_torrent(parameters)
            handles.setdefault(str(handle.info_hashes().v1), []).append(handle)
    ports = [session.listen_port() for session in sessions]
    print(json.dumps([f"{address}:{port}" for address, port in zip(task["addresses"], ports)]), flush=True)
    for line in sys.stdin:
        print(sum(handle.status().total_payload_upload for handle in handles[line.strip()]), flush=True)


def start_session(address: str, limit: int, deep: bool):
    """A libtorrent session that talks to nobody who does not call it."""
    import libtorrent

    session = libtorrent.session({
        "listen_interfaces": f"{address}:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "unchoke_slots_limit": -1,
        "alert_mask": 0,
    })
    if deep:
        session.apply_settings({
            "send_buffer_low_watermark": 1 << 20,
            "send_buffer_watermark": 8 << 20,
            "send_buffer_watermark_factor": 150,
            "max_allowed_in_request_queue": 4000,
        })
    if limit:
        # the session's own limits spare loopback peers; a class of peers that holds every address does not
        limited = session.create_peer_class("limited")
        session.set_peer_class(limited, session.get_peer_class(limited) | {"upload_limit": limit})
        everybody = libtorrent.ip_filter()
        everybody.add_rule("0.0.0.0", "255.255.255.255", 1 << limited)
        session.set_peer_class_filter(everybody)
        session.apply_settings({
            # deep buffers would let the first bytes through unlimited
            "send_buffer_watermark": 64 << 10,
            "send_buffer_low_watermark": 16 << 10,
            # each tick gives its share of the rate: with few of them it comes in gusts
            "tick_interval": 10,
        })
    return session


if __name__ == "__main__":
    seed(json.loads(sys.argv[1]))
