# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may import whom, and what is pure. The picture is in docs/architecture.md; the rules are the tables below."""

from __future__ import annotations

import ast
import sys
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.cloudkeys.ibmcloud.plugins"

# What a room may import besides itself and Python's own library. The row of a file counts before that of its folder,
# and a file that has neither may not be there.
ROWS: dict[str, list[str]] = {
    "module_utils/_addresses.py": [],
    "module_utils/_arguments.py": [],
    "module_utils/_attributes.py": ["module_utils._trusted_place"],
    "module_utils/_blanks.py": ["ansible.module_utils"],
    "module_utils/_declared/": [
        *("module_utils._errors", "module_utils._iam", "module_utils._identities", "module_utils._private_file"),
        *("module_utils._reconcile", "module_utils._secrets", "module_utils._trusted_place"),
    ],
    "module_utils/_errors.py": [],
    "module_utils/_iam/": ["module_utils._addresses", "module_utils._errors", "module_utils._trusted_place"],
    "module_utils/_iam/connections.py": ["module_utils._iam", "requests", "urllib3"],
    "module_utils/_iam/wire.py": ["module_utils._iam", "requests", "urllib3"],
    "module_utils/_identities/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._reconcile"),
        "module_utils._secrets",
    ],
    "module_utils/_leaks/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._reconcile"),
        "module_utils._trusted_place",
    ],
    "module_utils/_module.py": [
        *("module_utils._blanks", "module_utils._iam", "module_utils._outcome", "module_utils._secret_arguments"),
        *("module_utils._secrets", "ansible.module_utils"),
    ],
    "module_utils/_outcome.py": ["module_utils._errors", "module_utils._secrets", "module_utils._shown"],
    "module_utils/_private_file.py": ["module_utils._attributes", "module_utils._trusted_place"],
    "module_utils/_reconcile/": ["module_utils._errors", "module_utils._iam"],
    "module_utils/_secret_arguments.py": ["module_utils._addresses", "ansible.module_utils"],
    "module_utils/_secrets.py": ["ansible.module_utils"],
    "module_utils/_shown.py": [],
    "module_utils/_tasks/": [
        *("module_utils._arguments", "module_utils._declared", "module_utils._errors", "module_utils._iam"),
        *("module_utils._identities", "module_utils._leaks", "module_utils._outcome", "module_utils._reconcile"),
        "module_utils._secrets",
    ],
    "module_utils/_trusted_place.py": [],
    "plugin_utils/_audit/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._identities"),
        *(
            "module_utils._private_file",
            "module_utils._reconcile",
            "module_utils._shown",
            "module_utils._trusted_place",
        ),
        *(
            "plugin_utils._metrics",
            "plugin_utils._git",
            "plugin_utils._out",
            "plugin_utils._public_file",
            "plugin_utils._rotation",
            "plugin_utils._vault_file",
            "yaml",
        ),
    ],
    "plugin_utils/_audit/page.py": ["module_utils._shown", "plugin_utils._audit", "jinja2"],
    "plugin_utils/_audit/page_rows.py": ["module_utils._shown", "plugin_utils._audit", "plugin_utils._rotation"],
    "plugin_utils/_careful_lookup.py": [
        *("module_utils._errors", "module_utils._outcome", "module_utils._secret_arguments", "module_utils._secrets"),
        *("ansible.errors", "ansible.plugins.lookup"),
    ],
    "plugin_utils/_checked.py": [
        *("module_utils._blanks", "module_utils._secret_arguments", "module_utils._secrets", "ansible.module_utils"),
    ],
    "plugin_utils/_collection_action.py": [
        *("module_utils._errors", "module_utils._outcome", "module_utils._secret_arguments", "module_utils._secrets"),
        *("plugin_utils._checked", "plugin_utils._gathered", "plugin_utils._hiding", "plugin_utils._paths"),
        *("module_utils._shown", "plugin_utils._terminal", "plugin_utils._vaulted"),
        *("ansible.errors", "ansible.plugins.action"),
    ],
    "plugin_utils/_doctor/": [
        *("module_utils._addresses", "module_utils._blanks"),
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._identities"),
        *("plugin_utils._audit", "plugin_utils._rotation", "plugin_utils._git", "plugin_utils._vault_file"),
        *("module_utils._reconcile", "plugin_utils._checked"),
    ],
    "plugin_utils/_folder_lock.py": [],
    "plugin_utils/_gathered.py": [],
    "plugin_utils/_git/": [
        *("module_utils._addresses", "module_utils._errors", "module_utils._private_file"),
        "module_utils._trusted_place",
    ],
    "plugin_utils/_hiding.py": [
        *("module_utils._outcome", "module_utils._secret_arguments", "module_utils._secrets"),
        *("plugin_utils._terminal", "ansible.release"),
    ],
    "plugin_utils/_import/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._leaks"),
        *("module_utils._private_file", "module_utils._secret_arguments", "module_utils._trusted_place"),
        *("plugin_utils._rotation", "plugin_utils._vault_file"),
    ],
    "plugin_utils/_in_process.py": [
        *("module_utils._iam", "module_utils._outcome", "ansible.constants", "ansible.module_utils"),
        *("plugin_utils._collection_action", "plugin_utils._turns"),
    ],
    # The doors: each knows its reader, and nobody else writes for that reader (test_doors.py).
    "plugin_utils/_out/": ["module_utils._shown"],
    "plugin_utils/_out/for_yaml.py": ["module_utils._shown", "yaml"],
    "plugin_utils/_leaks/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._leaks"),
        *("module_utils._private_file", "module_utils._reconcile", "module_utils._trusted_place"),
        *("plugin_utils._git", "plugin_utils._out"),
    ],
    "plugin_utils/_metrics/": [
        *("module_utils._errors", "module_utils._private_file", "module_utils._shown", "module_utils._trusted_place"),
        "plugin_utils._public_file",
    ],
    "plugin_utils/_paths.py": [],
    "plugin_utils/_public_file.py": [
        *("module_utils._errors", "module_utils._private_file", "module_utils._trusted_place"),
        "plugin_utils._folder_lock",
    ],
    "plugin_utils/_rekey/": [
        *("module_utils._private_file", "module_utils._shown", "plugin_utils._git", "plugin_utils._out"),
        "plugin_utils._vault_file",
    ],
    "plugin_utils/_rotation/": [
        *("module_utils._arguments", "module_utils._blanks", "module_utils._errors", "module_utils._iam"),
        *("module_utils._identities", "module_utils._leaks", "module_utils._private_file", "module_utils._reconcile"),
        *("module_utils._secret_arguments", "module_utils._secrets", "module_utils._shown"),
        *("module_utils._trusted_place", "plugin_utils._checked", "plugin_utils._git"),
        *("plugin_utils._metrics", "plugin_utils._out"),
        "plugin_utils._vault_file",
    ],
    # Ansible's own output beside results.
    "plugin_utils/_terminal.py": ["module_utils._secrets", "module_utils._shown", "ansible.utils.display"],
    "plugin_utils/_vault_file/": [
        *("module_utils._errors", "module_utils._private_file", "module_utils._trusted_place"),
        *("plugin_utils._folder_lock", "plugin_utils._out", "yaml"),
    ],
    "plugin_utils/_turns.py": ["plugin_utils._checked"],
    "plugin_utils/_vaulted.py": ["ansible.parsing"],
    "plugin_utils/_vault_file/ansible_reading.py": ["plugin_utils._vault_file", "ansible"],
    "plugin_utils/_vault_file/cipher.py": ["plugin_utils._vault_file", "ansible"],
    "modules/": ["module_utils._module", "module_utils._tasks"],
    "action/": [
        *("module_utils._arguments", "module_utils._errors", "module_utils._iam", "module_utils._identities"),
        "module_utils._outcome",
        *("module_utils._secret_arguments", "module_utils._secrets"),
        *("module_utils._tasks", "plugin_utils"),
    ],
    "lookup/": [
        *("module_utils._arguments", "module_utils._blanks", "module_utils._shown"),
        *("module_utils._iam", "module_utils._outcome", "module_utils._secrets"),
        *(
            "module_utils._tasks",
            "plugin_utils._careful_lookup",
            "plugin_utils._checked",
            "plugin_utils._paths",
            "plugin_utils._rotation",
            "plugin_utils._terminal",
            "plugin_utils._vault_file",
        ),
        *("ansible.errors", "ansible.plugins.lookup"),
    ],
    "doc_fragments/": [],
}

