"""The whole path on the demo study: complete, idle the second time, the same bytes on one core and on two."""

import csv
import hashlib
import io
import re
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import yaml

from immrecon.queries.rules import RULES

from .conftest import REPOSITORY, Checkout, contents, differing, lean, study_folder


def test_ends_with_three_lines(demo):
    lines = (demo.folder / "stdout.txt").read_text().splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"Report:    .*report/closed/report\.html", lines[0])
    numbers = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:read|used|queried|not done)", lines[1])]
    assert numbers[0] == sum(numbers[1:])
    assert re.fullmatch(r"Time:      \d+\.\d s", lines[2])


def test_manifest_lists_every_output_with_its_digest(demo, manifest):
    root = demo.results()
    listed = manifest(root)
    there = {name for name in contents(root) if name != "manifest.json" and not name.startswith("logs/")}
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == digest


def test_second_run_does_nothing(copy):
    paths = [path for path in copy.results().rglob("*") if path.name not in (".lock", ".running")]
    before = {path: path.stat().st_mtime_ns for path in paths}
    run = copy.report()
    assert run.returncode == 0, run.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_one_core_from_scratch_gives_the_same_bytes(demo, tmp_path):
    study_folder(REPOSITORY / "config", tmp_path / "study")
    other = Checkout(REPOSITORY, tmp_path)
    run = other.report("--cores", "1")
    assert run.returncode == 0, run.stderr
    assert differing(contents(demo.results()), contents(other.results())) == []


def test_parts_do_not_change_a_result(lean_demo, tmp_path):
    study_folder(REPOSITORY / "config", tmp_path / "study", parts=3)
    lean(tmp_path / "study")
    other = Checkout(REPOSITORY, tmp_path)
    run = other.report()
    assert run.returncode == 0, run.stderr
    results = ("estimates/", "figures/", "tables/")
    left, right = contents(lean_demo.results()), contents(other.results())
    assert [n for n in differing(left, right) if n.startswith(results)] == []
    assert sorted(path.name for path in (other.results() / "analysis" / "adlb").iterdir()) == [
        f"{part:04d}.parquet" for part in range(3)
    ]


def test_earlier_cut_is_a_run_of_its_own(lean_demo, tmp_path):
    shutil.copytree(lean_demo.folder, tmp_path / "work", symlinks=True)
    both = Checkout(REPOSITORY, tmp_path / "work")
    run = both.report("--cut", "2026-03-31")
    assert run.returncode == 0, run.stderr
    assert differing(contents(lean_demo.results()), contents(both.results())) == []
    earlier = both.results(cut="2026-03-31")
    assert "Data cut-off 2026-03-31" in (earlier / "report" / "closed" / "report.html").read_text()
    adtte = pl.read_parquet(earlier / "analysis" / "adtte" / "*.parquet")
    assert adtte["ADT"].max().isoformat() <= "2026-03-31"
    committed = (REPOSITORY / "data" / "demo" / "queries_2026-03-31.csv").read_bytes()
    assert (earlier / "queries" / "ids.csv").read_bytes() == committed, (
        "copy it there: the later cut is compared with it"
    )


def test_cutoff_stands_on_every_exhibit_and_applies_to_every_domain(demo):
    root = demo.results()
    for path in sorted((root / "tables").glob("*.html")):
        assert "2026-09-30" in path.read_text(), path.name
    report = (root / "report" / "closed" / "report.html").read_text()
    for exhibit in re.findall(r"<figure.*?</figure>", report, re.S):
        assert "2026-09-30" in exhibit
    cutoff = pl.date(2026, 9, 30)
    for table, column in (("adtte", "ADT"), ("adoc", "ADT"), ("adae", "ASTLO"), ("adsl", "DTHDT")):
        frame = pl.read_parquet(root / "analysis" / table / "*.parquet")
        assert frame.filter(pl.col(column) > cutoff).height == 0, table
    adlb = pl.read_parquet(root / "analysis" / "adlb" / "*.parquet")
    assert adlb.filter(pl.col("ADT") > cutoff, pl.col("ANL02FL") == "Y").height == 0
    assert adlb.filter(pl.col("ADT") > cutoff).height > 0, "the extract was taken after the cut-off"


def test_report_is_one_file_without_a_network(demo):
    report = (demo.results() / "report" / "closed" / "report.html").read_text()
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#][^"']*)["']""", report)
    assert [link for link in links if not link.startswith("data:")] == []
    assert not re.search(r"@import|url\(\s*['\"]?http|<script[^>]+src", report)


