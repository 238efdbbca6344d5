"""What stands in the tables: totals reconcile, nothing is lost, NE has its reason."""

import itertools
import re
from dataclasses import fields, replace

import polars as pl
import pytest

from immrecon.config.display import DisplaySpec
from immrecon.errors import ContractError
from immrecon.tables.exhibit import DRAFT_RUN
from immrecon.tables.model import Row, Table
from immrecon.tables.results import Results
from immrecon.tables.shells import build_tables, table_stems


@pytest.fixture(scope="module")
def tables(run: Results, spec: DisplaySpec) -> dict[str, Table]:
    return build_tables(run, spec)


def texts(row: Row) -> list[str]:
    return [cell.text for cell in row.cells]


def column(table: Table, name: str) -> list[str]:
    return [row.cells[table.column_names().index(name)].text for row in table.rows]


def leading_number(text: str) -> int:
    return int(text.split(maxsplit=1)[0])


def test_stems_follow_from_the_configuration(tables: dict[str, Table], spec: DisplaySpec) -> None:
    assert table_stems(spec) == list(tables)
    assert "visits_cd3" in tables
    assert "visits_cd19" not in tables
    assert all(table.stem == stem for stem, table in tables.items())


def test_every_table_carries_what_an_exhibit_must(tables: dict[str, Table], spec: DisplaySpec) -> None:
    for table in tables.values():
        assert table.cutoff == "Data cut-off 2024-06-30"
        assert table.session == "CLOSED SESSION"
        assert table.population
        assert any("Method:" in note for note in table.footnotes), table.stem
    assert tables["landmarks"].draft == "DRAFT: definitions not signed: RELAPSE, NRM, AGVHD34, CD4IR"
    assert tables["reconstitution_status"].draft == "DRAFT: definitions not signed: CD4IR"
    assert tables["baseline"].draft == DRAFT_RUN


def test_signed_runs_have_no_draft_mark(run: Results, spec: DisplaySpec) -> None:
    signed = spec.model_copy(
        update={
            "endpoints": [item.model_copy(update={"status": "signed"}) for item in spec.endpoints],
            "definition_grid": None,
            "recurrent_events": [],
            "multistate": [],
            "trajectory": None,
            "age_limits": None,
        }
    )
    assert {table.draft for table in build_tables(run, signed).values()} == {""}


def test_funnel_adds_up_over_groups_and_dose_levels(tables: dict[str, Table], run: Results) -> None:
    table = tables["funnel"]
    sections = list(dict.fromkeys(row.section for row in table.rows))
    assert sections == ["Adults", "Paediatric patients", "All participants"]
    counts = {(row.section, row.cells[0].text): [int(cell.text) for cell in row.cells[1:6]] for row in table.rows}
    for stage in ("Screened", "Enrolled", "Transplanted", "Injected", "Evaluable"):
        adults, children, everyone = (counts[section, stage] for section in sections)
        assert [a + b for a, b in zip(adults, children, strict=True)] == everyone
        assert sum(everyone[:-1]) == everyone[-1]
    injected = next(row for row in table.rows if row.section == "All participants" and row.cells[0].text == "Injected")
    assert texts(injected)[-2:] == ["2", "manufacturing failure (2)"]


def test_status_categories_add_up_to_the_participants(tables: dict[str, Table]) -> None:
    table = tables["reconstitution_status"]
    *categories, total = table.rows
    for index in range(1, len(table.column_names())):
        assert sum(leading_number(row.cells[index].text) for row in categories) == int(total.cells[index].text)
        assert f"(N={total.cells[index].text})" in table.column_names()[index]
    assert any("50/µL on two consecutive samples" in note for note in table.footnotes)


def test_status_categories_that_do_not_add_up_are_refused(run: Results, spec: DisplaySpec) -> None:
    broken = run.status_counts.with_columns(n=pl.col("n") + (pl.col("category") == "confirmed").cast(pl.Int64))
    with pytest.raises(ContractError, match="15 of 14 participants"):
        build_tables(replace(run, status_counts=broken), spec)


