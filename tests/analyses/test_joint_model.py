"""Tables for joint models: by hand, as R reads and fits them (golden/analyses/joint_model.R), next to nothing."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.testing import assert_allclose

from immrecon.config.outcome_specs import JointModelSpec
from immrecon.contracts.export import JOINT_MODEL_LONG, JOINT_MODEL_WIDE
from immrecon.contracts.harmonised import SC
from immrecon.export.joint_model import JointModel, export_joint_model
from immrecon.stats.longitudinal import mixed_model
from immrecon.stats.regression import cox

from .outcome_cases import Trial, golden_trial, outcome_spec
from .rows import Row
from .specs import ENDPOINTS

GOLDEN = Path(__file__).parents[1] / "golden/analyses"
NO_SC = SC.schema.create_empty()


def tables(trial: Trial, sc: pl.DataFrame = NO_SC, baseline: list[Row] | None = None, **changes: Any) -> JointModel:
    declared = {
        "analyte": "CD4", "first_day": 1, "below_limit": "half the limit", "lowest_per_ul": 0.5, "endpoint": "RELAPSE",
        "covariates": [],
    } | changes  # fmt: skip
    outcomes = outcome_spec().outcomes
    assert outcomes is not None
    spec = {
        "baseline": baseline or [], "endpoints": ENDPOINTS,
        "outcomes": outcomes.model_dump() | {"joint_model": declared},
    }  # fmt: skip
    return export_joint_model(trial.adsl, trial.adlb, trial.adtte, sc, JointModelSpec.model_validate(spec))


def two_groups() -> Trial:
    """The participants of the golden data, every second one in group B."""
    trial = golden_trial()
    even = pl.col("USUBJID").str.slice(1).cast(pl.Int64) % 2 == 0
    group = pl.when(even).then(pl.lit("B")).otherwise(pl.lit("A")).alias("GROUP")
    trial.adlb, trial.adtte = trial.adlb.with_columns(group), trial.adtte.with_columns(group)
    return trial


PEOPLE = [("P1", 5, 50, "relapse"), ("P2", 4, 90, "death"), ("P3", 5, 80, "alive"), ("P4", 5, 40, "alive")]
COUNTS: dict[str, dict[int, Any]] = {"P1": {0: 9, 10: "<20", 50: 100, 60: 7}, "P2": {20: ">1000"}, "P3": {70: 0}}


def test_samples_up_to_the_end_of_follow_up_by_hand() -> None:
    long = tables(Trial(PEOPLE, COUNTS)).long
    columns = ("id", "sample_number", "time_day", "log10_count", "below_limit", "above_limit", "limit_per_ul")
    # Day 0 is before the first day, day 60 after the relapse; 20 counts as 10, 0 as 0.5.
    assert long.select(columns).rows() == [
        ("P1", 1, 10, 1, 1, 0, 20), ("P1", 2, 50, 2, 0, 0, None), ("P2", 1, 20, 3, 0, 1, 1000),
        ("P3", 1, 70, -0.301029995664, 0, 0, None),
    ]  # fmt: skip


def test_participants_with_a_sample_by_hand() -> None:
    wide = tables(Trial(PEOPLE, COUNTS)).wide
    assert wide.select("id", "entry_day", "event_time_day", "status", "event").rows() == [
        ("P1", 5, 50, 1, "relapse"), ("P2", 4, 90, 2, "death"), ("P3", 5, 80, 0, "censored")
    ]  # fmt: skip


def test_baseline_characteristics_are_columns() -> None:
    trial = Trial(PEOPLE, COUNTS)
    trial.adsl = trial.adsl.with_columns(AGE=pl.Series([30.5, 10.0, None, 1.0]))
    sc = pl.DataFrame(
        [{"USUBJID": "P2", "SCTESTCD": "CMVR", "SCORRES": "positive"}], schema=SC.schema.create_empty().schema
    )
    declared = [
        {"code": "AGE", "label": "Age", "kind": "numeric", "unit": "years", "known_at": "enrolment"},
        {"code": "CMVR", "label": "CMV", "kind": "categorical", "unit": "", "known_at": "enrolment"},
    ]
    wide = tables(trial, sc, declared, covariates=["AGE", "CMVR"]).wide
    assert wide.select("id", "age", "cmvr").rows() == [("P1", 30.5, None), ("P2", 10.0, "positive"), ("P3", None, None)]


def test_participants_are_named_by_their_display_id() -> None:
    trial = Trial(PEOPLE, COUNTS)
    shown = pl.concat_str(pl.lit("D"), "USUBJID").alias("DISPID")
    trial.adlb, trial.adtte = trial.adlb.with_columns(shown), trial.adtte.with_columns(shown)
    found = tables(trial)
    assert found.wide["id"].to_list() == ["DP1", "DP2", "DP3"]
    assert "P1" not in found.long.write_csv().replace("DP1", "")


def test_the_files_are_those_that_r_was_given() -> None:
    found = tables(two_groups())
    assert found.long.write_csv() == (GOLDEN / "joint_model_long.csv").read_text()
    assert found.wide.write_csv() == (GOLDEN / "joint_model_wide.csv").read_text()


def test_models_fitted_to_the_files_are_those_of_r() -> None:
    golden = json.loads((GOLDEN / "joint_model.json").read_text())
    found = tables(two_groups())
    long, wide = (pl.read_csv(io.BytesIO(frame.write_csv().encode())) for frame in (found.long, found.wide))
    assert (long.height, wide.height) == (golden["n_samples"], golden["n_participants"])
    assert golden["levels"] == ["A", "B"]
    read = dict(zip(JOINT_MODEL_LONG.schema.column_names(), golden["columns"]["long"], strict=True))
    assert [read[name] for name in ("time_day", "log10_count", "below_limit")] == ["numeric", "numeric", "integer"]
    counted = wide["status"].value_counts().sort("status")["count"].to_list()
    assert [golden["status"][code] for code in "012"] == counted
    day, child = np.sqrt(long["time_day"].to_numpy()), (long["group"] == "B").to_numpy().astype(float)
    design = np.column_stack([np.ones(long.height), day, child])
    counts = mixed_model(long["log10_count"], design, long["id"], method="ml", df="normal")
    assert_allclose(counts.coefficient, golden["fixed"], rtol=1e-5)
    assert_allclose(counts.loglik, golden["loglik"], rtol=1e-8)
    group, event = (wide["group"] == "B").to_numpy().astype(float), (wide["status"] == 1).to_numpy()
    assert_allclose(cox(wide["event_time_day"], event, group).coefficient, golden["events"], rtol=1e-7)
    late = cox(wide["event_time_day"], event, group, entry=wide["entry_day"])
    assert_allclose(late.coefficient, golden["entry"], rtol=1e-7)


def test_nothing_declared_and_nobody() -> None:
    trial = Trial(PEOPLE, COUNTS)
    spec = JointModelSpec.model_validate({"baseline": [], "endpoints": ENDPOINTS, "outcomes": None})
    none = export_joint_model(trial.adsl, trial.adlb, trial.adtte, NO_SC, spec)
    nobody = tables(Trial([], {}))
    for found in (none, nobody):
        assert (found.long.height, found.wide.height) == (0, 0)
        assert found.long.write_csv().strip() == ",".join(JOINT_MODEL_LONG.schema.column_names())
        assert found.wide.write_csv().strip() == ",".join(JOINT_MODEL_WIDE.schema.column_names())
