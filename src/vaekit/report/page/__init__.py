"""A run as one HTML page that opens from disk: what the model is, what it does, what is wrong with it."""

from vaekit.report.page.compare import comparison
from vaekit.report.page.comparison import terminal_table
from vaekit.report.page.render import page
from vaekit.report.page.subject import Subject

__all__ = ["Subject", "comparison", "page", "terminal_table"]
