# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is refused rather than written, though the rest of a file could be moved."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import rekey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey import laws
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey.test_run import inline

OLD = inline("old", b"1")


def test_a_value_of_a_version_that_nobody_reads_any_more_stays_and_is_told() -> None:
    text = f"a: !vault |\n  $ANSIBLE_VAULT;1.0;AES\n  3030\n{OLD}"

    done = rekey(text.encode(), laws.order(), is_yaml=True)

    assert [place.state for place in done.places] == ["unreadable", "moved"]
    assert "is encrypted in a way that Ansible does not read any more" in str(done.places[0].problem)
    assert done.content.startswith(text.removesuffix(OLD).encode())


@pytest.mark.parametrize(
    "other", ["other: 2", "other: [1]", "other: &a 1", "other: !unsafe 1", "other: 1\nmore: 1", "# other"]
)
def test_a_text_that_says_anything_else_than_before_is_refused(monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    join = splice.join
    monkeypatch.setattr(splice, "join", lambda body, splices: join(body, splices).replace("other: 1", other))

    with pytest.raises(CannotEdit, match="does not read back"):
        rekey(f"{OLD}other: 1\n".encode(), laws.order(), is_yaml=True)
