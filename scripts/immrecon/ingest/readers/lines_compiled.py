"""How `lines.Lines` numbers lines: one look at each byte, compiled by numba.

Written for the compiler: places and digests are unsigned, so that no index is looked at for being negative; and what is
done to every byte is in one function, since calls there would take longer than the work.
"""

import numpy as np
import numpy.typing as npt

from immrecon.ingest.compiled import kept, part

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]
Words = npt.NDArray[np.uint64]
Word = np.uint64

DELIMITER, QUOTE, FEED, RETURN = 1, 2, 3, 4
"""Signs of a byte; any other has 0."""

AROUND, SAID = 1, 2
"""Bits of the role of a column."""

_FEED = 10
_ZERO, _ONE = Word(0), Word(1)
_UPPER, _LOWER = Word(32), Word(2**32 - 1)
_EIGHT, _BYTE = Word(8), Word(8)
_ONES, _HIGHEST, _FEEDS = (Word(int.from_bytes(bytes([byte] * 8))) for byte in (1, 128, _FEED))
_FACTOR = Word(0x9E3779B97F4A7C15)
"""Odd, its bits being those of the golden ratio: a word times it depends on all of them in its upper half."""


@kept
def numbered(  # noqa: PLR0912
    text: Bytes,
    n: int,
    signs: Bytes,
    roles: Bytes,
    delimiter: int,
    n_readings: int,
    said: Bytes,
    said_from: Words,
    digests: Words,
    slots: Words,
) -> tuple[Words, Numbers, Numbers, Numbers, int, Words]:
    """Where the lines begin, their runs, their readings, and the first line of each run; empty arrays where a line is
    not as `Lines.of` takes it. The text has `n` line feeds, one of them at its end.

    So many readings are known, and more become so: what they say (as a line of the columns compared, each cell with its
    delimiter) stands one after the other, from where is in `said_from`; there is room for as much as the text holds.
    In `slots` readings are looked for: 1 + the number, beside half of the digest. Returned are also the number of
    readings, and the slots, which grow.
    """
    begins = np.empty(n + 1, dtype=np.uint64)
    run, reading = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint32)
    first_of_run = np.empty(n, dtype=np.uint32)
    n_runs = 0
    width = Word(roles.size)
    begin, end = np.zeros(width, dtype=np.uint64), np.zeros(width, dtype=np.uint64)  # of the cells of a line
    digest = np.full(width + _ONE, _FACTOR, dtype=np.uint64)  # of what the line says before each cell
    here = _ZERO
    for line in range(n):
        begins[line] = here
        goes_on = line > 0
        c = _cells_alike(text, begin, end, begins[line - 1], here) if goes_on else _ZERO
        if c > _ZERO:
            here = end[c - _ONE] + _ONE
        while c < width:
            start, h = here, digest[c]
            if signs[text[here]] == QUOTE:
                here = _end_of_quoted(text, signs, here)
            else:
                while signs[text[here]] == 0:
                    here += _ONE
            if goes_on and roles[c] & AROUND:  # begin and end are still those of the line before
                goes_on = _same(text, start, here, text, begin[c], end[c])
            begin[c], end[c] = start, here
            if roles[c] & SAID:
                h = _digested(text, start, here, h)
            c += _ONE
            digest[c] = h
            sign = signs[text[here]]
            here += _ONE
            if sign == RETURN and signs[text[here]] == FEED:
                sign = signs[text[here]]
                here += _ONE
            if sign != (DELIMITER if c < width else FEED):
                return begins[:0], run[:0], run[:0], run[:0], n_readings, slots
        if not goes_on:
            first_of_run[n_runs] = line
            n_runs += 1
        run[line] = n_runs - 1
        slot = _slot(text, roles, begin, end, digest[width], slots, said, said_from, delimiter)
        if slots[slot] == _ZERO:
            digests[n_readings] = digest[width]
            said_from[n_readings + 1] = _say(text, roles, begin, end, said, said_from[n_readings], delimiter)
            n_readings += 1
            slots[slot] = _entry(digest[width], n_readings)
        reading[line] = (slots[slot] & _LOWER) - _ONE
        if 2 * n_readings > slots.size:
            slots = _larger(slots, digests[:n_readings])
    begins[n] = here
    return begins, run, reading, first_of_run[:n_runs].copy(), n_readings, slots


@kept
def feeds(text: Bytes) -> int:
    """How many line feeds there are."""
    n = 0
    for byte in text:
        n += byte == _FEED
    return n


