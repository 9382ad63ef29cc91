"""Makes archives that lie, in a folder: every field of them is chosen here, so that none is by accident.

What takes other programs to make (passwords, packing) is made by 7-Zip and Python's own writers. What
takes long to make is made where it is asked for: "large", "slow".
"""

import bz2
import io
import lzma
import pathlib
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

made, asked = pathlib.Path(sys.argv[1]), sys.argv[2:]
ZEROS = 300 << 20


def entry(name, data=b"inside", **fields):
    """An entry of a ZIP as its headers have it; what is not given is right."""
    right = dict(method=0, flags=0, system=3, mode=0, extra=b"", start=None)
    right |= dict(crc=zlib.crc32(data), packed=len(data), length=len(data))
    return dict(right, name=name.encode() if isinstance(name, str) else name, data=data) | fields


def zip_of(*entries, **end):
    body, directory = b"", b""
    for one in entries:
        start = len(body) if one["start"] is None else one["start"]
        fields = struct.pack(
            "<HHHHIIIHH", one["flags"], one["method"], 0, 0x21, one["crc"],
            one["packed"], one["length"], len(one["name"]), len(one["extra"]),
        )  # fmt: skip
        body += b"PK\3\4\x14\0" + fields + one["name"] + one["extra"] + one["data"]
        tail = struct.pack("<HHHII", 0, end.get("at_disk", 0), 0, one["mode"] << 16, start)
        directory += b"PK\1\2\x14" + bytes([one["system"]]) + b"\x14\0" + fields + tail
        directory += one["name"] + one["extra"]
    count = end.get("count", len(entries))
    offset, size = end.get("offset", len(body)), end.get("size", len(directory))
    disk = end.get("disk", 0)
    last = struct.pack("<HHHHIIH", disk, disk, count, count, size, offset, 0)
    return body + directory + b"PK\5\6" + last


def put(name, data):
    (made / name).write_bytes(data)


def deflated(name, data, **fields):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    right = dict(method=8, crc=zlib.crc32(data), length=len(data))
    return entry(name, packed, **(right | fields))


text = b"".join(b"line %d\n" % number for number in range(600_000))[: 5 << 20]

# Names.
put("names.zip", zip_of(
    entry("../up.txt"), entry("a/../../b.txt"), entry("/abs/x.txt"),
    entry("C:\\win\\x.txt", system=0), entry("back\\slash.txt", system=0),
    entry("unix\\name.txt"), entry("nul\0.txt"), entry(""),
    entry("twice.txt", b"the first"), entry("twice.txt", b"the last"),
    entry("link.txt", b"/etc/passwd", mode=0o120777), entry("device", b"", mode=0o020666),
    entry("fifo", b"", mode=0o010666), entry("n" * 5000), entry("d/" * 70 + "deep.txt"),
    entry("<b>&amp;.html", b"<script>alert(1)</script>"), entry("a.svg", b"<svg/>"),
    entry("new\nline.txt"), entry("good.txt"),
))  # fmt: skip
for encoding, name in [
    ("cp437", "Übergröße/ñandú.txt"), ("shift_jis", "日本語の新しいフォルダー/写真.txt"),
    ("cp866", "Новая папка/Фотография.txt"), ("koi8-r", "Новая папка/Фотография.txt"),
    ("gbk", "新建文件夹中文/照片集名称.txt"),
]:  # fmt: skip
    put(f"{encoding}.zip", zip_of(entry(name.encode(encoding), system=0)))

