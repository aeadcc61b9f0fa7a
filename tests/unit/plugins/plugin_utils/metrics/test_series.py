# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of metrics: what was written is read again, and nothing that somebody named is more than a label."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import (
    AUDIT,
    HEADER,
    ROTATION,
    NotOurs,
    Samples,
    Series,
    read_text,
    series,
    to_text,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text()
SAMPLES = st.dictionaries(
    st.one_of(
        st.builds(lambda account: series(f"{AUDIT}_keys", account), NAMES),
        st.builds(
            lambda account, slot, state: series(f"{ROTATION}_slot_state", account, slot=slot, state=state),
            NAMES,
            NAMES,
            NAMES,
        ),
    ),
    st.integers(min_value=0, max_value=10**12),
)


@given(SAMPLES)
def test_what_was_written_is_read_again(samples: Samples) -> None:
    assert read_text(to_text(samples)) == samples


@given(SAMPLES)
def test_each_metric_has_its_head_once_and_each_line_is_a_sample(samples: Samples) -> None:
    lines = to_text(samples).removesuffix("\n").split("\n")

    heads = Counter(line.rsplit(" ", 1)[0] if " TYPE " in line else line for line in lines if line.startswith("# "))
    assert set(heads.values()) == {1}
    assert sum(not line.startswith("#") for line in lines) == len(samples)


def test_a_name_that_would_be_a_line_or_end_a_label_is_escaped() -> None:
    text = to_text({Series(f"{AUDIT}_keys", (("account", 'a"} 1\n# TYPE x gauge\\'),)): 3})

    assert text.split("\n")[-2] == r'cloudkeys_audit_keys{account="a\"} 1\n# TYPE x gauge\\"} 3'


def test_a_name_moves_no_cursor_of_who_looks_at_the_file() -> None:
    text = to_text({series(f"{AUDIT}_keys", "a\x1b[2J\n\u202eb"): 3})

    assert text.split("\n")[-2] == r'cloudkeys_audit_keys{account="a\\x1b[2J\\n\\u202eb"} 3'


def test_a_path_of_bytes_that_are_no_text_can_be_written() -> None:
    samples: Samples = {series(f"{ROTATION}_slot_failed", "a", slot="s \udc80"): 1}

    assert read_text(to_text(samples).encode().decode()) == samples


def test_a_metric_that_has_no_help_is_none() -> None:
    with pytest.raises(KeyError):
        series("cloudkeys_audit_other", "a")


def test_no_file_and_an_empty_one_tell_nothing() -> None:
    assert read_text("") == {}


def test_what_a_newer_release_has_is_left_out() -> None:
    assert read_text(f'{HEADER}\ncloudkeys_audit_of_tomorrow{{account="a"}} 1\n') == {}


@pytest.mark.parametrize(
    "text",
    [
        "node_load1 1\n",
        f"{HEADER}\nnode_load1 1\n",
        f'{HEADER}\ncloudkeys_audit_keys{{account="a"}} 1',
        f'{HEADER}\ncloudkeys_audit_keys{{account="a"}} 1 1780000000\n',
        f'{HEADER}\ncloudkeys_audit_keys{{account="a"b}} 1\n',
        f"{HEADER}\ncloudkeys_audit_keys 1\n",
        f"{HEADER}\n\n",
        f'{HEADER}\ncloudkeys_audit_keys{{account="a"}} {"1" * 5000}\n',
    ],
    ids=lambda text: text[-60:],
)
def test_anything_else_is_not_ours(text: str) -> None:
    with pytest.raises(NotOurs):
        read_text(text)
