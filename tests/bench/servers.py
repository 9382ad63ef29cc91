"""The programs that are compared.

Each serves when its constructor returns, gives the address of a file by `open(fixture, peers, known)`, where `known`
says that it may have the metadata beforehand, and ends with `stop`.
"""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from clients import PATIENCE
from fixtures import Fixture


class Process:
    """A child that writes into a log file; `started` is how many seconds it took until it served."""

    def __init__(
        self, command: list[str | Path], log: Path, settings: dict[str, str] | None = None, piped: bool = False
    ) -> None:
        """Spawns it, `settings` added to its environment; `piped`: its standard output is read by us, not logged."""
        self.log = log
        self.began = time.perf_counter()
        self.started = 0.0
        with log.open("ab") as file:
            environment = clean_environment() | (settings or {})
            output = subprocess.PIPE if piped else file
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=file)

    def stop(self) -> None:
        """Asks by SIGTERM, and kills what has not gone after 10 s."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        self.process.kill()
        self.process.wait()

    def failed(self, what: str) -> RuntimeError:
        """The error that says what happened and shows the end of the log."""
        self.stop()
        return RuntimeError(f"{what}\n{self.log.read_text(errors='replace')[-2000:]}")

    def wait_for_port(self, port: int) -> None:
        """Returns when somebody listens there."""
        while self.process.poll() is None and time.perf_counter() - self.began < 30:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.001)
            else:
                self.started = time.perf_counter() - self.began
                return
        raise self.failed("nobody listens")

    def wait_for_line(self, patience: float = 30) -> dict[str, str]:
        """Returns the addresses that the `listening content=…` line names."""
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline().decode() if ready else ""
        self.started = time.perf_counter() - self.began
        addresses = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if not line.startswith("listening ") or "content" not in addresses:
            raise self.failed(f"instead of `listening …` came {line!r}")
        return addresses

    def processor_time(self) -> float:
        """The seconds of processor time, its own and the kernel's, that all its threads have used."""
        return processor_time(self.process.pid)

    def bytes_read(self) -> int:
        """The bytes that it has read from files so far, whether they were in memory or not; sockets do not count."""
        lines = Path(f"/proc/{self.process.pid}/io").read_text().splitlines()
        return int(dict(line.split(": ") for line in lines)["rchar"])

    def peak_memory(self) -> float:
        """The most memory the program ever held, in MB (10^6)."""
        return self._memory("VmHWM")

    def memory(self) -> float:
        """The memory the program holds now, in MB (10^6)."""
        return self._memory("VmRSS")

    def _memory(self, key: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024 / 1e6
        raise RuntimeError(f"no {key}: the program has ended")


class Agent(Process):
    """universal-p2p with one of its engines: an address alone makes it fetch."""

    CONFIG = '[network]\nscope = "loopback"\n'
    # one slow seeder of a large piece may need longer than anybody would wait: to be measured, not cut off
    PATIENT = CONFIG + '[timeouts]\nfirst_byte = "180s"\nstall = "180s"\n'
    CROWDED = CONFIG + "[bittorrent]\npeers_per_torrent = 200\n"

    def __init__(self, binary: Path, folder: Path, engine: str, config: str = CONFIG) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "config.toml"
        path.write_text(config)
        command = [binary, "serve", "--config", path, "--data-dir", folder / "data"]
        command += ["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"]
        super().__init__(command, folder / "log", {"UNIVERSAL_P2P_BITTORRENT_ENGINE": engine}, piped=True)
        self.data = folder / "data"
        # of many items the start is measured, however long it takes
        addresses = self.wait_for_line(600)
        self.content, self.management = addresses["content"], addresses["management"]

    def open(self, fixture: Fixture, peers: list[str], known: bool = False) -> str:
        """The address; nothing is asked yet, and whether the torrent is known is up to the data directory."""
        return f"{self.content}/bittorrent/v0/stream/{fixture.info_hash}?{peer_query(peers)}"

    def inside(self, fixture: Fixture, peers: list[str], path: str) -> str:
        """The address of a path within the torrent, which may go on inside archives."""
        return f"{self.content}/bittorrent/v0/stream/{fixture.info_hash}/{quote(path)}?{peer_query(peers)}"

    def held(self, protocol: str, id: str) -> int:
        """The bytes of a resource that are on disk, as its status says."""
        connection = http.client.HTTPConnection(urlsplit(self.content).netloc, timeout=PATIENCE)
        connection.request("GET", f"/{protocol}/v0/status/{id}")
        held = json.loads(connection.getresponse().read())["bytes_held"]
        connection.close()
        return held

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """Calls the management plane; returns what it answers, raises where that is no success."""
        connection = http.client.HTTPConnection(urlsplit(self.management).netloc, timeout=PATIENCE)
        headers = {"Authorization": "Bearer " + (self.data / "token").read_text().strip()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        payload = None if body is None else json.dumps(body)
        connection.request(method, "/api/v0" + path, payload, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status not in (200, 202, 204):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text else None


class Rqbit(Process):
    """rqbit's server: a torrent is added by its API, which selects the whole file, and then streamed."""

    def __init__(self, binary: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port, listen = free_port(), free_port()
        command: list[str | Path] = [binary, "-v", "error", "--ipv4-only", "--disable-dht", "--disable-dht-persistence"]
        command += ["--peer-limit", "200", "--disable-lsd", "--disable-trackers", "--disable-upnp-port-forward"]
        command += ["--listen-ip", "127.0.0.1", "--listen-port", str(listen)]
        command += ["--http-api-listen-addr", f"127.0.0.1:{port}"]
        command += ["server", "start", "--disable-persistence", folder / "data"]
        super().__init__(command, folder / "log", {"HOME": str(folder)})
        self.wait_for_port(port)
        self.api = f"http://127.0.0.1:{port}"

    def open(self, fixture: Fixture, peers: list[str], known: bool = False) -> str:
        """Adds the magnet link, or the torrent when it is known, and waits for the answer."""
        body = fixture.torrent.read_bytes() if known else f"magnet:?xt=urn:btih:{fixture.info_hash}".encode()
        connection = http.client.HTTPConnection(urlsplit(self.api).netloc, timeout=PATIENCE)
        connection.request("POST", "/torrents?overwrite=true&initial_peers=" + ",".join(peers), body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"rqbit does not add the torrent: {text[:500]!r}")
        return f"{self.api}/torrents/{fixture.info_hash}/stream/0"


class Libtorrent(Process):
    """libtorrent with piece deadlines behind an HTTP server of ours, `deadlines.py`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        program = Path(__file__).with_name("deadlines.py")
        super().__init__([sys.executable, program, folder], folder / "log", piped=True)
        self.content = self.wait_for_line()["content"]

    def open(self, fixture: Fixture, peers: list[str], known: bool = False) -> str:
        """The address; nothing is asked yet."""
        metadata = f"&torrent={quote(str(fixture.torrent))}" if known else ""
        return f"{self.content}/{fixture.info_hash}?{peer_query(peers)}{metadata}"


class Nginx(Process):
    """nginx serving the seeder's own file: how fast a static server is here.

    `tcp_nopush`, which often stands beside `sendfile`, is left out: on loopback it costs small answers 40 ms.
    """

    CONFIG = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; keepalive_requests 100000; default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""

    def __init__(self, binary: Path, folder: Path, root: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        path = folder / "nginx.conf"
        user = "user root;\n" if os.geteuid() == 0 else ""  # the folder is open to its owner only
        path.write_text(user + self.CONFIG.format(folder=folder, port=port, root=root))
        super().__init__([binary, "-e", folder / "log", "-p", folder, "-c", path], folder / "log")
        self.wait_for_port(port)
        self.site = f"http://127.0.0.1:{port}"

    def processor_time(self) -> float:
        """Its worker's; the master does nothing."""
        workers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(processor_time(int(worker)) for worker in workers)

    def open(self, fixture: Fixture, peers: list[str], known: bool = False) -> str:
        """The address of the file itself; nginx has no peers."""
        return f"{self.site}/{quote(fixture.path.name)}"


Server = Agent | Rqbit | Libtorrent | Nginx


def processor_time(process: int) -> float:
    """The seconds of processor time, its own and the kernel's, that all threads of a process have used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peer_query(peers: list[str]) -> str:
    """Peers as an address names them."""
    return "&".join("x.pe=" + quote(peer) for peer in peers)


def clean_environment() -> dict[str, str]:
    """The environment without the settings that the programs take from it."""
    settings = ("UNIVERSAL_P2P_", "RQBIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(settings)}


def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot say which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
