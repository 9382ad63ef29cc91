"""One torrent in a libtorrent session of its own, as the JSON on the command line says.

`metainfo` and `folder` are the torrent and its data, `listen` is where peers are taken, `peers` are
connected to again and again, `settings` are the session's, and with `idle` nothing is downloaded.
Prints a line when what is on disk has been checked. The process ends with its input.
"""

import json
import sys
import threading
import time

import libtorrent

import seeder


def add(session: libtorrent.session, options: dict) -> libtorrent.torrent_handle:
    """Adds the torrent and waits until its files are checked."""
    parameters = libtorrent.load_torrent_file(options["metainfo"])
    parameters.save_path = options["folder"]
    parameters.flags &= ~libtorrent.torrent_flags.auto_managed & ~libtorrent.torrent_flags.paused
    if options["idle"]:
        parameters.file_priorities = [0] * parameters.ti.num_files()
    handle = session.add_torrent(parameters)
    checking = {libtorrent.torrent_status.checking_files, libtorrent.torrent_status.checking_resume_data}
    while handle.status().state in checking:
        time.sleep(0.05)
    return handle


def main() -> None:
    """Adds the torrent, then keeps its peers until the input ends."""
    options = json.loads(sys.argv[1])
    settings = seeder.LOCKED_DOWN | {"listen_interfaces": options["listen"], "max_peer_recv_buffer_size": 8 << 20}
    session = libtorrent.session(settings | options["settings"])
    handle = add(session, options)
    print("ready", flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.wait(0.5):
        for peer in options["peers"]:
            host, port = peer.rsplit(":", 1)
            handle.connect_peer((host.strip("[]"), int(port)))


if __name__ == "__main__":
    main()
