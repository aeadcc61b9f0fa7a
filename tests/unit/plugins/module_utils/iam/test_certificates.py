# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the client trusts, tried against a server with a certificate that signed itself."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import CannotConnect


@pytest.fixture
def log_in(open_with, tls_server, monkeypatch):
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)

    def log_in(**options):
        return open_with(None, iam_endpoint=tls_server["url"], api_key=tls_server["api_key"], **options).caller()

    return log_in


def test_a_certificate_of_nobody_known_is_not_trusted(log_in, scene):
    with pytest.raises(CannotConnect, match=r"certificate is not trusted \(ca_path names") as caught:
        log_in()

    assert not caught.value.may_have_happened
    assert scene.clock.pauses == [], "it will not be trusted after a pause either"


def test_ca_path_makes_it_good(log_in, tls_server):
    assert log_in(ca_path=tls_server["certificate"]).iam_id == tls_server["iam_id"]


def test_the_environments_certificates_count_too(log_in, tls_server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", tls_server["certificate"])

    assert log_in().iam_id == tls_server["iam_id"]


def test_ca_path_beats_the_environment(log_in, tls_server, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))

    assert log_in(ca_path=tls_server["certificate"]).iam_id == tls_server["iam_id"]


def test_validate_certs_false_checks_nothing_not_even_with_the_environments_certificates(log_in, tls_server):
    assert log_in(validate_certs=False).iam_id == tls_server["iam_id"]


def test_a_missing_ca_path_is_said_to_be_so(log_in, tmp_path):
    with pytest.raises(CannotConnect, match="the file named by ca_path cannot be read"):
        log_in(ca_path=str(tmp_path / "nowhere.pem"))


def test_a_ca_path_without_certificates_trusts_nobody(log_in, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing\n")

    with pytest.raises(CannotConnect):
        log_in(ca_path=str(tmp_path / "empty.pem"))