# Lies.
put("short-small.zip", zip_of(deflated("a.txt", text, length=10)))
put("short-large.zip", zip_of(deflated("a.txt", text, length=4 << 20)))
put("stored-short.zip", zip_of(entry("a.txt", text, length=10)))
put("long.zip", zip_of(deflated("a.txt", b"12345", length=4_000_000_000)))
put("crc-stored.zip", zip_of(entry("a.txt", text, crc=1)))
put("crc-deflated.zip", zip_of(deflated("a.txt", text, crc=1)))
put("overlap.zip", zip_of(*(entry(f"{n}", start=0) for n in range(200))))
put("count-more.zip", zip_of(entry("a.txt"), count=60_000))
put("count-less.zip", zip_of(entry("a.txt"), entry("b.txt"), count=1))
put("offset.zip", zip_of(entry("a.txt"), offset=0x7FFFFFFF))
put("cut.zip", zip_of(entry("a.txt", text))[:-200])
put("split.zip", zip_of(entry("a.txt"), disk=1, at_disk=1))
put("strong.zip", zip_of(entry("a.txt", flags=0x41, extra=struct.pack("<HHHHHH", 0x17, 8, 2, 0x660E, 128, 1))))
put("ppmd.zip", zip_of(entry("a.txt", method=98)))
wide = struct.pack("<HHQQ", 1, 16, 2**64 - 1, 6)
put("wide.zip", zip_of(entry("a.txt", method=8, extra=wide, length=2**32 - 1, packed=2**32 - 1)))
# Bombs.
put("deflated-bomb.zip", zip_of(deflated("a.txt", bytes(64 << 20))))
header = tarfile.TarInfo("a.txt")
header.size = ZEROS
if "large" in asked:
    packed = bz2.compress(bytes(ZEROS))
    put("bomb.zip", zip_of(entry("a.txt", packed, method=12, length=ZEROS, crc=0)))
    put("bomb.tar.bz2", bz2.compress(header.tobuf() + bytes(ZEROS + 1024)))
    million = 10**6
    ends = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, million, million, 46 * million, 0)
    ends += b"PK\6\7" + struct.pack("<IQI", 0, 46 * million, 1) + b"PK\5\6\0\0\0\0" + b"\xff" * 12 + b"\0\0"
    put("many.zip", (b"PK\1\2" + bytes(42)) * million + ends)
nested = zip_of(entry("a.txt"))
for _ in range(6):
    nested = zip_of(*(entry(f"{number}.zip", nested) for number in range(4)))
put("nested.zip", nested)

# A dictionary of 4 GiB, in the place where each format tells it.
compressed = bytearray(lzma.compress(header.tobuf(), lzma.FORMAT_XZ, lzma.CHECK_NONE))
size = (compressed[12] + 1) * 4
compressed[16] = 40
compressed[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(compressed[12 : 12 + size - 4]))
put("dictionary.tar.xz", bytes(compressed))
put("dictionary.zip", zip_of(entry("a.txt", b"\x09\x14\5\0\x5d" + b"\xff" * 4 + bytes(20), method=14)))
frame = b"\x28\xb5\x2f\xfd\0\xf0" + b"\1\0\0"
put("dictionary.tar.zst", frame)


# 7z.
def number(value):
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def streams(coder, packed, length):
    start = b"\6\0\1\x09" + number(packed) + b"\0\7\x0b\1\0\1" + coder
    return start + b"\x0c" + number(length) + b"\0"


def seven(header, data, claimed=None):
    fields = struct.pack("<QQI", len(data), len(header) if claimed is None else claimed, zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(fields)) + fields + data + header


def file_named(name, count=1):
    name = (name + "\0").encode("utf-16-le")
    return b"\5" + number(count) + b"\x11" + number(len(name) + 1) + b"\0" + name + b"\0\0"


lzma2 = b"\x21\x21\1"
lzma1 = b"\x23\3\1\1\5\x5d"
put("dictionary.7z", seven(b"\1\4" + streams(lzma2 + b"\x28", 9, 9) + b"\x08\0\0" + file_named("a.txt"), bytes(9)))
put("bomb.7z", seven(b"\1\4" + streams(lzma2 + b"\x18", 9, ZEROS) + b"\x08\0\0" + file_named("a.txt"), bytes(9)))
put("copy-lies.7z", seven(b"\1\4" + streams(b"\1\0", 9, ZEROS) + b"\x08\0\0" + file_named("a.txt"), bytes(9)))
put("header-claims.7z", seven(b"\1\0", bytes(9), claimed=2**62))
put("header-bomb.7z", seven(b"\x17" + streams(lzma1 + b"\0\0\0\1", 9, 2**60) + b"\0", bytes(9)))
put("header-memory.7z", seven(b"\x17" + streams(lzma1 + b"\xff" * 4, 9, 99) + b"\0", bytes(9)))
put("header-files.7z", seven(b"\1" + file_named("a.txt", 2**40), b""))


# RAR.
def vint(value):
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(parts + [value])


def rar5(*fields):
    own = b"".join(field if isinstance(field, bytes) else vint(field) for field in fields)
    covered = vint(len(own)) + own
    return struct.pack("<I", zlib.crc32(covered)) + covered


def file5(name, length, data, extra=b"", packed=None, method=0, window=0):
    packed = len(data) if packed is None else packed
    head = [2, 3 if extra else 2] + ([len(extra)] if extra else []) + [packed]
    packing = method << 7 | window << 10
    return rar5(*head, 0, length, 0o100644, packing, 1, len(name), name, extra) + data


