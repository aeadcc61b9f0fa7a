# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.action import ansible_vault_rekey as action
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote

OLD, NEW = ("old", VaultSecret(b"password of old")), ("new", VaultSecret(b"password of new"))
THIRD = ("third", VaultSecret(b"password of third"))
SECRET = "s3cret-value"


@pytest.fixture
def run(run_action, monkeypatch):
    def run(secrets=(OLD, NEW), check_mode=False, **args):
        monkeypatch.setattr(action.Cipher, "of_this_run", lambda loader: Cipher(secrets))
        args = {"paths": ["group_vars"], "to": "new", **args}
        result = run_action(action, {name: value for name, value in args.items() if value is not None}, check_mode)
        assert not any(text in json.dumps(result) for text in (SECRET, "$ANSIBLE_VAULT;", "password of"))
        return result

    return run


@pytest.fixture
def make(tmp_path):
    (tmp_path / "group_vars").mkdir()

    def make(name="a.yml", secret=OLD, layout="inline", value=SECRET):
        path = tmp_path / "group_vars" / name
        VaultFile(str(path), Cipher([secret]), create=True, layout=layout).apply([Edit(("db", "pw"), value)])
        return path

    return make


def value_of(path, secret):
    file = VaultFile(str(path), Cipher([secret]))
    return file.value(file.read(), ("db", "pw"))


def test_values_move_and_the_result_names_them(run, make):
    inline, whole = make(), make("b", layout="file")

    result = run(label="prod")

    assert (result["changed"], result["conflict"], result["vault_id"], result.get("msg")) == (True, False, "prod", None)
    assert [(each["path"], each["layout"], each["changed"], each["moved"]) for each in result["files"]] == [
        (str(inline), "inline", True, 1),
        (str(whole), "file", True, 1),
    ]
    assert [
        (each["file"], each["name"], each["line"], each["vault_id"], each["opened_by"]) for each in result["moved"]
    ] == [
        (str(inline), ["db", "pw"], 3, "old", "old"),
        (str(whole), [], 1, "old", "old"),
    ]
    assert [(value_of(path, ("any", NEW[1]))) for path in (inline, whole)] == [SECRET, SECRET]
    again = run(label="prod")
    assert (again["changed"], again["moved"], [each["done"] for each in again["files"]]) == (False, [], [1, 1])


def test_check_mode_and_diff_name_files_paths_and_ids(run, make):
    path = make()
    before = path.read_bytes()

    result = run(check_mode=True)

    assert result["changed"]
    assert result["diff"] == [
        {
            "before_header": str(path),
            "after_header": str(path),
            "before": "db / pw: old, opened by old\n",
            "after": "db / pw: new, opened by new\n",
        }
    ]
    assert path.read_bytes() == before


def test_a_name_with_a_line_end_is_one_line_of_the_diff(run, make):
    path = make()
    path.write_text(path.read_text().replace("  pw:", '  "p\\nw\\u001b[2J":'))

    (diff,) = run(check_mode=True)["diff"]

    assert diff["before"] == "db / p\\nw\\x1b[2J: old, opened by old\n"


def test_what_cannot_be_opened_is_named_and_nothing_is_written(run, make):
    path, closed = make(), make("z.yml", secret=THIRD)
    before = path.read_bytes()

    result = run()

    assert result["failed"]
    assert not result["changed"]
    assert f"{closed}, line 3 (db / pw): none of the loaded vault ids (old, new) opens" in result["msg"]
    assert result["msg"].endswith("Nothing was written")
    assert [(each["file"], each["line"], each["name"]) for each in result["unreadable"]] == [
        (str(closed), 3, ["db", "pw"])
    ]
    assert path.read_bytes() == before
    checked = run(check_mode=True)
    assert (checked["failed"], checked["changed"], checked["msg"]) == (True, False, result["msg"])


def test_what_cannot_be_opened_can_be_left(run, make):
    path, closed = make(), make("z.yml", secret=THIRD)
    (path.parent / "broken.yml").write_text("a: [\n# $ANSIBLE_VAULT\n")

    result = run(on_unreadable="skip")

    assert (result["changed"], "failed" in result) == (True, False)
    assert [each["file"] for each in result["unreadable"]] == [str(closed)]
    assert len(result["warnings"]) == 2
    assert "broken.yml: the text is not valid YAML" in result["warnings"][0]
    assert value_of(path, NEW) == SECRET


