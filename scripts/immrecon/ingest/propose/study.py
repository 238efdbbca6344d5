"""One unknown export, studied from its bytes to a draft dialect. Never used when an export is read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import polars as pl

from immrecon.config.dialect import Shape
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.propose import checks, values
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.by_visit import Visits, beside, draws_in_rows, in_rows, over_results
from immrecon.ingest.propose.columns import Column, column, join, of_table, words
from immrecon.ingest.propose.dated_heads import named, over_analytes, over_rows
from immrecon.ingest.propose.draft import Draft, Entry, Remark, Tree, inferred, question, sure
from immrecon.ingest.propose.exchange import exchange_roles, exchange_statuses
from immrecon.ingest.propose.formats import Source, read_for_study
from immrecon.ingest.propose.identity import identity
from immrecon.ingest.propose.layout import MOST_COLUMNS, Sheet, read_sheet
from immrecon.ingest.propose.requested import Evidence, Requested, inferred_names, requested, units_in
from immrecon.ingest.propose.roles import Finder, statuses
from immrecon.ingest.readers.grid import HEADER_JOIN, ROW
from immrecon.quoting import quoted, safe

SLUG = r"[a-z0-9][a-z0-9._-]{0,63}"


def propose(path: Path, name: str | None = None, analytes: Collection[str] | None = None) -> Draft:
    """A draft dialect of the export at `path`, for a study with these analytes (None: not known which).

    Raises ConfigError: the name cannot be one. SourceError: no such file, a format that cannot be studied, or nothing
    that looks like a table.
    """
    if name is not None and not re.fullmatch(SLUG, name):
        raise ConfigError(f'the name "{safe(name)}" becomes part of paths: use lower case, digits, ".", "_" and "-".')
    source = read_for_study(path)
    sheet = read_sheet(source)
    if len(sheet.table.heads) > MOST_COLUMNS:
        raise SourceError(f"{path.name}: {len(sheet.table.heads):,} columns; at most {MOST_COLUMNS:,} are studied.")
    return _Study(path, source, sheet, analytes).draft(name or _slug(path.stem))


def _slug(stem: str) -> str:
    words_only = re.sub(r"[^a-z0-9]+", "_", words(stem)).strip("_")[:40]
    return words_only or "lab"


class _Study:
    def __init__(self, path: Path, source: Source, sheet: Sheet, analytes: Collection[str] | None) -> None:
        self.path, self.source, self.sheet, self.analytes = path, source, sheet, analytes
        self.below = self._names()
        columns = {name: of_table(sheet.table, *heads) for name, heads in self.below.items()}
        self.columns = {name: Column(name, cells.texts) for name, cells in columns.items()}
        self.visits: Visits | None = None
        self.analyte_heads: list[str] = []
        self.named: dict[str, str | None] = {}
        if source.is_exchange:
            self.roles = exchange_roles(source.format, self.columns)
            why = "a row per observation, under the fixed heads of its reader"
            self.shape, self.shape_entry = "long", sure("long", why)
            return
        finder = Finder(self.columns, source.epoch, participant=sheet.participant)
        self.named = finder.named
        self.roles = finder.find()
        self.analyte_heads = [name for name in self.columns if read_name(name).code and name not in finder.taken]
        self.shape, self.shape_entry = self._shape(finder)

    def _names(self) -> dict[str, list[str]]:
        """Names of columns, with their heads: below the visits of two levels, otherwise each head is a name."""
        table = self.sheet.table
        filled = [head for head in table.heads if not head.startswith("(column ") or of_table(table, head).n]
        if not self.sheet.two_levels or sum(named(head) is not None for head in filled) >= 2:
            return {head: [head] for head in filled}
        below: dict[str, list[str]] = {}
        for head in filled:
            below.setdefault(head.rpartition(HEADER_JOIN)[2], []).append(head)
        over_analytes = any(len(heads) > 1 and read_name(name).code for name, heads in below.items())
        return below if over_analytes or over_results(below) else {head: [head] for head in filled}

    def _repeated(self) -> tuple[Remark, ...]:
        if not (repeated := self.sheet.table.repeated):
            return ()
        listed = ", ".join(quoted(head) for head in repeated[:6])
        return (Remark("note", f"heads that come twice: {listed}. If the dialect uses one, the export is refused"),)

    def _shape(self, finder: Finder) -> tuple[str, Entry]:
        row = self.sheet.layout.header_rows[-1]
        self.visits = over_rows(finder, row) or over_analytes(finder, row)
        if self.visits is not None:
            shown = ", ".join(map(quoted, self.visits.labels[:4]))
            return "wide_by_visit", inferred("wide_by_visit", f"heads are dates of draws, or hold one: {shown}")
        several = [name for name in self.analyte_heads if len(self.below[name]) > 1]
        if self.sheet.two_levels and several:
            return "wide_visit_over_analyte", inferred(
                "wide_visit_over_analyte", f"{quoted(several[0])} stands below {len(self.below[several[0]])} visits"
            )
        self.visits = beside(finder, self.below) if self.sheet.two_levels else in_rows(finder, self.sheet.table)
        if self.visits is not None:
            shown = ", ".join(map(quoted, self.visits.labels[:4]))
            why = f"{quoted(self.roles.chosen['test'])} names analytes, and visits stand side by side: {shown}"
            return "wide_by_visit", inferred("wide_by_visit", why)
        if finder.find_long():
            chosen = self.roles.chosen
            why = f"{quoted(chosen['test'])} holds names of analytes, {quoted(chosen['result'])} their results"
            return "long", inferred("long", why)
        if self.analyte_heads:
            shown = ", ".join(quoted(name, 30) for name in self.analyte_heads[:5])
            return "wide_by_analyte", inferred("wide_by_analyte", f"analytes are heads of columns: {shown}")
        asked = "no head and no column names a known analyte. Which shape is it?"
        return "wide_by_analyte", question(f"{asked} {', '.join(get_args(Shape))}.", "wide_by_analyte")

    def draft(self, name: str) -> Draft:
        wanted = self._requested()
        evidence = self._evidence(known=True)
        notes = tuple(Remark("note", text) for text in self.source.notes)
        tree: dict[str, Entry | Tree] = {
            "name": Entry(name, notes),
            "description": Entry(f"draft made from {safe(self.path.name)}: laboratory, system, since when"),
            "files": inferred(
                [_pattern(self.path.name)], "relative to the folder of the cut: correct it, or use a pattern"
            ),
            "layout": {**self.source.layout, **self.sheet.entries},
            "shape": replace(self.shape_entry, remarks=(*self._repeated(), *self.shape_entry.remarks)),
            **({"visits": self.visits.entries} if self.visits is not None else {}),
            "columns": {**self.roles.entries, "ignored": self._ignored()},
            "participant": identity(self._cells("participant")),
            "analytes": wanted.analytes,
            "not_requested": wanted.not_requested,
        }
        if wanted.units is not None:
            tree["units"] = wanted.units
        of_analytes = [Column(name, one.results.texts) for name, one in evidence.items()]
        tree["numbers"] = values.numbers(
            of_analytes, self._other_numbers(), typed=self.source.typed_numbers, written=self.source.written
        )
        tree["words"] = values.words(join("", of_analytes)) or Entry({})
        status = self._cells("status")
        if "status" in self.roles.entries:
            exchange = self.source.is_exchange
            tree["statuses"] = exchange_statuses(self.source.format, status) if exchange else statuses(status)
        excluded = checks.exclusions(self._telling(), wanted.codes)
        if excluded is not None:
            tree["exclude_where"] = excluded
        labelled = self.visits is None or not self.visits.names
        tree["duplicates"] = checks.duplicates(self.roles, self.shape if labelled else "long", self._draws())
        tree["checks"] = checks.rules(wanted.codes, self._visits(), received="received" in self.roles.chosen)
        return Draft(safe(self.path.name), tree)

    def _cells(self, role: str) -> Column:
        """What stands in the column of a role, or in the rows of it."""
        if self.visits is not None and role in self.visits.rows:
            return self.visits.cells[self.visits.rows[role]]
        name = self.roles.chosen.get(role)
        return self.columns[name] if name else Column("", {})

    def _requested(self) -> Requested:
        outside = [(f"row {row}", text) for row, text in self.sheet.titles]
        for grid in self.source.elsewhere:
            cells = zip(grid.numbers[:60], grid.rows[:60], strict=True)
            outside += [
                (f"sheet {quoted(grid.sheet or '')}, row {n}", cell) for n, row in cells for cell in row[:40] if cell
            ]
        has_units = "unit" in self.roles.chosen
        outside_units = {} if has_units else units_in(outside)
        return requested(self._evidence(), outside_units, has_units=has_units, of_study=self.analytes)

    def _evidence(self, *, known: bool = False) -> dict[str, Evidence]:
        """By the name of each analyte, or of what may be one."""
        if self.visits is not None and self.visits.names:
            found = self._of_heads(self.visits.names)
        else:
            found = self._long() if self.shape in {"long", "wide_by_visit"} else self._wide()
        return {name: evidence for name, evidence in found.items() if not known or _is_used(name)} or found

    def _of_heads(self, names: Mapping[str, str]) -> dict[str, Evidence]:
        """By the analytes that heads name together with the date."""
        heads: dict[str, list[str]] = {}
        for label, name in names.items():
            heads.setdefault(name, []).append(label)
        return {name: Evidence(join(name, (self.columns[h] for h in several))) for name, several in heads.items()}

    def _wide(self) -> dict[str, Evidence]:
        taken = set(self.roles.chosen.values())
        unknown = [
            name
            for name, cells in self.columns.items()
            if name not in taken and self.named[name] is None and cells.n and cells.share(values.is_number) >= 0.5
        ]
        names = [name for name in self.columns if name in {*self.analyte_heads, *unknown}]
        return {name: Evidence(self.columns[name]) for name in names if name != ""}

    def _sides(self) -> list[dict[str, str]]:
        """Heads by role: once, or for each of the visits side by side."""
        chosen = self.roles.chosen
        if self.visits is None:
            return [{role: self.below[name][0] for role, name in chosen.items()}]
        if self.visits.dates in {"row", "head"}:
            return [chosen | {"result": label} for label in self.visits.labels]
        return [
            {
                role: head if (head := f"{label}{HEADER_JOIN}{name}") in self.below[name] else self.below[name][0]
                for role, name in chosen.items()
            }
            for label in self.visits.labels
        ]

    def _long(self) -> dict[str, Evidence]:
        frame = self.sheet.table.frame
        of_samples = set(self.visits.rows.values()) if self.visits is not None else set()
        parts: dict[str, dict[str, list[tuple[int, str]]]] = {}
        for side in self._sides():
            heads = {role: side[role] for role in ("test", "result", "unit", "loinc") if role in side}
            for row, *cells in frame.select(ROW, *(pl.col(h).alias(r) for r, h in heads.items())).iter_rows():
                texts = dict(zip(heads, cells, strict=True))
                name = " ".join(texts["test"].split())
                if name and name not in of_samples and texts["result"].strip():
                    kept = parts.setdefault(name, {role: [] for role in heads})
                    for role in heads:
                        kept[role].append((row, texts[role]))
        return {
            name: Evidence(
                column(name, kept["result"]),
                column(name, kept["unit"]) if "unit" in kept else None,
                column(name, kept["loinc"]) if "loinc" in kept else None,
                _without_unit(name, kept) if "unit" in kept else None,
            )
            for name, kept in parts.items()
        }

    def _ignored(self) -> Entry:
        if self.source.is_exchange:
            return Entry("*")
        used = set(self.roles.chosen.values())
        if self.visits is not None:
            used |= set(self.visits.labels)
        elif self.shape != "long":
            used |= set(self._wide())
        return inferred_names(name for name in self.columns if name not in used)

    def _other_numbers(self) -> Column:
        used = set(self.roles.chosen.values()) | set(self.analyte_heads)
        used |= set(self.visits.labels) if self.visits is not None else set()
        return join("", (cells for name, cells in self.columns.items() if name not in used))

    def _telling(self) -> dict[str, Column]:
        """Columns whose words may say that a sample is not to be used."""
        names = [*([self.roles.chosen["visit"]] if "visit" in self.roles.chosen else []), *self.roles.comments]
        return {name: self.columns[name] for name in names}

    def _visits(self) -> Column:
        if self.visits is not None and not self.visits.names:
            return column("visit", [(self.sheet.layout.header_rows[0], label) for label in self.visits.labels])
        if self.shape == "wide_visit_over_analyte":
            visits = [head.rpartition(HEADER_JOIN)[0] for head in self.sheet.table.heads if HEADER_JOIN in head]
            return column("visit", [(self.sheet.layout.header_rows[0], visit) for visit in visits])
        return self._cells("visit")

    def _draws(self) -> list[tuple[str, str]]:
        """For each row, the number of the sample, and whose it is and when it was drawn."""
        frame = self.sheet.table.frame
        if self.visits is not None and self.visits.rows:
            return draws_in_rows(frame, self.roles.chosen, self.visits)
        if not {"accession", "participant", "collected"} <= self.roles.chosen.keys():
            return []
        return [
            (number, f"{who} {when}")
            for side in self._sides()
            for number, who, when in frame.select(
                pl.col(side[role]).alias(role) for role in ("accession", "participant", "collected")
            ).iter_rows()
            if number
        ]


def _without_unit(name: str, kept: Mapping[str, list[tuple[int, str]]]) -> Column:
    beside = zip(kept["result"], kept["unit"], strict=True)
    return column(name, (cell for cell, (_, unit) in beside if not unit.strip())).where(values.is_number)


def _is_used(name: str) -> bool:
    from immrecon.ingest.propose.analytes import NOT_USED

    return read_name(name).code not in {None, NOT_USED}


def _pattern(name: str) -> str:
    """The file's name as a pattern that matches it alone."""
    return re.sub(r"([*?\[])", r"[\1]", name)
