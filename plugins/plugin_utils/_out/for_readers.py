# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doors to Markdown, spreadsheets and the history of a repository: names from the cloud are shown, never obeyed.

Each spells out what its reader would take for more than text, like `shown` does; a page escapes with Jinja (page.py).
"""

from __future__ import annotations

import re

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown

# What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards included. A cell may
# begin in the middle of ours: in some countries a semicolon separates.
_FORMULA = re.compile("(?:^|(?<=[;,]))(?=[ \"']*[=+@\uff1d\uff0b\uff0d\uff20-])")
# Ends a span of code or the cell that it is in; and templates, which makers of sites look for in code as well.
_IN_CODE = re.compile("[`|]|{(?=[{%#])")
# Order to skip a pipeline, mention, or reference to something that a commit may close.
_ORDERS = re.compile(r"[\[\]@#]|(?<=:)/(?=/)|(?i:(?<=\bgh)-(?=[0-9]))")


def for_markdown(text: str) -> str:
    """A span of code, also in a cell of a table.

    Only there neither markup nor mention, reference or address is looked for: an escaped `@` still calls somebody.
    """
    return f"`{_spelled(_IN_CODE, shown(text))}`" if text else ""


def for_csv(text: str) -> str:
    """A cell that a spreadsheet shows as it is (OWASP, "CSV injection")."""
    return _FORMULA.sub("'", shown(text))


def for_commit(text: str) -> str:
    """A part of a line in the message of a commit."""
    return _spelled(_ORDERS, shown(" ".join(text.split())))


def _spelled(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
