# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every place of the collection that writes a file which the user named, as a task that runs in this process."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import iam_api_key
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit_task import FILE_NAMES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.metrics_file import MetricsFile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import AUDIT, read_text, series
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.conftest import Scene, result_of
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.test_audit_task import audit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation import scene as rotation

CIPHER = Cipher([("dev", t.cast(t.Any, VaultSecret(b"password of dev")))])
VALUE = "value-that-goes-into-the-vault-file"


@dataclass(frozen=True)
class Told:
    """What a task told, and the values that nobody else may read; `keys` is how many were made."""

    problem: str | None
    secrets: list[str] = field(default_factory=list)
    keys: int = 0


@dataclass(frozen=True)
class Writer:
    """A task that writes one file; `check_written` raises when a task that went well did not."""

    file_name: str
    run: t.Callable[[Path], Told]
    check_written: t.Callable[[Path, Told], None]


def _write_key(target: Path) -> Told:
    scene = Scene()
    result = result_of(iam_api_key, {"name": "new", "file": str(target)}, scene.connect)
    values = [key["apikey"] for key in scene.keys("new")]
    return Told(result["msg"] if result.get("failed") else None, values, len(values))


def _check_key(target: Path, told: Told) -> None:
    assert not target.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8"))["apikey"] == told.secrets[0]
    assert target.stat().st_mode & 0o777 == 0o600


def _write_vault(target: Path) -> Told:
    try:
        VaultFile(str(target), CIPHER, create=True).apply([Edit(("secret",), VALUE)])
    except CloudkeysError as error:
        return Told(str(error), [VALUE])
    return Told(None, [VALUE])


def _check_vault(target: Path, _told: Told) -> None:
    assert not target.is_symlink()
    vault_file = VaultFile(str(target), CIPHER)
    assert vault_file.value(vault_file.read(), ("secret",)) == VALUE


def _write_report(name: str) -> t.Callable[[Path], Told]:
    def write(target: Path) -> Told:
        try:
            audit(rotation.Scene(), folder=str(target.parent), formats=[name])
        except CloudkeysError as error:
            return Told(str(error))
        return Told(None)

    return write


def _check_report(target: Path, _told: Told) -> None:
    assert not target.is_symlink()
    assert target.stat().st_size > 0


def _write_metrics(target: Path) -> Told:
    options = {"file": str(target), "account": None, "mode": "0640", "failed_before": False}
    metrics = MetricsFile(options, "/", AUDIT, "prod", lambda: 1000.0, lock_timeout_seconds=1)

    def work() -> dict[str, t.Any]:
        metrics.note(Known("0a1b", {series(f"{AUDIT}_keys", "prod"): 4}))
        return {}

    return Told(metrics.around(work, is_success=bool).get("msg"))


def _check_metrics(target: Path, _told: Told) -> None:
    assert not target.is_symlink()
    assert read_text(target.read_text(encoding="utf-8"))[series(f"{AUDIT}_keys", "prod")] == 4
    assert target.stat().st_mode & 0o777 == 0o640


WRITERS: dict[str, Writer] = {
    "iam_api_key": Writer("deploy.json", _write_key, _check_key),
    "vault file": Writer("vault.yml", _write_vault, _check_vault),
    "metrics": Writer("keys.prom", _write_metrics, _check_metrics),
    **{
        f"report as {name}": Writer(file_name, _write_report(name), _check_report)
        for name, file_name in FILE_NAMES.items()
    },
}
