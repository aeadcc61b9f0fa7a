# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the tarball for Galaxy, and prove it: what is in it, Galaxy's importer, and the demo from an installed copy.

python tests/tools/galaxy.py        the tarball is left in .build/galaxy
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from tarball import examine, with_absolute_links
from tree import CHECKOUT, copy_checkout, tracked_files

HOME = CHECKOUT / ".build" / "galaxy"
IMPORTER = CHECKOUT / ".build" / "importer"
# All that a user of an installed collection may rely on, by the rules for collections in the `ansible` package.
NEEDED = ("meta", "playbooks", "plugins", "roles")
# What does the work of the demo, and what it is given to show that this very file ran.
ENGINES = tuple(
    f"plugins/plugin_utils/{name}_task.py" for name in ("_rotation/rotation", "_audit/audit", "_leaks/leak")
)
FOOTPRINT = "\nopen(__file__ + '.ran', 'w').close()\n"
# Nothing listens there: whoever wants to download something fails.
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9") | {
    "no_proxy": "127.0.0.1,localhost",
    "NO_PROXY": "127.0.0.1,localhost",
}


class Broken(Exception):
    """A check that failed, with what there is to say about it."""


def main() -> int:
    """Run all checks, the later ones only when the earlier ones hold; 1 when one failed."""
    shutil.rmtree(HOME, ignore_errors=True)
    passed = 0
    try:
        tarball = build()
        for check in (holds_what_it_should, pleases_the_importer, works_when_installed):
            print(f"== {check.__name__.replace('_', ' ')}", flush=True)
            check(tarball)
            passed += 1
    except Broken as reason:
        print(f"{reason}\ngalaxy: {passed} passed, 1 failed")
        return 1
    print(f"{tarball.relative_to(CHECKOUT)} is ready\ngalaxy: {passed} passed, 0 failed")
    return 0


def build() -> Path:
    """Build the tarball from a clean copy, whose pages link to the repository where Galaxy cannot follow."""
    tree = copy_checkout(HOME / "tree")
    about = yaml.safe_load((tree / "galaxy.yml").read_text(encoding="utf-8"))
    run("ansible-galaxy", "collection", "build", "--output-path", str(HOME / "first"), cwd=tree)
    names = names_in(next((HOME / "first").glob("*.tar.gz")))
    for page in sorted(name for name in names if name.endswith(".md")):
        text = (tree / page).read_text(encoding="utf-8")
        linked = with_absolute_links(page, text, names, about["repository"], about["version"])
        (tree / page).write_text(linked, encoding="utf-8")
    run("ansible-galaxy", "collection", "build", "--output-path", str(HOME), cwd=tree)
    return next(HOME.glob("*.tar.gz"))


def names_in(tarball: Path) -> set[str]:
    """The names of the files in a tarball."""
    return set(run("tar", "--list", "--file", str(tarball)).split("\n"))


def holds_what_it_should(tarball: Path) -> None:
    """Compare the tarball with the rule in tarball.py."""
    if findings := list(examine(tarball, tracked_files())):
        raise Broken("\n".join(findings))


def pleases_the_importer(tarball: Path) -> None:
    """Run what Galaxy and Automation Hub run on an upload, as strictly as certification wants it."""
    settings = {"CHECK_REQUIRED_TAGS": "true", "REQUIRE_V1_OR_GREATER": "true", "ANSIBLE_LOCAL_TMP": str(HOME / "tmp")}
    environ = {
        **without_the_checkout(),
        **NO_NETWORK,
        **{f"GALAXY_IMPORTER_{name}": value for name, value in settings.items()},
        "PATH": f"{IMPORTER / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_HOME": str(HOME / "home"),
    }
    importer = str(IMPORTER / "bin" / "python")
    said = run(importer, "-m", "galaxy_importer.main", str(tarball), cwd=HOME, environ=environ)
    print("\n".join(line for line in said.splitlines() if not line.startswith("Loading ")), flush=True)
    if complaints := complaints_in(said):
        raise Broken("the importer is not content:\n" + "\n".join(complaints))


def complaints_in(said: str) -> list[str]:
    """What the importer's output has against the tarball."""
    complaints = [line for line in said.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    if "Importer processing completed successfully" not in said:
        complaints.append("it does not say that it completed successfully")
    return complaints


def works_when_installed(tarball: Path) -> None:
    """Install the tarball, take away all that is not needed, and run the demo and an audit with what is left."""
    collections = HOME / "installed"
    environ = {
        **without_the_checkout(),
        **NO_NETWORK,
        "ANSIBLE_HOME": str(HOME / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "PYTHONPATH": f"{collections}{os.pathsep}{CHECKOUT / 'tests/emulator'}",
    }
    galaxy = ("ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(collections))
    run(*galaxy, str(tarball), environ=environ)
    copy = collections / "ansible_collections/cloudkeys/ibmcloud"
    for path in copy.iterdir():
        if path.name not in NEEDED:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for engine in ENGINES:
        with (copy / engine).open("a", encoding="utf-8") as source:
            source.write(FOOTPRINT)
    print(run(sys.executable, str(CHECKOUT / "tests/demo/run.py"), str(HOME / "demo"), environ=environ), flush=True)
    run(sys.executable, str(CHECKOUT / "tests/demo/report.py"), str(HOME / "report"), environ=environ)
    prove_that_it_ran(copy, environ)


def prove_that_it_ran(copy: Path, environ: dict[str, str]) -> None:
    """Nothing but this copy may have been at work: Ansible finds the modules there, and it was run."""
    listed = run("ansible-doc", "--list_files", "--type", "module", "cloudkeys.ibmcloud", environ=environ)
    elsewhere = [line for line in listed.splitlines() if f" {copy}/" not in line]
    if elsewhere or not listed:
        raise Broken("Ansible finds modules somewhere else:\n" + "\n".join(elsewhere))
    for engine in ENGINES:
        if not (copy / f"{engine}.ran").exists():
            raise Broken(f"the installed {engine} did not run")


def without_the_checkout() -> dict[str, str]:
    """The caller's environment without all that leads Ansible or Python to the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    return {name: value for name, value in kept.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def run(*command: str, **how: t.Any) -> str:
    """Run a command and return what it printed; what it printed is the reason when it fails."""
    environ, folder = how.get("environ"), how.get("cwd", CHECKOUT)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Broken(f"{done.stdout}\n{' '.join(command)} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
