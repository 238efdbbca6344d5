"""Nothing is inferred at run time: no step of the pipeline reaches the code that proposes dialects."""

import ast
from pathlib import Path

import pytest

from immrecon.provenance import import_closure

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROPOSE = SCRIPTS / "immrecon" / "ingest" / "propose"


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_no_step_reaches_the_proposals(script: Path) -> None:
    sources, _ = import_closure(script, SCRIPTS)
    assert len(sources) > 3
    assert not [path for path in sources if path.is_relative_to(PROPOSE)]


def test_only_the_command_line_imports_them() -> None:
    importing = set()
    for path in (SCRIPTS / "immrecon").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.startswith("immrecon.ingest.propose") for name in names) and not path.is_relative_to(PROPOSE):
                importing.add(path.relative_to(SCRIPTS).as_posix())
    assert importing == {"immrecon/cli.py"}
