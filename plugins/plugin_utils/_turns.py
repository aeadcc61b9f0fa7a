# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts of one run that ask for the same take turns: names are not unique in IBM Cloud, and each would make its own."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import plain


@contextlib.contextmanager
def in_turn(folder: str, action: str, args: t.Any) -> t.Iterator[None]:
    """Wait until no other process of this run works on the same; `folder` is the run's own and goes away with it.

    A lock is gone with its process, however that ends. Where there are no locks, the work is done without.
    """
    with contextlib.ExitStack() as stack:
        # What is wrong with arguments that cannot be read is told by whoever checks them.
        with contextlib.suppress(Exception):
            wish = hashlib.sha256(json.dumps([action, plain(args)], sort_keys=True).encode()).hexdigest()
            path = os.path.join(folder, f"cloudkeys-{wish}.lock")
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
