# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts as somebody might write them into the name of a key: pieces that some reader takes for more than text."""

from __future__ import annotations

from hypothesis import strategies as st

TEMPLATES = (
    *("{{", "}}", "{%", "%}", "{#", "#}", "[[", "]]", "${", "<%", "%>", "##", "{{ 1 + 1 }}", "{% raw %}", "{{{"),
    *("#jinja2:", "#jinja2: ", "variable_start_string:'[' '['", "variable_end_string:']' ']'", ",", "[[ 7 * 6 ]]"),
    "#jinja2:variable_start_string:'[' '[',variable_end_string:']' ']',keep_trailing_newline:'[[ 7 * 6 ]]' ",
    *("block_start_string:'<' '%'", "{{ lookup('env', 'HOME') }}", "!unsafe ", "!vault ", "omit"),
)
YAML_MARKS = (
    *(
        "\n- ",
        "\n  key: ",
        ": ",
        " #",
        "---\n",
        "...\n",
        "'",
        '"',
        "\\",
        "\\n",
        "\\x41",
        "&a ",
        "*a",
        "!!python/name:os ",
    ),
    *(
        "yes",
        "null",
        "~",
        "012",
        "1e3",
        "0x1",
        ".inf",
        "2026-01-31",
        "1:30",
        "<<",
        "=",
        "|\n",
        ">\n",
        "@",
        "`",
        "%YAML",
    ),
)
TERMINAL = (
    *("\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\x9d0;title\x9c", "\x08", "\r", "\n", "\t", "\x00", "\x7f", "\x85"),
    *("\u2028", "\u2029", "\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\u202d", "\u2066", "\u2067", "\u2069"),
    *("\u061c", "\u115f", "\u3164", "\uffa0", "\u2800", "\u00ad", "\ufff9", "\U000e0041", "\U000e0101", "\U000fffff"),
)
MARKUP = (
    *("`", "``", "```\n", "~~~", "|", "\\|", "||", "@team", "#12", "GH-7", "a/b#1", "https://example.com", "www.a.com"),
    *("a@example.com", "[x](https://a.b)", "![x](a.png)", "[x][y]", "[^1]", "<b>", "<!--", "-->", "&lt;", "&#64;"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td>", "</pre>", "<svg onload=alert(1)>", "]]>"),
    *(
        "# ",
        "- ",
        "1. ",
        "> ",
        "    ",
        "***",
        "~~",
        "__",
        "$$",
        ":tada:",
        "\n\n",
        "| a | b |\n|---|---|\n",
        "<https://a.b>",
    ),
)
SHEETS = ("=cmd|' /C calc'!A0", "=", "+", "-", "@", "\uff1d1", ";=1+1", ',"=1', '";"=1', '"', "'", ";", ",", " ;\t=1")
COMMITS = ("[skip ci]", "[CI SKIP]", "Signed-off-by: a <a@b.c>", "Co-authored-by: ", "Fixes #1", "fixes GH-2", "--all")
WORDS = ("deploy", "Schlüssel", "東京", "ключ", "مفتاح", "👩‍💻", "é", "e\u0301", " ", "  ", "x")

PIECES = (*TEMPLATES, *YAML_MARKS, *TERMINAL, *MARKUP, *SHEETS, *COMMITS, *WORDS)
# What a file can hold.
TEXTS = st.one_of(
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
# What a program may hold as well.
ANY_TEXTS = st.one_of(TEXTS, st.text(st.characters(), max_size=8), st.just("half \ud800 a pair"))
