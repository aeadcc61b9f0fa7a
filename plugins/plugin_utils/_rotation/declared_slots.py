# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to slots, and to what this run is asked for."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from datetime import date

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.key_ids import check_key_ids
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owners import owner_named_by, resolve
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import given_items
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import look, why_alive
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_like_a_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub_words
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import is_seen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import check_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import NEW_KEY_ID
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import policy_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import RECORDS_VARIABLE
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.same_file import (
    check_letter_case,
    first_spellings,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import (
    Orders,
    Place,
    Slot,
    SlotStopped,
    check_slots,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Pick,
    Typed,
    canonical,
    parse_path,
    shown_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

ID_ORDERS = ("compromised_ids", "rollback_to_ids", "withdraw_ids", "probed_ids", "handed_over_ids")
# A century; a date long before has no number.
MOST_KEEP_DAYS = 36_500


def resolve_history(params: dict[str, t.Any], folder: str, files: t.Sequence[str]) -> None:
    """The same for the history, which must not be one of the vault files."""
    given = params.get("history")
    if not given:
        return
    if not 1 <= given["keep_days"] <= MOST_KEEP_DAYS:
        raise TaskRefused(
            f"history: keep_days is {given['keep_days']:g}, and has to be at least 1 and at most {MOST_KEEP_DAYS}"
        )
    given["file"] = check_path(given["file"]) if params["git"] else os.path.join(folder, given["file"])
    together = [*files, given["file"]]
    if params["git"]:
        check_letter_case(together)
    same = given["file"] if params["git"] else first_spellings(together)[given["file"]]
    if same in files:
        raise TaskRefused(f"history: {given['file']} is the vault file of a slot; name a file of its own")


def resolve_paths(params: dict[str, t.Any], folder: str) -> None:
    """Make the paths of a task absolute; a relative one starts at `folder`, a vault file in Git at its repository.

    One file has one spelling afterwards, the first that the user wrote, wherever it is named: so whatever compares
    files may compare texts. Raises TaskRefused and GitError for paths that cannot be used.
    """
    places = [
        place
        for slot in params["slots"]
        for place in (slot, *slot["copies"], slot["moved_from"] or {})
        if place.get("file")
    ]
    for place in places:
        place["file"] = check_path(place["file"]) if params["git"] else os.path.join(folder, place["file"])
    files = [place["file"] for place in places]
    resolve_history(params, folder, files)
    if params["git"]:
        check_letter_case(files)
    else:
        spelled = first_spellings(files)
        for place in places:
            place["file"] = spelled[place["file"]]
    for holder, name in (
        (params, "compromised_values_file"),
        (params["git"] or {}, "ssh_key_file"),
        (params["git"] or {}, "known_hosts_file"),
    ):
        if holder.get(name):
            holder[name] = os.path.join(folder, holder[name])


def slots_from(params: dict[str, t.Any], client: IamClient, concurrency: Concurrency) -> list[Slot]:
    """Build the slots of a task; looks service IDs up by name, and refuses what does not fit together."""
    policies = [policy_of(params, given, client.now()) for given in params["slots"]]
    for given in params["slots"]:
        _check_name(given["name"])
        _check_data(given)
        check_key_ids(f"slot {given['name']}: retire_ids", given["retire_ids"])
    found = resolve(client, map(owner_named_by, params["slots"]), concurrency)
    slots = []
    for given, policy in zip(params["slots"], policies):
        iam_id, problem = _owner(found[owner_named_by(given)])
        slots.append(
            Slot(
                name=given["name"],
                file=given["file"],
                variable=_variable(given),
                key_name=given["key_name"] or given["name"],
                iam_id=iam_id,
                problem=problem,
                account_id=client.caller().account_id,
                description=given["description"],
                locked=given["locked"],
                is_wanted=given["state"] == "present",
                has_hand_over=given["hand_over"],
                use_marker=given["use_marker"],
                copies=tuple(Place(each["file"], _named(each["variable"], given)) for each in given["copies"]),
                moved_from=_moved_from(given),
                retire_ids=frozenset(given["retire_ids"]),
                data=given["data"],
                policy=policy,
            )
        )
    try:
        check_slots(slots)
    except SlotStopped as error:
        raise TaskRefused(str(error)) from None
    return slots


def _check_name(name: str) -> None:
    """The name of a slot is in every report, of other tools and of the user's own tasks too."""
    if not is_seen(name):
        raise TaskRefused(
            f"the name of the slot {name} has a character that cannot be seen; choose another name for it"
        )


def _check_data(given: dict[str, t.Any]) -> None:
    """What a slot tells the user's tasks is shown with it, so no secret may be there; its text is not quoted."""
    shows_secret = scrub_words(given["data"]) != given["data"] or any(texts_like_a_value(given["data"]))
    if shows_secret:
        raise TaskRefused(
            f"slot {given['name']}: data holds a secret of this run, or a text that looks like the value of a key. It "
            "is shown in results, so it has to hold none: keep that in the environment, or in a vault file that your "
            "tasks read. Nothing was changed"
        )


def _moved_from(given: dict[str, t.Any]) -> Place | None:
    """Where a slot was before; what is not said of it has stayed the same."""
    place = given["moved_from"]
    if not place:
        return None
    variable = _variable(given)
    was = _named(place["variable"], given) if place["variable"] else variable
    before = Place(place["file"] or given["file"], was)
    return None if before == Place(given["file"], variable) else before


def _variable(given: dict[str, t.Any]) -> str:
    return _named(given["variable"] or [given["name"]], given)


def _named(variable: object, given: dict[str, t.Any]) -> str:
    """The one text for a variable, or for the path of an entry; raises TaskRefused for a place no value can be in."""
    option = f"slot {given['name']}: variable"
    try:
        path = parse_path(variable, option)
    except CannotEdit as error:
        raise TaskRefused(str(error)) from None
    shown = shown_path(path)
    if path[0] == RECORDS_VARIABLE:
        raise TaskRefused(f"{option}: {shown} is where the records are; name another variable")
    if isinstance(path[-1], Pick):
        raise TaskRefused(f"{option}: {shown} is an item of a list; name the entry of it that holds the value")
    if any(isinstance(step, Typed) and isinstance(step.value, date) for step in path):
        raise TaskRefused(f"{option}: {shown} leads through a key that is a date; rename that key, or put it in quotes")
    return canonical(path)


def _owner(found: str | Exception) -> tuple[str, str | None]:
    """The IAM ID of a slot's owner, or why it is not known; that is this slot's problem and no other's."""
    if isinstance(found, str):
        return found, None
    if isinstance(found, TaskRefused):
        return "", str(found)
    raise found


@dataclass
class Leaked:
    """Keys that leaked: `ids` are there, and `problems` tell of what it cannot be proven that it is dead.

    `not_found` are those that no key is, as far as IAM tells: dead already, mistyped, or of another account. Of them
    `gone_ids` are ids.
    """

    ids: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    not_found: list[str] = field(default_factory=list)
    gone_ids: set[str] = field(default_factory=set)


def orders_from(params: dict[str, t.Any], ids_by_value: set[str]) -> Orders:
    """What the task asks of this run beside the policy; of leaked values only the ids go on."""
    for option in ID_ORDERS:
        check_key_ids(option, [key_id for key_id in params[option] or () if key_id != NEW_KEY_ID])
    leaked = set(params["compromised_ids"]) | ids_by_value
    orders = Orders(
        until=params["until"],
        only_leaked=params["only_leaked"],
        leak_response=params["leak_response"],
        compromised_ids=frozenset(leaked),
        rollback_to_ids=frozenset(params["rollback_to_ids"]),
        withdraw_ids=frozenset(params["withdraw_ids"]),
        probed_ids=None if params["probed_ids"] is None else frozenset(params["probed_ids"]),
        handed_over_ids=frozenset(params["handed_over_ids"]),
        verify_values=params["verify_values"],
    )
    both = sorted(orders.compromised_ids & orders.rollback_to_ids)
    if both:
        raise TaskRefused(f"there is no way back to a key that leaked: {', '.join(both)}")
    return orders


def look_up_leaked_values(params: dict[str, t.Any], ports: Ports) -> Leaked:
    """The keys that have the leaked values of a task; raises TaskRefused when the file with them cannot be read."""
    texts = {"values": params["compromised_values"], "values_file": params["compromised_values_file"]}
    given = given_items(texts, ports.protect, option_prefix="compromised_")
    leaked = Leaked(problems=list(given.problems))
    for item in given.items:
        seen = look(ports.client, item)
        if seen.key is not None or item.key_id is not None:
            leaked.ids.add(seen.key.id if seen.key else str(item.key_id))
        elif seen.is_there:
            leaked.problems.append(f"the value in {item.place} may still work: {why_alive(seen)}")
        elif item.must_be_found:
            leaked.not_found.append(f"the value in {item.place}")
    return leaked
