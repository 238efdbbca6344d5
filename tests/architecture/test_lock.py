"""pyproject.toml, requirements.lock and environment.yml say the same, with hashes, no address and no pre-release."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = (REPOSITORY / "requirements.lock").read_text()
PINS = re.findall(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ; ([^\\]+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.M
)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pyproject() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_every_pin_has_hashes_and_nothing_else_stands_in_the_lock():
    assert len(PINS) > 60
    left = LOCK
    for name, version, marker, hashes in PINS:
        left = left.replace(f"{name}=={version}{f' ; {marker}' if marker else ''} \\\n{hashes}", "")
    left = re.sub(r"^ +# via.*\n|^ +#   .*\n", "", left, flags=re.M)
    assert left.strip() == ""
    assert "://" not in LOCK


def test_no_prerelease():
    assert not [f"{name}=={version}" for name, version, *_ in PINS if Version(version).is_prerelease]


def test_every_requirement_is_pinned_within_its_range():
    project = pyproject()
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    pinned: dict[str, list[str]] = {}
    for name, version, *_ in PINS:
        pinned.setdefault(normal(name), []).append(version)
    for line in wanted:
        requirement = Requirement(line)
        assert normal(requirement.name) in pinned, line
        for version in pinned[normal(requirement.name)]:
            assert requirement.specifier.contains(version), f"{line} but the lock has {version}"


def test_lock_covers_the_supported_python_versions():
    assert pyproject()["project"]["requires-python"] == ">=3.11,<3.14"
    for python in ("3.11.7", "3.12.1", "3.13.0"):
        for package in ("numpy", "scipy"):
            matching = [
                version for name, version, marker, _ in PINS
                if name == package and (not marker or Requirement(f"x ; {marker}").marker.evaluate({"python_full_version": python}))
            ]  # fmt: skip
            assert len(matching) == 1, (python, package, matching)


def test_conda_environment_is_python_pip_and_the_lock():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    python, pip, from_pip = environment["dependencies"]
    assert re.fullmatch(r"python=3\.1[123]", python)
    assert pip == "pip"
    assert from_pip == {"pip": ["--require-hashes -r requirements.lock"]}
