#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key_rotation
short_description: Replace IBM Cloud API keys on time, with the secrets in Ansible Vault
version_added: 1.0.0
description:
  - Moves each slot through the steps of a rotation, as far as it can go now. A new key is made, proven by a log-in and
    published in the vault file; the old one stays enabled for an overlap, is then disabled, and is deleted at last.
  - What is remembered of a slot lies beside the variable, in C(cloudkeys_records) of the same file, and is written
    before IBM Cloud is asked for a change. A run may be stopped at any point; the next one finishes the job.
  - Values are written to the vault file and are nowhere else, not in a result, a variable or the output.
  - Always runs on the controller, in Ansible's own process, with the vault secrets of this run (C(--vault-id),
    C(--ask-vault-pass), AWX vault credentials).
  - A slot that fails does not stop the others; the task fails at the end when any slot failed.
  - An option that is blank, null or a text of nothing but blanks, counts as left out. It is refused where a run would
    touch more by that, as O(slots), O(until), O(git) and O(probed_ids), or a file or name of a slot.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.git
  - cloudkeys.ibmcloud.metrics
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
    details:
      - Tells every step to come of each slot, with its date and why, and the plan of all slots together. Logs in with
        no slot's value.
      - Asks IBM Cloud when each key last logged in that is on its way out or that a run now would replace, a request
        for each. All else is asked as by a run.
  diff_mode:
    support: full
    details: Shows the record of each slot, in check mode as it would be where this run comes to rest.
  idempotent:
    support: full
    details: As long as nothing is due and nothing is on its way out.
