"""What is read off a file, what is only inferred, and what a draft refuses to decide."""

import codecs
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from immrecon.config.inherit import read_dialect
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.propose import Draft, propose
from immrecon.ingest.propose.analytes import NOT_USED, read_name

from .propose_cases import drafted, is_open, loaded, written

ROW = "S1-{n:03};{day:02}/{month:02}/2025;{value}"


def wide(
    head: str = "CD4 (/mm3)", values: list[str] | None = None, dates: list[str] | None = None, top: str = ""
) -> str:
    """A small export: ten samples of one analyte."""
    values = values or ["12,5", "7", "100", "33", "8", "15,25", "9", "11", "81", "<5"]
    dates = dates or [f"{13 + i}/03/2025" for i in range(len(values))]
    lines = [f"S1-{i + 1:03};{date};{value}" for i, (date, value) in enumerate(zip(dates, values, strict=True))]
    return top + "\n".join([f"Patient;Date;{head}", *lines]) + "\n"


def asked(draft: Draft, words: str) -> list[str]:
    return [text for text in draft.questions if words in text]


def test_a_small_export_leaves_one_question(tmp_path: Path) -> None:
    draft = drafted(tmp_path, wide())
    assert len(draft.questions) == 1
    assert asked(draft, "of two samples of one participant and day")
    dialect = loaded(draft)
    assert dialect.layout.delimiter == ";"
    assert dialect.numbers.decimal == [","]
    assert dialect.columns.participant == "Patient"
    assert dialect.columns.collected.dates is not None
    assert dialect.columns.collected.dates.formats == ["%d/%m/%Y"]
    assert dialect.analytes["CD4 (/mm3)"].unit == "/mm3"
    assert dialect.analytes["CD4 (/mm3)"].lloq == 5
    assert dialect.participant.pattern == r"S1-(?P<number>\d{3})"


def test_the_evidence_stands_above_the_key(tmp_path: Path) -> None:
    text = drafted(tmp_path, wide()).text()
    assert '# inferred: "," in 2 of 10 result cells, e.g. row 2 "12,5", row 7 "15,25"\n  decimal: [","]' in text
    assert "# QUESTION 1: of two samples" in text
    assert all(len(line) <= 120 for line in text.splitlines() if line.lstrip().startswith("#"))


def test_a_draft_with_an_open_question_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "draft.yaml"
    path.write_text(drafted(tmp_path, wide(head="CD4")).text(), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"3 open question\(s\).*analytes\.CD4\.unit, analytes\.CD4\.lloq, duplicates\.same_day"
    ):
        read_dialect(path)


def test_dates_that_a_program_may_have_turned_round_are_asked_about(tmp_path: Path) -> None:
    """05/03, 07/04 and 11/02 became dates of a workbook, month first; 13/02 and 20/03 stayed texts."""
    dates = ["2025-05-03 00:00", "13/02/2025", "2025-07-04", "20/03/2025", "2025-11-02"]
    draft = drafted(tmp_path, wide(values=["1,5"] * 5, dates=dates))
    assert "may have been turned round" in draft.text()
    assert "???" in written(draft)["columns"]["collected"]["dates"]["formats"]
    assert set(draft.suggested()["columns"]["collected"]["dates"]["formats"]) == {
        "%Y-%m-%d %H:%M", "%d/%m/%Y", "%Y-%m-%d",
    }  # fmt: skip
    for plain in (["2025-05-13", *dates[1:]], [*dates, "10/02/2025"]):
        told = drafted(tmp_path, wide(values=["1,5"] * len(plain), dates=plain)).text()
        assert "turned round" not in told


