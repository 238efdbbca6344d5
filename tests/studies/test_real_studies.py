"""The same Snakefile on data that nobody here wrote, against R.

Numbers of R stand beside the data (r_reference.json). cdisc_pilot has none there; its own ADaM datasets are the second
opinion, and `tests/golden/cdisc_pilot` holds what R says of them.
"""

import csv
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from numpy.testing import assert_allclose

REPOSITORY = Path(__file__).resolve().parents[2]
MONTH = 365.25 / 12
pytestmark = pytest.mark.required_in_ci


@pytest.fixture(scope="session")
def study(made_once, shared_data):
    """The folder of the results of a study, which is run once."""

    def run(name: str) -> Path:
        folder = made_once(name, lambda folder: run_study(name, folder, shared_data / name))
        config = yaml.safe_load((folder / "study" / "config.yaml").read_text())
        return folder / "results" / name / config["data_cut"]

    return run


def run_study(name: str, folder: Path, data: Path) -> None:
    source = REPOSITORY / "tests" / "studies" / name
    target = folder / "study"
    target.mkdir()
    for path in sorted(source.rglob("*.yaml")):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        (target / path.relative_to(source)).write_text(path.read_text())
    config = yaml.safe_load((target / "config.yaml").read_text())
    config["sources"] |= {"data": str(data), "results": "../results"}
    (target / "config.yaml").write_text(yaml.safe_dump(config))
    process = subprocess.run(
        [sys.executable, "-m", "immrecon.cli", "report", "--config", str(target / "config.yaml")],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


def estimates(root: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(root / "estimates" / f"{name}.parquet")


def rows(frame: pl.DataFrame, *order: str, **keys: str) -> pl.DataFrame:
    return frame.filter([pl.col(name) == value for name, value in keys.items()]).sort(order)


def close(found, expected, name=""):
    """Equal to 1e-9, missing where R says NA."""
    found = np.array([np.nan if x is None else x for x in found], dtype=float)
    expected = np.array([np.nan if x is None else x for x in expected], dtype=float)
    assert_allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True, err_msg=name)


def pooled(frame: pl.DataFrame, *order: str, **keys: str) -> pl.DataFrame:
    return rows(frame, *order, group="all", dose_level="all", **keys)


def check_landmarks(frame: pl.DataFrame, expected: dict, name: str) -> None:
    close(frame["estimate"], expected["surv"], f"{name} survival")
    close(frame["std_error"], expected["std.err"], f"{name} standard error")
    close(frame["conf_low"], expected["lower"], f"{name} lower")
    close(frame["conf_high"], expected["upper"], f"{name} upper")
    assert frame["n_risk"].to_list() == expected["n.risk"], name


def check_quantiles(frame: pl.DataFrame, expected: dict, unit: float, name: str) -> None:
    close(frame["probability"], expected["p"], name)
    for column, key in (("estimate", "est"), ("conf_low", "lower"), ("conf_high", "upper")):
        reached = [None if e is None else v for v, e in zip(frame[column], expected["est"], strict=True)]
        wanted = [None if e is None else x and x * unit for x, e in zip(expected[key], expected["est"], strict=True)]
        close(reached, wanted, f"{name} quantile {key}")


def check_curve(curve: pl.DataFrame, expected: dict, unit: float, name: str) -> None:
    """R lists every observed time; ours adds day 0 where nothing happened on it."""
    ours = curve if 0 in expected["time"] else curve.filter(pl.col("time_day") > 0)
    close(ours["time_day"], [t * unit for t in expected["time"]], f"{name} times")
    close(ours["estimate"], expected["surv"], f"{name} curve")
    assert ours["n_risk"].to_list() == expected["n.risk"]
    assert ours["n_event"].to_list() == expected["n.event"]


def expected_counts(name: str) -> dict[str, int]:
    return yaml.safe_load((REPOSITORY / "tests" / "workflow" / "expected_cells.yaml").read_text())[name]


@pytest.mark.parametrize("name", ["actg315", "bmtcrr", "cdisc_pilot", "medicaldata_cmv", "rtx_lymphocytes"])
def test_cells_are_used_and_queried_as_expected(study, name):
    harmonised = study(name) / "harmonised"
    expected = expected_counts(name)
    cells = pl.read_parquet(harmonised / "cells.parquet")
    found = {column: int(cells[column].sum()) for column in expected if column.startswith("n_")}
    for kind in ("lab", "clinical"):
        found[f"queries_{kind}"] = pl.read_parquet(harmonised / f"queries_{kind}.parquet").height
    assert found == expected


class TestActg315:
    @pytest.fixture
    def reference(self, shared_data):
        return json.loads((shared_data / "actg315" / "r_reference.json").read_text())

    @pytest.mark.parametrize(
        ("code", "kind"), [("CD4LT300", "log-log"), ("CD4LT300_LOG", "log"), ("CD4LT300_PLAIN", "plain")]
    )
    def test_kaplan_meier(self, study, reference, code, kind):
        root, expected = study("actg315"), reference["first_ge300"]
        check_landmarks(pooled(estimates(root, "landmarks"), "time_day", parameter=code), expected[kind], kind)
        quantiles = pooled(estimates(root, "quantiles"), "probability", parameter=code)
        check_quantiles(quantiles, expected[kind]["quantiles"], 1, kind)
        check_curve(pooled(estimates(root, "curves"), "time_day", parameter=code), expected["curve"], 1, kind)

    def test_time_to_threshold_of_every_patient(self, study, shared_data):
        adtte = pl.read_parquet(study("actg315") / "analysis" / "adtte" / "*.parquet")
        ours = adtte.filter(pl.col("PARAMCD") == "CD4LT300")
        found = {
            int(i.split("-")[-1]): (t, int(c == 0)) for i, t, c in ours.select("USUBJID", "AVAL", "CNSR").iter_rows()
        }
        with (shared_data / "actg315" / "derived_first_cd4_ge300.csv").open() as stream:
            expected = {int(r["id"]): (float(r["time"]), int(r["status"])) for r in csv.DictReader(stream)}
        assert found == expected

    def test_mixed_model_of_counts(self, study):
        """R's numbers of golden/analyses/trajectory_actg315.R."""
        expected = json.loads((REPOSITORY / "tests/golden/analyses/trajectory_actg315.json").read_text())
        found = estimates(study("actg315"), "trajectory_estimates")
        for df, part in (("between-within", "primary"), ("kenward-roger",) * 2, ("satterthwaite",) * 2):
            of_r = expected[part.replace("-", "_")]
            for group in ("ART", "all"):
                ours = rows(found, "time_day", group=group, dose_level="all", df_method=df)
                assert ours["time_day"].to_list() == [28, 84, 168]
                assert_allclose(ours["estimate"].log10(), of_r["estimate"], rtol=1e-6, err_msg=df)
                assert_allclose(ours["std_error"], of_r["std_error"], rtol=1e-4, err_msg=df)
                assert_allclose(ours["df"], np.broadcast_to(of_r["df"], 3), rtol=1e-3, err_msg=df)
        model = rows(estimates(study("actg315"), "trajectory_models"), terms="none", df_method="between-within").row(
            0, named=True
        )
        assert [model[n] for n in ("n_samples", "n_participants", "n_below_limit", "slope_kept")] == [361, 46, 0, True]
        assert model["loglik"] == pytest.approx(expected["loglik"], rel=1e-8)
        assert model["slope_statistic"] == pytest.approx(expected["statistic"], rel=1e-6)

    def test_counts_as_read(self, study, reference):
        adlb = pl.read_parquet(study("actg315") / "analysis" / "adlb" / "*.parquet")
        values = adlb["AVAL"]
        found = [values.len(), values.mean(), values.std(), values.min(), values.quantile(0.25, "linear"),
                 values.median(), values.quantile(0.75, "linear"), values.max()]  # fmt: skip
        wanted = [reference["cd4"][key] for key in ("n", "mean", "sd", "min", "q25", "median", "q75", "max")]
        close(found, wanted)


class TestBmtcrr:
    @pytest.fixture
    def reference(self, shared_data):
        return json.loads((shared_data / "bmtcrr" / "r_reference.json").read_text())

    @pytest.mark.parametrize(("code", "kind"), [("EFS", "log-log"), ("EFS_LOG", "log"), ("EFS_PLAIN", "plain")])
    def test_event_free_survival(self, study, reference, code, kind):
        root, expected = study("bmtcrr"), reference["efs"]
        check_landmarks(pooled(estimates(root, "landmarks"), "time_day", parameter=code), expected[kind], kind)
        quantiles = pooled(estimates(root, "quantiles"), "probability", parameter=code)
        check_quantiles(quantiles, expected[kind]["quantiles"], MONTH, kind)
        check_curve(pooled(estimates(root, "curves"), "time_day", parameter=code), expected["curve"], MONTH, kind)

    def test_median_follow_up(self, study, reference):
        found = pooled(estimates(study("bmtcrr"), "quantiles"), "probability", parameter="FOLLOW_UP_EFS")
        close(found["estimate"], [reference["efs"]["reverse_km_median_followup"] * MONTH])

    def strata(self, reference):
        yield "cif", "1", {"group": "all", "dose_level": "all"}
        for code in ("ALL", "AML"):
            yield "cif_by_D", code, {"group": code, "dose_level": "all"}
        for phase in ("CR1", "CR2", "CR3", "Relapse"):
            yield "cif_by_Phase", phase, {"group": "all", "dose_level": phase}

    def test_cumulative_incidence_and_both_variances(self, study, reference):
        frame = estimates(study("bmtcrr"), "landmarks")
        compared = 0
        for family, level, keys in self.strata(reference):
            by_level = reference[family]["survfit_ms"]
            multistate = by_level[level] if level in by_level else by_level["all"]
            cuminc = reference[family]["cuminc"]
            for number, code in ((1, "RELAPSE"), (2, "TRM")):
                jackknife = rows(frame, "time_day", parameter=code, **keys)
                aalen = rows(frame, "time_day", parameter=f"{code}_AALEN", **keys)
                wanted = multistate[f"cif_cause{number}"]
                row = cuminc["rows"].index(
                    f"{level} {number}" if f"{level} {number}" in cuminc["rows"] else f"all {number}"
                )
                for i, status in enumerate(jackknife["status"]):
                    if status != "estimated":
                        assert jackknife["max_follow_up_day"][i] < jackknife["time_day"][i]
                        continue
                    close([jackknife["estimate"][i]], [wanted["est"][i]], f"{level} {code}")
                    close([jackknife["std_error"][i]], [wanted["std.err"][i]], f"{level} {code} jackknife")
                    close([aalen["estimate"][i]], [cuminc["est"][row][i]], f"{level} {code}")
                    close([aalen["std_error"][i] ** 2], [cuminc["var"][row][i]], f"{level} {code} Aalen")
                    assert jackknife["n_risk"][i] == multistate["n.risk"][i]
                    compared += 1
        assert compared >= 60

    def test_incidence_curves_at_every_time(self, study, reference):
        curves = estimates(study("bmtcrr"), "curves")
        for family, level, keys in self.strata(reference):
            if keys["dose_level"] != "all":
                continue
            by_level = reference[family]["survfit_ms"]
            curve = (by_level[level] if level in by_level else by_level["all"])["curve"]
            for number, code in ((1, "RELAPSE"), (2, "TRM")):
                ours = rows(curves, "time_day", parameter=code, cause="event", **keys).filter(pl.col("time_day") > 0)
                close(ours["time_day"], [t * MONTH for t in curve["time"]])
                close(ours["estimate"], curve[f"cause{number}"], f"{level} {code}")

    def test_identity_holds(self, study):
        checks = estimates(study("bmtcrr"), "checks")
        family = checks.filter(pl.col("identity") == "event-free + incidences = 1")
        assert family["outcome"].to_list() == ["holds"] * 3


class TestCdiscPilot:
    @pytest.fixture
    def adam(self, shared_data):
        def read(name: str) -> list[dict[str, str]]:
            with (shared_data / "cdisc_pilot" / "adam" / f"{name}.csv").open(encoding="utf-8") as stream:
                return list(csv.DictReader(stream))

        return read

    def test_populations_are_those_of_adsl(self, study, adam):
        adsl = pl.read_parquet(study("cdisc_pilot") / "analysis" / "adsl" / "*.parquet")
        assert adsl.height == 306
        ours = set(adsl.filter(pl.col("SAFFL") == "Y")["USUBJID"])
        assert ours == {row["USUBJID"] for row in adam("adsl") if row["SAFFL"] == "Y"}

    def test_survival_equals_the_sponsors_dataset_and_r(self, study, adam):
        """ADTTE_ONCO counts the first day as day 1; ours is day 0."""
        adtte = pl.read_parquet(study("cdisc_pilot") / "analysis" / "adtte" / "*.parquet")
        found = {u: (t, int(c == 0)) for u, t, c in adtte.select("USUBJID", "AVAL", "CNSR").iter_rows()}
        deaths = {
            r["USUBJID"]: float(r["AVAL"]) - 1 for r in adam("adtte_onco") if r["PARAMCD"] == "OS" and r["CNSR"] == "0"
        }
        assert {u: t for u, (t, event) in found.items() if event} == deaths
        golden = json.loads((REPOSITORY / "tests" / "golden" / "cdisc_pilot" / "os.json").read_text())
        frame = estimates(study("cdisc_pilot"), "landmarks")
        for group, expected in golden.items():
            ours = rows(frame, "time_day", parameter="OS", group=group, dose_level="all")
            close(ours["estimate"], expected["surv"], group)
            close(ours["conf_low"], expected["lower"], group)
            close(ours["conf_high"], expected["upper"], group)

    def test_lymphocytes_and_leukocytes_equal_the_sponsors_dataset(self, study, adam):
        """Ours are per uL, the sponsor's 10^9/L: exactly 1000 times."""
        adlb = pl.read_parquet(study("cdisc_pilot") / "analysis" / "adlb" / "*.parquet")
        ours = defaultdict(list)
        for participant, code, day, value in adlb.select("USUBJID", "PARAMCD", "ADT", "AVAL").iter_rows():
            ours[participant, code, day.isoformat()].append(value)
        compared = 0
        for row in adam("adlb_hematology"):
            code = {"LYMPH": "ALC", "WBC": "WBC"}.get(row["PARAMCD"])
            if code and row["AVAL"] and row["DTYPE"] == "":
                values = ours[row["USUBJID"], code, row["ADT"]]
                assert any(abs(value - 1000 * float(row["AVAL"])) < 1e-9 * value for value in values), row["USUBJID"]
                compared += 1
        assert compared == adlb.height == 3605

    def test_limits_of_the_laboratory_equal_the_sponsors_dataset(self, study, adam):
        """The reference limits of the export, per uL; nobody has others, as the study names no table of ages."""
        adlb = pl.read_parquet(study("cdisc_pilot") / "analysis" / "adlb" / "*.parquet")
        ours = defaultdict(set)
        limits = adlb.select("USUBJID", "PARAMCD", "ADT", "ANRLO", "ANRHI", "ANRORIG").iter_rows()
        for participant, code, day, low, high, origin in limits:
            assert origin == "laboratory"
            ours[participant, code, day.isoformat()].add((low, high))
        for row in adam("adlb_hematology"):
            code = {"LYMPH": "ALC", "WBC": "WBC"}.get(row["PARAMCD"])
            if code and row["AVAL"] and row["DTYPE"] == "":
                expected = (1000 * float(row["ANRLO"]), 1000 * float(row["ANRHI"]))
                assert expected in ours[row["USUBJID"], code, row["ADT"]]
        summary = estimates(study("cdisc_pilot"), "age_reference_summary")
        assert rows(summary, measure="per cent of the lower limit")["n_laboratory"].sum() > 1000
        assert rows(summary, measure="z-score for the age")["status"].unique().to_list() == ["not estimable"]

    def test_adverse_events_equal_the_sponsors_dataset(self, study, adam):
        """Participants with at least one event that started on or after the first dose, by preferred term and arm.

        The sponsor's TRTEMFL also ends 30 days after the last dose, which our rule for a single injection does not.
        """
        expected: dict[tuple[str, str], set[str]] = defaultdict(set)
        arms = {row["USUBJID"]: row["TRT01P"] for row in adam("adsl")}
        names = {"Placebo": "Pbo", "Xanomeline Low Dose": "Xan_Lo", "Xanomeline High Dose": "Xan_Hi"}
        for row in adam("adae"):
            if row["TRTSDT"] and row["ASTDT"] >= row["TRTSDT"]:
                expected[names[arms[row["USUBJID"]]], row["AEDECOD"]].add(row["USUBJID"])
        adae = pl.read_parquet(study("cdisc_pilot") / "analysis" / "adae" / "*.parquet")
        ours: dict[tuple[str, str], set[str]] = defaultdict(set)
        sure = adae.filter(pl.col("ANL01FL") == "Y", pl.col("TRTEMUN") == "N")
        for group, term, participant in sure.select("GROUP", "AEDECOD", "USUBJID").iter_rows():
            ours[group, term].add(participant)
        different = {key for key in ours.keys() | expected.keys() if ours[key] != expected[key]}
        undecided = set(adae.filter(pl.col("TRTEMUN") == "Y").select("GROUP", "AEDECOD").iter_rows())
        assert different <= undecided, "only partial start dates may be classified otherwise than by imputation"


class TestMedicaldataCmv:
    @pytest.fixture
    def reference(self, shared_data):
        return json.loads((shared_data / "medicaldata_cmv" / "r_reference.json").read_text())

    @pytest.mark.parametrize(
        ("code", "name", "kind"),
        [
            ("CMV", "cmv", "log-log"),
            ("CMV_LOG", "cmv", "log"),
            ("AGVHD", "agvhd", "log-log"),
            ("CGVHD", "cgvhd", "log-log"),
        ],
    )
    def test_kaplan_meier(self, study, reference, code, name, kind):
        root, expected = study("medicaldata_cmv"), reference[name]
        check_landmarks(pooled(estimates(root, "landmarks"), "time_day", parameter=code), expected[kind], code)
        quantiles = pooled(estimates(root, "quantiles"), "probability", parameter=code)
        check_quantiles(quantiles, expected[kind]["quantiles"], MONTH, code)
        check_curve(pooled(estimates(root, "curves"), "time_day", parameter=code), expected["curve"], MONTH, code)

    @pytest.mark.parametrize(("code", "key"), [("CD3DOSE", "cd3_dose"), ("CD8DOSE", "cd8_dose")])
    def test_doses_of_the_graft(self, study, reference, code, key):
        rows = pooled(estimates(study("medicaldata_cmv"), "baseline"), characteristic=code)
        row, expected = rows.row(0, named=True), reference[key]
        assert row["n_known"] == expected["n"]
        close([row[name] for name in ("q1", "median", "q3")], [expected[name] for name in ("q25", "median", "q75")])


class TestRtxLymphocytes:
    @pytest.mark.parametrize("group", ["control", "patient"])
    def test_quartiles(self, study, shared_data, group):
        reference = json.loads((shared_data / "rtx_lymphocytes" / "r_reference.json").read_text())["all"][group]
        summary = estimates(study("rtx_lymphocytes"), "visit_summary")
        for code, column in (("CD3", "CD3_absp"), ("CD4", "CD4_absp"), ("CD8", "CD8_absp"), ("CD19", "CD.19")):
            row = rows(summary, parameter=code, group=group, dose_level="all").row(0, named=True)
            wanted = reference[column]
            assert row["n"] == wanted["n"]
            found = [row[name] for name in ("minimum", "q1", "median", "q3", "maximum")]
            close(found, [wanted[name] for name in ("min", "q25", "median", "q75", "max")], f"{group} {code}")

    def test_the_slip_of_the_one_sample_is_found(self, study):
        queries = pl.read_parquet(study("rtx_lymphocytes") / "harmonised" / "queries_lab.parquet")
        assert queries.select("QUKIND", "SRCROW").unique().rows() == [("unit_slip_suspected", 116)]
        assert sorted(queries["SRCCOL"]) == ["CD3_absp", "CD4_absp", "CD4_naive_absp", "CD8_absp"]
