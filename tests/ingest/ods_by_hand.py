"""An OpenDocument spreadsheet written tag by tag."""

import zipfile
from html import escape
from pathlib import Path

_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
}


def write_ods(path: Path, xml: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", xml)


def content(*sheets: str) -> str:
    """Styles of text are `raised` and `bold`."""
    names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMES.items())
    hidden = '<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>'
    raised, bold = (
        f'<style:style style:name="{name}" style:family="text"><style:text-properties {how}/></style:style>'
        for name, how in (("raised", 'style:text-position="super 58%"'), ("bold", 'style:text-position="0% 100%"'))
    )
    return (
        f"<office:document-content {names}><office:automatic-styles>{hidden}{raised}{bold}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{''.join(sheets)}</office:spreadsheet></office:body></office:document-content>"
    )


def sheet(name: str, *rows: list[str] | str, hidden: bool = False, times_last: int = 1) -> str:
    """Rows of cells, or tags between them; the last row comes `times_last` times."""
    style = ' table:style-name="hidden"' if hidden else ""
    out = [f'<table:table table:name="{name}"{style}><table:table-column/>']
    for number, row in enumerate(rows, 1):
        repeated = f' table:number-rows-repeated="{times_last}"' if number == len(rows) and times_last > 1 else ""
        out.append(row if isinstance(row, str) else f"<table:table-row{repeated}>{''.join(row)}</table:table-row>")
    return "".join([*out, "</table:table>"])


class CELL:
    @staticmethod
    def raw(inside: str, attributes: str = "") -> str:
        return f"<table:table-cell {attributes}>{inside}</table:table-cell>"

    @staticmethod
    def blank(times: int = 1) -> str:
        return f'<table:table-cell table:number-columns-repeated="{times}"/>'

    @staticmethod
    def covered(times: int = 1) -> str:
        return f'<table:covered-table-cell table:number-columns-repeated="{times}"/>'

    @staticmethod
    def text(text: str, across: int = 1, down: int = 1, formula: str | None = None) -> str:
        spans = f'table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"'
        shown = f"<text:p>{text if text.startswith('&') else escape(text)}</text:p>" if text else ""
        return CELL.raw(shown, f'office:value-type="string" {spans}{_formula(formula)}')

    @staticmethod
    def number(value: str, shown: str = "", formula: str | None = None, times: int = 1) -> str:
        repeated = f' table:number-columns-repeated="{times}"'
        return CELL.raw(
            f"<text:p>{shown or value}</text:p>",
            f'office:value-type="float" office:value="{value}"{repeated}{_formula(formula)}',
        )

    @staticmethod
    def percentage(value: str) -> str:
        return CELL.raw("<text:p>%</text:p>", f'office:value-type="percentage" office:value="{value}"')

    @staticmethod
    def date(value: str) -> str:
        return CELL.raw("<text:p>04-03-26</text:p>", f'office:value-type="date" office:date-value="{value}"')

    @staticmethod
    def time(value: str) -> str:
        return CELL.raw("<text:p>9.30</text:p>", f'office:value-type="time" office:time-value="{value}"')

    @staticmethod
    def truth(value: str) -> str:
        return CELL.raw("<text:p>WAHR</text:p>", f'office:value-type="boolean" office:boolean-value="{value}"')

    @staticmethod
    def error(shown: str) -> str:
        kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
        return CELL.raw(f"<text:p>{shown}</text:p>", f"{kind}{_formula('of:=1/0')}")

    @staticmethod
    def uncalculated(formula: str) -> str:
        return CELL.raw("", _formula(formula))


def _formula(formula: str | None) -> str:
    return "" if formula is None else f' table:formula="{escape(formula)}"'
