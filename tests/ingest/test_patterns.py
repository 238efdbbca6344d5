"""Declared regular expressions: the same meaning as before, and never more time than the text is long."""

import re
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from immrecon.config.base import build
from immrecon.config.dialect import Dialect
from immrecon.config.load import load_study
from immrecon.config.source_format import Layout
from immrecon.errors import ConfigError
from immrecon.ingest.clinical import _patterns as clinical_patterns
from immrecon.ingest.lab_parse import _patterns as lab_patterns
from immrecon.ingest.patterns import check_patterns, found_in, matches_whole, named_groups
from immrecon.ingest.readers.grid import Grid, to_table

from .clinical_cases import CE_HEAD, EVENTS, HEAD
from .clinical_cases import harmonise as clinical
from .lab_cases import LONG, account, checks, kinds, long, used

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTILE = "1" * 90 + "!"
"""An engine that backtracks tries every way to cut the digits into runs: 2 to the 89th."""


@pytest.fixture(autouse=True)
def _at_once():
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 20


# ---- runaway patterns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"participant": {"pattern": r"S1-(?P<n>(\d+)+)", "template": "S1-{n}"}}, {"id": f"S1-{HOSTILE}"}),
        ({"words": {"not_done": [{"matches": r"(\d+)+", "reason": "none"}]}}, {"result": HOSTILE}),
        ({"exclude_where": [{"column": "comment", "matches": r"^(\d+)+$", "reason": "x"}]}, {"comment": HOSTILE}),
        ({"checks": checks(visit={"pattern": r"(?P<day>(\d+)+)", "tolerance_days": 1})}, {"visit": HOSTILE}),
        ({"layout": {"format": "csv", "encoding": "utf-8", "delimiter": ";", "ignore_rows": [r"(\d+)+"]}},
         {"id": HOSTILE}),
    ],
    ids=["participant", "not done", "exclusion", "visit", "title"],
)  # fmt: skip
def test_a_lab_pattern_cannot_hang_the_run(tmp_path, changes: dict[str, Any], row: dict[str, str]) -> None:
    tables = long(tmp_path, {"result": "7", "sample": "B1", "drawn": "09/02/2026", **row}, {"result": "120"}, **changes)
    assert ("CD4", "=", 120.0) in used(tables)
    assert account(tables)["read"] == 2


def test_a_clinical_pattern_cannot_hang_the_run(tmp_path) -> None:
    head = HEAD.replace(r"(?P<id>S1-\d{3})", r"(?P<id>S1-(\d+)+)")
    ce = CE_HEAD + f"S1-{HOSTILE},1,infection,2,2025-06-01,,2025-06-02\nS1-001,2,infection,2,2025-06-01,,2025-06-02\n"
    tables = clinical(tmp_path, EVENTS, head=head, ce=ce)
    assert tables.ce["USUBJID"].to_list() == ["S1-001"]
    assert tables.queries["QUKIND"].to_list() == ["participant_malformed"]


# ---- meaning --------------------------------------------------------------------------------------------------------


SHIPPED = [
    r"(?:S101-)?(?P<site>\d{1,2})-(?P<number>\d{1,3})",
    r"S101[- ](?P<site>03)[- ](?P<number>\d{3})",
    r"h[ée]molys[ée]e?",
    r"cf\. commentaire",
    r"DAY (?P<day>\d+)",
    "-",
    r"a|ab|abc",
    r"(?P<x>a*?)(?P<y>a*)(?P<z>b)?",
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    pattern=st.sampled_from(SHIPPED),
    text=st.one_of(
        st.text("S10-9 abcDAYdayhHéÉemolysE.", max_size=14),
        *(st.from_regex(re.compile(pattern, re.ASCII | re.IGNORECASE), fullmatch=True) for pattern in SHIPPED),
    ),
)
def test_patterns_mean_what_they_mean_in_python(pattern: str, text: str) -> None:
    series = pl.Series([text])
    for flags, ignore_case in ((0, False), (re.IGNORECASE, True)):
        whole = re.fullmatch(pattern, text, flags)
        assert matches_whole(series, pattern, ignore_case=ignore_case).item() == (whole is not None)
        assert found_in(series, pattern, ignore_case=ignore_case).item() == bool(re.search(pattern, text, flags))
        if re.compile(pattern).groupindex:
            expected = dict.fromkeys(re.compile(pattern).groupindex) if whole is None else whole.groupdict()
            assert named_groups(series, pattern, ignore_case=ignore_case) == [expected]


def test_a_comment_of_any_length_can_exclude(tmp_path) -> None:
    tables = long(
        tmp_path, {"result": "900", "comment": "x " * 400 + "sang du DONNEUR"}, {"result": "30", "sample": "A2"}
    )
    assert account(tables) == {"rows": 2, "read": 2, "value": 1, "excluded": 1}


