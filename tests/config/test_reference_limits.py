"""The file of reference limits: what is read, and what is refused by row, column and value."""

from pathlib import Path

import pytest
import yaml

from immrecon.config.load import load_study
from immrecon.config.reference_limits import check_reference_limits, in_months, read_reference_limits
from immrecon.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]
HEAD = "analyte,unit,age_from_years,age_below_years,lower,median,upper,percentiles,z_score,l,m,s,source,status,note"
CHILD = "CD4,/uL,6,12,650,980,1500,P10-P90,log-normal,,,,Paper,draft,"
TEEN = "CD4,/uL,12,18,530,840,1300,P10-P90,log-normal,,,,Paper,draft,"
ADULT = "CD4,/uL,18,,440,,1496,not stated,none,,,,Laboratory,signed,checked"


def write(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "limits.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_rows_are_ordered_by_analyte_and_age(tmp_path: Path) -> None:
    child, teen, adult = read_reference_limits(write(tmp_path, ADULT, "# a remark", "", TEEN, CHILD))
    assert [limit.row for limit in (child, teen, adult)] == [6, 5, 2]
    assert (child.age_from_years, child.lower, child.median, child.upper) == (6, 650, 980, 1500)
    assert child.percentile_limits == (0.1, 0.9)
    assert (adult.age_below_years, adult.median, adult.percentile_limits) == (None, None, None)
    assert [limit.age_label for limit in (child, adult)] == ["6 to <12 years", "18 years and over"]


@pytest.mark.parametrize(("years", "months"), [(0.25, 3), (0.17, 2), (0.42, 5), (1.25, 15), (0.02, 0.24), (18, 216)])
def test_decimals_of_a_year_are_whole_months(years: float, months: float) -> None:
    assert in_months(years) == pytest.approx(months, abs=1e-12)


def test_the_file_of_the_demo_is_whole() -> None:
    study = load_study(REPOSITORY / "config" / "config.yaml")
    limits = study.reference_limits
    assert limits is not None
    assert {"CD3", "CD4", "CD8", "CD19", "NK", "RTE"} == {limit.analyte for limit in limits}
    last = {limit.analyte: limit for limit in limits}
    assert all(limit.age_below_years is None for limit in last.values()), "adults of any age have a band"
    assert all(limit.source and limit.note for limit in limits)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("CD4,/uL,6,12,65O,980,1500,P10-P90,none,,,,P,draft,", r'row 2, column "lower": "65O" does not fit\. .*number'),
        ("CD4,/uL,6,12,,980,1500,P10-P90,none,,,,P,draft,", r'row 2, column "lower": empty does not fit'),
        ("CD4,/uL,12,6,650,980,1500,P10-P90,none,,,,P,draft,", r'row 2, column "age_below_years": 6 is not above'),
        ("CD4,/uL,6,12,650,600,1500,P10-P90,none,,,,P,draft,", r'"lower", "median", "upper": 650, 600, 1500 do not'),
        (
            "CD4,/uL,6,12,650,980,1500,95%,none,,,,P,draft,",
            r'row 2, column "percentiles": "95%" is not understood.*P10-P90',
        ),
        ("CD4,/uL,6,12,650,980,1500,P90-P10,none,,,,P,draft,", r'column "percentiles": "P90-P10" is not understood'),
        ("CD4,/uL,6,12,650,980,1500,not stated,log-normal,,,,P,draft,", r'column "z_score": "log-normal" needs'),
        ("CD4,/uL,6,12,650,980,1500,P60-P90,log-normal,,,,P,draft,", r'column "percentiles": P60-P90 does not enclose'),
        ("CD4,/uL,6,12,650,980,1500,P10-P90,lms,,,,P,draft,", r'column "z_score": "lms" needs the columns l, m and s'),
        ("CD4,/uL,6,12,650,980,1500,P10-P90,lms,1,980,,P,draft,", r'column "l": l, m and s belong together'),
        ("CD4,/uL,6,12,650,980,1500,P10-P90,none,,,,,draft,", r'row 2, column "source": empty does not fit'),
        ("CD4,/uL,6,12,650,980,1500,P10-P90,none,,,,P,final,", r'row 2, column "status": "final" does not fit.*draft'),
        ("CD4,/uL,6,12,650,980,1500,P10-P90,none,,,,P, with a comma,draft,", r"row 2: 16 cells, expected 15.*quote"),
    ],
)
def test_a_cell_that_does_not_fit(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"limits\.csv, .*" + message):
        read_reference_limits(write(tmp_path, row))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([CHILD, TEEN.replace(",12,18,", ",11,18,")], r'row 3, column "age_from_years": 11 lies within the band 6 to <12'),
        ([CHILD, TEEN.replace(",12,", ",6,").replace("Paper", "Other")], r"row 3.*one band, and one source, for each age"),
        ([CHILD, TEEN.replace(",12,18,", ",13,18,")], r"row 3.*13 leaves a gap after the band 6 to <12 years of CD4 in row 2"),
    ],
)  # fmt: skip
def test_bands_must_join(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_reference_limits(write(tmp_path, *rows))


def test_a_gap_between_two_sources_is_allowed(tmp_path: Path) -> None:
    assert len(read_reference_limits(write(tmp_path, CHILD, ADULT))) == 2


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    wrong = [CHILD.replace("650", "x"), TEEN.replace("draft", "y")]
    with pytest.raises(ConfigError, match=r"2 problems\.\n  row 2.*\n  row 3"):
        read_reference_limits(write(tmp_path, *wrong))


@pytest.mark.parametrize(
    ("head", "message"),
    [(HEAD.replace("upper", "uper"), '"uper"'), (HEAD.replace(",upper", ""), '"upper"'), (HEAD + ",note", "one twice")],
)
def test_columns_that_are_not_those_of_the_file(tmp_path: Path, head: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"row 1: the header has {message} missing, unknown or repeated"):
        read_reference_limits(write(tmp_path, CHILD, head=head))


def test_no_file_and_no_header(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.csv: no such file of reference limits"):
        read_reference_limits(tmp_path / "absent.csv")
    (tmp_path / "limits.csv").write_text("")
    with pytest.raises(ConfigError, match="no header"):
        read_reference_limits(tmp_path / "limits.csv")


def test_the_study_must_have_the_analyte_and_its_unit(tmp_path: Path) -> None:
    limits = read_reference_limits(write(tmp_path, CHILD, TEEN, ADULT))
    check_reference_limits(limits, {"CD4": "/uL"}, [("adult", 18.0)])
    with pytest.raises(ValueError, match=r'row 2, column "analyte": "CD4" is not an analyte of the study'):
        check_reference_limits(limits, {"CD3": "/uL"}, [])
    with pytest.raises(ValueError, match=r'row 2, column "unit": "/uL" is not the unit of CD4 in the study, "10\^9/L"'):
        check_reference_limits(limits, {"CD4": "10^9/L"}, [])


def test_a_group_older_than_every_band(tmp_path: Path) -> None:
    limits = read_reference_limits(write(tmp_path, CHILD, TEEN))
    with pytest.raises(ValueError, match=r'bands of CD4 end at 18 years, where the group "adult" begins at 18'):
        check_reference_limits(limits, {"CD4": "/uL"}, [("child", None), ("adult", 18.0)])


def test_a_threshold_of_ages_needs_limits(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    path = tmp_path / "config" / "config.yaml"
    content = yaml.safe_load(path.read_text())
    content["sources"]["reference_limits"] = None
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(ConfigError, match=r'cd4_age_limit uses the "age lower limit" of CD4, which neither'):
        load_study(path)
