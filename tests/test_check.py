"""`immrecon check` tells what the ingest makes of a cut, writes nothing, and names every problem at once."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from immrecon.check import check_study
from immrecon.check_summary import summary
from immrecon.config.clinical import clinical_spec
from immrecon.config.load import load_study
from immrecon.errors import ConfigError
from immrecon.ingest.clinical import harmonise_clinical
from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab import harmonise_labs
from immrecon.ingest.lab_stream import harmonise_by_bucket

CUT = "2026-09-30"


@pytest.fixture
def study(repository: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration study whose cut is not frozen."""
    for name in ("config", "data/demo"):
        shutil.copytree(repository / name, tmp_path / name)
    config = tmp_path / "config" / "config.yaml"
    config.write_text(re.sub(r"checksums: \S+", "checksums: null", config.read_text()))
    return config


def cut_folder(study: Path) -> Path:
    return study.parents[1] / "data" / "demo" / CUT


def command(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "immrecon.cli", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, **options)


def test_it_prints_what_the_ingest_counts(repository: Path) -> None:
    config = repository / "config" / "config.yaml"
    run = command("check", config)
    assert run.returncode == 0, run.stderr
    study = load_study(config)
    clinical = harmonise_clinical(clinical_spec(study), study.data_folder)
    cut = study.cut
    people = with_deaths(clinical.dm, clinical.ce)
    labs = harmonise_labs(study.labs, study.data_folder, people, study.file.analytes, cut.extract_date, cut.cutoff_date)
    lines = {" ".join(line.split()) for line in run.stdout.splitlines()}
    for row in labs.cells.iter_rows(named=True):
        sheet = f', sheet "{row["source_sheet"]}"' if row["source_sheet"] else ""
        names = ["rows", "read", "value", "censored", "not_done", "superseded", "excluded", "not_requested", "queried"]
        counts = " ".join(f"{row[f'n_{name}']:,}" for name in [*names, "blank"])
        assert f"{row['source_file']}{sheet} {row['lab']} {counts}" in lines
    queries = pl.concat([clinical.queries, labs.queries])
    assert f"Queries: {queries.height}" in lines
    kinds = queries.group_by("QUSEV", "QUDOM", "QUKIND").agg(pl.len(), pl.col("QUNCELL").sum())
    for kind in kinds.iter_rows():
        assert " ".join(map(str, kind)) in lines
    for query in queries.iter_rows(named=True):  # no kind has more than ten in the demonstration
        assert f"{query['SRCFILE']}" in run.stdout
        assert " ".join(query["QUMSG"].split()) in lines
    assert command("check", config).stdout == run.stdout


def test_a_large_export_is_checked_piece_by_piece_with_the_same_result(study: Path) -> None:
    once = check_study(study)
    dialect = study.parent / "labs" / "central.yaml"
    content = yaml.safe_load(dialect.read_text())
    content["layout"]["limits"] = {"in_memory_bytes": 1}
    dialect.write_text(yaml.safe_dump(content))
    with patch("immrecon.ingest.lab_stream.harmonise_by_bucket", wraps=harmonise_by_bucket) as by_bucket:
        pieces = check_study(study)
    assert by_bucket.call_count == 1
    assert_frame_equal(pieces.cells, once.cells)
    assert_frame_equal(pieces.queries, once.queries)
    assert not pieces.problems


def test_it_writes_nothing(study: Path) -> None:
    def files() -> dict[str, bytes]:
        root = study.parents[1]
        return {path.as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = files()
    check_study(study)
    assert files() == before


def test_every_unreadable_file_is_named_and_the_others_are_checked(study: Path) -> None:
    labs = cut_folder(study) / "labs"
    (labs / "paris_lymphocytes.csv").write_text("")
    (labs / "utrecht_flow.xlsx").unlink()
    checkup = check_study(study)
    assert len(checkup.problems) == 2
    assert any("paris_lymphocytes.csv: the file is empty" in problem for problem in checkup.problems)
    assert any("no file is named 'labs/utrecht_flow.xlsx'" in problem for problem in checkup.problems)
    assert checkup.cells["source_file"].to_list() == ["labs/central_results.csv"]
    run = command("check", study)
    assert run.returncode == 1
    assert "labs/central_results.csv" in run.stdout
    assert run.stderr.startswith("Error: 2 problems.\n")
    assert "Traceback" not in run.stderr


def test_one_of_two_files_of_a_laboratory(study: Path) -> None:
    """A name with brackets is a file, not a pattern."""
    labs = cut_folder(study) / "labs"
    shutil.copy(labs / "central_results.csv", labs / "central_[2].csv")
    (labs / "central_results.csv").write_text("nothing")
    dialect = study.parent / "labs" / "central.yaml"
    dialect.write_text(dialect.read_text().replace("[labs/central_results.csv]", '["labs/central_*.csv"]'))
    checkup = check_study(study)
    assert ["central_results.csv" in problem for problem in checkup.problems] == [True]
    assert "labs/central_[2].csv" in checkup.cells["source_file"].to_list()


def test_a_missing_extract_does_not_hide_a_broken_lab(study: Path) -> None:
    (cut_folder(study) / "clinical" / "screening.csv").unlink()
    (cut_folder(study) / "clinical" / "events.csv").write_text("")
    (cut_folder(study) / "labs" / "central_results.csv").write_text("")
    problems = check_study(study).problems
    assert len(problems) == 3
    for name in ("screening.csv", "events.csv", "central_results.csv"):
        assert any(name in problem for problem in problems), problems


def test_a_changed_file_of_a_frozen_cut(repository: Path, study: Path) -> None:
    study.write_text((repository / "config" / "config.yaml").read_text())
    (cut_folder(study) / "labs" / "paris_lymphocytes.csv").write_bytes(b"")
    problems = check_study(study).problems
    assert len(problems) == 2
    assert "frozen" in problems[0]


def test_all_files_of_a_configuration_are_told(study: Path) -> None:
    for name in ("central", "paris"):
        path = study.parent / "labs" / f"{name}.yaml"
        path.write_text(path.read_text().replace("same_day: last", 'same_day: "???"'))
    run = command("check", study)
    assert run.returncode == 1
    assert run.stderr.count("duplicates.same_day") == 2
    assert "2 problems" in run.stderr


def test_open_questions_are_refused_wherever_they_stand(study: Path) -> None:
    path = study.parent / "labs" / "central.yaml"
    text = (
        path.read_text()
        .replace("encoding: utf-8", 'encoding: "???"')
        .replace("code: WBC, unit: null", 'code: WBC, unit: "???"')
    )
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"2 open question\(s\).*layout\.encoding, analytes\.WBC\.unit"):
        load_study(study)


