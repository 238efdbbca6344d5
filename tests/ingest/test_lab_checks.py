"""Consistency: what is flagged and used, and the one slip that is withheld."""

import polars as pl
import pytest

from .lab_cases import account, checks, fates, kinds, long, only_query, used

SUM = checks(sums=[{"parts": ["CD4", "CD8"], "whole": "CD3", "tolerance_relative": 0.1, "tolerance_absolute": 5}])


def panel(day: str, sample: str, **results: str) -> list[dict[str, str]]:
    """One sample: a row per analyte."""
    return [
        {"drawn": f"{day} 09:00", "sample": sample, "test": test.replace("PCT", " %"), "result": result,
         "unit": "%" if "PCT" in test else "ratio" if test == "CD4CD8" else "/uL"}
        for test, result in results.items()
    ]  # fmt: skip


def warned(tables) -> list[tuple[str, int | None]]:
    assert tables.queries["QUNCELL"].sum() == 0
    return [(kind, row) for kind, row, _ in kinds(tables)]


@pytest.mark.parametrize(
    ("cd3", "cd4", "cd8", "flagged"),
    [
        ("200", "100", "120", False),  # 220: exactly 10 % above
        ("200", "100", "121", True),
        ("20", "12", "13", False),  # 25 % above, but only 5 per uL
        ("20", "13", "13", True),
        ("200", "100", "<5", False),
        ("<5", "6", "7", True),  # CD3 is below 5, its parts are 13
        (">2000", "1500", "1500", False),  # nobody knows how far above
        ("200", "50", "60", False),  # double negative cells make up the rest
    ],
)
def test_parts_exceed_the_whole(tmp_path, cd3: str, cd4: str, cd8: str, flagged: bool) -> None:
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD3=cd3, CD4=cd4, CD8=cd8), checks=SUM)
    assert warned(tables) == ([("sum_exceeds_whole", 2)] if flagged else [])
    assert len(used(tables)) == 3


def test_parts_of_different_samples_are_not_added(tmp_path) -> None:
    rows = [*panel("02/02/2026", "A1", CD3="100", CD4="60"), *panel("02/02/2026", "A2", CD8="60")]
    assert warned(long(tmp_path, *rows, checks=SUM)) == []


def in_rows(sample: str, *said: dict[str, str]) -> list[dict[str, str]]:
    """CD3 = 200, CD4 = 150 and CD8 = 121, of which each row says something else."""
    rows = panel("02/02/2026", sample, CD3="200", CD4="150", CD8="121")
    return [row | own for row, own in zip(rows, said, strict=True)]


@pytest.mark.parametrize(
    "said",
    [
        [{"drawn": f"02/02/2026 {time}"} for time in ("09:00", "09:04", "10:30")],
        [{"drawn": f"02/02/2026{time}"} for time in ("", " 00:00", " 09:00")],
        [{"visit": visit} for visit in ("D14", "", "Day 14")],
    ],
)
def test_one_number_of_a_sample_is_one_sample_whatever_the_minutes(tmp_path, said: list[dict[str, str]]) -> None:
    tables = long(tmp_path, *in_rows("A1", *said), checks=SUM)
    assert [row for kind, row, _ in kinds(tables) if kind == "sum_exceeds_whole"] == [2]
    apart = long(tmp_path, *in_rows("", *said), checks=SUM)
    assert "sum_exceeds_whole" not in apart.queries["QUKIND"].to_list()
    assert len(used(tables)) == len(used(apart)) == 3


def test_one_number_of_a_sample_on_two_days_is_two_samples(tmp_path) -> None:
    said = [{"drawn": f"0{day}/02/2026 09:00"} for day in (2, 2, 3)]
    assert warned(long(tmp_path, *in_rows("A1", *said), checks=SUM)) == []


def test_the_message_has_the_numbers(tmp_path) -> None:
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD3="200", CD4="150", CD8="121"), checks=SUM)
    assert tables.queries["QUMSG"].item() == "CD4 + CD8 = 271 /uL, more than CD3 = 200 of the same sample."


SHARE = checks(
    shares=[{"percent": "CD4PCT", "part": "CD4", "whole": "ALC", "tolerance_relative": 0.2, "tolerance_absolute": 10}]
)


