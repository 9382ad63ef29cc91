"""From samples to a table and to JSON."""

import json
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import surroundings

STREAMING, LIBRQBIT, RQBIT, LIBTORRENT, NGINX = "streaming", "librqbit", "rqbit", "libtorrent", "nginx"
RATARMOUNT, AGENT, KUBO = "ratarmount", "agent", "kubo"
SERVERS = (STREAMING, LIBRQBIT, AGENT, RQBIT, LIBTORRENT, KUBO, NGINX, RATARMOUNT)
Summary = dict[str, float]


@dataclass(frozen=True)
class Bound:
    """What our figure must show beside the others': it does, does not, or cannot be told without a rival."""

    text: str
    holds: Callable[[float, Summary], bool | None]


def at_most(limit: float, unit: str) -> Bound:
    """Ours stays below the limit."""
    return Bound(f"≤ {limit:g} {unit}".rstrip(), lambda ours, _: ours <= limit)


def at_least(limit: float, unit: str) -> Bound:
    """Ours reaches the limit."""
    return Bound(f"≥ {limit:g} {unit}".rstrip(), lambda ours, _: ours >= limit)


def at_least_times(factor: float, rival: str) -> Bound:
    """Ours reaches that part of the rival's: for speeds."""
    text = f"≥ {factor:g} × {rival}"
    return Bound(text, lambda ours, summary: ours >= factor * summary[rival] if rival in summary else None)


def at_most_times(factor: float, rival: str) -> Bound:
    """Ours stays below that multiple of the rival's: for times."""
    text = f"≤ {factor:g} × {rival}"
    return Bound(text, lambda ours, summary: ours <= factor * summary[rival] if rival in summary else None)


def either(one: Bound, other: Bound) -> Bound:
    """One of two is enough."""

    def holds(ours: float, summary: Summary) -> bool | None:
        held = [bound.holds(ours, summary) for bound in (one, other)]
        return True if True in held else None if None in held else False

    return Bound(f"{one.text} or {other.text}", holds)


@dataclass
class Row:
    """One figure: the samples of every server, and how they are summed up."""

    title: str
    unit: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    bounds: list[Bound] = field(default_factory=list)
    statistic: Callable[[list[float]], float] = statistics.median
    failure: str | None = None

    def summary(self) -> Summary:
        """One number for each server that was measured."""
        return {server: self.statistic(values) for server, values in self.samples.items() if values}

    def ours(self) -> str:
        """Which column the bounds are for: the streaming engine where it takes part, our program where no engine does."""
        return next((name for name in (STREAMING, AGENT) if name in self.samples), LIBRQBIT)

    def ratio(self, rival: str) -> float | None:
        """Ours divided by the rival's."""
        summary = self.summary()
        return summary[self.ours()] / summary[rival] if self.ours() in summary and summary.get(rival) else None

    def held(self) -> list[bool | None]:
        """What came of each bound."""
        summary = self.summary()
        ours = summary.get(self.ours())
        return [None if ours is None else bound.holds(ours, summary) for bound in self.bounds]

    def verdict(self) -> str:
        """`ok`, `below`, `?` where something to compare with is missing, nothing without a bound."""
        if self.failure or (self.ours() in self.samples and not self.samples[self.ours()]):
            return "failed"
        held = self.held()
        if False in held:
            return "below"
        if None in held:
            return "?"
        return "ok" if held else ""


def number(value: float | None) -> str:
    """Three significant digits, never an exponent."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def cell(row: Row, server: str) -> str:
    """One number and, where samples differ, their spread."""
    values = row.samples.get(server)
    if not values:
        return "–"
    text = number(row.summary()[server])
    return f"{text} ({number(min(values))}–{number(max(values))})" if len(set(values)) > 1 else text


def table(rows: list[Row]) -> str:
    """All rows, aligned: names and bounds to the left, numbers to the right; only the columns of who was there."""
    servers = [server for server in SERVERS if any(row.samples.get(server) for row in rows)]
    rivals = [rival for rival in (RQBIT, KUBO, NGINX, RATARMOUNT) if rival in servers]
    lines = [["figure", "unit", *servers, *(f"× {rival}" for rival in rivals), "bound", "ok"]]
    for row in rows:
        numbers = [cell(row, server) for server in servers]
        numbers += [number(row.ratio(rival)) for rival in rivals]
        lines.append([row.title, row.unit, *numbers, ", ".join(bound.text for bound in row.bounds), row.verdict()])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    left = {0, 1, len(widths) - 2, len(widths) - 1}
    text = []
    for line in lines:
        padded = [entry.ljust(width) if column in left else entry.rjust(width)
                  for column, (entry, width) in enumerate(zip(line, widths))]
        text.append("  ".join(padded).rstrip())
    text.insert(1, "─" * max(len(line) for line in text))
    return "\n".join(text)


def machine() -> dict[str, object]:
    """What the figures were taken on; the load tells whether it was busy before."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model[0] if model else platform.machine(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**6,
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        "isolated": surroundings.isolated(),
    }


def heading(facts: dict[str, object]) -> str:
    """The machine in one line."""
    place = "own network namespace" if facts["isolated"] else "the machine's own network"
    return "{cores} cores, {processor}, Linux {kernel}, load {load:.1f}, ".format(**facts) + place


def as_json(facts: dict[str, object], rows: list[Row], notes: list[str]) -> str:
    """Everything, for programs: each sample, the summaries, the bounds."""
    figures = [
        {
            "title": row.title,
            "unit": row.unit,
            "statistic": row.statistic.__name__,
            "ours": row.ours(),
            "samples": row.samples,
            "summary": {
                server: {"median": statistics.median(values), "min": min(values), "max": max(values)}
                for server, values in row.samples.items() if values
            },
            "ratios": {rival: row.ratio(rival) for rival in SERVERS},
            "bounds": [{"text": bound.text, "holds": held} for bound, held in zip(row.bounds, row.held())],
            "verdict": row.verdict(),
            "failure": row.failure,
        }
        for row in rows
    ]
    return json.dumps({"machine": facts, "figures": figures, "notes": notes}, indent=1) + "\n"
