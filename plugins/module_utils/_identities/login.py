# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log-in and the connection of a task; they live as long as the task's loop."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect

_open: dict[tuple[t.Any, ...], IamClient] = {}


def client_for(params: t.Mapping[str, t.Any]) -> IamClient:
    """The client for these connection options and this environment: the one made before, or a new one.

    A worker process of Ansible runs all items of a loop, so they share one log-in. The process id is part of the key
    because a connection must not cross a fork.
    """
    environ = dict(os.environ)
    concurrency = concurrency_from(params.get("concurrency"))
    options = tuple(params.get(name) for name in CONNECTION)
    key = (os.getpid(), options, concurrency, tuple(sorted(environ.items())))
    if key not in _open:
        _open.clear()
        _open[key] = open_client(params, environ, protect)
    client = _open[key]
    client.transaction_ids.clear()
    return client
