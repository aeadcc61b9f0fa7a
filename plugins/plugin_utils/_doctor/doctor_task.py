# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks every question that a first run would otherwise answer with an error."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, GIT, IDENTITY
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import identity_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts, facts_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import first_slots, rotatable
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor import checks
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.checks import LOG_IN, POLICY, Check
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.slots import check_slots, options_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SLOT_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import StoreContext, open_store
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import POLICY_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports, RecordStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        # The same slots as the rotation takes; what is of no interest here is passed over.
        "slots": {"type": "list", "elements": "dict", "default": []},
        # Checked with `task_options`, because here "" counts as not said.
        "policy": {"type": "dict"},
        "vault_id": {"type": "str"},
        **GIT,
        "try_create": {"type": "bool", "default": False},
        "keys_per_identity": POLICY_SPEC["keys_per_identity"],
        "report_timeout_seconds": {"type": "float", "default": 60},
    },
}

Params = dict[str, t.Any]

# Every check of a slot tells its names, so a value in the wrong place has to be hidden; no name of a person's looks so.
NAMES = ("name", "variable", "key_name")
LIKE_A_VALUE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9_-]{32,}")
# The keys of each owner, by IAM ID, as far as they could be listed.
Listed = dict[str, list[ApiKey]]
AskSlots = t.Callable[[RecordStore], list[Check]]


@dataclass(frozen=True)
class Controller:
    """What a doctor gets from the controller; `here` is the controller's own time."""

    cipher: Cipher
    environ: t.Mapping[str, str]
    folder: str
    here: datetime
    protect: t.Callable[[str], None]


def examine(params: Params, client: IamClient, controller: Controller, *, check_mode: bool) -> dict[str, t.Any]:
    """Ask everything and return one line each; `failed` when there is something to do."""
    options, wrong = _options(params, controller)
    asked = [checks.check_login(client), *checks.about_credentials(params, controller.environ), *wrong]
    listed, looked_after = Listed(), set[str]()
    can_log_in = bool(asked[0].is_fine)
    if can_log_in:
        asked += _about_iam(params, client, controller, check_mode, listed)

    def ask_slots(store: RecordStore) -> list[Check]:
        # Without a log-in no owner is known; and slots have a policy, of which it was told what is wrong.
        if not all(each.is_fine for each in asked if each.name in (LOG_IN, POLICY)):
            return []
        ports = Ports(client, store, controller.protect, lambda line: None)
        return check_slots(options, params["policy"], params["git"], ports, listed, looked_after)

    asked += _about_files(params, controller, ask_slots)
    return _result(asked, _slots(client, looked_after) if can_log_in else "")


def _result(asked: list[Check], slots: str) -> dict[str, t.Any]:
    to_do = [each for each in asked if each.is_fine is False]
    result: dict[str, t.Any] = {
        "changed": False,
        "checks": [{"name": each.name, "fine": each.is_fine, "text": each.text} for each in asked],
        "report": [str(each) for each in asked],
        "slots": slots,
    }
    if to_do:
        result.update(
            failed=True, msg=f"{len(to_do)} of {len(asked)} checks need something: {'; '.join(map(str, to_do))}"
        )
    return result


def _options(params: Params, controller: Controller) -> tuple[list[dict[str, t.Any]], list[Check]]:
    """The options of the slots, and what a rotation would refuse in them before it asks anything."""
    options, wrong = [], []
    for number, slot in enumerate(params["slots"], 1):
        for text in (str(slot.get(member)) for member in NAMES):
            if LIKE_A_VALUE.fullmatch(text):
                controller.protect(text)
        try:
            options.append(options_of(slot, params["git"], controller.folder))
        except CloudkeysError as error:
            wrong.append(Check(f"options of slot {slot.get('name') or number}", False, str(error)))
    return options, wrong


def _blank_in(slot: dict[str, t.Any]) -> list[str]:
    return without_blanks(SLOT_SPEC, slot)[1]


def _about_iam(
    params: Params, client: IamClient, controller: Controller, check_mode: bool, listed: Listed
) -> list[Check]:
    asked = [checks.check_renewal(client), checks.check_clock(client, controller.here)]
    if params["slots"]:
        asked.append(checks.check_policies(params["slots"], params["policy"], client.now()))
    for name, owner in _owners(params).items():
        asked += _about_owner(params, client, controller, name, owner, check_mode, listed)
    return [*asked, checks.check_activity(client), checks.check_report(client, params["report_timeout_seconds"])]


def _about_owner(
    params: Params,
    client: IamClient,
    controller: Controller,
    name: str,
    owner: dict[str, t.Any],
    check_mode: bool,
    listed: Listed,
) -> list[Check]:
    try:
        iam_id = identity_of(client, owner)
        keys = listed[iam_id] = client.api_keys.list(iam_id, client.caller().account_id)
    except CloudkeysError as error:
        return [Check(f"list keys of {name}", False, str(error))]
    asked = [checks.check_keys(name, keys, params["keys_per_identity"])]
    if params["try_create"] and not check_mode:
        return [*asked, checks.check_create_and_delete(client, iam_id, name, controller.protect)]
    return [*asked, Check(f"create and delete keys of {name}", None, "try_create makes a key and deletes it")]


def _owners(params: Params) -> dict[str, dict[str, t.Any]]:
    """The owners of the slots; the caller when there are no slots."""
    owners = {}
    for slot in params["slots"]:
        # Without its owner it would be a slot of the caller's, which nobody meant.
        if _blank_in(slot):
            continue
        owner = {name: slot.get(name) for name in IDENTITY}
        owners[str(owner["service_id"] or owner["iam_id"] or "the caller")] = owner
    return owners if params["slots"] else {"the caller": {}}


def _about_files(params: Params, controller: Controller, ask_slots: AskSlots) -> list[Check]:
    """The vault secrets, the files, and the slots in them."""
    asked = [checks.check_vault(controller.cipher, params["vault_id"])]
    git = {**params["git"], "working_copy": None, "keep_working_copy": False} if params["git"] else None
    if git is None:
        files = dict.fromkeys(
            os.path.join(controller.folder, str(slot["file"])) for slot in params["slots"] if slot.get("file")
        )
        asked += [checks.check_file(file, controller.cipher, params["vault_id"], controller.environ) for file in files]
    context = StoreContext(controller.cipher, controller.protect, lambda line: None, controller.environ)
    try:
        with open_store({**params, "git": git}, context) as opened:
            return [*asked, *([checks.check_repository(git)] if git else []), *ask_slots(opened.store)]
    except GitError as error:
        return [*asked, checks.check_repository(params["git"], error)]


def _slots(client: IamClient, looked_after: t.Collection[str]) -> str:
    """Ready slots for the keys that the caller sees; fewer when the account's list is not for them.

    None for the keys that slots have, nor for the one that logs in.
    """
    caller = client.caller()
    try:
        keys = [told.key for told in client.api_keys.search(caller.account_id, scope="account")]
        names = {told.service_id.iam_id: told.service_id.name for told in client.service_ids.search(caller.account_id)}
    except IamError:
        keys, names = _own_keys(client), {}
    facts: list[KeyFacts] = [facts_of(key, client.now(), names, None) for key in keys]
    return first_slots(rotatable(facts, caller.iam_id, {*looked_after, *_login_key_ids(client)}))


def _login_key_ids(client: IamClient) -> list[str]:
    try:
        return list(filter(None, [client.login_key_id()]))
    except IamError:
        # The check on activity says so.
        return []


def _own_keys(client: IamClient) -> list[ApiKey]:
    try:
        return client.api_keys.list(client.caller().iam_id, client.caller().account_id)
    except IamError:
        return []
