"""`python -m dockgrader` is the `dockgrader` command."""

from dockgrader.cli import main

main()
