"""Two hundred damaged exports: each ends in a draft that is YAML, or in one clear sentence."""

import contextlib
import io
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.cell.cell import MergedCell

from immrecon.errors import SourceError
from immrecon.ingest.propose import propose

from .exports.truth import results
from .exports.writers import fhir_bundle, fhir_lines, hl7_messages, open_document, sdtm_json, sdtm_transport
from .propose_cases import agree, is_open, read_as_file, written

SEED = 20260930
N = 200
HOSTILE = [
    "=cmd|' /C calc'!A0", "\x1b[31mred\x1b[0m", "\u202e12", "'; drop table", "a" * 5000, "???", "{x}", "(" * 50, "\\",
    "\ud7ff\ufeff", '"', "1e99", "#REF!", "\u0000", "<!--", "- [", "*alias", "&anchor", "%TAG", "NaN", "۱۲۳", "²", "x\u2028y",
]  # fmt: skip


def damage_bytes(data: bytes, rng: random.Random) -> bytes:
    content = bytearray(data)
    for _ in range(rng.randint(1, 40)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def cut_off(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def other_encoding(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("cp1252", errors="replace")
    name = rng.choice(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp850", "latin-1", "iso8859-15"]
    )
    return text.encode(name, errors="replace")


def by_line(change: Callable[[list[str], random.Random], list[str]]) -> Callable[[bytes, random.Random], bytes]:
    def mutation(data: bytes, rng: random.Random) -> bytes:
        lines = data.decode("cp1252", errors="replace").split("\n")
        return "\n".join(change(lines, rng)).encode("utf-8", errors="replace")

    return mutation


@by_line
def lose_rows(lines: list[str], rng: random.Random) -> list[str]:
    return [line for line in lines if rng.random() > 0.3]


@by_line
def shuffle_rows(lines: list[str], rng: random.Random) -> list[str]:
    return rng.sample(lines, len(lines))


@by_line
def other_delimiter(lines: list[str], rng: random.Random) -> list[str]:
    old, new = rng.choice(",;"), rng.choice("\t|^ ;,:")
    return [line.replace(old, new) for line in lines]


@by_line
def hostile_cells(lines: list[str], rng: random.Random) -> list[str]:
    for _ in range(10):
        at = rng.randrange(len(lines))
        mark = ";" if ";" in lines[at] else ","
        cells = lines[at].split(mark)
        cells[rng.randrange(len(cells))] = rng.choice(HOSTILE)
        lines[at] = mark.join(cells)
    return lines


@by_line
def hostile_heads(lines: list[str], rng: random.Random) -> list[str]:
    at = next((i for i, line in enumerate(lines) if line.count(",") + line.count(";") > 5), 0)
    mark = ";" if lines[at].count(";") > lines[at].count(",") else ","
    cells = [
        cell if rng.random() > 0.3 else rng.choice([*HOSTILE, "", "CD4", "Date"]) for cell in lines[at].split(mark)
    ]
    return [*lines[:at], mark.join(cells), *lines[at + 1 :]]


@by_line
def many_columns(lines: list[str], rng: random.Random) -> list[str]:
    return [line + ";x,1" * 1000 for line in lines[:40]]


@by_line
def other_digits(lines: list[str], rng: random.Random) -> list[str]:
    return [
        line.translate({ord(d): ord(rng.choice("0123456789.,/-<")) for d in rng.sample("0123456789", 3)})
        for line in lines
    ]


TEXT = [damage_bytes, cut_off, other_encoding, lose_rows, shuffle_rows, other_delimiter, hostile_cells, hostile_heads,
        many_columns, other_digits]  # fmt: skip


def hostile_sheet(data: bytes, rng: random.Random) -> bytes:
    """A whole workbook with cells that nobody expects, and cells merged anywhere."""
    book = load_workbook(io.BytesIO(data))
    sheet = book[rng.choice(book.sheetnames)]
    for _ in range(15):
        text = "".join(sign for sign in rng.choice(HOSTILE) if sign.isprintable())
        cell = sheet.cell(rng.randint(1, 15), rng.randint(1, 20))
        if not isinstance(cell, MergedCell):
            cell.value = rng.choice([text, rng.random() * 1e6, None, True, text])
    row, column = rng.randint(1, 10), rng.randint(1, 20)
    with contextlib.suppress(ValueError):
        sheet.merge_cells(start_row=row, end_row=row + rng.randint(0, 3), start_column=column, end_column=column + 3)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


BOOK = [damage_bytes, cut_off, hostile_sheet, hostile_sheet, hostile_sheet]


@pytest.fixture(scope="module")
def exports(repository: Path) -> dict[str, bytes]:
    labs = repository / "data" / "demo" / "2026-09-30" / "labs"
    content = {path.name: path.read_bytes() for path in sorted(labs.iterdir())}
    content["central_results.csv"] = b"".join(content["central_results.csv"].splitlines(keepends=True)[:120])
    return content


def test_no_damage_ends_in_a_traceback(tmp_path: Path, exports: dict[str, bytes]) -> None:
    rng = random.Random(SEED)
    ends: Counter[str] = Counter()
    refused: list[tuple[str, str, str]] = []
    for _ in range(N):
        name = rng.choice(sorted(exports))
        mutation = rng.choice(BOOK if name.endswith("xlsx") else TEXT)
        path = tmp_path / name
        path.write_bytes(mutation(exports[name], rng) or b" ")
        try:
            draft = propose(path)
        except SourceError as error:
            refused.append((name, mutation.__name__, str(error)))
            # Of a damaged archive nothing is left to study; of damaged text there is.
            ends["archive refused" if name.endswith("xlsx") else "text refused"] += 1
            continue
        content, text = draft.suggested(), written(draft)
        agree(text, content)
        assert is_open(text) == bool(draft.questions)
        if is_open(content):
            ends["a question without a suggestion"] += 1
        else:
            read_as_file(content)
            ends["loads as suggested"] += 1
    assert ends.total() == N
    assert all(name in said and said.isprintable() for name, _, said in refused)
    assert ends["text refused"] < 0.1 * N, ends  # rejecting everything would be no study
    assert ends["archive refused"] < 0.2 * N, ends
    assert ends["loads as suggested"] > N / 3, ends  # the rest keep a question, and are as safe


def test_no_damage_of_another_format_ends_in_a_traceback(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    written_exports = [
        write(results(1)) for write in (sdtm_transport, sdtm_json, hl7_messages, fhir_bundle, fhir_lines, open_document)
    ]
    tried: Counter[str] = Counter()
    drafted: Counter[str] = Counter()
    refused: list[tuple[str, str]] = []
    for _ in range(60):
        export = rng.choice(written_exports)
        tried[export.file] += 1
        path = tmp_path / export.file
        path.write_bytes(rng.choice([damage_bytes, cut_off])(export.content, rng) or b" ")
        try:
            draft = propose(path)
        except SourceError as error:
            refused.append((export.file, str(error)))
            continue
        agree(written(draft), draft.suggested())
        drafted[export.file] += 1
    # A cut document or archive is none; of messages and lines the rest can be studied.
    assert (drafted["x.hl7"], drafted["x.ndjson"] > 5) == (tried["x.hl7"], True)
    assert tried["x.hl7"] > 3
    assert all(file in said and said.isprintable() for file, said in refused)
