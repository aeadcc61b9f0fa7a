# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the documentation site below .build/docs; a warning is an error.

    python tests/tools/docs_site.py      the site is .build/docs/html

The guides are the Markdown files of docs/, whose links lead through the repository. On the site a link to another guide
stays one, a link to a plugin or a role leads to its page in the reference, and any other to the repository. The page of
the playbooks becomes one for each of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build/docs"
SOURCE = BUILD / "source"
REPOSITORY = "https://github.com/cloudkeys/ibmcloud"
COLLECTION = "cloudkeys.ibmcloud"
PLAYBOOKS = "docs/playbooks.md"
LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")

# Headings of the menu, and the pages below them in the order of reading. A page that is missing here fails the build.
MENU = {
    "Guides": [
        "start-here",
        "import",
        "playbooks",
        "rotation-explained",
        "hand-over",
        "vault-files",
        "vault-password",
        "awx",
        "many-accounts",
        "from-the-cli",
    ],
    "Safety": ["security-model", "audit", "history", "metrics", "on-call", "messages", "not-tried"],
    "Reference": ["reference/index", "benchmarks", "CHANGELOG"],
    "Inside": ["CONTRIBUTING", "architecture", "iam-facts", "decisions/index", "release"],
}
# Labels of Ansible's own documentation that the generated pages use.
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_collections.ansible.builtin.set_stats_module": "collections/ansible/builtin/set_stats_module.html",
    "ansible_collections.ansible.builtin.uri_module": "collections/ansible/builtin/uri_module.html",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}


def pages(root: Path = ROOT) -> dict[str, str]:
    """Which file of the repository is which page of the site, both without the ending `.md` of the page."""
    guides = {f"docs/{path.name}": path.stem for path in (root / "docs").glob("*.md")}
    decisions = {f"docs/decisions/{path.name}": f"decisions/{path.stem}" for path in root.glob("docs/decisions/*.md")}
    return {**guides, **decisions, "docs/README.md": "index", "docs/decisions/README.md": "decisions/index"}


def on_the_site(page: str, target: str, root: Path = ROOT, place: str | None = None) -> str:
    """Where a link of a page of the repository leads on the site; raises FileNotFoundError when it leads nowhere.

    `place` is where on the site the text with the link is, when it is not that of the page.
    """
    path, hash_sign, anchor = target.partition("#")
    if ":" in path or not (path or (page == PLAYBOOKS and anchor)):
        return target
    here = PurePosixPath(place or pages(root)[page]).parent
    named = os.path.normpath(PurePosixPath(page).parent / path) if path else page
    if not (root / named).exists():
        raise FileNotFoundError(f"{page} links to {target}, which is not there")
    if named == PLAYBOOKS and anchor:
        return os.path.relpath(f"playbooks/{anchor}.md", here)
    place = _place(named, root)
    if place is None:
        return f"{REPOSITORY}/{'tree' if (root / named).is_dir() else 'blob'}/main/{named}{hash_sign}{anchor}"
    return f"{os.path.relpath(place, here)}{hash_sign}{anchor}"


def _place(named: str, root: Path) -> str | None:
    """The file of the site's sources that stands for a file or folder of the repository, if one does."""
    path = PurePosixPath(named)
    known = pages(root).get(named) or pages(root).get(f"{named}/README.md")
    if known:
        return f"{known}.md"
    if path.parent == PurePosixPath("docs/pictures"):
        return f"pictures/{path.name}"
    if path.suffix == ".py" and str(path.parent) in {"plugins/modules", "plugins/lookup"}:
        return f"reference/{path.stem}_{path.parent.name.removesuffix('s')}.rst"
    return f"reference/{path.name}_role.rst" if path.parent == PurePosixPath("roles") else None


def translate(page: str, text: str, root: Path = ROOT, place: str | None = None) -> str:
    """A page with its links as they are on the site; what stands in a fenced block is left alone."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [LINK.sub(lambda found: on_the_site(page, found[0], root, place), part) for part in parts[::2]]
    return "".join(parts)


def playbook_pages(text: str) -> dict[str, str]:
    """The page of the playbooks, taken apart: its beginning is `playbooks`, and each section is a page."""
    begin, *sections = re.split(r"^## (?=\w+$)", text, flags=re.MULTILINE)
    parts = {f"playbooks/{name}": part for name, _end, part in (each.partition("\n") for each in sections)}
    made = {place: f"# Playbook {place.partition('/')[2]}\n{part}" for place, part in parts.items()}
    menu = "\n".join(made)
    return {"playbooks": f"{begin}\n```{{toctree}}\n:hidden:\n\n{menu}\n```\n", **made}


def gather() -> None:
    """Write the sources of the site."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    _write_reference(SOURCE / "reference")
    for page, place in pages().items():
        text = (ROOT / page).read_text(encoding="utf-8")
        for each, part in (playbook_pages(text) if page == PLAYBOOKS else {place: text}).items():
            _write(SOURCE / f"{each}.md", (translate(page, part, place=each) + _contents(each)).encode())
    shutil.copytree(ROOT / "docs/pictures", SOURCE / "pictures")
    _write(BUILD / "ansible.inv", _inventory())


def _write_reference(folder: Path) -> None:
    """Let antsibull-docs write a page for each plugin and role; it wants a folder that nobody else may write to."""
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(folder)]
    subprocess.run(["antsibull-docs", "collection", *options, COLLECTION], check=True)


def _contents(place: str) -> str:
    """The menu, which is below the first page, and the list of decisions; GitHub has no use for them."""
    if place == "decisions/index":
        return "\n```{toctree}\n:glob:\n\n0*\n```\n"
    if place != "index":
        return ""
    blocks = ("\n".join([f":caption: {name}", ":hidden:", "", *below]) for name, below in MENU.items())
    return "".join(f"\n```{{toctree}}\n{block}\n```\n" for block in blocks)


def _inventory() -> bytes:
    """What Sphinx fetches from a site to know its labels, for the few that are used."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = (f"{label} std:label -1 {address} -\n" for label, address in ANSIBLE_LABELS.items())
    return head.encode() + zlib.compress("".join(lines).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> int:
    """Gather and build, always anew: Sphinx does not repeat the warnings of a page that it has read before."""
    shutil.rmtree(BUILD, ignore_errors=True)
    gather()
    options = ["-b", "html", "-W", "--keep-going", "-n", "-q", "-j", "auto"]
    places = ["-d", BUILD / "doctrees", "-c", ROOT / "docs/site", SOURCE, BUILD / "html"]
    done = subprocess.run(["sphinx-build", *options, *map(str, places)], check=False)
    if not done.returncode:
        print(f"The site is {BUILD / 'html/index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
