"""A Docker host over SSH, everything on one connection.

`host` is the host; `address`, `options`, `known_hosts`, `connect`, `transport` and `errors` log in; `shell`, `script`,
`files`, `tcp`, `engine` and `wire` are what goes over the connection, `ends` are our ends of it, `answer` reads HTTP;
`explaining` tells the host's failures from the engine's; `loop` runs it all beside the grader; `library` imports
asyncssh, late and quickly.
"""
