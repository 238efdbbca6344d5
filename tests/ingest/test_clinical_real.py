"""Real data that nobody here made: every row is accounted for, and what is odd about them is found."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.config.clinical import clinical_spec
from immrecon.config.load import load_study
from immrecon.ingest.clinical import ClinicalTables, harmonise_clinical

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared real data are not beside this repository")


def harmonised(study: str, extracted: date | None) -> ClinicalTables:
    described = load_study(ROOT / "tests/studies" / study / "config.yaml", None)
    spec = clinical_spec(described).model_copy(update={"extract_date": extracted})
    return harmonise_clinical(spec, DATA / study)


def rows(path: str) -> list[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def used(tables: ClinicalTables) -> list[tuple[object, ...]]:
    names = ("file", "domain", "n_read", "n_filtered", "n_duplicate", "n_withheld", "n_without_result", "n_used")
    return [tuple(count[name] for name in names) for count in tables.counts]


def test_bmtcrr_accounting() -> None:
    """177 patients: 56 relapses, 75 deaths without relapse, 46 neither."""
    tables = harmonised("bmtcrr", None)
    assert used(tables) == [
        ("bmtcrr.csv", "DM", 177, 0, 0, 0, 0, 177),
        ("bmtcrr.csv", "SC", 177, 0, 0, 0, 0, 177),
        ("bmtcrr.csv", "CE", 177, 46, 0, 0, 0, 131),
        ("bmtcrr.csv", "FA", 177, 0, 0, 0, 0, 177),
        ("bmtcrr.csv", "FA", 177, 0, 0, 0, 0, 177),
    ]
    assert tables.queries.is_empty()
    assert Counter(tables.ce["CEDECOD"]) == {"RELAPSE": 56, "DEATH": 75}
    assert Counter(tables.dm["GROUP"]) == {"AML": 104, "ALL": 73}
    assert tables.dm["HSCTDY"].unique().to_list() == [0.0]
    assert tables.dm["TRTSDY"].null_count() == 177


def test_bmtcrr_times() -> None:
    """The second patient relapsed 9.5 months after transplant: 9.5 * 365.25 / 12 = 289.156 days."""
    tables = harmonised("bmtcrr", None)
    second = tables.ce.filter(pl.col("USUBJID") == "BMT-002")
    assert second.select("CEDECOD", "SRCROW").rows() == [("RELAPSE", 3)]
    assert_allclose(second["CESTDY"].to_numpy(), [289.15625], rtol=1e-14)
    contacts = tables.fa.filter((pl.col("USUBJID") == "BMT-002") & (pl.col("FATESTCD") == "STATUS"))
    assert contacts.select("FACAT", "FASTRESN").rows() == [("DISEASE", 1.0), ("SURVIVAL", 1.0)]
    in_months = sorted(float(row["ftime"]) for row in rows("bmtcrr/bmtcrr.csv"))
    survival = tables.fa.filter(pl.col("FACAT") == "SURVIVAL")["FADY"].sort()
    assert_allclose(survival.to_numpy() * 12 / 365.25, in_months, rtol=1e-12)


def test_actg315_accounting() -> None:
    tables = harmonised("actg315", None)
    assert used(tables) == [("actg315.csv", "DM", 361, 0, 0, 0, 0, 361)]
    assert tables.queries.is_empty()
    assert sorted(tables.dm["USUBJID"], key=int) == [str(number) for number in range(1, 47)]
    assert tables.dm.select("GROUP", "HSCTDY").unique().rows() == [("ART", 0.0)]


def test_cdisc_pilot_accounting() -> None:
    tables = harmonised("cdisc_pilot", date(2015, 3, 31))
    assert used(tables) == [
        ("sdtm/dm.csv", "DM", 306, 0, 0, 0, 0, 306),
        ("sdtm/dm.csv", "CE", 306, 303, 0, 0, 0, 3),
        ("sdtm/ds.csv", "DS", 850, 544, 0, 0, 0, 306),
        ("sdtm/sv.csv", "FA", 3559, 0, 0, 0, 0, 3559),
        ("sdtm/ae.csv", "AE", 1191, 0, 0, 0, 0, 1191),
    ]


def test_cdisc_pilot_oddities() -> None:
    """One participant attended a visit the day after the recorded death; two events are dated after their entry."""
    queries = harmonised("cdisc_pilot", date(2015, 3, 31)).queries
    assert queries.select("SRCFILE", "SRCROW", "USUBJID", "QUKIND", "QUSEV").rows() == [
        ("sdtm/ae.csv", 1029, "01-716-1418", "date_after_entry", "warning"),
        ("sdtm/ae.csv", 1036, "01-716-1418", "date_after_entry", "warning"),
        ("sdtm/sv.csv", 2226, "01-710-1083", "alive_after_death", "warning"),
    ]


def test_cdisc_pilot_agrees_with_its_analysis_dataset() -> None:
    """Dates and deaths as the pilot's own ADSL has them."""
    tables = harmonised("cdisc_pilot", date(2015, 3, 31))
    adsl = {row["USUBJID"]: row for row in rows("cdisc_pilot/adam/adsl.csv")}
    dm = {row["USUBJID"]: row for row in tables.dm.iter_rows(named=True)}
    assert set(dm) == set(adsl)
    for name, row in adsl.items():
        first_dose = dm[name]["TRTSDT"]
        assert (first_dose.isoformat() if first_dose else "") == row["TRTSDT"]
        assert (dm[name]["GROUP"] is None) == (row["ARMCD"] == "Scrnfail")
    died = {row["USUBJID"]: row["DTHDT"] for row in adsl.values() if row["DTHFL"] == "Y"}
    found = tables.ce.select("USUBJID", pl.col("CESTLO").cast(pl.String)).rows()
    assert dict(found) == died


def test_cdisc_pilot_adverse_events() -> None:
    tables = harmonised("cdisc_pilot", date(2015, 3, 31))
    source = rows("cdisc_pilot/sdtm/ae.csv")
    severity = {"MILD": 1, "MODERATE": 2, "SEVERE": 3}
    assert Counter(tables.ae["AETOXGR"]) == Counter(severity[row["AESEV"]] for row in source)
    partial = tables.ae.filter(pl.col("AESTLO") != pl.col("AESTHI"))
    assert Counter(partial["AESTDTC"].str.len_chars()) == {7: 15, 4: 11}
    whole_year = partial.filter(pl.col("AESTDTC").str.len_chars() == 4)
    assert set((whole_year["AESTHI"] - whole_year["AESTLO"]).dt.total_days()) <= {364, 365}
    assert tables.ae["AEENLO"].null_count() == sum(row["AEENDTC"] == "" for row in source)
    assert tables.ae["AEREL"].null_count() == sum(row["AEREL"] == "" for row in source)
