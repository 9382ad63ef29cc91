"""Packs a file into RAR archives of the simplest kind, every byte for itself, and bends them.

    unrar.py FILE FOLDER   FOLDER/plain.rar and others; of the file no byte may be above 253

`odd` is in the name of those that only UnRAR takes: in the middle there is a filter of a kind that
there is not, over no bytes at all.
"""

import struct
import sys
import zlib
from pathlib import Path

from volumes import Five, vint

BLOCK = 60_000


def tables() -> bytes:
    """The lengths of the codes: 8 for each byte below 254, 9 for four symbols more, of which one is filters."""
    levels = "".join(f"{ {8: 1, 9: 2, 19: 2}.get(symbol, 0):04b}" for symbol in range(20))
    lengths = "0" * 254 + "10" * 4
    zeros = "".join(f"11{count - 11:07b}" for count in (138, 34))
    bits = levels + lengths + zeros
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def pack(text: bytes, odd: bool) -> bytes:
    starts = range(0, len(text), BLOCK)
    blocks = []
    for start in starts:
        is_middle = start == starts[len(starts) // 2]
        data = tables() + (struct.pack(">I", 0b111111110 << 23 | 5) if odd and is_middle else b"")
        data += text[start : start + BLOCK]
        flags = 0x80 | (start == starts[-1]) << 6 | 1 << 3 | 7
        size = struct.pack("<H", len(data))
        blocks.append(bytes([flags, 0x5A ^ flags ^ size[0] ^ size[1]]) + size + data)
    return b"".join(blocks)


def archive(name: bytes, text: bytes, packed: bytes, window: int = 0) -> bytes:
    """`window` is a power of two, from 128 KiB."""
    fields = bytes([2, 2]) + vint(len(packed)) + b"\x04" + vint(len(text)) + vint(0o100644)
    fields += struct.pack("<I", zlib.crc32(text)) + vint(1 << 7 | window << 10) + b"\x01"
    header = Five.block(fields + vint(len(name)) + name)
    return b"Rar!\x1a\x07\x01\0" + Five.block(bytes([1, 0, 0])) + header + packed + Five.end(False)


file, folder = (Path(argument) for argument in sys.argv[1:])
name, text = file.name.encode(), file.read_bytes()
plain, odd = pack(text, odd=False), pack(text, odd=True)
wrong = bytearray(odd)
wrong[len(odd) // 4] ^= 1
for made, content in {
    "plain.rar": archive(name, text, plain),
    "odd.rar": archive(name, text, odd),
    "odd-wrong.rar": archive(name, text, bytes(wrong)),
    "odd-short.rar": archive(name, text, odd[: len(odd) // 4]),
    "odd-wide.rar": archive(name, text, odd, window=13),
}.items():
    (folder / made).write_bytes(content)
