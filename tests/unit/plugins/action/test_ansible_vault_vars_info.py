# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.action import ansible_vault_vars_info as action
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import seal_with
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, Edit, VaultFile

DEV, PROD = ("dev", VaultSecret(b"password of dev")), ("prod", VaultSecret(b"password of prod"))
SECRET, CLEAR = "s3cret-value", "clear-value"


@pytest.fixture
def run(run_action, monkeypatch):
    def run(secrets=(DEV, PROD), check_mode=False, **args):
        monkeypatch.setattr(action.Cipher, "of_this_run", lambda loader: Cipher(secrets))
        args = {name: value for name, value in {"path": "vault.yml", **args}.items() if value is not None}
        result = run_action(action, args, check_mode)
        assert not any(text in json.dumps(result) for text in (SECRET, CLEAR, "ANSIBLE_VAULT", "password of"))
        return result

    return run


@pytest.fixture
def make(tmp_path):
    def make(*edits, vault_id="dev", layout="inline"):
        file = VaultFile(
            str(tmp_path / "vault.yml"), Cipher([DEV, PROD]), vault_id=vault_id, create=True, layout=layout
        )
        return file.apply(list(edits)).snapshot

    return make


def told(result):
    return [(each["name"], each["line"], each["vault_ids"], each["decryptable"]) for each in result["vars"]]


def test_an_inline_file(run, make, tmp_path):
    (tmp_path / "vault.yml").write_text(f"# {CLEAR}\nport: 80\nnote: {CLEAR}\nempty: {{}}\n")
    make(Edit(("api_key",), SECRET))
    revision = make(Edit(("keys", "ci"), {"id": CLEAR, "v": SECRET}, plaintext_keys=frozenset({"id"})), vault_id="prod")

    result = run()

    assert told(result) == [
        (["port"], 2, [], True),
        (["note"], 3, [], True),
        (["empty"], 4, [], True),
        (["api_key"], 5, ["dev"], True),
        (["keys", "ci", "id"], 14, [], True),
        (["keys", "ci", "v"], 15, ["prod"], True),
    ]
    assert {name: result[name] for name in ("changed", "exists", "layout", "vault_ids", "decryptable", "revision")} == {
        "changed": False,
        "exists": True,
        "layout": "inline",
        "vault_ids": ["dev", "prod"],
        "decryptable": True,
        "revision": revision.revision,
    }
    assert run(check_mode=True) == result


@pytest.mark.parametrize(("secrets", "states"), [([DEV], [True, False]), ([PROD], [False, True]), ([], [False, False])])
def test_what_this_run_cannot_decrypt(run, make, secrets, states):
    make(Edit(("one",), SECRET))
    make(Edit(("two",), {"a": [1, {"b": SECRET}]}), vault_id="prod")

    result = run(secrets)

    assert told(result) == [
        (["one"], 2, ["dev"], states[0]),
        (["two", "a", 0], 11, [], True),
        (["two", "a", 1, "b"], 12, ["prod"], states[1]),
    ]
    assert result["decryptable"] is False


def test_labels_can_be_read_without_decrypting(run, make, monkeypatch):
    make(Edit(("one",), SECRET))
    monkeypatch.setattr(action.Cipher, "open", None)

    result = run(try_decrypt=False)

    assert told(result) == [(["one"], 2, ["dev"], None)]
    assert result["decryptable"] is None


@pytest.mark.parametrize("tries", [True, False])
def test_a_file_that_is_encrypted_as_a_whole(run, make, tries):
    make(Edit(("one",), SECRET), Edit(("m", "k"), CLEAR), layout="file", vault_id="prod")

    opened, closed = run(try_decrypt=tries), run([DEV], try_decrypt=tries)

    assert told(opened) == [(["one"], 2, ["prod"], tries or None), (["m", "k"], 4, ["prod"], tries or None)]
    assert (opened["layout"], opened["vault_ids"], opened["decryptable"]) == ("file", ["prod"], tries or None)
    assert (closed["layout"], closed["vault_ids"], closed["decryptable"]) == ("file", ["prod"], False)
    assert closed["vars"] == []


