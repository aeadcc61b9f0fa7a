# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy the checkout to where Ansible's own tools look for a collection.

ansible-test wants a real folder `.../ansible_collections/NAMESPACE/NAME` and asks Git what is in it,
so a link to the checkout is refused, and a copy below an ignored folder looks empty until it is a
repository of its own.

    python tests/tools/tree.py .build/tree/lint      copies, and prints the folder of the collection
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = Path("ansible_collections/cloudkeys/ibmcloud")


def copy_checkout(destination: Path) -> Path:
    """Copy what Git tracks or would track, and return the folder of the collection."""
    collection = destination / COLLECTION
    shutil.rmtree(destination, ignore_errors=True)
    collection.mkdir(parents=True)
    for name in _files_of_the_checkout():
        source, target = CHECKOUT / name, collection / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    _git("init", "--quiet", ".", folder=collection)
    _git("add", "--all", ".", folder=collection)
    return collection


def tracked_files() -> list[str]:
    """The names of the files that Git tracks."""
    return _listed("--cached")


def _files_of_the_checkout() -> list[str]:
    return _listed("--cached", "--others", "--exclude-standard")


def _listed(*which: str) -> list[str]:
    listed = _git("ls-files", "-z", *which, folder=CHECKOUT)
    return [name for name in listed.split("\0") if name]


def _git(*arguments: str, folder: Path) -> str:
    answer = subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return answer.stdout


if __name__ == "__main__":
    print(copy_checkout(Path(sys.argv[1]).resolve()))
