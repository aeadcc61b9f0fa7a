# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Any file, any edit: it reads back and every other byte is what it was, or it is refused. `make fuzz` tries more."""

from __future__ import annotations

import os

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change, read
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file import any_file, laws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# `make fuzz-edits` asks for more; the shares run side by side.
EDITS, SHARES = int(os.environ.get("EDITS", "400")), 4


@pytest.mark.parametrize("share", range(SHARES))
@settings(max_examples=max(1, EDITS // SHARES), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(file=any_file.files(), draw=st.data(), inline=st.booleans())
def test_an_edit_changes_its_target_alone_or_is_refused(share, file, draw, inline):
    laws.check(file, draw.draw(laws.edits_of(file)), inline, draw.draw(st.booleans()))


@settings(max_examples=100, deadline=None)
@given(old=laws.mappings, new=laws.mappings)
def test_replacing_a_mapping_seals_only_what_is_new(make_vault, old, new):
    vault = make_vault()
    before = change("x: 1\ny: 2\n", [Edit(("m",), old)], vault, vaults_strings=True)
    vault.sealed = 1_000_000

    after = change(before, [Edit(("m",), new)], vault, vaults_strings=True)

    assert read(after, ("m",), vault) == new
    assert vault.sealed - 1_000_000 <= len([text for text in strings(new) if text not in set(strings(old))])


def strings(value):
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for member in members for text in strings(member)]
