# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many requests are under way at a time; argument spec: CONCURRENCY."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - How many requests to IBM Cloud are under way at a time, up to 32.
      - With V(auto), 8 at first, and more while the answers come as fast as before. As soon as IBM Cloud refuses
        one for being too many, or takes twice as long, half as many; then slowly more again.
      - When IBM Cloud asks one request to come back later, all wait.
    type: raw
    default: auto
"""
