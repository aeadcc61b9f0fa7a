# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Made-up files, with values of four secrets under five ids in the places where such a file has vaulted ones."""

from __future__ import annotations

import collections
import functools
import itertools
import os
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey import laws
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file import any_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# `make fuzz-edits` asks for more; the shares run side by side.
EDITS, SHARES = int(os.environ.get("EDITS", "400")), 4
numbers = st.lists(st.integers(0, 5), min_size=1, max_size=5)


@functools.cache
def samples() -> list[tuple[str, str]]:
    return laws.samples()


@functools.cache
def work() -> t.Any:
    """One for all examples: it remembers what it opened."""
    return laws.order()


def text_of(file: any_file.File, chosen: list[int]) -> str:
    return laws.filled(file, itertools.cycle(samples()[number] for number in chosen))


@pytest.mark.parametrize("share", range(SHARES))
def test_a_move_leaves_everything_else_as_it_was(share: int) -> None:
    states: collections.Counter[str] = collections.Counter()

    @settings(max_examples=max(1, EDITS // SHARES), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(file=any_file.files(), chosen=numbers)
    def move(file: any_file.File, chosen: list[int]) -> None:
        done = laws.check(text_of(file, chosen), work())
        states.update(place.state for place in done.places) if done else states.update(["refused"])

    move()
    # It would be easy to move nothing.
    assert states["moved"] > EDITS // SHARES // 10
    assert states["refused"] < EDITS // SHARES // 2


@settings(max_examples=max(1, EDITS // 8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(file=any_file.files(), chosen=numbers)
def test_ansible_reads_the_same_with_the_new_secret_alone(file: any_file.File, chosen: list[int]) -> None:
    text = text_of(file, chosen)
    done = laws.check(text, work())
    if done is None:
        return
    before, after = (loaded(each) for each in (text, done.content.decode("utf-8")))
    assert before is not None or after is None
    assert opened(before, ("old", "older", "new")) == opened(after, ("new",))


def loaded(text: str) -> t.Any:
    """What Ansible makes of a vars file; None when it cannot load it."""
    loader: t.Any = DataLoader()
    try:
        return loader.load(text, show_content=False)
    except (AnsibleError, ValueError):
        return None


def opened(value: t.Any, names: tuple[str, ...]) -> t.Any:
    """Plain data, each vaulted text opened with one of these secrets, or as it is."""
    text = getattr(value, "_ciphertext", None)
    if text is not None:
        return laws.opened_with(names, text.decode() if isinstance(text, bytes) else str.__str__(text))
    if isinstance(value, dict):
        return [(opened(key, names), opened(member, names)) for key, member in value.items()]
    if isinstance(value, (list, tuple)):
        return [opened(member, names) for member in value]
    return str.__str__(value) if isinstance(value, str) else value


def test_the_reader_sees_vaulted_texts() -> None:
    _name, text = samples()[0]
    vaulted = loaded(f"a: !vault |\n  {text.replace(chr(10), chr(10) + '  ')}\n")

    assert opened(vaulted, ("old",)) == [("a", "opened välue 0\n: - {{ x }}")]