@pytest.mark.parametrize(
    ("percent", "cd4", "alc", "flagged"),
    [
        ("10", "100", "1000", False),
        ("12", "100", "1000", False),  # 120: exactly 20 % more
        ("12,1", "100", "1000", True),
        ("7", "100", "1000", True),
        ("50", "30", "80", False),  # 40 against 30 is within 10 per uL
        ("60", "30", "80", True),
        ("60", "<5", "80", False),
    ],
)
def test_percent_against_count(tmp_path, percent: str, cd4: str, alc: str, flagged: bool) -> None:
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD4PCT=percent, CD4=cd4, ALC=alc), checks=SHARE)
    assert warned(tables) == ([("percent_disagrees", 2)] if flagged else [])


JUMP = checks(jump={"factor": 5, "within_days": 7, "from_count": 50})


@pytest.mark.parametrize(
    ("first", "second", "day", "flagged"),
    [
        ("20", "100", "09/02/2026", True),
        ("100", "20", "09/02/2026", True),
        ("20", "99", "09/02/2026", False),
        ("20", "100", "10/02/2026", False),
        ("5", "49", "09/02/2026", False),
        ("<5", "100", "09/02/2026", False),
    ],
)
def test_jumps_within_a_week(tmp_path, first: str, second: str, day: str, flagged: bool) -> None:
    rows = [*panel("02/02/2026", "A1", CD4=first), *panel(day, "A2", CD4=second)]
    assert warned(long(tmp_path, *rows, checks=JUMP)) == ([("jump", 3)] if flagged else [])


SLIP = checks(slip={"ratio_low": 500, "ratio_high": 2000})


def course(*results: str) -> list[dict[str, str]]:
    return [row for i, result in enumerate(results) for row in panel(f"{2 + i:02}/02/2026", f"A{i}", CD4=result)]


@pytest.mark.parametrize("results", [("40", "0,05", "60"), ("6", "8000", "5"), ("40", "0,05", "<60")])
def test_a_thousandfold_slip_is_withheld_and_never_rescaled(tmp_path, results: tuple[str, ...]) -> None:
    tables = long(tmp_path, *course(*results), checks=SLIP)
    errors = tables.queries.filter(pl.col("QUSEV") == "error")
    assert errors.select("QUKIND", "SRCROW", "QUNCELL").rows() == [("unit_slip", 3, 1)]
    assert tables.lb["SRCROW"].to_list() == [2, 4]


@pytest.mark.parametrize(
    "results",
    [
        ("800", "1", "2"),  # conditioning, then few cells
        ("40", "40000,5", "4"),  # 1000 times one neighbour, 10000 times the other
        ("40", "0,09", "60"),  # 444 and 667
        ("4", "9", "12"),
    ],
)
def test_what_is_no_slip_is_used(tmp_path, results: tuple[str, ...]) -> None:
    lab = {"analytes": {name: {"code": name, "unit": None} for name in ("CD3", "CD4", "CD8")}, "exclude_where": []}
    tables = long(tmp_path, *course(*results), checks=SLIP, **lab)
    assert len(used(tables)) == 3
    assert tables.queries["QUNCELL"].sum() == 0


def test_the_first_and_last_result_are_only_suspected(tmp_path) -> None:
    lab = {"analytes": {"CD4": {"code": "CD4", "unit": None}}, "exclude_where": []}
    tables = long(tmp_path, *course("800", "1", "2", "3", "0,003"), checks=SLIP, **lab)
    assert warned(tables) == [("unit_slip_suspected", 2), ("unit_slip_suspected", 6)]


def dated(*results: tuple[str, str]) -> list[dict[str, str]]:
    """CD4 on a day each; the cut-off is 31 March 2026."""
    return [row for i, (day, result) in enumerate(results) for row in panel(day, f"A{i}", CD4=result)]


