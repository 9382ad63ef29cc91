"""Writes the volumes of RAR archives in which one file is stored, for nobody but its makers may pack RAR.

    volumes.py 4 FILE FOLDER NAME SIZE   NAME.rar, NAME.r00 … of at most SIZE bytes, RAR 2.9 to 4.x
    volumes.py 5 FILE FOLDER NAME SIZE   NAME.part1.rar, NAME.part2.rar …, RAR 5
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path


class Four:
    """RAR 2.9 to 4.x."""

    @staticmethod
    def name(stem: str, number: int, count: int) -> str:
        return stem + (f".r{number - 1:02}" if number else ".rar")

    @staticmethod
    def start(number: int) -> bytes:
        # a volume, and the first of them
        return b"Rar!\x1a\x07\0" + Four.block(0x73, 0x01 | (0 if number else 0x0100), bytes(6))

    @staticmethod
    def file(name: bytes, part: int, whole: int, crc: int, before: bool, after: bool) -> bytes:
        fields = struct.pack("<IIBIIBBHI", part, whole, 2, crc, 0x5A976C42, 20, 0x30, len(name), 0x20)
        return Four.block(0x74, 0x8000 | before | after << 1, fields + name)

    @staticmethod
    def end(more: bool) -> bytes:
        return Four.block(0x7B, 0x4000 | more, b"")

    @staticmethod
    def block(kind: int, flags: int, fields: bytes) -> bytes:
        rest = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
        return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest


class Five:
    """RAR 5."""

    @staticmethod
    def name(stem: str, number: int, count: int) -> str:
        return f"{stem}.part{number + 1:0{len(str(count))}}.rar"

    @staticmethod
    def start(number: int) -> bytes:
        # a volume, and its number where it is not the first
        fields = bytes([1, 0, 3 if number else 1]) + (vint(number) if number else b"")
        return b"Rar!\x1a\x07\x01\0" + Five.block(fields)

    @staticmethod
    def file(name: bytes, part: int, whole: int, crc: int, before: bool, after: bool) -> bytes:
        fields = bytes([2]) + vint(0x02 | before << 3 | after << 4) + vint(part, 5) + b"\x04"
        fields += vint(whole, 5) + vint(0o100644) + struct.pack("<I", crc) + b"\0\x01"
        return Five.block(fields + vint(len(name)) + name)

    @staticmethod
    def end(more: bool) -> bytes:
        return Five.block(bytes([5, 0, more]))

    @staticmethod
    def block(fields: bytes) -> bytes:
        covered = vint(len(fields)) + fields
        return struct.pack("<I", zlib.crc32(covered)) + covered


def vint(number: int, width: int = 1) -> bytes:
    """A number of RAR 5, at least so many bytes wide."""
    digits = [number & 0x7F]
    while (number := number >> 7) or len(digits) < width:
        digits.append(number & 0x7F)
    return bytes(digit | 0x80 for digit in digits[:-1]) + bytes(digits[-1:])


def write(generation: type[Four] | type[Five], file: Path, folder: Path, stem: str, size: int) -> list[Path]:
    """Stores a file across volumes of `size` bytes, the last as long as it comes."""
    whole, name = file.stat().st_size, file.name.encode()
    volumes = list(cut(generation, name, whole, size))
    written, running = [], 0
    with file.open("rb") as source:
        for number, length in enumerate(volumes):
            part = source.read(length)
            running = zlib.crc32(part, running)
            last = number == len(volumes) - 1
            header = generation.file(name, length, whole, running if last else zlib.crc32(part), number > 0, not last)
            written.append(folder / generation.name(stem, number, len(volumes)))
            with written[-1].open("wb") as volume:
                for piece in (generation.start(number), header, part, generation.end(not last)):
                    volume.write(piece)
    return written


def cut(generation: type[Four] | type[Five], name: bytes, whole: int, size: int) -> Iterator[int]:
    """How many bytes of the file each volume holds."""
    rest, number = whole, 0
    while rest > 0:
        around = generation.start(number) + generation.file(name, rest, whole, 0, True, True) + generation.end(True)
        length = min(rest, size - len(around))
        yield length
        rest, number = rest - length, number + 1


if __name__ == "__main__":
    generation, file, folder, stem, size = sys.argv[1:]
    write({"4": Four, "5": Five}[generation], Path(file), Path(folder), stem, int(size))
