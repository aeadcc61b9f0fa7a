# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof that leaked keys are dead: asked again and again for a while, because IAM's servers do not all know at once."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import try_log_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side

# One server that knows is no proof that the others do.
TIMES_IN_A_ROW = 3
PAUSE_SECONDS = 1.0
# A token that was issued a moment before the key died lives as long (iam-facts.md 1.2).
TOKEN_LIFE = timedelta(hours=1)


@dataclass
class Suspect:
    """A key to be proven dead: by a log-in where its value is known, else by its id; `owner` is (IAM ID, account)."""

    key_id: str
    owner: tuple[str, str]
    key_value: str | None = field(default=None, repr=False)
    in_a_row: int = 0
    dead_at: datetime | None = None
    why_not: str = ""
    is_alive: bool = False

    @property
    def is_proven(self) -> bool:
        return self.in_a_row >= TIMES_IN_A_ROW


def prove_dead(client: IamClient, suspects: t.Sequence[Suspect], seconds: float, concurrency: Concurrency) -> None:
    """Ask until every key was dead several times in a row, or time is up; what is known then stands in the suspects."""
    give_up_at = client.clock.monotonic() + seconds
    while True:
        asking = [each for each in suspects if not each.is_proven]
        for answer in side_by_side(lambda each: _ask(client.branch(), each), asking, concurrency):
            if isinstance(answer, Exception):
                raise answer
        if all(each.is_proven for each in suspects) or client.clock.monotonic() + PAUSE_SECONDS > give_up_at:
            return
        client.clock.sleep(PAUSE_SECONDS)


def _ask(client: IamClient, suspect: Suspect) -> None:
    try:
        is_dead, suspect.why_not = _look(client, suspect)
        suspect.is_alive = not is_dead
    except IamError as error:
        is_dead, suspect.why_not, suspect.is_alive = False, str(error), False
    suspect.in_a_row = suspect.in_a_row + 1 if is_dead else 0
    suspect.dead_at = client.now() if is_dead else None


def _look(client: IamClient, suspect: Suspect) -> tuple[bool, str]:
    if suspect.key_value is not None:
        log_in, _caller, _why = try_log_in(client, suspect.key_value)
        if log_in in ("unknown", "disabled"):
            return True, ""
        if log_in == "works":
            return False, "a log-in with it still works"
    # Where a log-in is refused for another reason, from this address for instance, the key itself tells.
    try:
        is_disabled = client.api_keys.get(suspect.key_id).disabled
        return is_disabled, "" if is_disabled else "IBM Cloud IAM shows it enabled"
    except NotFound:
        absence = absence_of(client, suspect.key_id, owner=suspect.owner, is_unknown=True)
        if not absence.is_gone:
            raise IamError(absence.words) from None
        return True, ""
