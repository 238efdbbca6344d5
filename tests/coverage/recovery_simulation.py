"""Bias, coverage and type I error of what is said of recovery, at the sizes of groups that are met.

Run in batches by recovery_simulation.smk beside it, which rewrites recovery_simulation.csv and recovery_simulation.md.
Every replicate has a seed of its own, so that any of them can be repeated.

`recovery_simulation.py batch CELL FIRST LAST FILE` writes the answers of replicates FIRST to LAST - 1 of a cell,
`recovery_simulation.py table FILE ...` makes the table of all batches. The test beside it repeats the first few.
"""

import csv
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from immrecon.analyses.incidence_interval import incidence_on
from immrecon.stats.comparison import one_sample_logrank
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.longitudinal import MarginalMeans, censored_mixed_model, censored_normal, mixed_model
from immrecon.stats.proportion import clopper_pearson

TABLE = Path(__file__).with_name("recovery_simulation.csv")
PAGE = Path(__file__).with_suffix(".md")
SEED = 20261128
SIZES = (6, 14, 22, 36)
SHARES = (0.1, 0.3, 0.5)
REPLICATES, REPLICATES_OF_LINEAR = 5_000, 20_000
FIRST = 20
DAYS = np.array([14.0, 30, 60, 100, 180])
# log10 of a count: mean level and rise with the root of time, spread between and within participants.
LEVEL, RISE, BETWEEN, WITHIN = 0.8, 1.1, 0.4, 0.25
Floats = NDArray[np.float64]


# Days of the first sample above the threshold, and of relapse or death: constant hazards per day, seen at the visits.
VISITS = np.array([14.0, 28, 42, 60, 100])
RECOVERY, COMPETING = 0.012, 0.003
# Death in the group, and in print: one constant hazard per day; follow-up ends between these days.
DEATH, FOLLOWED = 0.0012, (90.0, 720.0)
LEVEL_OF_TESTS = 0.95
# Intervals that analyses use; the others stand beside them to show what was not chosen.
USED = {"t", "kenward-roger", "satterthwaite", "between-within", "log-log, exact bounds", "clopper-pearson", "exact"}


class Cell(NamedTuple):
    model: str
    n: int
    share_below: float


ANSWERS = {
    "index": pl.Int64, "number": pl.Int64, "quantity": pl.String, "interval": pl.String, "truth": pl.Float64,
    "estimate": pl.Float64, "conf_low": pl.Float64, "conf_high": pl.Float64,
}  # fmt: skip


class Answer(NamedTuple):
    quantity: str
    interval: str
    truth: float
    estimate: float
    conf_low: float
    conf_high: float


def cells() -> Iterator[Cell]:
    for n in SIZES:
        for share in (0.0, *SHARES):
            yield Cell("geometric mean", n, share)
        yield Cell("linear mixed", n, 0.0)
        for share in SHARES:
            yield Cell("mixed, values below a limit", n, share)
    for n in SIZES:
        yield Cell("threshold incidence", n, 0.0)
        yield Cell("one-sample tests", n, 0.0)


def replicates(cell: Cell) -> int:
    """More where approximate degrees of freedom are judged, whose coverage is off by half a per cent at most."""
    return REPLICATES_OF_LINEAR if cell.model == "linear mixed" else REPLICATES


def limit_for(share: float, mean: Floats, sd: float) -> float:
    """The limit below which this share of the values lies on average."""
    if share == 0:
        return -np.inf
    return float(brentq(lambda limit: ndtr((limit - mean) / sd).mean() - share, -9.0, 9.0))


def answers(quantity: str, interval: str, truth: float, means: MarginalMeans, row: int) -> Iterator[Answer]:
    estimate, error = float(means.estimate[row]), float(means.std_error[row])
    yield Answer(quantity, interval, truth, estimate, float(means.conf_low[row]), float(means.conf_high[row]))
    half = float(ndtri(0.975)) * error
    yield Answer(quantity, "normal", truth, estimate, estimate - half, estimate + half)


