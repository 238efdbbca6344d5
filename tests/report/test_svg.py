"""Figures in the page: own ids, own styles, nothing that runs or loads."""

import re
from xml.etree import ElementTree as ET

import pytest

from immrecon.errors import ContractError
from immrecon.report.svg import inline_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'


def wrapped(body: str) -> str:
    return f"{HEAD}{body}</svg>"


def test_ids_and_every_reference_to_them_get_the_prefix() -> None:
    body = (
        '<defs><clipPath id="c"/><path id="p"/><style>*{stroke: red} #p, .a{fill: url(#c)}</style></defs>'
        '<g clip-path="url(#c)" style="fill: url( \'#c\' )" aria-labelledby="p c">'
        '<use xlink:href="#p"/><use href="#p"/></g>'
    )
    text = inline_svg(wrapped(body), name="figure-os", alt="x")
    ids = set(re.findall(r'\bid="([^"]+)"', text))
    assert ids == {"figure-os-svg", "figure-os-c", "figure-os-p"}
    referred = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
    assert len(referred) == 5
    assert {a or b for a, b in referred} <= ids
    assert 'aria-labelledby="figure-os-p figure-os-c"' in text
    assert "#figure-os-svg * {stroke: red}" in text
    assert "#figure-os-svg #figure-os-p, #figure-os-svg .a {fill: url(#figure-os-c)}" in text


def test_the_drawing_is_unchanged_and_described() -> None:
    text = inline_svg(wrapped('<path d="M 1 2"/><text>&lt;b&gt; é</text>'), name="a", alt='"<x>" & y')
    root = ET.fromstring(text)
    assert root.get("aria-label") == '"<x>" & y'
    assert root.get("role") == "img"
    assert root.get("viewBox") == "0 0 9 9"
    assert [child.tag.split("}")[1] for child in root] == ["path", "text"]
    assert root[1].text == "<b> é"
    assert text.startswith("<svg ")
    assert "ns0:" not in text


def test_metadata_go() -> None:
    text = inline_svg(wrapped("<metadata>http://example.org</metadata><title>t</title><path/>"), name="a", alt="x")
    assert "example.org" not in text
    assert "<title" not in text


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<image href="http://example.org/a.png"/>',
        '<use xlink:href="other.svg#a"/>',
        '<a href="javascript:alert(1)"/>',
        '<rect fill="url(http://example.org/#a)"/>',
        "<style>@import 'a.css';</style>",
        "<style>rect{fill: url(http://example.org)}</style>",
        "<foreignObject/>",
        "<SCRIPT>alert(1)</SCRIPT>",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        '<form action="javascript:alert(1)"><button>x</button></form>',
        "<style><g/>rect{fill: url(http://example.org)}</style>",
        "<style>rect{fill: u<!-- -->rl(http://example.org)}</style>",
        '<set attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_what_runs_or_loads_is_refused(body: str) -> None:
    with pytest.raises(ContractError, match="figure bad"):
        inline_svg(wrapped(body), name="bad", alt="x")


@pytest.mark.parametrize("source", ["", "no xml", "<html/>", "<svg>", '<!DOCTYPE a [<!ENTITY b "c">]><svg>&b;</svg>'])
def test_what_is_not_an_svg_is_refused(source: str) -> None:
    with pytest.raises(ContractError, match="figure bad"):
        inline_svg(source, name="bad", alt="x")


def test_a_style_sheet_that_is_read_in_pieces_is_whole() -> None:
    rules = "".join(f".a{n}{{fill: url(#c)}}\n" for n in range(3000))
    text = inline_svg(wrapped(f"<style>{rules}<![CDATA[.last > b]]>{{stroke: red}}</style>"), name="a", alt="x")
    assert text.count("#a-svg .a") == 3000
    assert "#a-svg .last &gt; b {stroke: red}" in text


def test_pictures_within_the_file_are_allowed() -> None:
    text = inline_svg(wrapped('<image href="data:image/png;base64,AAAA"/>'), name="a", alt="x")
    assert "data:image/png;base64,AAAA" in text