def test_what_is_drawn_after_the_cutoff_makes_no_slip_of_what_was_drawn_before(tmp_path) -> None:
    lab = {"analytes": {"CD4": {"code": "CD4", "unit": None}}, "exclude_where": []}
    before = dated(("02/02/2026", "40"), ("31/03/2026", "0,05"))
    first = long(tmp_path, *before, checks=SLIP, **lab)
    assert warned(first) == [("unit_slip_suspected", 2), ("unit_slip_suspected", 3)]
    later = dated(("02/02/2026", "40"), ("31/03/2026", "0,05"), ("01/04/2026", "60"))
    second = long(tmp_path, *later, checks=SLIP, **lab)
    assert warned(second) == [*warned(first), ("unit_slip_suspected", 4)]
    assert second.lb.filter(pl.col("SRCROW") <= 3).equals(first.lb)
    # One day earlier the third result lies before the cut-off, and the second stands between two others.
    settled = dated(("02/02/2026", "40"), ("30/03/2026", "0,05"), ("31/03/2026", "60"))
    assert kinds(long(tmp_path, *settled, checks=SLIP, **lab), "error") == [("unit_slip", 3, 1)]


def test_a_slip_after_the_cutoff_is_withheld_by_all_its_neighbours(tmp_path) -> None:
    rows = dated(("31/03/2026", "40"), ("01/04/2026", "0,05"), ("02/04/2026", "60"))
    assert kinds(long(tmp_path, *rows, checks=SLIP), "error") == [("unit_slip", 3, 1)]


TWO_BESIDE = [
    (("200", "0,21", "0,18", "190"), [3, 4]),
    (("0,2", "200", "210", "0,18"), [3, 4]),
    (("200", "0,21", "0,18", "190", "210", "190", "0,2", "0,2", "0,19", "180"), [3, 4]),  # three are too many
    (("200", "0,21", "0,18", "190", "0,2", "210"), [3, 4, 5, 6]),
]


@pytest.mark.parametrize(("results", "withheld"), TWO_BESIDE)
def test_two_slips_in_a_row_are_withheld_like_one(tmp_path, results: tuple[str, ...], withheld: list[int]) -> None:
    tables = long(tmp_path, *course(*results), checks=SLIP)
    errors = tables.queries.filter(pl.col("QUSEV") == "error")
    assert errors.select("QUKIND", "SRCROW", "QUNCELL").rows() == [("unit_slip", row, 1) for row in withheld]
    assert tables.lb["SRCROW"].to_list() == [row for row in range(2, 2 + len(results)) if row not in withheld]
    first = errors.row(0, named=True)
    assert first["QUVAL"] == results[1]
    assert first["QUMSG"].endswith(
        f"stands between {results[0]} and {results[3]}: about a thousandfold apart.".replace(",", ".")
    )


def test_the_longest_run_of_slips_is_declared(tmp_path) -> None:
    results = ("200", "0,21", "0,18", "0,2", "190")
    for longest, n in ((1, 0), (2, 0), (3, 3), (4, 3)):
        rule = SLIP | {"slip": SLIP["slip"] | {"longest_run": longest}}
        tables = long(tmp_path, *course(*results), checks=rule)
        assert [kind for kind, *_ in kinds(tables, "error")] == ["unit_slip"] * n
    one = SLIP | {"slip": SLIP["slip"] | {"longest_run": 1}}
    assert kinds(long(tmp_path, *course("200", "0,21", "0,18", "190"), checks=one), "error") == []


@pytest.mark.parametrize(
    "results",
    [
        ("800", "1", "1", "20", "90"),  # aplasia, and a slow recovery
        ("600", "<5", "<5", "700"),  # below a limit is no number that has slipped
        ("200", "0,21", "20", "190"),
        ("200", "0,21", "0,18", "19"),
        ("200", "0,21", "190000", "210"),  # one below, one above
    ],
)
def test_what_is_no_run_of_slips_is_used(tmp_path, results: tuple[str, ...]) -> None:
    lab = {"analytes": {"CD4": {"code": "CD4", "unit": None, "lloq": 1}}, "exclude_where": []}
    slip = checks(slip={"ratio_low": 120, "ratio_high": 2000})
    assert len(used(long(tmp_path, *course(*results), checks=slip, **lab))) == len(results)


