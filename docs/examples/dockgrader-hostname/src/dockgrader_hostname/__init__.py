"""A kind of check for dockgrader: the name that a container has inside."""
