"""What a folder takes on disk, watched while something happens; and readers that compare every byte."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


class Sampler:
    """Looks at something in a thread of its own, and keeps the most and the least it saw."""

    def __init__(self, look: Callable[[], int]) -> None:
        self.look = look
        self.most = 0
        self.least = 1 << 62
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self.ended.wait(EVERY):
            seen = self.look()
            self.most = max(self.most, seen)
            self.least = min(self.least, seen)


@contextmanager
def sampled(look: Callable[[], int]) -> Iterator[Sampler]:
    """Looks as long as the block runs."""
    running = Sampler(look)
    running.thread.start()
    try:
        yield running
    finally:
        running.ended.set()
        running.thread.join()


def meter(folder: Path) -> AbstractContextManager[Sampler]:
    """What a folder takes."""
    return sampled(lambda: allocated(folder))


def least_free(folder: Path) -> AbstractContextManager[Sampler]:
    """What is free on a folder's file system."""

    def free() -> int:
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize

    return sampled(free)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mounts a file system in memory at a folder; only root may."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


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