def test_a_run_of_slips_at_the_end_is_only_suspected(tmp_path) -> None:
    """As for one result: there is a neighbour on one side only."""
    lab = {"analytes": {"CD4": {"code": "CD4", "unit": None}}, "exclude_where": []}
    tables = long(tmp_path, *course("200", "210", "190", "0,21", "0,18"), checks=SLIP, **lab)
    assert warned(tables) == [("unit_slip_suspected", 5), ("unit_slip_suspected", 6)]
    assert len(used(tables)) == 5


def test_a_run_of_slips_that_ends_after_the_cutoff_changes_nothing_before_it(tmp_path) -> None:
    lab = {"analytes": {"CD4": {"code": "CD4", "unit": None}}, "exclude_where": []}
    rows = [("02/02/2026", "200"), ("03/02/2026", "210"), ("04/02/2026", "190"), ("31/03/2026", "0,21")]
    first = long(tmp_path, *dated(*rows), checks=SLIP, **lab)
    rows += [("01/04/2026", "0,18"), ("02/04/2026", "190")]
    second = long(tmp_path, *dated(*rows), checks=SLIP, **lab)
    assert second.lb.filter(pl.col("SRCROW") <= 5).equals(first.lb)
    assert kinds(second) == [("unit_slip_suspected", 5, 0), ("unit_slip", 6, 1), ("unit_slip_suspected", 7, 0)]


IDENTICAL = checks(identical_min_analytes=3)


def test_a_panel_copied_to_a_second_date(tmp_path) -> None:
    numbers = {"CD3": "44", "CD4": "19", "CD8": "26"}
    rows = [*panel("02/02/2026", "A1", **numbers), *panel("09/02/2026", "A2", **numbers)]
    tables = long(tmp_path, *rows, checks=IDENTICAL)
    assert warned(tables) == [("panel_repeated", 2), ("panel_repeated", 5)]
    assert "rows 2, 5" in tables.queries["QUMSG"][0]
    assert tables.queries["QUVAL"][0] == "CD3=44, CD4=19, CD8=26"


def test_a_panel_shared_by_two_participants(tmp_path) -> None:
    numbers = {"CD3": "44", "CD4": "19", "CD8": "26"}
    other = [{**row, "id": "S1-002"} for row in panel("09/02/2026", "A2", **numbers)]
    tables = long(tmp_path, *panel("02/02/2026", "A1", **numbers), *other, checks=IDENTICAL)
    assert warned(tables) == [("panel_shared", 2), ("panel_shared", 5)]


SHARED = checks(accessions_unique=True)


def test_one_number_of_a_sample_in_two_participants(tmp_path) -> None:
    """One of the two has the results of somebody else: both are asked about, once each."""
    other = [{**row, "id": "S1-002"} for row in panel("09/02/2026", "A1", CD4="30")]
    rows = [*panel("02/02/2026", "A1", CD3="44", CD4="19"), *other, *panel("16/02/2026", "A2", CD4="20")]
    tables = long(tmp_path, *rows, checks=SHARED)
    columns = ["QUKIND", "QUSEV", "SRCFILE", "SRCROW", "SRCCOL", "USUBJID", "QUVAL", "QUNCELL"]
    assert tables.queries.select(columns).rows() == [
        ("accession_shared", "error", "lab.csv", 2, "sample", "S1-001", "A1", 0),
        ("accession_shared", "error", "lab.csv", 4, "sample", "S1-002", "A1", 0),
    ]
    assert set(tables.queries["QUMSG"]) == {
        "The number of this sample, A1, is that of samples of 2 participants: row 2 of lab.csv, row 4 of lab.csv."
    }
    assert len(used(tables)) == 4
    assert long(tmp_path, *rows, checks=checks()).queries.is_empty()


def test_a_number_of_a_sample_is_shared_whatever_became_of_its_results(tmp_path) -> None:
    rows = [*panel("02/02/2026", "A1", CD4="h\u00e9molys\u00e9"), {"id": "S1-002", "result": "30"}]
    assert [row for _, row in warned(long(tmp_path, *rows, checks=SHARED))] == [2, 3]


def test_what_is_left_out_or_has_no_number_shares_none(tmp_path) -> None:
    rows = [{"result": "30"}, {"id": "S1-002", "result": "40", "comment": "donneur"}]
    rows += [{"id": who, "result": "30", "sample": "", "drawn": "09/02/2026"} for who in ("S1-001", "S1-002")]
    assert warned(long(tmp_path, *rows, checks=SHARED)) == []


