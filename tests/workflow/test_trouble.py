"""Trouble that users meet: one clear sentence each, exit code 1, no traceback."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from immrecon.lock import take

from .conftest import REPOSITORY, Checkout, study_folder


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
    import polars as pl

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
    edit(checkout, lambda c: c["sources"].update(data="../../raw data"))
    edit(checkout, lambda c: [cut.update(checksums=None) for cut in c["cuts"].values()])
    (home / "environment").symlink_to(Path(sys.prefix))
    command = [str(home / "environment" / "bin" / "python"), *checkout.command()[1:]]
    run = subprocess.run(command, cwd=home, env=checkout.environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (checkout.results() / "report" / "closed" / "report.html").is_file()
