"""The doctor: what is wrong with a model, how it is known, and what to do about it."""

from vaekit.diagnosis.finding import Advice, Diagnosis, Finding, Illness, Verdict
from vaekit.diagnosis.patient import Check, Commands, Patient

__all__ = ["Advice", "Check", "Commands", "Diagnosis", "Finding", "Illness", "Patient", "Verdict"]
