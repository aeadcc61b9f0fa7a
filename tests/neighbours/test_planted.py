# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neighbour planted something before a file is written: nothing of anybody else changes, no value gets known."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import KINDS, NEIGHBOUR, Yard, as_user
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.plants import KNOWN_VALUE, PLANTS
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.writers import WRITERS

SHARED = [kind for kind in KINDS if kind != "of the victim"]
VICTIMS = {"root": 0, "a user": 12345}


# The formats of a report differ in their text only.
EACH = [(writer, kind) for writer in WRITERS for kind in SHARED if "report" not in writer or "csv" in writer]
EACH += [(writer, "of everybody") for writer in WRITERS if "report" in writer and "csv" not in writer]


@pytest.mark.daily_slice
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize(("writer_name", "kind"), EACH)
def test_what_is_planted_leads_nobody_astray(
    writer_name: str, kind: str, victim: str, yard_of: t.Callable[[int, str], Yard]
) -> None:
    writer = WRITERS[writer_name]
    for name, plant in PLANTS.items():
        yard = yard_of(VICTIMS[victim], kind)
        target = yard.folder / writer.file_name
        as_user(NEIGHBOUR, lambda plant=plant, yard=yard, target=target: plant(yard, target))

        told = as_user(VICTIMS[victim], lambda target=target: writer.run(target))

        print(name, "->", told.problem or "written")
        yard.check_nothing_changed()
        read = yard.read_by_neighbour()
        assert [secret for secret in told.secrets if secret.encode() in read] == []
        assert KNOWN_VALUE not in told.secrets
        if told.problem is None:
            writer.check_written(target, told)
        else:
            assert "unexpected" not in told.problem
            assert told.keys == 0, "a key was made, and its value is nowhere"


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_file_is_written_only_where_others_cannot_replace_it(
    kind: str, victim: str, yard_of: t.Callable[[int, str], Yard]
) -> None:
    yard = yard_of(VICTIMS[victim], kind)

    told = as_user(VICTIMS[victim], lambda: WRITERS["iam_api_key"].run(yard.folder / "deploy.json"))

    may_write = kind in ("of everybody, sticky", "of the victim") or (kind == "of the neighbour" and victim == "root")
    assert (told.problem is None) is may_write
