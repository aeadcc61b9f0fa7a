# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in an account under a prefix, and how it goes again."""

from __future__ import annotations

import os
import re
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import (
    ENDPOINT_VARIABLE,
    PUBLIC_ENDPOINT,
    IamClient,
    open_client,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown

# A request that was on its way when a run was stopped may take effect after the first look.
LOOKS_WITHOUT_A_FIND = 2
MOST_LOOKS = 10
PAUSE_SECONDS = 3
# A few requests a second are enough for something that nobody waits for.
PAUSE_AFTER_A_DELETE_SECONDS = 0.2


@dataclass(frozen=True)
class Found:
    """The caller's keys, service IDs and groups whose names begin with a prefix; the keys of service IDs go too."""

    keys: tuple[ApiKey, ...]
    service_ids: tuple[ServiceId, ...]
    groups: tuple[dict[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.keys or self.service_ids or self.groups)

    @property
    def names(self) -> list[str]:
        groups = [group["name"] for group in self.groups]
        return sorted([key.name for key in self.keys] + [each.name for each in self.service_ids] + groups)

    def lines(self) -> t.Iterator[str]:
        """For a terminal, in which a name that somebody else chose is to do nothing."""
        yield from (f"  API key {shown(key.name)} ({key.id})" for key in self.keys)
        yield from (f"  service ID {shown(each.name)} ({each.id}), with its keys" for each in self.service_ids)
        yield from (f"  group of service IDs {shown(group['name'])} ({group['id']})" for group in self.groups)


class Account:
    """The account of the key in the environment variable IBMCLOUD_API_KEY."""

    def __init__(self) -> None:
        self.api_key = os.environ["IBMCLOUD_API_KEY"]
        self.endpoint = os.environ.get(ENDPOINT_VARIABLE) or PUBLIC_ENDPOINT

    @property
    def client(self) -> IamClient:
        """A new one each time, because a token lives for an hour at most."""
        return open_client({"api_key": self.api_key, "iam_endpoint": self.endpoint}, {}, lambda secret: None)

    def find(self, prefix: re.Pattern[str]) -> Found:
        client = self.client
        caller = client.caller()
        keys = client.api_keys.list(caller.iam_id, caller.account_id)
        groups = client.service_ids.list_groups(caller.account_id)
        ids = [None, *(group["id"] for group in groups)]
        told = [each for group_id in ids for each in client.service_ids.search(caller.account_id, group_id=group_id)]
        robots = {each.service_id.id: each.service_id for each in told if prefix.match(each.service_id.name)}
        return Found(
            tuple(key for key in keys if prefix.match(key.name)),
            tuple(robots.values()),
            tuple(group for group in groups if prefix.match(group["name"])),
        )

    def remove(self, prefix: re.Pattern[str]) -> Found:
        """Delete all of it, locked or not, until nothing is found any more; what is left is returned."""
        quiet = 0
        for _look in range(MOST_LOOKS):
            found = self.find(prefix)
            quiet = 0 if found else quiet + 1
            if quiet == LOOKS_WITHOUT_A_FIND:
                break
            self._delete(found)
            time.sleep(PAUSE_SECONDS)
        return self.find(prefix)

    def _delete(self, found: Found) -> None:
        client = self.client
        for robot in found.service_ids:
            _delete_keys(client, client.service_ids.list_keys(robot))
            if robot.locked:
                client.service_ids.unlock(robot.id)
            client.service_ids.delete(robot.id)
        _delete_keys(client, found.keys)
        for group in found.groups:
            client.send("DELETE", f"/v1/serviceid_groups/{group['id']}", f"delete the group {group['name']}")


def _delete_keys(client: IamClient, keys: t.Iterable[ApiKey]) -> None:
    for key in keys:
        if key.locked:
            client.api_keys.unlock(key.id)
        client.api_keys.delete(key.id)
        time.sleep(PAUSE_AFTER_A_DELETE_SECONDS)