def test_an_alias_counts_as_what_it_repeats(run, make, tmp_path):
    make(Edit(("one",), SECRET))
    text = (tmp_path / "vault.yml").read_text().replace("one: !vault", "one: &x !vault")
    (tmp_path / "vault.yml").write_text(f"{text}two: *x\nthree: &y [*x, *y]\nfour: *y\n? [a]\n: *x\n")

    assert told(run([PROD])) == [
        (["one"], 2, ["dev"], False),
        (["two"], 9, ["dev"], False),
        (["three"], 10, ["dev"], False),
        (["four"], 11, ["dev"], False),
        (["?"], 12, ["dev"], False),
    ]


def test_a_key_that_is_cipher_text_is_not_shown(run, make, tmp_path):
    make(Edit(("one",), SECRET))
    text = (tmp_path / "vault.yml").read_text().removeprefix("---\none: ")
    (tmp_path / "vault.yml").write_text(f"? {text}: 1\n8080: x\n")

    assert [each[0] for each in told(run([]))] == [["?"], [8080]]


def test_a_missing_file_has_a_revision_too(run):
    result = run()

    assert (result["exists"], result["revision"], result["layout"], result["vars"]) == (False, "missing", None, [])
    assert not result.get("failed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a: [{CLEAR}\n", r"vault.yml: the text is not valid YAML \(line"),
    ],
)
def test_what_cannot_be_listed_is_refused(run, tmp_path, text, message):
    (tmp_path / "vault.yml").write_text(text)

    result = run()

    assert result["failed"]
    assert message.replace("\\", "") in result["msg"]


def test_arguments_are_checked(run):
    assert "paht" in run(paht="x")["msg"]
    assert run(path=None)["failed"]


OLD, NEW = ("old", VaultSecret(b"password of old")), ("prod", VaultSecret(b"password of new"))