def test_identities_hold_or_say_why_not(demo):
    checks = pl.read_parquet(demo.results() / "estimates" / "checks.parquet")
    assert set(checks["outcome"]) == {"holds", "not applicable"}
    assert checks.filter(pl.col("outcome") == "not applicable")["reason"].null_count() == 0
    family = checks.filter(pl.col("identity") == "event-free + incidences = 1", pl.col("subject") == "relapse_or_death")
    assert set(family["outcome"]) == {"holds"}


def account(root) -> dict[str, int]:
    """Lab cells by what became of them, and the number of queries."""
    cells = pl.read_parquet(root / "harmonised" / "cells.parquet")
    found = {
        name: int(cells[name].sum())
        for name in cells.columns
        if name.startswith("n_") and name not in ("n_rows", "n_blank")
    }
    for kind in ("lab", "clinical"):
        found[f"queries_{kind}"] = pl.read_parquet(root / "harmonised" / f"queries_{kind}.parquet").height
    return found


def test_expected_counts_of_cells(demo):
    """Committed counts; a change of ingest that queries more cells must be seen, and be wanted."""
    expected = yaml.safe_load((REPOSITORY / "tests" / "workflow" / "expected_cells.yaml").read_text())["demo"]
    assert account(demo.results()) == expected


def test_queries_are_the_same_in_every_place(demo, manifest):
    """Log, workbook, files by site, list of identifiers and the counts of the report."""
    root = demo.results()
    log = pl.read_parquet(root / "harmonised" / "query_log.parquet")
    asked = log.filter(pl.col("QUSTAT") != "resolved")
    harmonised = account(root)
    assert asked.height == harmonised["queries_lab"] + harmonised["queries_clinical"] > 50
    assert set(log["QUKIND"]) <= RULES.keys()
    book = openpyxl.load_workbook(root / "queries" / "queries.xlsx", read_only=True)
    assert book.sheetnames == ["all", "site-01", "site-02", "site-03", "unknown-site", "resolved"]
    sheets = {sheet.title: [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in book}
    assert sorted(sheets["all"]) == sorted(asked["QUID"])
    by_site = sorted(name for name in manifest(root) if name.startswith("queries/by_site/"))
    assert [Path(name).stem for name in by_site] == book.sheetnames[1:-1]
    for name in by_site:
        text = (root / name).read_text(encoding="utf-8-sig")
        assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == sheets[Path(name).stem]
    assert sum(len(sheets[Path(name).stem]) for name in by_site) == asked.height
    ids = pl.read_csv(root / "queries" / "ids.csv", infer_schema=False)
    assert ids["id"].to_list() == sorted(asked["QUID"])
    counts = pl.read_parquet(root / "estimates" / "query_status.parquet").filter(severity="all").row(0, named=True)
    states = dict(log.group_by("QUSTAT").len().iter_rows())
    assert counts["n_open"] == asked.height
    assert (counts["n_new"], counts["n_still_open"], counts["n_resolved"]) == tuple(
        states.get(state, 0) for state in ("new", "still open", "resolved")
    )
    assert counts["n_still_open"] > 50, "the files of the earlier cut are within those of the later one"
    assert counts["n_cells"] == harmonised["n_queried"]


def test_funnel_of_cells_is_the_account_of_cells(demo):
    fates = pl.read_parquet(demo.results() / "estimates" / "cell_fates.parquet").filter(lab="all", kind="all")
    found = {f"n_{fate.replace(' ', '_')}": n for fate, n in fates.select("fate", "n_cells").iter_rows()}
    assert found == {name: n for name, n in account(demo.results()).items() if name.startswith("n_")}


def test_queries_are_only_in_their_folder(demo):
    """Participants of queries stay in participant-level tables and in the files for sites.

    One exhibit is a list of participants, whoever has queries: the records that are ongoing at the cut-off. Drawings that
    show each participant name all of them.
    """
    report = (demo.results() / "report" / "closed" / "report.html").read_text()
    report = re.sub(r"<svg .*?</svg>", "", report, flags=re.S)
    report, listed = re.subn(
        r'<figure class="exhibit table" id="table-ongoing_records">.*?</figure>', "", report, flags=re.S
    )
    assert listed == 1
    log = pl.read_parquet(demo.results() / "harmonised" / "query_log.parquet")
    assert log["USUBJID"].drop_nulls().len() > 40
    assert [name for name in log["USUBJID"].drop_nulls().unique() if name in report] == []
    assert [name for name in log["QUID"] if name in report] == []


def test_run_config_is_whole_and_without_paths_of_this_machine(demo):
    text = (demo.results() / "run_config.yaml").read_text()
    optional = {"comparisons", "outcomes", "external", "reference_limits"}
    assert set(yaml.safe_load(text)) == {"file", "endpoints", "labs", "clinical"} | optional