FIVE = b"Rar!\x1a\7\1\0"
MAIN = rar5(1, 0, 0)
put("sealed.rar", FIVE + rar5(4, 0, 0, 0, 0, 15, bytes(16)) + bytes(64))
put("secret.rar", FIVE + MAIN + file5(b"a.txt", 6, bytes(16), extra=vint(33) + b"\1" + bytes(32)))
put("link.rar", FIVE + MAIN + file5(b"a.txt", 6, b"", extra=b"\x08\5\1\0\4/etc") + file5(b"good.txt", 6, b"inside"))
put("past-end.rar", FIVE + MAIN + file5(b"a.txt", 2**40, b"inside", packed=2**40))
put("past-all.rar", FIVE + MAIN + file5(b"a.txt", 2**64 - 1, b"inside", packed=2**64 - 1))
put("long-header.rar", FIVE + MAIN + bytes(4) + vint(2**62) + bytes(99))
put("endless-number.rar", FIVE + bytes(4) + b"\xff" * 99)
put("names.rar", FIVE + MAIN + file5(b"../up.txt", 6, b"inside") + file5(b"good.txt", 6, b"inside"))
put("dictionary.rar", FIVE + MAIN + file5(b"a.txt", 99, bytes(50), method=3, window=15) + rar5(5, 0, 0))


# tar.
def tar_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = 6 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"inside"))
    return out.getvalue()


put("names.tar", tar_of(
    ("../up.txt", tarfile.REGTYPE, ""), ("/abs/x.txt", tarfile.REGTYPE, ""),
    ("hard.txt", tarfile.LNKTYPE, "/etc/passwd"), ("link.txt", tarfile.SYMTYPE, "/etc/passwd"),
    ("device", tarfile.CHRTYPE, ""), ("block", tarfile.BLKTYPE, ""), ("fifo", tarfile.FIFOTYPE, ""),
    ("n" * 5000, tarfile.REGTYPE, ""), ("good.txt", tarfile.REGTYPE, ""),
))  # fmt: skip
header.size = 1 << 40
put("past-end.tar", header.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
put("cut.tar", tar_of(("a.txt", tarfile.REGTYPE, ""))[:515])

# Passwords.
(made / "a.txt").write_bytes(b"secret" * 100)
for name, options in [
    ("crypto.zip", ["-mem=ZipCrypto"]), ("aes.zip", ["-mem=AES256"]),
    ("secret.7z", []), ("sealed.7z", ["-mhe=on"]),
]:  # fmt: skip
    subprocess.run(["7z", "a", "-bso0", "-psecret", *options, made / name, made / "a.txt"], check=True)

# Entries of every format, for limits.
for name in ["entries.zip", "packed.zip"]:
    with zipfile.ZipFile(made / name, "w", zipfile.ZIP_BZIP2) as archive:
        for number_ in range(60 if name == "entries.zip" else 1):
            archive.writestr(f"{number_}.txt", text[:300_000])
for name in ["entries.tar", "packed.tar.gz"]:
    with tarfile.open(made / name, "w:gz" if name.endswith("gz") else "w") as archive:
        for number_ in range(60 if name == "entries.tar" else 1):
            info = tarfile.TarInfo(f"{number_}.txt")
            info.size = 30_000 if name == "entries.tar" else 300_000
            archive.addfile(info, io.BytesIO(text))
(made / "0.txt").write_bytes(text[:300_000])
subprocess.run(["7z", "a", "-bso0", "-m0=lzma2", made / "packed.7z", made / "0.txt"], check=True)
files = (b"\1" + b"\5" + number(60) + b"\x11" + number(60 * 6 + 1) + b"\0" + "".join(
    f"{chr(65 + n)}{n % 10}\0" for n in range(60)).encode("utf-16-le") + b"\0\0")  # fmt: skip
put("entries.7z", seven(files, b""))
put("entries.rar", FIVE + MAIN + b"".join(file5(b"%d.txt" % n, 6, b"inside") for n in range(60)))
put("packed.rar", FIVE + MAIN + file5(b"0.txt", 300_000, bytes(5000), method=3) + rar5(5, 0, 0))
if "slow" in asked:
    for number_ in range(80):
        header = tarfile.TarInfo(f"{number_}.txt")
        header.size = 48 << 20
        if number_ == 0:
            zeros = bz2.compress(bytes(header.size + 1024))
        put(f"slow{number_}.tar.bz2", bz2.compress(header.tobuf()) + zeros)
