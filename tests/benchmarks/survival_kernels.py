"""Speed of the survival kernels beside other programs, in one run; README.md beside it holds what it printed.

python tests/benchmarks/survival_kernels.py [--peers PYTHON] [--sizes 36 1000 ...] [--methods km ...] [--repeats 5]

lifelines is in the environment of the lock. statsmodels, comprisk and survival (Rust) are taken from the interpreter
`--peers` (`python -m venv X && X/bin/pip install statsmodels comprisk survival`), R's survival and cmprsk from
Rscript; what is absent is named and left out. Every program runs in a process of its own that stays; the programs
take turns at each method, so that whatever else the machine does meets them alike, and the median turn counts. A first
turn is not timed. Short calls are repeated within a turn, and have five times as many turns, since what else the machine
does weighs more on them. What takes longer than the limit is given up, at larger sizes too. One BLAS thread each, and an allocator that keeps what is freed.

Data: two groups, causes 1 and 2 and censoring at about 35, 25 and 40 per cent, two covariates, one of them the group;
seeded. Continuous times, or whole days up to day 1,095.
"""

import argparse
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
WORKER = HERE / "survival_kernels_worker.py"
SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Otherwise what a program imports decides whether each of its arrays costs page faults: an import that frees a large
# block stops the C library from giving memory back.
KEEP_MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(1 << 28))
SIZES = (36, 1_000, 10_000, 100_000, 1_000_000)
KINDS = ("continuous", "days")
OWN = "immrecon"
# (method of the table, program, its method, what it is)
ENTRIES = (
    ("Kaplan-Meier", OWN, "km", "S, SE"),
    ("Kaplan-Meier", OWN, "km-limits", "S, SE, log-log limits"),
    ("Kaplan-Meier", "R", "km", "survfit: S, SE, log limits"),
    ("Kaplan-Meier", "lifelines", "km", "S, log-log limits"),
    ("Kaplan-Meier", "statsmodels", "km", "S, SE, no limits"),
    ("Kaplan-Meier", "survival", "km", "Rust: S, SE, log limits"),
    ("Kaplan-Meier, beta-product", OWN, "km-beta", "S, SE, beta-product limits"),
    ("Aalen-Johansen", OWN, "aj", "2 causes, Greenwood = jackknife SE"),
    ("Aalen-Johansen", OWN, "aj-limits", "2 causes, the same SE, log-log and exact limits"),
    ("Aalen-Johansen", OWN, "aj-aalen", "2 causes, Aalen's SE"),
    ("Aalen-Johansen", "R", "aj", "cuminc: 2 causes, Aalen's SE"),
    ("Aalen-Johansen", "lifelines", "aj", "2 causes, one by one, ties jittered"),
    ("Aalen-Johansen", "statsmodels", "aj", "2 causes, Greenwood SE, no limits"),
    ("Aalen-Johansen", "comprisk", "aj", "2 causes, Aalen's SE"),
    ("Gray", OWN, "gray", "tests of both causes"),
    ("Gray", OWN, "gray-curves", "the same and the curves of each group"),
    ("Gray", "R", "gray", "cuminc: tests of both causes and curves"),
    ("Gray", "comprisk", "gray", "tests of both causes"),
    ("Log-rank", OWN, "logrank", ""),
    ("Log-rank", "R", "logrank", "survdiff"),
    ("Log-rank", "lifelines", "logrank", ""),
    ("Log-rank", "statsmodels", "logrank", ""),
    ("Log-rank", "survival", "logrank", "Rust"),
    ("Fine-Gray", OWN, "fine-gray", "full sandwich variance"),
    ("Fine-Gray", "R", "fine-gray", "crr: full sandwich variance"),
    ("Fine-Gray", "R", "fine-gray-rows", "finegray and coxph: robust variance"),
    ("Fine-Gray", "comprisk", "fine-gray", "variance without the censoring term"),
    ("Cox", OWN, "cox", "Efron"),
    ("Cox", "R", "cox", "coxph, Efron"),
    ("Cox", "lifelines", "cox", "Efron"),
    ("Cox", "statsmodels", "cox", "Efron"),
    ("Cox", "survival", "cox", "Rust, Efron"),
)
MODULES = ("survival", "competing_risks", "comparison", "regression", "recurrent", "interval_censored", "proportion")
HEAVY = ("scipy.stats", "scipy.optimize", "scipy.linalg", "pandas", "polars", "lifelines", "matplotlib")
# Calls within one turn add up to about this.
_TURN_S = 0.05
_LONG_S = 2.0
_SHORT_S, _TURNS_OF_SHORT = 0.01, 5


