"""The archives that are read, packed by Python's own writers, 7-Zip, xz and zstd; RAR volumes by those of the tests."""

import base64
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fixtures
from fixtures import MIB, Fixture
from surroundings import ROOT

sys.path.append(str(ROOT / "tests/archives"))
import volumes  # noqa: E402


@dataclass(frozen=True)
class Tool:
    """What packs one kind of archive: `command` gets the name of the archive and of what to pack."""

    name: str
    command: list[str]


def text(length: int, fresh: int = 3) -> Iterator[bytes]:
    """Bytes of which `fresh` quarters of each block were not said before; symbols of six bits, so that those pack too."""
    for _ in range(length // (64 << 10)):
        block = base64.b64encode(os.urandom(fresh * 12 << 10))
        yield (block * 4)[: 64 << 10]


def pack(archive: zipfile.ZipFile, name: str, blocks: Iterator[bytes], method: int) -> None:
    """Adds one entry to a zip, block by block."""
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    with archive.open(info, "w") as entry:
        for block in blocks:
            entry.write(block)


def mixed_zip(folder: Path) -> Fixture:
    """A zip of 1 GB with 64 entries: 32 stored, 31 small ones deflated, and `big.txt` of 288 MiB deflated."""
    path = folder / "mixed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(32):
            if number == 16:
                pack(archive, "big.txt", text(288 * MIB), zipfile.ZIP_DEFLATED)
            else:
                pack(archive, f"small/{number}.txt", text(4 * MIB), zipfile.ZIP_DEFLATED)
            pack(archive, f"stored/{number}.bin", (os.urandom(MIB) for _ in range(24)), zipfile.ZIP_STORED)
    return fixtures.describe(path, MIB)


def film_in_volumes(folder: Path, generation: type, count: int, size: int) -> Fixture:
    """A torrent of one film, stored across so many volumes of so many bytes."""
    inside = folder / generation.__name__
    inside.mkdir()
    film = folder / "film.mkv"
    with film.open("wb") as file:
        # what the headers take leaves the last volume a little shorter
        for _ in range(count):
            file.write(os.urandom(size - 200))
    volumes.write(generation, film, inside, "film", size)
    film.unlink()
    return fixtures.describe_folder(inside, MIB)


def pictures(folder: Path, count: int) -> Path:
    """JPEG pictures, a quarter of them each of some 230, 100, 50 and 30 kB."""
    inside = folder / "pictures"
    inside.mkdir()
    for quality in (2, 4, 8, 16):
        source = "mandelbrot=size=640x480:maxiter=500"
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-vf", "noise=alls=8:allf=t"]
        command += ["-frames:v", str(count // 4), "-q:v", str(quality), str(inside / f"{quality}-%d.jpg")]
        subprocess.run(command, check=True)
    return inside


def zip_of(folder: Path, name: str, inside: Path, method: int) -> Fixture:
    """All files of a folder in one zip."""
    path = folder / name
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(inside.iterdir()):
            archive.write(file, file.name)
    return fixtures.describe(path, MIB)


SEVEN = ["7z", "a", "-bso0", "-mx=1"]
TAR = ["--sort=name", "--format=ustar", "-cf"]
PACKERS = [
    Tool("lzma2.7z", [*SEVEN, "-m0=lzma2:d=64m"]),
    Tool("deflate64.zip", [*SEVEN, "-tzip", "-mm=Deflate64"]),
    Tool("bzip2.zip", [*SEVEN, "-tzip", "-mm=BZip2"]),
    Tool("lzma.zip", [*SEVEN, "-tzip", "-mm=LZMA:d=64m"]),
    Tool("gzip.tar.gz", ["tar", "-I", "gzip -1", *TAR]),
    Tool("bzip2.tar.bz2", ["tar", "-I", "bzip2 -1", *TAR]),
    Tool("xz.tar.xz", ["tar", "-I", "xz --lzma2=preset=0,dict=64MiB", *TAR]),
    Tool("zstd.tar.zst", ["tar", "-I", "zstd -q -1 --long=26", *TAR]),
]


def of_every_kind(folder: Path, mebibytes: int) -> tuple[Fixture, list[str]]:
    """A torrent of eight archives, each packed in another way; returns the address of one entry in each, too."""
    inside = folder / "kinds"
    inside.mkdir()
    (folder / "text.txt").write_bytes(b"".join(text(mebibytes * MIB, 1)))
    for tool in PACKERS:
        subprocess.run([*tool.command, inside / tool.name, "text.txt"], cwd=folder, check=True)
    (folder / "text.txt").unlink()
    return fixtures.describe_folder(inside, MIB), [f"{tool.name}/text.txt" for tool in PACKERS]


def local(folder: Path) -> Fixture:
    """A torrent of four archives with the same 33 files, of which `a/big.txt` has 128 MiB."""
    inside, source = folder / "local", folder / "unpacked"
    inside.mkdir()
    (source / "a").mkdir(parents=True)
    for number in range(32):
        (source / f"a/{number}.txt").write_bytes(b"".join(text(MIB)))
    big = source / "a/big.txt"
    big.write_bytes(b"".join(text(128 * MIB)))
    with zipfile.ZipFile(inside / "deflate.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(source.rglob("*.txt")):
            archive.write(file, file.relative_to(source))
    with tarfile.open(inside / "gzip.tar.gz", "w:gz") as archive:
        archive.add(source / "a", "a")
    # libarchive, by which ratarmount reads it, gives up on a solid one of this size
    subprocess.run([*SEVEN, "-ms=off", "-m0=lzma2:d=16m", inside / "lzma2.7z", "a"], cwd=source, check=True)
    volumes.write(volumes.Four, big, inside, "stored", 15_000_000)
    shutil.rmtree(source)
    return fixtures.describe_folder(inside, MIB)
