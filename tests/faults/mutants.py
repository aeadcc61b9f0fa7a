# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: E501  # a mutant is read in one line
"""Defects to plant in the rotation, one guard or rule taken away each; every one has to be noticed by a test."""

from __future__ import annotations

from typing import NamedTuple

ROTATION = "plugins/plugin_utils/_rotation"


class Mutant(NamedTuple):
    """In `file`, the text `old`, which stands there once, becomes `new`."""

    name: str
    file: str
    old: str
    new: str


def _in(file: str, name: str, old: str, new: str) -> Mutant:
    return Mutant(name, f"{ROTATION}/{file}", old, new)


MUTANTS = (
    _in("file_store.py", "commits of another run are overwritten", "if change.loaded.version == known.epoch", "if True"),
    _in("seen.py", "announcements of others are taken over at once", "if announced_at is None or now >= announced_at + slot.policy.lease:", "if True:"),
    _in("slot_run.py", "a request is sent late in its lease", "return self.iam.now() < announced_at + self.slot.policy.lease / 2", "return True"),
    _in("steps.py", "the value is not on record before the key is made", "    yield from run.commit(intended_record(run))\n    yield from _send_create(run)", "    run.loaded = replace(run.loaded, record=intended_record(run))\n    yield from _send_create(run)\n    yield from run.commit(run.record)"),
    _in("steps.py", "a generation is used again", "generation = before.last_generation + 1", "generation = (before.current.generation if before.current else 0) + 1"),
    _in("steps.py", "a key is published without a log-in", "        yield from prove.prove(run.iam, run.slot, key_value)\n        key =", "        key ="),
    _in("steps.py", "publishing forgets the keys on their way out", "        superseded += (", "        superseded = ("),
    _in("steps.py", "the old value is not kept", "Superseded(old.generation, old.id, now, run.loaded.published_value, compromised=old.compromised),\n        )\n    current", "Superseded(old.generation, old.id, now, compromised=old.compromised),\n        )\n    current"),
    _in("steps.py", "a withdrawal is not announced", "    yield from run.commit(replace(run.record, pending=replace(pending, withdrawing_at=run.moment())))\n", ""),
    _in("steps.py", "a withdrawn key is left", "        run.delete_in_iam(key)\n        run.made.pop(key.id, None)\n", "        run.made.pop(key.id, None)\n"),
    _in("steps.py", "a value that IAM chose is not recorded", "    if pending.key_value is None:\n        yield from _record_value(run, made)\n", ""),
    _in("steps.py", "an edited variable is not noticed", "    if found is None or found.id != record.current.id:", "    if False:"),
    _in("steps_retiring.py", "a disable is not announced", "    yield from run.commit(run.record.with_superseded(replace(entry, disabling_at=announced, enabling_at=None)))\n", ""),
    _in("steps_retiring.py", "a delete is not announced", "    yield from run.commit(run.record.with_superseded(replace(entry, deleting_at=announced)))\n", ""),
    _in("steps_retiring.py", "an entry is dropped before its key is deleted", "    if key is not None:\n        run.delete_in_iam(key)\n    yield from run.commit(run.record.without_superseded(entry.id))", "    yield from run.commit(run.record.without_superseded(entry.id))\n    if key is not None and key.created_at is None:\n        run.delete_in_iam(key)"),
    _in("steps_ordered.py", "a rollback does not wait for a disable that may land", "        if seconds > 0:", "        if False:"),
    _in("steps_ordered.py", "a rollback does not announce its enable", "    yield from run.commit(run.record.with_superseded(replace(entry, enabling_at=run.moment())))\n    if", "    if"),
    _in("steps_ordered.py", "a rollback is not proven", "    prove.prove_again(run.iam, run.slot, entry.key_value)\n", ""),
    _in("steps_ordered.py", "a leak is not written down first", "        yield from run.commit(replace(run.record, current=replace(current, compromised=True)))", "        yield from run.commit(run.record)"),
    _in("plan_orders.py", "there is a way back to a leaked key", "    if entry.compromised:\n        return \"it leaked\"\n", ""),
    _in("plan_orders.py", "there is a way back to a key that goes", "    if entry.deleting_at is not None:\n        return \"its deletion is announced\"\n", ""),
    _in("plan_orders.py", "the key that logs in is shut first", "    if key.id == seen.login_key_id:", "    if False:"),
    _in("plan_retiring.py", "the overlap is cut short", "if policy.overlap and now < overlap_ends:", "if False:"),
    _in("plan_retiring.py", "the soak is cut short", "if policy.soak and now < soak_ends:", "if False:"),
    _in("plan_retiring.py", "the overlap does not wait for the hand-over", "handed_over_at or entry.superseded_at", "entry.superseded_at"),
    _in("plan_retiring.py", "a leaked key is retired like any other", "key is None or entry.compromised:", "key is None:"),
    _in("plan.py", "a reverted record is not noticed", "    if not ahead:\n        return None\n", "    return None\n"),
    _in("plan.py", "a published key that is gone is not noticed", "        return _room_for_one_more(slot, seen) or Step(\"intend\", f\"the published key {record.current.id} is gone\")", "        return None"),
    _in("plan.py", "a published key that is shut is not noticed", "    if key.disabled or (key.expires_at and parse_time(key.expires_at) <= seen.now):", "    if False:"),
    _in("plan.py", "the limit is not looked at", "    if len(seen.keys) < limit:\n        return None\n", "    return None\n"),
    _in("plan.py", "names are not put right", "key.name == slot.next_key_name,", "False,"),
    _in("plan.py", "orphans of any age are swept", "        and parse_time(key.created_at) < oldest_allowed\n", ""),
    _in("plan.py", "a new key is published without its probe", "    if seen.orders.may_publish(key.id):", "    if seen.orders.until != \"staged\":"),
    _in("plan.py", "a value that somebody wrote is overwritten", "    if seen.has_value:\n        return Step(\n            \"stop\",", "    if False:\n        return Step(\n            \"stop\","),
    _in("sweep.py", "a swept key may have been used", "        if _has_logged_in(run, key):", "        if False:"),
    _in("sweep.py", "the sweep trusts an older record", "    run.loaded = looked.loaded\n", ""),
    _in("progress.py", "the sweep trusts a reverted record", "        if self._step.trusts_record:", "        if True:"),
    _in("progress.py", "check mode writes", "yield from self._check() if self._check_mode else self._go()", "yield from self._go()"),
    _in("slot_run.py", "the published key is not guarded", "if current is not None and key_id == current.id:", "if False:"),
    _in("slot_run.py", "another slot's published key is not guarded", "if key_id in self._foreign_ids:", "if False:"),
    _in("slot_run.py", "the key that logs in is not guarded", "if key_id == self.iam.login_key_id():", "if False:"),
    _in("slot_run.py", "a stale list is believed", "for key_id in sorted(self._doubtful_ids(keys)):", "for key_id in set():"),
    _in("prove.py", "whose key it is is not looked at", "    if (caller.iam_id, caller.account_id) != (slot.iam_id, slot.account_id):", "    if False:"),
    _in("prove.py", "another key's value is published", "    if marker is not None and split_description(key.description)[1] != marker:", "    if False:"),
    _in("rounds.py", "keys are listed before the record is read", "    listed = dict(zip(owners, lists))\n", "    listed = dict(zip(owners, lists))\n    loaded = [_attempt(ports.store.load, mover.slot) for mover in movers]\n"),
    _in("rounds.py", "one slot's defect ends the run", "        except Exception as error:\n            self.progress.failure", "        except ZeroDivisionError as error:\n            self.progress.failure"),
)  # fmt: skip
