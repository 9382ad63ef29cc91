"""Packs the files of a folder into archives of every kind that the tests ask for, in another folder.

Everything is made by Python's own writers, or by 7-Zip where Python has none; the hostile ones are
then bent by hand.
"""

import pathlib
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

files, made = (pathlib.Path(argument) for argument in sys.argv[1:3])
names = sorted(path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file())


def pack(name, method, inner=()):
    with zipfile.ZipFile(made / name, "w", method) as archive:
        for entry in names:
            archive.write(files / entry, entry)
        for entry in inner:
            archive.write(made / entry, f"inner/{entry}")


pack("stored.zip", zipfile.ZIP_STORED)
pack("deflated.zip", zipfile.ZIP_DEFLATED)
pack("outer.zip", zipfile.ZIP_STORED, ["stored.zip", "deflated.zip"])
pack("packed.zip", zipfile.ZIP_DEFLATED, ["stored.zip"])

for name, mode in [("plain.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.xz", "w:xz"), ("a.tbz2", "w:bz2")]:
    with tarfile.open(made / name, mode) as archive:
        for entry in names:
            archive.add(files / entry, entry)

deepest = made / "stored.zip"
for depth in range(1, 4):
    with zipfile.ZipFile(made / f"deep{depth}.zip", "w") as archive:
        archive.write(deepest, "in.zip")
    deepest = made / f"deep{depth}.zip"

with zipfile.ZipFile(made / "hostile.zip", "w") as archive:
    for entry in ["../up.txt", "a/../../b.txt", "/abs.txt", "nul_.txt", "twice.txt", "ok.txt"]:
        archive.writestr(entry, f"bytes of {entry}")
    archive.writestr("twice.txt", "the last")
    link = zipfile.ZipInfo("link.txt")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    archive.writestr(link, "/etc/passwd")
hostile = (made / "hostile.zip").read_bytes().replace(b"nul_.txt", b"nul\0.txt")
(made / "hostile.zip").write_bytes(hostile)

whole = (made / "stored.zip").read_bytes()
(made / "cut.zip").write_bytes(whole[: len(whole) // 2])

for method in ["copy", "lzma2"]:
    seven = ["7z", "a", "-bso0", f"-m0={method}", (made / f"{method}.7z").absolute(), "."]
    subprocess.run(seven, check=True, cwd=files)

# Archives in an archive that is packed as a whole, and packed so themselves.
rare = ["7z", "a", "-bso0", "-tzip", "-mm=BZip2", (made / "rare.zip").absolute(), "."]
subprocess.run(rare, check=True, cwd=files)
solid = ["7z", "a", "-bso0", "-m0=lzma2", "solid.7z", "rare.zip", "a.tar.xz"]
subprocess.run(solid, check=True, cwd=made)

subprocess.run(
    ["7z", "a", "-bso0", "-psecret", "-mem=ZipCrypto", made / "encrypted.zip", files / names[0]],
    check=True,
)


def rar4(kind, flags, fields, data=b""):
    """One block of a RAR 2.9 to 4.x archive."""
    rest = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest + data


def rar4_volumes(name, entry, whole, piece):
    """A stored entry across volumes called name.rar, name.r00 and so on."""
    parts = [whole[at : at + piece] for at in range(0, len(whole), piece)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        split = (0x01 if number else 0) | (0 if last else 0x02)
        crc = zlib.crc32(whole if last else part)
        fields = struct.pack("<IIBIIBBHI", len(part), len(whole), 2, crc, 0, 20, 0x30, len(entry), 0x20)
        first = 0x0100 if number == 0 else 0
        volume = b"Rar!\x1a\x07\0" + rar4(0x73, 0x01 | first, bytes(6))
        volume += rar4(0x74, 0x8000 | split, fields + entry.encode(), part)
        volume += rar4(0x7B, 0x4000 | (0 if last else 0x01), b"")
        (made / f"{name}.{'rar' if number == 0 else f'r{number - 1:02}'}").write_bytes(volume)


rar4_volumes("movie", "movie.mkv", (files / "film/e2.mkv").read_bytes(), 300_000)