def test_how_severe_a_shared_number_is_can_be_declared(tmp_path) -> None:
    rows = [{"result": "30"}, {"id": "S1-002", "result": "40"}]
    declared = SHARED | {"severities": {"accession_shared": "note"}}
    assert kinds(long(tmp_path, *rows, checks=declared), "note") == [("accession_shared", row, 0) for row in (2, 3)]


@pytest.mark.parametrize("second", [{"CD3": "44", "CD4": "19", "CD8": "27"}, {"CD3": "44", "CD4": "19"}])
def test_panels_that_differ_or_are_small_are_none(tmp_path, second: dict[str, str]) -> None:
    rows = [*panel("02/02/2026", "A1", CD3="44", CD4="19", CD8="26"), *panel("09/02/2026", "A2", **second)]
    assert warned(long(tmp_path, *rows, checks=IDENTICAL)) == []


def test_numbers_below_the_limit_make_no_panel(tmp_path) -> None:
    numbers = {"CD3": "<5", "CD4": "<5", "CD8": "<5"}
    rows = [*panel("02/02/2026", "A1", **numbers), *panel("09/02/2026", "A2", **numbers)]
    assert warned(long(tmp_path, *rows, checks=IDENTICAL)) == []


@pytest.mark.parametrize(
    ("received", "flagged"),
    [
        ("05/02/2026 09:00", False),  # 72 hours
        ("05/02/2026 09:01", True),
        ("05/02/2026", False),  # between 63 and 87 hours
        ("06/02/2026", True),  # at least 87 hours
    ],
)
def test_the_way_to_the_laboratory(tmp_path, received: str, flagged: bool) -> None:
    rows = [{**row, "received": received} for row in panel("02/02/2026", "A1", CD4="50")]
    assert warned(long(tmp_path, *rows, checks=checks(max_hours_to_receipt=72))) == (
        [("long_way", 2)] if flagged else []
    )


def test_rules_look_at_used_results_only(tmp_path) -> None:
    rows = panel("02/02/2026", "A1", CD3="200", CD4="150", CD8="121")
    rows[2]["comment"] = "donneur"
    tables = long(tmp_path, *rows, checks=SUM)
    assert [fate for _, fate, _ in fates(tables)] == ["value", "value", "excluded"]
    assert "sum_exceeds_whole" not in tables.queries["QUKIND"].to_list()


REMARKED = {
    "exclude_where": [
        {"column": "comment", "matches": "coagul", "reason": "clotted"},
        {"column": "comment", "matches": "blastes", "reason": "circulating blasts", "analytes": ["CD3", "CD4"]},
    ],
    "checks": checks(),
}


@pytest.mark.parametrize("result", ["60", "", " "])
def test_a_remark_on_one_row_of_a_sample_is_asked_about_its_others(tmp_path, result: str) -> None:
    """Also where the remark stands beside no result. Whether it holds for them is not guessed."""
    rows = panel("02/02/2026", "A1", CD3="200", CD4=result, CD8="90", ALC="400")
    rows[1]["comment"] = "tube coagulé"
    rows[3]["drawn"] = "02/02/2026 09:12"
    tables = long(tmp_path, *rows, *panel("09/02/2026", "A2", CD3="210"), {"id": "S1-002", "result": "5"}, **REMARKED)
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("sample_partly_excluded", "warning", 0)
    assert (query["SRCFILE"], query["SRCROW"], query["SRCCOL"], query["USUBJID"]) == ("lab.csv", 2, "comment", "S1-001")
    assert query["QUVAL"] == "CD3=200, CD8=90, ALC=400"
    assert query["QUMSG"].startswith("Row 3 of this sample is left out (clotted).")
    assert "3 results in rows 2 to 5" in query["QUMSG"]
    assert sorted(code for code, *_ in used(tables)) == ["ALC", "CD3", "CD3", "CD4", "CD8"]
    left = {"read": 6, "excluded": 1} if result.strip() else {"read": 5, "blank": 1}
    assert account(tables) == {"rows": 6, "value": 5, **left}


