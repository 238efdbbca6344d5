"""`truth.yaml`: what is true about the demo study, for tests and for readers."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from immrecon.simulate.assessments import acute_gvhd
from immrecon.simulate.dirt import CATALOGUE, CLINICAL_CATALOGUE, NOT_APPLICABLE
from immrecon.simulate.parameters import (
    COHORTS,
    CURVES,
    DOSE_1E6_PER_KG,
    LABORATORIES,
    PLANNED_CUMULATIVE,
    SITES,
)
from immrecon.simulate.participants import Participant
from immrecon.simulate.rows import PlacedMark, Rendered

if TYPE_CHECKING:
    from immrecon.simulate.study import Study

HEAD = """\
# The synthetic demo study: parameters, true course of every participant, cells by kind, changes between cuts,
# every planted fault. Written by `python -m immrecon.simulate --out data/demo`; not edited by hand.
# `events` and `cd4_read_per_ul` (day: count) are as known in the end: corrected, and before any planted fault.
# Rows are physical: 1-based lines of a CSV file, rows of a sheet; `last_row` ends a run of identical faults.
"""


def truth_yaml(study: "Study", rendered: dict[str, dict[str, Rendered]]) -> str:
    """The file's text; `rendered` holds the files of each cut by path."""
    p = study.parameters
    sections: list[tuple[str, Any]] = [
        (
            "study",
            {"seed": p.seed, "prefix": p.prefix, "sites": SITES, "protocol_v2_date": p.protocol_v2_date},
        ),
        ("data_cuts", [{"name": c.name, "cut_off": c.cut_off, "extract": c.extract} for c in p.cuts]),
        ("dose_levels_1e6_per_kg", DOSE_1E6_PER_KG),
        ("cohorts", [{k: (list(v) if k == "sites" else v) for k, v in asdict(c).items()} for c in COHORTS]),
        ("laboratories", [_laboratory(v) for v in LABORATORIES.values()]),
        ("planned_cumulative_enrolment", _plan()),
        ("curves_log10_per_ul", {a: asdict(c) for a, c in CURVES.items()}),
        ("kinetics", asdict(study.kinetics)),
        ("not_applicable", NOT_APPLICABLE),
        ("catalogue", list(CATALOGUE)),
        ("clinical_catalogue", list(CLINICAL_CATALOGUE)),
    ]
    rows: list[tuple[str, Sequence[dict[str, Any]]]] = [
        ("participants", [_participant(study, x) for x in study.enrolled]),
        ("screen_failures", [{"subject": f.subject, "reason": f.reason} for f in study.failures]),
        ("events", list(_events(study))),
        ("lab_cells", _lab_cells(rendered)),
        ("changes_between_cuts", _changes(study)),
        ("dirt", [d for cut, files in rendered.items() for d in _dirt(cut, files)]),
    ]
    text = "".join(yaml.safe_dump({k: v}, sort_keys=False, allow_unicode=True, width=110) for k, v in sections)
    return HEAD + text + "".join(_one_per_line(k, v) for k, v in rows)


def _one_per_line(name: str, items: Iterable[dict[str, Any]]) -> str:
    """A list with one flow mapping per line: greppable, and readable as a table."""
    dump = [
        yaml.safe_dump(i, sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000) for i in items
    ]
    return f"{name}:\n" + "".join(f"- {line}" for line in dump)


def _plan() -> dict[str, int]:
    months = [f"{2024 + (8 + i) // 12}-{(8 + i) % 12 + 1:02d}" for i in range(len(PLANNED_CUMULATIVE))]
    return dict(zip(months, PLANNED_CUMULATIVE, strict=True))


def _laboratory(laboratory: Any) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(laboratory).items()}


def _participant(study: "Study", person: Participant) -> dict[str, Any]:
    course = study.courses.get(person.subject)
    found: dict[str, Any] = {
        "subject": person.subject,
        "slot": person.slot,
        "group": person.group,
        "dose_level": person.dose_level,
        "protocol_version": person.protocol_version,
        "birth": person.birth,
        "enrolment": person.enrolment,
        "transplant": person.transplant,
        "injection": person.injection,
        "cells_1e6_per_kg": person.product.cells_1e6_per_kg if person.injection else None,
        "not_transplanted": person.story.not_transplanted or None,
        "not_injected": person.story.not_injected or None,
    }
    if course is not None:
        trajectory = study.trajectories[person.subject]
        curve = trajectory.curves["CD4"]
        crossing = curve.day_reaching(50.0)
        grades = [(course.day_of(e.on), int(e.cells["grade"])) for e in acute_gvhd(study.parameters, course)]
        found |= {
            "last_day": course.last_day,
            "gvhd_peak": course.gvhd_peak,
            "gvhd_onset_day": course.gvhd_onset_day,
            "gvhd_grade2_day": next((d for d, g in grades if g >= 2), None),
            "gvhd_grade3_day": next((d for d, g in grades if g >= 3), None),
            "cd4_start_log10": round(curve.start_log10, 3),
            "cd4_plateau_log10": round(curve.plateau_log10, 3),
            "cd4_time_constant_days": round(curve.time_constant_days, 1),
            "cd4_curve_over_50_day": None if crossing is None else round(crossing, 1),
            "cd4_read_per_ul": {d: round(v) for d, v in trajectory.samples.select("day", "read_CD4").iter_rows()},
        }
    return {k: v for k, v in found.items() if v is not None}


def _events(study: "Study") -> Iterable[dict[str, Any]]:
    """Events as they truly happened, without dirt or delay."""
    for entry in study.true_events:
        found = {"subject": entry.subject, "event": entry.cells["event"], "date": entry.on}
        course = study.courses.get(entry.subject)
        if course is not None:
            found["day"] = course.day_of(entry.on)
        if entry.cells["grade"]:
            found["grade"] = int(entry.cells["grade"])
        if entry.cells["event"] == "infection":
            found["detail"] = entry.cells["detail"]
        yield found


def _lab_cells(rendered: dict[str, dict[str, Rendered]]) -> list[dict[str, Any]]:
    return [
        {"cut": cut, "file": file, **r.counts}
        for cut, files in rendered.items()
        for file, r in files.items()
        if file.startswith("labs/")
    ]


def _changes(study: "Study") -> list[dict[str, Any]]:
    first, second = (c.extract for c in study.parameters.cuts)
    return [asdict(c) for _, table in sorted(study.tables.items()) for c in table.changes(first, second)]


def _dirt(cut: str, files: dict[str, Rendered]) -> Iterable[dict[str, Any]]:
    for file, rendered in files.items():
        marks = sorted(rendered.marks, key=lambda m: (m.item, m.sheet, m.column, m.kind, m.expected, m.row))
        runs = groupby(enumerate(marks), key=lambda im: (_same(im[1]), im[1].row - im[0]))
        found = [_fault(cut, file, [m for _, m in run]) for _, run in runs]
        yield from sorted(found, key=lambda d: (d["sheet"], d["row"], d["column"]))


def _same(mark: PlacedMark) -> tuple[str, ...]:
    return mark.item, mark.sheet, mark.column, mark.kind, mark.expected


def _fault(cut: str, file: str, run: list[PlacedMark]) -> dict[str, Any]:
    first = run[0]
    last = {"last_row": run[-1].row} if len(run) > 1 else {}
    return {
        "cut": cut,
        "file": file,
        "sheet": first.sheet,
        "row": first.row,
        **last,
        "column": first.column,
        "kind": first.kind,
        "item": first.item,
        "expected": first.expected,
    }