def write_data(folder: Path, n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    group = rng.integers(0, 2, n)
    x2 = rng.normal(size=n)
    hazard = np.exp(0.3 * group - 0.2 * x2)
    first, second, censored = (rng.exponential(scale, n) for scale in (800.0, 1100.0, 650.0))
    times = np.vstack((first / hazard, second, np.minimum(censored, 1095.0 + rng.uniform(0, 1, n))))
    time = times.min(axis=0)
    cause = np.array([1, 2, 0])[times.argmin(axis=0)]
    if kind == "days":
        time = np.minimum(np.floor(time), 1095.0)
    for name, values in (("time", time), ("x1", group), ("x2", x2)):
        values.astype(np.float64).tofile(folder / f"{name}.f64")
    for name, values in (("cause", cause), ("group", group)):
        values.astype(np.int32).tofile(folder / f"{name}.i32")


@dataclass
class Program:
    """A process that takes orders; restarted when it was given up."""

    name: str
    command: list[str]
    process: subprocess.Popen[str] | None = None
    folder: Path | None = None
    gave_up: set[str] = field(default_factory=set)

    def ask(self, order: str, limit_s: float) -> str | None:
        """One line of answer; None if it took too long."""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=os.environ | SINGLE | KEEP_MEMORY,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(limit_s):
                self.stop()
                return None
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} ended at: {order}")
        return answer

    def load(self, folder: Path) -> None:
        self.folder = folder
        self.ask(f"load {folder}", 600)

    def run(self, method: str, calls: int, limit_s: float) -> tuple[float, float] | None:
        """Seconds of wall and CPU per call; None if given up."""
        if self.process is None and self.folder is not None:
            self.load(self.folder)
        answer = self.ask(f"run {method} {calls}", limit_s)
        if answer is None:
            return None
        wall, cpu = (float(word) / calls for word in answer.split())
        return wall, cpu

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def programs(peers: str | None) -> list[Program]:
    """Those that are installed; the others are named."""
    wanted = [(OWN, sys.executable), ("lifelines", sys.executable)]
    wanted += [(name, peers) for name in ("statsmodels", "comprisk", "survival")]
    out = []
    for name, python in wanted:
        check = f"from importlib.metadata import version; print(version({name!r}))"
        found = python and subprocess.run([python, "-c", f"import {name}; {check}"], capture_output=True, text=True)
        if python and found and found.returncode == 0:
            print(f"{name} {found.stdout.strip()}")
            out.append(Program(name, [python, str(WORKER), name]))
        else:
            print(f"{name}: absent, left out")
    versions = "for (p in c('survival', 'cmprsk')) cat(p, as.character(packageVersion(p)), ' ')"
    try:
        found_r = subprocess.run(["Rscript", "-e", versions], capture_output=True, text=True)
    except FileNotFoundError:
        found_r = None
    if found_r is not None and found_r.returncode == 0:
        print(f"R: {found_r.stdout.strip()}")
        out.append(Program("R", ["Rscript", "--vanilla", str(HERE / "survival_kernels.R")]))
    else:
        print("R with survival and cmprsk: absent, left out")
    return out


