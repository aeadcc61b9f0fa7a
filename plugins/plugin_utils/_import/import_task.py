# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From values as they lie about to a vault file and slots: look all of them up, decide, then write.

The vault file is written before the slots: a slot whose variable is not there yet would get a new key.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONCURRENCY, CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import describe, look_at
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import import at_hand, given
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.at_hand import AtHand, Target
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import Offers
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.import_result import Written, result_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.slots_file import (
    SlotsFile,
    read_slots_file,
    with_slots,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.slots_to_be import place_all
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.verdict import (
    Run,
    Verdict,
    judge,
    note_repetitions,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import awx_project_folder
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    Committed,
    Edit,
    VaultFile,
    VaultFileError,
)

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        # Not no_log: the names of a mapping are variables, and would be masked with the values, which `protect_given`
        # protects one by one.
        "values": {"type": "raw", "no_log": False},
        "files": {"type": "list", "elements": "path", "default": []},
        "vaulted": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "file": {"type": "path", "required": True},
                "variables": {"type": "list", "elements": "raw", "required": True},
            },
        },
        "file": {"type": "path"},
        "slots_file": {"type": "path"},
        "slots": {"type": "list", "elements": "dict", "default": []},
        "vault_files": {"type": "list", "elements": "path", "default": []},
        "vault_id": {"type": "str"},
        "lock_timeout_seconds": {"type": "float", "default": 30},
        **CONCURRENCY,
    },
}

Params = dict[str, t.Any]


@dataclass(frozen=True)
class Controller:
    """What an import gets from the controller; `absolute` makes a path one that begins at the root."""

    cipher: Cipher
    environ: t.Mapping[str, str]
    absolute: t.Callable[[str], str]
    protect: t.Callable[[str], None]


def import_keys(params: Params, client: IamClient, controller: Controller, *, check_mode: bool) -> dict[str, t.Any]:
    """Do the task; keys that are refused make it fail, after the others were written."""
    offers = _offers(params, controller)
    slots_file = _slots_file(params, controller)
    _refuse_one_file_for_both(params, controller)
    known = _at_hand(params, slots_file, controller)
    target = _target(params, controller)
    caller = client.caller()
    run = Run(caller.account_id, caller.iam_id, client.login_key_id(), client.now())
    verdicts = _verdicts(params, client, offers, run, known)
    place_all(verdicts, target, params["file"] or "", run, known)
    written = _write(verdicts, target, slots_file, check_mode)
    return result_of(verdicts, offers, written, run.account_id, file=params["file"], check_mode=check_mode)


def _offers(params: Params, controller: Controller) -> Offers:
    offers = Offers()
    given.read_values(params["values"], offers, controller.protect)
    given.read_files([controller.absolute(path) for path in params["files"]], offers, controller.protect)
    for entry in params["vaulted"]:
        file = controller.absolute(entry["file"])
        given.read_vaulted(file, entry["file"], entry["variables"], offers, controller.cipher, controller.protect)
    if not offers.offers and not offers.problems:
        raise TaskRefused("no key was given: name values in `values`, files in `files`, or variables in `vaulted`")
    given.check_number(offers)
    return offers


def _slots_file(params: Params, controller: Controller) -> SlotsFile | None:
    if not params["slots_file"]:
        return None
    path = controller.absolute(params["slots_file"])
    _refuse_what_goes_away(path, controller)
    return read_slots_file(path, controller.cipher, params["lock_timeout_seconds"])


def _refuse_one_file_for_both(params: Params, controller: Controller) -> None:
    named = [os.path.realpath(controller.absolute(each)) for each in (params["file"], params["slots_file"]) if each]
    if len(set(named)) < len(named):
        raise TaskRefused("`file` and `slots_file` are one file. Nothing was changed; name another one for the slots")


def _at_hand(params: Params, slots_file: SlotsFile | None, controller: Controller) -> AtHand:
    slots = [*params["slots"], *(slots_file.slots if slots_file else [])]
    distinct = [slot for number, slot in enumerate(slots) if slot not in slots[:number]]
    files = [controller.absolute(path) for path in params["vault_files"]]
    return at_hand.look(distinct, files, controller.cipher, controller.protect, controller.absolute)


def _target(params: Params, controller: Controller) -> Target | None:
    if not params["file"]:
        return None
    path = controller.absolute(params["file"])
    _refuse_what_goes_away(path, controller)
    vault_file = VaultFile(
        path,
        controller.cipher,
        vault_id=params["vault_id"],
        lock_timeout_seconds=params["lock_timeout_seconds"],
        create=True,
    )
    return at_hand.read_target(vault_file, controller.protect)


def _refuse_what_goes_away(path: str, controller: Controller) -> None:
    if awx_project_folder.throw_away_file([path], controller.environ):
        raise TaskRefused(
            f"{path} is in the project folder of this job, a copy that AWX deletes when the job ends. Nothing was "
            "changed; import in a clone of the repository, and commit what was written"
        )


def _verdicts(params: Params, client: IamClient, offers: Offers, run: Run, known: AtHand) -> list[Verdict]:
    sightings = look_at(client, [offer.item for offer in offers.offers], concurrency_from(params["concurrency"]))
    verdicts = [
        judge(offer, seen, describe(client, seen), run, known)
        for offer, seen in zip(offers.offers, sightings)
        if seen.is_there or seen.problem or seen.item.must_be_found
    ]
    note_repetitions(verdicts)
    return verdicts


def _write(verdicts: list[Verdict], target: Target | None, slots_file: SlotsFile | None, check_mode: bool) -> Written:
    """The vault file, then the slots; whatever can be known to stand in the way is found before the first write."""
    new = [each.slot for each in verdicts if each.slot is not None]
    text = with_slots(slots_file, new) if slots_file and new else None
    if slots_file and text is not None:
        slots_file.check_may_write()
    committed = _commit(verdicts, target, check_mode)
    try:
        if slots_file and text is not None and not check_mode:
            slots_file.write(text)
    except VaultFileError as error:
        return Written(committed, slots_file, None, error)
    return Written(committed, slots_file, text)


def _commit(verdicts: list[Verdict], target: Target | None, check_mode: bool) -> Committed | None:
    edits = [
        Edit((t.cast(str, each.variable),), each.key_value)
        for each in verdicts
        if each.is_import and not each.offer.stays_in
    ]
    if target is None or not edits:
        return None
    return target.vault_file.commit(target.snapshot, edits, check_mode=check_mode)
