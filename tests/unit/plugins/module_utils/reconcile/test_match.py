# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which key is meant; never a guess."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.match import check_owner, match_by_name


def key(key_id, name="wanted", description=None, minute=None):
    created_at = None if minute is None else f"2027-01-01T00:{minute:02}+0000"
    return ApiKey(id=key_id, name=name, iam_id="i", account_id="a", description=description, created_at=created_at)


SLOT_A = ["[cloudkeys aaaaaaaa/2]", "x [cloudkeys aaaaaaaa/11]", "[cloudkeys aaaaaaaa/9]"]
SLOT_B = "[cloudkeys bbbbbbbb/1]"


@pytest.mark.parametrize(
    ("keys", "found", "twins"),
    [
        ([], None, []),
        ([key("1", "other")], None, []),
        # Exactly this name.
        ([key("1", "Wanted"), key("2", "wanted "), key("3", "wanted 2")], None, []),
        ([key("1", "other"), key("2")], "2", []),
        ([key("1", description=SLOT_A[0])], "1", []),
        # The twins of one slot: its highest generation is the published one, by number and not by text.
        ([key("1", description=SLOT_A[0]), key("2", description=SLOT_A[1])], "2", ["1"]),
        ([key("1", description=SLOT_A[1]), key("2", description=SLOT_A[0])], "1", ["2"]),
        ([key(str(n), description=text) for n, text in enumerate(SLOT_A)], "1", ["0", "2"]),
        # Its successor on the way has another name.
        ([key("1", description=SLOT_A[0]), key("2", "wanted (next)", SLOT_A[1])], "1", []),
    ],
)
def test_the_key_of_that_name_is_found_with_its_twins(keys, found, twins):
    match, others = match_by_name(keys, "wanted")

    assert (match.id if match else None, [other.id for other in others]) == (found, twins)


@pytest.mark.parametrize(
    "descriptions",
    [
        [None, None],
        ["a", "b"],
        [SLOT_A[0], None],
        [SLOT_A[0], SLOT_B],
        [SLOT_A[0], SLOT_A[1], SLOT_B],
        [SLOT_A[0], "x"],
    ],
)
def test_an_ambiguous_name_is_refused_and_every_id_listed(descriptions):
    keys = [key(f"ApiKey-{number}", description=text) for number, text in reversed(list(enumerate(descriptions)))]
    ids = sorted(each.id for each in keys)
    with pytest.raises(TaskRefused, match="with `id`") as caught:
        match_by_name([*keys, key("ApiKey-other", "other")], "wanted")

    assert caught.value.details == {"candidates": ids}
    assert ", ".join(ids) in str(caught.value)


THREE = [key("1", minute=2), key("2", minute=3), key("3", minute=1), key("4", "other", minute=0)]


@pytest.mark.parametrize(
    ("keys", "on_duplicate", "found", "others"),
    [
        (THREE, "newest", "2", ["1", "3"]),
        (THREE, "oldest", "3", ["1", "2"]),
        (THREE, "all", "1", ["2", "3"]),
        (THREE[:1], "all", "1", []),
        ([], "all", None, []),
        (THREE[:1], "oldest", "1", []),
        # The rotation knows better than the age.
        ([key("1", description=SLOT_A[1], minute=1), key("2", description=SLOT_A[0], minute=2)], "newest", "1", ["2"]),
        ([key("1", description=SLOT_A[1], minute=1), key("2", description=SLOT_B, minute=2)], "newest", "2", ["1"]),
    ],
)
def test_the_user_may_say_which_of_several_is_meant(keys, on_duplicate, found, others):
    match, rest = match_by_name(keys, "wanted", on_duplicate)

    assert (match.id if match else None, [other.id for other in rest]) == (found, others)


@pytest.mark.parametrize(
    ("minutes", "on_duplicate"),
    [((1, 2, 2), "newest"), ((1, 1, 2), "oldest"), ((None, 2), "newest"), ((1, None), "oldest")],
)
def test_keys_of_the_same_minute_stay_ambiguous(minutes, on_duplicate):
    with pytest.raises(TaskRefused, match=f"so neither is the {on_duplicate}"):
        match_by_name([key(str(n), minute=minute) for n, minute in enumerate(minutes)], "wanted", on_duplicate)


@pytest.mark.parametrize(
    ("iam_id", "account_id", "text"),
    [
        ("i", "a", None),
        ("", "a", None),
        (None, "a", None),
        ("j", "a", "belongs to i, not to j"),
        ("i", "b", "account a"),
    ],
)
def test_a_key_of_somebody_else_is_refused(iam_id, account_id, text):
    if text is None:
        check_owner(key("1"), iam_id, account_id)
        return
    with pytest.raises(TaskRefused, match=text):
        check_owner(key("1"), iam_id, account_id)
