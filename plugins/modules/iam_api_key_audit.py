#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key_audit
short_description: Find IBM Cloud API keys that are too old, unused, duplicated or without expiry, and report them
version_added: 1.0.0
description:
  - Looks at the API keys of the whole account, or of chosen identities, by a policy. Each finding has a severity, the
    control that asks for it, and the task that mends it.
  - Writes the report as one HTML page that needs no network, as JSON, Markdown and CSV, and a ready file of slots for
    the keys that no rotation looks after. The same keys at the same time give the same bytes.
  - Only reads. Its one request that is no read asks for IBM Cloud's own report on what was not used. The last
    log-in of a key that is in use is not in that report, so such a key is shown as used V(recently).
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.metrics
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
    details: Audits and returns everything; writes no file, and pushes none.
  diff_mode:
    support: none
    details: What changes is a report, which is long.
  idempotent:
    support: partial
    details: A later report holds another time, so its files are written again.
options:
  identities:
    description:
      - Whose keys to look at. Without it, all of the account that the caller may see; IBM Cloud lists the keys of
        service IDs in the default service-ID group only.
    type: list
    elements: dict
    default: []
    suboptions:
      iam_id:
        description: IAM ID of a user or a service ID, instead of O(identities[].service_id).
        type: str
      service_id:
        description: A service ID, by its id or its name, instead of O(identities[].iam_id).
        type: str
      service_id_group:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:service_id_group).
        type: str
  max_age_days:
    description: A key that was created more than so many days ago is a finding, by IBM Cloud's clock.
    type: int
    default: 90
  unused_after_days:
    description: A key that has not logged in for so many days is a finding.
    type: int
    default: 180
  expires_soon_days:
    description: A key that expires within so many days is a finding.
    type: int
    default: 30
  require_expiry:
    description: Whether a key without an expiry date is a finding.
    type: bool
    default: false
  require_lock:
    description: Whether a key that is not locked is a finding.
    type: bool
    default: false
  account_owner_ids:
    description:
      - IAM IDs of the account owner. Their keys are findings.
      - Without it that is not checked, and the report says so; IBM Cloud IAM does not tell who the owner is.
    type: list
    elements: str
    default: []
  record_files:
    description:
      - Vault files with the records of rotations. Keys that carry a rotation's marker and that no record needs are then
        findings. Needs the vault secrets of these files.
      - Without it only keys that have been the next key for a day count as left over.
    type: list
    elements: path
    default: []
  history_files:
    description:
      - Files that O(cloudkeys.ibmcloud.iam_api_key_rotation#module:history) keeps, to show in the HTML page and in the
        JSON what happened to the keys of the account. Of each account the newest 200 events, and how many there are.
      - A file may be about several accounts; each report takes what is about its own. A history in Git is read from a
        clone of the repository.
      - A file that cannot be read fails the task, and so does a line that is none of a history, which is told by its
        number. Without a file that part is left out.
    type: list
    elements: path
    default: []
  exceptions_file:
    description:
      - YAML file with findings that somebody answers for. A list of entries with C(key) (an id, or a pattern of ids or
        names), C(owner), C(reason), C(expires) (a date) and, if it is not for all of them, C(findings).
      - An entry whose date has passed excuses nothing, and is a finding. Without a file nothing is excused; one that
        cannot be read fails the task.
    type: path
  plan:
    description:
      - RV(cloudkeys.ibmcloud.iam_api_key_rotation#module:plan) of a rotation in check mode, to draw its weeks to come
        into the HTML page. Only counts and dates of it are shown. Without it that picture is left out.
    type: dict
  folder:
    description:
      - Folder on the controller for the report; it has to exist. Without it no file is written.
      - A symbolic link in the place of a report is replaced; what it leads to stays. In a folder where others may put
        files, a file of another user is refused.
      - A relative path starts at the folder of the playbook. In an ad-hoc call, and with the playbooks of this
        collection, it starts where Ansible was started.
      - Audits of several accounts into one folder make one report of all of them; none overwrites another. What lies
        there is also the report before, from which the next one tells what is new and what was mended.
      - C(api-keys.json) keeps it. One that no release like this one wrote is refused, and nothing is written then.
      - A C(slots.yml) that no audit wrote, such as the slots of a rotation, or that was changed since, is refused, too.
      - With O(git) it is a path in the repository, and is made where it is not there. There it must not be blank.
    type: path
  git:
    description:
      - The report goes into this Git repository, to O(folder) there. The report before is read from the branch, and
        what differs is pushed in one commit. An audit that others were faster than reads what they have left and makes
        its files anew, so that audits of several accounts may share a folder.
      - Where it cannot be pushed, the task returns the report all the same, and fails.
      - Without it, the report is written to a folder of the controller. In AWX that is gone when the job ends.
    type: dict
    suboptions:
      repository:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.repository).
        type: str
        required: true
      branch:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.branch).
        type: str
        required: true
      token:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.token).
        type: str
      username:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.username).
        type: str
        default: x-access-token
      ssh_key_file:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.ssh_key_file).
        type: path
      known_hosts_file:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.known_hosts_file).
        type: path
      author_name:
        description: Author and committer of the commit.
        type: str
        default: cloudkeys
      author_email:
        description: Address of the author; some servers accept known ones only.
        type: str
        default: cloudkeys@localhost
      message:
        description: First line of the commit message. The account and its counts follow below.
        type: str
        default: Audit API keys
      timeout_seconds:
        description:
          - How long one call of C(git) may take.
        type: float
        default: 60
  account_name:
    description:
      - What people call the account, in a report on several. Without it, the id of the account.
      - An account has one name in a folder, and a name one account.
    type: str
  expected_accounts:
    description:
      - The names of all accounts that the report in O(folder) is about, with O(account_name) among them. An account of
        which no report lies there is told as not audited, and what lies there of others is dropped.
      - Without it every account that lies there is kept.
    type: list
    elements: str
    default: []
  formats:
    description:
      - What to write. V(html) is C(api-keys.html), V(json) C(api-keys.json), V(markdown) C(api-keys.md), V(csv)
        C(api-keys.csv), and V(slots) C(slots.yml), with O(account_name) C(slots-ACCOUNT_ID.yml).
      - Without V(json) the report tells of no earlier day, and of no other account.
    type: list
    elements: str
    choices: [html, json, markdown, csv, slots]
    default: [html, json, markdown, csv, slots]
  fail_on:
    description:
      - Fail when something of this severity or a worse one was found, after the report was written. V(high) is the
        worst, then come V(medium) and V(low). With V(none) no finding makes it fail.
    type: str
    choices: [high, medium, low, none]
    default: none
  return_keys:
    description: Whether to return every key with its findings. For a large account the result is large.
    type: bool
    default: false
  report_timeout_seconds:
    description:
      - How long to wait for IBM Cloud's report on what was not used, which takes minutes in a large account. When it is
        late the audit goes on without it, and says so.
    type: float
    default: 300
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_doctor
  - name: Audit
    description: What the findings mean, and how to mend them.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/audit.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Audit the account, and fail when a key is too old
  cloudkeys.ibmcloud.iam_api_key_audit:
    folder: reports
    exceptions_file: exceptions.yml
    account_owner_ids: [IBMid-50TPWQ6XHP]
    fail_on: high

