"""Scripts are thin: they read typed, call once, write typed; rule, script, call and log share one stem."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((REPOSITORY / "scripts").glob("*.py"))
RULES = {
    name: body
    for path in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
    for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", path.read_text(), re.M | re.S)
}
FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.If, ast.IfExp, ast.For, ast.While, ast.Try,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_thin(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        assert not isinstance(node, FORBIDDEN), f"line {node.lineno}: {type(node).__name__} in a script"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, int | float), f"line {node.lineno}: a number in a script"
    body = [node for node in tree.body if isinstance(node, ast.With)]
    assert len(body) == 1, "one `with job(snakemake)`"
    assert len(path.read_text().splitlines()) <= 32


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_calls_the_library_function_of_its_stem(path):
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    exceptions = {"render_tables": "build_tables", "write_manifest": "manifest"}
    assert exceptions.get(path.stem, path.stem) in names | {f"{name}s" for name in names} | {
        name.removesuffix("s") for name in names
    }


def test_one_rule_per_script_and_one_script_per_rule():
    assert {path.stem for path in SCRIPTS} == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_has_script_log_and_digest_of_its_stem(name):
    body = RULES[name]
    assert f'"../../scripts/{name}.py"' in body
    assert f'LAYOUT.log("{name}")' in body
    assert f'code=code_digest("{name}")' in body


def test_no_conda_and_no_configfile_statement():
    for path in [REPOSITORY / "workflow" / "Snakefile", *(REPOSITORY / "workflow" / "rules").glob("*.smk")]:
        text = path.read_text()
        assert not re.search(r"^\s*(conda|configfile|run|shell):", text, re.M), path


def test_only_jobs_knows_the_snakemake_object():
    for path in (REPOSITORY / "scripts" / "immrecon").rglob("*.py"):
        if path.name == "jobs.py":
            continue
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert "snakemake" not in names, path