@pytest.fixture
def tree(tmp_path):
    """A folder as inventories have it; all values bear the id `prod`, two are still under the old password."""
    under_old, under_new = Cipher([("prod", OLD[1])]), Cipher([NEW])

    def write(name, cipher, *edits, layout="inline"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        VaultFile(str(tmp_path / name), cipher, create=True, layout=layout).apply(list(edits))

    write("group_vars/all/vault.yml", under_old, Edit(("m",), {"l": [{"k": SECRET}, 5]}))
    write("group_vars/all/vault.yml", under_new, Edit(("top",), SECRET))
    write("host_vars/whole", under_old, Edit(("a",), SECRET), layout="file")
    (tmp_path / "host_vars" / "whole").rename(tmp_path / "host_vars" / "whole.key")
    write("host_vars/new.json", under_new, Edit(("a",), SECRET))
    (tmp_path / "group_vars" / "clear.yml").write_text(f"a: {CLEAR}\n")
    (tmp_path / "group_vars" / ".hidden").mkdir()
    for name in (".hidden/x.yml", "backup.yml~", "notes.md", "docs.yml"):
        (tmp_path / "group_vars" / name).write_text("# as in $ANSIBLE_VAULT;1.1\na: 1\n---\n- b\n")
    (tmp_path / "broken.yml").write_text("a: [$ANSIBLE_VAULT\n")
    return tmp_path


def places(result, tree):
    return [
        (each["file"].removeprefix(f"{tree}/"), each["name"], each["vault_id"], each["opened_by"])
        for each in result["places"]
    ]


OF_OLD = [("group_vars/all/vault.yml", ["m", "l", 0, "k"], "prod", "old"), ("host_vars/whole.key", [], "prod", "old")]


@pytest.mark.parametrize("path", [".", "*_vars", "**/*", "group_vars/** host_vars/**"])
def test_what_is_still_under_the_old_password_is_one_call(run, tree, path):
    paths = path.split()
    result = run([OLD, NEW], path=None, paths=paths) if len(paths) > 1 else run([OLD, NEW], path=path)

    assert [each for each in places(result, tree) if each[3] == "old"] == OF_OLD
    assert {each[3] for each in places(result, tree)} == {"old", "prod"}
    assert result["vault_ids"] == ["prod"]


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_listed(run, tree):
    result = run([NEW], path=".")
    files = {each["path"].removeprefix(f"{tree}/"): each for each in result["files"]}

    assert list(files) == [
        "broken.yml",
        "group_vars/docs.yml",
        "group_vars/all/vault.yml",
        "host_vars/new.json",
        "host_vars/whole.key",
    ]
    assert "not valid YAML" in files["broken.yml"]["problem"]
    assert [each["decryptable"] for each in files.values()] == [False, True, False, True, False]
    assert result["decryptable"] is False
    assert {each["opened_by"] for each in result["places"]} == {None, "prod"}


def test_files_are_left_out_by_pattern_and_never_named_twice(run, tree):
    (tree / "link").symlink_to("group_vars/all")
    (tree / "link.yml").symlink_to("host_vars/new.json")

    result = run([OLD, NEW], path=None, paths=["link.yml", ".", "group_vars"], exclude=["*/whole.key", "broken.yml"])

    names = [each["path"].removeprefix(f"{tree}/") for each in result["files"]]
    assert names == ["link.yml", "group_vars/docs.yml", "group_vars/all/vault.yml"]


@pytest.mark.parametrize("path", ["nosuch/**", "nosuch*", "[x]"])
def test_a_pattern_that_matches_nothing_is_refused(run, tree, path):
    assert f"there is nothing at {tree}/{path}" in run([NEW], path=path)["msg"]


def test_a_pattern_to_leave_out_beside_one_file_is_refused(run, tree):
    assert "leaves nothing out" in run([NEW], path="group_vars/docs.yml", exclude=["*/docs.yml"])["msg"]


def test_every_document_and_a_list_at_the_top_are_listed(run, tmp_path):
    value = "".join(f"    {line}\n" for line in Cipher([DEV]).seal(SECRET, None, None).splitlines())
    (tmp_path / "vault.yml").write_text(f"a: 1\n---\n- b: !vault |\n{value}- c\n")

    result = run()

    assert [(each["document"], each["name"]) for each in result["places"]] == [(2, [0, "b"])]
    assert [(each["document"], each["name"]) for each in result["vars"]] == [(1, ["a"]), (2, [0, "b"]), (2, [1])]


def test_no_paths_at_all_are_refused(run):
    assert "paths names no file" in run(path=None, paths=[])["msg"]


def test_what_was_not_looked_into_is_told(run, tree):
    (tree / "other.vault").write_text("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n")

    (warning,) = run([OLD, NEW], path=".")["warnings"]

    assert str(tree / "other.vault") in warning


@pytest.mark.parametrize(
    ("content", "problem", "is_decryptable"),
    [
        (b"\x00\xff", None, True),
        (b"-----BEGIN KEY-----\nabc: [\n", "not valid YAML", True),
        (b"[\n# $ANSIBLE_VAULT;1.1;AES256\n", "not valid YAML", False),
    ],
)
def test_a_whole_file_without_variables_is_listed_with_its_secret(run, tmp_path, content, problem, is_decryptable):
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "id_rsa").write_text(seal_with(OLD[1], content, "prod"))

    result = run([NEW, OLD], path="roles")

    assert places(result, tmp_path) == [("roles/id_rsa", [], "prod", "old")]
    assert (result["decryptable"], result["vault_ids"]) == (is_decryptable, ["prod"])
    assert (problem or "") in (result["files"][0]["problem"] or "")
    assert [each["opened_by"] for each in run([NEW], path="roles")["places"]] == [None]
    assert run([NEW], path="roles")["decryptable"] is False
