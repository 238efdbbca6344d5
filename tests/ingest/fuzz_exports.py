"""Fuzz run of the lab ingest: mutated exports of every kind end in values, queries, or a clear SourceError.

    python tests/ingest/fuzz_exports.py [N=10000] [SEED=1] [--workers 2] [--table FILE]

Every case runs in a process of its own kind: one that has used too much memory or time is ended and named. Prints the
outcomes by mutation, writes them to FILE, and exits with 1 on any violation. A case is repeated with `--only NUMBER`.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.ingest.fuzz.cases import GOOD, MAY_FAIL, Outcome, mutated, peak_megabytes, run_case  # noqa: E402

SECONDS = 30.0
"""Of the ingest of one file; nearly all take a tenth of a second, and the machine may be busy."""
STALLED = 120.0
"""After these a case is ended, comparison included."""
MEGABYTES = 1_000.0
"""Of the whole process, libraries and exports included (250 MB): limits of the run allow tables of 400,000 cells."""
ADDRESS_SPACE = 16 * 2**30
SURVIVING = 0.95
CASES_OF_A_WORKER = 500


def work(pipe: Connection, seed: int) -> None:
    """Cases as they come, until there is none."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    with tempfile.TemporaryDirectory() as folder:
        while (number := pipe.recv()) is not None:
            pipe.send((number, run_case(seed, number, Path(folder)), peak_megabytes()))


class Worker:
    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, seed), daemon=True)
        self.process.start()
        other.close()
        self.number = -1
        self.since = 0.0
        self.cases = 0

    def give(self, number: int) -> None:
        self.number, self.since, self.cases = number, time.monotonic(), self.cases + 1
        self.pipe.send(number)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def run(cases: range, seed: int, workers: int, until: float) -> Iterator[tuple[int, Outcome]]:
    """Outcomes as they come; no new case begins after `until` (of the monotonic clock)."""
    numbers = iter(cases)
    busy: list[Worker] = []
    idle = [Worker(seed) for _ in range(workers)]
    while True:
        while idle and time.monotonic() < until and (number := next(numbers, None)) is not None:
            busy.append(idle.pop())
            busy[-1].give(number)
        if not busy:
            break
        ready = wait([worker.pipe for worker in busy], timeout=1.0)
        for worker in busy[:]:
            replacement = worker
            if worker.pipe in ready:
                try:
                    number, outcome, peak = worker.pipe.recv()
                except EOFError:
                    yield worker.number, _ended(seed, worker, "DIED")
                    replacement = Worker(seed)
                else:
                    too_much = peak > MEGABYTES
                    if too_much:
                        outcome = _ended(seed, worker, "OVER MEMORY", f"{peak:.0f} MB")
                    elif outcome.seconds > SECONDS:
                        outcome = _ended(seed, worker, "OVER TIME", f"{outcome.seconds:.0f} s")
                    yield number, outcome
                    if too_much or worker.cases >= CASES_OF_A_WORKER:
                        replacement = Worker(seed)
            elif time.monotonic() - worker.since > STALLED:
                yield worker.number, _ended(seed, worker, "OVER TIME")
                replacement = Worker(seed)
            else:
                continue
            if replacement is not worker:
                worker.end()
            busy.remove(worker)
            idle.append(replacement)
    for worker in idle:
        worker.end()


def _ended(seed: int, worker: Worker, kind: str, detail: str = "") -> Outcome:
    mutation, writer, export, _, _ = mutated(seed, worker.number)
    return Outcome(mutation, writer, export.dialect["layout"]["format"], kind, detail=detail)


def table(outcomes: list[Outcome]) -> list[str]:
    head = [
        "mutation",
        "cases",
        *GOOD,
        "violations",
        "cells not touched",
        "of them values",
        "values checked",
        "files counted",
    ]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.mutation].append(outcome)
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for name, group in [*sorted(groups.items()), ("all", outcomes)]:
        kinds = Counter(outcome.kind for outcome in group)
        untouched, survived = (sum(getattr(o, what) for o in group) for what in ("untouched", "survived"))
        share = f"{survived / untouched:.2%}" if untouched else ""
        bad = sum(number for kind, number in kinds.items() if kind not in GOOD)
        numbers = [len(group), *(kinds[kind] for kind in GOOD), bad, untouched, share, sum(o.checked for o in group),
                   sum(o.counted for o in group)]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(f'{n:,}' if isinstance(n, int) else n for n in numbers)} |")
    return lines