@pytest.mark.parametrize(
    ("dates", "formats", "words"),
    [
        (["01/02/2025", "03/12/2025"], None, "every day is 12 or less"),
        (["13/02/2025", "03/12/2025"], ["%d/%m/%Y"], None),
        (["02/13/2025", "03/12/2025"], ["%m/%d/%Y"], None),
        (["13/02/2025", "02/13/2025"], None, "contradict each other"),
        (["2025-02-03", "2025-12-03"], ["%Y-%m-%d"], None),
        (["2025-02-03 08:15", "2025-12-03"], ["%Y-%m-%d", "%Y-%m-%d %H:%M"], None),
        (["13.02.2025", "14.02.25"], ["%d.%m.%Y", "%d.%m.%y"], "what is the first year"),
        (["13.02.25", "14.02.24"], None, "cannot be told from days"),
        ([f"{day}.02.2{day % 3}" for day in range(10, 25)], ["%d.%m.%y"], "what is the first year"),
        (["01.02.25", "02.03.24"], None, "what is the first year"),
        (["45922", "45923"], ["serial1900"], "1900 or 1904"),
        (["20250213", "20251203"], ["%Y%m%d"], None),
        (["20032024", "05042024"], ["%d%m%Y"], None),
        (["05032024", "06032024"], None, "do not tell day from month"),
        (["13 mrt 2025", "14 mei 2025"], ["%d %b %Y"], None),
    ],
)
def test_dates(tmp_path: Path, dates: list[str], formats: list[str] | None, words: str | None) -> None:
    draft = drafted(tmp_path, wide(values=["1,5"] * len(dates), dates=dates))
    style = draft.suggested()["columns"]["collected"]["dates"]
    if formats is None:
        assert is_open(style)
    else:
        assert sorted(style["formats"]) == sorted(formats)
        loaded(draft)
    assert not words or asked(draft, words)
    assert is_open(written(draft)["columns"]) == (words is not None)


def test_one_wrong_date_among_many_is_no_doubt(tmp_path: Path) -> None:
    dates = [f"{day:02}/03/2025" for day in range(1, 31)] + ["03/31/2025"]
    draft = drafted(tmp_path, wide(values=["1,5"] * 31, dates=dates * 1))
    assert asked(draft, "contradict")  # 18 against one
    many = drafted(tmp_path, wide(values=["1,5"] * 61, dates=[*dates[12:30] * 3, *dates[:6], dates[-1]]))
    assert many.suggested()["columns"]["collected"]["dates"]["formats"] == ["%d/%m/%Y"]
    assert 'impossible so, and queried: "03/31/2025" (1, row 62)' in " ".join(many.text().replace("#", "").split())


