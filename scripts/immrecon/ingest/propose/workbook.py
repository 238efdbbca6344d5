"""The sheets of a workbook: which of them holds results, and where its days count from."""

import zipfile
from pathlib import Path
from xml.etree.ElementTree import ParseError

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry, inferred, sure
from immrecon.ingest.propose.formats import Source
from immrecon.ingest.propose.layout import recognised
from immrecon.ingest.readers import read_grids
from immrecon.ingest.readers.grid import Grid
from immrecon.quoting import quoted

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LARGEST_PART = 5_000_000
MOST_ROWS = 100_000
MOST_SHEETS = 50


def study_workbook(path: Path) -> Source:
    """Raises SourceError: not readable, or without a sheet that holds a table."""
    sheets, epoch = _sheets(path)
    hidden = {name for name, state in sheets if state != "visible"}
    names = [name for name, _ in sheets][:MOST_SHEETS]
    grids = _grids(path, names)
    best = {name: max((recognised(row) for row in grid.rows[:40]), default=0) for name, grid in grids.items()}
    shown = [name for name in grids if name not in hidden] or list(grids)
    main = max(shown, key=lambda name: (best[name], len(grids[name].rows)), default=None)
    if main is None or not grids[main].rows:
        raise SourceError(f"{path.name}: no sheet of the workbook holds anything.")
    alike = [name for name in shown if name != main and _same_heads(grids[main], grids[name])]
    read = [name for name in names if name == main or name in alike]
    rest = [name for name, _ in sheets if name not in read]
    layout: dict[str, Entry] = {
        "format": sure("xlsx", "the file is a workbook"),
        "sheets": inferred(read, f"{quoted(main)} has the most heads that are known" + _others(alike)),
    }
    if rest:
        told = ", ".join(quoted(name) + (" (hidden)" if name in hidden else "") for name in rest)
        layout["sheets_ignored"] = inferred(rest, f"no table of the same form: {told}. Look at them")
    return Source("xlsx", layout, grids[main], [grids[name] for name in rest if name in grids], epoch)


def _others(alike: list[str]) -> str:
    return f"; {', '.join(map(quoted, alike))}: the same heads" if alike else ""


def _same_heads(first: Grid, second: Grid) -> bool:
    heads = max(first.rows[:40], key=recognised)
    return recognised(heads) > 1 and heads in second.rows[:40]


def _grids(path: Path, names: list[str]) -> dict[str, Grid]:
    grids = {}
    problem: SourceError | None = None
    for name in names:
        try:
            read, _ = read_grids(path.parent, path.name, Layout(format="xlsx", sheets=[name]))
        except SourceError as error:
            problem = error
            continue
        grid = read[0]
        grids[name] = Grid(grid.file, name, grid.numbers[:MOST_ROWS], grid.rows[:MOST_ROWS], grid.merged, grid.computed)
    if not grids and problem is not None:
        raise problem
    return grids


def _sheets(path: Path) -> tuple[list[tuple[str, str]], int]:
    """Names and states of the worksheets (charts have no cells), and the first year of day numbers."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    def part(archive: zipfile.ZipFile, name: str) -> bytes:
        if archive.getinfo(name).file_size > _LARGEST_PART:
            raise SourceError(f"{path.name}: its list of sheets is larger than any real one.")
        return archive.read(name)

    try:
        with zipfile.ZipFile(path) as archive:
            book = fromstring(part(archive, "xl/workbook.xml"))
            links = fromstring(part(archive, "xl/_rels/workbook.xml.rels"))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ParseError, DefusedXmlException, KeyError, ValueError,
            RuntimeError, NotImplementedError, EOFError, LookupError) as error:  # fmt: skip
        raise SourceError(f"{path.name}: not a readable .xlsx workbook ({type(error).__name__}).") from None
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise SourceError(f"{path.name}: not a readable .xlsx workbook (its archive is damaged).") from None
    kinds = {link.get("Id"): str(link.get("Type", "")) for link in links}
    found = [
        (str(sheet.get("name", "")), str(sheet.get("state", "visible")))
        for sheet in book.iter(f"{_MAIN}sheet")
        if kinds.get(sheet.get(_LINK), "").endswith("/worksheet")
    ]
    properties = book.find(f"{_MAIN}workbookPr")
    old = properties is not None and str(properties.get("date1904", "")).lower() in {"1", "true"}
    return [(name, state) for name, state in found if name], 1904 if old else 1900