def test_cells_total_is_the_sum_of_the_files_and_of_the_fates(tables: dict[str, Table]) -> None:
    table = tables["cells"]
    numbers = [[int(text) for text in texts(row)[3:]] for row in table.rows]
    *files, total = numbers
    assert [sum(values) for values in zip(*files, strict=True)] == total
    for line in numbers:
        assert line[2] == sum(line[3:])


def test_funnel_of_cells_adds_up_in_every_column(tables: dict[str, Table]) -> None:
    table = tables["cell_funnel"]
    assert table.column_names() == ["Result cells", "central", "necker", "All laboratories"]
    for position in (1, 2, 3):
        by_depth: dict[int, list[int]] = {0: [], 1: [], 2: []}
        for row in table.rows:
            by_depth[row.cells[0].indent].append(int(row.cells[position].text))
        withheld = next(row for row in table.rows if row.cells[0].text == "Queried")
        assert [sum(by_depth[1])] == by_depth[0]
        assert sum(by_depth[2]) == int(withheld.cells[position].text) > 0


def test_queries_since_the_earlier_cut(tables: dict[str, Table], spec: DisplaySpec) -> None:
    table = tables["query_status"]
    assert "2023-12-31" in table.title
    shown = {(row.section, row.cells[0].text): [cell.text for cell in row.cells[1:]] for row in table.rows}
    assert shown["Errors", "Unit not known"] == ["2", "1", "1", "0", "28"]
    assert shown["Errors", "Date missing"] == ["0", "0", "0", "2", "0"]
    assert shown["Errors", "All of them"] == ["2", "1", "1", "2", "28"]
    assert shown["Total", "All queries"] == ["7", "3", "4", "2", "28"]


def test_queries_that_are_compared_with_no_cut_are_open_only(run: Results, spec: DisplaySpec) -> None:
    table = build_tables(run, spec.model_copy(update={"compared_with": None}))["query_status"]
    assert table.column_names() == ["Rule", "Open", "Lab cells withheld"]
    assert "Not compared" in table.footnotes[0]


def test_queries_come_with_their_total_errors_first(tables: dict[str, Table]) -> None:
    table = tables["queries"]
    assert [row.section for row in table.rows] == ["Errors", "Errors", "Warnings", "Notes", "Total"]
    *lines, total = [int(text) for text in column(table, "Queries")]
    assert sum(lines) == total == 11
    assert column(table, "Lab cells withheld")[-1] == "14"


VISIT_COLUMNS = ["Median (Q1 to Q3)", "95% CI of the median", "Min to max", "Geometric mean (95% CI)"]


def test_visits_show_limits_and_reasons(tables: dict[str, Table]) -> None:
    table = tables["visits_cd4"]
    names = table.column_names()
    assert names[4:8] == [f"CD4 (/µL): {name}" for name in VISIT_COLUMNS]
    assert names[8:] == ["> 50 /µL: n (%) [95% CI]", "≥ 200 /µL: n (%) [95% CI]"]
    first = dict(zip(names, texts(table.rows[0]), strict=True))
    assert first["Group"] == "Adults"
    assert first["CD4 (/µL): Median (Q1 to Q3)"] == "<5 (<5 to 54)"
    assert first["CD4 (/µL): Min to max"] == "<5 to 135"
    assert first["CD4 (/µL): 95% CI of the median"] == "<5 to 81"
    assert first["CD4 (/µL): Geometric mean (95% CI)"] == "27 (9 to 81)"
    nobody = next(
        row for row in table.rows if row.section.startswith("Day 180") and row.cells[0].text.startswith("Paed")
    )
    assert texts(nobody)[3:8] == ["–", "NE", "NE", "NE", "NE"]
    notes = dict(table.marked)
    assert notes[nobody.cells[4].marks[0]] == "no sample in the window"
    assert texts(nobody)[8] == "0 (NE)"
    sixty = next(row for row in table.rows if row.section.startswith("Day 60"))
    assert notes[sixty.cells[8].marks[-1]] == "of 12 with known status; 1 unknown (censored above the threshold)"


