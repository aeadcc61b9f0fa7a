# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows `next` until there is none."""

from __future__ import annotations

import contextlib
import typing as t
from urllib.parse import parse_qs, urlsplit

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import SendRequest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Invalid,
    ListBrokenOff,
    NotFound,
    NotUnderstood,
)

LARGEST_PAGE = 100
MOST_PAGES = 10_000

Told = t.TypeVar("Told")
Spoiled = t.Callable[[NotUnderstood], None]


def each_entry(
    send: SendRequest, path: str, member: str, query: dict[str, t.Any], action: str
) -> t.Iterator[dict[str, t.Any]]:
    """Read a list to its end, one by one: no page is kept.

    The original parameters go along with each page token, as IBM's own pagers do (iam-facts.md 2.1).
    """
    asked = {**{name: value for name, value in query.items() if value is not None}, "pagesize": LARGEST_PAGE}
    seen: set[str] = set()
    # A list that changes while it is read may have an entry on two pages.
    listed: set[str] = set()
    for _number in range(MOST_PAGES):
        with _refused_after_the_first("pagetoken" not in asked):
            body = send("GET", path, action, query=asked).body
        page = body.get(member) if isinstance(body, dict) else None
        if not isinstance(page, list):
            raise NotUnderstood(f"the answer to {action} holds no list of {member}")
        for entry in page:
            entry_id = entry.get("id") if isinstance(entry, dict) else None
            if not isinstance(entry_id, str):
                yield entry
            elif entry_id not in listed:
                listed.add(entry_id)
                yield entry
        page_token = _page_token(body.get("next"), action)
        if page_token is None:
            return
        if page_token in seen:
            break
        seen.add(page_token)
        asked = {**asked, "pagetoken": page_token}
    raise NotUnderstood(f"the list of {member} does not end: IBM Cloud IAM names the same page again")


@contextlib.contextmanager
def _refused_after_the_first(is_first: bool) -> t.Iterator[None]:
    """Around a page; raises ListBrokenOff when it is a later one that IAM refuses as if there were no list."""
    try:
        yield
    except (Invalid, NotFound) as error:
        if is_first:
            raise
        raise ListBrokenOff(
            f"{error}; the pages before this one were given, so it says nothing of whose list it is: run again",
            transaction_id=error.transaction_id,
        ) from None


def _page_token(next_url: t.Any, action: str) -> str | None:
    """None at the end; without a token in it an address is the end too, as for IBM's own pagers."""
    if next_url in (None, ""):
        return None
    try:
        tokens = parse_qs(urlsplit(forms.text(next_url)).query).get("pagetoken")
    except ValueError:
        # A list that is taken for shorter than it is would lead to new keys.
        raise NotUnderstood(f"the answer to {action} tells in no known form whether another page follows") from None
    return tokens[0] if tokens else None


def each_understood(
    entries: t.Iterable[t.Any], read: t.Callable[[t.Any], Told], spoiled: Spoiled | None
) -> t.Iterator[Told]:
    """What `read` makes of each entry; what it does not understand goes to `spoiled`, or ends all without one."""
    for entry in entries:
        try:
            told = read(entry)
        except NotUnderstood as error:
            if spoiled is None:
                raise
            spoiled(error)
        else:
            yield told
