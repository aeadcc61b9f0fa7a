# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other people and tools, each of whom acts once between two port calls of a run.

An act answers what undoes it, or None when nothing does, and raises NothingToDo where it makes no sense.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import GARBAGE, PICKS, Act
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acts_of_runs import (
    declare_another_owner,
    make_owner_again,
    run_of_colleague,
    runs_in_another_account,
    somebody_else_runs,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acts_on_file import (
    another_key,
    another_slot_id,
    count_back,
    drop,
    edit_record,
    forget_pending,
    forget_replaced,
    key_of_another_account,
    key_of_another_owner,
    name_a_foreign_key,
    remove_value,
    revert,
    touch,
    with_line_break,
    write_value,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acts_on_keys import (
    delete,
    disable,
    lock_all,
    mark_as_anothers,
    on,
    purge,
    remove_marker,
    rename,
    reset_descriptions,
    unlock_all,
    write_other_texts,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Undo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World


@dataclass(frozen=True)
class Actor:
    """Somebody who acts once.

    After a harmless act the slot comes to rest by itself; after another one a run may stop and say why, until it is
    undone. `may_stay_stopped` where nothing undoes it and a person has to decide.
    """

    name: str
    act: Act
    is_harmless: bool = False
    may_stay_stopped: bool = False


def _nothing(world: World) -> Undo | None:
    return None


ACTORS: list[Actor] = [
    Actor("does nothing", _nothing, is_harmless=True),
    Actor("writes another key's value", write_value(another_key)),
    Actor("writes a value of another owner", write_value(key_of_another_owner)),
    Actor("writes a value of another account", write_value(key_of_another_account)),
    Actor("writes garbage", write_value(lambda world: GARBAGE, is_kept=False)),
    Actor("writes an empty text", write_value(lambda world: "", is_kept=False)),
    Actor("adds a line break", write_value(with_line_break, is_kept=False), is_harmless=True),
    Actor("removes the value", remove_value),
    Actor("writes another value into the copy", write_value(another_key, variable="copy")),
    Actor("drops the record", edit_record(drop)),
    Actor("names a foreign key on record", edit_record(name_a_foreign_key)),
    Actor("forgets the pending key on record", edit_record(forget_pending)),
    Actor("forgets the replaced keys on record", edit_record(forget_replaced)),
    Actor("counts generations back", edit_record(count_back)),
    Actor("gives the record another slot id", edit_record(another_slot_id)),
    Actor("reverts the file by one version", revert(lambda versions: versions[-1])),
    Actor("reverts the file to its first version", revert(lambda versions: versions[0])),
    Actor("touches the file", touch, is_harmless=True),
    *(Actor(f"renames the {which} key", on(which, rename), is_harmless=True) for which in PICKS),
    *(Actor(f"removes the marker of the {which} key", on(which, remove_marker)) for which in PICKS),
    *(Actor(f"marks the {which} key as another slot's", on(which, mark_as_anothers)) for which in PICKS),
    *(Actor(f"disables the {which} key", on(which, disable)) for which in PICKS),
    *(Actor(f"deletes the {which} key", on(which, delete)) for which in PICKS),
    Actor("locks all keys", lock_all, is_harmless=True),
    Actor("unlocks all keys", unlock_all, is_harmless=True),
    Actor("writes other descriptions", write_other_texts, is_harmless=True),
    Actor("resets all descriptions", reset_descriptions),
    Actor("purges undeclared keys", purge),
    Actor("runs it too", somebody_else_runs, is_harmless=True),
    Actor("runs it without rights (403)", run_of_colleague(403)),
    Actor("runs it without rights (404)", run_of_colleague(404)),
    Actor("runs it as a reviewer (403)", run_of_colleague(403, "API key reviewer")),
    Actor("runs it as a reviewer (404)", run_of_colleague(404, "API key reviewer")),
    Actor("runs it in another account", runs_in_another_account),
    Actor("makes the owner again", make_owner_again, may_stay_stopped=True),
    Actor("gives the name to another owner", declare_another_owner, may_stay_stopped=True),
]