def test_a_label_whose_day_is_no_number_names_no_day(tmp_path) -> None:
    rule = checks(visit={"pattern": "D(?P<day>.+)", "tolerance_days": 1})
    rows = [{"result": "10", "visit": label, "sample": label} for label in ("Dx", "D1e999", "DNaN", "D23")]
    tables = long(tmp_path, *rows, checks=rule, duplicates={"same_draw": ["accession"], "same_day": "keep"})
    assert len(used(tables)) == 4
    assert kinds(tables) == []


def test_titles_are_matched_whole_and_at_their_first_cell() -> None:
    rows = [["a", "b"], ["", " Total "], ["Total", "1"], ["Totals", "2"], ["x", "Total"], [" ", ""]]
    layout = Layout(format="csv", encoding="utf-8", delimiter=",", ignore_rows=["Total", "Page .*"])
    table = to_table(Grid("f.csv", None, list(range(1, 7)), rows), layout)
    assert table.frame["SRCROW"].to_list() == [4, 5]


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("(?=S1)S1", "look-around"),
        ("S1(?!-9)", "look-around"),
        ("(?<=S)1", "look-around"),
        ("(?<!S)1", "look-around"),
        (r"(\d)\1", "a backreference"),
        ("(?P<a>x)(?P=a)", "a backreference"),
        ("(x)?(?(1)a|b)", "a condition"),
        ("(?>a+)b", "an atomic group"),
        ("a++b", "a possessive repetition"),
        ("a{1,2}+b", "a possessive repetition"),
        ("(?#comment)a", "a comment"),
        (r"a\Z", r"\\Z"),
    ],
)
def test_what_only_a_backtracking_engine_can_do_is_refused(pattern: str, what: str) -> None:
    content = yaml.safe_load(LONG)
    content["words"]["not_done"] = [{"matches": pattern, "reason": "x"}]
    with pytest.raises(
        ConfigError, match=rf'lab\.yaml: "words\.not_done\.0\.matches": .* has {what} .*expected.*Hint'
    ) as error:
        build(Dialect, content, Path("lab.yaml"))
    assert f'"{pattern}"' in str(error.value)


@pytest.mark.parametrize("pattern", ["(", "[[a]", "x" * 300])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    content = yaml.safe_load(LONG)
    content["words"]["not_done"] = [{"matches": pattern, "reason": "x"}]
    with pytest.raises(ConfigError, match=r'"words\.not_done\.0\.matches": '):
        build(Dialect, content, Path("lab.yaml"))


@pytest.mark.parametrize(
    "pattern", [r"\(\?=", r"[(?=)]+", r"[\]?+]+", r"\++", r"\\1", "[]?!]+", r"a+?", "(?i)a", "(?:a+)+"]
)
def test_what_only_looks_like_it_is_accepted(pattern: str) -> None:
    content = yaml.safe_load(LONG)
    content["words"]["not_done"] = [{"matches": pattern, "reason": "x"}]
    lab = build(Dialect, content, Path("lab.yaml"))
    check_patterns(lab_patterns(lab))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(\w{100}){100}", "size limit"),
        ("[a[b]", "unclosed character class"),
        (r"\é", "escape"),
        ("a{2", "repetition"),
        ("(?x)a # c", "group"),
    ],
)
def test_what_this_engine_cannot_do_is_said_before_any_file_is_read(tmp_path, pattern: str, reason: str) -> None:
    with pytest.raises(ConfigError) as error:
        long(tmp_path, exclude_where=[{"column": "comment", "matches": pattern, "reason": "x"}])
    said = str(error.value)
    assert said.startswith(f'lab "lab": exclude_where: the pattern "{pattern}" cannot be matched: ')
    assert reason in said.split("Expected", maxsplit=1)[0]
    assert "\n" not in said
    assert "Hint" in said


def test_a_clinical_pattern_that_cannot_be_matched(tmp_path) -> None:
    head = HEAD.replace(r"(?P<id>S1-\d{3})", r"(?P<id>S1-[a[]\d{3})")
    with pytest.raises(ConfigError, match=r"clinical: extracts\.0\.participant\.identity\.pattern: the pattern"):
        clinical(tmp_path, EVENTS, head=head)


@pytest.mark.parametrize(
    "study", ["config", "tests/studies/actg315", "tests/studies/bmtcrr", "tests/studies/cdisc_pilot"]
)
def test_every_shipped_pattern_can_be_matched(study: str) -> None:
    loaded = load_study(REPOSITORY / study / "config.yaml")
    patterns = [pair for lab in loaded.labs.values() for pair in lab_patterns(lab)] + clinical_patterns(loaded.clinical)
    check_patterns(patterns)
