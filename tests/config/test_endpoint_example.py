"""The endpoint of the README works as printed: put under the keys of the demo's file, it loads and derives."""

import re
import shutil
from pathlib import Path

import polars as pl

from immrecon.config.clinical import clinical_spec
from immrecon.config.display import display_spec
from immrecon.config.load import load_study
from immrecon.config.specs import derive_spec
from immrecon.contracts.analysis import ADTTE
from immrecon.contracts.harmonised import LB
from immrecon.contracts.io import validate
from immrecon.derive.adlb import derive_adlb
from immrecon.derive.adsl import derive_adsl
from immrecon.derive.adtte import derive_adtte
from immrecon.derive.occurrences import Events
from immrecon.exhibits import figure_stems
from immrecon.ingest.clinical import harmonise_clinical

REPOSITORY = Path(__file__).parents[2]
CUT = "2026-03-31"


def printed() -> dict[str, str]:
    """The lines of the example below each of its keys."""
    section = (REPOSITORY / "README.md").read_text().partition("## A new endpoint")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    parts = re.split(r"^(\w+):\n", example, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_example_loads_and_derives(tmp_path: Path) -> None:
    added = printed()
    assert list(added) == ["occurrences", "first_events", "endpoints"]
    assert sum(text.count("\n") for text in added.values()) + len(added) <= 10
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    path = tmp_path / "config" / "endpoints.yaml"
    text = path.read_text()
    for key, lines in added.items():
        text = re.sub(rf"^{key}:\n", lambda found, lines=lines: found[0] + lines, text, flags=re.MULTILINE)  # type: ignore[misc]
    path.write_text(text)

    study = load_study(tmp_path / "config" / "config.yaml", CUT)
    assert "curve_ebvpcr" in figure_stems(display_spec(study))["tte"]
    tables = harmonise_clinical(clinical_spec(study), REPOSITORY / "data" / "demo" / CUT)
    spec, lb = derive_spec(study), LB.schema.create_empty()
    adsl = derive_adsl(tables.dm, tables.ds, tables.ce, tables.fa, lb, spec)
    events = Events(tables.ce, tables.fa, tables.cm, tables.ae, tables.sc)
    adtte = validate(ADTTE, derive_adtte(adsl, derive_adlb(adsl, lb, spec), events, spec).adtte)

    rows = adtte.filter(PARAMCD="EBVPCR", RISKFL="Y")
    found = {row["USUBJID"]: row["AVAL"] for row in rows.filter(CNSR=0).iter_rows(named=True)}
    load = tables.fa.filter(FACAT="VIROLOGY", FATESTCD="EBV").filter(pl.col("FASTRESN") >= 1000)
    clocks = adsl.filter(SAFFL="Y").select("USUBJID", "TRTSDT")
    first = (
        load.join(clocks, on="USUBJID")
        .group_by("USUBJID")
        .agg((pl.col("FALO") - pl.col("TRTSDT")).min().dt.total_days())
    )
    assert found == {name: day for name, day in first.iter_rows() if name in set(rows["USUBJID"]) and day <= 180}
    assert len(found) >= 2