options:
  slots:
    description:
      - The places where keys are used.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the slot, for people and results. Every character of it has to be visible.
        type: str
        required: true
      file:
        description:
          - The vault file, on the controller. It is created with mode 0600 when it is missing.
          - A relative path starts at the folder of the playbook. In an ad-hoc call, and with the playbooks of this
            collection, it starts where Ansible was started. With O(git) it starts at the top of the repository.
          - A file in the project folder of an AWX job is refused, because that folder goes away with the job.
          - However it is spelled, through links too, a file is the same for all slots, copies and moves of the task.
        type: path
        required: true
      variable:
        description:
          - The variable that holds the published value. It stays one vaulted text, so nothing that uses it changes.
          - A value that somebody else put there is not overwritten. The slot stops, unless nobody can log in with it.
            A line break at its end is read as none, a blank text as no value.
          - A list leads to an entry of a mapping, or of an item of a list, as in
            O(cloudkeys.ibmcloud.ansible_vault_vars#module:name). What is missing on the way is created, except lists
            and their items. The record is under the same list as a JSON text.
          - "Pick an item of a list by its members, V([clusters, {name: prod}, api_key]). By its number it is another
            one as soon as somebody puts an item in front; a slot whose value is then not found stops."
          - Before a key is made it is tried whether its value could be written there. The name of a new variable has to
            be one that Ansible accepts, and none that it keeps for itself, as V(groups).
          - Without it, O(slots[].name).
        type: raw
      state:
        description:
          - V(present) keeps the slot. V(absent) ends it. The variable and its copies are removed, the key is retired
            through the same steps as any other, and the record is dropped at last. Keep the slot in the list until it
            is V(gone).
        type: str
        choices: [present, absent]
        default: present
      key_name:
        description:
          - Name of the key in IBM Cloud. Until a successor is published it is called like that with C( (next)) behind.
            When it is changed, the next key has the new name; the published one keeps its own.
          - Without it, O(slots[].name).
        type: str
      iam_id:
        description:
          - IAM ID of the owner. Without O(slots[].iam_id) and O(slots[].service_id) the keys are the caller's own.
          - When another owner is declared than that of the published key, the key is replaced at once by one of the new
            owner, and keeps its overlap. A record with keys of another account than that of the log-in stops the slot.
        type: str
      service_id:
        description: The service ID that owns the keys, by its id or its name. Without it, see O(slots[].iam_id).
        type: str
      service_id_group:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:service_id_group).
        type: str
      description:
        description: Description of new keys. Without it they inherit the one of the key before.
        type: str
      locked:
        description:
          - Whether the published key is locked. A successor of a key that is locked is locked too, in any case.
        type: bool
        default: false
      use_marker:
        description:
          - Whether the rotation ends the description of its keys with a short text that ties them to the slot.
          - Without the text, keys that stopped runs have left cannot be found and cleared away.
        type: bool
        default: true
      hand_over:
        description:
          - Whether there is something to do after publishing before the overlap begins. The slot then rests in the step
            V(hand_over) until its new key is in O(handed_over_ids).
        type: bool
        default: false
      data:
        description:
          - Whatever the probe and hand-over tasks of the role need to know of this slot, such as the places that its
            value is handed over to. It is handed on as it is, and nothing of it is kept on record.
          - It is shown in results, so a secret in it is refused. That is a vaulted value, a secret that this run knows,
            and a text that looks like the value of a key.
        type: dict
        default: {}
      copies:
        description:
          - More variables that hold the published value, written right after publishing and mended by every run. One
            that holds anything but a value of this slot is left alone, and the slot stops.
        type: list
        elements: dict
        default: []
        suboptions:
          file:
            description: The vault file of the copy, a path like that of the slot and in the same repository.
            type: path
            required: true
          variable:
            description: The variable of the copy, or a list that leads to it, see O(slots[].variable).
            type: raw
            required: true
      moved_from:
        description:
          - Where the slot was before, when its file or variable has changed. The record and the value are brought from
            there, and the old variable is removed, unless it is among O(slots[].copies). A slot that was moved already
            stays as it is.
          - A run that still declares the old place stops once the move has begun. Without it, nothing is moved.
        type: dict
        suboptions:
          file:
            description: The vault file before. Without it, O(slots[].file).
            type: path
          variable:
            description: The variable before, or a list that leads to it. Without it, that of the slot.
            type: raw
      retire_ids:
        description:
          - Ids of keys that were there before the slot, and that are to be retired like an old key once the slot has
            published one of its own. No other key is ever taken for an old one.
          - One that another slot has, by its marker or by what this run knows, is refused.
        type: list
        elements: str
        default: []
      policy:
        description:
          - What differs for this slot from the policy of the task. Whatever is left out, or empty, is as the task says.
            An option that is not known is refused.
          - Its options are O(max_age_days), O(rotate_before_expiry_days), O(expires_in_days), O(overlap_hours),
            O(soak_hours), O(quiet_hours), O(wait_at_most_days), O(on_previous_in_use), O(lease_seconds),
            O(settle_seconds), O(orphan_min_age_minutes), O(keys_per_identity), O(rotate_if_older_than),
            O(on_missing_record) and O(key_source), which mean there what they mean for the task.
          - Without it, the slot has the policy of the task.
        type: dict
  project_folder_lasts:
    description:
      - Allows vault files in the project folder of an AWX job, E(AWX_PRIVATE_DATA_DIR) or C(/runner/project).
      - Only for a folder that is mounted from a place that lasts. AWX itself deletes it when the job ends, and with it
        the only copy of the new keys.
    type: bool
    default: false
  vault_id:
    description:
      - The vault id to encrypt with, for values that are new in a file.
      - A value that is replaced keeps its id. Without this option it is the id that Ansible is told to encrypt with,
        or the only one that is loaded; when several are loaded and none is chosen the slot fails.
    type: str
  history:
    description:
      - Keeps a line of JSON for each thing that happened to a key, in a file that people and tools read.
      - What happened follows from the record, so a run that was killed is caught up by the next one, and nothing is
        told twice. It costs no request. The lookup P(cloudkeys.ibmcloud.iam_api_key_history#lookup) reads it.
      - Without it, no history is kept. Where it is turned on later, it begins with what the records still tell.
    type: dict
    suboptions:
      file:
        description:
          - The file. A relative path is like that of a slot. With O(git) it is a path in the repository, and each line
            comes with the commit of the record that it is about. It is created with mode 0600 when it is missing.
          - A file with a line that is none of a history is refused before anything is done, and so is one that cannot
            be written. Several tasks and slots may share a file.
        type: path
        required: true
      keep_days:
        description: Lines that are older than so many days are dropped when others are added.
        type: float
        default: 730
      by:
        description: Who runs the task. Without it, the user of the controller.
        type: str
      job:
        description: The job that runs the task, such as its number in AWX. Without it, none is told.
        type: str
  report:
    description:
      - What is shown while the task runs, beside its result. With V(all), each slot has a line at the end, and there is
        one about all of them. With V(changes), only those slots have one that have changed, have failed or may need a
        person, so a run in which nothing happened shows one line. Steps are shown as they are taken. With V(steps),
        nothing else is shown, as is fit for a task that another one follows for the same slots; with V(none), nothing.
    type: str
    choices: [all, changes, steps, none]
    default: changes
  hand_on:
    description:
      - Hands ids, counts and dates of the slots on to the next job of a workflow, as M(ansible.builtin.set_stats) does,
        with the names of the first five slots that failed, and of those that go on first.
      - Without it, nothing is handed on.
    type: dict
    suboptions:
      name:
        description: Name of the artifact, which is a mapping by host.
        type: str
        required: true
      earlier:
        description:
          - RV(handed_on) of an earlier task, whose slots the artifact is to be about as well. Without it, it is about
            those of this task.
        type: dict
  until:
    description:
      - How far to go. V(staged) makes the new key and logs in with it, V(published) also publishes it, V(retired) also
        takes the old one away. The role runs the user's tasks between these stages.
    type: str
    choices: [staged, published, retired]
    default: retired
  compromised_ids:
    description:
      - Ids of keys that leaked. They are marked on record, disabled and replaced, and deleted without overlap
        and soak. What is no id is refused, in every list of ids.
      - Tokens that were issued for a key before stay valid until they expire, for up to one hour.
    type: list
    elements: str
    default: []
  compromised_values:
    description:
      - The same by value, instead of O(compromised_ids), for a leak of which only the value is known. Each entry may be
        a text as it was found, such as C(NAME=value) or JSON. Keep it in a vaulted variable.
      - A value that no key has is told in RV(not_found). One that works in another account fails the task.
    type: list
    elements: str
  compromised_values_file:
    description:
      - File on the controller with leaked values, as they were found, instead of O(compromised_values). A relative path
        is like that of a slot. A file that other users may write is refused.
    type: path
  only_leaked:
    description:
      - Do what a leak asks for, and nothing else. A slot without a leaked key is left alone, however due it is, and
        nothing is retired or swept but leaked keys.
      - Leaked keys of no slot do not fail the task then; whoever asks for this has to shut RV(unmanaged_ids).
    type: bool
    default: false
  leak_response:
    description:
      - V(disable_first) shuts a leaked key before a successor exists, which is an outage of seconds for its users. When
        the owner may have no more keys, the leaked one is even deleted before, to make a place, which the result says.
        V(replace_first) publishes the successor first, and deletes the leaked key after the hand-over.
      - A run until V(retired) fails as long as a leaked key of its slots still works.
      - A leaked key that this very run logs in with is always replaced first.
    type: str
    choices: [disable_first, replace_first]
    default: disable_first
  rollback_to_ids:
    description:
      - Ids of replaced keys that are made the published ones again, as long as their deletion is not announced. Name
        one of a slot at most. An order that stays in a variable is carried out once. When the key is replaced anew
        while the order still stands, it is told and not carried out again.
      - An order that cannot be carried out is a failure, with what there is of the key. That is so for a key that was
        deleted at the end of its time, too.
    type: list
    elements: str
    default: []
  probed_ids:
    description:
      - When set, only these new keys are published, and no rotation is begun unless O(until=staged). Without it, every
        new key that logs in is published.
    type: list
    elements: str
  withdraw_ids:
    description:
      - Ids of new keys that did not pass their probe. They are deleted, and the published key is left untouched.
    type: list
    elements: str
    default: []
  handed_over_ids:
    description:
      - Ids of published keys that were handed over to whatever uses them. The overlap of the old key begins now.
      - In check mode C((the new key)) stands for the key that this run would make.
    type: list
    elements: str
    default: []
  verify_values:
    description:
      - Ask IBM Cloud whether each variable still holds the value of the published key. That is one request more for
        each slot and no log-in with a value that IBM Cloud knows, so the age of unused keys stays true.
      - A value that IBM Cloud does not know is replaced by that of a successor; one that belongs to another key fails
        the slot. Without this option that is noticed when the key is due.
    type: bool
    default: false
  batch_size:
    description: How many rotations one run begins; more wait for the next run.
    type: int
    default: 50
  stop_after_failures:
    description:
      - After so many failed slots no further rotation is begun, and never are more rotations under way than may still
        fail. Without it, failures stop nothing.
    type: int
  plan_days:
    description:
      - In check mode, how many days ahead RV(plan) looks, from V(1) to V(366). What begins in this time is planned to
        its end. It costs no request, whatever it is.
    type: int
    default: 30
  max_age_days:
    description:
      - A key older than this many days is replaced, by the creation time that IBM Cloud tells. At least V(1), so that
        no new key is due at once, and at least O(overlap_hours) and O(soak_hours) together, because a key is replaced
        only once the one before is gone.
    type: float
    default: 90
  rotate_before_expiry_days:
    description:
      - A key that expires is replaced this many days before.
    type: float
    default: 30
  expires_in_days:
    description:
      - New keys expire after so many days, as a safety net should nobody run the rotation any more. It has to be at
        least O(max_age_days), O(overlap_hours) and O(soak_hours) together, and a day longer than
        O(rotate_before_expiry_days).
      - Without it, a new key lives as long as the key before, if that expires, else for ever. A key that lives too
        short for that, so that its successor would be due at once, fails the slot until this option says how long.
    type: float
  overlap_hours:
    description:
      - How long the old key stays enabled after the new one was handed over, or published when there is nothing to
        hand over.
    type: float
    default: 72
  soak_hours:
    description:
      - How long the old key stays disabled, and can be enabled again, before it is deleted.
    type: float
    default: 168
  quiet_hours:
    description:
      - An old key that logged in within so many hours before it is to be disabled counts as in use.
      - V(0) asks nobody and costs no request.
    type: float
    default: 24
  wait_at_most_days:
    description:
      - How long an old key that is in use is waited for, after its overlap, before the slot fails.
    type: float
    default: 30
  on_previous_in_use:
    description:
      - What to do with an old key that is in use. V(wait) leaves it enabled for O(wait_at_most_days) at most,
        V(warn) disables it and says so, V(fail) fails the slot and leaves it enabled.
    type: str
    choices: [wait, warn, fail]
    default: warn
  lease_seconds:
    description:
      - A change that another run has announced is left alone for this long, because its request may still be on its
        way. At least V(120), twice what the longest request with its repetitions may take; at most a day.
    type: float
    default: 120
  settle_seconds:
    description:
      - A new key is published after it has logged in for this long, because IBM Cloud's replicas learn of it at
        different times. At most an hour.
    type: float
    default: 5
  orphan_min_age_minutes:
    description:
      - Keys with the slot's marker that no record needs are deleted when they are older than this.
    type: float
    default: 120
  keys_per_identity:
    description:
      - How many API keys one identity may have, disabled ones included. The places that are free go to the most urgent
        slots, which are those with a leaked, gone or expired key and then those that have been due for longest. The
        others rest in the step V(later), with the date when the next old key is deleted. Where none will be, the slot
        fails.
    type: int
    default: 20
  rotate_if_older_than:
    description:
      - A key that was published before this time is replaced now, whatever its age.
      - A time and not a switch, so that a second run does not rotate again. Of the form
        V(2026-03-04T09:15:30+0000). Without it, age and expiry decide.
      - It has to have passed, by the time of IBM Cloud. For one that is less than a minute away, because the clock that
        told it is ahead, the run waits.
    type: str
  on_missing_record:
    description:
      - What to do when the vault file has no record of the slot, but its variable has a value or IBM Cloud has a
        key of that name.
      - V(fail) changes nothing and says so. V(adopt) takes over the key whose value the variable holds, with its lock
        and whatever marker it carries. V(replace) makes a new key and leaves the one that was found alone.
    type: str
    choices: [fail, adopt, replace]
    default: fail
  key_source:
    description:
      - Who chooses the value of a new key. V(local) draws it here and puts it on record before the key is made, so
        a stopped run is simply continued. V(iam) lets IBM Cloud choose; a run that is stopped before the value is
        on record withdraws that key and makes another.
    type: str
    choices: [local, iam]
    default: local
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_import
  - plugin: cloudkeys.ibmcloud.iam_api_key_history
    plugin_type: lookup
  - module: cloudkeys.ibmcloud.iam_leaked_keys
  - name: Role rotate_api_keys
    description: The same with defaults and a report, for playbooks and AWX jobs.
    link: https://github.com/cloudkeys/ibmcloud/tree/main/roles/rotate_api_keys
  - module: cloudkeys.ibmcloud.ansible_vault_vars
  - module: cloudkeys.ibmcloud.iam_api_key
  - module: cloudkeys.ibmcloud.iam_api_key_audit
  - module: cloudkeys.ibmcloud.iam_doctor
  - name: AWX in five minutes
    description: Credentials, job templates and surveys, ready to load.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/awx.md
  - name: On call
    description: A key leaked, or a rotation stopped; what to do now.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/on-call.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Keep the key of the deployment fresh
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots:
      - name: deploy_api_key
        key_name: deploy
        service_id: ci-deploy
        file: group_vars/all/secrets.yml
        locked: true

- name: Replace the key of the backup every month, and all others every 90 days
  cloudkeys.ibmcloud.iam_api_key_rotation:
    max_age_days: 90
    slots:
      - name: deploy_api_key
        service_id: ci-deploy
        file: group_vars/all/secrets.yml
      - name: backup_api_key
        service_id: backup
        file: group_vars/all/secrets.yml
        policy: {max_age_days: 30}

- name: Replace every key that was published before the incident
  cloudkeys.ibmcloud.iam_api_key_rotation:
    rotate_if_older_than: 2026-03-04T03:00:00+0000
    slots: "{{ all_slots }}"

- name: Replace a leaked key at once
  cloudkeys.ibmcloud.iam_api_key_rotation:
    compromised_ids: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b]
    slots: "{{ all_slots }}"

