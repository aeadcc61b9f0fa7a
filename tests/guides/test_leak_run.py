# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook for leaked keys is green only when every one of them is proven to be dead, over all accounts."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk
from ansible_collections.cloudkeys.ibmcloud.tests.guides.test_commands import record
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import scan

REVOKE = "ansible-playbook cloudkeys.ibmcloud.revoke_leaked --vault-id prod@prompt"
WHOSE = "ansible-playbook cloudkeys.ibmcloud.whose --vault-id prod@prompt"
SECRETS = {"file": "group_vars/all/secrets.yml"}
LOOSE = "own-Value-of-32-or-more-characters-0"
UNKNOWN = "ApiKey-00000000-0000-4000-8000-000000000000"


def revoke(desk: Desk, *options: str, red: bool = False, **answers: t.Any) -> str:
    """What a leak run shows, blanks made one; it has to be red or green as said."""
    said = " ".join([*options, f"-e '{json.dumps(answers)}'"])
    return " ".join(desk.run(f"{'! ' if red else ''}{REVOKE} {said}").split())


@pytest.mark.parametrize("slots", [[], ["-e @slots.yml"]], ids=["no slots", "slots"])
@pytest.mark.parametrize(
    ("leaked", "says"),
    [
        (LOOSE[:-1], "NOT FOUND: entry 1 of `values`"),
        (f"IBMCLOUD_API_KEY={LOOSE[:-1]}", "NOT FOUND: entry 1 of `values`"),
        ("garbage", "nothing in entry 1 of `values` could be an API key"),
        (UNKNOWN, f"NOT FOUND: entry 1 of `ids`: {UNKNOWN}"),
    ],
)
def test_what_is_not_found_is_red(desk: Desk, leaked: str, says: str, slots: list[str]) -> None:
    desk.make_slot()
    desk.server.make_key("loose", LOOSE)
    answers = {"revoke_leaked_ids": [leaked]} if leaked == UNKNOWN else {"revoke_leaked_values": [leaked]}

    shown = revoke(desk, *slots, red=True, **answers)

    assert says in shown
    assert LOOSE[:-1] not in shown
    assert desk.server.logs_in(LOOSE)


@pytest.mark.parametrize("form", ["{0}", "IBMCLOUD_API_KEY={0}"])
def test_a_key_of_no_slot_is_disabled_and_proven_dead(desk: Desk, form: str) -> None:
    desk.server.make_key("loose", LOOSE)

    shown = revoke(desk, revoke_leaked_values=[form.format(LOOSE)])

    assert "DEAD: entry 1 of `values`: ApiKey-" in shown
    assert "disabled, not deleted: belongs to no slot; the last token of it ends by " in shown
    assert not desk.server.logs_in(LOOSE)


def test_a_key_of_no_slot_is_deleted_when_that_is_asked_for_and_a_second_run_remembers(desk: Desk) -> None:
    desk.server.make_key("loose", LOOSE)
    (desk.folder / "incidents").mkdir()
    answers = {"revoke_leaked_values": LOOSE, "revoke_leaked_folder": "incidents", "revoke_leaked_delete": True}

    assert "(loose) of First User in account" in revoke(desk, **answers)
    assert "deleted since the run of 20" in revoke(desk, **answers)
    shown = revoke(desk, red=True, revoke_leaked_values=LOOSE)
    assert "or deleted before, by an earlier run maybe" in shown
    assert LOOSE not in "".join(path.read_text() for path in (desk.folder / "incidents").iterdir())