- name: Look only at the keys of two service IDs
  cloudkeys.ibmcloud.iam_api_key_audit:
    identities:
      - service_id: ci-deploy
      - service_id: ServiceId-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    return_keys: true
  register: audited

- name: Put the accounts of all hosts of the play on one page
  cloudkeys.ibmcloud.iam_api_key_audit:
    api_key: "{{ account_api_key }}"
    folder: reports
    account_name: "{{ inventory_hostname }}"
    expected_accounts: "{{ ansible_play_hosts_all }}"

- name: Show in the report what happened to the keys
  cloudkeys.ibmcloud.iam_api_key_audit:
    folder: reports
    history_files: [history.jsonl]

- name: See what the rotation will do in the next thirteen weeks
  cloudkeys.ibmcloud.iam_api_key_rotation:
    slots: "{{ all_slots }}"
    plan_days: 91
  check_mode: true
  register: ahead

- name: Audit, with the weeks to come in the page
  cloudkeys.ibmcloud.iam_api_key_audit:
    folder: reports
    plan: "{{ ahead.plan }}"

# In AWX: the credentials of docs/examples/awx set IBMCLOUD_API_KEY and CLOUDKEYS_GIT_TOKEN. The files of a job go away
# with it, so keep the report in Git.
- name: Audit the account
  cloudkeys.ibmcloud.iam_api_key_audit:
    max_age_days: "{{ survey_max_age_days }}"
    folder: reports
    git:
      repository: https://git.example.com/team/ibm-keys.git
      branch: main
  register: audited_in_awx

- name: Show the report
  ansible.builtin.debug:
    msg: "{{ audited_in_awx.markdown.splitlines() }}"

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_audit -a "folder=."
"""

RETURN = r"""
counts:
  description: The number of keys, of findings of each severity, and of findings that somebody answers for.
  returned: always, unless the options do not make sense
  type: dict
  sample: {keys: 42, high: 3, medium: 1, low: 0, excused: 2}
files:
  description: The files of the report. One that was pushed has its branch before it, V(main:reports/api-keys.html).
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [/srv/reports/api-keys.html, /srv/reports/api-keys.json]
not_checked:
  description: What could not be looked at, and why.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["keys of the account owner, because account_owner_ids does not say who that is"]
markdown:
  description: The report as Markdown, with the fifty worst keys, for the output of a job.
  returned: always, unless the options do not make sense
  type: str
  sample: "# API keys\n\n42 keys, 3 high, 1 medium, 0 low, 2 excused\n"
slots:
  description:
    - A file of slots for the first twenty keys that no rotation looks after; empty when there is none.
    - A name that Ansible might take for a template is marked with C(!unsafe) there.
  returned: always, unless the options do not make sense
  type: str
  sample: "rotate_api_keys_slots:\n  - name: deploy\n    file: secrets.yml\n"
api_keys:
  description: Every key with its findings, as in the JSON.
  returned: when O(return_keys=true)
  type: list
  elements: dict
  sample:
    - id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      name: deploy
      owner_id: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
      owner_name: ci-deploy
      owner_kind: service ID
      age_days: 400
      severity: high
      findings:
        - rule: too_old
          severity: high
          detail: 400 days old, 90 are allowed
          exception: null
"""
