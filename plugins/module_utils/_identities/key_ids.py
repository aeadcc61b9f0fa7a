# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of key ids as people write them into a survey."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import API_KEY

# Without the prefix it may be a value in the wrong place, or what a template makes of nothing.
ID = re.compile(rf"{API_KEY}[A-Za-z0-9_-]+")


def check_key_ids(option: str, ids: t.Iterable[str]) -> None:
    """Raise TaskRefused when an entry is no single id: it would match no key, and nobody would notice.

    Ansible parts a text at its commas only, so lines come as one entry, and a list in JSON with its brackets.
    The entry is not quoted, because it may be a value in the wrong place.
    """
    for number, key_id in enumerate(ids, 1):
        if not ID.fullmatch(key_id):
            raise TaskRefused(
                f"entry {number} of `{option}` is not the id of one API key. Nothing was changed; give a list with one "
                "id in each entry, or a text with commas between them, such as ApiKey-1,ApiKey-2"
            )