- name: Go back to the key before
  cloudkeys.ibmcloud.iam_api_key_rotation:
    rollback_to_ids: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b]
    slots: "{{ all_slots }}"

- name: Keep a key where an application expects it, inside a list
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots:
      - name: orders
        service_id: orders
        file: group_vars/all/secrets.yml
        variable: [databases, {name: orders}, api_key]

- name: Move a slot to another file, under another name, and keep the old variable until nothing reads it
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots:
      - name: ci_deploy_key
        key_name: deploy
        service_id: ci-deploy
        file: group_vars/ci/secrets.yml
        moved_from: {file: group_vars/all/secrets.yml, variable: deploy_api_key}
        copies: [{file: group_vars/all/secrets.yml, variable: deploy_api_key}]

- name: See what the next three months bring, and change nothing
  cloudkeys.ibmcloud.iam_api_key_rotation:
    plan_days: 90
    slots: "{{ all_slots }}"
  check_mode: true
  register: ahead

- name: Show it
  ansible.builtin.debug:
    msg: "{{ ahead.plan.report }}"

- name: Ask whether the variables still hold working values, and replace what was lost
  cloudkeys.ibmcloud.iam_api_key_rotation:
    verify_values: true
    slots: "{{ all_slots }}"

# In AWX: the credentials of docs/examples/awx set IBMCLOUD_API_KEY and CLOUDKEYS_GIT_TOKEN and hold the vault password.
- name: Keep the vault file in a Git repository, as AWX jobs have to
  cloudkeys.ibmcloud.iam_api_key_rotation:
    git:
      repository: https://git.example.com/team/secrets.git
      branch: main
    slots:
      - name: deploy_api_key
        service_id: ci-deploy
        file: group_vars/all/secrets.yml # in the repository
    compromised_ids: "{{ leaked_ids.split() }}" # of a survey

