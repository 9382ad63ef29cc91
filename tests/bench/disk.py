"""What a folder takes on disk, watched while something happens; and readers that compare every byte."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients import Reader
from fixtures import Fixture

BLOCK = 1 << 20
EVERY = 0.05  # seconds between two samples


class WrongBytes(RuntimeError):
    """What came is not what is in the file."""


def allocated(folder: str | Path) -> int:
    """The bytes allocated for everything in a folder, the folders included; what goes meanwhile counts nothing."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            total += os.stat(folder).st_blocks * 512
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += allocated(entry.path)
                else:
                    total += os.lstat(entry.path).st_blocks * 512
    except FileNotFoundError:
        pass
    return total


class Meter:
    """Samples a folder in a thread of its own; `most` is the largest sample so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.most = 0
        self.samples = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self.ended.wait(EVERY):
            self.most = max(self.most, allocated(self.folder))
            self.samples += 1


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mounts a file system in memory at a folder; only root may."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Room:
    """Samples what is free on a file system in a thread of its own; `least` is the smallest sample so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.least = 1 << 62
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self.ended.wait(EVERY):
            found = os.statvfs(self.folder)
            self.least = min(self.least, found.f_bavail * found.f_frsize)


@contextmanager
def least_free(folder: Path) -> Iterator[Room]:
    """Measures as long as the block runs."""
    running = Room(folder)
    running.thread.start()
    try:
        yield running
    finally:
        running.ended.set()
        running.thread.join()


@contextmanager
def meter(folder: Path) -> Iterator[Meter]:
    """Measures as long as the block runs."""
    running = Meter(folder)
    running.thread.start()
    try:
        yield running
    finally:
        running.ended.set()
        running.thread.join()


def compare(url: str, fixture: Fixture, start: int, length: int) -> None:
    """Reads that part and compares every byte with the file; breaks off behind it, as a player does."""
    with Reader(url, start) as reader, fixture.path.open("rb") as file:
        file.seek(start)
        check(reader.first, file.read(len(reader.first)), start)
        at = start + len(reader.first)
        while at < start + length:
            block = reader.connection.recv(min(BLOCK, start + length - at))
            if not block:
                raise RuntimeError(f"the body ended at {at}")
            check(block, file.read(len(block)), at)
            at += len(block)


def compare_until_gone(url: str, fixture: Fixture, start: int, length: int) -> bool:
    """The same of a program that may be killed meanwhile; says whether it still lived."""
    try:
        compare(url, fixture, start, length)
    except WrongBytes:
        raise
    except (OSError, RuntimeError):
        return False
    return True


def check(came: bytes, right: bytes, at: int) -> None:
    """Raises where the bytes differ."""
    if came != right:
        raise WrongBytes(f"wrong bytes behind {at}")


