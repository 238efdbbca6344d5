"""What was estimated, and how: every endpoint in words, and the rules that all exhibits share."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.errors import ContractError
from immrecon.tables.exhibit import method_words
from immrecon.tables.format import LEGEND, ROUNDING, clean, digest, estimator, level, operator, plain, span, unit
from immrecon.tables.results import Results
from immrecon.tables.tte import rule_words

_INPUT_KEYS = (
    "study", "data_cut", "immrecon_version", "inputs", "config_sha256", "code_sha256", "lock_sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Definition:
    code: str
    label: str
    draft: bool
    lines: tuple[tuple[str, str], ...]


def definitions(results: Results, spec: DisplaySpec) -> list[Definition]:
    """One per endpoint, in the order of the configuration."""
    return [_definition(endpoint, results) for endpoint in spec.endpoints]


def _definition(endpoint: EndpointDisplay, results: Results) -> Definition:
    rows = results.landmarks.filter(pl.col("parameter") == endpoint.code)
    estimated = method_words(rows) if rows.height else f"{estimator(endpoint.estimator.value)} (nothing estimated yet)"
    start = f"day 0 is the {clean(endpoint.clock_label)}"
    if endpoint.landmark_day is not None:
        start += f"; participants still at risk after day {plain(endpoint.landmark_day)} are followed from it"
    lines = (
        ("Event", rule_words(endpoint)),
        ("Competing events", ", ".join(map(clean, endpoint.competing_labels)) or "none"),
        ("Population", f"{endpoint.population.value} participants"),
        ("Clock", start),
        ("Censoring", clean(endpoint.censoring)),
        ("Estimator, variance, interval", estimated),
        ("Source", clean(endpoint.source)),
        ("Status", clean(endpoint.status)),
    )
    return Definition(endpoint.code, clean(endpoint.label), endpoint.status != "signed", lines)


def shared_rules(spec: DisplaySpec) -> list[tuple[str, str]]:
    """Conventions of every exhibit."""
    thresholds = ", ".join(
        f"{item.analyte} {operator(item.operator)} {plain(item.value_per_ul)} /µL" for item in spec.thresholds
    )
    visits = "; ".join(
        f"{clean(item.label)} (target {plain(item.target_day)}): {span(plain(item.first_day), plain(item.last_day))}"
        for item in spec.visits.windows
    )
    safety = spec.safety
    last = "" if safety.emergent_last_day is None else f" up to day {plain(safety.emergent_last_day)}"
    return [
        ("Data cut-off", clean(spec.cutoff_text)),
        ("Visit windows", f"days since transplant. {visits or 'none'}"),
        ("Two samples equally near", f"the {spec.visits.tie} one is taken"),
        ("Thresholds", thresholds or "none"),
        ("Units", ", ".join(f"{item.code} in {unit(clean(item.unit))}" for item in spec.analytes)),
        ("Adverse events", f"counted from the {safety.emergent_from_clock}{last}, in {safety.population} participants"),
        ("Confidence level", level(spec.conf_level)),
        ("Rounding", ROUNDING),
        ("Abbreviations", " ".join(LEGEND.values())),
    ]


def provenance(inputs: dict[str, Any]) -> dict[str, Any]:
    """The content of inputs.json with shortened checksums. Raises ContractError: a key is missing."""
    if missing := [key for key in _INPUT_KEYS if key not in inputs]:
        raise ContractError(f"inputs.json lacks {', '.join(missing)}")
    return {
        "study": clean(inputs["study"]),
        "data_cut": clean(inputs["data_cut"]),
        "digests": [
            ("Software", f"immrecon {clean(inputs['immrecon_version'])}"),
            ("Configuration", digest(inputs["config_sha256"])),
            ("Code", digest(inputs["code_sha256"])),
            ("Locked libraries", digest(inputs["lock_sha256"])),
        ],
        "files": [(clean(item["path"]), digest(item["sha256"])) for item in inputs["inputs"]],
    }
