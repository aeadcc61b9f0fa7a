# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clears away what runs that were stopped have left: old keys with the slot's marker that nothing needs."""

from __future__ import annotations

import typing as t
from collections.abc import Generator
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Ask, Look, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun


def sweep(run: SlotRun) -> Generator[Ask, t.Any, list[str]]:
    """Delete orphans and return their ids; one that ever logged in is retired with an overlap instead.

    The keys were listed before; the record is read again now, so an entry that another run made meanwhile counts.
    Raises CommitLost and SlotStopped.
    """
    if run.seen is None or run.loaded.record is None or not orphans(run.slot, run.record, run.seen):
        return []
    looked = yield Look()
    run.loaded = looked.loaded
    swept = []
    for key in orphans(run.slot, run.record, run.seen) if run.loaded.record else []:
        run.guard(key.id)
        if _has_logged_in(run, key):
            yield from _retire(run, key)
        else:
            run.delete_in_iam(key)
            swept.append(key.id)
    return swept


def _has_logged_in(run: SlotRun, key: ApiKey) -> bool:
    try:
        return run.iam.api_keys.read_activity(key.id).login_count > 0
    except NotFound:
        return False


def _retire(run: SlotRun, key: ApiKey) -> Steps:
    marker = split_description(key.description)[1]
    if marker is not None:
        entry = Superseded(marker.generation, key.id, run.moment())
        yield from run.commit(replace(run.record, superseded=(*run.record.superseded, entry)))
