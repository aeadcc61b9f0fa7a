# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that knows how each ansible-core masks a secret, and what is secret in this process.

ansible-core 2.19 to 2.22 print failure messages in clear even under `no_log` (ansible/ansible#85696), so nothing
secret may be in a message that leaves us: `protect` is told every secret, `scrub` takes them out of a text.
"""

from __future__ import annotations

import json
import re
import threading
import typing as t
from urllib.parse import quote

from ansible.module_utils.common.parameters import remove_values

try:
    from ansible.module_utils.secrets import register_secret  # ansible-core 2.22 and newer
except ImportError:
    register_secret = None

MASK = "********"
# With so few it is faster to look for each of them in the whole text first: an account has 40,000 keys to show.
FEW = 64
SHORTEST_SECRET = 6
# The value of a key is a word of so many of these signs, and a run may know thousands: they can only be in words as
# long. The id of a key is shorter by one.
LONG = 44
_LONG_WORD = re.compile(f"[A-Za-z0-9_-]{{{LONG},}}")

# The forms of texts by their first characters, the longest first: a run may know thousands of them.
Forms = dict[str, list[str]]


class _Texts:
    """Texts to look for, in all their forms; `odd` and `words` are how the forms begin that are no long words, and are.

    `unsure` are forms that look different in JSON, where they are not among the forms as they look there.
    """

    def __init__(self, known: t.Iterable[str] = ()) -> None:
        self.known: set[str] = set()
        self.forms: Forms = {}
        self.odd: set[str] = set()
        self.words: set[str] = set()
        self.unsure: set[str] = set()
        for text in known:
            self.known.add(text)
            self._add_forms({text})

    def remember(self, text: str) -> None:
        """Look for this text from now on, also as JSON and as a part of a URL."""
        self.known.add(text)
        self._add_forms({text, json.dumps(text)[1:-1], quote(text, safe="")})

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]  # a test begins anew

    def _add_forms(self, forms: set[str]) -> None:
        for form in sorted(forms):
            start = form[:SHORTEST_SECRET]
            # A new list each time: another thread may be looking at the old one.
            self.forms[start] = sorted({*self.forms.get(start, []), form}, key=len, reverse=True)
            (self.words if _LONG_WORD.fullmatch(form) else self.odd).add(start)
            if json.dumps(form)[1:-1] not in forms:
                self.unsure.add(form)

    def may_be_in(self, text: str) -> bool:
        """Whether one of the texts may be in this one; the time for that grows with this text alone."""
        if len(self.odd) > FEW or any(start in text for start in tuple(self.odd)):
            return True
        if len(self.words) <= FEW:
            return any(start in text for start in tuple(self.words))
        return any(
            text[at : at + SHORTEST_SECRET] in self.words
            for word in _LONG_WORD.finditer(text)
            for at in range(word.start(), word.end() - LONG + 1)
        )


_lock = threading.Lock()
_secret = _Texts()
# Those, and what was concealed.
_hidden = _Texts()


def protect(secret: str) -> None:
    """Remember a secret, so that no text leaves this process with it."""
    if len(secret) < SHORTEST_SECRET or secret in _secret.known:
        return
    with _lock:
        _secret.remember(secret)
        _hidden.remember(secret)
    if register_secret is not None:
        register_secret(secret)


def conceal(text: str) -> None:
    """Remember what nobody may see, though a result may hold it: an ID that was vaulted, what may be a lost secret.

    `scrub` takes it out of a line; a result that has it is hidden as a whole, so that `register` keeps it.
    """
    if len(text) < SHORTEST_SECRET or text in _hidden.known:
        return
    with _lock:
        _hidden.remember(text)


def scrub(text: str) -> str:
    """Take every secret out of a text, also where it was quoted for JSON or a URL, and what was concealed."""
    return _without(text, _hidden)


def _without(text: str, texts: _Texts) -> str:
    if not texts.may_be_in(text):
        return text
    forms = texts.forms
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
    return value if _is_free(value, _secret) else _scrub_each(value, _secret)


def scrub_words(value: t.Any) -> t.Any:
    """`scrub` for the strings of a JSON-like value."""
    return value if _is_free(value, _hidden) else _scrub_each(value, _hidden)


def is_free_of_all(value: t.Any) -> bool:
    """Whether a JSON value holds certainly nothing that `scrub` would take out of its texts; False with doubt."""
    return _is_free(value, _hidden)


def _is_free(value: t.Any, texts: _Texts) -> bool:
    """Whether a JSON value holds none of these, seen from its text as a whole; False when that is not certain.

    An account has 40,000 keys to show, and most results hold no secret at all.
    """
    if texts.unsure:
        return False
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        return False
    return not texts.may_be_in(text)


def _is_free_of(value: t.Any, words: t.Sequence[str]) -> bool:
    return all(len(word) >= SHORTEST_SECRET for word in words) and _is_free(value, _Texts(words))


def _scrub_each(value: t.Any, texts: _Texts) -> t.Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {_scrub_each(name, texts): _scrub_each(member, texts) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrub_each(member, texts) for member in value]
    return _without(str(value), texts)


def without_no_log_values(result: t.Any, no_log_values: t.Iterable[str]) -> t.Any:
    """Mask the values of options that are marked as secret, as a module's result is masked by Ansible itself."""
    # Delete this when meta/runtime.yml says >= 2.22: that masks by itself, and warns when it is asked to.
    words = tuple(no_log_values)
    return result if register_secret is not None or _is_free_of(result, words) else remove_values(result, words)
