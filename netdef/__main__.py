"""``python -m netdef``: the same as the command ``netdef``."""

from netdef.tools.cli import main

main()
