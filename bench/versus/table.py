"""The table: to the screen, as Markdown and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.versus.results import Results

OURS = "tieline"
LAST = ("bare", "FastAPI, no database", "bare dict", "bare bytes")


def columns(results: Results) -> list[str]:
    """Us first, then the others as they came, the bare ones last."""
    known = dict.fromkeys(contender for _, contender in results.samples)
    others = [name for name in known if name != OURS and name not in LAST]
    return [name for name in (OURS, *others, *LAST) if name in known]


def cell(results: Results, line: str, contender: str) -> str:
    """``median (least-most)``; "-" where it takes no part or failed."""
    taken = results.samples.get((line, contender))
    middle = results.median(line, contender)
    if not taken or middle is None:
        return "-"
    if len(taken) == 1:
        return number(middle)
    return f"{number(middle)} ({number(min(taken))}-{number(max(taken))})"


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratios(results: Results, line: str) -> str:
    """``12x n8n, 0.5x node-red``: how many times better we are."""
    told = []
    for contender in results.contenders(line):
        ratio = results.ratio(line, OURS, contender)
        if contender != OURS and ratio is not None:
            told.append(f"{ratio:.0f}x {contender}" if ratio >= 10 else f"{ratio:.2f}x {contender}")
    return ", ".join(told)


def markdown(results: Results, about: dict[str, Any]) -> str:
    """The whole report."""
    names = columns(results)
    text = ["# Tieline beside others", "", "Medians of interleaved rounds (least-most). Ratios: how many times better"]
    text += ["Tieline is, the median of the rounds' own ratios.", ""]
    text += ["| work | " + " | ".join(names) + " | Tieline is | goal |", "|---" * (len(names) + 3) + "|"]
    for line, figure in results.figures.items():
        cells = " | ".join(cell(results, line, name) for name in names)
        text.append(f"| {line}, {figure.unit} | {cells} | {ratios(results, line)} | {figure.goal} |")
    text += ["", "## Who took part", "", "| | version | how |", "|---|---|---|"]
    text += [f"| {name} | {one['version']} | {one['how']} |" for name, one in about["contenders"].items()]
    text += ["", "## The machine", ""]
    text += [f"* {name.replace('_', ' ')}: {value}" for name, value in about["machine"].items()]
    text += [f"* {name.replace('_', ' ')}: {value}" for name, value in about["measured"].items()]
    if results.notes:
        text += ["", "## What did not work", ""]
        text += [f"* {note}" for note in results.notes]
    return "\n".join(text) + "\n"


def screen(results: Results) -> str:
    """One paragraph a line: short enough for a terminal."""
    text = []
    for line, figure in results.figures.items():
        goal = f"   goal: {figure.goal}" if figure.goal else ""
        text.append(f"{line} [{figure.unit}]{goal}")
        for name in columns(results):
            if (line, name) in results.samples:
                text.append(f"    {name:20} {cell(results, line, name)}")
        if told := ratios(results, line):
            text.append(f"    tieline is {told}")
    text += [f"failed: {note}" for note in results.notes]
    return "\n".join(text)


def write(results: Results, about: dict[str, Any], folder: Path) -> None:
    """``versus.md`` and ``versus.json``; written after every round: an end in the middle leaves what there is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "versus.md").write_text(markdown(results, about), encoding="utf-8")
    lines = [
        {
            "line": line,
            "unit": figure.unit,
            "more_is_better": figure.more_is_better,
            "goal": figure.goal,
            "samples": {
                name: [round(one, 4) for one in results.samples[line, name]] for name in results.contenders(line)
            },
            "median": {name: results.median(line, name) for name in results.contenders(line)},
            "tieline_is_times_better_than": {
                name: results.ratio(line, OURS, name) for name in results.contenders(line) if name != OURS
            },
        }
        for line, figure in results.figures.items()
    ]
    told = {**about, "lines": lines, "failed": results.notes}
    (folder / "versus.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
