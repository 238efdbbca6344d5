"""Bias, coverage and type I error of geometric means and mixed models at the sizes of groups that are met.

`python tests/coverage/recovery_simulation.py [REPLICATES] [CORES]` rewrites recovery_simulation.csv and
recovery_simulation.md beside it. Every replicate has a seed of its own, so that any of them can be repeated; the test
beside it repeats the first ones of some cells.
"""

import csv
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from immrecon.stats.longitudinal import MarginalMeans, censored_mixed_model, censored_normal, mixed_model

TABLE = Path(__file__).with_name("recovery_simulation.csv")
PAGE = Path(__file__).with_suffix(".md")
SEED = 20261128
SIZES = (6, 14, 22, 36)
SHARES = (0.1, 0.3, 0.5)
FIRST = 20
DAYS = np.array([14.0, 30, 60, 100, 180])
# log10 of a count: mean level and rise with the root of time, spread between and within participants.
LEVEL, RISE, BETWEEN, WITHIN = 0.8, 1.1, 0.4, 0.25
Floats = NDArray[np.float64]


class Cell(NamedTuple):
    model: str
    n: int
    share_below: float


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


def replicate(cell: Cell, number: int) -> list[Answer]:
    """All answers of one replicate; none where nothing could be estimated."""
    key = (list(cells()).index(cell), number)
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=key))
    return list(geometric_mean(cell, rng) if cell.model == "geometric mean" else mixed(cell, rng))


def tally(cell: Cell, replicates: int) -> list[dict[str, object]]:
    """One row per quantity and interval."""
    found: dict[tuple[str, str], list[tuple[int, Answer]]] = {}
    for number in range(replicates):
        for answer in replicate(cell, number):
            found.setdefault((answer.quantity, answer.interval), []).append((number, answer))
    return [row(cell, replicates, group) for group in found.values()]


def row(cell: Cell, replicates: int, group: list[tuple[int, Answer]]) -> dict[str, object]:
    """Coverage among replicates with an estimate; a replicate without one is counted apart."""
    one = group[0][1]
    error = np.array([answer.estimate - answer.truth for _, answer in group])
    held = np.array([answer.conf_low <= answer.truth <= answer.conf_high for _, answer in group])
    width = np.median([answer.conf_high - answer.conf_low for _, answer in group])
    coverage = held.mean()
    return cell._asdict() | {
        "quantity": one.quantity,
        "interval": one.interval,
        "replicates": replicates,
        "estimated": len(group),
        "bias": f"{error.mean():.4f}",
        "bias_mc_error": f"{error.std(ddof=1) / np.sqrt(error.size):.4f}",
        "coverage": f"{coverage:.4f}",
        "coverage_mc_error": f"{np.sqrt(coverage * (1 - coverage) / held.size):.4f}",
        "median_width": f"{width:.4f}",
        f"held_in_first_{FIRST}": int(sum(h for h, (number, _) in zip(held, group, strict=True) if number < FIRST)),
    }


def page(rows: list[dict[str, object]]) -> str:
    shown = ("model", "n", "share_below", "quantity", "interval", "replicates", "estimated")
    shown += ("bias", "bias_mc_error", "coverage", "coverage_mc_error", "median_width")
    lines = ["| " + " | ".join(name.replace("_", " ") for name in shown) + " |", "|" + "---|" * len(shown)]
    lines += ["| " + " | ".join(str(line[name]) for name in shown) + " |" for line in rows]
    return "\n".join(lines) + "\n"


def main(replicates: int, cores: int) -> None:
    todo = list(cells())
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(cores) as pool:
        for cell, found in zip(todo, pool.map(tally, todo, [replicates] * len(todo)), strict=True):
            rows += found
            print(*cell, flush=True)
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    text = PAGE.read_text() if PAGE.exists() else "# Geometric means and mixed models\n\n"
    PAGE.write_text(text.split("| model |")[0] + page(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
