"""Clinical extracts become the harmonised domains; every row ends in a domain, or in a query that says why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.config.clinical import ClinicalSpec
from immrecon.config.extracts import Extract, ExtractsFile
from immrecon.errors import SourceError
from immrecon.ingest.clinical_cells import Parsed, not_before_birth, parse
from immrecon.ingest.clinical_checks import contradictions
from immrecon.ingest.clinical_domains import characteristics, numbered_rows, participants, table, usable
from immrecon.ingest.clinical_enrolment import enrolment_queries
from immrecon.ingest.clinical_gvhd import gvhd_queries
from immrecon.ingest.clinical_late import late_queries
from immrecon.ingest.clinical_protocol import protocol_queries
from immrecon.ingest.clinical_queries import numbered
from immrecon.ingest.clinical_results import melt
from immrecon.ingest.clinical_source import Files, Rows, choose
from immrecon.ingest.patterns import check_patterns
from immrecon.ingest.sae_reconciliation import Reconciled, reconcile

Count = dict[str, str | int | None]


@dataclass(frozen=True)
class ClinicalTables:
    """The clinical part of the harmonised layer. Every frame satisfies its contract.

    `counts`: for each extract, what became of its rows: n_read = n_filtered + n_duplicate + n_withheld +
    n_without_result + n_used, and the participants among those used.
    """

    dm: pl.DataFrame
    sc: pl.DataFrame
    ds: pl.DataFrame
    ce: pl.DataFrame
    fa: pl.DataFrame
    cm: pl.DataFrame
    ae: pl.DataFrame
    sae: pl.DataFrame
    queries: pl.DataFrame
    counts: list[Count]


def harmonise_clinical(spec: ClinicalSpec, folder: Path) -> ClinicalTables:
    """The domains that the specification describes, from the files under `folder` (the folder of the cut).

    A date later than `spec.extract_date`, the day the data left the database, is an error of the source; None where
    the data carry no dates.

    Raises SourceError: a file missing, empty or not readable as declared, a column missing, no participant at all.
    ConfigError: a pattern that cannot be matched.
    """
    check_patterns(_patterns(spec.clinical))
    job = _Job(spec, folder)
    dm = job.participants()
    frames = {domain: job.records(domain) for domain in ("DS", "CE", "CM", "AE")}
    frames["FA"] = job.assessments()
    sae = job.reconciled(frames["AE"])
    sc = job.characteristics()
    queries = [
        *job.files.queries,
        *job.queries,
        *job.protocol_queries(dm, sc),
        *contradictions(dm=dm, **{k.lower(): v for k, v in frames.items()}),
        *gvhd_queries(frames["FA"], sc, spec.staged_gvhd),
        *sae.queries,
        *late_queries(frames, spec.entered_late, spec.earlier),
    ]
    return ClinicalTables(
        dm=dm,
        sc=sc,
        ds=frames["DS"],
        ce=frames["CE"],
        fa=frames["FA"],
        cm=frames["CM"],
        ae=frames["AE"],
        sae=sae.sae,
        queries=numbered(queries),
        counts=[job.counts[position] for position in sorted(job.counts)],
    )


def _patterns(extracts: ExtractsFile) -> list[tuple[str, str]]:
    layouts = [
        (f"clinical: formats.{name}.layout.ignore_rows", pattern)
        for name, form in extracts.formats.items()
        for pattern in form.layout.ignore_rows
    ]
    identities = [
        (f"clinical: extracts.{position}.participant.identity.pattern", extract.participant.identity.pattern)
        for position, extract in enumerate(extracts.extracts)
        if extract.participant.identity is not None
    ]
    return layouts + identities


class _Job:
    """One run over the extracts: participants first, because everything else is checked against them."""

    def __init__(self, spec: ClinicalSpec, folder: Path) -> None:
        self.files = Files(spec.clinical, folder)
        self.queries: list[pl.DataFrame] = []
        self.counts: dict[int, Count] = {}
        self._spec = spec
        self._extracts = spec.clinical
        self._known: frozenset[str] = frozenset()
        self._parts: list[tuple[Extract, pl.DataFrame]] = []
        self._births = pl.DataFrame(schema={"USUBJID": pl.String, "BRTHLO": pl.Date})

    def participants(self) -> pl.DataFrame:
        uses = self._of("DM")
        chosen = {position: self._choose(use, None) for position, use in uses if use.roster}
        self._known = frozenset(name for rows in chosen.values() for name in rows.frame["USUBJID"].to_list())
        if not self._known:
            files = ", ".join(use.file for _, use in uses if use.roster)
            raise SourceError(
                f"{files}: no participant found in it, and it defines who is one. "
                'Look at its rows, at "where", and at the pattern of the identifier.'
            )
        chosen |= {position: self._choose(use, self._known) for position, use in uses if not use.roster}
        parsed = [(position, use, self._parse(use, chosen[position])) for position, use in uses]
        born = [frame.frame.select("USUBJID", "BRTHLO") for _, use, frame in parsed if "BRTHDTC" in use.columns]
        self._births = (
            pl.concat([self._births, *born]).drop_nulls().unique("USUBJID", keep="first", maintain_order=True)
        )
        parts = []
        for position, use, before in parsed:
            after = not_before_birth(use, before, self._births)
            self.queries += [*chosen[position].queries, *after.queries]
            self._count(position, use, chosen[position], after.frame)
            parts.append((use, after.frame))
        self._parts = parts
        dm = participants(parts, self._spec.study, self.queries)
        self.queries += enrolment_queries(dm, parts, self._spec.groups, self._spec.dose_levels)
        return dm

    def records(self, domain: str) -> pl.DataFrame:
        """DS, CE, CM or AE."""
        return table(domain, [self._usable(position, use) for position, use in self._of(domain)])

    def assessments(self) -> pl.DataFrame:
        names = {"test": "FATESTCD", "text": "FAORRES", "number": "FASTRESN"}
        return table("FA", [self._melted(position, use).rename(names) for position, use in self._of("FA")])

    def characteristics(self) -> pl.DataFrame:
        names = {"test": "SCTESTCD", "text": "SCORRES", "number": "SCSTRESN"}
        parts = [self._melted(position, use).rename(names) for position, use in self._of("SC")]
        return characteristics(parts, self.queries)

    def reconciled(self, ae: pl.DataFrame) -> Reconciled:
        parts = [self._usable(position, use) for position, use in self._of("SAE")]
        extracts = [use for domain in ("SAE", "AE") for _, use in self._of(domain)]
        return reconcile(numbered_rows("SAE", parts).drop("AESEQ"), ae, extracts, self._spec.sae_reconciliation)

    def protocol_queries(self, dm: pl.DataFrame, sc: pl.DataFrame) -> list[pl.DataFrame]:
        extracts = [extract for _, extract in self._of("SC")]
        return protocol_queries(dm, self._parts, sc, extracts, self._spec.protocol_versions)

    def _of(self, domain: str) -> Sequence[tuple[int, Extract]]:
        return [(i, extract) for i, extract in enumerate(self._extracts.extracts) if extract.domain == domain]

    def _choose(self, extract: Extract, known: frozenset[str] | None) -> Rows:
        return choose(extract, self.files.rows_of(extract), known)

    def _parse(self, extract: Extract, rows: Rows) -> Parsed:
        return parse(extract, self._extracts.formats[extract.format], rows.frame, self._spec.extract_date)

    def _checked(self, extract: Extract, rows: Rows) -> Parsed:
        parsed = usable(extract, not_before_birth(extract, self._parse(extract, rows), self._births))
        self.queries += [*rows.queries, *parsed.queries]
        return parsed

    def _usable(self, position: int, extract: Extract) -> pl.DataFrame:
        rows = self._choose(extract, self._known)
        parsed = self._checked(extract, rows)
        self._count(position, extract, rows, parsed.frame)
        return parsed.frame

    def _melted(self, position: int, extract: Extract) -> pl.DataFrame:
        rows = self._choose(extract, self._known)
        parsed = self._checked(extract, rows)
        melted = melt(extract, self._extracts.formats[extract.format], parsed)
        self.queries += melted.queries
        self._count(position, extract, rows, melted.frame, melted.n_without_result)
        return melted.frame

    def _count(
        self, position: int, extract: Extract, rows: Rows, used: pl.DataFrame, n_without_result: int = 0
    ) -> None:
        n_used = used["SRCROW"].n_unique()
        self.counts[position] = {
            "file": extract.file,
            "sheet": extract.sheet,
            "domain": extract.domain,
            **rows.counts,
            "n_withheld": rows.counts["n_withheld"] + rows.frame.height - n_used - n_without_result,
            "n_without_result": n_without_result,
            "n_used": n_used,
            "n_participants": used["USUBJID"].n_unique(),
        }
