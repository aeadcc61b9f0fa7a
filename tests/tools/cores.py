# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which releases of ansible-core there are, and which Pythons on this machine they run on."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible_test import environment
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tree import CHECKOUT

# A trove classifier names a Python that the authors of ansible-core test; Requires-Python has no upper end.
TESTED = re.compile(r"Programming Language :: Python :: (3\.\d+)")
CANNOT_BE_FOUND = "No matching distribution found"


@dataclass(frozen=True)
class Release:
    """The newest release of one line of ansible-core, and the Pythons that it is made for."""

    core: str
    version: str
    pythons: tuple[str, ...]

    @property
    def is_prerelease(self) -> bool:
        """Whether this is an alpha, a beta or a release candidate."""
        return Version(self.version).is_prerelease


def supported_cores() -> list[str]:
    """Every line of ansible-core from the one in meta/runtime.yml up to the newest in the package index."""
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    oldest = re.search(r">=\s*2\.(\d+)", runtime["requires_ansible"])
    lines = (f"2.{minor}" for minor in itertools.count(int(oldest[1]) if oldest else 0))
    return list(itertools.takewhile(lambda core: newest_release(core) is not None, lines))


def newest_release(core: str) -> Release | None:
    """Ask the package index; a pre-release counts when there is nothing else."""
    asked = ["--dry-run", "--ignore-installed", "--ignore-requires-python", "--no-deps", "--quiet", "--report", "-"]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *asked, f"ansible-core=={core}.*"]
    for also in ([], ["--pre"]):
        done = subprocess.run([*command, *also], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return release_of(core, json.loads(done.stdout)["install"][0]["metadata"])
        if CANNOT_BE_FOUND not in done.stderr or "connection" in done.stderr.lower():
            raise SystemExit(f"The package index does not answer:\n{done.stderr}")
    return None


def release_of(core: str, metadata: dict[str, t.Any]) -> Release:
    """Read the metadata of a wheel."""
    tested = [match[1] for classifier in metadata.get("classifier", []) if (match := TESTED.fullmatch(classifier))]
    allowed = SpecifierSet(metadata.get("requires_python", ""))
    return Release(core, metadata["version"], tuple(python for python in tested if allowed.contains(f"{python}.99")))


def newest_python(release: Release, pythons: t.Iterable[str]) -> str | None:
    """The newest of these Pythons that the release is made for."""
    return max(set(release.pythons) & set(pythons), key=Version, default=None)


def find_pythons() -> dict[str, Path]:
    """The Pythons that can make an environment: those on PATH and those of pyenv, real ones only."""
    found: dict[str, Path] = {}
    for folder in environment()["PATH"].split(os.pathsep):
        for path in sorted(Path(folder).glob("python3.*")):
            name = path.name.removeprefix("python")
            if re.fullmatch(r"3\.\d+", name) and name not in found and (base := _base_of(path)):
                found[name] = base
    return dict(sorted(found.items(), key=lambda pair: Version(pair[0])))


def _base_of(python: Path) -> Path | None:
    """The interpreter behind an environment's Python; None for one that does not start or cannot make environments."""
    ask = "import ensurepip, sys, venv; print(sys._base_executable)"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None
