"""Makes .torrent files by hand, so that names may be as hostile as a test wants them.

libtorrent would clean them. Only version 2 hashes are left to it: their tests need no odd names.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import libtorrent


@dataclass(frozen=True)
class Torrent:
    """A torrent as made."""

    id: str
    """The version 1 infohash, or the shortened version 2 one where there is no other."""
    v2: str | None
    metainfo: bytes
    sources: dict[int, Path]
    """Where the bytes of its files are, by their place in the torrent."""


def make(wanted: dict) -> Torrent:
    """Makes a torrent of `version` "v1", "v2" or "hybrid", called `name`, with `piece_length`.

    `files` lists `path` (names below the torrent's folder; empty: the torrent is this single file),
    `source` (the file that is hashed) and `seeded` (the file that is seeded, the same where absent).
    `private` and `padded` (every file starts at a piece) are for version 1.
    """
    return by_hand(wanted) if wanted["version"] == "v1" else by_libtorrent(wanted)


def by_hand(wanted: dict) -> Torrent:
    """Makes a version 1 torrent."""
    piece_length = wanted["piece_length"]
    info = {b"name": wanted["name"].encode(), b"piece length": piece_length}
    if wanted["private"]:
        info[b"private"] = 1
    entries, sources, pieces = [], {}, Pieces(piece_length)
    for file in wanted["files"]:
        gap = -pieces.length % piece_length
        if wanted["padded"] and gap:
            entries.append({b"attr": b"p", b"length": gap, b"path": [b".pad", str(gap).encode()]})
            pieces.add(bytes(gap))
        sources[len(entries)] = Path(file.get("seeded") or file["source"])
        length = pieces.add_file(Path(file["source"]))
        entries.append({b"length": length, b"path": [name.encode() for name in file["path"]]})
    info[b"pieces"] = pieces.finish()
    if wanted["files"][0]["path"]:
        info[b"files"] = entries
    else:
        info[b"length"] = entries[0][b"length"]
    encoded = bencode(info)
    return Torrent(hashlib.sha1(encoded).hexdigest(), None, bencode({b"info": info}), sources)


def by_libtorrent(wanted: dict) -> Torrent:
    """Makes a version 2 or hybrid torrent of a single file."""
    [file] = wanted["files"]
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / wanted["name"]
        named.symlink_to(file["source"])
        flags = libtorrent.create_torrent.v2_only if wanted["version"] == "v2" else 0
        listed = libtorrent.list_files(str(named))
        maker = libtorrent.create_torrent(listed, wanted["piece_length"], flags)
        libtorrent.set_piece_hashes(maker, folder)
        metainfo = libtorrent.bencode(maker.generate())
    hashes = libtorrent.load_torrent_buffer(metainfo).ti.info_hashes()
    id = str(hashes.v1) if hashes.has_v1() else str(hashes.v2)[:40]
    return Torrent(id, str(hashes.v2), metainfo, {0: Path(file["source"])})


class Pieces:
    """Hashes bytes piece by piece as they come."""

    def __init__(self, piece_length: int):
        self.piece_length = piece_length
        self.length = 0
        self.hashes: list[bytes] = []
        self.current = hashlib.sha1()

    def add(self, data: bytes) -> None:
        """Takes the next bytes."""
        rest = memoryview(data)
        while rest:
            room = self.piece_length - self.length % self.piece_length
            self.current.update(rest[:room])
            self.length += len(rest[:room])
            rest = rest[room:]
            if self.length % self.piece_length == 0:
                self.hashes.append(self.current.digest())
                self.current = hashlib.sha1()

    def add_file(self, path: Path) -> int:
        """Takes all bytes of a file and says how many they were."""
        before = self.length
        with path.open("rb") as file:
            while data := file.read(1 << 20):
                self.add(data)
        return self.length - before

    def finish(self) -> bytes:
        """All hashes, the last and shorter piece included."""
        last = [self.current.digest()] if self.length % self.piece_length else []
        return b"".join(self.hashes + last)


def bencode(value: int | bytes | list | dict) -> bytes:
    """Writes a value as BitTorrent wants it: the keys of dictionaries sorted."""
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case list():
            return b"l" + b"".join(map(bencode, value)) + b"e"
        case dict():
            return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    raise TypeError(f"{type(value)} cannot be bencoded")
