"""The first five minutes: how long `demo` takes from the program's start to a film that plays in Chromium."""

import json
import subprocess
from pathlib import Path

from figures.bench import Bench
from report import AGENT, Row, at_most

ROUNDS = 7
SCRIPT = Path(__file__).resolve().parent.parent / "demo.mjs"


def demo(bench: Bench) -> list[Row]:
    """Spawn to the page's address, and to the first playing frame with a browser that is open, and one that is not."""
    told: dict[str, list[float]] = {AGENT: []}
    frames: dict[bool, dict[str, list[float]]] = {True: {AGENT: []}, False: {AGENT: []}}
    for _ in range(ROUNDS):
        for is_open, samples in frames.items():
            with bench.attempt(AGENT):
                asked = json.dumps({"program": str(bench.options.agent), "open": is_open})
                ended = subprocess.run(["node", SCRIPT, asked], stdout=subprocess.PIPE, check=True, timeout=120)
                seen = json.loads(ended.stdout)
                told[AGENT].append(seen["told"])
                samples[AGENT].append(seen["frame"])
    return [
        Row("demo to its addresses", "s", told),
        Row("demo to the first playing frame, browser open", "s", frames[True], [at_most(5, "s")]),
        Row("demo to the first playing frame, browser started then", "s", frames[False], [at_most(5, "s")]),
    ]
