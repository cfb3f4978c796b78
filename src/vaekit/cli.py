"""The command `vaekit`: finds the sub-command, parses its options, and turns errors into one sentence."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from types import MappingProxyType
from typing import final

from vaekit.commands import BROKEN_PIPE, INTERRUPTED, WRONG_INPUT
from vaekit.errors import UserError, nearest
from vaekit.memory import keep_freed_memory

TOO_LARGE = (
    "there is not enough memory for this: use fewer --latents, or a smaller --size, --hidden, --image_size or "
    "--batch_size (--accumulate 4 takes a batch in four parts)"
)


@final
@dataclass(frozen=True)
class Command:
    """A sub-command.

    Args:
        module: holds `main(arguments) -> exit code`; imported when the command is called.
        summary: one line for `vaekit --help`.
    """

    module: str
    summary: str


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "train": Command("vaekit.commands.train", "train a model and measure it"),
        "pack": Command("vaekit.commands.pack", "decode pictures once, into one file that training maps"),
        "data": Command("vaekit.commands.data", "tell what a source or a pack holds"),
        "sample": Command("vaekit.commands.sample", "draw new examples"),
        "reconstruct": Command("vaekit.commands.reconstruct", "encode and decode examples"),
        "denoise": Command("vaekit.commands.denoise", "remove noise, with a model trained against it"),
        "impute": Command("vaekit.commands.impute", "fill missing values"),
        "score": Command("vaekit.commands.score", "find anomalies: how unusual each example is"),
        "interpolate": Command("vaekit.commands.interpolate", "walk between two examples"),
        "traverse": Command("vaekit.commands.traverse", "move along each latent dimension"),
        "encode": Command("vaekit.commands.encode", "write the codes of a data set"),
        "evaluate": Command("vaekit.commands.evaluate", "bounds of the evidence, in nats and bits/dim"),
        "features": Command(
            "vaekit.commands.features", "train a feature space in which samples are compared"
        ),
        "diagnose": Command("vaekit.commands.diagnose", "what is wrong with a model, and what to type next"),
        "report": Command("vaekit.commands.report", "a run as one page that opens from disk"),
        "compare": Command("vaekit.commands.compare", "runs side by side, the best in bold"),
        "holes": Command("vaekit.commands.holes", "holes in latent space, runs side by side"),
        "fit-prior": Command("vaekit.commands.fit_prior", "fit p(z) to the codes of the training set"),
        "recipes": Command("vaekit.commands.recipes", "list the recipes and their papers"),
        "verify": Command("vaekit.commands.verify", "check the mathematics on this machine"),
    }
)


def usage() -> str:
    """What `vaekit --help` prints."""
    rows = "\n".join(f"  {name:<12} {command.summary}" for name, command in COMMANDS.items())
    return (
        "usage: vaekit COMMAND [options]      vaekit COMMAND --help\n\n"
        "Variational autoencoders whose numbers are proved true.\n\n"
        f"commands:\n{rows}\n\n"
        "first steps:\n"
        "  vaekit train digits\n"
        "  vaekit sample runs/digits-vae-001\n"
        "  vaekit verify\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 1 (a check failed), 2 (wrong input), 130 (Ctrl-C)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show "−" or "±" must not end a training.
            stream.reconfigure(errors="replace")
    if not given or given[0] in ("-h", "--help"):
        print(usage())
        return 0
    if given[0] == "--version":
        from vaekit import __version__

        print(f"vaekit {__version__}")
        return 0
    try:
        if given[0] not in COMMANDS:
            raise UserError(f"no command is called {given[0]}; {nearest(given[0], COMMANDS)}")
        keep_freed_memory()
        return import_module(COMMANDS[given[0]].module).main(given[1:])
    except UserError as error:
        return _refuse(str(error))
    except BrokenPipeError:
        # Whoever read the output has gone; Python must not complain about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except MemoryError:
        return _refuse(TOO_LARGE)
    except RuntimeError as error:
        if re.search(r"out of memory|can't allocate memory|not enough memory", str(error), re.IGNORECASE):
            return _refuse(TOO_LARGE)
        raise
    except OSError as error:
        return _refuse(f"{error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return _refuse("interrupted", INTERRUPTED)


def _refuse(sentence: str, code: int = WRONG_INPUT) -> int:
    from vaekit.training.ranks import speaks

    if speaks():
        print(f"vaekit: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
