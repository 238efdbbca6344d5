"""Coverage of the 95 % intervals at the sizes of groups that are met: how often a limit pair holds the truth.

`python tests/coverage/simulate_coverage.py [CORES]` rewrites coverage.csv beside it and the table in README.md, in about
ten minutes of one core. Every replicate has a seed of its own, so that any of them can be repeated; the test beside
it repeats the first hundred of some.
"""

import csv
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.regression import cox, firth_cox
from immrecon.stats.survival import kaplan_meier

TABLE = Path(__file__).with_name("coverage.csv")
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
SEED = 20261128
SIZES = (6, 14, 22)
DAY = 180
# Uniform end of follow-up: one in seven is censored before the day at which coverage is asked for.
FOLLOWED_DAYS = (90.0, 720.0)
COMPETING = 0.2
REPLICATES = {"survival": 10_000, "incidence": 10_000, "hazard ratio": 5_000}
FIRST = 100
Floats = NDArray[np.float64]
# Per method the limits; None where the method gives none.
Limits = dict[str, tuple[float, float] | None]


class Scenario(NamedTuple):
    quantity: str
    truth: float
    n: int


def scenarios() -> Iterator[Scenario]:
    for quantity, truths in (
        ("survival", (0.9, 0.75, 0.5)),
        ("incidence", (0.1, 0.3, 0.5)),
        ("hazard ratio", (1.0, 3.0)),
    ):
        for truth in truths:
            for n in SIZES:
                yield Scenario(quantity, truth, n)


def censored(
    rng: np.random.Generator, event_day: Floats, end: Floats | None = None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Whole days: the day of the event or of the end of follow-up, and whether it is the event."""
    last = np.floor(rng.uniform(*FOLLOWED_DAYS, event_day.size)) if end is None else end
    return np.minimum(event_day, last), event_day <= last


def survival(truth: float, n: int, rng: np.random.Generator) -> Limits:
    """Exponential times with survival `truth` on DAY."""
    time, event = censored(rng, np.ceil(rng.exponential(-DAY / np.log(truth), n)))
    found: Limits = {}
    for conf_type in ("log-log", "plain", "beta-product", "beta-product-mid-p"):
        at = kaplan_meier(time, event, conf_type=conf_type).at(DAY)
        found[conf_type] = interval(at.conf_low[0], at.conf_high[0])
    return found


def incidence(truth: float, n: int, rng: np.random.Generator) -> Limits:
    """Two constant hazards: incidence `truth` of the cause and COMPETING of the other by DAY."""
    any_event = truth + COMPETING
    day = np.ceil(rng.exponential(-DAY / np.log1p(-any_event), n))
    cause = np.where(rng.random(n) * any_event < truth, 1, 2)
    time, event = censored(rng, day)
    found: Limits = {}
    for conf_type in ("log-log", "cloglog", "plain"):
        at = aalen_johansen(time, cause * event, causes=[1, 2], conf_type=conf_type).at(DAY)
        limits = interval(at.conf_low[0, 0], at.conf_high[0, 0])
        found[f"{conf_type} with exact bound"] = limits
        found[conf_type] = None if at.bound_exact[0, 0] else limits
    return found


def hazard_ratio(truth: float, n: int, rng: np.random.Generator) -> Limits:
    """Two groups of n/2, followed to DAY: 0.3 have the event in the first, `truth` times its hazard in the second."""
    x = np.repeat([0.0, 1.0], n // 2)
    day = np.ceil(rng.exponential(-DAY / np.log(0.7), n) / truth**x)
    time, event = censored(rng, day, np.minimum(np.floor(rng.uniform(*FOLLOWED_DAYS, n)), DAY))
    found: Limits = {}
    for name, fit in (
        ("Firth profile", firth_cox(time, event, x)),
        ("Firth Wald", firth_cox(time, event, x, conf_type="wald")),
        ("Cox Wald", cox(time, event, x)),
    ):
        with np.errstate(over="ignore"):
            found[name] = interval(*np.exp([fit.conf_low[0], fit.conf_high[0]]))
    return found


def interval(low: float, high: float) -> tuple[float, float] | None:
    """The limits, or None where they are missing or, before anybody has left, of no width."""
    return (float(low), float(high)) if low < high else None


SIMULATE: dict[str, Callable[[float, int, np.random.Generator], Limits]] = {
    "survival": survival,
    "incidence": incidence,
    "hazard ratio": hazard_ratio,
}


def tally(scenario: Scenario, replicates: int) -> list[dict[str, object]]:
    """Rows of the table of one scenario, one per method."""
    covered: dict[str, list[bool]] = {}
    undefined: dict[str, int] = {}
    for replicate in range(replicates):
        rng = np.random.default_rng(
            [SEED, list(SIMULATE).index(scenario.quantity), round(100 * scenario.truth), scenario.n, replicate]
        )
        for method, limits in SIMULATE[scenario.quantity](scenario.truth, scenario.n, rng).items():
            holds = limits is not None and limits[0] <= scenario.truth <= limits[1]
            covered.setdefault(method, []).append(holds)
            undefined[method] = undefined.get(method, 0) + (limits is None)
    rows: list[dict[str, object]] = []
    for method, holds_in in covered.items():
        share, missing = np.mean(holds_in), undefined[method]
        among = f"{sum(holds_in) / (replicates - missing):.4f}" if missing < replicates else ""
        rows.append(
            scenario._asdict()
            | {
                "method": method,
                "replicates": replicates,
                "coverage": f"{share:.4f}",
                "monte_carlo_error": f"{np.sqrt(share * (1 - share) / replicates):.4f}",
                "undefined": f"{missing / replicates:.4f}",
                "coverage_where_defined": among,
                "covered_in_first_100": sum(holds_in[:FIRST]),
            }
        )
    return rows


def run(scenario: Scenario) -> list[dict[str, object]]:
    warnings.simplefilter("error")
    return tally(scenario, REPLICATES[scenario.quantity])


def read() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def as_markdown(rows: list[dict[str, str]]) -> str:
    """One line per quantity, truth and method: coverage, Monte Carlo error and (undefined) in per cent at each size."""
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    for row in rows:
        share, error, undefined = (100 * float(row[k]) for k in ("coverage", "monte_carlo_error", "undefined"))
        cell = f"{share:.1f} ± {error:.1f}" + (f" ({undefined:.2g})" if undefined else "")
        found.setdefault((row["quantity"], row["truth"], row["method"]), {})[int(row["n"])] = cell
    lines = [
        "| quantity | truth | interval | " + " | ".join(f"n = {n}" for n in SIZES) + " |",
        "|---" * (3 + len(SIZES)) + "|",
    ]
    lines += ["| " + " | ".join([*key, *(cells[n] for n in SIZES)]) + " |" for key, cells in found.items()]
    return "\n".join(lines) + "\n"


def with_table(text: str, table: str) -> str:
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table + "\n" + END + rest.split(END)[1]


def main() -> None:
    with ProcessPoolExecutor(int(sys.argv[1]) if len(sys.argv) > 1 else 1) as pool:
        rows = [row for found in pool.map(run, scenarios()) for row in found]
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    README.write_text(with_table(README.read_text(), as_markdown(read())))


if __name__ == "__main__":
    main()
