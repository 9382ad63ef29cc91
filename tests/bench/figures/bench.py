"""What every measurement starts from: the files, and a fresh server of each kind."""

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import fixtures
import report
from clients import settle
from fixtures import Fixture
from report import NGINX, OURS, RQBIT
from servers import Agent, Nginx, Rqbit, Server
from surroundings import ROOT


@dataclass
class Bench:
    """The chosen programs and a folder for everything that they write, on one filesystem."""

    options: argparse.Namespace
    folder: Path
    machine: dict[str, object]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def film(self) -> Fixture:
        """The file that is read as a whole: `--size` MiB of random bytes in pieces of 1 MiB."""
        return fixtures.full(self.source, "film.mp4", self.options.size)

    @cached_property
    def big(self) -> Fixture:
        """The file in which readers jump about: 1 GiB, almost all holes, in pieces of 1 MiB."""
        return fixtures.sparse(self.source, "big.mp4", 1024)

    @cached_property
    def source(self) -> Path:
        """Where the seeders and nginx read."""
        folder = self.folder / "source"
        folder.mkdir()
        return folder

    def streamers(self) -> list[str]:
        """The programs that were given and fetch from peers, ours first."""
        given = {OURS: self.options.agent, RQBIT: self.options.rqbit}
        return [name for name, present in given.items() if present]

    def new_folder(self) -> Path:
        """A folder that nobody has used, so that nothing is known and nothing is held."""
        return self.folder / f"run{next(self.numbers)}"

    @contextmanager
    def fresh(self, name: str, config: str = Agent.CONFIG) -> Iterator[Server]:
        """The program started with an empty folder; afterwards it is stopped and the folder removed."""
        settle()
        folder = self.new_folder()
        if name == OURS:
            server = Agent(self.options.agent, folder, config)
        elif name == RQBIT:
            server = Rqbit(self.options.rqbit, folder)
        else:
            server = Nginx(self.options.nginx, folder, self.source)
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder)

    def all_servers(self) -> list[str]:
        """The streamers, and nginx where there is one."""
        return self.streamers() + ([NGINX] if self.options.nginx else [])


@contextmanager
def open_bench(options: argparse.Namespace) -> Iterator[Bench]:
    """A bench whose folder, under `target/`, goes with it."""
    target = ROOT / "target"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=target) as folder:
        yield Bench(options, Path(folder), report.machine())
