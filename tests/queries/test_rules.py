"""Every kind of query has its words."""

import ast
from pathlib import Path

import pytest

from immrecon.queries.rules import RULES, rule_of
from immrecon.vocabulary import Privacy

INGEST = Path(__file__).resolve().parents[2] / "scripts" / "immrecon" / "ingest"


def kinds_in_code() -> set[str]:
    """What is given as `kind=`, as the kind of a Finding, or as QUKIND of a listed row."""
    found: set[ast.expr] = set()
    for path in INGEST.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found |= {word.value for word in node.keywords if word.arg == "kind"}
                if isinstance(node.func, ast.Name) and node.func.id in ("Finding", "of_date") and node.args:
                    found.add(node.args[0])
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "QUKIND"}
    return {node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_kind_in_the_code_has_words():
    """Kinds that are put together otherwise are caught when a test makes them (see `conftest.py`)."""
    kinds = kinds_in_code()
    assert len(kinds) > 40
    assert sorted(kinds - RULES.keys()) == []


@pytest.mark.parametrize("kind", sorted(RULES))
def test_words_are_sentences(kind):
    rule = RULES[kind]
    assert rule.name[0].isupper()
    assert not rule.name.endswith(".")
    for sentence in (rule.expected, rule.done):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_names_are_told_apart_except_for_one_rule_in_two_places():
    names = [rule.name for rule in RULES.values()]
    assert {name for name in names if names.count(name) > 1} == {"Row of another length", "Participant not named"}


def test_an_unknown_kind_gets_words_and_shows_nothing():
    rule = rule_of("never_heard_of", "error")
    assert (rule.name, rule.done, rule.private) == ("Never heard of", "Not used.", Privacy.ALL)
    assert rule_of("never_heard_of", "note").done == "Used as it is."
