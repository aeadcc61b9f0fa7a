# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a process knows to be secret is forgotten after each test: in real life it ends with the process."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _secrets
from hypothesis import Phase, settings

settings.register_profile("first-failure", phases=[Phase.explicit, Phase.generate])


@pytest.fixture(autouse=True)
def forget_secrets() -> t.Iterator[None]:
    yield
    _secrets._secret.clear()
    _secrets._hidden.clear()
