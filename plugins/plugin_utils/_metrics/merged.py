# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run tells, put beside what the file tells of other accounts and earlier runs; pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import Samples, Series, series


@dataclass(frozen=True)
class Known:
    """What a run knows of an account: its samples, made for the label that the account has.

    With `is_part` the run was about some slots only, and what is told of others stays. Of the slots in `unseen` only
    the failure is known, so what else was told of them stays.
    """

    account_id: str
    samples: Samples
    is_part: bool = False
    unseen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Run:
    """A run that has ended at `now`, in Unix time; `known` is None when it failed before it knew anything."""

    prefix: str
    account: str
    now: int
    succeeded: bool
    known: Known | None = None


def merged(found: Samples, run: Run) -> Samples:
    """All samples of the file after a run; raises TaskRefused when its account's name is that of another one."""
    own = {each: value for each, value in found.items() if is_of(each, run)}
    others = {each: value for each, value in found.items() if each not in own}
    earlier_id = next((each.label("account_id") for each in own if each.name == f"{run.prefix}_account_info"), None)
    account_id = run.known.account_id if run.known else earlier_id
    if earlier_id not in (None, account_id):
        raise TaskRefused(
            f"the metrics of {run.account} are those of the account {earlier_id}, and this one is {account_id}: say "
            "another `metrics.account` for one of them"
        )
    last_success = _of_run(run, "last_success_timestamp_seconds")
    told: Samples = {
        _of_run(run, "last_run_timestamp_seconds"): run.now,
        _of_run(run, "last_run_failed"): int(not run.succeeded),
        last_success: run.now if run.succeeded else own.get(last_success, 0),
    }
    if account_id:
        told[_of_run(run, "account_info", account_id=account_id)] = 1
    return {**others, **_kept(own, run.known), **(run.known.samples if run.known else {}), **told}


def is_of(each: Series, run: Run) -> bool:
    """Whether a series is of this account and this kind of run."""
    return each.name.startswith(f"{run.prefix}_") and each.label("account") == run.account


def _kept(own: Samples, known: Known | None) -> Samples:
    """What an earlier run told and this one does not know better."""
    if known is None:
        return own
    slots = {each.label("slot") for each in known.samples}
    told = {(each.name, each.label("slot")) for each in known.samples}
    return {
        each: value
        for each, value in own.items()
        if (slot := each.label("slot"))
        and ((known.is_part and slot not in slots) or (slot in known.unseen and (each.name, slot) not in told))
    }


def _of_run(run: Run, name: str, **labels: str) -> Series:
    return series(f"{run.prefix}_{name}", run.account, **labels)
