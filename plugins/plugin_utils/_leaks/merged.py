# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the accounts of a leak run have found, in one answer. Pure.

Items are told apart by where they were given, and by id or fingerprint, because accounts may be asked about different
ones; never by value.
"""

from __future__ import annotations

import typing as t

Entry = dict[str, t.Any]

WORST_FIRST = ("alive", "unknown", "not_found", "dead")


def merged(accounts: t.Sequence[Entry]) -> list[Entry]:
    """One verdict for each item; a value belongs to at most one account."""
    asked = [account for account in accounts if not account.get("problem")]
    silent = [account for account in accounts if account.get("problem")]
    by_item: dict[tuple[int, str, str], list[tuple[str, Entry]]] = {}
    for account in asked:
        for entry in account["leaked"]:
            by_item.setdefault(_item_of(entry), []).append((_name(account), entry))
    for account in silent:
        for entry in account.get("leaked") or []:
            if entry["is_of_this_account"]:
                open_ = {
                    **entry,
                    "verdict": "unknown",
                    "how": account["problem"],
                    "command": None,
                    "tokens_end_at": None,
                }
                by_item.setdefault(_item_of(entry), []).append((_name(account), open_))
    verdicts = [_of_item(by_item[item], silent) for item in sorted(by_item)]
    return verdicts or _nothing_known(silent)


def _item_of(entry: Entry) -> tuple[int, str, str]:
    return entry["number"], entry["place"], str(entry.get("item"))


def _of_item(told: list[tuple[str, Entry]], silent: t.Sequence[Entry]) -> Entry:
    own = [(name, entry) for name, entry in told if entry["is_of_this_account"]]
    noted = [(name, entry) for name, entry in told if entry["verdict"] == "dead"]
    if own or noted:
        name, entry = (own or noted)[0]
        return {**entry, "account": name}
    for verdict in ("alive", "unknown"):
        for _name_of_host, entry in told:
            if entry["verdict"] == verdict:
                return {**entry, "account": None}
    entry = {**told[0][1], "account": None}
    where = f"not found in {', '.join(dict.fromkeys(name for name, _entry in told))}"
    if silent:
        why = "; ".join(f"{account['name']} could not be asked: {account['problem']}" for account in silent)
        return {**entry, "verdict": "unknown", "how": f"{where}; {why}"}
    return {
        **entry,
        "verdict": "not_found",
        "how": f"{where}: mistyped or cut, of another account, or deleted before, by an earlier run maybe",
    }


def _nothing_known(silent: t.Sequence[Entry]) -> list[Entry]:
    """No account was asked, so nobody knows anything of any item."""
    return [
        {
            **dict.fromkeys(
                ("id", "name", "owner", "iam_id", "account_id", "command", "tokens_end_at", "rotation_marker")
            ),
            "number": number,
            "place": "all that was named",
            "account": account["name"],
            "verdict": "unknown",
            "how": account["problem"],
        }
        for number, account in enumerate(silent)
    ]


def _name(account: Entry) -> str:
    return str(account.get("account_id") or account["name"])


def problems(accounts: t.Sequence[Entry]) -> list[str]:
    """What was given and can be no key; and accounts that told nothing."""
    told = [problem for account in accounts for problem in account.get("problems") or []]
    silent = [
        f"{account['name']} could not be asked: {account['problem']}" for account in accounts if account.get("problem")
    ]
    return list(dict.fromkeys([*told, *silent]))


def nothing_in(accounts: t.Sequence[Entry]) -> list[str]:
    """The lines in which no account has found anything."""
    asked = [account.get("nothing_in") or [] for account in accounts if not account.get("problem")]
    return [line for line in (asked[0] if asked else []) if all(line in lines for lines in asked)]


def line_of(entry: Entry) -> str:
    """One line for the person on call."""
    key = f" {entry['id']}" if entry["id"] else ""
    name = f" ({entry['name']})" if entry["name"] else ""
    owner = entry["owner"] or {}
    of = f" of {owner.get('name') or owner.get('email') or entry['iam_id']}" if entry["iam_id"] else ""
    account = f" in account {entry['account_id']}" if entry["account_id"] else ""
    tokens = f"; the last token of it ends by {entry['tokens_end_at']}" if entry["tokens_end_at"] else ""
    command = f". To end it: {entry['command']}" if entry["command"] else ""
    verdict = entry["verdict"].upper().replace("_", " ")
    known = f"{key}{name}{of}{account}:" if key or name or of or account else ""
    return f"{verdict}: {entry['place']}:{known} {entry['how']}{tokens}{command}"
