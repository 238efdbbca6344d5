"""Events of the safety database against the adverse events of the clinical database. Nothing of it is counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from immrecon.config.extracts import Extract
from immrecon.config.record_checks import SaeReconciliation
from immrecon.contracts.harmonised import SAE
from immrecon.contracts.io import validate
from immrecon.ingest.clinical_queries import query
from immrecon.ingest.pairing import Pair, best_pairs
from immrecon.vocabulary import SaeStatus, Severity

_KEY = ["USUBJID", "SAESEQ"]
_WHICH = "Which of the two is right?"


@dataclass(frozen=True)
class Reconciled:
    """`sae` satisfies its contract: AESEQ is the adverse event that the event was matched with."""

    sae: pl.DataFrame
    queries: list[pl.DataFrame]


def reconcile(
    sae: pl.DataFrame, ae: pl.DataFrame, extracts: Sequence[Extract], rule: SaeReconciliation | None
) -> Reconciled:
    """Each event of the safety database with at most one adverse event, and queries on what does not fit.

    They match by participant and preferred term, with starts at most `rule.onset_tolerance_days` apart; bounds of a
    partial start are as near as they can be, and a missing start contradicts none. Where several assignments are
    possible, as many events as can be are matched; then with serious adverse events, then with the nearest starts.

    `sae`: rows of the safety database, numbered, not yet matched; `ae`: harmonised; `extracts`: those of SAE and AE.
    """
    if rule is None:
        return Reconciled(validate(SAE, SAE.schema.create_empty()), [])
    pairs = _matched(_candidates(sae, ae).filter(pl.col("gap").fill_null(0) <= rule.onset_tolerance_days))
    differing = _differences(pairs, extracts)
    disagrees = pl.concat([frame.select(_KEY) for frame, _ in differing]).unique()
    status = (
        pl.when(pl.col("AESEQ").is_null())
        .then(pl.lit(SaeStatus.SAFETY_ONLY.value))
        .when(pl.col("differs").fill_null(value=False))
        .then(pl.lit(SaeStatus.DISAGREES.value))
        .otherwise(pl.lit(SaeStatus.AGREES.value))
    )
    joined = (
        sae.join(pairs.select(*_KEY, "AESEQ"), on=_KEY, how="left", maintain_order="left")
        .join(disagrees.with_columns(differs=pl.lit(value=True)), on=_KEY, how="left", maintain_order="left")
        .with_columns(SAESTAT=status)
    )
    found = validate(SAE, joined.select(SAE.schema.column_names()))
    queries = [_only_in_safety(found, ae, extracts, rule), _only_in_clinical(found, ae)]
    return Reconciled(found, [*queries, *(asked for _, asked in differing)])


def _term(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.replace_all(r"\s+", " ").str.to_lowercase()


def _candidates(sae: pl.DataFrame, ae: pl.DataFrame) -> pl.DataFrame:
    """Events of one term and participant, with the days between their starts: at least so many, null if unknown."""
    clinical = ae.select(
        "USUBJID", "AESEQ", "AETOXGR", "AESER", "AEOUT", "AESTDTC", "AESTLO", "AESTHI",
        AEFILE="SRCFILE", AEROW="SRCROW", TERM=_term("AEDECOD"),
    )  # fmt: skip
    pairs = sae.with_columns(TERM=_term("SAEDECOD")).join(
        clinical, on=["USUBJID", "TERM"], how="inner", maintain_order="left"
    )
    apart = [pl.col("AESTLO") - pl.col("SAESTHI"), pl.col("SAESTLO") - pl.col("AESTHI")]
    known = pl.all_horizontal(pl.col("AESTLO", "AESTHI", "SAESTLO", "SAESTHI").is_not_null())
    days = pl.max_horizontal(pl.lit(0, dtype=pl.Int64), *(part.dt.total_days() for part in apart))
    return pairs.with_columns(gap=pl.when(known).then(days))


def _matched(candidates: pl.DataFrame) -> pl.DataFrame:
    """One to one: of all assignments the one with the most pairs, of those with the most serious adverse events, and
    of those with the fewest days between starts. What is still equal goes to the earlier numbers.
    """
    serious = (pl.col("AESER") == "Y").fill_null(value=False)
    ordered = candidates.with_columns(serious=serious).sort(*_KEY, "AESEQ")
    kept: set[tuple[str, int, int]] = set()
    for (name, _), pairs in ordered.group_by("USUBJID", "TERM", maintain_order=True):
        options = [
            Pair(safety, clinical, (-1, -int(is_serious), gap is None, gap or 0))
            for safety, clinical, is_serious, gap in pairs.select("SAESEQ", "AESEQ", "serious", "gap").iter_rows()
        ]
        kept |= {(str(name), pair.left, pair.right) for pair in best_pairs(options)}
    chosen = [row in kept for row in ordered.select("USUBJID", "SAESEQ", "AESEQ").iter_rows()]
    return ordered.filter(pl.Series(chosen, dtype=pl.Boolean)).drop("serious").sort(_KEY)


def _differences(pairs: pl.DataFrame, extracts: Sequence[Extract]) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Per variable, the pairs that differ in it and their queries. Only what both databases give is compared."""
    given = {(use.domain, name) for use in extracts for name in use.columns}
    rules: list[tuple[str, str, str, pl.Expr]] = [("Start", "SAESTDTC", "AESTDTC", pl.col("gap") > 0)]
    if {("SAE", "SAETOXGR"), ("AE", "AETOXGR")} <= given:
        rules.append(("Grade", "SAETOXGR", "AETOXGR", pl.col("SAETOXGR").ne_missing(pl.col("AETOXGR"))))
    if {("SAE", "SAEOUT"), ("AE", "AEOUT")} <= given:
        rules.append(("Outcome", "SAEOUT", "AEOUT", _term("SAEOUT").ne_missing(_term("AEOUT"))))
    found = []
    for label, variable, other, differs in rules:
        rows = pairs.filter(differs.fill_null(value=False))
        message = pl.format(
            "{} {} in the safety database, {} in the clinical database ({} row {}), which is used.",
            pl.lit(label), _said(variable), _said(other), "AEFILE", "AEROW",
        )  # fmt: skip
        found.append((rows, _disagreement(rows, extracts, variable, message)))
    not_serious = pairs.filter((pl.col("AESER") != "Y").fill_null(value=True))
    message = pl.format(
        "In the safety database, so serious; serious {} in the clinical database ({} row {}), which is used.",
        _said("AESER"), "AEFILE", "AEROW",
    )  # fmt: skip
    return [*found, (not_serious, _disagreement(not_serious, extracts, "SAEDECOD", message))]


