"""The one error tree. A message says what, where, how many, which, and a hint: no user needs the traceback."""


class ImmreconError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(ImmreconError):
    """A configuration file is missing, malformed, or says something that cannot be done."""


class ContractError(ImmreconError):
    """A table of ours breaks its schema: a fault in this package, or a file edited by hand."""


class SourceError(ImmreconError):
    """A file as received cannot be used at all (missing, unreadable, changed under a frozen cut)."""


class RunError(ImmreconError):
    """A run cannot start beside another one, or a step of it failed."""


class InputError(ImmreconError, ValueError):
    """Arrays given to a statistical function cannot be worked on (NaN, negative time, unknown code)."""
