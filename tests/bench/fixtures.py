"""The files that are read and the torrents that describe them."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Fixture:
    """One file, or one folder of files, with its v1 torrent."""

    path: Path
    torrent: Path
    info_hash: str
    length: int

    def sha256(self) -> str:
        """The digest of the whole file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def full(folder: Path, name: str, mebibytes: int, piece: int = MIB) -> Fixture:
    """Makes a file of random bytes: one that neither a sparse file nor a compressing disk can make faster."""
    path = folder / name
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MIB))
    return describe(path, piece)


def sparse(folder: Path, name: str, mebibytes: int, piece: int = MIB) -> Fixture:
    """Makes a file that is holes but for the first bytes of each piece, so that no two pieces are alike."""
    path = folder / name
    with path.open("wb") as file:
        file.truncate(mebibytes * MIB)
        for start in range(0, mebibytes * MIB, piece):
            file.seek(start)
            file.write(os.urandom(64))
    return describe(path, piece)


def describe(path: Path, piece: int) -> Fixture:
    """Hashes the file and writes its torrent beside it."""
    return write(path, [path], {"length": path.stat().st_size}, piece)


def describe_folder(path: Path, piece: int) -> Fixture:
    """Hashes the files of a folder that has none below it, and writes their torrent beside it."""
    files = sorted(path.iterdir())
    return write(path, files, {"files": [{"length": file.stat().st_size, "path": [file.name]} for file in files]}, piece)


def write(path: Path, files: list[Path], what: dict, piece: int) -> Fixture:
    """Hashes files one after the other as one stream, and writes the torrent that has them."""
    hashes, rest, length = bytearray(), b"", 0
    for place in files:
        with place.open("rb") as file:
            while block := file.read(piece - len(rest)):
                length += len(block)
                rest += block
                if len(rest) == piece:
                    hashes += hashlib.sha1(rest).digest()
                    rest = b""
    if rest:
        hashes += hashlib.sha1(rest).digest()
    info = what | {"name": path.name, "piece length": piece, "pieces": bytes(hashes)}
    torrent = path.with_name(path.name + ".torrent")
    torrent.write_bytes(bencode({"info": info}))
    return Fixture(path, torrent, hashlib.sha1(bencode(info)).hexdigest(), length)


def bencode(value: dict | list | bytes | str | int) -> bytes:
    """Encodes what a torrent needs."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%b" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(bencode(each) for each in value) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