# What decides and touches nothing: it is told the time, and what was read.
PURE = [
    "module_utils/_addresses.py",
    "module_utils/_iam/advice.py",
    "module_utils/_iam/answers.py",
    "module_utils/_iam/endpoint.py",
    "module_utils/_iam/errors.py",
    "module_utils/_iam/iam_ids.py",
    "module_utils/_iam/concurrency.py",
    "module_utils/_iam/pace.py",
    "module_utils/_iam/retry.py",
    "module_utils/_iam/sent_texts.py",
    "module_utils/_leaks/pasted.py",
    "module_utils/_leaks/unwrapped.py",
    "module_utils/_reconcile/marker.py",
    "module_utils/_reconcile/match.py",
    "module_utils/_reconcile/newest.py",
    "module_utils/_reconcile/plan.py",
    "module_utils/_reconcile/purge_plan.py",
    "module_utils/_reconcile/rotated_keys.py",
    "module_utils/_reconcile/service_id_plan.py",
    "module_utils/_reconcile/key_wish.py",
    "module_utils/_shown.py",
    "plugin_utils/_audit/as_markdown.py",
    "plugin_utils/_audit/as_metrics.py",
    "plugin_utils/_audit/audit.py",
    "plugin_utils/_audit/charts.py",
    "plugin_utils/_audit/controls.py",
    "plugin_utils/_audit/document.py",
    "plugin_utils/_audit/facts.py",
    "plugin_utils/_audit/page_rows.py",
    "plugin_utils/_audit/planned_weeks.py",
    "plugin_utils/_audit/rules.py",
    "plugin_utils/_audit/shape.py",
    "plugin_utils/_audit/summary.py",
    "plugin_utils/_audit/trend.py",
    "plugin_utils/_out/for_readers.py",
    "plugin_utils/_out/for_yaml.py",
    "plugin_utils/_import/slots_to_be.py",
    "plugin_utils/_import/verdict.py",
    "plugin_utils/_leaks/incident.py",
    "plugin_utils/_leaks/merged.py",
    "plugin_utils/_metrics/merged.py",
    "plugin_utils/_metrics/series.py",
    "plugin_utils/_rekey/content.py",
    "plugin_utils/_rekey/order.py",
    "plugin_utils/_rekey/result.py",
    "plugin_utils/_rekey/spans.py",
    "plugin_utils/_rekey/tip_files.py",
    "plugin_utils/_rotation/foresee.py",
    "plugin_utils/_rotation/happenings.py",
    "plugin_utils/_rotation/history.py",
    "plugin_utils/_rotation/history_shown.py",
    "plugin_utils/_rotation/metrics.py",
    "plugin_utils/_rotation/outcome.py",
    "plugin_utils/_rotation/plan.py",
    "plugin_utils/_rotation/plan_only_leaked.py",
    "plugin_utils/_rotation/plan_orders.py",
    "plugin_utils/_rotation/plan_retiring.py",
    "plugin_utils/_rotation/planned_slot.py",
    "plugin_utils/_rotation/policy.py",
    "plugin_utils/_rotation/record.py",
    "plugin_utils/_rotation/record_changes.py",
    "plugin_utils/_rotation/report.py",
    "plugin_utils/_rotation/rotation_result.py",
    "plugin_utils/_rotation/slot.py",
    # It names the acts, and leaves calling them to the course of a slot.
    "plugin_utils/_rotation/step_table.py",
    "plugin_utils/_rotation/suggested.py",
    "plugin_utils/_rotation/view.py",
    "plugin_utils/_rotation/year_lines.py",
    "plugin_utils/_rotation/year_plan.py",
    "plugin_utils/_rotation/year_result.py",
    "plugin_utils/_vault_file/document.py",
    "plugin_utils/_vault_file/proof.py",
    "plugin_utils/_vault_file/splice.py",
]
# The modules of Python by which one touches something, and calls that need none.
EFFECTS = [
    *("ansible", "concurrent", "fcntl", "importlib", "io", "logging", "multiprocessing", "os", "pathlib", "random"),
    *("requests", "secrets", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time"),
    *("urllib3", "uuid"),
]
CALLS = {"__import__", "eval", "exec", "input", "open", "print"}
CLOCKS = {"now", "today", "utcnow"}


def violations(path: str, source: str) -> list[str]:
    """Say what the file `path` (below plugins/) imports, or does, although it may not."""
    room = room_of(path)
    if room is None:
        return [f"{path} is in no room that has a row"]
    imported = [name for name in imports(path, source) if name.split(".")[0] not in sys.stdlib_module_names]
    own = room.removesuffix(".py").strip("/").replace("/", ".")
    wrong = [f"imports {name}" for name in imported if not is_in(name, [own, *ROWS[room]])]
    if path in PURE:
        wrong += [f"imports {name}" for name in imports(path, source) if is_in(name, EFFECTS)]
        wrong += [f"calls {name}" for name in effects_called(source)]
    return [f"{path} {what}" for what in dict.fromkeys(wrong)]


def room_of(path: str) -> str | None:
    """The row that counts for a file: its own, or that of its folder."""
    folder = "/".join(path.split("/")[:-1]) + "/"
    return next((room for room in (path, folder) if room in ROWS), None)


def effects_called(source: str) -> t.Iterator[str]:
    """Calls that open, print or ask the clock."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield ast.unparse(node.func)


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


@pytest.mark.parametrize("path", [*ROWS, *PURE])
def test_a_rule_is_about_something_that_exists(path: str) -> None:
    assert (PLUGINS / path).exists()


def test_a_room_has_no_leave_that_it_does_not_use() -> None:
    imported: dict[str | None, list[str]] = {}
    for path, source in python_files(PLUGINS).items():
        imported.setdefault(room_of(path), []).extend(imports(path, source))

    unused = {(room, each) for room, row in ROWS.items() for each in row if not any_in(imported[room], each)}
    assert unused == set()


def any_in(names: t.Iterable[str], package: str) -> bool:
    return any(is_in(name, [package]) for name in names)


def test_the_only_room_with_ansible_s_vault_is_the_cipher_and_one_tells_what_came_out_of_it() -> None:
    importing = {
        path
        for path, source in python_files(PLUGINS).items()
        if any(is_in(name, ["ansible.parsing.vault"]) for name in imports(path, source))
    }

    assert importing == {"plugin_utils/_vault_file/cipher.py", "plugin_utils/_vaulted.py"}


def test_a_search_that_finds_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        python_files(tmp_path)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("modules/iam_api_key.py", f"from {OURS}.plugin_utils._vault_file import storage"),
        ("modules/iam_api_key.py", "from ansible.errors import AnsibleError"),
        ("modules/iam_api_key.py", f"from {OURS}.module_utils._iam.client import connect"),
        ("modules/iam_api_key.py", "import requests"),
        ("module_utils/_tasks/iam_api_key.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_tasks/iam_api_key.py", f"import {OURS}.plugin_utils._rotation.plan"),
        ("module_utils/_declared/declared_keys.py", f"from {OURS}.module_utils._tasks import iam_api_key"),
        ("module_utils/_identities/owner.py", f"from {OURS}.module_utils._declared import key_file"),
        ("module_utils/_outcome.py", f"from {OURS}.module_utils._iam.errors import IamError"),
        ("module_utils/_reconcile/run.py", "from ansible.module_utils.common.text.converters import to_text"),
        ("module_utils/_reconcile/run.py", f"from {OURS}.module_utils import _secrets"),
        ("module_utils/_reconcile/run.py", "from .. import _secrets"),
        ("module_utils/_reconcile/plan.py", "import os"),
        ("module_utils/_reconcile/plan.py", "import time"),
        ("module_utils/_reconcile/plan.py", "from datetime import datetime\nstart = datetime.now()"),
        ("module_utils/_reconcile/match.py", "def f():\n    return open('file').read()"),
        ("module_utils/_arguments.py", f"from {OURS}.module_utils._iam.errors import IamError"),
        ("module_utils/_iam/retry.py", "import requests"),
        ("module_utils/_iam/transport.py", "import requests"),
        ("module_utils/_iam/pages.py", "from ansible.module_utils.urls import open_url"),
        ("module_utils/_iam/pages.py", f"from {OURS}.module_utils._reconcile.plan import Change"),
        ("module_utils/_secrets.py", f"from {OURS}.plugin_utils._vault_file import cipher"),
        ("plugin_utils/_rotation/plan.py", "def f():\n    from os import environ"),
        ("plugin_utils/_rotation/slot.py", "from ansible.errors import AnsibleError"),
        ("plugin_utils/_vault_file/storage.py", "from ansible.parsing.vault import VaultLib"),
        ("plugin_utils/_vault_file/storage.py", f"from {OURS}.plugin_utils._rotation.slot import Slot"),
        ("plugin_utils/_rotation/view.py", "from time import monotonic"),
        ("plugin_utils/_rotation/foresee.py", "def f():\n    print('the way')"),
        ("plugin_utils/_rotation/step_table.py", "from datetime import datetime\nstart = datetime.now()"),
        ("plugin_utils/_rotation/rotation_result.py", "import os"),
        ("plugin_utils/_rotation/slot.py", "import datetime\ntoday = datetime.date.today()"),
        ("plugin_utils/_rotation/acts.py", "import requests"),
        ("plugin_utils/_rotation/engine.py", "from ansible.utils.display import Display"),
        ("plugin_utils/_rotation/step_table.py", f"from {OURS}.plugin_utils._audit.rules import ALL_RULES"),
        ("plugin_utils/_audit/audit.py", f"from {OURS}.plugin_utils._doctor import checks"),
        ("plugin_utils/_audit/as_markdown.py", "import jinja2"),
        ("plugin_utils/_hiding.py", "from ansible.errors import AnsibleError"),
        ("plugin_utils/_git/repository.py", f"from {OURS}.plugin_utils._rotation.slot import Slot"),
        ("plugin_utils/_git/program.py", "from ansible.errors import AnsibleError"),
        ("action/ansible_vault_vars.py", "from ansible.parsing import vault"),
        ("action/ansible_vault_vars.py", f"from {OURS}.modules.iam_api_key import main"),
        ("doc_fragments/connection.py", f"from {OURS}.module_utils._arguments import CONNECTION"),
        ("action/iam_doctor.py", "import requests"),
        ("action/iam_doctor.py", "from ansible.utils.display import Display"),
        ("plugin_utils/_out/for_yaml.py", f"from {OURS}.plugin_utils._vault_file import nodes"),
        ("somewhere_else/file.py", ""),
        ("module_utils/_new_room/file.py", ""),
        ("module_utils/_iam/deeper/file.py", ""),
        ("plugin_utils/_new_file.py", ""),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("modules/iam_api_key.py", f"from {OURS}.module_utils._tasks import iam_api_key"),
        ("module_utils/_module.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_iam/wire.py", "import requests\nfrom urllib3.exceptions import HTTPError"),
        ("module_utils/_reconcile/run.py", "from .._iam.errors import IamError"),
        ("plugin_utils/_rotation/plan.py", "from datetime import datetime\nfrom . import slot"),
        ("plugin_utils/_vault_file/cipher.py", "from ansible.parsing.vault import VaultLib"),
        ("plugin_utils/_terminal.py", "from ansible.utils.display import Display"),
    ],
)
def test_what_a_layer_is_for_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []
