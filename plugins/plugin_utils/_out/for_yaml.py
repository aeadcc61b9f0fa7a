# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door to YAML that Ansible reads: a text comes back as exactly that text, and no core runs it as a template."""

from __future__ import annotations

import functools
import json
import re
import typing as t

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import is_seen

STR_TAG = "tag:yaml.org,2002:str"
_RESOLVER: t.Any = yaml.resolver.Resolver()
# Not a list of what begins a template, which a header in the text or the next ansible-core can change, but of what is
# no part of such marks: of ASCII, braces, brackets, `<>#%$`, backslash, backtick and control characters are not here.
_NO_TEMPLATE = re.compile(r"""[\w\t\n .,:;@/+=()'"!?&*|~^\x80-\U0010ffff-]*""")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*")
_EASY = re.compile(r"[ !\"#-&(-\[\]-~]*")
# YAML 1.1 tools other than PyYAML read these as booleans.
_MISREAD_ELSEWHERE = frozenset({"y", "n"})


def may_be_template(text: str) -> bool:
    """Tell whether Ansible might run this as a template if it stood there in clear; with doubt yes.

    What YAML has another meaning for is none (`<<`), and behind `!unsafe` newer cores would take it for that.
    """
    return not _NO_TEMPLATE.fullmatch(text) and implied_tag(text) == STR_TAG


def clear_text(text: str, always_quote: bool = False) -> str:
    """A string in clear, so written that nothing takes it for something else."""
    if may_be_template(text):
        return f"!unsafe {quote(text)}"
    return quote(text) if always_quote else key_text(text)


def key_text(text: str) -> str:
    """Without quotes where no YAML reader can misread it."""
    if _PLAIN.fullmatch(text) and text.lower() not in _MISREAD_ELSEWHERE and implied_tag(text) == STR_TAG:
        return text
    # The name of a record with a path is JSON, and stays readable so.
    return f"'{text}'" if '"' in text and _EASY.fullmatch(text) else quote(text)


# The names in a file are looked at many times, before a change and after it.
@functools.lru_cache(maxsize=8192)
def implied_tag(text: str) -> str:
    """What YAML takes a text without quotes for."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)))


def quote(text: str) -> str:
    """A double-quoted YAML string on one line; what cannot be seen in it is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if is_seen(quoted) else "".join(each if is_seen(each) else _escaped(each) for each in quoted)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
