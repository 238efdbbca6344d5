"""Identifiers that a text may stand for: as a look at one identifier after the other finds them."""

import difflib
import random
import re
import unicodedata
from itertools import permutations

import pytest

from immrecon.ingest.resemblance import MOST, Names

STUDY = [f"S101-{site:02}-{number:03}" for site in (1, 2, 10, 21) for number in (1, 2, 12, 21, 120, 121, 211)]
OTHER = ["AB/1/0007", "AB/01/007", "7", "0070", "Site B 12", "x-y-z-1-2-3", "\u0391-12", "P_1", "P_11", "P1", "OIL-5"]


def one_by_one(written: str, names: list[str]) -> list[str]:
    """The rules as they are declared, for each identifier by itself."""

    def plain(text: str) -> str:
        return unicodedata.normalize("NFKC", text).upper().translate(str.maketrans("OILSBZ", "011582"))

    def parts(text: str) -> list[str]:
        return [part.lstrip("0") or "0" for part in re.findall("[0-9A-Z]+", plain(text))]

    if spreadsheet := re.fullmatch(r"\s*([0-9]+)[.,]0+\s*", written):
        written = spreadsheet[1]
    own, letters = parts(written), re.sub("[^0-9A-Z]", "", plain(written))
    slips = (
        lambda name: re.sub("[^0-9A-Z]", "", plain(name)) == letters,
        lambda name: parts(name) == own,
        lambda name: any(list(order) == parts(name) for order in permutations(own)),
        lambda name: 0 < len(own) < len(parts(name)) and parts(name)[-len(own) :] == own,
        lambda name: any(own[i : i + len(parts(name))] == parts(name) for i in range(len(own))),
    )
    for slip in slips:
        if found := [name for name in names if slip(name)]:
            return found[:MOST]
    close = difflib.get_close_matches(plain(written), [plain(name) for name in names], n=MOST, cutoff=0.8)
    return [name for name in names if plain(name) in close][:MOST]


def mistyped(name: str, chance: random.Random) -> str:
    signs = "0017OILSBZ-/. _ab\uff11\u00e9"
    text = list(name)
    for _ in range(chance.randint(0, 3)):
        match chance.randint(0, 4):
            case 0 if text:
                text[chance.randrange(len(text))] = chance.choice(signs)
            case 1 if text:
                del text[chance.randrange(len(text))]
            case 2:
                text.insert(chance.randint(0, len(text)), chance.choice(signs))
            case 3:
                parts = re.split("([-/ ])", "".join(text))[:7]
                chance.shuffle(parts)
                text = list("".join(parts))
            case _:
                text += chance.choice([" donor", ",0", ".00", f"/{chance.choice(STUDY)}"])
    return "".join(text)


@pytest.mark.parametrize("names", [STUDY, OTHER, [*STUDY, *OTHER], []], ids=["study", "other", "both", "none"])
def test_as_one_by_one(names: list[str]) -> None:
    chance, prepared = random.Random(3), Names(names)
    texts = [mistyped(chance.choice(names or STUDY), chance) for _ in range(400)]
    texts = [text for text in texts if len(re.findall("[0-9A-Za-z]+", text)) <= 7]  # of more there are many orders
    found = [prepared.resembling(text) for text in texts]
    assert found == [one_by_one(text, names) for text in texts]
    assert any(found) == bool(names)


def test_they_are_few_and_close() -> None:
    names = Names([f"S101-01-{n:03}" for n in range(1, 60)])
    assert names.resembling("S101-01-0O7") == ["S101-01-007"]
    assert len(names.resembling("S101-01-999")) == MOST


def test_a_long_text_is_looked_through() -> None:
    names = Names(STUDY)
    assert names.resembling("- " * 20_000 + "S101-21-012" + " 0" * 20_000) == ["S101-21-012"]
    assert names.resembling("9 " * 20_000) == []
