# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task asks for, as plain data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description


class CannotDecide(IamError):
    """The task does not say enough, or what it says does not fit what is there; nothing was changed."""


@dataclass(frozen=True)
class KeyWish:
    """One API key as it should be; None means that the user did not say."""

    iam_id: str
    account_id: str
    name: t.Optional[str] = None
    id: t.Optional[str] = None
    state: str = "present"
    description: t.Optional[str] = None
    locked: t.Optional[bool] = None
    disabled: t.Optional[bool] = None
    unlock: bool = False

    def __post_init__(self) -> None:
        if split_description(self.description)[1]:
            raise CannotDecide(
                "the description must not end like a rotation marker, [cloudkeys .../...]: "
                "the rotation finds its keys by that text and would take this key for its own"
            )
        if self.name is not None and not self.name.strip():
            raise CannotDecide("the name of an API key must not be empty")
