"""Base of all configuration models, and the translation of their errors into sentences."""

import difflib
import reprlib
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from immrecon.errors import ConfigError

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that becomes part of a path: lower case, digits, dot, underscore, hyphen."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]
"""A name that becomes a parameter or variable code."""


def control_character(text: str) -> str | None:
    """The first character that is none to be seen: a control, a line or paragraph separator, half a surrogate pair."""
    return next((sign for sign in text if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}), None)


def _on_one_line(text: str) -> str:
    if (sign := control_character(text)) is not None:
        raise ValueError(
            f"{_BRIEFLY.repr(text)} holds the control character U+{ord(sign):04X}; expected text on one line. "
            "Hint: a YAML block (| or >) ends in a line break; write the text on one line"
        )
    return text


Label = Annotated[str, AfterValidator(_on_one_line)]
"""Words that are printed in figures, tables and headings."""


def refuse_repeated(where: str, codes: Sequence[str]) -> None:
    """Raise ValueError where a code comes twice, or two differ only in case: codes become names of files."""
    first: dict[str, str] = {}
    for code in codes:
        former = first.setdefault(code.casefold(), code)
        if former != code:
            raise ValueError(
                f'{where}: the codes "{former}" and "{code}" differ only in case; expected codes that differ '
                "otherwise, because they become names of files. Hint: rename one of them"
            )
    twice = [code for code, n in Counter(codes).items() if n > 1]
    if twice:
        raise ValueError(
            f'{where}: the code "{twice[0]}" is given twice; expected each code once. Hint: remove or rename one'
        )


Model = TypeVar("Model", bound="Strict")


_BRIEFLY = reprlib.Repr()
_BRIEFLY.maxlevel = 2  # lists within lists may be endless on paper

MOST_PROBLEMS = 20
"""So many problems of one file are told at once."""


OPEN_QUESTION = "???"
"""What a draft holds where a person has to decide. No file that still holds it is used."""


class Strict(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, and leaves dates as text for the models to read."""


def _mapping_without_duplicates(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":  # `<<: *other`: keys of this mapping go before those of the other
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f'the key "{key}" is given twice', key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=deep)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises ConfigError: no such file, not UTF-8, not YAML, not a mapping, a key given twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error}).") from None
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML. {' '.join(str(error).split())}") from None
    except (TypeError, RecursionError) as error:
        raise ConfigError(f"{path}: not a configuration: {type(error).__name__} while reading its keys.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping of keys at the top, found {type(content).__name__}.")
    return content


def build(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """A validated model, or ConfigError naming every key that is wrong, with a suggestion."""
    if still_open := list(open_questions(content)):
        listed = ", ".join(still_open[:MOST_PROBLEMS])
        raise ConfigError(
            f'{path}: {len(still_open)} open question(s), left as "{OPEN_QUESTION}": {listed}. '
            "Hint: the comment QUESTION above each says what to choose from."
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        lines = [_sentence(model, item) for item in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            lines.append(f"and {len(problems) - MOST_PROBLEMS} more.")
        head = f"{path}: " if len(problems) == 1 else f"{path}: {len(problems)} problems.\n  "
        raise ConfigError(head + "\n  ".join(lines)) from None


def open_questions(content: Any, seen: set[int] | None = None) -> Iterator[str]:
    """The places in a configuration that a draft leaves open, e.g. "layout.encoding"."""
    seen = set() if seen is None else seen
    if not isinstance(content, dict | list) or id(content) in seen:  # aliases can make loops, and very many paths
        return
    seen.add(id(content))
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        if OPEN_QUESTION in (key, value):
            yield str(key)
        else:
            yield from (f"{key}.{rest}" for rest in open_questions(value, seen))


def _sentence(model: type[BaseModel], item: Any) -> str:
    location = ".".join(str(part) for part in item["loc"]) or "(top)"
    match item["type"]:
        case "extra_forbidden":
            known = _known_keys(model, item["loc"][:-1])
            close = difflib.get_close_matches(str(item["loc"][-1]), known, n=1, cutoff=0.6)
            hint = f'Did you mean "{close[0]}"?' if close else f"Known keys: {textwrap.shorten(', '.join(known), 200)}."
            return f'unknown key "{location}". {hint}'
        case "missing":
            return f'the key "{location}" is missing. Every key must be given; nothing is inherited.'
        case "value_error":
            where = "" if location == "(top)" else f'"{location}": '
            return where + str(item["msg"]).removeprefix("Value error, ") + "."
        case _:
            return f'"{location}": {item["msg"]} (found {_BRIEFLY.repr(item["input"])}).'


def _known_keys(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """Keys of the sub-model that `path` leads to."""
    current: Any = model
    for part in path:
        candidates = (
            _models_within(current.model_fields[part].annotation)
            if (isinstance(part, str) and part in current.model_fields)
            else []
        )
        if len(candidates) == 1:
            current = candidates[0]
    return sorted(current.model_fields)


def _models_within(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in getattr(annotation, "__args__", ()) for m in _models_within(argument)]
