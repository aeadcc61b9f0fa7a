# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A local IBM Cloud IAM: API keys, service IDs and tokens, for tests and demonstrations."""

from __future__ import annotations

from .adapter import EmulatorAdapter
from .emulator import Emulator
from .messages import Answer, Request
from .settings import Settings
from .visitor import Visitor

__all__ = ["Answer", "Emulator", "EmulatorAdapter", "Request", "Settings", "Visitor"]
