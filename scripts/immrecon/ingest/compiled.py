"""What numba makes of a function. It takes its time to load: modules that import this one end in `_compiled`, and are
imported where they are used, for exports that are large.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kept(function: F) -> F:
    """Compiled, and kept beside the source for the next process."""
    try:
        return cast("F", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # nothing can be written there, nor in the home of the user: every process compiles anew
        return cast("F", njit(nogil=True)(function))


def part(function: F) -> F:
    """Compiled with what calls it."""
    return cast("F", njit()(function))
