"""libtorrent as a streaming server: ranges over HTTP, pieces asked for by `set_piece_deadline`.

It is what a good player on libtorrent does, and no more: nothing is fetched but a window before each reader, the first
piece of the window at once and the others in order; what nobody waits for any more is given up.

Run with a folder it serves `/INFOHASH?x.pe=PEER…` there; `torrent=PATH` gives it the metadata beforehand.
"""

import select
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import parse_qs, urlsplit

import libtorrent

WINDOW = 16 << 20  # bytes before a reader; two pieces at least
STEP = 500  # milliseconds between the deadlines of two pieces of a window

SETTINGS = {
    "listen_interfaces": "",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    # straight to the peer: no uTP and no encryption that are tried first
    "enable_outgoing_utp": False,
    "out_enc_policy": 2,
    "in_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    # with nothing wanted it counts as finished, and would leave the seeders
    "close_redundant_connections": False,
    "connections_limit": 1000,
    "connection_speed": 500,
    # what is asked for when the reader jumps still has to come: no more than 2 MB
    "request_queue_time": 1,
    "max_out_request_queue": 128,
    # late pieces are looked after once a tick
    "tick_interval": 50,
    "alert_mask": libtorrent.alert.category_t.status_notification | libtorrent.alert.category_t.storage_notification,
    "alert_queue_size": 100_000,
}


class Closed(Exception):
    """The client has gone."""


