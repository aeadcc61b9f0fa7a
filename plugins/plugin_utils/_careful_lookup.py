# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lookup that reads something at the moment of use, and of whose failures only texts written here get out."""

from __future__ import annotations

import abc
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import failure_of, refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_like_a_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import conceal


class CarefulLookup(LookupBase):
    """What a lookup does around its `read`; its name begins each of its messages."""

    # Ansible passes over what a lookup does not know, and over no terms where they are required.
    options: t.ClassVar[tuple[str, ...]] = ()

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """What `read` gives; Ansible shows the text of an exception, so only those written here get out."""
        # ansible-core has no types for these.
        ansible: t.Any = self
        # A key in the place of a name is not to be quoted in a message.
        for text in texts_like_a_value([terms, kwargs]):
            conceal(text)
        name = type(self).__module__.rpartition(".")[2]
        try:
            self._refuse_slips(terms, kwargs)
            ansible.set_options(var_options=variables, direct=kwargs)
            return self.read(ansible, terms)
        except (AnsibleError, CloudkeysError) as error:
            raise AnsibleError(f"{name}: {refused(str(error))['msg']}") from None
        except Exception as error:
            raise AnsibleError(f"{name}: {failure_of(error)['msg']}") from None

    def _refuse_slips(self, terms: list[t.Any], given: t.Iterable[str]) -> None:
        unknown = sorted(set(given).difference(self.options))
        if unknown:
            raise TaskRefused(f"there is no option {', '.join(unknown)}, only {', '.join(self.options)}")
        if not terms:
            raise TaskRefused("nothing was named to be looked up; say what before the options")

    @abc.abstractmethod
    def read(self, ansible: t.Any, terms: list[t.Any]) -> list[t.Any]:
        """The answer to `terms`; `ansible` is this lookup, with its options set."""