def test_a_column_for_results_above_the_limit_where_there_are_any(run: Results, spec: DisplaySpec) -> None:
    first = (pl.col("parameter") == "CD4") & (pl.col("visit") == "D180") & (pl.col("group") == "ADULT")
    assert run.visit_summary.filter(first).height == 1

    def at_first(**values: object) -> list[pl.Expr]:
        return [
            pl.when(first).then(pl.lit(value, dtype=run.visit_summary.schema[name])).otherwise(name).alias(name)
            for name, value in values.items()
        ]

    one_sided = at_first(n_above_limit=1, maximum=2000.0, maximum_above_limit=True, q3=1250.5, q3_above_limit=True)
    undecided = at_first(q1=None, q1_above_limit=True, q1_below_limit=True)
    frame = run.visit_summary.with_columns(*one_sided, *undecided)
    tables = build_tables(replace(run, visit_summary=frame), spec)
    table = tables["visits_cd4"]
    assert table.column_names()[3:5] == ["Samples: Below limit", "Samples: Above limit"]
    assert {len(row.cells) for row in table.rows} == {len(table.column_names())}
    row = next(row for row in table.rows if row.section.startswith("Day 180") and row.cells[0].text == "Adults")
    cells = dict(zip(table.column_names(), row.cells, strict=True))
    assert cells["Samples: Above limit"].text.startswith("1 (")
    assert re.fullmatch(r"[0-9]+ \(NE to >1250\.5\)", cells["CD4 (/µL): Median (Q1 to Q3)"].text)
    assert cells["CD4 (/µL): Min to max"].text.endswith(" to >2000")
    marks = cells["CD4 (/µL): Median (Q1 to Q3)"].marks
    assert dict(table.marked)[marks[-1]] == "results below and above the limits leave it open"
    assert any("“>” before the least" in note for note in table.footnotes)
    assert "Samples: Above limit" not in tables["visits_cd3"].column_names()
    assert not any("“>”" in note for note in tables["visits_cd3"].footnotes)


def test_not_estimable_landmarks_show_the_reason(run: Results, spec: DisplaySpec) -> None:
    absent = pl.col("parameter") == "OS"
    frame = run.landmarks.with_columns(
        estimate=pl.when(absent).then(None).otherwise(pl.col("estimate")),
        conf_low=pl.when(absent).then(None).otherwise(pl.col("conf_low")),
        conf_high=pl.when(absent).then(None).otherwise(pl.col("conf_high")),
        status=pl.when(absent).then(pl.lit("not estimable")).otherwise(pl.col("status")),
        reason=pl.when(absent).then(pl.lit("fewer than <3> at risk")).otherwise(pl.col("reason")),
    )
    table = build_tables(replace(run, landmarks=frame), spec)["landmarks"]
    rows = [row for row in table.rows if row.section.startswith("Overall survival")]
    assert len(rows) == 14
    for row in rows:
        assert row.cells[6].text == "NE"
        assert [dict(table.marked)[mark] for mark in row.cells[6].marks] == ["fewer than <3> at risk"]
    assert "NE: not estimable, for the reason given." in table.footnotes


def test_landmarks_repeat_the_frame(tables: dict[str, Table], run: Results) -> None:
    row = run.landmarks.filter(
        (pl.col("parameter") == "RELAPSE") & (pl.col("group") == "all") & (pl.col("dose_level") == "all")
    ).row(0, named=True)
    shown = next(
        line
        for line in tables["landmarks"].rows
        if line.section.startswith("Relapse:") and line.cells[0].text == "All participants"
    )
    assert texts(shown)[1:6] == [f"{row[name]:.0f}" for name in ("time_day", "n", "n_events", "n_competing", "n_risk")]
    estimate, low, _, high = shown.cells[6].text.replace("(", "").replace(")", "").split()
    assert abs(float(estimate) - 100 * row["estimate"]) <= 0.05 + 1e-9
    assert abs(float(low) - 100 * row["conf_low"]) <= 0.05 + 1e-9
    assert abs(float(high) - 100 * row["conf_high"]) <= 0.05 + 1e-9


