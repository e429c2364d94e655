"""dockgrader grades Docker homework on a live Docker host."""

__version__ = "0.1.0"
