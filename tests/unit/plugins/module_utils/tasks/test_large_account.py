# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account of 40,000 keys is read in 400 requests, and the process that reads it stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]
MOST_MEGABYTES = 300

# In a process of its own: what the tests before it left in memory does not count. IAM is made up page by page, because
# an emulator of that size would itself take more memory than it is about.
READER = """
import io, json, re, sys
from urllib.parse import parse_qs, urlsplit
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from ansible_collections.cloudkeys.ibmcloud.plugins.action import iam_api_key_info as action
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key_info import SPEC, run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import plain
from iam_emulator import Emulator, Visitor

emulator = Emulator()
token = Visitor(emulator).log_in().json()["access_token"]
SERVICE_IDS, KEYS_OF_EACH, ACCOUNT = 2000, 20, emulator.seed.account_id
pages = []

def key(number):
    uuid = f"{number:08x}-4b5a-4798-8c9d-0e1f2a3b4c5d"
    owner = f"iam-ServiceId-{number // KEYS_OF_EACH:08x}-5b6a-4798-8c9d-0e1f2a3b4c5d"
    return {
        "id": f"ApiKey-{uuid}", "entity_tag": f"1-{number:032x}",
        "crn": f"crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::apikey:ApiKey-{uuid}",
        "locked": False, "disabled": False, "created_at": "2026-03-04T09:15+0000", "created_by": "IBMid-270000ABCD",
        "modified_at": "2026-03-04T09:15+0000", "support_sessions": False, "action_when_leaked": "disable",
        "name": f"key number {number}", "description": f"made for the job of number {number}, in a task",
        "iam_id": owner, "account_id": ACCOUNT, "expires_at": "2028-03-31T12:00+0000",
    }

class LargeAccount(HTTPAdapter):
    def send(self, request, **_more):
        query = parse_qs(urlsplit(request.url).query)
        assert query["pagesize"] == ["100"] and query["scope"] == ["account"], query
        first = int(query.get("pagetoken", ["0"])[0])
        pages.append(first)
        after = first + 100
        body = {"offset": first, "limit": 100, "apikeys": [key(number) for number in range(first, after)]}
        if after < SERVICE_IDS * KEYS_OF_EACH:
            body["next"] = f"https://iam.cloud.ibm.com/v1/apikeys?pagetoken={after}"
        answer = HTTPResponse(io.BytesIO(json.dumps(body).encode()), status=200, preload_content=False)
        return self.build_response(request, answer)

client = open_client({"token": token}, {}, protect, adapter=LargeAccount())
params = {name: option.get("default") for name, option in SPEC["argument_spec"].items()}
# As the action does it: work, scrub, plain values.
result = plain(outcome(lambda asked, check: run(asked, check, client), {**params, "scope": "account"}, False))
# Linux counts for ru_maxrss what the parent had when it started this process; VmHWM begins anew.
status = open("/proc/self/status", encoding="utf-8").read()
print(json.dumps({
    "keys": len(result["api_keys"]), "distinct": len({each["id"] for each in result["api_keys"]}), "pages": len(pages),
    "megabytes": int(re.search(r"VmHWM:\\s+([0-9]+) kB", status).group(1)) // 1024,
}))
"""


def test_forty_thousand_keys_are_read_in_four_hundred_pages_and_little_memory():
    paths = f"{ROOT / '.build'}:{ROOT / 'tests/emulator'}"
    done = subprocess.run(
        [sys.executable, "-c", READER],
        env={"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])

    assert (seen["keys"], seen["distinct"], seen["pages"]) == (40_000, 40_000, 400)
    assert seen["megabytes"] < MOST_MEGABYTES, seen
