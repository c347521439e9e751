"""Adds up what llvm-cov counted for several programs, prints a table, and fails when something was not reached.

    table.py SOURCES COPY COUNTS...

COPY is where SOURCES were built. Each of COUNTS is an export of llvm-cov as JSON. A branch is one answer of one condition.
A place is a stretch of code that is entered by itself: an arm of a match, the way out at a question mark, a function.
"""

import json
import sys
from collections import Counter
from pathlib import Path

# The kind of a region that is code, to llvm-cov.
CODE = 0
# Built for the unit tests alone.
OF_TESTS = {"specimen.rs"}
COLUMNS = ("lines", "taken", "branches", "taken", "places", "taken")


def main(sources, copy, *exports):
    counted = Counted(Path(copy).resolve())
    for export in exports:
        counted.add(json.loads(Path(export).read_text()))
    rows, missed = {}, []
    for path in sorted(Path(sources).rglob("*.rs")):
        name = path.relative_to(sources).as_posix()
        if name in counted.places and name not in OF_TESTS:
            rows[name], missed_here = counted.in_file(name, path.read_text().splitlines())
            missed += [f"{path}:{miss}" for miss in missed_here]
    print_table(rows)
    for miss in missed:
        print(miss)
    return 1 if missed or not rows else 0


def print_table(rows):
    rows["all"] = [sum(column) for column in zip(*rows.values())]
    for name, cells in [("file", COLUMNS), *rows.items()]:
        print(f"{name:<24}" + "".join(f"{cell:>10}" for cell in cells))


class Counted:
    """How often each place was entered, and each condition was true and false, whichever program did it."""

    def __init__(self, copy):
        self.copy = copy
        self.places, self.true, self.false = {}, {}, {}

    def add(self, export):
        for function in export["data"][0]["functions"]:
            path = Path(function["filenames"][0])
            if not path.is_relative_to(self.copy):
                continue
            name = path.relative_to(self.copy).as_posix()
            places, true, false = (file.setdefault(name, Counter()) for file in (self.places, self.true, self.false))
            for *span, entered, _, _, kind in function["regions"]:
                if kind == CODE:
                    places[tuple(span)] += entered
            for *span, times_true, times_false, _, _, _ in function["branches"]:
                true[tuple(span)] += times_true
                false[tuple(span)] += times_false

    def in_file(self, name, text):
        """The file's cells of the table, and each line of it that was not reached, with what is missing there."""
        end = start_of_tests(text)
        places, true, false = (before(end, file[name]) for file in (self.places, self.true, self.false))
        lines = lines_of(places).values()
        branches = [*true.values(), *false.values()]
        cells = [number for counts in (lines, branches, places.values()) for number in (len(counts), taken(counts))]
        missed = {
            (line, what)
            for what, counts in (("never entered", places), ("never true", true), ("never false", false))
            for (line, *_), times in counts.items()
            if not times
        }
        return cells, [f"{line}: {what}: {text[line - 1].strip()}" for line, what in sorted(missed)]


def start_of_tests(text):
    """The line at which the file's unit tests begin, or the one behind its last."""
    starts = [number for number, line in enumerate(text, 1) if line == "#[cfg(test)]" and text[number] == "mod tests {"]
    return starts[0] if starts else len(text) + 1


def before(end, counts):
    return {span: times for span, times in counts.items() if span[0] < end}


def taken(counts):
    return sum(1 for times in counts if times)


def lines_of(places):
    """Each line that holds code, and how often its innermost place was entered: the one that begins last."""
    lines = {}
    for (first, _, last, _), times in sorted(places.items()):
        for line in range(first, last + 1):
            lines[line] = max(times, lines.get(line, 0)) if line == first else times
    return lines


sys.exit(main(*sys.argv[1:]))
