"""The science gate: vaekit's own parts against closed forms, on the user's machine."""

from vaekit.verification.check import Check
from vaekit.verification.gate import run_gate

__all__ = ["Check", "run_gate"]
