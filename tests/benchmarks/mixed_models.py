"""Mixed models of this package beside R's nlme and lme4, on the same simulated values, in one run.

python tests/benchmarks/mixed_models.py [LARGE]: 36 participants and LARGE (5,000) with 12 visits each, a spline of
time by group, a fifth to a third of the values below a limit. R's times only where Rscript and the packages are.
Prints a table in Markdown.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from immrecon.stats.longitudinal import censored_mixed_model, mixed_model, natural_spline

DAYS = np.array([14, 28, 42, 60, 80, 100, 120, 150, 180, 240, 300, 365.0])
LIMIT = 1.3

IN_R = """
suppressPackageStartupMessages({library(nlme); library(lme4); library(splines); library(jsonlite)})
d <- read.csv(commandArgs(TRUE)[1]); N <- function(x) ns(x, knots = c(.8, 1.2), Boundary.knots = c(.35, 1.92))
timed <- function(f) { t <- proc.time(); r <- try(f(), silent = TRUE); s <- proc.time() - t
  if (inherits(r, "try-error")) NULL else c(s[[3]], s[[1]] + s[[2]]) }
out <- list(
  nlme_intercept = timed(function() lme(full ~ N(t) * group, d, random = ~ 1 | id, control = lmeControl(opt = "optim"))),
  nlme_slope = timed(function() lme(full ~ N(t) * group, d, random = ~ t | id, control = lmeControl(opt = "optim"))),
  lme4_intercept = timed(function() lmer(full ~ N(t) * group + (1 | id), d)),
  lme4_slope = timed(function() lmer(full ~ N(t) * group + (1 + t | id), d)))
cat(toJSON(out, digits = 6))
"""


def simulated(m: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(np.random.SeedSequence(20261128, spawn_key=(m,)))
    code = np.repeat(np.arange(m), DAYS.size)
    t = np.tile(np.sqrt(DAYS) / 10, m)
    group = (code % 3 == 0).astype(float)
    effects = rng.multivariate_normal([0, 0], [[0.16, -0.05], [-0.05, 0.09]], size=m)
    full = 0.6 + 0.2 * group + 1.3 * t - 0.25 * t**2 + effects[code, 0] + effects[code, 1] * t
    full = full + rng.normal(scale=0.25, size=t.size)
    return {"id": code, "t": t, "group": group, "full": full, "below": (full < LIMIT).astype(float)}


def timed(call) -> tuple[float, float]:
    """Wall and CPU seconds, the best of up to five runs within some seconds."""
    best, begun = (np.inf, np.inf), time.perf_counter()
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu), key=lambda pair: pair[1])
        assert result.status == "estimated", result.reason
        if time.perf_counter() - begun > 5:
            break
    return best


def own(d: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    curve = natural_spline(d["t"], knots=[0.8, 1.2], boundary=[0.35, 1.92])
    x = np.column_stack((np.ones(curve.shape[0]), curve, d["group"], curve * d["group"][:, None]))
    value, who, t = np.maximum(d["full"], LIMIT), d["id"], d["t"]
    return {
        "REML, intercept, Kenward-Roger": timed(lambda: mixed_model(d["full"], x, who)),
        "REML, intercept, Satterthwaite": timed(lambda: mixed_model(d["full"], x, who, df="satterthwaite")),
        "REML, intercept and slope, Kenward-Roger": timed(lambda: mixed_model(d["full"], x, who, slope=t)),
        "below a limit, intercept": timed(lambda: censored_mixed_model(value, d["below"], x, who)),
        "below a limit, intercept and slope": timed(lambda: censored_mixed_model(value, d["below"], x, who, slope=t)),
    }


def in_r(d: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "values.csv"
        np.savetxt(path, np.column_stack(list(d.values())), delimiter=",", header=",".join(d), comments="", fmt="%.17g")
        done = subprocess.run(["Rscript", "-e", IN_R, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return {}
    return {f"R {name.replace('_', ', ')} (REML)": tuple(pair) for name, pair in json.loads(done.stdout).items()}


def main(large: int) -> None:
    print("| model | participants x 12 | below, % | wall s | CPU s |\n|---|---|---|---|---|")
    for m in (36, large):
        d = simulated(m)
        for name, (wall, cpu) in (own(d) | in_r(d)).items():
            share = f"{100 * d['below'].mean():.0f}" if name.startswith("below") else ""
            print(f"| {name} | {m:,} | {share} | {wall:.3f} | {cpu:.3f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