def test_what_another_secret_opens_stays_when_the_old_ids_are_named(run, make):
    make()
    other = make("z.yml", secret=THIRD)

    result = run([OLD, NEW, THIRD], **{"from": ["old"]})

    assert [each["others"] for each in result["files"]] == [0, 1]
    assert value_of(other, THIRD) == SECRET
    assert [each["moved"] for each in run([OLD, NEW, THIRD])["files"]] == [0, 1]


def test_files_can_be_left_out(run, make):
    make()
    left = make("left.yml")

    result = run(exclude=["left*"])

    assert len(result["files"]) == 1
    assert value_of(left, OLD) == SECRET


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"paths": []}, "paths names no file"),
        ({"paths": [""]}, "`paths` must not be blank"),
        ({"paths": ["gone"]}, "there is nothing at"),
        ({"from": []}, "'from' names no vault id"),
        ({"from": ""}, "`from` must not be blank"),
        ({"from": ["new"]}, "nothing would get another password"),
        ({"to": "gone"}, "'gone' is not loaded"),
        ({"to": " "}, "`to` must not be blank"),
        ({"label": "a b"}, "nothing can be encrypted under"),
        ({"on_unreadable": "maybe"}, "one of: fail, skip"),
        ({"exclude": ""}, "`exclude` must not be blank"),
    ],
)
def test_an_option_that_means_nothing_is_refused(run, make, args, says):
    path = make()
    before = path.read_bytes()

    result = run(**args)

    assert (result["failed"], result["changed"], result["conflict"]) == (True, False, False)
    assert says in result["msg"]
    assert path.read_bytes() == before


def test_a_conflict_is_told_and_the_other_files_are_done(run, make, monkeypatch):
    path, other = make(), make("b.yml")
    expect = action.Rekeying._swap

    def swap(plan):
        if plan.outcome.path == str(other):
            other.write_text(f"{other.read_text()}# a person was here\n")
        return expect(plan)

    monkeypatch.setattr(action.Rekeying, "_swap", staticmethod(swap))

    result = run()

    assert (result["failed"], result["changed"], result["conflict"]) == (True, True, True)
    assert "was changed by somebody else" in result["msg"]
    assert result["msg"].endswith("1 of 2 files were written, and are done")
    assert (value_of(path, NEW), value_of(other, OLD)) == (SECRET, SECRET)


