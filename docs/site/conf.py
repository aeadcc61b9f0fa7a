# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings of the documentation site; `make docs` builds it with tests/tools/docs_site.py, which gathers the pages."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

project = "cloudkeys.ibmcloud"
author = "The cloudkeys authors"
project_copyright = "2026, The cloudkeys authors"
language = "en"

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
nitpicky = True
# The few pages of Ansible's own documentation that are linked to, so that building needs no network.
intersphinx_mapping = {
    "ansible": (
        "https://docs.ansible.com/ansible/latest/",
        str(Path(__file__).resolve().parents[2] / ".build/docs/ansible.inv"),
    )
}

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
highlight_language = "YAML+Jinja"
# site.css has the colours of the generated pages, for light and dark.
antsibull_ext_color_scheme = "none"

html_theme = "furo"
html_title = "cloudkeys.ibmcloud"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "source_repository": "https://github.com/cloudkeys/ibmcloud/",
    "top_of_page_buttons": [],
}

# What the generated pages have and furo has by itself: a list of the headings; and names in the menu, not sentences.
CONTENTS = re.compile(r"^\.\. contents::\n(?: +\S.*\n)+", re.MULTILINE)
ENTRY = re.compile(r"^    ((\w+?)_(module|lookup|role))$", re.MULTILINE)


def suit_the_theme(_app: t.Any, page: str, text: list[str]) -> None:
    """Make what antsibull-docs wrote for Ansible's theme fit this one."""
    if page.startswith("reference/"):
        text[0] = CONTENTS.sub("", text[0])
    if page == "reference/index":
        text[0] = ENTRY.sub(r"    \2 <\1>", text[0]).replace(
            "Cloudkeys.Ibmcloud\n==================", "Modules, lookups and roles\n=========================="
        )


def setup(app: t.Any) -> None:
    app.connect("source-read", suit_the_theme)
