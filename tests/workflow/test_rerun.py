"""What runs again after an edit: exactly the steps whose code, section or library changed."""

import os
import shutil
from pathlib import Path

import yaml

from .conftest import REPOSITORY

SCRIPTS = {path.stem for path in (REPOSITORY / "scripts").glob("*.py")}
DRAWN = {name for name in SCRIPTS if name.startswith("draw_")}
DISPLAYS = DRAWN | {"render_tables", "render_report"}
OF_CHUNKS = {"harmonise_lab_chunk", "gather_lab"}
"""Steps that take the place of harmonise_lab where the configuration asks for chunks."""
RECORDS = {"record_inputs", "write_manifest"}
"""Digests of code and outputs; they follow whatever changed, and compute nothing."""


def append(path):
    path.write_text(path.read_text() + "\n# edited\n")


def all_steps(checkout):
    return {path.stem for path in (checkout.repository / "scripts").glob("*.py")} - OF_CHUNKS


def test_finished_run_plans_nothing(copy):
    assert copy.planned() == set()


def test_style_edit_runs_draw_and_render_only(copy):
    append(copy.repository / "scripts" / "immrecon" / "figures" / "style.py")
    planned = copy.planned()
    assert DRAWN | {"render_report"} <= planned
    assert planned <= DISPLAYS | RECORDS


def test_a_new_library_version_runs_everything(copy, tmp_path):
    """Only the version that the environment reports differs, as after `pip install --upgrade polars`."""
    fake = tmp_path / "site" / "polars-99.0.dist-info"
    fake.mkdir(parents=True)
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: polars\nVersion: 99.0\n")
    path = f"{copy.repository / 'scripts'}:{tmp_path / 'site'}"
    assert copy.planned(PYTHONPATH=path) == all_steps(copy)


def test_edit_of_one_section_runs_what_depends_on_it(copy):
    edit_safety(copy)
    planned = copy.planned()
    assert "estimate_safety" in planned
    assert not planned & {"harmonise_lab", "harmonise_clinical", "estimate_tte", "estimate_recovery"}


def test_the_code_that_is_digested_is_the_code_that_runs(lean_copy):
    """An edit of the copy's library changes the copy's numbers, although another copy is installed."""
    path = lean_copy.repository / "scripts" / "immrecon" / "tables" / "csv.py"
    assert lean_copy.planned() == set()
    append(path)
    run = lean_copy.report()
    assert run.returncode == 0, run.stdout + run.stderr
    assert lean_copy.planned() == set()


def test_another_list_of_earlier_queries_runs_what_is_compared_with_it(copy):
    content = yaml.safe_load(copy.config.read_text())
    compared = content["cuts"]["2026-09-30"]["compared_with"]
    lines = Path(compared["queries"]).read_text().splitlines(keepends=True)
    compared["queries"] = "../earlier.csv"
    (copy.folder / "earlier.csv").write_text("".join(lines[:-1]))
    copy.config.write_text(yaml.safe_dump(content))
    planned = copy.planned()
    assert {"write_queries", "estimate_quality", "render_tables", "render_report", "record_inputs"} <= planned
    assert not planned & {"harmonise_lab", "harmonise_clinical", "derive_adsl", "draw_tte"}


def test_touched_but_equal_source_runs_nothing(copy):
    source = copy.folder / "study"
    for path in source.rglob("*.yaml"):
        shutil.copy(path, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
    assert copy.planned() == set()


def edit_safety(checkout):
    content = yaml.safe_load(checkout.config.read_text())
    content["safety"]["grade_at_least"] = [4]
    checkout.config.write_text(yaml.safe_dump(content))


def test_an_edit_is_seen_from_another_working_folder(copy, tmp_path):
    edit_safety(copy)
    (tmp_path / "elsewhere").mkdir()
    assert "estimate_safety" in copy.planned(cwd=tmp_path / "elsewhere")


def test_results_without_their_records_are_made_again(copy):
    """As after copying results without hidden files: nothing could tell that they are out of date."""
    shutil.rmtree(copy.results() / ".snakemake")
    assert copy.planned() == all_steps(copy)


def test_a_deleted_output_is_made_again(copy):
    next((copy.results() / "figures").glob("*.png")).unlink()
    assert copy.planned()


def test_a_source_replaced_by_an_older_file_is_read_again(lean_copy):
    """The new content counts, although its time is that of long ago."""
    shutil.copytree(REPOSITORY / "data" / "demo", lean_copy.folder / "data")
    content = yaml.safe_load(lean_copy.config.read_text())
    content["sources"]["data"] = "../data"
    for cut in content["cuts"].values():
        cut["checksums"] = None
    lean_copy.config.write_text(yaml.safe_dump(content))
    run = lean_copy.report()
    assert run.returncode == 0, run.stdout + run.stderr
    assert lean_copy.planned() == set()
    source = lean_copy.folder / "data" / "2026-09-30" / "labs" / "central_results.csv"
    lines = source.read_text().splitlines(keepends=True)
    source.write_text("".join(lines[:-1]))
    os.utime(source, (0, 0))
    assert "harmonise_lab" in lean_copy.planned()
