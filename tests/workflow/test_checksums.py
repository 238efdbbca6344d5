"""The list of checksums of a frozen cut: every way in which `sha256sum` writes it, and what cannot be read."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from immrecon.errors import SourceError
from immrecon.sources import verify_sources

NAMES = ["a.csv", "labs/b c.csv", "labs/*starred.csv", "labs/ blank first.csv", "é.csv", "back\\slash.csv"]


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "cut" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}\n")
    return tmp_path / "cut"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify(cut: Path, listing: str | bytes) -> dict[str, str]:
    checksums = cut / "SHA256SUMS"
    checksums.write_bytes(listing if isinstance(listing, bytes) else listing.encode())
    found = verify_sources([str(cut / name) for name in NAMES], str(cut), str(checksums))
    return {item["path"]: item["sha256"] for item in found}


def listing(cut: Path, form: str = "{digest}  {name}\n", names: list[str] | None = None) -> str:
    return "".join(form.format(digest=digest(cut / name), name=name) for name in names or NAMES)


@pytest.mark.parametrize(
    "form",
    [
        "{digest}  {name}\n",
        "{digest} *{name}\n",
        "{digest}  ./{name}\n",
        "{digest} *./{name}\r\n",
        "\n{digest}  {name}\n",
    ],
    ids=["text", "binary", "find -exec", "windows", "blank lines"],
)
def test_every_way_of_writing_a_name(cut, form: str) -> None:
    assert verify(cut, listing(cut, form)) == {name: digest(cut / name) for name in NAMES}


def test_capital_digits_and_a_byte_order_mark(cut) -> None:
    upper = "".join(f"{digest(cut / name).upper()}  {name}\n" for name in NAMES)
    assert len(verify(cut, "\ufeff# received on 3 May\n" + upper)) == len(NAMES)


@pytest.mark.parametrize("options", [[], ["--binary"]])
def test_what_sha256sum_itself_writes(cut, options: list[str]) -> None:
    """Names with backslashes are written escaped."""
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    command = ["sha256sum", *options, *(f"./{name}" for name in NAMES)]
    written = subprocess.run(command, cwd=cut, capture_output=True, check=True).stdout
    assert verify(cut, written) == {name: digest(cut / name) for name in NAMES}


def test_a_changed_file_is_seen_under_a_dotted_name(cut) -> None:
    written = listing(cut, "{digest}  ./{name}\n")
    (cut / "labs/b c.csv").write_text("changed\n")
    with pytest.raises(SourceError, match=r"changed: labs/b c\.csv"):
        verify(cut, written)


@pytest.mark.parametrize(
    "line",
    ["0" * 64, "0" * 64 + "  ", "0" * 63 + "  a.csv", "0" * 65 + "  a.csv", "g" * 64 + "  a.csv", "a.csv", "x" * 5000,
     f"SHA256 (a.csv) = {'0' * 64}"],
    ids=["no name", "blank name", "short", "long", "no digits", "no digest", "endless", "other order"],
)  # fmt: skip
def test_a_line_that_cannot_be_read(cut, line: str) -> None:
    with pytest.raises(SourceError) as error:
        verify(cut, listing(cut) + line + "\n")
    said = str(error.value)
    assert said.startswith(f"{cut / 'SHA256SUMS'}, line {len(NAMES) + 1}: expected 64 hexadecimal digits")
    assert "Hint" in said
    assert len(said) < len(str(cut)) + 300


def test_a_list_that_contradicts_itself(cut) -> None:
    with pytest.raises(SourceError, match=r'line 7: "a\.csv" is listed before with another checksum'):
        verify(cut, listing(cut) + "0" * 64 + "  ./a.csv\n")


@pytest.mark.parametrize("content", [b"\xff\xfe0\x000\x00", None])
def test_a_list_that_is_no_text(cut, content: bytes | None) -> None:
    with pytest.raises(SourceError, match=r"SHA256SUMS: the list of checksums"):
        verify(cut, content) if content else verify_sources([], str(cut), str(cut / "SHA256SUMS"))
