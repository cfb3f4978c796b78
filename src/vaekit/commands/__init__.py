"""The sub-commands, one file each; every file has `main(arguments) -> exit code`."""

WRONG_INPUT, INTERRUPTED, BROKEN_PIPE = 2, 130, 141
"""Exit codes beside 0; `vaekit verify` ends with 1 where a check fails."""