def test_landmarks_name_every_method_once(tables: dict[str, Table]) -> None:
    methods = [note for note in tables["landmarks"].footnotes if note.startswith("Method")]
    assert methods == [
        "Method: Kaplan-Meier, variance Greenwood, interval beta-product (OS, RFS).",
        "Method: Aalen-Johansen, variance Aalen, interval log-log (RELAPSE, NRM, AGVHD34, CD4IR).",
    ]


def test_quantiles_tell_limits_that_are_not_reached(tables: dict[str, Table]) -> None:
    table = tables["quantiles"]
    reached = [row for row in table.rows if row.section == "Time to event: CD4 reconstitution"]
    assert {row.cells[4].text for row in reached} == {"180 (92 to NR)"}
    assert "NR: limit not reached within the follow-up." in table.footnotes
    assert [row.section for row in table.rows][-1] == "Follow-up: CD4 reconstitution"


def test_adverse_events_are_ordered_by_frequency_then_name(tables: dict[str, Table]) -> None:
    table = tables["adverse_events"]
    heads = [row.cells[0] for row in table.rows if row.cells[1].text == "any grade"]
    classes = [cell.text for cell in heads if cell.indent == 0]
    assert classes == [
        "Any event",
        "Infections and infestations",
        "General disorders",
        "Blood and lymphatic system disorders",
        "Gastrointestinal disorders",
    ]
    terms = [cell.text for cell in heads if cell.indent == 1]
    assert terms[:3] == ["Cytomegalovirus reactivation", "Sepsis", "Pneumonia"]
    assert terms.index("Diarrhoea") < terms.index("Nausea")
    overall = [row.cells[1].text for row in table.rows if row.cells[0].text == "Any event"]
    assert overall == ["any grade", "grade ≥ 3", "grade ≥ 4", "serious", "related", "ongoing at the cut-off"]
    # Shown for all events together only.
    assert [row.cells[0].text for row in table.rows if row.cells[1].text == overall[-1]] == ["Any event"]


def test_events_of_the_safety_database_add_up(tables: dict[str, Table], run: Results, spec: DisplaySpec) -> None:
    table = tables["sae_reconciliation"]
    assert table.column_names()[-2:] == ["Number of events: All participants", "Participants, all"]
    numbers = {row.cells[0].text: [int(cell.text) for cell in row.cells[1:4]] for row in table.rows}
    listed, *parts, clinical = numbers.values()
    assert listed == [9, 4, 13] == [sum(column) for column in zip(*parts, strict=True)]
    assert clinical == [0, 2, 2]
    assert [row.cells[0].indent for row in table.rows] == [0, 1, 1, 1, 0]
    assert any("safety database adds none" in note for note in tables["adverse_events"].footnotes)
    without = build_tables(run, spec.model_copy(update={"sae_reconciled": False}))
    assert "sae_reconciliation" not in without
    assert not any("safety database" in note for note in without["adverse_events"].footnotes)


def test_ongoing_records_by_participant_and_start(tables: dict[str, Table], run: Results, spec: DisplaySpec) -> None:
    lines = [(row.section, *(cell.text for cell in row.cells)) for row in tables["ongoing_records"].rows]
    assert [(line[0], line[1], line[2], line[3], *line[5:]) for line in lines] == [
        ("Adverse events", "T-01", "Missing or not configured", "Nausea", "2", "60", "12", "death"),
        ("Adverse events", "T-02", "Adults", "Nausea", "2", "30 to 58", "42 to 70", "cut-off"),
        ("Adverse events", "T-02", "Adults", "Sepsis", "–", "–", "–", "cut-off"),
        ("Medications and infusions", "T-02", "Adults", "ciclosporin", "–", "-3", "103", "cut-off"),
    ]
    none = replace(run, ongoing_records=run.ongoing_records.clear())
    assert build_tables(none, spec)["ongoing_records"].note.startswith("No record of the kinds that last")
    assert "ongoing_records" not in build_tables(run, spec.model_copy(update={"ongoing_at_cutoff": []}))


