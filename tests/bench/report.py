"""From samples to a table and to JSON."""

import json
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import surroundings

OURS, RQBIT, NGINX = "ours", "rqbit", "nginx"
SERVERS = (OURS, RQBIT, NGINX)
Summary = dict[str, float]


@dataclass(frozen=True)
class Bound:
    """What a figure must show; it holds, does not, or cannot be told because somebody was not measured."""

    text: str
    holds: Callable[[Summary], bool | None]


def at_most(limit: float, unit: str) -> Bound:
    """Ours stays below the limit."""
    return Bound(f"≤ {limit:g} {unit}", lambda summary: summary[OURS] <= limit if OURS in summary else None)


def at_least(limit: float, unit: str) -> Bound:
    """Ours reaches the limit."""
    return Bound(f"≥ {limit:g} {unit}", lambda summary: summary[OURS] >= limit if OURS in summary else None)


def ratio(summary: Summary, rival: str) -> float | None:
    """Ours divided by the rival's."""
    return summary[OURS] / summary[rival] if OURS in summary and summary.get(rival) else None


def at_least_times(factor: float, rival: str) -> Bound:
    """Ours reaches that part of the rival's: for speeds."""
    text = f"≥ {factor:g} × {rival}"
    return Bound(text, lambda summary: compare(ratio(summary, rival), lambda value: value >= factor))


def at_most_times(factor: float, rival: str) -> Bound:
    """Ours stays below that multiple of the rival's: for times."""
    text = f"≤ {factor:g} × {rival}"
    return Bound(text, lambda summary: compare(ratio(summary, rival), lambda value: value <= factor))


def compare(value: float | None, holds: Callable[[float], bool]) -> bool | None:
    """Not measured stays not measured."""
    return None if value is None else holds(value)


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

    def verdict(self) -> str:
        """`ok`, `below`, `?` where something to compare with is missing, nothing without a bound."""
        if self.failure:
            return "failed"
        held = [bound.holds(self.summary()) for bound in self.bounds]
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


def cells(row: Row) -> list[str]:
    """The row as it is printed."""
    summary = row.summary()
    ours = row.samples.get(OURS, [])
    spread = f"{number(min(ours))}–{number(max(ours))}" if len(ours) > 1 else ""
    values = [number(summary.get(OURS)), spread, number(summary.get(RQBIT)), number(summary.get(NGINX))]
    ratios = [number(ratio(summary, rival)) for rival in (RQBIT, NGINX)]
    return [row.title, row.unit, *values, *ratios, ", ".join(bound.text for bound in row.bounds), row.verdict()]


def table(rows: list[Row]) -> str:
    """All rows, aligned: names and bounds to the left, numbers to the right."""
    head = ["figure", "unit", "ours", "min–max", "rqbit", "nginx", "× rqbit", "× nginx", "bound", ""]
    lines = [head, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    left = {0, 1, 8, 9}
    text = []
    for line in lines:
        padded = [cell.ljust(width) if column in left else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths))]
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


def as_json(facts: dict[str, object], rows: list[Row]) -> str:
    """Everything, for programs: each sample, the summaries, the bounds."""
    figures = [
        {
            "title": row.title,
            "unit": row.unit,
            "statistic": row.statistic.__name__,
            "samples": row.samples,
            "summary": {
                server: {"median": statistics.median(values), "min": min(values), "max": max(values)}
                for server, values in row.samples.items() if values
            },
            "ratios": {rival: ratio(row.summary(), rival) for rival in (RQBIT, NGINX)},
            "bounds": [{"text": bound.text, "holds": bound.holds(row.summary())} for bound in row.bounds],
            "verdict": row.verdict(),
            "failure": row.failure,
        }
        for row in rows
    ]
    return json.dumps({"machine": facts, "figures": figures}, indent=1) + "\n"
