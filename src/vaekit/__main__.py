"""`python -m vaekit` is the command `vaekit`."""

import sys

from vaekit.cli import main

sys.exit(main())
