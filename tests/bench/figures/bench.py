"""What every measurement starts from: the files, and a fresh server of each kind, in turns."""

import argparse
import hashlib
import itertools
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import fixtures
import packing
import report
from clients import settle
from fixtures import Fixture
from report import AGENT, LIBRQBIT, LIBTORRENT, NGINX, RQBIT, STREAMING
from servers import Agent, Libtorrent, Nginx, Rqbit, Server
from surroundings import ROOT

Made = TypeVar("Made")
FAILURES = (OSError, RuntimeError, subprocess.SubprocessError)


@dataclass
class Bench:
    """The chosen programs and a folder for everything that they write, on one filesystem."""

    options: argparse.Namespace
    folder: Path
    machine: dict[str, object]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    notes: list[str] = field(default_factory=list)
    failed: bool = False

    @cached_property
    def film(self) -> Fixture:
        """The file that is read as a whole: `--size` MiB of random bytes in pieces of 1 MiB."""
        return fixtures.full(self.source, "film.mp4", self.options.size)

    @cached_property
    def big(self) -> Fixture:
        """The file in which readers jump about: 1 GiB, almost all holes, in pieces of 1 MiB."""
        return fixtures.sparse(self.source, "big.mp4", 1024)

    @cached_property
    def mixed_zip(self) -> Fixture:
        """The archive in which readers jump about: 1 GB, stored and deflated."""
        return packing.mixed_zip(self.source)

    @cached_property
    def source(self) -> Path:
        """Where the seeders and nginx read."""
        folder = self.folder / "source"
        folder.mkdir()
        return folder

    @cached_property
    def agents(self) -> list[str]:
        """The engines that were asked for and that our program has; a refused one is noted."""
        if not self.options.agent:
            return []
        wanted = [STREAMING, LIBRQBIT] if self.options.engine == "both" else [self.options.engine]
        return [engine for engine in wanted if self._has(engine)]

    def _has(self, engine: str) -> bool:
        try:
            with self.fresh(engine):
                return True
        except RuntimeError as error:
            words = " ".join(str(error).split())
            self.notes.append(f"{engine}: left out, as the program does not start with this engine: {words[-300:]}")
            return False

    @property
    def programs(self) -> list[str]:
        """Our engines and rqbit."""
        return self.agents + ([RQBIT] if self.options.rqbit else [])

    @property
    def streamers(self) -> list[str]:
        """Everything that fetches from peers, ours first."""
        return self.programs + ([LIBTORRENT] if self.options.libtorrent else [])

    @property
    def servers(self) -> list[str]:
        """Everything that serves what is on disk."""
        return self.programs + ([NGINX] if self.options.nginx else [])

    def new_folder(self) -> Path:
        """A folder that nobody has used, so that nothing is known and nothing is held."""
        return self.folder / f"run{next(self.numbers)}"

    def start(self, name: str, folder: Path, config: str = Agent.CONFIG) -> Server:
        """The program, serving from that folder."""
        if name in (STREAMING, LIBRQBIT, AGENT):
            return Agent(self.options.agent, folder, STREAMING if name == AGENT else name, config)
        if name == RQBIT:
            return Rqbit(self.options.rqbit, folder)
        if name == LIBTORRENT:
            return Libtorrent(folder)
        return Nginx(self.options.nginx, folder, self.source)

    @contextmanager
    def running(self, server: Server) -> Iterator[Server]:
        """A program that was started over a folder of its own; afterwards it is stopped, its files stay."""
        try:
            yield server
        finally:
            server.stop()

    @contextmanager
    def fresh(self, name: str, config: str = Agent.CONFIG) -> Iterator[Server]:
        """The program started with an empty folder; afterwards it is stopped and the folder removed."""
        settle()
        folder = self.new_folder()
        try:
            server = self.start(name, folder, config)
            with self.running(server):
                yield server
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def kept(self, name: str, config: str = Agent.CONFIG) -> Iterator[Callable[[], AbstractContextManager[Server]]]:
        """Gives what starts the program over one folder, once or again; afterwards the folder is removed."""
        folder = self.new_folder()
        try:
            yield lambda: self.running(self.start(name, folder, config))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def temporary(self, make: Callable[[Path], Made]) -> Iterator[Made]:
        """What is made in a folder of its own, which is removed afterwards."""
        folder = self.new_folder()
        folder.mkdir()
        try:
            yield make(folder)
        finally:
            shutil.rmtree(folder)

    def turns(
        self, rounds: int, names: list[str], measure: Callable[[str, Server], None], config: str = Agent.CONFIG
    ) -> None:
        """Each program, fresh, once in every round, so that a change of load meets all; see `attempt`."""
        for _ in range(rounds):
            for name in names:
                with self.attempt(name), self.fresh(name, config) as server:
                    measure(name, server)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """What fails for one program is noted, costs it this sample, and leaves the others theirs."""
        try:
            yield
        except FAILURES as error:
            traceback.print_exc()
            self.notes.append(f"{name}: {' '.join(str(error).split())[:300]}")
            self.failed |= name in (STREAMING, LIBRQBIT, AGENT)
            print(f"{name} goes on without this sample", file=sys.stderr, flush=True)


@contextmanager
def open_bench(options: argparse.Namespace) -> Iterator[Bench]:
    """A bench whose folder, under `target/`, goes with it."""
    target = ROOT / "target"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=target) as folder:
        facts = report.machine()
        if options.agent:
            # whoever builds meanwhile does not change what is measured
            options.agent = Path(shutil.copy(options.agent, folder))
            with options.agent.open("rb") as file:
                facts["agent_sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        yield Bench(options, Path(folder), facts)
