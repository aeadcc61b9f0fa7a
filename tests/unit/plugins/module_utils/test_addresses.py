# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of an address nothing is shown but scheme, host and path, however it is spelled."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import (
    NOT_SHOWN,
    shown_address,
    shown_host,
    with_shown_addresses,
)

SECRET = "s3cret"
HOSTILE = [
    f"https://{SECRET}@git.example.com/x.git",
    f"https://u:{SECRET}@git.example.com/x.git",
    f"HTTPS://u:{SECRET}@git.example.com/x.git",
    f"https://u:a@{SECRET}@git.example.com/x.git",
    f"https://u:{SECRET}%40b@git.example.com/x.git",
    f"https://u:a/{SECRET}@git.example.com/x.git",
    f"https://token/{SECRET}@git.example.com/x.git",
    f"https://u:a?{SECRET}@git.example.com/x.git",
    f"https://u:a#{SECRET}@git.example.com/x.git",
    f"https://u:a\\{SECRET}@git.example.com/x.git",
    f"https://{SECRET}:@[::1]:8443/x.git",
    f"https://git.example.com/x.git?token={SECRET}",
    f"https://git.example.com/x.git#{SECRET}",
    f"https://git.example.com\\@{SECRET}/x.git",
    f" https://{SECRET}@git.example.com/x.git",
    f"git::https://{SECRET}@git.example.com/x.git",
    f"ssh://git:{SECRET}@git.example.com/x.git",
    f"git:{SECRET}@git.example.com:x.git",
    f"git@git.example.com:x.git?{SECRET}",
    f"git@git.example.com:x.git#{SECRET}",
    f"git@git.example.com:a\n{SECRET}",
    f"{SECRET}@git.example.com",
    f"https:{SECRET}@git.example.com/x.git",
    f"//{SECRET}\\x",
    SECRET,
    "",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_what_may_be_secret_is_not_shown(address):
    assert SECRET not in shown_address(address)
    assert SECRET not in shown_host(address)


@pytest.mark.parametrize("address", [each for each in HOSTILE if "://" in each and " " not in each])
def test_nor_is_it_in_the_words_of_another_program(address):
    assert SECRET not in with_shown_addresses(f"fatal: unable to access '{address}': gone")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://git.example.com/team/x.git", "https://git.example.com/team/x.git"),
        ("https://git.example.com:8443/x", "https://git.example.com:8443/x"),
        ("https://robot@git.example.com/x", "https://git.example.com/x"),
        ("ssh://git@[::1]:2222/x", "ssh://[::1]:2222/x"),
        ("git@git.example.com:team/x.git", "git.example.com:team/x.git"),
        ("file:///srv/git/x.git", "file:///srv/git/x.git"),
        ("/srv/git/my keys.git", "/srv/git/my keys.git"),
        ("https://git.example.com/x\n::error::", NOT_SHOWN),
    ],
)
def test_scheme_host_and_path_are_shown(address, shown):
    assert shown_address(address) == shown


def test_words_without_an_address_stay_as_they_are():
    words = "fatal: Authentication failed for 'https://git.example.com/x.git/'; see user@example.com"

    assert with_shown_addresses(words) == words
