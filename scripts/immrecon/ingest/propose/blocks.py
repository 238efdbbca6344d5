"""One block per participant: the lines that name the participant above a table of their own."""

import re
from dataclasses import dataclass

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import MAX_PATTERN_LENGTH, clean_head
from immrecon.ingest.propose.columns import folded, many
from immrecon.ingest.propose.draft import Entry, Remark
from immrecon.ingest.propose.values import escaped
from immrecon.ingest.readers.grid import Grid
from immrecon.quoting import quoted

_WHO = r"patient\w*|subject|participant\w*|proband\w*|paciente|paziente|sujet|deelnemer\w*|teilnehmer\w*|id"
_LINE = re.compile(
    rf"(?P<lead>(?:{_WHO})\b(?: (?:id|no|nr|number|numero|nummer|code))?\b[ :=#.n°-]*)"
    r"(?P<who>\S*[0-9]\S*)(?P<rest>.*)"
)
_LONGEST = 80


@dataclass(frozen=True)
class Block:
    """The line that begins a block: its row, the words before the identifier, the identifier, and what follows."""

    row: int
    index: int
    lead: str
    who: str
    rest: str


def find_blocks(grid: Grid) -> list[Block]:
    """Lines of one or two cells that name a participant; none where fewer than two do."""
    found = []
    for index, (number, row) in enumerate(zip(grid.numbers, grid.rows, strict=True)):
        cells = [" ".join(cell.split()) for cell in row if cell.strip()]
        text = " ".join(cells)
        plain = folded(text)
        if not 1 <= len(cells) <= 2 or len(text) >= _LONGEST or len(plain) != len(text):
            continue
        if match := _LINE.fullmatch(plain):
            lead, who, rest = (text[slice(*match.span(part))] for part in ("lead", "who", "rest"))
            found.append(Block(number, index, lead, who, rest))
    return found if len(found) >= 2 else []


def blocks_entry(blocks: list[Block], heads: set[str], fitting: int) -> Entry | None:
    """The key blocks. `heads`: of the tables; `fitting`: blocks with the heads in the same place.

    None where the lines are too different for a pattern.
    """
    leads = list(dict.fromkeys(block.lead for block in blocks))
    lead = escaped(leads[0]) if len(leads) == 1 else f"(?:{'|'.join(map(escaped, leads))})"
    rests = [block for block in blocks if block.rest]
    begins = f"{lead}(?P<participant>\\S+)" + (".*" if rests else "")
    if len(begins) > MAX_PATTERN_LENGTH:
        return None
    name = clean_head(re.split(r"[^\w ]", leads[0])[0]) or "Participant"
    name = f"{name} of the block" if name in heads else name
    shown = ", ".join(f"row {block.row} {quoted(block.lead + block.who + block.rest, 40)}" for block in blocks[:3])
    remarks = [Remark("inferred", f"{len(blocks)} lines name a participant above a table of their own: {shown}")]
    if fitting < len(blocks):
        told = f"{many(len(blocks) - fitting, 'block')} without the heads in that place: correct header_rows, or look"
        remarks.append(Remark("note", told))
    value = {"begins": begins, "participant": name}
    if not rests:
        return Entry(value, tuple(remarks))
    asked = (
        f"what follows the identifier is taken to be no part of it: {quoted(rests[0].rest, 30)} after "
        f"{quoted(rests[0].who, 30)} in row {rests[0].row}. Is it? Then '{begins}'"
    )
    remarks.append(Remark("question", asked))
    return Entry({**value, "begins": OPEN_QUESTION}, tuple(remarks), value)
