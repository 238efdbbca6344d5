"""Work on several items at a time, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def at_once(function: Callable[[T], R], items: Iterable[T], n: int) -> Iterator[R]:
    """As `map`, `n` items at a time."""
    with ThreadPoolExecutor(n) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            if len(waiting) == n:
                yield waiting.popleft().result()
            waiting.append(pool.submit(function, item))
        while waiting:
            yield waiting.popleft().result()


def ahead(items: Iterator[T], n: int = 3) -> Iterator[T]:
    """The items, up to `n` of them made while one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(n))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