# Ad hoc, for one slot:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_rotation --vault-id prod@prompt \
#   -a '{"slots": [{"name": "deploy_api_key", "service_id": "ci-deploy", "file": "secrets.yml"}]}'

- name: Keep a history of what happened, and say who did it in which job
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots: "{{ my_slots }}"
    history:
      file: history.jsonl
      by: "{{ lookup('ansible.builtin.env', 'GITLAB_USER_LOGIN') | default(omit, true) }}"
      job: "{{ lookup('ansible.builtin.env', 'CI_JOB_ID') | default(omit, true) }}"

- name: Tell Prometheus how the slots are
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots: "{{ my_slots }}"
    metrics:
      file: /var/lib/node_exporter/textfile_collector/ibmcloud_keys.prom
"""

RETURN = r"""
slots:
  description: One entry a slot, in the order of O(slots).
  returned: always, unless the options do not make sense
  type: list
  elements: dict
  contains:
    name:
      description: Name of the slot.
      returned: always
      type: str
      sample: deploy_api_key
    file:
      description: The vault file; with O(git) its path in the repository.
      returned: always
      type: str
      sample: group_vars/all/secrets.yml
    local_file:
      description:
        - The vault file on the controller, for the lookup P(cloudkeys.ibmcloud.ansible_vault_value#lookup).
        - Null with O(git) unless O(git.keep_working_copy).
      returned: always
      type: str
      sample: /srv/playbooks/group_vars/all/secrets.yml
    variable:
      description: The variable that holds the published value, a list that leads to it as a JSON text.
      returned: always
      type: str
      sample: deploy_api_key
    variable_path:
      description: The same as a list, as O(cloudkeys.ibmcloud.ansible_vault_vars#module:name) and the lookup
        P(cloudkeys.ibmcloud.ansible_vault_value#lookup) take it.
      returned: always
      type: list
      elements: raw
      sample: [deploy_api_key]
    data:
      description: What the slot tells its tasks, O(slots[].data).
      returned: always
      type: dict
      sample: {hand_over: [{to: vault_kv2, path: ci/deploy}]}
    slot_id:
      description: The id of the slot in the markers of its keys.
      returned: always
      type: str
      sample: 3f9a2c7d
    step:
      description:
        - Where the slot rests. V(idle) when nothing is due, V(staged) before publishing, V(hand_over) before the user's
          tasks, V(published), V(overlap), V(in_use) and V(soak) while the old key is on its way out, V(later) when it
          is due and put off, V(gone) when it has ended, V(failed) when a person has to look. In check mode, the next
          step.
      returned: always
      type: str
      sample: overlap
    reason:
      description: Why, in one sentence.
      returned: always
      type: str
      sample: the key ApiKey-7a6b5c4d is not due
    taken:
      description: The steps that this run carried out.
      returned: always
      type: list
      elements: str
      sample: [intend, publish]
    old_id:
      description: Id of the key that was published before this run, or null.
      returned: always
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    new_id:
      description: Id of the key that is published now, or null.
      returned: always
      type: str
      sample: ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928
    pending_id:
      description: Id of the new key that is on its way, or null.
      returned: always
      type: str
      sample: ApiKey-5d4c3b2a-1908-4776-8594-a3b2c1d0e9f8
    generation:
      description: Number of the newest key of the slot.
      returned: always
      type: int
      sample: 5
    superseded_ids:
      description: Ids of the keys that are on their way out.
      returned: always
      type: list
      elements: str
      sample: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b]
    swept_ids:
      description: Ids of orphans, left by runs that were stopped, that this run deleted.
      returned: always
      type: list
      elements: str
      sample: []
    next_at:
      description: When the slot goes on by itself, or null.
      returned: always
      type: str
      sample: 2026-03-07T09:16+0000
    steps_to_come:
      description:
        - In check mode, every step from now on until the slot rests for good, the rests between included. It is what
          happens if nobody else changes anything, nobody uses the old key after its overlap, and runs come often
          enough. Otherwise an empty list.
      returned: always
      type: list
      elements: dict
      contains:
        step:
          description: What is done, or where the slot rests, in the words of RV(slots[].taken) and RV(slots[].step).
          returned: always
          type: str
          sample: disable
        reason:
          description: Why, in one sentence.
          returned: always
          type: str
          sample: its overlap is over
        at:
          description: When, at the earliest.
          returned: always
          type: str
          sample: 2026-03-07T09:16+0000
        key_id:
          description: Id of the key that it is about, a word in brackets for one that is yet to be made, or null.
          returned: always
          type: str
          sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      sample:
        - {step: disable, reason: its overlap is over, at: 2026-03-07T09:16+0000, key_id: ApiKey-3f0c1d2e}
        - {step: soak, reason: it can be enabled again, at: 2026-03-07T09:16+0000, key_id: ApiKey-3f0c1d2e}
report:
  description:
    - One line a slot, for people. In check mode it names the steps that this run would take and where it would come to
      rest.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["deploy_api_key: idle, goes on at 2026-06-02T09:15+0000 (the key ApiKey-7a6b5c4d is not due)"]
plan:
  description:
    - What is to come for all slots together, with a run each day at this time of the day. The first run has the orders
      of this task, those after it have none. It comes true if nobody changes anything else.
    - Slots of one owner wait for each other's places in it, and for O(batch_size) and O(stop_after_failures), as they
      do in runs.
  returned: in check mode, unless the options do not make sense
  type: dict
  contains:
    days:
      description: O(plan_days).
      returned: always
      type: int
      sample: 30
    from:
      description: When the first run is, which is now; null when no slot could be looked at.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    until:
      description: Until when rotations begin in the plan.
      returned: always
      type: str
      sample: 2026-04-03T09:15+0000
    total:
      description: Counts over all slots and the whole plan.
      returned: always
      type: dict
      contains:
        slots:
          description: The slots.
          returned: always
          type: int
          sample: 42
        need_a_person:
          description: Slots that fail, now or later in the plan.
          returned: always
          type: int
          sample: 0
        change:
          description: Slots for which a run does something.
          returned: always
          type: int
          sample: 2
        put_off:
          description: Slots that are due and have to wait.
          returned: always
          type: int
          sample: 0
        keys_made:
          description: Keys that are made.
          returned: always
          type: int
          sample: 1
        keys_disabled:
          description: Keys that are disabled.
          returned: always
          type: int
          sample: 2
        keys_deleted:
          description: Keys that are deleted.
          returned: always
          type: int
          sample: 2
        first_change_at:
          description: When the first run is that does something, or null.
          returned: always
          type: str
          sample: 2026-03-07T09:16+0000
    slots:
      description: One entry a slot, in the order of O(slots).
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: Name of the slot.
          returned: always
          type: str
          sample: deploy_api_key
        file:
          description: The vault file, as in RV(slots[].file).
          returned: always
          type: str
          sample: group_vars/all/secrets.yml
        variable:
          description: The variable, as in RV(slots[].variable).
          returned: always
          type: str
          sample: deploy_api_key
        iam_id:
          description: IAM ID of the owner.
          returned: always
          type: str
          sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
        now:
          description:
            - What a run does first now, or where the slot rests (C(step), V(stop) when a person is needed, C(reason)).
            - Its published key (C(key_id), C(created_at), C(expires_at)), and the keys that are on their way out
              (C(superseded_ids)).
          returned: always
          type: dict
          sample:
            step: overlap
            reason: the key before still works
            key_id: ApiKey-7a6b5c4d
            superseded_ids: [ApiKey-3f0c1d2e]
        steps:
          description:
            - Every step and every rest, in order. C(step) and C(reason) are those of RV(slots[].steps_to_come), C(at)
              is when, C(until) when a rest ends, C(rests) tells rests from steps, C(key_id) is the key that it is
              about. A key that is yet to be made is told in brackets.
            - C(last_login_at) is when a key that goes last logged in, V(never), or null where that was not asked.
              C(provided) is what a step depends on that nobody can foresee, or null.
          returned: always
          type: list
          elements: dict
          sample:
            - step: disable
              at: 2026-03-07T09:16+0000
              until: null
              rests: false
              key_id: ApiKey-3f0c1d2e
              reason: its overlap is over
              last_login_at: 2026-03-01T11:20+0000
              provided: nobody logs in with it in the 24 hours before; otherwise the run warns
        inherits:
          description: What the successor has of the key before, where one is made in the plan.
          returned: always
          type: list
          elements: str
          sample: [its description, its lock]
        does_not_inherit:
          description: What the successor does not have of the key before, where one is made in the plan.
          returned: always
          type: list
          elements: str
          sample: ["that it supports sessions, which keys of service IDs have not"]
    places:
      description:
        - Of each owner for whom a key is made in the plan, C(iam_id). How many keys it may have (C(limit)) and has
          (C(taken)), how many more it may have (C(free)), and how many slots of it need a place (C(needed)).
        - C(waiting) are the slots that were put off, with the date when each begins, or null when that is after the
          plan. C(frees) is when which key is deleted.
      returned: always
      type: list
      elements: dict
      sample:
        - iam_id: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
          limit: 20
          taken: 19
          free: 1
          needed: 2
          waiting: [{slot: backup, put_off: true, begins_at: 2026-03-15T09:15+0000}]
          frees: [{at: 2026-03-14T09:15+0000, slot: deploy_api_key, key_id: ApiKey-3f0c1d2e}]
    report:
      description:
        - The same in lines for people. A total first, then slots that need a person, then what comes soonest. Of many
          slots the first are told, and how many there are besides.
      returned: always
      type: list
      elements: str
      sample: ["PLAN of 1 slot, rotations that begin until 2026-04-03, with a run each day: 0 change"]
working_copy:
  description: The private folder that was left behind because of O(git.keep_working_copy), or null.
  returned: always, unless the options do not make sense
  type: str
  sample: /tmp/cloudkeys-git-k2x8w1p0
handed_on:
  description: What O(hand_on) of a later task takes as O(hand_on.earlier). Ids, dates and names only.
  returned: with O(hand_on)
  type: dict
  sample: {slots: {"secrets.yml: deploy_api_key": [idle, [], "2026-06-02T09:15+0000", deploy]}, changed_ids: []}
unmanaged_ids:
  description:
    - Leaked keys that still exist and belong to no slot of the task. The task fails because of them unless it is about
      leaked keys only (O(only_leaked)); the playbook C(cloudkeys.ibmcloud.revoke_leaked) shuts them.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [ApiKey-0f1e2d3c-4b5a-4697-8897-a6b5c4d3e2f1]
not_found:
  description:
    - Leaked ids and values that no key has, a value by its place. They are gone already, mistyped, or of another
      account.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [the value in line 3 of `compromised_values_file`]
leaked_ids:
  description:
    - Ids of the leaked keys that are still there, those of leaked values among them. A later task needs no more.
    - Null when one of them could not be looked up.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [ApiKey-0f1e2d3c-4b5a-4697-8897-a6b5c4d3e2f1]
values_not_opened:
  description:
    - How many slots rest whose value this run did not decrypt. Their cipher text is the one that was decrypted when the
      record was written last; O(verify_values) opens and tries each of them.
  returned: always, unless the options do not make sense
  type: int
  sample: 198
transaction_ids:
  description: IBM Cloud's own references of the changes, for an audit or a support case.
  returned: always
  type: list
  elements: str
  sample: [MTIzNDU-7f3c9a51d2e4b687]
"""