@dataclass
class Cell:
    """Seconds per call of each turn, or why there are none."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    note: str = ""

    def text(self) -> str:
        return f"{1e3 * statistics.median(self.wall):.3g}" if self.wall else self.note


Key = tuple[str, str, str, str, int]


def measure(
    found: list[Program], kind: str, sizes: Iterable[int], chosen: set[str], repeats: int, limit_s: float
) -> dict[Key, Cell]:
    """A cell per entry and size."""
    by_name = {p.name: p for p in found}
    cells: dict[Key, Cell] = {}
    with tempfile.TemporaryDirectory() as name:
        for p in found:
            p.gave_up.clear()
        for n in sizes:
            folder = Path(name) / str(n)
            folder.mkdir()
            write_data(folder, n, kind)
            for p in found:
                p.load(folder)
            for title in dict.fromkeys(e[0] for e in ENTRIES):
                entries = [e for e in ENTRIES if e[0] == title and e[1] in by_name and e[2] in chosen]
                of_method = {(*e[:3], kind, n): Cell() for e in entries}
                take_turns(by_name, of_method, repeats, limit_s)
                cells |= of_method
            print(f"{kind} {n} measured at {time.strftime('%H:%M:%S')}", file=sys.stderr)
    return cells


def take_turns(by_name: dict[str, Program], cells: dict[Key, Cell], repeats: int, limit_s: float) -> None:
    calls: dict[Key, int] = {}
    short: set[Key] = set()
    for key, cell in cells.items():
        p, method = by_name[key[1]], key[2]
        if method in p.gave_up:
            cell.note = "-"
            continue
        first = p.run(method, 1, limit_s)
        if first is None:
            p.gave_up.add(method)
            cell.note = f"> {1e3 * limit_s:.0f}"
            continue
        again = p.run(method, 1, limit_s) if first[0] < 1.0 else first
        if again is not None and again[0] >= _LONG_S:  # one turn is enough
            cell.wall.append(again[0])
            cell.cpu.append(again[1])
        elif again is not None:
            calls[key] = min(1000, max(1, round(_TURN_S / max(again[0], 1e-6))))
            if again[0] < _SHORT_S:
                short.add(key)
    for number_of_turn in range(repeats * _TURNS_OF_SHORT):
        for key, number in calls.items():
            if number_of_turn >= repeats and key not in short:
                continue
            turn = by_name[key[1]].run(key[2], number, limit_s)
            if turn is not None:
                cells[key].wall.append(turn[0])
                cells[key].cpu.append(turn[1])


def print_table(cells: dict[Key, Cell], kind: str, sizes: list[int]) -> None:
    present = {k[:3] for k in cells}
    entries = [e for e in ENTRIES if e[:3] in present]
    print(f"\n{'Whole days' if kind == 'days' else 'Continuous times'}, ms per call:\n")
    print("| | " + " | ".join(f"{n:,}" for n in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for title in dict.fromkeys(e[0] for e in entries):
        here = [e for e in entries if e[0] == title]
        print(f"| **{title}** " + "| " * len(sizes) + "|")
        for e in here:
            label = f"{e[1]} ({e[3]})" if e[3] else e[1]
            print(f"| {label} | " + " | ".join(cells[*e[:3], kind, n].text() for n in sizes) + " |")
        for what in ("wall", "cpu"):
            ratios = [ratio([cells[*e[:3], kind, n] for e in here], [e[1] for e in here], what) for n in sizes]
            if any(r != "-" for r in ratios):
                print(f"| *fastest other / first of {OWN}, {what}* | " + " | ".join(ratios) + " |")


def ratio(cells: list[Cell], names: list[str], what: str) -> str:
    """How many times as long the fastest of the others takes as the first way in this project."""
    own = [statistics.median(getattr(c, what)) for c, name in zip(cells, names, strict=True) if name == OWN and c.wall]
    other = [
        statistics.median(getattr(c, what)) for c, name in zip(cells, names, strict=True) if name != OWN and c.wall
    ]
    return f"**{min(other) / own[0]:.2g}**" if own and other and own[0] > 0 else "-"


def print_imports(repeats: int = 5) -> None:
    """Import of each module of the library in a fresh process, beside that of NumPy, and what heavy it brings."""
    print("\n| import | ms | heavy modules that come with it |\n|---|---|---|")
    for name in ("numpy", "numpy, scipy.special", *(f"immrecon.stats.{m}" for m in MODULES)):
        code = (
            "import sys, time; s = time.perf_counter()\n"
            f"import {name}\n"
            f"print(time.perf_counter() - s, *[m for m in {HEAVY} if m in sys.modules])"
        )
        runs = [
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
            for _ in range(repeats)
        ]
        took = statistics.median(float(words[0]) for words in runs)
        print(f"| {name} | {1e3 * took:.0f} | {', '.join(runs[0][1:]) or 'none'} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", help="Python with statsmodels, comprisk and survival")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--methods", nargs="+", default=sorted({e[2] for e in ENTRIES}))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=30.0, help="seconds after which a call is given up")
    options = parser.parse_args()
    found = programs(options.peers)
    for kind in KINDS:
        cells = measure(found, kind, options.sizes, set(options.methods), options.repeats, options.limit)
        print_table(cells, kind, options.sizes)
    for p in found:
        p.stop()
    print_imports()


if __name__ == "__main__":
    main()