def by_format(outcomes: list[Outcome]) -> list[str]:
    """Refused files, and how many of them a plain reader cannot read as declared either."""
    lines = ["| format | cases | refused | by the plain reader too |", "|---|---:|---:|---:|"]
    for name in sorted({outcome.format for outcome in outcomes}):
        group = [outcome for outcome in outcomes if outcome.format == name]
        refused = [outcome for outcome in group if outcome.kind == "refused"]
        lines.append(f"| {name} | {len(group):,} | {len(refused):,} | {sum(o.agreed for o in refused):,} |")
    return lines


def allowed() -> str:
    return "; ".join(f"{name} ({', '.join(sorted(formats))})" for name, formats in sorted(MAY_FAIL.items()))


def report(outcomes: list[Outcome], cases: range, seed: int, took: float) -> str:
    first = f" --first {cases.start}" if cases.start else ""
    untouched, survived = sum(o.untouched for o in outcomes), sum(o.survived for o in outcomes)
    kinds = Counter(query for o in outcomes for query, n in o.queries.items())
    return "\n".join(
        [
            "# Fuzz run of the lab ingest",
            "",
            f"`python tests/ingest/fuzz_exports.py {cases.stop} {seed}{first}`: {len(outcomes):,} mutated exports of "
            f"{len(cases):,} asked for, seed {seed}, "
            f"{took / 60:.0f} minutes.",
            "",
            "- equal: the values of the study and no query; changed: other values, each as its own cell in the changed file says, and",
            "  no query; queries: values and queries; refused: a `SourceError`, only where `MAY_FAIL` allows it.",
            "- Violations are a traceback, a value that a plain reader does not find in its cell, a cell that is not counted, more than",
            f"  {MEGABYTES:,.0f} MB or {SECONDS:.0f} seconds, and a `SourceError` elsewhere.",
            f"- Of {untouched:,} cells in files that were read and that the mutation did not touch, {survived / max(untouched, 1):.2%} are values",
            f"  (at least {SURVIVING:.0%} wanted).",
            "",
            *table(outcomes),
            "",
            *by_format(outcomes),
            "",
            f"A `SourceError` is allowed for: {allowed()}.",
            "",
            "Kinds of query, by number of files: "
            + ", ".join(f"{name} {n:,}" for name, n in kinds.most_common())
            + ".",
            "",
        ]
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("n", nargs="?", type=int, default=10_000)
    options.add_argument("seed", nargs="?", type=int, default=1)
    options.add_argument(
        "--first", type=int, default=0, help="the number of the first case; n is then that after the last"
    )
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--minutes", type=float, default=600.0, help="no new case begins after these")
    options.add_argument("--table", type=Path, help="the file that the table is written to")
    options.add_argument("--only", type=int, help="the number of one case, which is run here")
    given = options.parse_args()
    if given.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(run_case(given.seed, given.only, Path(folder)))
        return 0
    start = time.monotonic()
    outcomes: dict[int, Outcome] = {}
    cases = range(given.first, given.n)
    for number, outcome in run(cases, given.seed, given.workers, start + 60 * given.minutes):
        outcomes[number] = outcome
        if outcome.kind not in GOOD:
            print(f"{outcome.kind}: case {number}, {outcome.mutation}, {outcome.writer}: {outcome.detail}", flush=True)
    found = [outcomes[number] for number in sorted(outcomes)]
    text = report(found, cases, given.seed, time.monotonic() - start)
    print(text)
    if given.table is not None:
        given.table.write_text(text, encoding="utf-8")
    untouched, survived = sum(o.untouched for o in found), sum(o.survived for o in found)
    return int(any(o.kind not in GOOD for o in found) or survived < SURVIVING * untouched)


if __name__ == "__main__":
    sys.exit(main())
