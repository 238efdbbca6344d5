"""How long the report takes to build from results and figures that are there: CPU seconds, minimum, median, maximum.

python tests/benchmarks/report_build.py [TIMES]

Reads the results of the demonstration study, which `make report` leaves. The first building, which loads fonts and
templates, is not counted.
"""

import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from immrecon.config.load import load_study
from immrecon.report.build import render_report
from immrecon.sources import read_json
from immrecon.tables.results import read_results
from immrecon.workflow import Steps

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    steps = Steps(load_study(REPOSITORY / "config" / "config.yaml"))
    run = REPOSITORY / "results" / steps.study.file.study / str(steps.study.file.data_cut)
    spec, inputs = steps.display(), read_json(str(run / "inputs.json"))
    results = read_results(SimpleNamespace(**{name: str(run / path) for name, path in steps.layout.results().items()}))
    figures = [str(path) for path in sorted((run / "figures").glob("*.svg"))]
    taken = []
    for _ in range(times + 1):
        started = time.process_time()
        render_report(results, figures, spec, inputs)
        taken.append(time.process_time() - started)
    print(f"{min(taken[1:]):.2f} {statistics.median(taken[1:]):.2f} {max(taken[1:]):.2f} s of CPU")


if __name__ == "__main__":
    main()
