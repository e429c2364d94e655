# mypy: ignore-errors
"""A shell script on many hosts with pyinfra, as its `script` operation does it: uploaded and run."""

from pyinfra import host
from pyinfra.operations import server

server.script(name="homework-1", src=host.data.script, args=host.data.words)
