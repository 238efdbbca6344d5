"""Trouble that users meet: one clear sentence each, exit code 1, no traceback."""

import csv
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import yaml

from immrecon.lock import take

from .conftest import REPOSITORY, Checkout, lean, study_folder


@pytest.fixture
def fresh(tmp_path) -> Checkout:
    """The demo configuration with its own, writable and unfrozen copy of the data."""
    shutil.copytree(REPOSITORY / "data" / "demo", tmp_path / "data")
    study_folder(REPOSITORY / "config", tmp_path / "study")
    checkout = Checkout(REPOSITORY, tmp_path)
    edit(checkout, lambda c: c["sources"].update(data="../data"))
    edit(checkout, lambda c: [cut.update(checksums=None) for cut in c["cuts"].values()])
    return checkout


def edit(checkout, change):
    content = yaml.safe_load(checkout.config.read_text())
    change(content)
    checkout.config.write_text(yaml.safe_dump(content, sort_keys=False))


def sentence(run) -> str:
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    lines = [line for line in run.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, run.stderr
    return lines[0]


def test_bad_config(fresh):
    edit(fresh, lambda c: c.update(stduy="x"))
    assert 'config.yaml: unknown key "stduy". Did you mean "study"?' in sentence(fresh.report())


def test_no_config(fresh):
    fresh.config.unlink()
    assert "config.yaml: no such configuration file." in sentence(fresh.report())


def test_missing_data_folder(fresh):
    edit(fresh, lambda c: c["sources"].update(data="../nowhere"))
    assert "nowhere/2026-09-30: no such folder for the cut 2026-09-30" in sentence(fresh.report())


def test_missing_list_of_earlier_queries(fresh):
    edit(fresh, lambda c: c["cuts"]["2026-09-30"]["compared_with"].update(queries="gone.csv"))
    text = sentence(fresh.report())
    assert "gone.csv: no such file" in text
    assert "queries/ids.csv" in text


def test_list_of_earlier_queries_of_another_study(fresh):
    edit(fresh, lambda c: c.update(study="other"))
    assert 'queries_2026-03-31.csv: its study is "demo", expected "other"' in sentence(fresh.report())


def test_missing_lab_export(fresh):
    (fresh.folder / "data" / "2026-09-30" / "labs" / "paris_lymphocytes.csv").unlink()
    text = sentence(fresh.report())
    assert "paris" in text
    assert "Hint" in text


def test_missing_clinical_extract(fresh):
    (fresh.folder / "data" / "2026-09-30" / "clinical" / "events.csv").unlink()
    assert "clinical/events.csv" in sentence(fresh.report())


@pytest.mark.parametrize("content", [b"", b"STUDY,SITE,SUBJECT\n"], ids=["no bytes", "header of another file"])
def test_empty_export(fresh, content):
    (fresh.folder / "data" / "2026-09-30" / "labs" / "central_results.csv").write_bytes(content)
    assert "labs/central_results.csv" in sentence(fresh.report())


def test_exports_with_nothing_below_the_header_are_queried_and_the_rest_survives(fresh):
    data = fresh.folder / "data" / "2026-09-30"
    for name in ("labs/central_results.csv", "clinical/events.csv", "clinical/adverse_events.csv"):
        (data / name).write_bytes((data / name).read_bytes().splitlines(keepends=True)[0])
    run = fresh.report()
    assert run.returncode == 0, run.stdout + run.stderr
    harmonised = fresh.results() / "harmonised"
    queries = pl.concat([pl.read_parquet(harmonised / f"queries_{kind}.parquet") for kind in ("lab", "clinical")])
    found = queries.filter(pl.col("QUKIND").is_in(["no_result", "no_record"])).select("SRCFILE", "QUSEV").rows()
    assert sorted(found) == [
        ("clinical/adverse_events.csv", "warning"),
        ("clinical/events.csv", "warning"),
        ("labs/central_results.csv", "error"),
    ]
    cells = pl.read_parquet(harmonised / "cells.parquet")
    assert cells.filter(pl.col("lab") == "central")["n_rows"].to_list() == [0]
    assert cells["n_value"].sum() > 0


def test_read_only_results(fresh):
    """Root may write anywhere, so the folder is one that nobody can write to."""
    edit(fresh, lambda c: c["sources"].update(results="/proc/immrecon"))
    assert "results cannot be written there" in sentence(fresh.report())


def test_results_path_is_a_file(fresh):
    (fresh.folder / "occupied").write_text("")
    edit(fresh, lambda c: c["sources"].update(results="../occupied"))
    assert "results cannot be written there" in sentence(fresh.report())


def test_changed_file_under_a_frozen_cut(fresh):
    data = fresh.folder / "data" / "2026-09-30"
    edit(fresh, lambda c: c["cuts"]["2026-09-30"].update(checksums="../data/2026-09-30/SHA256SUMS"))
    with (data / "clinical" / "contacts.csv").open("a") as stream:
        stream.write("S101-01-001,2026-01-01,alive,2026-01-02\n")
    text = sentence(fresh.report())
    assert "is frozen by" in text
    assert "changed: clinical/contacts.csv" in text


def test_unlisted_file_under_a_frozen_cut(fresh):
    edit(fresh, lambda c: c["cuts"]["2026-09-30"].update(checksums="../data/2026-09-30/SHA256SUMS"))
    (fresh.folder / "data" / "2026-09-30" / "labs" / "extra.csv").write_text("a,b\n")
    assert "not listed: labs/extra.csv" in sentence(fresh.report())


def test_one_bad_cell_is_queried_and_the_rest_survives(fresh):
    lean(fresh.folder / "study")
    path = fresh.folder / "data" / "2026-09-30" / "labs" / "central_results.csv"
    lines = path.read_text().splitlines()
    column = lines[0].split(",").index("RESULT")
    row = next(i for i, line in enumerate(lines) if ",CD4 ABSOLUTE," in line.upper() or ",24467-3," in line)
    fields = lines[row].split(",")
    fields[column] = "<script>alert(1)</script>"
    lines[row] = ",".join(fields)
    path.write_text("\n".join(lines) + "\n")
    run = fresh.report()
    assert run.returncode == 0, run.stdout + run.stderr
    queries = pl.read_parquet(fresh.results() / "harmonised" / "queries_lab.parquet")
    mine = queries.filter(pl.col("QUVAL") == "<script>alert(1)</script>")
    assert mine.height == 1
    assert mine["SRCROW"].to_list() == [row + 1]
    assert "<script>alert" not in (fresh.results() / "report" / "closed" / "report.html").read_text()


def snakemake(checkout, *arguments):
    command = [
        sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile",
        str(checkout.repository / "workflow" / "Snakefile"), "--configfile", str(checkout.config), *arguments,
    ]  # fmt: skip
    return subprocess.run(command, cwd=checkout.folder, env=checkout.environment(), capture_output=True, text=True)


def test_a_second_run_is_refused_however_it_is_started(fresh):
    with closing(take(fresh.results())):
        assert f"another run (process {os.getpid()}) is working there" in sentence(fresh.report())
        run = snakemake(fresh)
    assert run.returncode == 1
    assert f"another run (process {os.getpid()}) is working there" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_run_folder_cannot_be_set_aside(fresh):
    run = snakemake(fresh, "--directory", str(fresh.folder / "elsewhere"))
    assert run.returncode == 1
    assert "Leave out --directory" in run.stderr


def test_a_fault_is_named_with_its_log(copy):
    path = copy.repository / "scripts" / "immrecon" / "analyses" / "safety.py"
    path.write_text(path.read_text() + '\n\ndef estimate_safety(*_):\n    raise KeyError("unforeseen")\n')
    text = sentence(copy.report())
    assert "estimate_safety failed in a way that was not foreseen: KeyError: 'unforeseen'" in text
    log = copy.results() / "logs" / "estimate_safety.log"
    assert str(log) in text
    assert "Traceback" in log.read_text()


def test_braces_in_a_path_are_refused(fresh):
    (fresh.folder / "data").rename(fresh.folder / "{data}")
    edit(fresh, lambda c: c["sources"].update(data="../{data}"))
    assert "braces in a path" in sentence(fresh.report())


def test_blanks_in_every_path(tmp_path):
    """Configuration, data, results and checkout, and the interpreter of an environment inside the checkout."""
    home = tmp_path / "my trials"
    checkout = Checkout(home / "im recon", home / "my study")
    for name in ("scripts", "workflow"):
        shutil.copytree(REPOSITORY / name, checkout.repository / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "requirements.lock", checkout.repository)
    shutil.copytree(REPOSITORY / "data" / "demo", home / "raw data")
    study_folder(REPOSITORY / "config", checkout.config.parent)
    lean(checkout.config.parent)
    edit(checkout, lambda c: c["sources"].update(data="../../raw data"))
    edit(checkout, lambda c: [cut.update(checksums=None) for cut in c["cuts"].values()])
    (home / "environment").symlink_to(Path(sys.prefix))
    command = [str(home / "environment" / "bin" / "python"), *checkout.command()[1:]]
    run = subprocess.run(command, cwd=home, env=checkout.environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (checkout.results() / "report" / "closed" / "report.html").is_file()


def change_cell(path, subject, column, text):
    """Write `text` into the first row of a participant."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    row = next(row for row in rows if row[0] == subject)
    row[rows[0].index(column)] = text
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def test_bad_cells_of_enrolment_records_are_queried_and_nobody_leaves_the_pooled_results(fresh, lean_demo):
    lean(fresh.folder / "study")
    clinical = fresh.folder / "data" / "2026-09-30" / "clinical"
    before = pl.read_parquet(lean_demo.results() / "analysis" / "adsl" / "*.parquet")
    blank, unknown = before.filter(pl.col("EVALFL") == "Y")["USUBJID"].sort()[:2].to_list()
    change_cell(clinical / "screening.csv", blank, "group", "")
    change_cell(clinical / "screening.csv", unknown, "group", "Adult")
    for name in ("screening.csv", "product.csv"):
        change_cell(clinical / name, unknown, "dose_level", "DL9")
    run = fresh.report()
    assert run.returncode == 0, run.stdout + run.stderr
    root = fresh.results()
    queries = pl.read_parquet(root / "harmonised" / "queries_clinical.parquet")
    wanted = ["group_missing", "group_not_configured", "dose_level_not_configured"]
    asked = queries.filter(pl.col("QUKIND").is_in(wanted)).sort("QUKIND")
    assert asked.select("QUKIND", "USUBJID", "SRCCOL", "QUVAL", "QUSEV").rows() == [
        ("dose_level_not_configured", unknown, "dose_level", "DL9", "error"),
        ("group_missing", blank, "group", None, "error"),
        ("group_not_configured", unknown, "group", "Adult", "error"),
    ]
    for name in ("funnel", "landmarks", "ae_incidence", "visit_summary", "status_counts"):
        left, right = (pl.read_parquet(r / "estimates" / f"{name}.parquet") for r in (lean_demo.results(), root))
        pooled = (pl.col("group") == "all") & (pl.col("dose_level") == "all")
        assert left.filter(pooled).equals(right.filter(pooled)), name
    lanes = pl.read_parquet(root / "estimates" / "timelines.parquet")
    assert {blank, unknown} <= set(lanes["display_id"])
    report = (root / "report" / "closed" / "report.html").read_text()
    assert "2 enrolled participants have no configured group" in report
    assert "1 enrolled participant has no configured dose level" in report


def test_missing_dates_stop_nothing_and_nobody_leaves_the_safety_set(fresh, lean_demo):
    lean(fresh.folder / "study")
    clinical = fresh.folder / "data" / "2026-09-30" / "clinical"
    before = pl.read_parquet(lean_demo.results() / "analysis" / "adsl" / "*.parquet")
    alive = before.filter(pl.col("EVALFL") == "Y", pl.col("DTHFL") == "N", pl.col("WDDT").is_null())
    not_enrolled, tx, given, dead, gone = alive["USUBJID"].sort()[:5].to_list()
    month = dict(alive.select("USUBJID", pl.col("HSCTDT").dt.strftime("%Y-%m")).iter_rows())
    change_cell(clinical / "screening.csv", not_enrolled, "enrolment_date", "")
    change_cell(clinical / "transplant.csv", tx, "transplant_date", month[tx])
    change_cell(clinical / "product.csv", given, "injection_date", month[given])
    with (clinical / "events.csv").open("a") as stream:
        stream.write(f"{dead},99,death,,,,,investigator,2026-09-01\n")
    with (clinical / "disposition.csv").open("a") as stream:
        stream.write(f"{gone},,withdrawal of consent,,2026-09-01\n")
    run = fresh.report()
    assert run.returncode == 0, run.stdout + run.stderr
    root = fresh.results()
    asked = pl.read_parquet(root / "harmonised" / "queries_clinical.parquet").filter(
        pl.col("USUBJID").is_in([not_enrolled, tx, given, dead, gone]), pl.col("QUSEV") == "error"
    )
    assert set(asked.select("USUBJID", "SRCCOL", "QUKIND").iter_rows()) >= {
        (not_enrolled, "enrolment_date", "enrolment_date_missing"),
        (tx, "transplant_date", "date_incomplete"),
        (given, "injection_date", "date_incomplete"),
        (dead, "date", "date_missing"),
        (gone, "date", "date_missing"),
    }
    after = pl.read_parquet(root / "analysis" / "adsl" / "*.parquet")
    for flag in ("ENRLFL", "HSCTFL", "SAFFL"):
        assert after.filter(pl.col(flag) == "Y").height == before.filter(pl.col(flag) == "Y").height, flag
    incidences = (pl.read_parquet(r / "estimates" / "ae_incidence.parquet") for r in (lean_demo.results(), root))
    safety = [
        frame.filter(group="all", dose_level="all", preferred_term="any", category="any grade") for frame in incidences
    ]
    assert safety[0]["n"].unique().equals(safety[1]["n"].unique())
    lanes = pl.read_parquet(root / "estimates" / "timelines.parquet")
    assert {tx, given, dead, gone} <= set(lanes["display_id"])
    report = (root / "report" / "closed" / "report.html").read_text()
    for words in (
        "Died, date unknown (not a death in time-to-event): 1 of 44 participants.",
        "Left the study, date unknown: 1 of 44 participants.",
        "Day of transplant or injection unknown (not in time-to-event from it): 2 of 44 participants.",
    ):
        assert words in report
