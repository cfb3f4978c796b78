"""The sub-commands, one file each; every file has `main(arguments) -> exit code`."""
