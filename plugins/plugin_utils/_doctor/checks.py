# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One question each: fine, or what to do."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import shown_address
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, NotFinished
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import ActivityReports
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import cautions
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.awx_project_folder import throw_away_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import policy_of, task_options
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import DEFAULT_LABEL, label_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile

TRIAL_NAME = "cloudkeys doctor"
TOLERATED_SKEW_SECONDS = 120
TRIAL_VARIABLE = "cloudkeys_doctor"
REPORT_HOURS = 24 * 180
NEEDED_PLACES = 2
LOG_IN, POLICY = "log in", "policy"


@dataclass(frozen=True)
class Check:
    """The answer to one question; `is_fine` is None when it was not asked."""

    name: str
    is_fine: bool | None
    text: str

    def __str__(self) -> str:
        sign = {True: "fine", False: "TO DO", None: "not tried"}[self.is_fine]
        return f"{self.name}: {sign}, {self.text}"


def answered(name: str, ask: t.Callable[[], str]) -> Check:
    """Ask; an error is the answer then."""
    try:
        return Check(name, True, ask())
    except CloudkeysError as error:
        return Check(name, False, str(error))


def check_login(client: IamClient) -> Check:
    def ask() -> str:
        caller = client.caller()
        return f"{caller.name or caller.iam_id} ({caller.iam_id}) in account {caller.account_id}"

    return answered(LOG_IN, ask)


def about_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> list[Check]:
    """What a task would warn of; a file that everybody may write was refused before."""
    return [Check("credentials", False, text) for text in cautions(options, environ)]


def check_renewal(client: IamClient) -> Check:
    """A rotation lives by the time that IAM tells at log-in."""
    if client.tokens.can_renew:
        return Check("log in again", True, "the credentials can log in as often as a rotation needs")
    return Check("log in again", False, "a token cannot: a rotation needs api_key or api_key_file")


def check_clock(client: IamClient, here: datetime) -> Check:
    seconds = (here - client.now()).total_seconds()
    if abs(seconds) <= TOLERATED_SKEW_SECONDS:
        return Check("clock", True, "the controller agrees with IBM Cloud")
    ahead = "ahead of" if seconds > 0 else "behind"
    return Check(
        "clock",
        False,
        f"the controller is {abs(seconds):.0f} seconds {ahead} IBM Cloud. A rotation goes by IBM Cloud's time, so "
        "nothing is shortened by it; set the clock all the same",
    )


def check_policies(slots: t.Sequence[t.Mapping[str, t.Any]], task_policy: t.Any, now: datetime) -> Check:
    """What a rotation would refuse of the policy of the task and of each slot; `now` is IAM's time."""

    def ask() -> str:
        options = task_options(task_policy)
        for slot in slots:
            given = {"name": slot.get("name"), "policy": slot.get("policy"), "use_marker": slot.get("use_marker", True)}
            policy_of(options, given, now)
        return "no new key would be due at once"

    return answered(POLICY, ask)


def check_keys(name: str, keys: t.Sequence[ApiKey], limit: int) -> Check:
    """A rotation needs one free place, and two leave room for a try that failed."""
    free = limit - len(keys)
    said = f"{len(keys)} of {limit} keys"
    if free >= NEEDED_PLACES:
        return Check(f"list keys of {name}", True, said)
    return Check(f"list keys of {name}", False, f"{said}: delete what is not needed, a rotation takes a free place")


def check_activity(client: IamClient) -> Check:
    def ask() -> str:
        key_id = client.login_key_id()
        if key_id is None:
            return "there is no key to look at"
        return f"the key that logs in was used {client.api_keys.read_activity(key_id).login_count} times"

    return answered("see activity", ask)


def check_report(client: IamClient, timeout_seconds: float) -> Check:
    def ask() -> str:
        found = ActivityReports(client.send, client.clock).inactive_keys(
            client.caller().account_id, for_hours=REPORT_HOURS, timeout_seconds=timeout_seconds
        )
        return f"{len(found)} keys of the account are not in use"

    return answered("report on unused keys (for the audit)", ask)


def check_create_and_delete(client: IamClient, iam_id: str, name: str, protect: t.Callable[[str], None]) -> Check:
    """Make a key and delete it; what could not be deleted is named."""

    def ask() -> str:
        value = draw_key_value()
        protect(value)
        account_id = client.caller().account_id
        made = client.api_keys.create(NewKey(TRIAL_NAME, iam_id, account_id, value, "made to try whether that works"))
        try:
            client.api_keys.delete(made.id)
        except IamError as error:
            raise NotFinished(f"{made.id} ({TRIAL_NAME}) was made and has to be deleted by hand: {error}") from None
        return "a key was made and deleted"

    return answered(f"create and delete keys of {name}", ask)


def check_vault(cipher: Cipher, vault_id: str | None) -> Check:
    def ask() -> str:
        sealed = cipher.seal("trial", None, vault_id)
        return f"loaded are {', '.join(cipher.ids)}; {label_of(sealed) or DEFAULT_LABEL} encrypts"

    return answered("vault secrets", ask)


def check_repository(git: t.Mapping[str, t.Any], error: CloudkeysError | None = None) -> Check:
    """Whether the branch with the vault files could be read; whether it may be pushed to shows at a push only."""
    text = str(error) if error else f"the branch {git['branch']} can be read"
    return Check(f"Git repository {shown_address(git['repository'])}", error is None, text)


def check_file(path: str, cipher: Cipher, vault_id: str | None, environ: t.Mapping[str, str]) -> Check:
    """Whether a vault file could be changed, and outlives the job; the change itself is not made."""

    def ask() -> str:
        file = VaultFile(path, cipher, vault_id=vault_id, create=True, mode=0o600)
        file.apply([Edit((TRIAL_VARIABLE,), "trial")], check_mode=True)
        return "can be changed" if file.read().exists else "does not exist yet and can be made"

    if throw_away_file([path], environ):
        text = "is in a project folder that goes away with the job: keep it in Git (docs/awx.md)"
        return Check(f"vault file {path}", False, text)
    return answered(f"vault file {path}", ask)
