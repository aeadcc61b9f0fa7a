# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that say whose keys are meant; argument spec: IDENTITY."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  iam_id:
    description:
      - IAM ID of the user or service ID that owns the key, for example V(IBMid-270000ABCD) or V(iam-ServiceId-...).
      - Without O(iam_id) and O(service_id) the key is one of the caller's own.
      - A blank one is refused, so that a question that nobody answered does not stand for the caller.
      - Nobody can create an API key for another user; IBM Cloud does not allow it.
    type: str
  service_id:
    description:
      - The service ID that owns the key, by its id (V(ServiceId-...)) or by its name.
      - A name costs one more request and has to be unique in its service-ID group; none or several fail the task.
      - A blank one is refused, as that of O(iam_id) is.
      - Without O(service_id) and O(iam_id) the key is one of the caller's own.
    type: str
  service_id_group:
    description:
      - The service-ID group of O(service_id), by its id (V(ServiceIdGroup-...)) or its name, which costs one more
        request. Without it only the default group of the account is searched for a name, and for keys.
    type: str
"""