def geometric_mean(cell: Cell, rng: np.random.Generator) -> Iterator[Answer]:
    value = rng.normal(LEVEL, BETWEEN, cell.n)
    limit = limit_for(cell.share_below, np.array([LEVEL]), BETWEEN)
    for conf_type in ("t", "profile", "wald"):
        fit = censored_normal(np.maximum(value, limit), value < limit, conf_type=conf_type)
        if fit.status == "estimated":
            numbers = float(fit.coefficient[0]), float(fit.conf_low[0]), float(fit.conf_high[0])
            yield Answer("mean of log10", {"wald": "normal"}.get(conf_type, conf_type), LEVEL, *numbers)


def mixed(cell: Cell, rng: np.random.Generator) -> Iterator[Answer]:
    """Half of the participants in each group, no difference between the groups."""
    code = np.repeat(np.arange(cell.n), DAYS.size)
    t = np.tile(np.sqrt(DAYS) / 10, cell.n)
    group = (code % 2).astype(float)
    mean = LEVEL + RISE * t
    value = mean + rng.normal(0, BETWEEN, cell.n)[code] + rng.normal(0, WITHIN, code.size)
    x = np.column_stack((np.ones(code.size), t, group, t * group))
    rows = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
    quantities = (("mean at day 100", LEVEL + RISE), ("group difference at day 100", 0.0), ("group x time", 0.0))
    if cell.share_below == 0:
        fits = {df: mixed_model(value, x, code, df=df) for df in ("kenward-roger", "satterthwaite")}
    else:
        limit = limit_for(cell.share_below, mean, float(np.hypot(BETWEEN, WITHIN)))
        fits = {"between-within": censored_mixed_model(np.maximum(value, limit), value < limit, x, code)}
    for df, fit in fits.items():
        if fit.status == "estimated":
            means = fit.contrast(rows)
            for row, (quantity, truth) in enumerate(quantities):
                kept = 1 if df == "satterthwaite" else 2
                yield from list(answers(quantity, df, truth, means, row))[:kept]


def threshold_incidence(cell: Cell, rng: np.random.Generator) -> Iterator[Answer]:
    """First sample above a threshold by day 100, samples at the visits alone, relapse or death competing.

    One in seven is censored before day 100, on a day of its own, as in the simulation of survival.
    """
    crossed, other = rng.exponential(1 / RECOVERY, cell.n), rng.exponential(1 / COMPETING, cell.n)
    end = rng.uniform(*FOLLOWED, cell.n) / 1.8
    seen = np.append(VISITS, np.inf)[np.searchsorted(VISITS, crossed)]
    time = np.minimum(np.minimum(seen, other), end)
    cause = np.where(time == end, 0, np.where(time == seen, 1, 2))
    found = incidence_on(aalen_johansen(time, cause, causes=(1, 2)), 100)
    truth = probability_seen()
    yield Answer(
        "incidence by day 100", "log-log, exact bounds", truth, found.estimate, found.conf_low, found.conf_high
    )  # fmt: skip
    reached = int(((seen < other) & (seen <= VISITS[-1])).sum())
    exact = clopper_pearson(reached, cell.n)
    numbers = float(exact.estimate[0]), float(exact.conf_low[0]), float(exact.conf_high[0])
    yield Answer("proportion by day 100, all followed", "clopper-pearson", truth, *numbers)


def probability_seen() -> float:
    """Probability of a first sample above the threshold by the last visit, before the competing event."""
    before = np.append(0.0, VISITS[:-1])
    return float((np.exp(-COMPETING * VISITS) * (np.exp(-RECOVERY * before) - np.exp(-RECOVERY * VISITS))).sum())


