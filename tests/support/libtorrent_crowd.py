"""Many libtorrent sessions that fetch one torrent from one peer, as the JSON on the command line says.

`metainfo` is the torrent, `into` an empty folder, `peer` whom all of them ask, `crowd` how many they
are, `within` how many seconds they have. They take no peers, so that nobody helps anybody. Prints
how many of them got all of it.
"""

import json
import sys
import time
from pathlib import Path

import libtorrent

import seeder


def main() -> None:
    """Lets all of them fetch, and counts."""
    options = json.loads(sys.argv[1])
    host, port = options["peer"].rsplit(":", 1)
    # sessions end with their last reference
    sessions, handles = [], []
    for number in range(options["crowd"]):
        session = libtorrent.session(seeder.LOCKED_DOWN | {"listen_interfaces": ""})
        parameters = libtorrent.load_torrent_file(options["metainfo"])
        parameters.save_path = str(Path(options["into"]) / str(number))
        parameters.flags &= ~libtorrent.torrent_flags.auto_managed & ~libtorrent.torrent_flags.paused
        sessions.append(session)
        handles.append(session.add_torrent(parameters))
    deadline = time.monotonic() + options["within"]
    while True:
        missing = [handle for handle in handles if not handle.status().is_seeding]
        if not missing or time.monotonic() > deadline:
            break
        for handle in missing:
            handle.connect_peer((host, int(port)))
        time.sleep(0.2)
    print(len(handles) - len(missing))


if __name__ == "__main__":
    main()
