"""The measurements, by the names that `--only` takes, in the order in which they run."""

from collections.abc import Callable

from figures import (
    archives,
    demo,
    disk,
    index,
    ipfs,
    latency,
    resources,
    seeks,
    sharing,
    swarms,
    throughput,
    unpacking,
)
from figures.bench import FAILURES, Bench, open_bench
from report import Row

__all__ = ["ALL", "FAILURES", "SLOW", "Bench", "open_bench"]

ALL: dict[str, Callable[[Bench], list[Row]]] = {
    "start": resources.start,
    "idle": resources.idle,
    "demo": demo.demo,
    "first-byte": latency.first_byte,
    "tail": resources.tail,
    "whole-file": throughput.whole_file,
    "warm": throughput.warm,
    "ranges": throughput.ranges,
    "seek": seeks.seek,
    "far": seeks.far,
    "pause": seeks.pause,
    "second-reader": latency.second_reader,
    "liar": swarms.liar,
    "limit": disk.limit,
    "keep-free": disk.keep_free,
    "accounting": disk.accounting,
    "damage": index.damage,
    "archive": archives.archive,
    "deflated": archives.deflated,
    "volumes": archives.film,
    "pictures": unpacking.pictures,
    "decoders": unpacking.decoders,
    "ratarmount": unpacking.beside_ratarmount,
    "ipfs": ipfs.ipfs,
    "ipfs-limit": ipfs.limit,
    "sharing": sharing.sharing,
    "parallel": resources.parallel,
    "many-peers": resources.many_peers,
    "slow": swarms.slow,
    "long-pause": seeks.long_pause,
    "kills": disk.kills,
    "many-items": index.many_items,
}

# those that take minutes
SLOW = {"slow", "long-pause", "kills", "many-items"}
