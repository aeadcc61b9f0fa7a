# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask a real account what IBM leaves open, and print the answers as settings of the emulator.

    IBMCLOUD_API_KEY=... make live-facts                                   shows what it will create, and asks
    IBMCLOUD_API_KEY=... make live-facts FACTS="name_limit quoted_tags"    these only

LIVE=yes answers the question. Everything is made for this, under names that begin with the prefix of the run, and
removed at the end, whatever happened; `make live CLEAN=PREFIX` removes what a killed run has left. It ends with 0 when
every question was answered, with 3 when one was not, and with 1 when something could not be removed.
"""

from __future__ import annotations

import json
import os
import sys
import typing as t
from dataclasses import asdict

import live
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import kind_and_place
from iam_emulator.settings import Settings
from live_account import Account
from live_more_questions import ALL_QUESTIONS
from live_questions import Answers, Question
from live_requests import SECONDS_BETWEEN_REQUESTS, Iam, Scene, Unanswered

NOT_ANSWERED = 3
# Settings of the emulator that no question is about, and why.
NOT_ASKED = {
    "granted_role": "it sets the scene, and is no fact about IBM Cloud",
    "caller_address": "it sets the scene, and is no fact about IBM Cloud",
    "address_refused_status": "that takes a change of the account's settings, for everybody in it",
    "restricted_create_status": "that takes a change of the account's settings, for everybody in it",
    "assume_refused_status": "that takes a trusted profile",
    "lists_need_account_role": "that takes an access policy",
}
CREATES = "some 30 service IDs, most with one key and one with 30 at most, and a group of service IDs"


def main(*names: str) -> int:
    """Show, ask the user, ask IBM Cloud, print, remove."""
    if not os.environ.get("IBMCLOUD_API_KEY"):
        sys.exit("make live-facts needs the environment variable IBMCLOUD_API_KEY, a key of the account to ask.")
    asked = chosen(names)
    account = Account()
    if not live.is_tidy(account):
        return 1
    caller, prefix = account.client.caller(), live.new_prefix()
    print(f"This asks the account {caller.account_id} at {account.endpoint}, as {caller.iam_id}:")
    print(*(f"  {question.about}" for question in asked), sep="\n")
    print(*(f"  ({question.costs})" for question in asked if question.costs), sep="\n")
    print(f"Every name begins with {prefix}-. It creates, changes and deletes {CREATES}.")
    print(f"It sends one request in {SECONDS_BETWEEN_REQUESTS} seconds, and touches nothing else.", flush=True)
    if not live.is_agreed("Go on?"):
        sys.exit("Nothing was created.")
    scene = Scene(Iam(account.endpoint, account.api_key), caller.account_id, prefix)
    return live.and_remove(account, prefix, lambda: tell(asked, scene))


def chosen(names: t.Sequence[str]) -> list[Question]:
    """The questions about these settings; without a name all but those that cost something."""
    known = {name for question in ALL_QUESTIONS for name in question.settings}
    if unknown := sorted(set(names) - known):
        sys.exit(f"There is no question about {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    return [each for each in ALL_QUESTIONS if set(each.settings) & set(names) or (not names and not each.costs)]


def tell(asked: t.Sequence[Question], scene: Scene) -> int:
    """Ask each question, and print what came of it."""
    answers: Answers = {}
    unanswered: dict[str, str] = {}
    for question in asked:
        print(f"Asking {question.about}", flush=True)
        try:
            answers.update(question.ask(scene))
        except Unanswered as reason:
            unanswered[", ".join(question.settings)] = str(reason)
        except Exception as error:
            # The later questions may still have an answer; the text of an error may quote one of IBM Cloud's.
            unanswered[", ".join(question.settings)] = f"what came back was not understood: {kind_and_place(error)}"
    print_answers(answers, unanswered)
    silent = {name: each.costs for each in ALL_QUESTIONS if each not in asked and each.costs for name in each.settings}
    print("Not asked:", *(f"  {name}: {why}" for name, why in {**silent, **NOT_ASKED}.items()), sep="\n")
    return NOT_ANSWERED if unanswered else 0


def print_answers(answers: Answers, unanswered: dict[str, str]) -> None:
    strict = asdict(Settings())
    told = {name: value for name, value in sorted(answers.items()) if value != strict[name]}
    print("Answers, as settings of the emulator:", json.dumps(answers, sort_keys=True), sep="\n")
    print("Other than what the emulator does by itself:" if told else "All as the emulator does by itself.")
    for name, value in told.items():
        print(f"  {name}: {json.dumps(value)}, not {json.dumps(strict[name])}")
    if unanswered:
        print("NOT ANSWERED:", *(f"  {names}: {reason}" for names, reason in unanswered.items()), sep="\n")


if __name__ == "__main__":
    live.run_as_a_command(main)
