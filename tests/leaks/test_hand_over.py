# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hand-over shows and keeps no value, not even where a service quotes what it was sent."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import serve
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.vault import Vault
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import AWX, TERMINAL, Manner, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.test_rotation import VARIABLE, rotate


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX], ids=str)
def test_a_hand_over_that_fails_and_then_goes_well(
    stage: Stage, manner: Manner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"))
    with serve(Vault(), certificate, key) as vault:
        stage.secrets["token of Vault"] = vault.token
        # As the log-in: the only file that ansible-runner writes the environment into.
        stage.allow("token of Vault", "runner-*/artifacts/*/command")
        monkeypatch.setenv("VAULT_ADDR", vault.url)
        monkeypatch.setenv("VAULT_TOKEN", vault.token)
        place = {"to": "vault_kv2", "path": "ci/deploy", "ca_file": str(certificate)}
        slot = {"name": VARIABLE, "file": str(stage.workplace.vault_file), "data": {"hand_over": [place]}}
        vault.echoes = True
        told = rotate(stage, manner, slots=[slot], handover_tasks="hand_over/to_places.yml")
        assert "answered 400: " in " ".join(told.split())
        vault.echoes = False
        assert "failed=0" in rotate(stage, manner, slots=[slot], handover_tasks="hand_over/to_places.yml")

    assert stage.learn_values() == 1
    assert vault.versions == {"ci/deploy": [{"api_key": stage.workplace.value(VARIABLE)}]}
    assert stage.leaks() == []
