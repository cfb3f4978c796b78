"""Errors that are meant for people: one sentence that says what was wrong, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Something the user can mend; the command line prints it without a traceback and exits with 2.

    Example:
        >>> raise UserError("no such file: digits.npy")
        Traceback (most recent call last):
        vaekit.errors.UserError: no such file: digits.npy
    """


class CapabilityError(UserError):
    """A model was asked for something it cannot give, a density of an energy for instance."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known spelling, or lists what is known.

    Example:
        >>> nearest("beta_vea", ["vae", "beta_vae"])
        'did you mean beta_vae?'
        >>> nearest("zzz", ["vae", "iwae"])
        'known are: iwae, vae'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"known are: {', '.join(names)}"
