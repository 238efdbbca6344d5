"""The content of a text file of any length as UTF-8: lines, and blocks of whole lines that are made ahead of use."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from immrecon.errors import SourceError
from immrecon.ingest.readers.text import decoder_of, refuse_null, undecodable, without_mark

_FEED = ord("\n")

_LINE_END_BYTES = 65_536
"""Before the end of a block that are looked through for the end of a line."""

LONGEST_RECORD = 64_000_000
"""Characters of a record after which a quote counts as never closed."""


class TextContent:
    """The content of a file as UTF-8, without its byte order mark. One thread uses it."""

    def __init__(self, path: Path, file: str, encoding: str, block_bytes: int) -> None:
        self._file, self._encoding, self._block_bytes = file, encoding, max(block_bytes, 4)
        self._bytes = path.open("rb")
        self._at_end = False
        self._holds_ascii = _holds_ascii(encoding)
        beginning = self._read()
        self._decoder = decoder_of(file, encoding, beginning)
        self._utf8, self._at = without_mark(self._decoded(beginning), file, encoding, beginning).encode(), 0
        self._others = ThreadPoolExecutor(1)
        self._coming: deque[Future[bytes]] = deque()

    def line(self) -> str:
        """The next line with its end; '' after the last."""
        if self._coming:
            made = [coming.result() for coming in self._coming]
            self._coming.clear()
            self._utf8, self._at = b"".join([*made, self._utf8[self._at :]]), 0
        while True:
            end = self._line_end()
            if end is not None:
                line, self._at = self._utf8[self._at : end], end
                return line.decode()
            self._utf8, self._at = self._utf8[self._at :] + self._more(), 0

    def _line_end(self) -> int | None:
        """Where the line ends that begins here; None where the text must go on to know."""
        feed = self._utf8.find(b"\n", self._at)
        back = self._utf8.find(b"\r", self._at, feed if feed >= 0 else len(self._utf8))
        if back >= 0 and back + 1 < len(self._utf8):
            return back + 2 if self._utf8[back + 1] == _FEED else back + 1
        if feed >= 0:
            return feed + 1
        return len(self._utf8) if self._at_end else None

    def block(self) -> bytes:
        """Whole lines, about as many as fit into a block; empty after the last."""
        return self._coming.popleft().result() if self._coming else self._block()

    def go_ahead(self, n: int) -> list[Future[bytes]]:
        """Make the next `n` blocks while something else is done."""
        self._coming.extend(self._others.submit(self._block) for _ in range(n - len(self._coming)))
        return list(self._coming)

    def _block(self) -> bytes:
        begun, more, end = self._utf8[self._at :], b"", 0
        if end := begun.rfind(b"\n", 0, self._block_bytes) + 1:
            self._utf8, self._at = begun[end:], 0
            return begun[:end]
        while not self._at_end and not end:
            begun += more
            if len(begun) > LONGEST_RECORD:
                raise SourceError(f"{self._file}: a line has more than {LONGEST_RECORD:,} characters.")
            more = self._more()
            end = more.rfind(b"\n") + 1
        if self._at_end:
            end = len(more)
        self._utf8, self._at = more[end:], 0
        if not begun and end == len(more):
            return more
        return b"".join((begun, memoryview(more)[:end]))

    def _more(self) -> bytes:
        content = self._read()
        if self._holds_ascii and content.isascii() and not self._decoder.getstate()[0] and b"\0" not in content:
            return content
        return self._decoded(content).encode()

    def _read(self) -> bytes:
        n = self._to_an_end_of_line()
        content = self._bytes.read(n)
        if len(content) < n:
            self._at_end = True
            self._bytes.close()
        return content

    def _to_an_end_of_line(self) -> int:
        """How much to read next: about a block, and where it can be seen to whole lines, which need not be put together
        with what is left of the last one then.
        """
        if not self._holds_ascii:
            return self._block_bytes
        before = self._block_bytes - min(_LINE_END_BYTES, self._block_bytes)
        here = self._bytes.tell()
        self._bytes.seek(here + before)
        window = self._bytes.read(self._block_bytes - before)
        self._bytes.seek(here)
        return before + window.rfind(b"\n") + 1 if b"\n" in window else self._block_bytes

    def _decoded(self, content: bytes) -> str:
        try:
            text = self._decoder.decode(content, self._at_end)
        except UnicodeError as error:
            raise undecodable(self._file, self._encoding, error, content) from None
        refuse_null(text, self._file, self._encoding, content)
        return text


def _holds_ascii(encoding: str) -> bool:
    """Whether text of ASCII is the same in this encoding."""
    try:
        return bytes(range(128)).decode(encoding) == bytes(range(128)).decode("ascii")
    except (UnicodeError, LookupError):
        return False
