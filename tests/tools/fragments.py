# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fail when plugins/ or roles/ changed since the last release and nothing in the changelog says so.

python tests/tools/fragments.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t

from tree import CHECKOUT

CHANGES_FOR_USERS = ("plugins", "roles", "playbooks", "meta")
TELLS_USERS = ("changelogs/fragments", "changelogs/changelog.yaml")


def main() -> int:
    """Compare with the newest tag, or without one with the point where this branch left main."""
    forks = (git("merge-base", "HEAD", main).strip()[:12] for main in ("origin/main", "main"))
    base = last_release(git("tag", "--merged", "HEAD").split()) or next(filter(None, forks), "")
    if not base:
        print("Fragments: not checked; this clone knows neither a release tag nor where main is.")
        return 0
    changed = [
        *git("diff", "--name-only", base).splitlines(),
        *git("ls-files", "-o", "--exclude-standard").splitlines(),
    ]
    if untold := changes_untold(changed):
        print(f"Changed since {base} without a fragment in changelogs/fragments: {', '.join(untold)}")
        print("A change that no user can notice has a fragment too, in the section `trivial`.")
        print("Where no release has had it, correct the sentence that tells of it; docs/release.md says where that is.")
        return 1
    print(f"Fragments: what changed since {base} is told.")
    return 0


def last_release(tags: t.Iterable[str]) -> str | None:
    """The newest of the tags that name a release."""
    releases = [tag for tag in tags if re.fullmatch(r"\d+\.\d+\.\d+", tag)]
    return max(releases, key=lambda tag: [int(number) for number in tag.split(".")], default=None)


def changes_untold(changed: t.Sequence[str]) -> list[str]:
    """The changed files that a user may notice, when no note for users changed with them."""
    if any(name.startswith(TELLS_USERS) for name in changed):
        return []
    return [name for name in changed if name.split("/")[0] in CHANGES_FOR_USERS]


def git(*arguments: str) -> str:
    """What Git answers; nothing when it cannot."""
    done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
