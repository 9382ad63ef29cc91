"""Web servers on loopback that have blocks: trustless gateways and daemons with an RPC API, good and bad.

Prints {"ready": true}, then answers one command a line from standard input:
  {"do": "serve", "manner": …, "to": …}   -> {"url": …}, one more server
  {"do": "load", "api": …, "cid": …}      -> {"cids": […]}, takes all blocks below a CID from a daemon
  {"do": "hold", "url": …, "cids": […]}   -> {"ok": …}, from now on that server has these only
  {"do": "asked", "url": …}               -> {"asked": [paths]}, what that server was asked for
It ends with its standard input.

Manners: "well"; "wrong" (other bytes); "endless" (a body without end); "error" (a text of an error without
end); "away" (sends everybody on to the address "to"); "slow" (a byte now and then); "silent"; "page" (an HTML
page for everything); "noise" (no HTTP); "more" (archives with blocks that nobody asked for); "short" (breaks
off within a body).
"""

import base64
import json
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request

# by the bytes of the multihash
BLOCKS = {}
SERVERS = {}


def varint(data, at):
    number, shift = 0, 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def to_varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def multihash(cid):
    """Of the bytes of a CID."""
    return cid if cid[:2] == b"\x12\x20" else cid[2:]


def of_text(text):
    if not text.startswith("Qm"):
        padded = text[1:].upper() + "=" * (-len(text[1:]) % 8)
        return base64.b32decode(padded)
    number = 0
    for letter in text:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(letter)
    return number.to_bytes(34, "big")


def to_text(cid):
    if cid[:2] == b"\x12\x20":
        cid = b"\x01\x70" + cid
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def fields(data):
    """The fields of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        yield key >> 3, value


def children(block):
    """The CID of each child of a file's node, and how many bytes of the file it has."""
    parts = list(fields(block))
    links = [dict(fields(link))[1] for number, link in parts if number == 2]
    sizes = [size for number, size in fields(dict(parts)[1]) if number == 4]
    return list(zip(links, sizes))


def walk(cid, start, wanted):
    """The CIDs of blocks that a range of a file needs, depth first; a node comes before what is below it."""
    yield cid
    if multihash(cid) not in BLOCKS or cid[:2] != b"\x12\x20" and cid[1] == 0x55:
        return
    for child, size in children(BLOCKS[multihash(cid)]):
        if start < wanted[1] and start + size > wanted[0]:
            yield from walk(child, start, wanted)
        start += size


def load(api, cid):
    request = urllib.request.Request(f"{api}/api/v0/dag/export?arg={cid}", method="POST")
    data = urllib.request.urlopen(request).read()
    length, at = varint(data, 0)
    at += length
    found = []
    while at < len(data):
        length, at = varint(data, at)
        end = at + length
        size = 34 if data[at : at + 2] == b"\x12\x20" else 36
        found.append(data[at : at + size])
        BLOCKS[multihash(found[-1])] = data[at + size : end]
        at = end
    return found


class Server:
    def __init__(self, manner, to):
        self.manner, self.to, self.asked, self.held = manner, to, [], None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client, client.makefile("rb") as lines:
                while line := lines.readline():
                    while lines.readline().strip():
                        pass
                    path = line.split()[1].decode()
                    self.asked.append(path)
                    if not self.answer(client, urllib.parse.urlsplit(path)):
                        return
        except OSError:
            pass  # it left

    def block(self, cid):
        """The bytes of a block as this server has them."""
        known = BLOCKS.get(multihash(cid))
        if known is None or self.held is not None and multihash(cid) not in self.held:
            return None
        if self.manner == "wrong":
            return known[:-1] + bytes([known[-1] ^ 1])
        return known

    def archive(self, root, query):
        """The blocks of a range as a CAR. It breaks off where one is missing."""
        out = b"\xa2eroots\x81\xd8*" + b"\x58" + bytes([len(root) + 1]) + b"\x00" + root + b"gversion\x01"
        out = to_varint(len(out)) + out
        start, _, end = query.get("entity-bytes", ["0:*"])[0].partition(":")
        end = 1 << 60 if end == "*" else int(end) + 1
        wanted = [root, *walk(root, 0, (int(start), end))][1:]
        if self.manner == "more":
            wanted += [b"\x01\x55" + known for known in list(BLOCKS) * 4]
        for cid in wanted:
            block = self.block(cid)
            if block is None:
                return out, False
            out += to_varint(len(cid) + len(block)) + cid + block
        return out, True

    def answer(self, client, path):
        """Answers one request; false where the connection is to end."""
        head = "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"
        if self.manner == "silent":
            return time.sleep(600)
        if self.manner == "noise":
            return client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 50)
        if self.manner == "page":
            page = b"<p>nothing here</p>"
            client.sendall(head.format("200 OK", "text/html", len(page)).encode() + page)
            return True
        if self.manner == "away":
            client.sendall(f"HTTP/1.1 302 Found\r\nLocation: {self.to}\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        if self.manner in ("endless", "error"):
            status = "200 OK" if self.manner == "endless" else "500 Internal Server Error"
            client.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/vnd.ipld.raw\r\n\r\n".encode())
            while True:
                client.sendall(bytes(1 << 16))
        query = urllib.parse.parse_qs(path.query)
        is_api = path.path == "/api/v0/block/get"
        cid = of_text(query["arg"][0] if is_api else path.path.split("/")[2])
        kind, is_whole = "application/vnd.ipld.raw", True
        if query.get("format") == ["car"]:
            kind = "application/vnd.ipld.car; version=1"
            body, is_whole = self.archive(cid, query) if self.block(cid) else (None, True)
        else:
            body = self.block(cid)
        if body is None:
            text = b'{"Message":"block was not found locally (offline): ipld: could not find it","Code":0,"Type":"error"}'
            status = "500 Internal Server Error" if is_api else "404 Not Found"
            client.sendall(head.format(status, "application/json", len(text)).encode() + text)
            return True
        if not is_whole or self.manner == "short":
            client.sendall(head.format("200 OK", kind, len(body) + 1).encode() + body[: len(body) // 2])
            return False
        client.sendall(head.format("200 OK", kind, len(body)).encode())
        step = 1 if self.manner == "slow" else len(body)
        for at in range(0, len(body), step):
            client.sendall(body[at : at + step])
            if self.manner == "slow":
                time.sleep(0.2)
        return True


def answer_to(command):
    what = command["do"]
    if what == "serve":
        server = Server(command["manner"], command.get("to"))
        SERVERS[server.url] = server
        return {"url": server.url}
    if what == "load":
        return {"cids": [to_text(cid) for cid in load(command["api"], command["cid"])]}
    if what == "hold":
        SERVERS[command["url"]].held = {multihash(of_text(cid)) for cid in command["cids"]}
        return {"ok": True}
    if what == "asked":
        return {"asked": SERVERS[command["url"]].asked}
    return {"error": f"unknown command {what}"}


def main():
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer_to(json.loads(line))), flush=True)


main()
