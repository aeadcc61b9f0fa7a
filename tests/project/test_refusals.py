# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every place that lets a task fail is known, with what keeps its words free of secrets; tests/leaks tries them.

An error that the work raises needs no row: `outcome` scrubs it, and the leak lab has the work quote all it was given.
"""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

BY_OUTCOME = "it is the result of the work, which outcome() scrubs"
BY_THE_ACTION = "CollectionAction.run protects before it, and scrubs and hides after it"
BY_THE_LOOKUP = "the options of the lookup are protected before it"
FAILING = {
    "action/ansible_vault_vars.py:do_work": BY_OUTCOME,
    "action/iam_api_key_import.py:do_work": BY_OUTCOME,
    "lookup/iam_token.py:_token": BY_THE_LOOKUP,
    "lookup/iam_token.py:run": BY_THE_LOOKUP,
    "module_utils/_module.py:_run": BY_OUTCOME,
    "module_utils/_module.py:fail_json": "it scrubs what Ansible's own check quotes",
    "module_utils/_module.py:run_module": BY_OUTCOME,
    "module_utils/_outcome.py:failure_of": "it is what scrubs",
    "module_utils/_outcome.py:refused": "it is what scrubs",
    "module_utils/_tasks/iam_api_key_bulk.py:_of_one": BY_OUTCOME,
    "module_utils/_tasks/iam_api_key_bulk.py:_result": BY_OUTCOME,
    "plugin_utils/_audit/audit_task.py:run_audit": BY_OUTCOME,
    "plugin_utils/_careful_lookup.py:run": "what looks like a secret in the options is concealed",
    "plugin_utils/_collection_action.py:_refused_or_done_elsewhere": BY_THE_ACTION,
    "plugin_utils/_doctor/doctor_task.py:_result": BY_OUTCOME,
    "plugin_utils/_import/import_result.py:result_of": BY_OUTCOME,
    "plugin_utils/_leaks/report_task.py:_whose": BY_OUTCOME,
    "plugin_utils/_leaks/report_task.py:report": BY_OUTCOME,
    "plugin_utils/_metrics/metrics_file.py:around": BY_OUTCOME,
    "plugin_utils/_rekey/result.py:result_of": BY_OUTCOME,
    "plugin_utils/_rotation/report.py:summary_of": "it counts the slots that failed",
    "plugin_utils/_rotation/rotation_result.py:result_of": BY_OUTCOME,
    "plugin_utils/_rotation/rotation_task.py:_with_problems": BY_OUTCOME,
}
ENDS = {"failed", "unreachable", "skipped"}


def lets_fail(node: ast.AST) -> bool:
    """Whether this makes a failed result, or hands an error to Ansible itself."""
    if isinstance(node, ast.Dict):
        return any(isinstance(name, ast.Constant) and name.value in ENDS for name in node.keys)
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        is_told = any(word.arg in ENDS for word in node.keywords)
        return called == "fail_json" or is_told or (called.startswith("Ansible") and called.endswith("Error"))
    return False


def functions_that_let_fail(source: str) -> t.Iterator[str]:
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and any(map(lets_fail, ast.walk(function))):
            yield function.name


def test_every_place_that_lets_a_task_fail_is_known() -> None:
    found = {
        f"{path.relative_to(PLUGINS).as_posix()}:{name}"
        for path in PLUGINS.rglob("*.py")
        for name in functions_that_let_fail(path.read_text(encoding="utf-8"))
    }

    assert found == set(FAILING)


def test_a_new_one_is_noticed() -> None:
    for text in ('{"failed": True}', "dict(failed=True)", "module.fail_json(msg=x)", "AnsibleError(x)"):
        assert list(functions_that_let_fail(f"def new():\n    return {text}\n")) == ["new"]
