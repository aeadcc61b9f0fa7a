# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values on their way into vault files and out of them."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import PLAYS, Stage


def test_values_from_vaulted_variables(stage: Stage) -> None:
    secrets = {name: stage.new_secret(name) for name in ("stored", "rejected")}
    stage.write_vault_file("vaulted.yml", **secrets)
    (stage.root / "work" / "broken.yml").write_text("region: [eu-de\n", encoding="utf-8")

    told = stage.play("runner", str(PLAYS / "vault_vars.yml"))

    assert "failed=0" in told, told
    assert stage.read_vault_file("target.yml")["api_key"] == secrets["stored"]
    assert stage.leaks() == []