@kept
def picked(text: Bytes, begins: Words, lines: Numbers) -> Bytes:
    """The text of some lines."""
    size = _ZERO
    for line in lines:
        size += begins[line + 1] - begins[line]
    found = np.empty(size, dtype=np.uint8)
    at = _ZERO
    for line in lines:
        for place in range(begins[line], begins[line + 1]):
            found[at] = text[place]
            at += _ONE
    return found


@part
def _word(text: Bytes, at: Word) -> Word:
    """Eight bytes, of which the compiler makes one reading."""
    word = Word(text[at])
    for place in range(1, 8):
        word |= Word(text[at + Word(place)]) << (_BYTE * Word(place))
    return word


@part
def _has_feed(word: Word) -> bool:
    """Whether a byte of it is a line feed: 0 then, after which a subtraction of 1 carries into its highest bit."""
    odd = word ^ _FEEDS
    return bool((odd - _ONES) & ~odd & _HIGHEST != _ZERO)


@part
def _cells_alike(text: Bytes, begin: Words, end: Words, before: Word, here: Word) -> Word:
    """How many cells of this line are those of the line before, from the first on, without the last one. They are moved
    to this line.
    """
    this, other, last = here, before, Word(text.size)
    while this + _EIGHT <= last and _word(text, this) == _word(text, other) and not _has_feed(_word(text, this)):
        this += _EIGHT
        other += _EIGHT
    while text[this] == text[other] and text[this] != _FEED:
        this += _ONE
        other += _ONE
    c = _ZERO
    while c < begin.size - 1 and end[c] < other:
        begin[c] += here - before
        end[c] += here - before
        c += _ONE
    return c


@part
def _digested(text: Bytes, begin: Word, end: Word, digest: Word) -> Word:
    """The digest of what comes before, and of a cell: its bytes, eight at a time, and how many the last are."""
    while begin + _EIGHT <= end:
        digest = (digest ^ _word(text, begin)) * _FACTOR
        digest ^= digest >> _UPPER
        begin += _EIGHT
    word = end - begin
    while begin < end:
        word = word << _BYTE | Word(text[begin])
        begin += _ONE
    digest = (digest ^ word) * _FACTOR
    return digest ^ digest >> _UPPER


@part
def _end_of_quoted(text: Bytes, signs: Bytes, start: Word) -> Word:
    """Where the cell ends that begins with a quote; its start where it is not closed in its line."""
    here = start + _ONE
    while True:
        sign = signs[text[here]]
        if sign >= FEED:
            return start
        here += _ONE
        if sign == QUOTE:
            if signs[text[here]] != QUOTE:
                return here
            here += _ONE


@part
def _same(text: Bytes, begin: Word, end: Word, other: Bytes, other_begin: Word, other_end: Word) -> bool:
    if end - begin != other_end - other_begin:
        return False
    while begin < end:
        if text[begin] != other[other_begin]:
            return False
        begin += _ONE
        other_begin += _ONE
    return True


@part
def _slot(
    text: Bytes,
    roles: Bytes,
    begin: Words,
    end: Words,
    digest: Word,
    slots: Words,
    said: Bytes,
    said_from: Words,
    delimiter: int,
) -> Word:
    """The slot of the reading that says what the line says; an empty one where it is new."""
    last = Word(slots.size - 1)
    slot = digest & last
    while slots[slot] != _ZERO:
        known = slots[slot] & _LOWER
        if slots[slot] == _entry(digest, known):
            at, same = said_from[known - _ONE], True
            for c in range(roles.size):
                if same and roles[c] & SAID:
                    stop = at + end[c] - begin[c]
                    same = stop < said_from[known] and said[stop] == delimiter
                    same = same and _same(text, begin[c], end[c], said, at, stop)
                    at = stop + _ONE
            if same:
                return slot
        slot = (slot + _ONE) & last
    return slot


@part
def _entry(digest: Word, number: int) -> Word:
    return digest >> _UPPER << _UPPER | Word(number)


@part
def _say(text: Bytes, roles: Bytes, begin: Words, end: Words, said: Bytes, at: Word, delimiter: int) -> Word:
    """Keep what a line says. Where it ends."""
    for c in range(roles.size):
        if roles[c] & SAID:
            for place in range(begin[c], end[c]):
                said[at] = text[place]
                at += _ONE
            said[at] = delimiter
            at += _ONE
    said[at] = _FEED
    return at + _ONE


@part
def _larger(slots: Words, digests: Words) -> Words:
    found = np.zeros(4 * slots.size, dtype=np.uint64)
    last = Word(found.size - 1)
    for number in range(digests.size):
        slot = digests[number] & last
        while found[slot] != _ZERO:
            slot = (slot + _ONE) & last
        found[slot] = _entry(digests[number], number + 1)
    return found
