"""The digest of a step covers its script, the modules it reaches and the libraries among them, and nothing else."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

from immrecon import provenance
from immrecon.provenance import code_digest, import_closure, imports

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = sorted(path.stem for path in (REPOSITORY / "scripts").glob("*.py"))
DISPLAYS = {name for name in STEPS if name.startswith(("draw_", "render_"))}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    shutil.copytree(
        REPOSITORY / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    return tmp_path / "scripts"


def digests(scripts: Path) -> dict[str, str]:
    for known in (provenance.imports, provenance._module_files, provenance._files, provenance._file_digest):
        known.cache_clear()
    return {step: code_digest(step, scripts) for step in STEPS}


def changed(scripts: Path, before: dict[str, str]) -> set[str]:
    return {step for step, digest in digests(scripts).items() if digest != before[step]}


def append(path: Path) -> None:
    path.write_text(path.read_text() + "\n# edited\n")


def test_style_edit_concerns_drawing_only(scripts):
    before = digests(scripts)
    append(scripts / "immrecon" / "figures" / "style.py")
    assert changed(scripts, before) == {step for step in STEPS if step.startswith("draw_")}


def test_template_edit_concerns_the_report_only(scripts):
    before = digests(scripts)
    for template in (scripts / "immrecon" / "report" / "templates").iterdir():
        append(template)
    assert changed(scripts, before) == {"render_report"}


def test_statistics_edit_concerns_the_steps_that_reach_it(scripts):
    before = digests(scripts)
    append(scripts / "immrecon" / "stats" / "survival.py")
    survival = {
        "estimate_contrasts", "estimate_external_control", "estimate_reconstitution_outcome", "estimate_trajectory",
        "estimate_tte",
    }  # fmt: skip
    assert changed(scripts, before) == survival


def test_a_module_imported_inside_a_function_counts(scripts):
    (scripts / "immrecon" / "lazy.py").write_text("X = 1\n")
    path = scripts / "immrecon" / "derive" / "adae.py"
    path.write_text(path.read_text() + "\n\ndef _f() -> None:\n    from immrecon import lazy  # noqa\n")
    before = digests(scripts)
    append(scripts / "immrecon" / "lazy.py")
    assert changed(scripts, before) == {"derive_adae"}


def test_contract_edit_concerns_every_step_that_reads_or_writes_tables(scripts):
    before = digests(scripts)
    append(scripts / "immrecon" / "contracts" / "io.py")
    assert changed(scripts, before) == set(STEPS)


def test_a_new_library_version_concerns_every_step_that_uses_it(scripts, monkeypatch):
    before = digests(scripts)
    versions = {"polars": "99.0", "matplotlib": "99.0"}
    real = provenance._version
    drawing = {step for step in STEPS if step.startswith("draw_")}  # the report takes its letters from the same font
    for library, expected in (("polars", set(STEPS)), ("matplotlib", drawing | {"render_report"})):
        monkeypatch.setattr(
            provenance, "_version", lambda name, library=library: versions[library] if name == library else real(name)
        )
        assert changed(scripts, before) == expected


def test_closure_names_third_party_packages_and_no_module_of_the_standard_library():
    sources, libraries = import_closure(REPOSITORY / "scripts" / "estimate_contrasts.py", REPOSITORY / "scripts")
    assert {"polars", "numpy", "lifelines", "dataframely", "pydantic"} <= set(libraries)
    assert not {"pathlib", "typing", "immrecon"} & set(libraries)
    assert REPOSITORY / "scripts" / "immrecon" / "stats" / "survival.py" in sources
    assert REPOSITORY / "scripts" / "immrecon" / "figures" / "style.py" not in sources


def named_in_the_tree(path: Path) -> set[str]:
    """Everything a module imports or may import, as its syntax tree has it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_imports_read_by_line_are_those_of_the_syntax_tree():
    scripts = REPOSITORY / "scripts"
    for path in sorted(scripts.rglob("*.py")):
        names = named_in_the_tree(path)
        own = [name.split(".") for name in names if name.startswith("immrecon")]
        modules = {"/".join(name[:n]) for name in own for n in range(1, len(name) + 1)}
        files = {
            file.relative_to(scripts).as_posix()
            for module in modules
            for file in (
                scripts / f"{module}.py",
                scripts / module / "__init__.py",
                *(scripts / module).glob("templates/*"),
            )
            if file.is_file()
        }
        tops = {name.split(".")[0] for name in names} - {"immrecon"} - sys.stdlib_module_names
        assert imports(path, scripts) == (files, tops), path


def test_words_of_a_docstring_or_a_comment_are_no_imports(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        '"""Text.\n\nimport nothing\nfrom nowhere import \\""" nobody\n"""\n'
        "from polars import (  # import not_this\n    col,  # and, not, these\n    lit as one,\n)\n"
        "def f():\n    import numpy as np, scipy.stats  # lazily\n"
    )
    assert imports(path, tmp_path) == (frozenset(), {"polars", "numpy", "scipy"})