def one_sample(cell: Cell, rng: np.random.Generator) -> Iterator[Answer]:
    """Under the null: how often the hazard ratio 1, and the proportion in print, lie within the limits."""
    died, end = rng.exponential(1 / DEATH, cell.n), rng.uniform(*FOLLOWED, cell.n)
    time, event = np.minimum(died, end), (died <= end).astype(np.int64)
    test = one_sample_logrank(time, event, DEATH * time)
    yield Answer("observed over expected deaths", "exact", 1.0, test.ratio, test.conf_low, test.conf_high)
    for name, p in (("score test, variance E", test.p_value), ("score test, variance (O + E)/2", test.p_average)):
        held = p >= 1 - LEVEL_OF_TESTS  # as limits that hold 1, or do not
        yield Answer("observed over expected deaths", name, 1.0, test.ratio, -np.inf if held else np.inf, np.inf)
    proportion = 0.547
    exact = clopper_pearson(int(rng.binomial(cell.n, proportion)), cell.n)
    numbers = float(exact.estimate[0]), float(exact.conf_low[0]), float(exact.conf_high[0])
    yield Answer("proportion against 0.547", "clopper-pearson", proportion, *numbers)


_KINDS = {
    "geometric mean": geometric_mean,
    "threshold incidence": threshold_incidence,
    "one-sample tests": one_sample,
}


def replicate(cell: Cell, number: int) -> list[Answer]:
    """All answers of one replicate; none where nothing could be estimated."""
    key = (list(cells()).index(cell), number)
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=key))
    return list(_KINDS.get(cell.model, mixed)(cell, rng))


def batch(index: int, first: int, last: int) -> pl.DataFrame:
    """Answers of replicates first to last - 1 of the cell at `index`, one row each."""
    cell = list(cells())[index]
    rows = [
        {"index": index, "number": number} | answer._asdict()
        for number in range(first, last)
        for answer in replicate(cell, number)
    ]
    return pl.DataFrame(rows, schema=ANSWERS)


def tally(answers: pl.DataFrame) -> list[dict[str, object]]:
    """One row per cell, quantity and interval, in the order of the cells."""
    every = list(cells())
    grouped = answers.group_by("index", "quantity", "interval", maintain_order=True)
    return [row(every[int(str(index))], group) for (index, _, _), group in grouped]


def row(cell: Cell, group: pl.DataFrame) -> dict[str, object]:
    """Coverage among replicates with an estimate; a replicate without one is counted apart."""
    error = (group["estimate"] - group["truth"]).to_numpy()
    held = ((group["conf_low"] <= group["truth"]) & (group["truth"] <= group["conf_high"])).to_numpy()
    width = np.nanmedian((group["conf_high"] - group["conf_low"]).to_numpy())
    coverage = held.mean()
    return cell._asdict() | {
        "quantity": group["quantity"][0],
        "interval": group["interval"][0],
        "replicates": replicates(cell),
        "estimated": group.height,
        "bias": f"{error.mean():.4f}",
        "bias_mc_error": f"{error.std(ddof=1) / np.sqrt(error.size):.4f}",
        "coverage": f"{coverage:.4f}",
        "coverage_mc_error": f"{np.sqrt(coverage * (1 - coverage) / held.size):.4f}",
        "median_width": f"{width:.4f}" if np.isfinite(width) else "",
        f"held_in_first_{FIRST}": int(held[(group["number"] < FIRST).to_numpy()].sum()),
    }


def page(rows: list[dict[str, object]]) -> str:
    shown = ("model", "n", "share_below", "quantity", "interval", "replicates", "estimated")
    shown += ("bias", "bias_mc_error", "coverage", "coverage_mc_error", "median_width")
    lines = ["| " + " | ".join(name.replace("_", " ") for name in shown) + " |", "|" + "---|" * len(shown)]
    lines += ["| " + " | ".join(str(line[name]) for name in shown) + " |" for line in rows]
    return "\n".join(lines) + "\n"


def write_table(files: Iterable[str]) -> None:
    answers = pl.concat([pl.read_parquet(file) for file in files]).sort("index", "number", maintain_order=True)
    rows = tally(answers)
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    head = (
        PAGE.read_text().split("| model |")[0] if PAGE.exists() else "# What is said of recovery, in small groups\n\n"
    )
    PAGE.write_text(head + page(rows))


if __name__ == "__main__":
    if sys.argv[1] == "batch":
        batch(*map(int, sys.argv[2:5])).write_parquet(sys.argv[5])
    else:
        write_table(sys.argv[2:])