def test_a_remark_asks_about_the_analytes_that_its_rule_names(tmp_path) -> None:
    rows = panel("02/02/2026", "A1", CD3="200", CD4="60", CD8="90")
    rows[0]["comment"] = "blastes 20 %"
    tables = long(tmp_path, *rows, **REMARKED)
    assert only_query(tables)["QUVAL"] == "CD4=60"
    for row in rows:
        row["comment"] = "blastes 20 %"
    assert long(tmp_path, *rows, **REMARKED).queries.is_empty()


def test_a_remark_on_a_sample_without_a_number_asks_about_its_day_and_time(tmp_path) -> None:
    rows = panel("02/02/2026", "", CD3="200", CD4="60", CD8="90")
    rows[0]["comment"] = "coagulé"
    rows[2]["drawn"] = "02/02/2026 15:00"
    assert only_query(long(tmp_path, *rows, **REMARKED))["QUVAL"] == "CD4=60"


def test_no_rules_no_remarks(tmp_path) -> None:
    rows = [*panel("02/02/2026", "A1", CD3="1", CD4="900", CD8="900"), *panel("03/02/2026", "A2", CD4="1")]
    lab = {"analytes": {name: {"code": name, "unit": None} for name in ("CD3", "CD4", "CD8")}, "exclude_where": []}
    assert warned(long(tmp_path, *rows, checks=checks(), **lab)) == []


RATIO = checks(ratios=[{"ratio": "CD4CD8", "numerator": "CD4", "denominator": "CD8", "tolerance_relative": 0.05}])


@pytest.mark.parametrize(
    ("ratio", "cd4", "cd8", "flagged"),
    [
        ("0,5", "100", "200", False),
        ("0,52", "100", "200", False),  # 4 % off
        ("0,53", "100", "200", True),  # 6 % off
        ("0,5", "<5", "200", False),  # nobody knows the count
        ("0,5", "100", "0", False),  # no ratio of that
    ],
)
def test_ratio_and_counts(tmp_path, ratio: str, cd4: str, cd8: str, flagged: bool) -> None:
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD4CD8=ratio, CD4=cd4, CD8=cd8), checks=RATIO)
    assert ("ratio_disagrees" in [kind for kind, *_ in kinds(tables)]) == flagged
    assert len(used(tables)) == 3


TOTAL = checks(totals=[{"parts": ["CD4PCT", "CD8PCT"], "tolerance_absolute": 10}])


@pytest.mark.parametrize(
    ("cd4", "cd8", "flagged"), [("60", "50", False), ("60", "50,1", True), ("45", "44,9", True), ("60", "<5", False)]
)
def test_percentages_add_up(tmp_path, cd4: str, cd8: str, flagged: bool) -> None:
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD4PCT=cd4, CD8PCT=cd8), checks=TOTAL)
    assert warned(tables) == ([("total_disagrees", 2)] if flagged else [])


def test_severity_of_a_flag_is_declared(tmp_path) -> None:
    declared = SUM | {"severities": {"sum_exceeds_whole": "note"}}
    tables = long(tmp_path, *panel("02/02/2026", "A1", CD3="200", CD4="150", CD8="121"), checks=declared)
    assert kinds(tables, "note") == [("sum_exceeds_whole", 2, 0)]


def test_a_sample_a_thousandfold_from_the_medians_is_flagged_and_used(tmp_path) -> None:
    """One sample a participant: there is no neighbour to compare with."""
    rows = [
        row | {"id": f"S1-00{n}"}
        for n, factor in ((1, 1), (2, 1), (3, 1000))
        for row in panel("02/02/2026", f"A{n}", **{t: str(v * 1000 // factor) for t, v in PANEL.items()})
    ]
    slip = {"ratio_low": 300, "ratio_high": 3000, "panel_min_analytes": 3}
    tables = long(tmp_path, *rows, checks=checks(slip=slip))
    assert warned(tables) == [("unit_slip_suspected", row) for row in (8, 9, 10)]
    assert len(used(tables)) == 9
    few = long(tmp_path, *rows, checks=checks(slip=slip | {"panel_min_analytes": 4}))
    assert warned(few) == []


PANEL = {"CD3": 20, "CD4": 8, "CD8": 30}
