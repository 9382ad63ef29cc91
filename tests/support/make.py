"""Makes one torrent and prints its id: the description as JSON, then where the .torrent file goes."""

import json
import sys
from pathlib import Path

import torrents


def main() -> None:
    """Makes what the command line describes."""
    made = torrents.make(json.loads(sys.argv[1]))
    Path(sys.argv[2]).write_bytes(made.metainfo)
    print(made.id)


if __name__ == "__main__":
    main()
