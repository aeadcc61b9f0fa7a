# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every place of a play that a secret goes through has a secret of its own, so that a leak names the place.

A play asks for one by using it: `{{ canary.wrong_type }}`. What the name begins with says what it is good for.

key_    an API key that logs in
file_   the same, and it lies in a file of this name in the folder `named`
token_  a token that IAM takes
        everything else looks like a key and is none
"""

from __future__ import annotations

import re
import secrets
import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer

USE = re.compile(r"\bcanary\.(\w+)")


def names_in(play: str) -> list[str]:
    """The canaries that the text of a play uses."""
    return sorted(set(USE.findall(play)))


def make_canary(name: str, server: IamServer) -> str:
    """A secret that nothing else uses."""
    value = secrets.token_urlsafe(33)
    if name.startswith(("key_", "file_", "token_")):
        server.make_key(f"canary {name}", value)
    return server.token(value) if name.startswith("token_") else value


def make_canaries(play: str, server: IamServer) -> dict[str, str]:
    return {name: make_canary(name, server) for name in names_in(play)}


def modules_in(tasks: t.Any) -> set[str]:
    """The modules of this collection that tasks use, blocks included."""
    found: set[str] = set()
    for task in tasks or ():
        found |= {name.rpartition(".")[2] for name in task if name.startswith("cloudkeys.ibmcloud.")}
        for part in ("tasks", "block", "rescue", "always"):
            found |= modules_in(task.get(part))
    return found
