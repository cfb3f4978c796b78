"""The doctor: what is wrong with a model, how it is known, and what to do about it."""

from vaekit.diagnosis.doctor import QUESTIONS, Question, diagnose
from vaekit.diagnosis.finding import Advice, Diagnosis, Finding, Illness, Verdict
from vaekit.diagnosis.patient import Check, Commands, Patient

__all__ = [
    "QUESTIONS",
    "Advice",
    "Check",
    "Commands",
    "Diagnosis",
    "Finding",
    "Illness",
    "Patient",
    "Question",
    "Verdict",
    "diagnose",
]
