"""ratarmount, the rival for what is in archives on disk: its library without FUSE, which would cost it more.

The same file is both ends: imported, it starts the process; run by the Python that has ratarmount, it is the process.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

RATARMOUNT = "ratarmount==1.3.0"
# what it is called, its milliseconds, the megabytes read from files for it
Step = tuple[str, float, float]


PYTHON = Path(__file__).parents[2] / "target/ratarmount/bin/python"


def install() -> None:
    """Makes the venv that has it, where that is missing: needs the network. What fails is told when it is measured."""
    if PYTHON.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", PYTHON.parents[1]], check=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", RATARMOUNT], check=False)


def measure(archive: Path, entry: str) -> list[Step]:
    """Each step with its milliseconds and the megabytes read from files for it, in a fresh process."""
    done = subprocess.run([PYTHON, __file__, archive, entry], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ratarmount: {done.stderr[-1000:]}")
    return [tuple(step) for step in json.loads(done.stdout.splitlines()[-1])]


def open_and_read(archive: str, entry: str) -> list[Step]:
    """The other end: opens it without an index from before, lists all of it, reads."""
    from ratarmountcore.mountsource.factory import open_mount_source

    steps = []

    def step(name: str, act):
        before, began = bytes_read(), time.perf_counter()
        result = act()
        steps.append((name, (time.perf_counter() - began) * 1e3, (bytes_read() - before) / 1e6))
        return result

    def listed():
        source = open_mount_source(archive, indexFilePath=":memory:")
        folders = ["/"]
        while folders:
            folder = folders.pop()
            inside = source.list_mode(folder)
            folders += [f"{folder}{name}/" for name, mode in inside.items() if mode & 0o040000]
        return source

    def read(start: int, length: int) -> None:
        with source.open(source.lookup("/" + entry)) as file:
            file.seek(start)
            got = 0
            while got < length and (block := file.read(length - got)):
                got += len(block)
        if got != length:
            raise RuntimeError(f"{got} bytes instead of {length}")

    source = step("list", listed)
    end = source.lookup("/" + entry).size - 10**6
    step("first byte", lambda: read(0, 1))
    step("last 1 MB", lambda: read(end, 10**6))
    step("last 1 MB again", lambda: read(end, 10**6))
    return steps


def bytes_read() -> int:
    """The bytes that this process has read so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


if __name__ == "__main__":
    print(json.dumps(open_and_read(*sys.argv[1:])))
