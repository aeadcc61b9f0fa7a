# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a look-up tells of a value whose log-in is refused: only "unknown" says that there is none."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials, UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import look


class Elsewhere:
    """IAM as it is seen with credentials that see no key; a log-in is refused for a reason."""

    def __init__(self, refusal: Exception) -> None:
        self.api_keys, self.refusal = self, refusal

    def find_by_value(self, _key_value: str) -> None:
        return None

    def log_in_with(self, _key_value: str) -> t.Any:
        raise self.refusal


@pytest.mark.parametrize("is_strong", [True, False])
@pytest.mark.parametrize(
    ("refusal", "is_there"), [(BadCredentials("not from this address"), True), (UnknownKeyValue("no such key"), False)]
)
def test_a_value_that_is_refused_and_not_unknown_may_live(refusal: Exception, is_there: bool, is_strong: bool) -> None:
    client: t.Any = Elsewhere(refusal)

    assert look(client, Item("line 1", None, ("x" * 44,), is_strong)).is_there is is_there