def test_other_date_columns_are_a_suggestion_and_no_answer(tmp_path: Path) -> None:
    lines = [f"S1-{i:03};0{i}/03/2025;2{i}/03/2025;1,5" for i in range(1, 6)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date of collection;Date received;CD4 (/mm3)", *lines]))
    assert asked(draft, "Other columns of this file have the day before month")
    assert written(draft)["columns"]["collected"]["dates"]["formats"] == ["???"]
    assert draft.suggested()["columns"]["collected"]["dates"]["formats"] == ["%d/%m/%Y"]


def test_foreign_months_are_declared(tmp_path: Path) -> None:
    dialect = loaded(drafted(tmp_path, wide(values=["1,5", "2"], dates=["13 mrt 2025", "14 mei 2025"])))
    assert dialect.columns.collected.dates is not None
    assert dialect.columns.collected.dates.months == {"mrt": 3, "mei": 5}


@pytest.mark.parametrize(
    ("values", "decimal", "thousands", "words"),
    [
        (["1,5", "2,25"], [","], [], None),
        (["1.5", "2.25"], ["."], [], None),
        (["1,234", "2,345"], ["???"], [], "may be a decimal sign or stand between thousands"),
        (["1.234", "2"], ["???"], [], "may be a decimal sign or stand between thousands"),
        (["1,234", "2.5"], ["."], [","], "should group thousands"),
        (["1,234.5", "2.5"], ["."], [","], None),
        (["1.234,5", "2,5"], [","], ["."], None),
        (["1,234,567", "2"], ["."], [","], None),
        (["0,123", "2"], [","], [], None),
        (["1\u202f234", "2,5"], [","], ["\u202f"], None),
        (["1\u00a0234", "12 345", "2,5"], [","], [" ", "\u00a0"], None),
        (["12", "345"], ["???"], [], "cannot be seen"),
        (["1,5", "2.25"], [".", ","], [], "both signs stand before decimals"),
        (["1,2E+02", "5"], [","], [], None),
        (["1.234.567", "1.234", "5"], [","], ["."], None),
        (["1.234", "1,234", "5"], ["???"], [], "may be a decimal sign or stand between thousands"),
    ],
)
def test_decimal_signs(
    tmp_path: Path, values: list[str], decimal: list[str], thousands: list[str], words: str | None
) -> None:
    dates = [f"{13 + i}/03/2025" for i in range(len(values))]
    draft = drafted(tmp_path, wide(values=values, dates=dates))
    numbers = draft.suggested()["numbers"]
    assert (numbers["decimal"], sorted(numbers["thousands"])) == (decimal, thousands)
    assert is_open(written(draft)["numbers"]) == (words is not None)
    assert not words or asked(draft, words)


@pytest.mark.parametrize(
    ("counts", "doubtful"),
    [(["1.234", "850", "2.100"], True), (["1.234", "0.850", "2.100"], False), (["1234", "850", "2100"], False)],
)
def test_a_sign_before_three_digits_only_is_asked_for_each_analyte(
    tmp_path: Path, counts: list[str], doubtful: bool
) -> None:
    """Decimals of another column settle the sign of the file, and not what this column means by it."""
    rows = [f"S1-00{i};1{i}/03/2025;{count};{i}.5" for i, count in enumerate(counts, 3)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date;CD4 (/mm3);CD4 (%)", *rows]))
    assert (
        bool(asked(draft, '"CD4 (/mm3)": row 2 "1.234", row 4 "2.100". Is it the decimal sign there too?')) == doubtful
    )
    assert is_open(written(draft)["numbers"]) == doubtful
    assert draft.suggested()["numbers"]["decimal"] == ["."]


def test_text_cells_of_a_workbook_that_may_be_thousands_are_asked(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["Patient", "Date", "CD4 (/mm3)"], ["S1-001", "13/03/2025", "1,234"], ["S1-002", "14/03/2025", 12.5]):
        book.active.append(row)
    book.save(tmp_path / "lab.xlsx")
    draft = propose(tmp_path / "lab.xlsx")
    assert asked(draft, '"," should group thousands. Does it?')
    assert draft.suggested()["numbers"] == {"decimal": ["."], "thousands": [","]}


def test_no_sign_in_the_results_but_elsewhere(tmp_path: Path) -> None:
    lines = [f"S1-{i:03};{12 + i}/03/2025;{i};0.{i}" for i in range(1, 6)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date;CD4 (/mm3);Low", *lines]))
    assert written(draft)["numbers"]["decimal"] == ["."]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252"), ("latin-1", "cp1252")],
)  # fmt: skip
def test_encodings(tmp_path: Path, encoding: str, declared: str) -> None:
    text = wide(head="CD4 naïfs (/mm³)", top="Prélèvements édités par le laboratoire\n")
    dialect = loaded(drafted(tmp_path, text.encode(encoding)))
    assert dialect.layout.encoding == declared
    assert "CD4 naïfs (/mm³)" in dialect.analytes
    assert dialect.analytes["CD4 naïfs (/mm³)"].code == "CD4N"


def test_utf16_big_endian_with_its_mark(tmp_path: Path) -> None:
    content = codecs.BOM_UTF16_BE + wide().encode("utf-16-be")
    assert written(drafted(tmp_path, content))["layout"]["encoding"] == "utf-16"


def test_an_encoding_that_matters_is_asked(tmp_path: Path) -> None:
    """Byte BD is one half in Windows-1252, and oe in Latin-15; within a word it is a letter."""
    word = drafted(tmp_path, wide(top="pr\xe9l\xe8vements c\xbdur\n").encode("latin-1"))
    assert written(word)["layout"]["encoding"] == "iso8859-15"
    draft = drafted(tmp_path, wide(top="pr\xe9l\xe8vements \xbd\n").encode("latin-1"))
    assert asked(draft, "several encodings read it as words, differently")
    assert written(draft)["layout"]["encoding"] == "???"


def test_dos_text_is_not_taken_for_windows(tmp_path: Path) -> None:
    draft = drafted(tmp_path, wide(top="Hôpital, prélèvements reçus à l'hôpital\n").encode("cp850"))
    answer = draft.suggested()["layout"]["encoding"]
    assert answer == "cp850" or asked(draft, "cp850")


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "^", "~"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    text = wide(values=["12.5", "7", "100.25", "<5"]).replace(";", delimiter)
    assert loaded(drafted(tmp_path, text)).layout.delimiter == delimiter


def test_quoted_cells_do_not_mislead(tmp_path: Path) -> None:
    lines = [f'"S1-{i:03}","{12 + i}/03/2025","1;{i},5"' for i in range(1, 6)]
    content = "\n".join(['"Patient","Date","CD4 (/mm3)"', *lines])
    assert written(drafted(tmp_path, content))["layout"]["delimiter"] == ","


def test_a_unit_in_the_title_is_found_and_one_nowhere_is_asked(tmp_path: Path) -> None:
    titled = drafted(tmp_path, wide(head="CD4", top="all counts in cells/uL\n\n"))
    assert loaded(titled).analytes["CD4"].unit == "cells/uL"
    assert 'row 1 "all counts in cells/uL"' in titled.text()
    assert asked(drafted(tmp_path, wide(head="CD4")), 'in which unit is "CD4"?')
    two = drafted(tmp_path, wide(head="CD4", top="cells/uL or G/L\n"))
    assert asked(two, "Outside the table stand")


def test_words_and_limits(tmp_path: Path) -> None:
    values = ["12,5", "<5", "< 10", "hémolysé", "ND", "niet bepaald", "en cours", "hello", "12 *", "<LQ"]
    draft = drafted(tmp_path, wide(values=values))
    assert asked(draft, "the limits differ")
    assert asked(draft, '"ND"')
    content = draft.suggested()
    assert content["words"]["below_limit"] == ["<LQ"]
    reasons = {rule["matches"]: rule["reason"] for rule in content["words"]["not_done"]}
    assert reasons == {
        "hémolysé": "haemolysed", "ND": "not determined", "niet bepaald": "not determined", "en cours": "pending",
    }  # fmt: skip
    assert content["numbers"]["flags"] == ["*"]
    assert "hello" in draft.text()
    loaded(draft)


def test_a_limit_that_stands_nowhere_is_asked(tmp_path: Path) -> None:
    draft = drafted(tmp_path, wide(values=["12,5", "<LQ", "7"]))
    assert asked(draft, "the limit behind")


@pytest.mark.parametrize("limit", ["<1.000", "<1,000"])
def test_a_limit_with_decimals_or_thousands_is_asked(tmp_path: Path, limit: str) -> None:
    draft = drafted(tmp_path, wide(values=["12", limit], dates=["13/03/2025", "14/03/2025"]))
    assert asked(draft, "the limit has decimals or thousands")
    assert written(draft)["analytes"]["CD4 (/mm3)"]["lloq"] == "???"


def test_limits_are_given_in_the_unit_of_the_study(tmp_path: Path) -> None:
    dialect = loaded(drafted(tmp_path, wide(head="CD4 (G/L)", values=["0,5", "<0,05", "1,25"])))
    assert dialect.analytes["CD4 (G/L)"].lloq == 50


LONG = "Subject,Collected,Test,Result,Units,LOINC,Status\n"


def long(*rows: str) -> str:
    return LONG + "".join(f"S1-00{i % 9 + 1},2025-03-{13 + i},{row}\n" for i, row in enumerate(rows))


def test_long_with_codes_and_statuses(tmp_path: Path) -> None:
    rows = ["CD4,12.5,/uL,24467-3,F", "CD4,7,/uL,24467-3,C", "CD3 %,60.5,%,8124-0,F", "Ferritin,3,ug/L,2276-4,zz"]
    draft = drafted(tmp_path, long(*rows * 3))
    assert asked(draft, "what do these words of the status column mean")
    content = draft.suggested()
    assert content["shape"] == "long"
    assert content["statuses"] == {"F": "F", "C": "C", "zz": "???"}
    assert content["analytes"]["CD4"] == {"code": "CD4", "unit": None, "loinc": "24467-3"}
    assert content["analytes"]["CD3 %"] == {"code": "CD3PCT", "unit": "%", "loinc": "8124-0"}
    assert content["not_requested"] == ["Ferritin"]
    assert asked(draft, 'not known as analytes: "Ferritin"')


def test_name_and_code_that_disagree_are_asked(tmp_path: Path) -> None:
    draft = drafted(tmp_path, long(*["CD4,12.5,/uL,14135-8,F"] * 6))
    assert asked(draft, "is CD4 by its name, and the LOINC codes")
    assert written(draft)["analytes"]["CD4"]["code"] == "???"


def test_counts_and_percentages_under_one_name_are_asked(tmp_path: Path) -> None:
    draft = drafted(tmp_path, long(*["CD4,12.5,/uL,,F", "CD4,30.5,%,,F"] * 3))
    assert asked(draft, "has counts and percentages")


def test_a_blank_unit_is_asked(tmp_path: Path) -> None:
    """Words for no result need no unit."""
    rows = ["CD4,12.5,/uL,,F", "CD4,7.5,,,F", "CD4,hemolyzed,,,F", "CD8,5.5,/uL,,F", "CD8,clotted,,,F"]
    draft = drafted(tmp_path, long(*rows))
    assert len(asked(draft, "have no unit")) == 1
    assert asked(draft, '1 of 3 results of "CD4" have no unit, e.g. row 3 "7.5". With null they are queried')
    assert written(draft)["analytes"]["CD4"]["unit"] == "???"
    assert draft.suggested()["analytes"] == {name: {"code": name, "unit": None} for name in ("CD4", "CD8")}


def test_a_column_of_units_that_is_blank_throughout_is_none(tmp_path: Path) -> None:
    draft = drafted(tmp_path, long(*["CD4,12.5,,,F", "CD4,7,,,F"] * 3))
    assert asked(draft, 'in which unit is "CD4"? It stands neither in the head nor in a column')
    columns = written(draft)["columns"]
    assert "unit" not in columns
    assert "Units" in columns["ignored"]


def test_an_unknown_unit_is_asked(tmp_path: Path) -> None:
    draft = drafted(tmp_path, long(*["CD4,12.5,c/ul,,F"] * 6))
    assert written(draft)["units"] == {"c/ul": "???"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("CD3+ (/mm3)", "CD3"), ("Lymphocytes T CD3+", "CD3"), ("T-cells", "CD3"), ("T-Zellen (CD3+)", "CD3"),
        ("CD3+CD4+", "CD4"), ("T-helper (CD4)", "CD4"), ("Lymphocytes T auxiliaires CD4", "CD4"), ("CD4 abs.", "CD4"),
        ("CD8+ T-Lymphozyten", "CD8"), ("CD3+/CD8+ [cells/µL]", "CD8"), ("CD19 B-Zellen", "CD19"), ("Lymphocytes B", "CD19"),
        ("CD16+56+ (/mm3)", "NK"), ("CD3-CD16+CD56+", "NK"), ("NK cells", "NK"), ("NK-cellen (CD56)", "NK"),
        ("CD4 naïfs (/mm3)", "CD4N"), ("CD4+CD45RA+", "CD4N"), ("naive CD4+ T cells", "CD4N"), ("CD4+CD45RA+CD31+", "RTE"),
        ("RTE", "RTE"), ("recent thymic emigrants", "RTE"), ("Lymphocytes (G/L)", "ALC"), ("Lymphozyten", "ALC"),
        ("linfociti", "ALC"), ("Lymfocyten absoluut", "ALC"), ("WBC", "WBC"), ("Leukozyten", "WBC"),
        ("Globules blancs", "WBC"), ("leucociti", "WBC"), ("CD4 %", "CD4PCT"), ("% CD3+", "CD3PCT"), ("CD3+ (%)", "CD3PCT"),
        ("CD4/CD8", "CD4CD8"), ("ratio CD4/CD8", "CD4CD8"), ("CD4:CD8 (ratio)", "CD4CD8"), ("Rapport T4/T8", "CD4CD8"),
        ("CD3+CD4+/CD3+CD8+ ratio", "CD4CD8"), ("CD4/CD8 (%)", None), ("CD4/CD8 (/uL)", None), ("CD3/CD19", None), ("HGB", NOT_USED), ("TREC", NOT_USED), ("CD34+", None),
        ("CD4 memory", None), ("CD4.CM", None), ("CD4+CD25+", None), ("CD3+CD56+", None), ("CD8 naive", None),
        ("CD4+CD45RO+", None), ("CD3 dose", None), ("TCR gd", None), ("HLA-DR+ CD3+", None), ("Patient", None),
        ("CD20", None), ("CD3-CD19+", None),
    ],
)  # fmt: skip
def test_names_of_analytes(name: str, code: str | None) -> None:
    found = read_name(name).code
    if name == "CD34+":
        assert found in {None, NOT_USED}
    else:
        assert found == code


@pytest.mark.parametrize(
    ("heads", "language"),
    [
        ("Patient ID;Collection date;Received date;Visit;Sample no;Comment", "English"),
        ("N° patient;Date de prélèvement;Date de réception;Visite;N° échantillon;Commentaire", "French"),
        ("Patient;Entnahmedatum;Eingangsdatum;Besuch;Probennummer;Bemerkung", "German"),
        ("Patiëntnummer;Afnamedatum;Datum ontvangst;Bezoek;Monsternummer;Opmerking", "Dutch"),
        ("Paziente;Data prelievo;Data ricezione;Visita;N. campione;Note", "Italian"),
        ("Paciente;Fecha de extracción;Fecha de recepción;Visita;N muestra;Comentario", "Spanish"),
    ],
)
def test_heads_in_six_languages(tmp_path: Path, heads: str, language: str) -> None:
    rows = [f"S1-{i:03};{12 + i}/03/2025;{13 + i}/03/2025;Day {i};A{i:04};;1,{i}" for i in range(1, 8)]
    content = drafted(tmp_path, "\n".join([f"{heads};CD4 (/mm3)", *rows])).suggested()
    participant, collected, received, visit, accession, comment = heads.split(";")
    columns = content["columns"]
    assert columns["participant"] == participant
    assert columns["collected"]["column"] == collected
    assert columns["received"]["column"] == received
    assert (columns["visit"], columns["accession"]) == (visit, accession)
    assert columns["ignored"] == [comment]
    assert content["duplicates"]["same_draw"] == ["accession"]
    assert content["checks"]["visit"]["pattern"] == r"Day (?P<day>\d+)"


@pytest.mark.parametrize(
    ("numbers", "pattern", "template", "words"),
    [
        (["A-01", "A-02", "A-13"], r"A-(?P<number>\d{2})", "A-{number}", None),
        (["1", "2", "13"], r"(?P<number>\d{1,2})", "{number}", None),
        (["P1", "P2", "P13"], r"P(?P<number>\d{1,2})", "P{number}", None),
        (["X1-01-001", "X1-02-002"], r"X1-(?P<site>\d{2})-(?P<number>\d{3})", "X1-{site}-{number}", None),
        (["X1-01-001", "X1-02-002", "01-002"], r"(?:X1-)?(?P<site>\d{2})-(?P<number>\d{3})", "X1-{site}-{number}", "otherwise"),
        (["X1-01-001", "X1-02-002", "X1-1-3"], r"X1-(?P<site>\d{1,2})-(?P<number>\d{1,3})", "X1-{site:0>2}-{number:0>3}", "otherwise"),
        (["X1-01-001", "X1-02-002", "X1 02 003"], r"X1[- ](?P<site>\d{2})[- ](?P<number>\d{3})", "X1-{site}-{number}", "otherwise"),
        (["a!", "Smith J", "2025/xx/9", "#"], "(?P<id>.{1,60})", "{id}", "no common form"),
    ],
)  # fmt: skip
def test_participants(tmp_path: Path, numbers: list[str], pattern: str, template: str, words: str | None) -> None:
    rows = [f"{number};{13 + i}/03/2025;1,{i}" for i, number in enumerate(numbers * 2)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date;CD4 (/mm3)", *rows]))
    assert draft.suggested()["participant"] == {"pattern": pattern, "template": template}
    assert is_open(written(draft)["participant"]) == (words is not None)
    assert not words or asked(draft, words)


def test_two_columns_of_one_role_are_asked(tmp_path: Path) -> None:
    rows = [f"S1-{i:03};{i};{12 + i}/03/2025;1,5" for i in range(1, 6)]
    draft = drafted(tmp_path, "\n".join(["Patient;Subject ID;Date;CD4 (/mm3)", *rows]))
    assert asked(draft, "participant: which of the columns")


def test_nothing_to_go_by_is_all_questions(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "alpha;beta;gamma\n" + "x;y;z\n" * 5)
    assert len(draft.questions) >= 5
    assert is_open(draft.suggested())


def test_samples_of_the_donor_are_asked(tmp_path: Path) -> None:
    rows = [f"S1-{i:03};{12 + i}/03/2025;1,5;{'échantillon du donneur' if i == 3 else ''}" for i in range(1, 6)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date;CD4 (/mm3);Commentaire", *rows]))
    assert asked(draft, "Leave these results out?")
    answer = {"column": "Commentaire", "matches": "donneur", "reason": "sample of the donor"}
    assert draft.suggested()["exclude_where"] == [answer]


def workbook(path: Path, rows: list[list[Any]], merged: list[str] = (), title: str = "Results") -> Path:  # type: ignore[assignment]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    book.save(path)
    return path


def test_workbook_with_one_header(tmp_path: Path) -> None:
    rows = [["Patient", "Date", "CD4 (/uL)"], *[[f"S1-{i:03}", f"2025-03-{12 + i}", 1.5 * i] for i in range(1, 6)]]
    dialect = loaded(propose(workbook(tmp_path / "lab.xlsx", rows, title="Blad 1")))
    assert dialect.layout.sheets == ["Blad 1"]
    assert dialect.numbers.decimal == ["."]


def test_workbook_with_forward_heads(tmp_path: Path) -> None:
    """Visits over analytes without merged cells: each visit stands over its first column."""
    visits = [None, "D30", None, "D60", None]
    rows = [["counts per uL: cells/uL"], visits, ["Patient", "Date", "CD4", "Date", "CD4"]]
    rows += [[f"S1-{i:03}", f"2025-03-{12 + i}", i, f"2025-04-{12 + i}", 1.5 * i] for i in range(1, 6)]
    dialect = loaded(propose(workbook(tmp_path / "lab.xlsx", rows)))
    assert dialect.shape == "wide_visit_over_analyte"
    assert (dialect.layout.header_rows, dialect.layout.header_fill) == ([2, 3], "forward")
    assert dialect.analytes["CD4"].unit == "cells/uL"
    assert dialect.checks.visit is not None


def test_measures_below_analytes(tmp_path: Path) -> None:
    """Two levels that are no visits: the analyte above, count and share below."""
    rows: list[list[Any]] = [["Patient", "Date", "CD3", None, "CD4", None], [None, None, "/uL", "%", "/uL", "%"]]
    rows += [[f"S1-{i:03}", f"2025-03-{12 + i}", i * 20, 50 + i, i * 10, 30 + i] for i in range(1, 6)]
    path = workbook(tmp_path / "lab.xlsx", rows, ["C1:D1", "E1:F1", "A1:A2", "B1:B2"])
    content = propose(path).suggested()
    found = {name: (rule["code"], rule["unit"]) for name, rule in content["analytes"].items()}
    assert found == {
        "CD3 | /uL": ("CD3", "/uL"), "CD3 | %": ("CD3PCT", "%"), "CD4 | /uL": ("CD4", "/uL"), "CD4 | %": ("CD4PCT", "%"),
    }  # fmt: skip
    assert content["shape"] == "wide_by_analyte"


def test_heads_that_come_twice_are_told(tmp_path: Path) -> None:
    lines = [f"S1-{i:03};{12 + i}/03/2025;1,5;2,5" for i in range(1, 6)]
    draft = drafted(tmp_path, "\n".join(["Patient;Date;CD4 (/mm3);CD4 (/mm3)", *lines]))
    assert 'heads that come twice: "CD4 (/mm3)"' in draft.text()


def test_a_hostile_file_speaks_only_within_quotes(tmp_path: Path) -> None:
    nasty = '\x1b[31m: "???" # {x}\u202e'
    text = wide(head=f"CD4 (/mm3);{nasty}", top=f"{nasty}\n").replace("12,5", f"{nasty}")
    text = "\n".join(line + ";1,5" if line.startswith("S1") else line for line in text.splitlines())
    draft = drafted(tmp_path, text)
    assert draft.text().replace("\n", "").isprintable()
    written(draft)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "no delimiter"),
        (b"one column\nonly\n", "no delimiter"),
        (b"MSH|^~\\&|LAB", "no result"), (b"{\"resourceType\": \"Patient\"}", "no Observation"),
        (b"%PDF-1.4", "PDF"),
        (b"PK\x03\x04 nothing", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not a readable .xls"),
        (b"{\"a\": 1}", "JSON"),
        (bytes(range(256)) * 20, "control characters"),
        (b"Patient;Date;CD4 (/mm3)\n", "no row stands below"),
        (b"1;2;3\n4;5;6\n", "no row can be the header"),
    ],
)  # fmt: skip
def test_what_cannot_be_studied_is_said_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        drafted(tmp_path, content)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        propose(tmp_path / "nothing.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        propose(tmp_path)


def test_a_name_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(wide())
    with pytest.raises(ConfigError, match="becomes part of paths"):
        propose(tmp_path / "x.csv", "Hôpital / Paris")


def test_text_cells_of_a_workbook_have_a_locale_of_their_own(tmp_path: Path) -> None:
    """The numbers 1.234 and 120.5 are numbers; of the texts "1.234" and "60,5" one has its sign between thousands."""
    results = [1.234, 120.5, "1.234", "60,5", "612,5", 480]
    rows = [["Patient", "Date", "CD4 (/uL)"]]
    rows += [[f"S1-{i:03}", f"2025-03-{12 + i}", result] for i, result in enumerate(results, 1)]
    draft = propose(workbook(tmp_path / "lab.xlsx", rows))
    assert asked(draft, 'so "." should group thousands. Does it?')
    suggested = draft.suggested()["numbers"]
    assert (suggested["decimal"], suggested["thousands"]) == ([","], ["."])
    assert written(draft)["numbers"]["thousands"] == ["???"]
    without = [row if row[2] != "1.234" else [*row[:2], 99] for row in rows]
    dialect = loaded(propose(workbook(tmp_path / "lab.xlsx", without)))
    assert (dialect.numbers.decimal, dialect.numbers.thousands) == ([".", ","], [])