def test_hostile_cells_are_shown_and_never_obeyed(study: Path) -> None:
    path = cut_folder(study) / "labs" / "central_results.csv"
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[10] = "\x1b]0;owned\x07\u202e12\u2028" + "x" * 300
    lines[3] = ",".join(cells)
    path.write_text("\n".join(lines), encoding="utf-8")
    text = "\n".join(summary(check_study(study)))
    assert r'"\x1b]0;owned\x07\u202e12\u2028xxx' in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", text)
    assert "x" * 250 not in text


def test_a_terminal_without_accents(study: Path) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "scripts")}
    run = command("check", study, env=environment)
    assert run.returncode == 0, run.stderr


def test_unused_files_are_listed(study: Path) -> None:
    (cut_folder(study) / "labs" / "late \x1b[31m.csv").write_text("x")
    text = "\n".join(summary(check_study(study)))
    assert "Files that the configuration names nowhere\n  SHA256SUMS\n  labs/late \\x1b[31m.csv" in text


@pytest.mark.parametrize("cut", ["2026-03-31", "2027-01-01"])
def test_the_cut_can_be_chosen(repository: Path, cut: str) -> None:
    run = command("check", repository / "config" / "config.yaml", "--cut", cut)
    if cut == "2027-01-01":
        assert run.returncode == 1
        assert run.stderr.startswith("Error: ")
        assert "2027-01-01" in run.stderr
    else:
        assert f"cut {cut}" in run.stdout


def test_a_new_laboratory_from_draft_to_check(study: Path, tmp_path: Path) -> None:
    """Draft, answer, name it in the configuration, check."""
    export = cut_folder(study) / "labs" / "central_results.csv"
    draft = study.parent / "labs" / "central.yaml"
    draft.unlink()
    run = command("new-lab", export, "--name", "central", "--out", draft, "--config", study)
    assert run.returncode == 0, run.stderr
    assert re.search(r"\d+ sure, \d+ inferred, \d+ questions", run.stdout)
    refused = command("check", study)
    assert refused.returncode == 1
    assert "open question(s)" in refused.stderr
    text = draft.read_text(encoding="utf-8").replace(
        "files: [central_results.csv]", "files: [labs/central_results.csv]"
    )
    answers = {
        'pattern: "???"': r"pattern: '(?:S101-)?(?P<site>\d{1,2})-(?P<number>\d{1,3})'",
        'unit: "???"': "unit: null",  # one result comes without
        'thousands: ["???"]': 'thousands: [","]',
        'same_day: "???"': "same_day: last",
        'reason: "???"': "reason: as the laboratory says",
    }
    for asked, answer in answers.items():
        assert asked in text
        text = text.replace(asked, answer)
    draft.write_text(text, encoding="utf-8")
    run = command("check", study)
    assert run.returncode == 0, run.stderr
    assert "labs/central_results.csv" in run.stdout


def test_a_draft_is_printed_and_never_overwrites(repository: Path, tmp_path: Path) -> None:
    export = repository / "data" / "demo" / CUT / "labs" / "paris_lymphocytes.csv"
    run = command("new-lab", export)
    assert run.returncode == 0
    assert run.stdout.startswith("# Draft dialect of paris_lymphocytes.csv")
    assert "questions" in run.stderr
    out = tmp_path / "mine.yaml"
    out.write_text("precious")
    run = command("new-lab", export, "--out", out)
    assert run.returncode == 1
    assert "nothing is overwritten" in run.stderr
    assert out.read_text() == "precious"
    run = command("new-lab", tmp_path / "none.csv")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Error: ")
    run = command("new-lab", export, "--config", tmp_path / "none.csv")
    assert run.returncode == 1
    (tmp_path / "empty.yaml").write_text("analytes: 7")
    run = command("new-lab", export, "--config", tmp_path / "empty.yaml")
    assert '"analytes" is not a list' in run.stderr
    run = command("new-lab", export, "--out", tmp_path / "no" / "folder.yaml")
    assert "cannot be written" in run.stderr
