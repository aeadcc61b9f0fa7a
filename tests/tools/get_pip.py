# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give ansible-test its pip from the package index.

Otherwise it downloads a script from a server of its own, which a machine behind a mirror cannot reach.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path.home() / ".ansible" / "test" / "cache"

# What ansible-test runs in place of the script that it would download: the same pip, from a wheel beside it.
GET_PIP = """\
import os, runpy, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), {wheel!r}))
arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", "--ignore-installed"] + arguments
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def seed_get_pip() -> None:
    """Put the pip that ansible-test would download into its cache, from the package index."""
    core = importlib.metadata.distribution("ansible-core")
    pins = Path(str(core.locate_file("ansible_test/_internal/python_requirements.py")))
    # The newest is for the Pythons that are in use; older cores also pin one for each Python that is not.
    version = max(re.findall(r"\bpip='([\d.]+)'", pins.read_text(encoding="utf-8")), key=_numbers)
    script = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--dest", folder]
        subprocess.run([*download, f"pip=={version}"], check=True)
        wheel = next(Path(folder).glob("pip-*.whl"))
        shutil.copy(wheel, CACHE / wheel.name)
    script.write_text(GET_PIP.format(wheel=wheel.name), encoding="utf-8")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
