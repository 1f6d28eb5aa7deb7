"""Adds up what ./test ran and prints the closing line: python3 Scripts/summarize.py RESULTS_FOLDER

The folder holds `checks` (lines "passed NAME" or "failed NAME") and for each test runner a file `status-NAME` with its
exit status beside its JUnit XML files `NAME*.xml`. A runner that wrote no result, or failed without naming a test, counts
as a failure of its own: its tests were not all run.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


class Summary:
    """What passed, failed (with messages) and was skipped (with reasons)."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_checks(self, path):
        for line in path.read_text().splitlines() if path.exists() else []:
            outcome, name = line.split(" ", 1)
            if outcome == "passed":
                self.passed += 1
            else:
                self.failed.append(name)

    def add_junit(self, path):
        cases = list(ElementTree.parse(path).iter("testcase"))
        for case in cases:
            name = f"{case.get('classname', '')}: {case.get('name', '')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif (skip := case.find("skipped")) is not None:
                self.skipped.append((name, skip.get("message") or (skip.text or "").strip() or "no reason given"))
            else:
                self.passed += 1
        return len(cases)


def main():
    results = Path(sys.argv[1])
    summary = Summary()
    summary.add_checks(results / "checks")
    for status in sorted(results.glob("status-*")):
        part = status.name.removeprefix("status-")
        failures_before = len(summary.failed)
        # The Swift package manager writes a file for each of its two test libraries; only Swift Testing is used.
        files = [path for path in results.glob(f"{part}*.xml") if path.stat().st_size > 0]
        try:
            count = sum(summary.add_junit(path) for path in files)
        except ElementTree.ParseError as error:
            summary.failed.append(f"{part}: the results cannot be read ({error})")
            continue
        if count == 0:
            summary.failed.append(f"{part}: no test ran to its end")
        elif int(status.read_text()) != 0 and len(summary.failed) == failures_before:
            summary.failed.append(f"{part}: ended with exit status {status.read_text().strip()}")

    print()
    for name, reason in summary.skipped:
        print(f"skipped  {name}  ({reason})")
    for name in summary.failed:
        print(f"FAILED   {name}")
    print(f"{summary.passed} passed, {len(summary.failed)} failed, {len(summary.skipped)} skipped")
    return 1 if summary.failed or summary.passed == 0 else 0


sys.exit(main())