def test_a_key_of_a_slot_is_replaced_and_the_run_says_by_which(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    leaked = record(desk)["current"]["id"]

    shown = revoke(desk, "-e @slots.yml", revoke_leaked_ids=[leaked])

    assert f"replaced by {record(desk)['current']['id']} (slot deploy_api_key), and deleted" in shown


def test_the_key_of_the_run_itself_is_red_with_what_to_do(desk: Desk) -> None:
    shown = revoke(desk, red=True, revoke_leaked_values=desk.server.api_key)

    assert "ALIVE: entry 1 of `values`: ApiKey-" in shown
    assert "it is the key that this run logs in with: log in with its successor, or with another key" in shown
    assert desk.server.logs_in(desk.server.api_key)


def test_ids_of_no_slot_are_red_in_a_rotation_too(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    desk.server.make_key("loose", LOOSE)
    listed = json.loads(desk.run("ansible localhost -m cloudkeys.ibmcloud.iam_api_key_info | sed '1s/.*=>//'"))
    loose = next(key["id"] for key in listed["api_keys"] if key["name"] == "loose")
    rotate = "ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e @slots.yml"

    for leaked, says in (
        (loose, "belong to none of these slots and were not touched: name them to the playbook"),
        (UNKNOWN, f"of what leaked, no key of this account has the id {UNKNOWN}"),
    ):
        answers = json.dumps({"rotate_api_keys_compromised_ids": [leaked]})
        assert says in " ".join(desk.run(f"! {rotate} -e '{answers}'").split())


@pytest.mark.parametrize(
    "said",
    [
        *("-e leak_accounts=misspelt", "--limit a", "-e leak_accounts=a --limit b"),
        *("-e leak_accounts=ibm --limit @others.txt", "-e leak_accounts=ibm --limit misspelt,@$PWD/others.txt"),
        "-e leak_accounts=ibm --limit @empty.txt",
    ],
)
@pytest.mark.parametrize("playbook", [REVOKE, WHOSE], ids=["revoke_leaked", "whose"])
def test_a_run_that_would_ask_nobody_is_red(desk: Desk, playbook: str, said: str) -> None:
    desk.write("hosts.ini", "[ibm]\na\nb\n[others]\nc\n")
    desk.write("others.txt", "c\n\nmisspelt\n")
    desk.write("empty.txt", "")
    answers = json.dumps({"revoke_leaked_values": LOOSE, "whose_values": LOOSE})

    shown = desk.run(f"! {playbook} -i hosts.ini {said} -e '{answers}' 2>&1")

    assert "nobody was asked and nothing was changed" in " ".join(shown.split())


@pytest.mark.parametrize("said", ["@chosen.txt", "misspelt,@$PWD/chosen.txt", "'misspelt,@chosen.txt'", "b:misspelt"])
def test_a_limit_from_a_file_that_leaves_an_account_asks_it(desk: Desk, said: str) -> None:
    desk.write("hosts.ini", f"[ibm]\na account_api_key=wrong\nb account_api_key={desk.server.api_key}\n")
    desk.write("chosen.txt", "misspelt\n  b \n")
    desk.server.make_key("loose", LOOSE)
    answers = json.dumps({"whose_values": LOOSE})

    shown = desk.run(f"{WHOSE} -i hosts.ini -e leak_accounts=ibm --limit {said} -e '{answers}' 2>&1")

    assert "(loose) of First User" in shown
    assert "could not be asked" not in shown


def test_what_is_said_under_two_names_is_not_passed_over(desk: Desk) -> None:
    values = [f"own-Value-{number}-of-32-or-more-characters" for number in range(2)]
    for value in values:
        desk.server.make_key("loose", value)
    answers = {"revoke_leaked_values": values[0], "rotate_api_keys_compromised_values": values[1:]}

    shown = revoke(
        desk, red=True, revoke_leaked_ids=f"{UNKNOWN},", rotate_api_keys_compromised_ids=[UNKNOWN], **answers
    )

    assert shown.count("DEAD: ") == 2
    assert "1 of 3 leaked keys are not proven to be dead" in shown
    assert not any(map(desk.server.logs_in, values))
    files = {"revoke_leaked_values_file": "a", "rotate_api_keys_compromised_values_file": "b"}
    assert "name two files. Nothing was changed" in revoke(desk, red=True, **files)


def test_a_hand_over_that_fails_is_red_though_the_leaked_key_is_dead(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    tasks = desk.write("broken.yml", "- ansible.builtin.fail:\n    msg: broken\n")
    leaked = record(desk)["current"]["id"]

    said = {"revoke_leaked_ids": [leaked], "rotate_api_keys_handover_tasks": str(tasks)}
    (desk.folder / "incidents").mkdir()
    shown = revoke(desk, "-e @slots.yml", red=True, revoke_leaked_folder="incidents", **said)

    kept = json.loads(next((desk.folder / "incidents").glob("leak-*.json")).read_text(encoding="utf-8"))
    assert len(kept["transaction_ids"]) >= 3
    assert "DEAD: entry 1 of `ids`" in shown
    assert "is published, and handing it over failed" in shown


@pytest.mark.parametrize("by", ["ids", "values"])
def test_a_later_stage_does_not_warn_of_what_an_earlier_one_has_deleted(desk: Desk, by: str) -> None:
    desk.make_slot()
    desk.rotate()
    tasks = desk.write("works.yml", "- ansible.builtin.debug:\n    msg: handed over\n")
    leaked = record(desk)["current"]["id"]
    file = desk.folder / "group_vars/all/secrets.yml"
    value = f"{{{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', 'deploy_api_key', file='{file}') }}}}"
    said = {
        f"rotate_api_keys_compromised_{by}": [leaked if by == "ids" else value],
        "rotate_api_keys_handover_tasks": str(tasks),
    }
    desk.write("leaked.json", json.dumps(said))

    shown = desk.rotate("-e @leaked.json 2>&1")

    assert record(desk)["current"]["id"] != leaked
    assert "handed over" in shown
    assert "is that of no key" not in " ".join(shown.split())


@pytest.mark.parametrize("said", ["--tags deploy", "--start-at-task 'Fail unless every leaked key is dead'"])
def test_a_run_that_passes_over_its_tasks_is_not_green(desk: Desk, said: str) -> None:
    desk.server.make_key("loose", LOOSE)
    answers = json.dumps({"revoke_leaked_values": LOOSE})

    if "tags" in said:
        assert "DEAD: " in desk.run(f"{REVOKE} {said} -e '{answers}'")
    else:
        assert "there is no verdict" in desk.run(f"! {REVOKE} {said} -e '{answers}'")
    assert desk.server.logs_in(LOOSE) is ("tags" not in said)


# ---- AWX, and what is seen


def test_the_playbook_for_awx_takes_ids_of_a_survey_and_values_of_a_file(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    leaked = record(desk)["current"]["id"]
    desk.server.make_key("loose", LOOSE)
    desk.take("awx/project/revoke_leaked.yml", as_name="revoke_leaked.yml")
    texts = desk.write("texts", f"from a log: apikey={LOOSE}")
    survey = json.dumps({"leaked_ids": f"{leaked}\n", "rotate_api_keys_until": "retired"})

    shown = desk.run(
        f"CLOUDKEYS_LEAKED_VALUES_FILE={texts} ansible-playbook revoke_leaked.yml --vault-id prod@prompt -e '{survey}'"
    )

    assert shown.count("DEAD: ") == 2
    assert record(desk)["current"]["id"] != leaked
    assert not desk.server.logs_in(LOOSE)


# Each with three dots where the value goes.
MESSY = [
    *(
        "...",
        "IBMCLOUD_API_KEY=...",
        '"apikey": "..."',
        "-...",
        "+export KEY='...'",
        "> here is the api key: ...",
        "<b>...</b>",
    ),
    *("\x1b[31m...\x1b[0m", "https://x.example/?apikey=...&y=1", '{\\"apikey\\": \\"...\\"}', "`...`", "--apikey ..."),
]


def test_nothing_of_a_messy_text_is_seen_anywhere(desk: Desk) -> None:
    """At the highest verbosity, in every file that is left behind: no value, whether its key was found or not."""
    values = {f"found {number}": f"own-Value-{number:02}-of-32-or-more-characters" for number in range(len(MESSY))}
    values["cut off"] = LOOSE[:-1]
    values["unknown, of IBM's form"] = "Zx9-tVb2_kLm9ZpR4sWd8YhN1cFg6JuE3aTo5iXvB0Cq"
    for number in range(len(MESSY)):
        desk.server.make_key(f"loose {number}", values[f"found {number}"])
    lines = [form.replace("...", value) for form, value in zip([*MESSY, "K=...", "key ..."], values.values())]
    given = desk.write("pasted.log", "\n".join(lines))
    (desk.folder / "incidents").mkdir()
    answers = json.dumps({"revoke_leaked_values_file": str(given), "revoke_leaked_folder": "incidents"})
    said = f"-vvvv --vault-id prod@prompt -e '{answers}' > {desk.folder}/shown.txt 2>&1"
    logging = f"ANSIBLE_LOG_PATH={desk.folder}/log.txt ANSIBLE_KEEP_REMOTE_FILES=1"

    desk.run(f"{logging} ansible-playbook cloudkeys.ibmcloud.whose -vvvv -e whose_values_file={given} > whose.txt 2>&1")
    desk.run(f"! {logging} ansible-playbook cloudkeys.ibmcloud.revoke_leaked {said}")

    shown = (desk.folder / "shown.txt").read_text(encoding="utf-8")
    assert shown.count("DEAD: line") >= len(MESSY)
    assert shown.count("NOT FOUND: line") >= 2
    files = [path for path in desk.folder.rglob("*") if path.is_file() and path != given]
    assert scan(files, values) == []
    assert [name for name, value in values.items() if desk.server.logs_in(value)] == []


# ---- several accounts


@pytest.fixture
def two_accounts(desk: Desk) -> dict[str, t.Any]:
    """An inventory of two accounts; the first one has a slot, and the second the loose key."""
    other = requests.post(f"{desk.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    hosts = {"a": desk.server.api_key, "b": other["api_key"]}
    lines = [f"{name} account_api_key={value}" for name, value in hosts.items()]
    desk.write("inventory", "\n".join(["[ibm_accounts]", *lines, ""]))
    desk.make_slot()
    desk.rotate()
    requests.post(
        f"{desk.server.url}/v1/apikeys",
        headers={"Authorization": f"Bearer {desk.server.token(other['api_key'])}"},
        json={"name": "loose", "iam_id": other["iam_id"], "account_id": other["account_id"], "apikey": LOOSE},
        timeout=10,
    ).raise_for_status()
    return other


OVER_BOTH = ("-i inventory", "-e leak_accounts=ibm_accounts")


def test_a_value_is_found_in_its_account_and_revoked_there_and_nowhere_else(
    desk: Desk, two_accounts: dict[str, t.Any]
) -> None:
    before = record(desk)
    desk.write("pasted.log", f"noise\nnoise\n+IBMCLOUD_API_KEY={LOOSE}\n")

    asked = " ".join(desk.run(f"{WHOSE} {' '.join(OVER_BOTH)} -e whose_values_file=pasted.log").split())
    shown = revoke(desk, *OVER_BOTH, revoke_leaked_values_file="pasted.log")

    assert f"in account {two_accounts['account_id']}, works" in asked
    assert shown.count("DEAD: ") == 1
    assert f"in account {two_accounts['account_id']}: disabled, not deleted" in shown
    assert "lines 1 to 2 of `values_file`: nothing found here" in shown
    assert not desk.server.logs_in(LOOSE)
    assert record(desk) == before
    assert LOOSE not in asked + shown


def published(desk: Desk, name: str) -> tuple[str, str]:
    """The text of a slot's file, and the value in it."""
    ask = f"ansible localhost -m debug -a var={name} --vault-id prod@prompt -e @{name}.yml"
    shown = desk.run(f"{ask} | sed '1s/.*=>//'")
    return desk.run(f"cat {name}.yml"), json.loads(shown)[name]


def test_of_two_accounts_and_three_files_only_the_slot_that_leaked_is_touched(
    desk: Desk, two_accounts: dict[str, t.Any]
) -> None:
    owner = desk.run("ansible localhost -m cloudkeys.ibmcloud.iam_caller_info | sed '1s/.*=>//'")
    first = json.loads(owner)["caller"]["iam_id"]
    owners = {"one": first, "two": first, "three": two_accounts["iam_id"]}
    slots = {name: [{"name": name, "file": f"{desk.folder}/{name}.yml", "iam_id": owners[name]}] for name in owners}
    accounts = {"a": (desk.server.api_key, ["one", "two"]), "b": (two_accounts["api_key"], ["three"])}
    hosts = {
        host: {"account_api_key": key, "rotate_api_keys_slots": [slot for name in names for slot in slots[name]]}
        for host, (key, names) in accounts.items()
    }
    desk.write("hosts.json", json.dumps({"ibm_accounts": {"hosts": hosts}}))
    for host, (key, _names) in accounts.items():
        said = json.dumps({"rotate_api_keys_slots": hosts[host]["rotate_api_keys_slots"]})
        desk.run(
            f"IBMCLOUD_API_KEY={key} ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e '{said}'"
        )
    before = {name: published(desk, name) for name in owners}
    desk.write("pasted.log", f"noise\n+three={before['three'][1]}\n\n-two: '{before['two'][1]}'\n")
    files = [f"{name}.yml" for name in owners]

    asked = {"whose_values_file": "pasted.log", "whose_vault_files": [f"{desk.folder}/{file}" for file in files]}
    told = desk.run(f"{WHOSE} -i hosts.json -e leak_accounts=ibm_accounts -e '{json.dumps(asked)}'")
    shown = revoke(desk, "-i hosts.json -e leak_accounts=ibm_accounts", revoke_leaked_values_file="pasted.log")

    after = {name: published(desk, name) for name in owners}
    assert "three.yml: three" in told
    assert "two.yml: two" in told
    assert shown.count("DEAD: ") == 2
    for name, line in (("three", 2), ("two", 4)):
        assert f"DEAD: line {line} of `values_file`" in shown
        assert f"(slot {name}), and deleted" in shown
        assert not desk.server.logs_in(before[name][1])
        assert desk.server.logs_in(after[name][1])
    assert after["one"] == before["one"]
    # A key of no slot in the second account, and those that the runs log in with.
    assert all(map(desk.server.logs_in, (before["one"][1], LOOSE, desk.server.api_key, two_accounts["api_key"])))
    assert not any(value in told + shown for _text, value in (*before.values(), *after.values()))


def test_a_slot_is_rotated_with_the_key_of_its_account(desk: Desk, two_accounts: dict[str, t.Any]) -> None:
    leaked = record(desk)["current"]["id"]
    said = json.dumps({"revoke_leaked_ids": [leaked]})

    shown = desk.run(
        f"IBMCLOUD_API_KEY={two_accounts['api_key']} {REVOKE} -e @slots.yml {' '.join(OVER_BOTH)} -e '{said}'"
    )

    assert f"replaced by {record(desk)['current']['id']} (slot deploy_api_key), and deleted" in " ".join(shown.split())


def test_what_an_account_could_not_be_asked_for_is_red(desk: Desk, two_accounts: dict[str, t.Any]) -> None:
    desk.write("inventory", f"[ibm_accounts]\na account_api_key={desk.server.api_key}\nb account_api_key=wrong-key\n")

    shown = revoke(desk, *OVER_BOTH, red=True, revoke_leaked_values=LOOSE)

    # Its log-in works, so it is told whose it is; what nobody found in either is not known.
    assert f"ALIVE: entry 1 of `values`: of {two_accounts['iam_id']}" in shown or "it logs in as " in shown
    assert "b could not be asked: " in shown
    assert desk.server.logs_in(LOOSE)
    assert "UNKNOWN: entry 1 of `ids`" in revoke(desk, *OVER_BOTH, red=True, revoke_leaked_ids=[UNKNOWN])


# ---- the record in Git


@pytest.fixture
def repository(desk: Desk) -> str:
    desk.run("git init --quiet --bare --initial-branch main ops.git && git clone --quiet ops.git work 2>&1")
    desk.run("cd work && git commit --quiet --allow-empty --message Begin && git push --quiet origin HEAD:main")
    return str(desk.folder / "ops.git")


@pytest.mark.parametrize("by", ["revoke_leaked_git", "rotate_api_keys_git"])
def test_the_record_is_pushed_and_the_journal_stays_here(desk: Desk, repository: str, by: str) -> None:
    desk.server.make_key("loose", LOOSE)
    (desk.folder / "here").mkdir()
    git = {"repository": repository, "branch": "main", "message": "Incident"}

    revoke(
        desk,
        revoke_leaked_values=LOOSE,
        revoke_leaked_folder="incidents",
        revoke_leaked_journal_folder="here",
        # A question of a survey that nobody answered says nothing.
        **{"revoke_leaked_git": "", by: git},
    )

    pushed = desk.run("git -C ops.git show --stat --format=%s main").splitlines()
    assert pushed[0] == "Incident"
    assert sorted(line.split()[0].partition("Z")[2] for line in pushed if "incidents/leak-" in line) == [".json", ".md"]
    assert [path.name.partition("-acc")[0][:12] for path in (desk.folder / "here").iterdir()] == ["leaked-keys-"]
    assert not (desk.folder / "incidents").exists()


def test_a_record_that_cannot_be_pushed_is_kept_and_told_beside_the_verdict(desk: Desk, repository: str) -> None:
    hook = desk.write("ops.git/hooks/pre-receive", "#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    desk.server.make_key("loose", LOOSE)
    (desk.folder / "here").mkdir()
    git = {"repository": repository, "branch": "main"}

    shown = revoke(
        desk,
        red=True,
        revoke_leaked_git=git,
        revoke_leaked_values=LOOSE,
        revoke_leaked_folder="incidents",
        revoke_leaked_journal_folder="here",
    )

    assert "DEAD: entry 1 of `values`" in shown
    assert "every leaked key that was found is dead, and this is not done" in shown
    assert f"It is kept in {desk.folder}/here" in shown
    assert len(list((desk.folder / "here").glob("leak-*"))) == 2


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"revoke_leaked_folder": "/var/incidents"}, "is one of this machine"),
        ({"revoke_leaked_git": {"repository": "x"}}, "branch"),
        # In the words of Ansible, which differ.
        ({"revoke_leaked_git": "word"}, "failed=1"),
    ],
)
def test_where_no_record_could_go_nothing_is_touched(
    desk: Desk, repository: str, said: dict[str, t.Any], says: str
) -> None:
    desk.server.make_key("loose", LOOSE)
    git = {"repository": repository, "branch": "main"}

    answers = {"revoke_leaked_git": git, "revoke_leaked_folder": "incidents", **said}
    assert says in revoke(desk, red=True, revoke_leaked_values=LOOSE, **answers)
    assert desk.server.logs_in(LOOSE)


@pytest.mark.parametrize("none", [{}, "{}"], ids=["of YAML", "as typed"])
def test_none_is_said_for_git_by_an_empty_mapping(desk: Desk, repository: str, none: t.Any) -> None:
    desk.server.make_key("loose", LOOSE)
    (desk.folder / "incidents").mkdir()
    git = {"rotate_api_keys_git": {"repository": repository, "branch": "main"}, "revoke_leaked_git": none}

    revoke(desk, revoke_leaked_values=LOOSE, revoke_leaked_folder="incidents", **git)

    assert len(list((desk.folder / "incidents").iterdir())) == 3


# ---- when IAM is slow


def test_a_server_that_lags_is_asked_again(desk: Desk) -> None:
    desk.server.make_key("loose", LOOSE)
    desk.server.steer("faults", [{"kind": "status", "method": "GET", "path": "/v1/apikeys", "status": 429, "times": 2}])

    assert "DEAD: entry 1 of `values`" in revoke(desk, revoke_leaked_values=LOOSE)


def test_an_iam_that_does_not_answer_any_more_is_unknown_and_red(desk: Desk) -> None:
    desk.server.make_key("loose", LOOSE)
    faults = [{"kind": "status", "method": "POST", "path": "/disable", "status": 403, "times": 50}]
    desk.server.steer("faults", faults)

    shown = revoke(desk, red=True, revoke_leaked_values=LOOSE, revoke_leaked_proof_seconds=2)

    assert "ALIVE: entry 1 of `values`" in shown
    assert "it could not be disabled: IBM Cloud IAM answered 403" in shown
    assert "To end it: ansible localhost -m cloudkeys.ibmcloud.iam_api_key" in shown


def test_the_key_of_the_run_itself_gets_its_successor_first_where_a_slot_has_it(desk: Desk) -> None:
    """A slot of the caller's own key, which the run logs in with."""
    desk.make_slot()
    desk.write("slots.yml", json.dumps({"rotate_api_keys_slots": [{**SECRETS, "name": "own_key", "key_name": "own"}]}))
    desk.rotate()
    leaked = record(desk, "own_key")["current"]["id"]
    own = '{{ lookup("cloudkeys.ibmcloud.ansible_vault_value", "own_key", file="group_vars/all/secrets.yml") }}'

    first = revoke(desk, "-e @slots.yml", red=True, account_api_key=own, revoke_leaked_ids=[leaked])
    successor = record(desk, "own_key")["current"]["id"]
    # The variable holds the successor now, so this run logs in with that.
    second = revoke(desk, "-e @slots.yml", account_api_key=own, revoke_leaked_ids=[leaked])

    assert f"{leaked} is the one that this run logs in with, so it was left working" in first
    assert f"ALIVE: entry 1 of `ids`: {leaked}" in first
    assert successor != leaked
    assert f"DEAD: entry 1 of `ids`: {leaked}" in second
