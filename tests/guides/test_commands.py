# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of the guides, run as they stand there, show what the guides show."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import ROOT, Desk

ID_IN_EXAMPLES = "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b"


@dataclass(frozen=True)
class Command:
    text: str
    shows: tuple[str, ...]


def commands(guide: str) -> list[Command]:
    """What begins with `$` in the blocks of a guide, and the lines below it; a line may go on after a backslash."""
    text = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _end, shown = re.sub(r"\\\n +", "", part).partition("\n")
            found.append(Command(command, tuple(line for line in shown.splitlines() if line.strip())))
    return found


def missing(shows: t.Iterable[str], output: str) -> list[str]:
    """The lines that the output does not have, in this order; three dots stand for anything."""
    lines = iter(output.splitlines())
    return [line for line in shows if not any(_pattern(line).search(" ".join(shown.split())) for shown in lines)]


def _pattern(line: str) -> re.Pattern[str]:
    parts = [re.escape(" ".join(part.split())) for part in line.strip().split("...")]
    return re.compile(r"\s*.*?\s*".join(parts))


def nothing(desk: Desk) -> None:
    """The guide begins with nothing."""


def the_slot(desk: Desk) -> None:
    desk.make_slot()


def a_slot_that_is_due(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    desk.server.steer("clock", {"advance_seconds": 91 * 24 * 3600})


def a_slot_in_its_overlap(desk: Desk) -> None:
    """The published key is the one that leaks, and the key before the one to go back to."""
    desk.make_slot()
    desk.rotate()
    # As a reader tells the time; IAM tells it in whole seconds, and records round it up once more.
    time.sleep(3)
    desk.rotate("-e", "rotate_api_keys_rotate_if_older_than=$(date -u +%Y-%m-%dT%H:%M:%S+0000)")
    desk.server.make_key("loose", "own-Value-of-32-or-more-characters-0")
    leaked = desk.write("leaked-values", "a log\n+IBMCLOUD_API_KEY=own-Value-of-32-or-more-characters-0\n")
    desk.take("leaked.yml", (ID_IN_EXAMPLES, record(desk)["current"]["id"]), ("/run/leaked-values", str(leaked)))


def a_vault_file_in_git(desk: Desk) -> None:
    desk.write("group_vars/prod/vault.yml", "---\nregion: eu-de\nold_api_key: gone soon\n")
    desk.put_databases_under_the_old_password()
    desk.run("git init --quiet && git add group_vars && git commit --quiet --message 'Begin'")


def twenty_keys_in_plain_files(desk: Desk) -> None:
    desk.put_twenty_keys_into_plain_files()
    desk.take("import.yml")


def the_story_of_the_playbooks(desk: Desk) -> None:
    twenty_keys_in_plain_files(desk)
    (desk.folder / "group_vars/all").mkdir(parents=True)
    desk.write("old-password", (desk.folder / "password").read_text(encoding="utf-8"))
    desk.write("new-password", "the new vault password")


def files_under_the_old_password(desk: Desk) -> None:
    desk.put_databases_under_the_old_password()
    desk.write("host_vars/.keep", "")
    desk.write("roles/web/files/tls.key", "the key of a certificate\n")
    desk.run("ansible-vault encrypt --vault-id prod@old-password roles/web/files/tls.key 2>/dev/null")
    desk.take("rekey.yml")
    desk.run("git init --quiet && git add group_vars roles && git commit --quiet --message Begin")


def record(desk: Desk, variable: str = "deploy_api_key") -> dict[str, t.Any]:
    """What is remembered of a slot; its values stay vaulted."""
    text = (desk.folder / "group_vars/all/secrets.yml").read_text(encoding="utf-8")
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!vault", lambda _loader, node: node.value)
    records: dict[str, dict[str, t.Any]] = yaml.load(text, Loader=loader)["cloudkeys_records"]
    return records[variable]


def with_real_id(desk: Desk, text: str) -> str:
    """Three dots after ApiKey- stand for the id of the key before."""
    return text.replace("ApiKey-...", record(desk)["superseded"][0]["id"]) if "ApiKey-..." in text else text


@pytest.mark.parametrize(
    ("guide", "begin"),
    [
        ("README.md", a_slot_that_is_due),
        ("start-here.md", nothing),
        ("audit.md", the_slot),
        ("rotation-explained.md", the_slot),
        ("on-call.md", a_slot_in_its_overlap),
        ("vault-files.md", a_vault_file_in_git),
        ("vault-password.md", files_under_the_old_password),
        ("import.md", twenty_keys_in_plain_files),
        ("playbooks.md", the_story_of_the_playbooks),
    ],
)
def test_the_commands_of_a_guide_show_what_it_shows(desk: Desk, guide: str, begin: t.Callable[[Desk], None]) -> None:
    begin(desk)
    if guide == "start-here.md":
        # The reader writes it in step 4; test_guides.py compares the block with the example.
        desk.take("slots.yml")

    assert commands(guide)
    for command in commands(guide):
        output = desk.run(with_real_id(desk, command.text))
        assert missing(command.shows, output) == [], f"{command.text}\n{output}"


def test_what_is_missing_from_an_output_or_in_another_order_is_seen() -> None:
    assert missing(["one ... three", "four"], "zero\n  one two   three\nfour\n") == []
    assert missing(["four", "one"], "one\nfour\n") == ["one"]
    assert missing(["five"], "four\n") == ["five"]
