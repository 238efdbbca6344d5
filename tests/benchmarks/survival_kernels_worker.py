"""One program of `survival_kernels.py` in a process of its own: takes orders on standard input, answers with seconds.

`load FOLDER` reads the arrays, `run METHOD CALLS` times so many calls and prints seconds of wall and of CPU for all of
them. Reading a lower limit works out the upper one too. Imports, reading and the building of a program's own data
frame or matrix are not timed; anything else is.
"""

import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray[Any, Any]]
Call = Callable[[], object]


def immrecon(d: Arrays) -> dict[str, Call]:
    from immrecon.stats.comparison import logrank_test
    from immrecon.stats.competing_risks import aalen_johansen, fine_gray, gray_test
    from immrecon.stats.regression import cox
    from immrecon.stats.survival import kaplan_meier

    time, event, cause, group, x = d["time"], d["event"], d["cause"], d["group"], d["x"]
    causes = (1, 2)

    def gray() -> object:
        return [gray_test(time, cause, group, of_interest=k, causes=causes) for k in causes]

    def gray_and_curves() -> object:
        mine = [group == k for k in (0, 1)]
        curves = [aalen_johansen(time[m], cause[m], causes=causes, variance="aalen") for m in mine]
        return curves, gray()

    return {
        "km": lambda: kaplan_meier(time, event),
        "km-limits": lambda: kaplan_meier(time, event).conf_low,
        "km-beta": lambda: kaplan_meier(time, event, conf_type="beta-product").conf_low,
        "aj": lambda: aalen_johansen(time, cause, causes=causes),
        "aj-limits": lambda: aalen_johansen(time, cause, causes=causes).conf_low,
        "aj-aalen": lambda: aalen_johansen(time, cause, causes=causes, variance="aalen"),
        "gray": gray,
        "gray-curves": gray_and_curves,
        "logrank": lambda: logrank_test(time, event, group),
        "fine-gray": lambda: fine_gray(time, cause, x, of_interest=1, causes=causes),
        "cox": lambda: cox(time, event, x),
    }


def lifelines(d: Arrays) -> dict[str, Call]:
    import pandas as pd
    from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    time, event, cause, group = d["time"], d["event"], d["cause"], d["group"]
    frame = pd.DataFrame({"time": time, "event": event, "x1": d["x"][:, 0], "x2": d["x"][:, 1]})
    return {
        "km": lambda: KaplanMeierFitter().fit(time, event),
        "aj": lambda: [AalenJohansenFitter().fit(time, cause, event_of_interest=k) for k in (1, 2)],
        "logrank": lambda: multivariate_logrank_test(time, group, event),
        "cox": lambda: CoxPHFitter().fit(frame, "time", "event"),
    }


def statsmodels(d: Arrays) -> dict[str, Call]:
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

    time, event, cause, group, x = d["time"], d["event"], d["cause"], d["group"], d["x"]
    return {
        "km": lambda: SurvfuncRight(time, event),
        "aj": lambda: CumIncidenceRight(time, cause),
        "logrank": lambda: survdiff(time, event, group),
        "cox": lambda: PHReg(time, x, status=event, ties="efron").fit().bse,
    }


def comprisk(d: Arrays) -> dict[str, Call]:
    from comprisk import CumulativeIncidence, FineGrayRegression, gray_test

    time, cause, group, x = d["time"], d["cause"], d["group"], d["x"]

    def gray() -> object:
        return [gray_test(time, cause, group, cause=k) for k in (1, 2)]

    return {
        "aj": lambda: CumulativeIncidence().fit(time, cause),
        "gray": gray,
        "gray-curves": lambda: (CumulativeIncidence().fit(time, cause, group=group), gray()),
        "fine-gray": lambda: FineGrayRegression(robust_se=True).fit(x, time=time, event=cause),
    }


def rust(d: Arrays) -> dict[str, Call]:
    import survival

    frame = {"time": d["time"], "event": d["event"], "group": d["group"], "x1": d["x"][:, 0], "x2": d["x"][:, 1]}
    return {
        "km": lambda: survival.survfit("Surv(time, event) ~ 1", frame),
        "logrank": lambda: survival.survdiff("Surv(time, event) ~ group", frame),
        "cox": lambda: survival.coxph("Surv(time, event) ~ x1 + x2", frame),
    }


PROGRAMS = {
    "immrecon": immrecon,
    "lifelines": lifelines,
    "statsmodels": statsmodels,
    "comprisk": comprisk,
    "survival": rust,
}


def load(folder: Path) -> Arrays:
    d: Arrays = {name: np.fromfile(folder / f"{name}.f64") for name in ("time", "x1", "x2")}
    d |= {name: np.fromfile(folder / f"{name}.i32", dtype=np.int32).astype(np.int64) for name in ("cause", "group")}
    return d | {"event": (d["cause"] > 0).astype(np.int64), "x": np.column_stack((d["x1"], d["x2"]))}


def timed(call: Call, calls: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    warnings.simplefilter("ignore")
    build = partial(PROGRAMS[sys.argv[1]])
    methods: dict[str, Call] = {}
    for line in sys.stdin:
        order, *words = line.split()
        if order == "load":
            methods = build(load(Path(words[0])))
            print(*methods, flush=True)
        else:
            print(*timed(methods[words[0]], int(words[1])), flush=True)


if __name__ == "__main__":
    main()
