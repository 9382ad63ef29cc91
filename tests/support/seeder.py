"""A libtorrent session in a process of its own: makes torrents, seeds them, says what it sent.

Every line on standard input is a command, every line on standard output its answer, both JSON
objects. A command names itself in `do`; its other members are the parameters of the method of that
name in `Seeder`. A command that fails is answered with `{"error": …}`. The process ends with its input.
"""

import json
import sys
import time
from pathlib import Path

import libtorrent

import torrents

LOCKED_DOWN = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "allow_multiple_connections_per_ip": True,
    "unchoke_slots_limit": -1,
    "alert_mask": libtorrent.alert.category_t.peer_notification,
    "alert_queue_size": 100_000,
}


class Seeder:
    """One session on loopback and what it seeds."""

    def __init__(self, options: dict):
        settings = LOCKED_DOWN | {"listen_interfaces": "127.0.0.1:0"}
        # without this a session that seeds damaged data would find out before it sends it
        settings["disable_hash_checks"] = options.get("corrupt", False)
        self.session = libtorrent.session(settings)
        self.handles: dict[str, libtorrent.torrent_handle] = {}
        self.connections = 0
        # the session's own limits spare loopback peers; a class of peers that holds every address does not
        self.everybody = self.session.create_peer_class("everybody")
        addresses = libtorrent.ip_filter()
        addresses.add_rule("0.0.0.0", "255.255.255.255", 1 << self.everybody)
        self.session.set_peer_class_filter(addresses)

    def seed(self, folder: str, torrent: dict) -> dict:
        """Makes the torrent that is described and seeds it from the files it names."""
        made = torrents.make(torrent)
        path = Path(folder) / f"{made.id}.torrent"
        path.write_bytes(made.metainfo)
        parameters = libtorrent.load_torrent_buffer(made.metainfo)
        metadata = parameters.ti
        parameters.save_path = folder
        parameters.renamed_files = {index: str(file) for index, file in made.sources.items()}
        parameters.flags &= ~libtorrent.torrent_flags.auto_managed & ~libtorrent.torrent_flags.paused
        if metadata.priv():
            # of private torrents a session passes on only metadata that it did not have at first
            parameters.ti = None
            parameters.info_hashes = metadata.info_hashes()
        else:
            # the files were hashed when the torrent was made
            parameters.flags |= libtorrent.torrent_flags.seed_mode
        handle = self.handles[made.id] = self.session.add_torrent(parameters)
        if metadata.priv():
            handle.set_metadata(metadata.info_section())
        while not handle.status().is_seeding:
            time.sleep(0.05)
        return {"id": made.id, "v2": made.v2, "metainfo": str(path)}

    def leech(self, metainfo: str, into: str, peer: str, within: float) -> dict:
        """Downloads a torrent from one peer; says whether all of it came in time."""
        parameters = libtorrent.load_torrent_file(metainfo)
        parameters.save_path = into
        parameters.flags &= ~libtorrent.torrent_flags.auto_managed & ~libtorrent.torrent_flags.paused
        handle = self.session.add_torrent(parameters)
        host, port = peer.rsplit(":", 1)
        deadline = time.monotonic() + within
        while not handle.status().is_seeding and time.monotonic() < deadline:
            handle.connect_peer((host, int(port)))
            time.sleep(0.2)
        return {"complete": handle.status().is_seeding}

    def stats(self, id: str) -> dict:
        """What was sent of one torrent, protocol overhead left out, and who is and was connected."""
        status = self.handles[id].status()
        alerts = self.session.pop_alerts()
        self.connections += sum(isinstance(alert, libtorrent.incoming_connection_alert) for alert in alerts)
        return {
            "uploaded": status.total_payload_upload,
            "peers": status.num_peers,
            "connections": self.connections,
        }

    def limit(self, bytes_per_second: int) -> dict:
        """Limits what all peers together get; 0 lifts the limit."""
        limited = self.session.get_peer_class(self.everybody) | {"upload_limit": bytes_per_second}
        self.session.set_peer_class(self.everybody, limited)
        # deep buffers would let the first bytes through unlimited
        deep = 0 if bytes_per_second else 8
        self.session.apply_settings({"send_buffer_watermark": (64 << 10) + (deep << 20)})
        return {}

    def pause(self) -> dict:
        """Drops every peer and takes no new one."""
        self.session.pause()
        return {}

    def resume(self) -> dict:
        """Takes peers again."""
        self.session.resume()
        return {}


def main() -> None:
    """Says where it listens, then answers commands until its input ends."""
    seeder = Seeder(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    print(json.dumps({"port": seeder.session.listen_port()}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(seeder, command.pop("do"))(**command)
        except Exception as error:  # the other end prints it and fails its test
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
