"""Exports of two laboratories for the same participants, with every kind of dirt that a rule speaks of."""

import random
from pathlib import Path
from typing import Any

from immrecon.config.dialect import Dialect

from .lab_cases import HEAD, PEOPLE, dialect

NAMES = {
    "CD3": 1.0,
    "CD4": 0.5,
    "CD8": 0.3,
    "ALC": 1.6,
    "CD4 %": 0.0,
    "CD8 %": 0.0,
    "CD4CD8": 0.0,
    "HGB": 0.0,
    "XYZ": 0.0,
}
WIDE_COLUMNS = {
    "participant": "id",
    "collected": {"column": "drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}},
    "time": "clock",
    "accession": "sample",
    "ignored": ["comment"],
}
WIDE_ANALYTES = {
    "CD3": {"code": "CD3", "unit": "/uL", "lloq": 5},
    "CD4": {"code": "CD4", "unit": "/uL", "lloq": 5},
    "CD8": {"code": "CD8", "unit": "/uL"},
    "ALC": {"code": "ALC", "unit": "G/L"},
}


def laboratories(rng: random.Random, **limits: int) -> dict[str, Dialect]:
    """A long and a wide laboratory, their rules drawn by chance."""
    checks: dict[str, Any] = {
        "sums": [{"parts": ["CD4", "CD8"], "whole": "CD3", "tolerance_relative": 0.1, "tolerance_absolute": 5}],
        "shares": [],
        "jump": {"factor": 5, "within_days": 30, "from_count": 50},
        "slip": {
            "ratio_low": 300,
            "ratio_high": 3000,
            "longest_run": rng.choice([1, 2, 3]),
            "panel_min_analytes": rng.choice([None, 2]),
        },
        "identical_min_analytes": rng.choice([None, 2, 3]),
        "accessions_unique": rng.random() < 0.8,
        "max_hours_to_receipt": None,
        "visit": None,
        "severities": {"panel_shared": "note"},
    }
    same_day = rng.choice(["last", "first", "query", "keep"])
    layout = {"format": "csv", "encoding": "utf-8", "delimiter": ";", "limits": limits}
    layout["ignore_rows"] = [r"Total : \d+"]
    rules = {"checks": checks, "duplicates": {"same_draw": ["accession"], "same_day": same_day}}
    wide = {
        "name": "wide",
        "files": ["wide.csv"],
        "layout": {**layout, "encoding": "cp1252", "repeated_header": True},
        "shape": "wide_by_analyte",
        "columns": WIDE_COLUMNS,
        "analytes": WIDE_ANALYTES,
        "not_requested": ["HGB"],
        "statuses": {},
        "exclude_where": [],
        "units": {},
    }
    return {"lab": dialect(**rules, layout=layout, files=["lab*.csv"]), "wide": dialect(**{**rules, **wide})}


def write_exports(folder: Path, rng: random.Random, n_samples: int) -> None:
    """Two files of the long laboratory, one of the wide one."""
    samples = [_sample(rng, n) for n in range(n_samples)]
    for name in ("lab1.csv", "lab2.csv"):
        rows = [row for sample in rng.sample(samples, n_samples // 2) for row in _long_rows(rng, sample)]
        if rng.random() < 0.3:
            rng.shuffle(rows)
        _write(folder / name, HEAD, rows, rng, "utf-8")
    rows = [_wide_row(rng, sample) for sample in samples]
    _write(
        folder / "wide.csv",
        ["id", "drawn", "clock", "sample", *WIDE_ANALYTES, "HGB", "note", "comment"],
        rows,
        rng,
        "cp1252",
    )


def _sample(rng: random.Random, number: int) -> dict[str, str]:
    person = rng.choice(PEOPLE)
    some = rng.random()
    written = person if some < 0.8 else rng.choice([person[3:], "S1-009", "", "S1-0O1", "x", "S1-01"])
    day, month = rng.randint(1, 28), rng.randint(1, 3)
    clock = rng.choice(["", " 09:00", " 09:00", " 14:30", " 00:00"])
    drawn = f"{day:02d}/{month:02d}/2026" if rng.random() < 0.95 else rng.choice(["", "31/02/2026", "02/2026", "soon"])
    accession = rng.choice([f"A{number}", f"A{number}", f"A{number // 2}", ""])
    return {"id": written, "drawn": drawn + clock, "sample": accession, "level": str(10 ** rng.randint(1, 3))}


def _number(rng: random.Random, level: float) -> str:
    if rng.random() < 0.1:
        return rng.choice(
            ["<5", "ND", "h\u00e9molys\u00e9", "", " ", "0", ">2000", "abc", "-3", "12 H", "1,2E+03", "=^440"]
        )
    factor = rng.choice([1, 1, 1, 1, 1000, 0.001])
    return str(round(level * factor * rng.choice([1, 1, 1.1]), 1)).replace(".", ",")


def _long_rows(rng: random.Random, sample: dict[str, str]) -> list[dict[str, str]]:
    rows = []
    for name in rng.sample(list(NAMES), rng.randint(1, len(NAMES))):
        for status in rng.choice([["F"], ["F"], ["F"], ["P", "F"], ["F", "C"], ["F", "F"], ["?"], ["X"], ["D", "C"]]):
            rows.append(
                {
                    **sample,
                    "test": name,
                    "status": status,
                    "result": _number(rng, float(sample["level"]) * NAMES[name] or 30),
                    "unit": "%" if "%" in name else rng.choice(["/uL", "/uL", "G/L", "c/mcl", "", "mg"]),
                    "reported": rng.choice(["", "05/03/2026", "06/03/2026"]),
                    "received": rng.choice(["", sample["drawn"][:10]]),
                    "visit": rng.choice(["", "D14"]),
                    "code": rng.choice(["", "", "24467-3"]),
                    "comment": rng.choice(["", "", "", "donneur", "blastes", "ok"]),
                }
            )
    return rows


def _wide_row(rng: random.Random, sample: dict[str, str]) -> dict[str, str]:
    drawn, _, clock = sample["drawn"].partition(" ")
    level = float(sample["level"])
    numbers = {name: _number(rng, level * NAMES[name] / (1000 if name == "ALC" else 1)) for name in WIDE_ANALYTES}
    return {**sample, **numbers, "drawn": drawn, "clock": clock, "HGB": "9", "note": rng.choice(["", "x"])}


def _write(path: Path, heads: list[str], rows: list[dict[str, str]], rng: random.Random, encoding: str) -> None:
    lines = [";".join(heads)]
    for row in rows:
        cells = [row.get(head, "") for head in heads]
        if rng.random() < 0.02:
            cells = rng.choice([cells[:-2], [*cells, "more"], [""] * len(cells), heads, ["Total : 3"]])
        if rng.random() < 0.03:
            cells = [f'"{cell}\n"' if rng.random() < 0.2 else f'"{cell}"' for cell in cells]
        lines.append(";".join(cells))
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
