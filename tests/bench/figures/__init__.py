"""The measurements, by the names that `--only` takes, in the order in which they run."""

from collections.abc import Callable

from figures import latency, resources, slow, throughput
from figures.bench import Bench, open_bench
from report import Row

__all__ = ["ALL", "Bench", "open_bench"]

ALL: dict[str, Callable[[Bench], list[Row]]] = {
    "start": resources.start,
    "idle": resources.idle,
    "first-byte": latency.first_byte,
    "tail": resources.tail,
    "whole-file": throughput.whole_file,
    "warm": throughput.warm,
    "ranges": throughput.ranges,
    "seek": latency.seek,
    "pause": latency.pause,
    "second-reader": latency.second_reader,
    "parallel": resources.parallel,
    "slow": slow.slow,
}
