"""One unknown export, studied from its bytes to a draft dialect. Never used when an export is read."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

from immrecon.config.dialect import Shape
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.propose import checks, values
from immrecon.ingest.propose.analytes import read_name
from immrecon.ingest.propose.columns import Column, column, folded, join, of_table, words
from immrecon.ingest.propose.draft import Draft, Entry, Remark, Tree, inferred, question
from immrecon.ingest.propose.formats import Source, read_for_study
from immrecon.ingest.propose.identity import identity
from immrecon.ingest.propose.layout import MOST_COLUMNS, Sheet, read_sheet
from immrecon.ingest.propose.requested import Evidence, Requested, inferred_names, requested, units_in
from immrecon.ingest.propose.roles import Finder, Roles, statuses
from immrecon.ingest.readers.grid import HEADER_JOIN, ROW
from immrecon.quoting import quoted, safe

_VISIT = re.compile(r"(?:d|day|jour|j|tag|dag|giorno|dia|visite?|visit|w|week|m|month|maand|monat) ?\+?[0-9]+|baseline")
_NAMED = re.compile(r"(?:patient\w*|subject|participant|proband|paciente|paziente|deelnemer|id)\b[ :=#.n°]*\w*[0-9]")
SLUG = r"[a-z0-9][a-z0-9._-]{0,63}"


def propose(path: Path, name: str | None = None) -> Draft:
    """A draft dialect of the export at `path`.

    Raises ConfigError: the name cannot be one. SourceError: no such file, a format that cannot be studied, or nothing
    that looks like a table.
    """
    if name is not None and not re.fullmatch(SLUG, name):
        raise ConfigError(f'the name "{safe(name)}" becomes part of paths: use lower case, digits, ".", "_" and "-".')
    source = read_for_study(path)
    sheet = read_sheet(source)
    if len(sheet.table.heads) > MOST_COLUMNS:
        raise SourceError(f"{path.name}: {len(sheet.table.heads):,} columns; at most {MOST_COLUMNS:,} are studied.")
    return _Study(path, source, sheet).draft(name or _slug(path.stem))


def _slug(stem: str) -> str:
    words_only = re.sub(r"[^a-z0-9]+", "_", words(stem)).strip("_")[:40]
    return words_only or "lab"


class _Study:
    def __init__(self, path: Path, source: Source, sheet: Sheet) -> None:
        self.path, self.source, self.sheet = path, source, sheet
        table = sheet.table
        self.below = self._names()
        self.columns = {name: of_table(table, *heads) for name, heads in self.below.items()}
        self.columns = {name: Column(name, cells.texts) for name, cells in self.columns.items()}
        finder = Finder(self.columns, source.epoch)
        self.roles: Roles = finder.find()
        self.analyte_heads = [name for name in self.columns if read_name(name).code and name not in finder.taken]
        self.shape, self.shape_entry = self._shape(finder)
        self.named = finder.named

    def _names(self) -> dict[str, list[str]]:
        """Names of columns, with their heads: below the visits of two levels, otherwise each head is a name."""
        table = self.sheet.table
        filled = [head for head in table.heads if not head.startswith("(column ") or of_table(table, head).n]
        below: dict[str, list[str]] = {}
        for head in filled:
            below.setdefault(head.rpartition(HEADER_JOIN)[2], []).append(head)
        over_analytes = any(len(heads) > 1 and read_name(name).code for name, heads in below.items())
        return below if self.sheet.two_levels and over_analytes else {head: [head] for head in filled}

    def _repeated(self) -> tuple[Remark, ...]:
        if not (repeated := self.sheet.table.repeated):
            return ()
        listed = ", ".join(quoted(head) for head in repeated[:6])
        return (Remark("note", f"heads that come twice: {listed}. If the dialect uses one, the export is refused"),)

    def _shape(self, finder: Finder) -> tuple[str, Entry]:
        several = [name for name in self.analyte_heads if len(self.below[name]) > 1]
        if self.sheet.two_levels and several:
            return "wide_visit_over_analyte", inferred(
                "wide_visit_over_analyte", f"{quoted(several[0])} stands below {len(self.below[several[0]])} visits"
            )
        other = self._block() or self._by_visit(finder)
        if other is not None:
            return "wide_by_analyte", other
        if finder.find_long():
            chosen = self.roles.chosen
            why = f"{quoted(chosen['test'])} holds names of analytes, {quoted(chosen['result'])} their results"
            return "long", inferred("long", why)
        if self.analyte_heads:
            shown = ", ".join(quoted(name, 30) for name in self.analyte_heads[:5])
            return "wide_by_analyte", inferred("wide_by_analyte", f"analytes are heads of columns: {shown}")
        asked = "no head and no column names a known analyte. Which shape is it?"
        return "wide_by_analyte", question(f"{asked} {', '.join(get_args(Shape))}.", "wide_by_analyte")

    def _by_visit(self, finder: Finder) -> Entry | None:
        """A row per participant and analyte, visits side by side."""
        visits = [name for name in self.columns if _VISIT.fullmatch(words(name))]
        tests = [name for name in self.columns if finder.known_names(name) >= 0.5]
        if len(visits) < 2 or not tests:
            return None
        asked = (
            f"{quoted(tests[0])} names analytes, and {', '.join(map(quoted, visits[:4]))} look like visits side by "
            f"side, a shape that this draft leaves to you. The shapes that can be read: {', '.join(get_args(Shape))}."
        )
        return question(asked)

    def _block(self) -> Entry | None:
        """A line that names the participant, above each participant's own table."""
        grid = self.source.grid
        lines = []
        for number, row in zip(grid.numbers, grid.rows, strict=True):
            text = " ".join(cell.strip() for cell in row if cell.strip())
            if len(text) < 80 and sum(bool(cell.strip()) for cell in row) <= 2 and _NAMED.match(folded(text)):
                lines.append(f"row {number} {quoted(text, 30)}")
        if len(lines) < 2:
            return None
        asked = (
            f"{len(lines)} lines name a participant above a table of their own ({', '.join(lines[:2])}): one block per"
        )
        return question(
            f"{asked} participant, which this draft leaves to you. The shapes that can be read are "
            f"{', '.join(get_args(Shape))}."
        )

    def draft(self, name: str) -> Draft:
        wanted = self._requested()
        results = join("", (evidence.results for evidence in self._evidence(known=True).values()))
        notes = tuple(Remark("note", text) for text in self.source.notes)
        tree: dict[str, Entry | Tree] = {
            "name": Entry(name, notes),
            "description": Entry(f"draft made from {safe(self.path.name)}: laboratory, system, since when"),
            "files": inferred(
                [_pattern(self.path.name)], "relative to the folder of the cut: correct it, or use a pattern"
            ),
            "layout": {**self.source.layout, **self.sheet.entries},
            "shape": replace(self.shape_entry, remarks=(*self._repeated(), *self.shape_entry.remarks)),
            "columns": {**self.roles.entries, "ignored": self._ignored()},
            "participant": identity(self._participants()),
            "analytes": wanted.analytes,
            "not_requested": wanted.not_requested,
        }
        if wanted.units is not None:
            tree["units"] = wanted.units
        tree["numbers"] = values.numbers(results, self._other_numbers(), workbook=self.source.format == "xlsx")
        tree["words"] = values.words(results) or Entry({})
        if "status" in self.roles.chosen:
            tree["statuses"] = statuses(self.columns[self.roles.chosen["status"]])
        excluded = checks.exclusions(self._telling(), wanted.codes)
        if excluded is not None:
            tree["exclude_where"] = excluded
        tree["duplicates"] = checks.duplicates(self.roles, self.shape, self._draws())
        tree["checks"] = checks.rules(wanted.codes, self._visits(), received="received" in self.roles.chosen)
        return Draft(safe(self.path.name), tree)

    def _participants(self) -> Column:
        role = self.roles.chosen.get("participant")
        return self.columns[role] if role else Column("", {})

    def _requested(self) -> Requested:
        outside = [(f"row {row}", text) for row, text in self.sheet.titles]
        for grid in self.source.elsewhere:
            cells = zip(grid.numbers[:60], grid.rows[:60], strict=True)
            outside += [
                (f"sheet {quoted(grid.sheet or '')}, row {n}", cell) for n, row in cells for cell in row[:40] if cell
            ]
        has_units = "unit" in self.roles.chosen
        return requested(self._evidence(), {} if has_units else units_in(outside), has_units=has_units)

    def _evidence(self, *, known: bool = False) -> dict[str, Evidence]:
        """By the name of each analyte, or of what may be one."""
        found = self._long() if self.shape == "long" else self._wide()
        return {name: evidence for name, evidence in found.items() if not known or _is_used(name)} or found

    def _wide(self) -> dict[str, Evidence]:
        taken = set(self.roles.chosen.values())
        unknown = [
            name
            for name, cells in self.columns.items()
            if name not in taken and self.named[name] is None and cells.n and cells.share(values.is_number) >= 0.5
        ]
        names = [name for name in self.columns if name in {*self.analyte_heads, *unknown}]
        return {name: Evidence(self.columns[name]) for name in names if name != ""}

    def _long(self) -> dict[str, Evidence]:
        chosen, frame = self.roles.chosen, self.sheet.table.frame
        heads = {role: chosen[role] for role in ("test", "result", "unit", "loinc") if role in chosen}
        parts: dict[str, dict[str, list[tuple[int, str]]]] = {}
        for row, *cells in frame.select(ROW, *(self.below[head][0] for head in heads.values())).iter_rows():
            texts = dict(zip(heads, cells, strict=True))
            name = " ".join(texts["test"].split())
            if name and texts["result"].strip():
                kept = parts.setdefault(name, {role: [] for role in heads})
                for role in heads:
                    kept[role].append((row, texts[role]))
        return {
            name: Evidence(
                column(name, kept["result"]),
                column(name, kept["unit"]) if "unit" in kept else None,
                column(name, kept["loinc"]) if "loinc" in kept else None,
            )
            for name, kept in parts.items()
        }

    def _ignored(self) -> Entry:
        used = set(self.roles.chosen.values())
        if self.shape != "long":
            used |= set(self._wide())
        return inferred_names(name for name in self.columns if name not in used)

    def _other_numbers(self) -> Column:
        used = set(self.roles.chosen.values()) | set(self.analyte_heads)
        return join("", (cells for name, cells in self.columns.items() if name not in used))

    def _telling(self) -> dict[str, Column]:
        """Columns whose words may say that a sample is not to be used."""
        names = [*([self.roles.chosen["visit"]] if "visit" in self.roles.chosen else []), *self.roles.comments]
        return {name: self.columns[name] for name in names}

    def _visits(self) -> Column:
        if self.shape == "wide_visit_over_analyte":
            visits = [head.rpartition(HEADER_JOIN)[0] for head in self.sheet.table.heads if HEADER_JOIN in head]
            return column("visit", [(self.sheet.layout.header_rows[0], visit) for visit in visits])
        role = self.roles.chosen.get("visit")
        return self.columns[role] if role else Column("", {})

    def _draws(self) -> list[tuple[str, str]]:
        """For each row, the number of the sample, and whose it is and when it was drawn."""
        chosen = self.roles.chosen
        if not {"accession", "participant", "collected"} <= chosen.keys():
            return []
        heads = [self.below[chosen[role]][0] for role in ("accession", "participant", "collected")]
        return [
            (number, f"{who} {when}")
            for number, who, when in self.sheet.table.frame.select(heads).iter_rows()
            if number
        ]


def _is_used(name: str) -> bool:
    from immrecon.ingest.propose.analytes import NOT_USED

    return read_name(name).code not in {None, NOT_USED}


def _pattern(name: str) -> str:
    """The file's name as a pattern that matches it alone."""
    return re.sub(r"([*?\[])", r"[\1]", name)
