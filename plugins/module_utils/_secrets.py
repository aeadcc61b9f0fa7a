# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that knows how each ansible-core masks a secret, and what is secret in this process.

ansible-core 2.19 to 2.22 print failure messages in clear even under `no_log` (ansible/ansible#85696), so nothing
secret may be in a message that leaves us: `protect` is told every secret, `scrub` takes them out of a text.
"""

from __future__ import annotations

import json
import threading
import typing as t
from urllib.parse import quote

from ansible.module_utils.common.parameters import remove_values

try:
    from ansible.module_utils.secrets import register_secret  # ansible-core 2.22 and newer
except ImportError:
    register_secret = None

MASK = "********"
# With so few secrets it is faster to look for each of them in the whole text first: an account has 40,000 keys to show.
FEW = 64
SHORTEST_SECRET = 6

# The forms of texts by their first characters, the longest first: a run may know thousands of them.
Forms = dict[str, list[str]]

_lock = threading.Lock()
_known: set[str] = set()
_forms: Forms = {}
# Those of `_forms`, and of what was concealed.
_all_known: set[str] = set()
_all_forms: Forms = {}


def protect(secret: str) -> None:
    """Remember a secret, so that no text leaves this process with it."""
    if len(secret) < SHORTEST_SECRET or secret in _known:
        return
    with _lock:
        _remember(secret, _known, _forms)
        _remember(secret, _all_known, _all_forms)
    if register_secret is not None:
        register_secret(secret)


def conceal(text: str) -> None:
    """Remember what nobody may see, though a result may hold it: an ID that was vaulted, what may be a lost secret.

    `scrub` takes it out of a line; a result that has it is hidden as a whole, so that `register` keeps it.
    """
    if len(text) < SHORTEST_SECRET or text in _all_known:
        return
    with _lock:
        _remember(text, _all_known, _all_forms)


def _remember(text: str, known: set[str], forms: Forms) -> None:
    known.add(text)
    for form in sorted({text, json.dumps(text)[1:-1], quote(text, safe="")}):
        start = form[:SHORTEST_SECRET]
        # A new list each time: another thread may be looking at the old one.
        forms[start] = sorted({*forms.get(start, []), form}, key=len, reverse=True)


def scrub(text: str) -> str:
    """Take every secret out of a text, also where it was quoted for JSON or a URL, and what was concealed."""
    return _without(text, _all_forms)


def _without(text: str, forms: Forms) -> str:
    if len(forms) <= FEW and not any(start in text for start in tuple(forms)):
        return text
    parts: list[str] = []
    taken = at = 0
    while at + SHORTEST_SECRET <= len(text):
        alike = forms.get(text[at : at + SHORTEST_SECRET], ())
        found = next((form for form in alike if text.startswith(form, at)), None)
        if found is None:
            at += 1
            continue
        parts += [text[taken:at], MASK]
        taken = at = at + len(found)
    return "".join([*parts, text[taken:]])


def scrub_all(value: t.Any) -> t.Any:
    """Take every secret out of the strings of a JSON-like value; what is no JSON becomes a string.

    What was concealed stays, because a result is for `register`: whoever shows it looks for that with `scrub`.
    """
    return value if _is_free_of(value, tuple(_forms)) else _scrub_each(value, _forms)


def scrub_words(value: t.Any) -> t.Any:
    """`scrub` for the strings of a JSON-like value."""
    return value if _is_free_of(value, tuple(_all_forms)) else _scrub_each(value, _all_forms)


def _is_free_of(value: t.Any, words: t.Sequence[str]) -> bool:
    """Whether a JSON value holds none of these words, seen from its text as a whole; False when that is not certain.

    An account has 40,000 keys to show, and most results hold no secret at all.
    """
    if len(words) > FEW or any(len(word) < SHORTEST_SECRET or json.dumps(word)[1:-1] != word for word in words):
        return False
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        return False
    return not any(word in text for word in words)


def _scrub_each(value: t.Any, forms: Forms) -> t.Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {_scrub_each(name, forms): _scrub_each(member, forms) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrub_each(member, forms) for member in value]
    return _without(str(value), forms)


def without_no_log_values(result: t.Any, no_log_values: t.Iterable[str]) -> t.Any:
    """Mask the values of options that are marked as secret, as a module's result is masked by Ansible itself."""
    # Delete this when meta/runtime.yml says >= 2.22: that masks by itself, and warns when it is asked to.
    words = tuple(no_log_values)
    return result if register_secret is not None or _is_free_of(result, words) else remove_values(result, words)
