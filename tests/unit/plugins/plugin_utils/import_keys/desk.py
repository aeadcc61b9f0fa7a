# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An operator's desk: an account with keys, plain values, a vault file, and a file with slots."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.import_task import (
    SPEC,
    Controller,
    import_keys,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC as ROTATION_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import (
    resolve_paths,
    slots_from,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

SECRETS = [("dev", t.cast(t.Any, VaultSecret(b"password of dev")))]
CIPHER = Cipher(SECRETS)
Result = dict[str, t.Any]


class SlotLoader(yaml.SafeLoader):
    """Also knows `!unsafe`."""


SlotLoader.add_constructor("!unsafe", lambda _loader, node: node.value)


def value_of(number: int) -> str:
    return f"own-Value-{number:03}-of-32-or-more-characters"


class Desk:
    def __init__(self, folder: Path) -> None:
        self.scene = Scene()
        self.folder = folder
        self.protected: set[str] = set()
        self.environ: dict[str, str] = {}

    def key(self, number: int, name: str = "deploy", **words: t.Any) -> str:
        """A key of the service ID `ci`, and its value; `iam_id` None means one's own."""
        owner = {"iam_id": self.scene.owner["iam_id"], **words}
        given = {name: value for name, value in owner.items() if value is not None}
        self.scene.visitor.create_key(name=name, apikey=value_of(number), **given)
        return value_of(number)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def run(
        self,
        *,
        check_mode: bool = False,
        client: t.Any = None,
        effects: t.Any = None,
        cipher: Cipher = CIPHER,
        **options: t.Any,
    ) -> Result:
        checked = ArgumentSpecValidator(**SPEC).validate({"file": "secrets.yml", "slots_file": "slots.yml", **options})
        assert checked.error_messages == []
        controller = Controller(cipher, self.environ, lambda path: str(self.folder / path), self.protected.add)
        asked = client or self.scene.client(effects or Effects())
        result = import_keys(checked.validated_parameters, asked, controller, check_mode=check_mode)
        self.check_shows_no_value(result)
        return result

    def check_shows_no_value(self, result: Result) -> None:
        shown = json.dumps(result)
        assert [number for number in range(60) if value_of(number) in shown] == []
        assert self.scene.emulator.seed.api_key not in shown

    @property
    def file(self) -> VaultFile:
        return VaultFile(str(self.folder / "secrets.yml"), CIPHER, create=True)

    def held(self, name: str) -> object:
        return self.file.value(self.file.read(), (name,))

    def hold(self, name: str, value: str) -> None:
        self.file.apply([Edit((name,), value)])

    def slots(self) -> list[Result]:
        text = (self.folder / "slots.yml").read_text(encoding="utf-8")
        return t.cast("list[Result]", yaml.load(text, SlotLoader)["rotate_api_keys_slots"])

    def rotate(self) -> list[SlotOutcome]:
        """A rotation with the slots as they are in the file."""
        checked = ArgumentSpecValidator(**ROTATION_SPEC).validate({"slots": self.slots()})
        assert checked.error_messages == []
        params = checked.validated_parameters
        resolve_paths(params, str(self.folder))
        store = FileStore(CIPHER, lambda secret: None)
        slots = slots_from(params, self.scene.client(Effects()), 1)
        return rotate_slots(
            slots, self.scene.ports(Effects(), store), Orders(), Settings(), check_mode=False, unforeseen=repr
        )


def outcomes(result: Result) -> list[str]:
    return [each["outcome"] for each in result["api_keys"]]
