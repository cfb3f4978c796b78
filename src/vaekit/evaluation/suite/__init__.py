"""`vaekit evaluate`: groups of metrics, measured once, kept, and taken together over several runs."""

from vaekit.evaluation.suite.group import Group, Result
from vaekit.evaluation.suite.journal import Chunks, Journal
from vaekit.evaluation.suite.measure import evaluate, group_of, measure
from vaekit.evaluation.suite.subject import Subject, model_digest

__all__ = [
    "Chunks",
    "Group",
    "Journal",
    "Result",
    "Subject",
    "evaluate",
    "group_of",
    "measure",
    "model_digest",
]
