"""The made-up run of the tables' tests, with drawings and the content of inputs.json."""

import sys
from pathlib import Path
from typing import Any

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.report.build import build_report
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

from made_up_fixtures import empty_run, hostile, run, spec  # noqa: F401 - fixtures, found by their names

STEMS = ["accrual", "timelines", "trajectories_cd3", "trajectories_cd4"]
STEMS += [f"curve_{code}" for code in ("os", "rfs", "relapse", "nrm", "agvhd34", "cd4ir")]

DRAWING = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="510pt" height="300pt"
 viewBox="0 0 510 300" version="1.1">
 <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style></defs>
 <g id="figure_1"><defs><path id="glyph" d="M 0 0 L 4 4"/></defs>
 <path d="M 40 20 V 260 H 490" fill="none" stroke="#555555"/>
 <path d="M 40 250 H 120 V 210 H 240 V 160 H 380 V 120 H 490" clip-path="url(#clip)" fill="none" stroke="#0072b2"/>
 <use xlink:href="#glyph" x="50" y="280" style="clip-path: url(#clip)"/>
 <text x="200" y="290">STEM &lt;days&gt;</text></g>
 <defs><clipPath id="clip"><rect x="40" y="20" width="450" height="240"/></clipPath></defs>
</svg>
"""


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("figures")
    for stem in STEMS:
        (folder / f"{stem}.svg").write_text(DRAWING.replace("STEM", stem), encoding="utf-8")
    return {stem: folder / f"{stem}.svg" for stem in STEMS}


@pytest.fixture(scope="session")
def inputs() -> dict[str, Any]:
    return {
        "study": "smart101",
        "data_cut": "2024-06-30",
        "immrecon_version": "0.1.0",
        "inputs": [
            {"path": "labs/central.xlsx", "sha256": "ab" * 32},
            {"path": "labs/<img src=x>.csv", "sha256": "cd" * 32},
        ],
        "config_sha256": "12" * 32,
        "code_sha256": "34" * 32,
        "lock_sha256": "56" * 32,
    }


@pytest.fixture(scope="session")
def report(run: Results, spec: DisplaySpec, figures: dict[str, Path], inputs: dict[str, Any]) -> str:  # noqa: F811
    return build_report(run, build_tables(run, spec), figures, spec, inputs)