def test_checks_list_violations_first_and_put_the_rest_together(tables: dict[str, Table]) -> None:
    rows = tables["checks"].rows
    assert [row.section for row in rows] == ["Violated", "Holds", "Not applicable"]
    assert texts(rows[0])[:4] == ["numbers at risk never grow", "first_failure", "Adults, All levels", "violated"]
    assert rows[0].cells[3].emphasis == "alert"
    assert texts(rows[1])[2:6] == ["3 strata", "holds", "2.2e-16", "1.0e-09"]
    assert texts(rows[2])[4:] == ["–", "–", "participants are censored"]


def test_groups_that_only_the_data_have_are_shown(run: Results, spec: DisplaySpec) -> None:
    extra = run.funnel.with_columns(group=pl.col("group").replace("PAED", "<b>OTHER"))
    table = build_tables(replace(run, funnel=extra), spec)["funnel"]
    sections = list(dict.fromkeys(row.section for row in table.rows))
    assert sections == ["Adults", "Paediatric patients", "<b>OTHER", "All participants"]
    absent = [row for row in table.rows if row.section == "Paediatric patients"]
    assert {cell.text for row in absent for cell in row.cells[1:]} == {"–"}


def test_empty_results_say_why(empty_run: Results, spec: DisplaySpec) -> None:
    for table in build_tables(empty_run, spec).values():
        assert table.rows == ()
        assert table.note.endswith(".")
        assert len(table.note.split()) >= 8


def test_no_endpoints_and_no_groups_in_the_data_are_not_an_error(run: Results, spec: DisplaySpec) -> None:
    bare = spec.model_copy(
        update={
            "endpoints": [],
            "definition_grid": None,
            "recurrent_events": [],
            "multistate": [],
            "trajectory": None,
            "age_limits": None,
            "dose_levels": [],
            "thresholds": [],
        }
    )
    tables = build_tables(run, bare)
    assert {row.section.split(":")[0] for row in tables["landmarks"].rows} >= {
        "Relapse-free survival, injected participants, days since SMART101 injection"
    }
    assert tables["landmarks"].draft == ""


def test_another_confidence_level_is_refused(run: Results, spec: DisplaySpec) -> None:
    with pytest.raises(ContractError, match="confidence levels"):
        build_tables(run, spec.model_copy(update={"conf_level": 0.9}))


def test_two_rows_for_one_cell_are_refused(run: Results, spec: DisplaySpec) -> None:
    doubled = pl.concat([run.funnel, run.funnel.head(1)])
    with pytest.raises(ContractError, match="two result rows"):
        build_tables(replace(run, funnel=doubled), spec)


def test_row_order_of_the_frames_does_not_matter(run: Results, spec: DisplaySpec) -> None:
    turned = Results(**{field.name: getattr(run, field.name).reverse() for field in fields(Results)})
    assert build_tables(turned, spec) == build_tables(run, spec)


def test_the_dash_is_never_part_of_a_value(tables: dict[str, Table]) -> None:
    for table in tables.values():
        for row in table.rows:
            assert all("–" not in cell.text or cell.text == "–" for cell in row.cells)


def test_missing_dates_have_lines_in_the_funnel(run: Results, spec: DisplaySpec) -> None:
    def labels(name: str, n: int) -> list[str]:
        counted = run.funnel.with_columns(pl.when(pl.col("group") != "PAED").then(n).otherwise(0).alias(name))
        rows = build_tables(replace(run, funnel=counted), spec)["funnel"].rows
        return [f"{row.section}: {row.cells[0].text}" for row in rows if "unknown" in row.cells[0].text]

    assert labels("n_death_undated", 0) == []
    assert labels("n_death_undated", 2) == [
        "Adults: Died, date unknown (not a death in time-to-event)",
        "All participants: Died, date unknown (not a death in time-to-event)",
    ]
    assert len(labels("n_left_undated", 1)) == len(labels("n_clock_unknown", 1)) == 2


