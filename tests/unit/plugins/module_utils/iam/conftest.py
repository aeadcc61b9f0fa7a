# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client on another wire than the emulator's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client


@pytest.fixture
def open_with(scene: t.Any) -> t.Callable[..., IamClient]:
    def open_with(adapter: t.Any = None, **options: t.Any) -> IamClient:
        given = {"api_key": scene.api_key, **options}
        return open_client(given, {}, lambda secret: None, clock=scene.clock, adapter=adapter)

    return open_with