class Torrent:
    """One torrent and the readers that wait for its pieces."""

    def __init__(self, handle: libtorrent.torrent_handle) -> None:
        self.handle = handle
        self.known = threading.Event()
        self.lock = threading.Lock()
        self.waiting: dict[int, list[SimpleQueue]] = defaultdict(list)
        self.info: libtorrent.torrent_info | None = None
        self.narrowed = False

    def describe(self) -> None:
        """The metadata is here."""
        self.info = self.handle.torrent_file()
        self.known.set()

    def narrow(self, pieces: range) -> None:
        """Before the first reader: only its window is wanted.

        In one step, as a torrent that wants nothing in between tells the seeders so, and they choke it for a second.
        """
        with self.lock:
            if not self.narrowed:
                self.narrowed = True
                everything = range(self.info.num_pieces())
                self.handle.prioritize_pieces([7 if number in pieces else 0 for number in everything])

    def want(self, piece: int, arrivals: SimpleQueue, deadline: int) -> None:
        """Asks for a piece, which comes into the queue."""
        with self.lock:
            self.waiting[piece].append(arrivals)
            self.handle.set_piece_deadline(piece, deadline, libtorrent.deadline_flags_t.alert_when_available)

    def forget(self, pieces: list[int], arrivals: SimpleQueue) -> None:
        """This reader wants these no more; nor does the torrent those that nobody else waits for."""
        with self.lock:
            for piece in pieces:
                readers = self.waiting.get(piece, [])
                if arrivals in readers:
                    readers.remove(arrivals)
                if not readers:
                    self.waiting.pop(piece, None)
                    self.handle.reset_piece_deadline(piece)
                    self.handle.piece_priority(piece, 0)

    def arrived(self, piece: int, data: bytes) -> None:
        """A piece was read: to everybody who waits for it."""
        with self.lock:
            for arrivals in self.waiting.pop(piece, []):
                arrivals.put((piece, data))

    def blocks(self, start: int, end: int, gone: Callable[[], bool]) -> Iterator[memoryview]:
        """The bytes from `start` to before `end`; `gone` tells that it is in vain."""
        length = self.info.piece_length()
        ahead = max(2, WINDOW // length)
        first, last = start // length, (end - 1) // length
        arrivals: SimpleQueue = SimpleQueue()
        here: dict[int, bytes] = {}
        asked = first
        self.narrow(range(first, min(last, first + ahead - 1) + 1))
        try:
            for piece in range(first, last + 1):
                while asked <= min(last, piece + ahead - 1):
                    self.want(asked, arrivals, (asked - piece) * STEP)
                    asked += 1
                while piece not in here:
                    try:
                        number, data = arrivals.get(timeout=0.03)
                        here[number] = data
                    except Empty:
                        if gone():
                            raise Closed from None
                data = here.pop(piece)
                offset = piece * length
                yield memoryview(data)[max(0, start - offset) : end - offset]
        finally:
            self.forget([number for number in range(piece, asked) if number not in here], arrivals)


class Session:
    """The libtorrent session and its torrents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = libtorrent.session(SETTINGS)
        self.lock = threading.Lock()
        self.torrents: dict[str, Torrent] = {}
        threading.Thread(target=self.listen, daemon=True).start()

    def torrent(self, info_hash: str, peers: list[str], path: str | None) -> Torrent:
        """The torrent, added when it is new, with these peers called; waits for its metadata."""
        with self.lock:
            torrent = self.torrents.get(info_hash)
            if not torrent:
                if path:
                    parameters = libtorrent.load_torrent_file(path)
                else:
                    parameters = libtorrent.parse_magnet_uri(f"magnet:?xt=urn:btih:{info_hash}")
                parameters.save_path = str(self.folder)
                flags = libtorrent.torrent_flags
                parameters.flags &= ~flags.auto_managed & ~flags.paused
                parameters.flags |= flags.sequential_download
                parameters.max_connections = 1000
                torrent = self.torrents[info_hash] = Torrent(self.session.add_torrent(parameters))
                if path:
                    torrent.describe()
        for peer in peers:
            address, _, port = peer.rpartition(":")
            torrent.handle.connect_peer((address, int(port)))
        if not torrent.known.wait(180):
            raise TimeoutError("no metadata")
        return torrent

    def listen(self) -> None:
        """Hands every alert to its torrent."""
        while True:
            self.session.wait_for_alert(1000)
            for alert in self.session.pop_alerts():
                if isinstance(alert, libtorrent.metadata_received_alert):
                    self.find(alert.handle).describe()
                elif isinstance(alert, libtorrent.read_piece_alert):
                    if alert.buffer is not None:
                        self.find(alert.handle).arrived(alert.piece, alert.buffer)
                elif isinstance(alert, libtorrent.torrent_error_alert):
                    print(alert.message(), file=sys.stderr, flush=True)

    def find(self, handle: libtorrent.torrent_handle) -> Torrent:
        """The torrent of an alert."""
        with self.lock:
            return self.torrents[str(handle.info_hashes().v1)]


class Handler(BaseHTTPRequestHandler):
    """One range for each connection."""

    disable_nagle_algorithm = True
    session: Session

    def do_GET(self) -> None:
        """Answers when the first byte is here, as the others do."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        torrent = self.session.torrent(parts.path.strip("/"), query.get("x.pe", []), query.get("torrent", [None])[0])
        length = torrent.info.total_size()
        start, end = 0, length
        if wanted := self.headers.get("Range"):
            low, _, high = wanted.removeprefix("bytes=").partition("-")
            start, end = int(low), min(int(high) + 1, length) if high else length
        blocks = torrent.blocks(start, end, self.gone)
        try:
            block = next(blocks)
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(end - start))
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{length}")
            self.end_headers()
            self.wfile.write(block)
            for block in blocks:
                self.wfile.write(block)
        except (Closed, ConnectionError):
            self.close_connection = True
        finally:
            blocks.close()

    def gone(self) -> bool:
        """Whether the client has closed: it sends nothing else after its request."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def log_message(self, *_: object) -> None:
        """Nothing for each request."""


class Server(ThreadingHTTPServer):
    """A thread for each reader, as many readers as there are."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A client that left while it was answered is no news; anything else goes into the log."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


if __name__ == "__main__":
    Handler.session = Session(Path(sys.argv[1]))
    with Server(("127.0.0.1", 0), Handler) as server:
        print(f"listening content=http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
