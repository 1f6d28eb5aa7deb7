"""Gathers figures, forms ratios, writes the results file and the JSON beside it."""

import json
import os
import shlex
import statistics
import tempfile
from pathlib import Path

TITLE = """# Results

Made by the commands that stand in each section; `Documentation/Performance.md` says what each figure means. Median, then the
least and the greatest of the repetitions.
"""

# Options that say where files are.
PLACES = ("--data", "--venv", "--out", "--outcrop")


class Results:
    """Values by figure and peer, one per repetition (None where it was not measured)."""

    def __init__(self, figures):
        self.figures = figures
        self.values = {}
        self.shares = {}
        self.notes = {}

    def add(self, figure, peer, repetition, value):
        self.values.setdefault((figure, peer), {})[repetition] = value

    def add_share(self, figure, peer, repetition, share):
        """The share of the machine's limits that a value is."""
        self.shares.setdefault((figure, peer), {})[repetition] = share

    def note(self, figure, peer, reason):
        """Why there is no value."""
        self.notes[figure, peer] = reason

    def summary(self, figure, peer):
        return spread(list(self.values.get((figure, peer), {}).values()))

    def ratio(self, figure, first, other):
        """By how much the first is better than the other, repetition by repetition; over 1 where it is better."""
        mine, theirs = (self.values.get((figure.name, peer), {}) for peer in (first, other))
        pairs = [(mine[key], theirs[key]) for key in mine if key in theirs]
        return spread([a / b if figure.higher_is_better else b / a for a, b in pairs if a > 0 and b > 0])

    def json(self, peers):
        """Figures in the order of their measuring."""
        rows = []
        for figure in self.figures:
            measured = {peer: self._entry(figure.name, peer) for peer in peers}
            rows.append({
                "name": figure.name, "unit": figure.unit, "meaning": figure.meaning,
                "higher_is_better": figure.higher_is_better, "results": measured,
                "ratios": {peer: ratio for peer in peers[1:] if (ratio := self.ratio(figure, peers[0], peer))}})
        return rows

    def _entry(self, figure, peer):
        values = list(self.values.get((figure, peer), {}).values())
        entry = {"values": values} | (spread(values) or {})
        if (figure, peer) in self.shares:
            entry["share"] = spread(list(self.shares[figure, peer].values()))
        if (figure, peer) in self.notes:
            entry["note"] = self.notes[figure, peer]
        return entry


def spread(values):
    """Median, least and greatest; None without values."""
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def shown(value):
    """Three significant figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def shown_spread(entry, unit=1):
    """A median with its spread, in some unit."""
    if entry is None or "median" not in entry:
        return "–"
    median, least, most = (shown(entry[name] / unit) for name in ("median", "min", "max"))
    return median if least == most else f"{median} ({least}–{most})"


def table(header, rows):
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def command(name, arguments):
    """The command as others would type it: where this machine keeps its files is left out."""
    kept, skips = [], False
    for argument in arguments:
        if not skips and argument.split("=")[0] not in PLACES:
            kept.append(argument)
        skips = argument in PLACES
    return shlex.join([f"Benchmarks/{name}", *kept])


def write_section(folder, name, title, body, record):
    """Replaces one section of RESULTS.md and its entry in RESULTS.json; the others stay."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text, records = folder / "RESULTS.md", folder / "RESULTS.json"
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    old = text.read_text() if text.exists() else TITLE
    section = f"{begin}\n## {title}\n\n{body}\n{end}"
    if begin in old and end in old:
        before, rest = old.split(begin, 1)
        new = before + section + rest.split(end, 1)[1]
    else:
        new = old.rstrip() + "\n\n" + section + "\n"
    replace(text, new)
    known = json.loads(records.read_text()) if records.exists() else {}
    known[name] = record
    replace(records, json.dumps(known, indent=1, ensure_ascii=False) + "\n")


def replace(path, text):
    """Writes a file in one step, so that it is never half there."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