def test_the_baseline_says_how_many_have_not_got_to_where_it_is_known(run: Results, spec: DisplaySpec) -> None:
    of_age = pl.col("characteristic") == "AGE"
    later = run.baseline.with_columns(
        known_at=pl.when(of_age).then(pl.lit("transplant")).otherwise("known_at"),
        n_not_reached=pl.when(of_age).then(3).otherwise("n_not_reached").cast(pl.Int64),
    )
    rows = build_tables(replace(run, baseline=later), spec)["baseline"].rows
    found = [(row.section, row.cells[1].text) for row in rows if "by the cut-off" in row.cells[0].text]
    assert found == [("Age (years)", "3")]


def test_dose_levels_have_a_line_each_and_a_column_per_visit(
    run: Results, spec: DisplaySpec, tables: dict[str, Table]
) -> None:
    table = tables["doses_cd4"]
    assert table.column_names() == ["Dose level", "Group", *(visit.label for visit in spec.visits.windows)]
    sections = [section for section, _ in itertools.groupby(row.section for row in table.rows)]
    assert sections[:2] == ["Samples of those expected", "CD4 (/µL), median (Q1 to Q3)"]
    assert sections[2:] == [f"{sign} /µL, of samples with known status" for sign in ("> 50", "≥ 200")]
    lines = [texts(row)[:2] for row in table.rows if row.section == sections[0]]
    levels = list(dict.fromkeys(label for label, _ in lines))
    assert lines == [
        [level, group]
        for place, level in enumerate(levels)
        for group in ("All participants", *(["Paediatric patients"] if place == 1 else []))
    ]
    assert len(levels) == len(spec.dose_levels)
    key = {"parameter": "CD4", "group": "all", "dose_level": spec.dose_levels[0].code}
    first = run.visit_summary.filter(**key).sort("target_day")
    assert texts(table.rows[0])[2:] == [f"{n} of {due}" for n, due in first.select("n", "n_expected").rows()]
    reached = run.threshold_summary.filter(**key, operator=">").sort("target_day")
    own = next(row for row in table.rows if row.section == sections[2])
    assert texts(own)[2:] == [f"{hits} of {n}" for hits, n in reached.select("n_reached", "n").rows()]
    nobody = run.visit_summary.with_columns(
        n=pl.when(dose_level="DL2", group="PAED").then(0).otherwise("n"),
        n_expected=pl.when(dose_level="DL2", group="PAED").then(0).otherwise("n_expected"),
    )
    left = build_tables(replace(run, visit_summary=nobody), spec)["doses_cd4"]
    assert not any(row.cells[1].text.startswith("Paed") for row in left.rows)
    without = spec.model_copy(update={"dose_levels": []})
    assert not [stem for stem in build_tables(run, without) if stem.startswith("doses")]


def test_visits_without_a_sample_are_left_out_of_what_is_not_measured_at_each(run: Results, spec: DisplaySpec) -> None:
    analytes = [analyte.model_copy(update={"drawn": False}) for analyte in spec.analytes]
    at_60 = pl.col("visit") == "D60"
    none = run.visit_summary.with_columns(n=pl.when(at_60).then("n").otherwise(0))
    tables = build_tables(replace(run, visit_summary=none), spec.model_copy(update={"analytes": analytes}))
    assert {row.section.split(" (")[0] for row in tables["visits_cd4"].rows} == {"Day 60"}
    assert tables["doses_cd4"].column_names() == ["Dose level", "Group", "Day 60"]
    for stem in ("visits_cd4", "doses_cd4"):
        assert any("visits without any sample are left out" in note for note in tables[stem].footnotes)
