# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may import whom. The picture is in docs/architecture.md; the rules are the tables below."""

from __future__ import annotations

import ast
import sys
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.cloudkeys.ibmcloud.plugins"

# What a file may import besides Python's own library. The first line that fits a path counts.
MAY_IMPORT = {
    "module_utils/_iam/transport.py": ["module_utils._iam", "requests", "urllib3"],
    "module_utils/_iam/": ["module_utils._iam"],
    "module_utils/_reconcile/": ["module_utils._reconcile", "module_utils._iam"],
    "module_utils/_tasks/": [
        "module_utils._tasks",
        "module_utils._reconcile",
        "module_utils._iam",
        "module_utils._arguments",
        "module_utils._secrets",
    ],
    "module_utils/": ["module_utils", "ansible.module_utils"],
    "modules/": ["module_utils", "ansible.module_utils"],
    "plugin_utils/_vault_file/": ["plugin_utils._vault_file", "module_utils", "ansible", "yaml"],
    "plugin_utils/_audit/page.py": ["plugin_utils._audit", "jinja2"],
    "plugin_utils/_git/": ["plugin_utils._git", "plugin_utils._vault_file.errors"],
    "plugin_utils/": ["plugin_utils", "module_utils", "ansible", "yaml"],
    "action/": ["plugin_utils", "module_utils", "ansible"],
    "lookup/": ["plugin_utils", "module_utils", "ansible"],
    "doc_fragments/": [],
}

# The one file that may import a thing.
ONLY = {"ansible.parsing.vault": "plugin_utils/_vault_file/cipher.py"}

# Files that decide and touch nothing, and what would let them touch something.
PURE = [
    "module_utils/_reconcile/match.py",
    "module_utils/_reconcile/plan.py",
    "plugin_utils/_audit/audit.py",
    "plugin_utils/_audit/charts.py",
    "plugin_utils/_audit/facts.py",
    "plugin_utils/_audit/rules.py",
    "plugin_utils/_rotation/plan.py",
    "plugin_utils/_rotation/record_changes.py",
    "plugin_utils/_rotation/slot.py",
]
EFFECTS = ["ansible", "io", "os", "pathlib", "random", "requests", "secrets", "socket", "subprocess", "time"]


def violations(path: str, source: str) -> list[str]:
    """Say what the file `path` (below plugins/) imports although it may not."""
    imported = [name for name in imports(path, source) if name.split(".")[0] not in sys.stdlib_module_names]
    allowed = next((names for prefix, names in MAY_IMPORT.items() if path.startswith(prefix)), [])
    wrong = [name for name in imported if not is_in(name, allowed)]
    wrong += [name for name in imported for thing, home in ONLY.items() if path != home and is_in(name, [thing])]
    if path in PURE:
        wrong += [name for name in imports(path, source) if is_in(name, EFFECTS)]
    return [f"{path} imports {name}" for name in dict.fromkeys(wrong)]


def imports(path: str, source: str) -> t.Iterator[str]:
    """The dotted name of everything that is imported, our own names without what they all begin with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(f"{OURS}.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = ".".join([*OURS.split("."), *path.split("/")][: -node.level]) if node.level else ""
            package = ".".join(filter(None, [folder, node.module]))
            yield from (f"{package}.{alias.name}".removeprefix(f"{OURS}.") for alias in node.names)


def is_in(name: str, packages: t.Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def python_files(folder: Path) -> dict[str, str]:
    """The source of every plugin by its path; no file at all is a mistake of the caller."""
    files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    if not files:
        raise FileNotFoundError(f"no Python below {folder}")
    return files


def test_every_plugin_imports_only_what_its_layer_may() -> None:
    wrong = [line for path, source in python_files(PLUGINS).items() for line in violations(path, source)]

    assert wrong == []


@pytest.mark.parametrize("path", [*ONLY.values(), *PURE])
def test_the_rules_for_single_files_are_about_files_that_exist(path: str) -> None:
    assert (PLUGINS / path).exists() or not any((PLUGINS / path).parent.glob("*.py"))


def test_a_search_that_finds_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        python_files(tmp_path)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("modules/iam_api_key.py", f"from {OURS}.plugin_utils._vault_file import storage"),
        ("modules/iam_api_key.py", "from ansible.errors import AnsibleError"),
        ("modules/iam_api_key.py", "import requests"),
        ("module_utils/_tasks/iam_api_key.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_tasks/iam_api_key.py", f"import {OURS}.plugin_utils._rotation.plan"),
        ("module_utils/_reconcile/run.py", "from ansible.module_utils.common.text.converters import to_text"),
        ("module_utils/_reconcile/run.py", f"from {OURS}.module_utils import _secrets"),
        ("module_utils/_reconcile/run.py", "from .. import _secrets"),
        ("module_utils/_reconcile/plan.py", "import os"),
        ("module_utils/_iam/retry.py", "import requests"),
        ("module_utils/_iam/pages.py", "from ansible.module_utils.urls import open_url"),
        ("module_utils/_iam/pages.py", f"from {OURS}.module_utils._reconcile.plan import Change"),
        ("module_utils/_secrets.py", f"from {OURS}.plugin_utils._vault_file import cipher"),
        ("plugin_utils/_rotation/plan.py", "def f():\n    from os import environ"),
        ("plugin_utils/_rotation/slot.py", "from ansible.errors import AnsibleError"),
        ("plugin_utils/_vault_file/storage.py", "from ansible.parsing.vault import VaultLib"),
        ("plugin_utils/_vault_file/storage.py", f"from {OURS}.plugin_utils._rotation.slot import Slot"),
        ("plugin_utils/_rotation/steps.py", "import requests"),
        ("plugin_utils/_git/repository.py", f"from {OURS}.plugin_utils._rotation.slot import Slot"),
        ("plugin_utils/_git/program.py", "from ansible.errors import AnsibleError"),
        ("action/ansible_vault_vars.py", "from ansible.parsing import vault"),
        ("action/ansible_vault_vars.py", f"from {OURS}.modules.iam_api_key import main"),
        ("doc_fragments/connection.py", f"from {OURS}.module_utils._arguments import CONNECTION"),
        ("somewhere_else/file.py", "import ansible"),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("modules/iam_api_key.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("modules/iam_api_key.py", f"from {OURS}.module_utils._tasks import iam_api_key"),
        ("module_utils/_iam/transport.py", "import requests\nfrom urllib3.util.retry import Retry"),
        ("module_utils/_reconcile/run.py", "from .._iam.errors import IamError"),
        ("plugin_utils/_rotation/plan.py", "from datetime import datetime\nfrom . import slot"),
        ("plugin_utils/_vault_file/cipher.py", "from ansible.parsing.vault import VaultLib"),
        ("action/ansible_vault_vars.py", "from ansible.plugins.action import ActionBase"),
    ],
)
def test_what_a_layer_is_for_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []
