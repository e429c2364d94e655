"""English messages and hints by code."""

TEXTS: dict[str, tuple[str, str]] = {
    "ok": ("As expected.", ""),
    "skipped": ("Not checked, because this did not hold: {cause}", ""),
    "prerequisite.error": ("Not checked, because this could not be observed: {cause}", ""),
    # What the host, not the student, did.
    "engine": ("{reason}", ""),
    "host": ("{reason}", ""),
    "cgroup.unreadable": ("{reason}", ""),
    "cgroup.gone": ("{reason}", ""),
    "cgroup.controller-missing": ("{reason}", ""),
    "compose.unreadable": ("{reason}", ""),
    "evidence": ("{reason}", ""),
    "fact": ("{reason}", ""),
    "check": ("{reason}", ""),
    # Containers.
    "container.missing": (
        "There is no container {name}.",
        "`docker ps -a` lists all containers. The name is given with --name when the container is started; after --rm nothing is left of one that has ended.",
    ),
    "container.near-name": (
        "There is no container {name}, but there is one called {near}.",
        "The name must be exactly {name}: look at dashes, underscores and the last letters. `docker rename` can mend it.",
    ),
    "container.ran-out": (
        "The container {name} was there, ended by itself after {seconds} s, and was removed.",
        "Its command came to its end (sleep 3600 lasts an hour), and --rm removed it. Start it again and check while it runs.",
    ),
    "container.was-stopped": (
        "The container {name} was there, but it was stopped and removed.",
        "`docker stop $(docker ps -q)` stops everything, and --rm removes what has stopped. Start it again and check before cleaning up.",
    ),
    "container.died": (
        "The container {name} was there, but died with status {exit_code} and was removed.",
        "Start it without --rm and -d once, and read what it says.",
    ),
    "container.finished": (
        "{name} has ended by itself, after {seconds} s and without an error.",
        "Its command came to its end. Start it again and check while it runs.",
    ),
    "container.exited": (
        "{name} has exited with status {exit_code}. {error}",
        "`docker logs` shows its last words.",
    ),
    "container.out-of-memory": (
        "{name} was killed because it ran out of memory.",
        "Its memory limit is lower than what its program needs.",
    ),
    "container.paused": ("{name} is paused.", "`docker unpause` lets it go on."),
    "container.restarting": (
        "{name} falls over and is restarted again and again (last status {exit_code}).",
        "`docker logs` shows why it cannot stay up.",
    ),
    "container.created": (
        "{name} was created, but never started. {error}",
        "`docker start` starts it; a container that was only created does no work. In Compose, it may still be waiting for another service.",
    ),
    "container.dead": (
        "{name} is dead: the engine could not remove it.",
        "Remove it with `docker rm -f` and start it again.",
    ),
    "container.not-running": ("{name} is not running.", "`docker ps -a` shows its state."),
    "container.inspect": (
        "{path} of {name} is {found}.",
        "`docker container inspect` shows this field; which option of docker run sets it?",
    ),
    # Images.
    "image.typographic-quotes": (
        "The command of {name} has typographic quotes: {image} was built from a Dockerfile with “ and ” in it.",
        'Docker wants plain quotes ("): with others it takes the whole line for a shell command. Type the ENTRYPOINT and CMD lines anew, rebuild the image and start the container again.',
    ),
    "image.other": (
        "{name} runs from the image {found}, not from {wanted}.",
        "The image is the last word but the command's in `docker run`. `docker images` shows what you have built.",
    ),
    "image.missing": (
        "There is no image {image}.",
        "`docker images` lists what there is; `docker build -t` gives the name.",
    ),
    "image.inspect": (
        "{path} of the image {image} is {found}.",
        "`docker image inspect` shows it; look at the Dockerfile.",
    ),
    # Limits by the engine.
    "memory.unlimited": (
        "{name} has no memory limit.",
        "Which option of docker run limits memory? `docker run --help` has it.",
    ),
    "memory.only-reserved": (
        "{name} has a memory reservation, but no limit.",
        "A reservation is only a wish for when memory gets short; a limit is another option.",
    ),
    "memory.decimal-megabytes": (
        "The memory limit of {name} is {found}; {wanted} was expected: decimal megabytes were taken for binary ones.",
        "Docker counts a megabyte as 1024 × 1024 bytes. Give the number with a suffix and let Docker count.",
    ),
    "memory.different": (
        "The memory limit of {name} is {found}; {wanted} was expected.",
        "`docker update` or a new start with another value changes it. Mind the suffix: b, k, m or g.",
    ),
    "memory.on-other-service": (
        "{name} has no memory limit, but another service of the project has the one that was expected.",
        "Look at the indentation: under which service does the limit stand?",
    ),
    "memory.not-brought-up": (
        "The compose file gives {name} the right memory limit, but the container runs without it.",
        "A changed file counts only after `up -d`. Compose v1 reads deploy.resources only with --compatibility.",
    ),
    "cpu.unlimited": (
        "{name} has no CPU limit.",
        "Which option of docker run limits CPU time? `docker run --help` has it.",
    ),
    "cpu.only-shares": (
        "{name} has CPU shares, but no CPU limit.",
        "Shares are a weight among containers that compete; a limit is another option.",
    ),
    "cpu.only-cpuset": (
        "{name} is bound to certain processors, but has no CPU limit.",
        "A set of processors says which ones; how much of them is another option.",
    ),
    "cpu.different": (
        "The CPU limit of {name} is {found} CPU; {wanted} CPU was expected.",
        "`docker update` or a new start with another value changes it.",
    ),
    "cpu.on-other-service": (
        "{name} has no CPU limit, but another service of the project has the one that was expected.",
        "Look at the indentation: under which service does the CPU limit stand?",
    ),
    "cpu.not-brought-up": (
        "The compose file gives {name} the right CPU limit, but the container runs without it.",
        "A changed file counts only after `up -d` was run again. Compose v1 reads the CPU limit in deploy.resources only with --compatibility.",
    ),
    # Limits in the cgroup.
    "cgroup.memory-unlimited": (
        "The cgroup of {name} holds no memory limit ({found}).",
        "The engine says otherwise: was the cgroup changed by hand?",
    ),
    "cgroup.memory-different": (
        "The cgroup of {name} holds {found}; {wanted} was expected.",
        "The kernel's own file counts here; compare it with what docker inspect says.",
    ),
    "cgroup.cpu-unlimited": (
        "The cgroup of {name} holds no CPU quota ({found}).",
        "The engine says otherwise: was the quota changed by hand?",
    ),
    "cgroup.cpu-different": (
        "The cgroup of {name} holds the CPU quota {found}; {wanted} of a period of 100000 was expected.",
        "Quota divided by period is the number of CPUs.",
    ),
    "cgroup.other-period": (
        "The CPU quota of {name} is {quota} of a period of {period}: that is {cpus} CPU as well, but the task wants to read the quota {wanted}.",
        "The limit itself is right. With the usual period of 100000 the quota reads as the task has it; `--cpus` does just that.",
    ),
    # Volumes.
    "volume.none": ("Nothing is mounted at {path} in {name}.", "Which option of docker run mounts a volume?"),
    "volume.anonymous": (
        "{path} in {name} is an anonymous volume of its own, not the volume {volume}.",
        "The image declares VOLUME {path}, so Docker makes a new, nameless volume when none is given. A key that you set again by hand is in that one.",
    ),
    "volume.another": (
        "{path} in {name} is the volume {found}, not {volume}.",
        "Compare the volume's name in both docker run commands.",
    ),
    "volume.other-path": (
        "The volume {volume} is mounted in {name}, but at {found}, not at {path}.",
        "Redis keeps its file in {path}: look at the destination of the mount.",
    ),
    "volume.bind": (
        "{path} in {name} is a folder of the host ({found}), not the volume {volume}.",
        "A source that begins with a slash is a folder; a volume is given by its name.",
    ),
    "volume.tmpfs": (
        "{path} in {name} is a tmpfs, which is lost with the container, not the volume {volume}.",
        "Which type of mount keeps data after the container has gone?",
    ),
    "volume.other-type": (
        "{path} in {name} is {found}, not the volume {volume}.",
        "The mount's type must be volume.",
    ),
    "volume.no-other": ("There is no container {other} whose volume could be shared.", "Start it first."),
    "volume.other-has-none": (
        "{other} itself has no volume at {path}, so there is none to share.",
        "Start {other} with a named volume first, as the notes do.",
    ),
    # Commands.
    "exec.missing": (
        "There is no container {name} in which `{command}` could run.",
        "`docker ps` shows what runs.",
    ),
    "exec.stopped": ("{name} takes no commands: it is stopped or paused.", "`docker ps -a` shows its state."),
    "exec.timeout": (
        "`{command}` in {name} did not end within ten seconds.",
        "Run the same command by hand, and see what it waits for.",
    ),
    "exec.flood": ("`{command}` in {name} never stops printing.", "Run the same command by hand."),
    "exec.no-command": (
        "{name} has no command {word}.",
        "Is it the right image? `docker exec` with the same command shows the same.",
    ),
    "exec.output": (
        "`{command}` in {name} answers {found}; {wanted} was expected.",
        "Run the same command by hand.",
    ),
    "exec.status": (
        "`{command}` in {name} ends with status {found}: {said}",
        "Run the same command by hand.",
    ),
    # Compose.
    "compose.no-project": (
        "No Compose project has a service {service}.",
        "Was the project brought up (`up -d`), and not taken down again? Containers of plain docker run are no services.",
    ),
    "compose.no-service": (
        "The project {project} has no service {service}; it has {names}.",
        "Services are found by their names in the compose file, not by container names.",
    ),
    "service.gone": (
        "The containers of the service {service} have just gone.",
        "Check again when the project is up.",
    ),
    "healthcheck.none": (
        "{name} has no healthcheck.",
        "In the compose file a healthcheck stands under the service it is about.",
    ),
    "healthcheck.not-brought-up": (
        "The compose file has the right healthcheck, but {name} runs without it.",
        "A changed healthcheck counts only after `up -d` was run again.",
    ),
    "healthcheck.disabled": (
        "The healthcheck of {name} is switched off (NONE).",
        "Remove what switches it off: disable, or NONE.",
    ),
    "healthcheck.empty": ("The healthcheck of {name} is empty.", "Its test must say what is to be run."),
    "healthcheck.true": (
        "The healthcheck of {name} is `{found}`: it passes whatever Redis does.",
        "It must ask Redis itself. Which command does the task name?",
    ),
    "healthcheck.comment": (
        "The healthcheck of {name} has the command only in a comment: {found}",
        "What follows # is never run.",
    ),
    "healthcheck.echo": (
        "The healthcheck of {name} only prints the command: {found}",
        "echo prints its words; it runs nothing.",
    ),
    "healthcheck.always-passes-or-true": (
        "The healthcheck of {name} can never fail: after || comes a command that always succeeds ({found}).",
        "What stands after || is what counts when the command before it fails.",
    ),
    "healthcheck.always-passes-exit": (
        "The healthcheck of {name} can never fail, because it ends with success in any case: {found}",
        "The exit status of the last command is the check's; exit 0 says that all is well.",
    ),
    "healthcheck.always-passes": (
        "The healthcheck of {name} passes even when `{wanted}` fails: {found}",
        "The status of the whole must be that of the command: the last part of a pipe decides.",
    ),
    "healthcheck.never-passes": (
        "The healthcheck of {name} fails even when `{wanted}` succeeds: {found}",
        "Redis answers PONG, in capitals. Run the same line by hand and look at its status: echo $?",
    ),
    "healthcheck.other-command": (
        "The healthcheck of {name} is another command than `{wanted}`: {found}",
        "The task names the command that the healthcheck must run.",
    ),
    "healthcheck.shell-syntax-in-exec": (
        "The healthcheck of {name} has shell syntax in its exec form, where no shell reads it: {found}",
        'In ["CMD", …] each word is an argument. Shell syntax needs CMD-SHELL, or a plain string.',
    ),
    "healthcheck.typographic-quotes": (
        "The healthcheck of {name} has typographic quotes: {found}",
        "Only plain quotes are quotes here. Type them anew.",
    ),
    "healthcheck.unparsable": (
        "The healthcheck of {name} is no valid shell command: {found}",
        "Are all quotes and brackets closed?",
    ),
    "healthcheck.unclear": (
        "It cannot be seen that the healthcheck of {name} really is `{wanted}`: {found}",
        "Write it plainly, as the notes do.",
    ),
    "health.unhealthy": (
        "{name} is unhealthy.",
        "`docker inspect` shows under State.Health what the last probes said.",
    ),
    "health.still-starting": (
        "{name} was still not healthy after {waited} s of waiting.",
        "How long do interval, retries and start_period of its healthcheck make it wait?",
    ),
    "health.none": ("{name} reports no health.", "It needs a healthcheck, and must be running."),
    "depends.missing": (
        "The service {service} does not depend on {other}.",
        "Which key of the compose file orders the start of services?",
    ),
    "depends.plain-list": (
        "{service} depends on {other} by a plain list: it waits for its start, not for its health.",
        "depends_on has a longer form, with a condition for each service.",
    ),
    "depends.service-started": (
        "{service} waits until {other} has started (service_started), not until it is healthy.",
        "There are three conditions; which one looks at the healthcheck?",
    ),
    "depends.other-condition": (
        "{service} depends on {other} under the condition {found}, not {wanted}.",
        "Look at the condition in the compose file.",
    ),
    "depends.not-brought-up": (
        "The compose file says {wanted}, but {name} was started from another version of the file or of its image.",
        "A changed depends_on counts only after `up -d` was run again.",
    ),
    # The page.
    "http.not-published": (
        "{name} publishes no port.",
        "ports: in the compose file, or -p of docker run, publishes one.",
    ),
    "http.unreachable": (
        "The published port {address} cannot be reached.",
        "`docker port` shows where it leads.",
    ),
    "http.refused": (
        "Nothing answers at {address}.",
        "Does the application listen on that port, and on 0.0.0.0 rather than 127.0.0.1 in its container?",
    ),
    "http.empty": (
        "{address} takes the connection and closes it without an answer.",
        "Does the application listen on the port that ports: names on the right, and on 0.0.0.0?",
    ),
    "http.timeout": (
        "{address} did not answer within ten seconds.",
        "`docker logs` shows what the application is busy with: can it reach Redis?",
    ),
    "http.garbage": (
        "{address} answers with something that is no HTTP.",
        "Is the published port the web application's?",
    ),
    "http.status": (
        "{address} answers with HTTP status {found}; {wanted} was expected.",
        "`docker logs` shows the application's error.",
    ),
    "http.body": (
        "{address} answers: {found}",
        "That is not the text that the application of the notes gives.",
    ),
    "http.does-not-grow": (
        "The number at {address} does not grow from request to request: {numbers}.",
        "The application counts in Redis: can it write there?",
    ),
}