def _said(variable: str) -> pl.Expr:
    return pl.col(variable).cast(pl.String).fill_null("(blank)")


def _disagreement(rows: pl.DataFrame, extracts: Sequence[Extract], variable: str, message: pl.Expr) -> pl.DataFrame:
    return query(
        rows.with_columns(column=_column(extracts, variable)),
        domain="SAE",
        kind="sae_disagrees",
        severity=Severity.WARNING,
        column=pl.col("column"),
        value=_received(extracts, variable),
        message=message,
        hint=_WHICH,
    )


def _column(extracts: Sequence[Extract], variable: str) -> pl.Expr:
    """The source column of a variable of SAE, by file."""
    uses = [use for use in extracts if use.domain == "SAE" and variable in use.columns]
    columns = {use.file: use.columns[variable].column for use in uses}
    return pl.col("SRCFILE").replace_strict(columns, default=None, return_dtype=pl.String)


def _received(extracts: Sequence[Extract], variable: str) -> pl.Expr:
    """The text as received; nothing where a map has replaced it."""
    mapped = [use for use in extracts if variable in use.columns and use.columns[variable].map is not None]
    return pl.lit(None, dtype=pl.String) if mapped else pl.col(variable).cast(pl.String)


def _only_in_safety(
    sae: pl.DataFrame, ae: pl.DataFrame, extracts: Sequence[Extract], rule: SaeReconciliation
) -> pl.DataFrame:
    rows = sae.filter(pl.col("AESEQ").is_null()).with_columns(column=_column(extracts, "SAEDECOD"))
    where = pl.format("The nearest event of this term: start {} ({} row {}).", _said("AESTDTC"), "AEFILE", "AEROW")
    nearest = (
        _candidates(rows.drop("AESEQ"), ae)
        .sort(*_KEY, "gap", "AESEQ", nulls_last=True, maintain_order=True)
        .unique(_KEY, keep="first", maintain_order=True)
        .select(*_KEY, near=where)
    )
    rows = rows.join(nearest, on=_KEY, how="left", maintain_order="left")
    return query(
        rows,
        domain="SAE",
        kind="sae_not_in_clinical_database",
        severity=Severity.ERROR,
        column=pl.col("column"),
        value=_received(extracts, "SAEDECOD"),
        message=pl.format(
            "Start {}. The clinical database has no further adverse event of this participant and term that starts "
            "within {} days of it. The event is not counted: adverse events are counted from the clinical database.",
            _said("SAESTDTC"),
            pl.lit(rule.onset_tolerance_days),
        ),
        hint=pl.col("near").fill_null("The participant has no event of this term; it may be coded otherwise."),
    )


def _only_in_clinical(sae: pl.DataFrame, ae: pl.DataFrame) -> pl.DataFrame:
    rows = ae.filter(pl.col("AESER") == "Y").join(
        sae.select("USUBJID", "AESEQ").drop_nulls(), on=["USUBJID", "AESEQ"], how="anti", maintain_order="left"
    )
    return query(
        rows,
        domain="AE",
        kind="sae_not_in_safety_database",
        severity=Severity.WARNING,
        message=pl.format("Serious: {}, start {}. The safety database has no such event.", "AEDECOD", _said("AESTDTC")),
        hint="Was it reported? It is counted meanwhile.",
    )