def test_a_folder_without_cipher_text_does_not_look_as_if_all_were_done(run, tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: 1\n")

    (warning,) = run()["warnings"]

    assert "holds cipher text" in warning


@pytest.mark.parametrize("pattern", ["group_vars", "group_vars/**", "group_vars/*"])
@pytest.mark.parametrize("to_folder", [True, False])
def test_a_link_does_not_choose_a_file_elsewhere(run, make, tmp_path, pattern, to_folder):
    inside = make()
    (tmp_path / "group_vars-of-others").mkdir()
    outside = make("../group_vars-of-others/v.yml")
    if to_folder:
        (tmp_path / "group_vars/prod").symlink_to("../group_vars-of-others")
    else:
        (tmp_path / "group_vars/prod").mkdir()
        (tmp_path / "group_vars/prod/v.yml").symlink_to("../../group_vars-of-others/v.yml")

    result = run(paths=[pattern])

    assert f"group_vars/prod/v.yml leads to {outside.resolve()} by a link" in result["msg"]
    assert (value_of(inside, OLD), value_of(outside, OLD)) == (SECRET, SECRET)
    assert not run(paths=["group_vars"], exclude=["*/prod/*"], check_mode=True).get("failed")
    assert not run(paths=[pattern, "group_vars-of-others"]).get("failed")
    assert value_of(outside, NEW) == SECRET


@pytest.fixture
def remote(make, tmp_path):
    """The values of a repository, with the same file on disk."""
    remote = Remote(tmp_path / "remote.git")
    remote.write("group_vars/a.yml", make().read_text())
    return remote


def in_git(remote, **more):
    return {"repository": str(remote.path), "branch": "main", **more}


def test_values_of_a_branch_move_and_the_files_on_disk_stay(run, remote, tmp_path):
    before = (tmp_path / "group_vars/a.yml").read_bytes()
    begin = remote.tip

    checked = run(git=in_git(remote), check_mode=True)
    assert (checked["changed"], checked["commit"], remote.tip) == (True, None, begin)
    result = run(git=in_git(remote, author_name="robot"), label="prod")

    assert (result["changed"], result["conflict"], result["commit"]) == (True, False, remote.tip)
    assert [(each["path"], each["changed"], each["moved"]) for each in result["files"]] == [
        ("main:group_vars/a.yml", True, 1)
    ]
    assert [(each["file"], each["name"]) for each in result["moved"]] == [("main:group_vars/a.yml", ["db", "pw"])]
    assert result["diff"][0]["before_header"] == "main:group_vars/a.yml"
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in remote.read("group_vars/a.yml")
    assert remote.messages()[0].startswith("Move to another vault password\n\n1 values in 1 files")
    assert (tmp_path / "group_vars/a.yml").read_bytes() == before
    again = run(git=in_git(remote), label="prod")
    assert (again["changed"], again["commit"], again["files"][0]["done"]) == (False, None, 1)


@pytest.mark.parametrize(
    ("args", "git", "says"),
    [
        ({"paths": ["/etc"]}, {}, "/etc is not inside it"),
        ({"paths": ["gone"]}, {}, "there is nothing at main:gone"),
        ({"exclude": ["gone"]}, {}, "no file matches 'gone'"),
        ({}, {"branch": "gone"}, "the branch is not there"),
        ({}, {"repository": "https://user:pw@git.example.com/x"}, "holds a password or a user"),
        ({}, {"timeout_seconds": 0}, "timeout_seconds has to be more than 0"),
        ({}, {"token": "t-0123456789"}, "git.token goes to an address with https:// only"),
        ({}, {"token": "t-0123456789", "ssh_key_file": "x"}, "mutually exclusive"),
        ({}, {"keep_working_copy": True}, "keep_working_copy"),
    ],
)
def test_what_means_nothing_in_a_repository_is_refused_and_nothing_is_pushed(run, remote, args, git, says):
    begin = remote.tip

    result = run(**args, git=in_git(remote, **git))

    assert (result["failed"], result["changed"], result["conflict"]) == (True, False, False)
    assert says in result["msg"]
    assert "t-0123456789" not in json.dumps(result)
    assert remote.tip == begin


def test_a_value_of_a_branch_that_nobody_opens_is_named_and_nothing_is_pushed(run, remote, make):
    begin = remote.write("group_vars/z.yml", make("z.yml", secret=THIRD).read_text())

    result = run(git=in_git(remote))

    assert "main:group_vars/z.yml, line 3 (db / pw): none of the loaded vault ids" in result["msg"]
    assert (result["failed"], result["changed"], result["commit"], remote.tip) == (True, False, None, begin)


def test_others_who_push_all_the_time_are_a_conflict(run, remote):
    remote.hook(
        "pre-receive",
        """
        unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
        export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
        git update-ref refs/heads/main $(git commit-tree -p main -m more main^{tree})
        """,
    )

    result = run(git=in_git(remote))

    assert (result["failed"], result["changed"], result["conflict"], result["commit"]) == (True, False, True, None)
    assert result["msg"].startswith("others pushed to main 5 times while the move was planned; run it again")
    assert result["msg"].endswith("Nothing was written")
    assert {line.strip() for line in remote.messages()} == {"more", "write README.md", "write group_vars/a.yml"}


def test_cipher_text_in_a_comment_is_left_and_warned_of(run, make):
    path = make()
    comment = "# $ANSIBLE_VAULT;1.1;AES256 was here\n"
    path.write_text(comment + path.read_text())

    result = run()

    assert result["changed"]
    assert f"{path} holds cipher text that is no value to Ansible" in result["warnings"][0]
    assert "(line 1)" in result["warnings"][0]
    assert path.read_text().startswith(comment)
