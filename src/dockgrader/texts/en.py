"""English messages and hints by code."""

# What the host, not the student, did: the reason is an English sentence that says it all.
_HOSTS_FAULT = (
    *("engine", "engine.permission", "engine.no-socket", "engine.down", "engine.timeout", "engine.garbage"),
    *("engine.lost", "engine.tls", "engine.refused", "engine.endpoint"),
    *("engine.no-memory-limit", "engine.no-cpu-limit"),
    *("host", "host.timeout", "host.slow", "host.files", "host.http", "host.run", "host.ssh"),
    *("ssh", "ssh.refused", "ssh.timeout", "ssh.unreachable", "ssh.host-unknown", "ssh.auth", "ssh.no-key"),
    *("ssh.host-key-unknown", "ssh.host-key-changed", "ssh.lost", "ssh.garbage", "ssh.penalised"),
    *("ssh.max-startups", "ssh.algorithms", "ssh.forwarding-refused", "ssh.sessions", "ssh.shell"),
    "ssh.config",
    *("cgroup.unreadable", "cgroup.gone", "cgroup.controller-missing", "compose.unreadable"),
    "namespace.unreadable",
    *("evidence", "evidence.missing", "fact", "fact.broken", "check", "check.broken"),
    *("plugin", "plugin.broken"),
)

TEXTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_HOSTS_FAULT, ("{reason}", "")),
    "ok": ("As expected.", ""),
    "skipped": ("Not checked, because this check did not pass: {cause}", ""),
    "active.not-asked": (
        "Not checked, because it stops a container and starts it again: only with --active.",
        "",
    ),
    "prerequisite.error": ("Not checked, because this could not be observed: {cause}", ""),
    # Containers.
    "container.missing": (
        "There is no container {name}.",
        "`docker ps -a` lists all containers, stopped ones too. After --rm, nothing is left of a container "
        "that has ended.",
    ),
    "container.near-name": (
        "There is no container {name}, but there is one called {near}.",
        "Compare the two names letter by letter: dashes, underscores, capitals, the last letters. "
        "Docker can rename a container.",
    ),
    "container.ran-out": (
        "The container {name} was there, but it ended by itself after {seconds} s and was removed.",
        "Its command came to its end (`sleep 3600`, for example, lasts an hour), and --rm removed the "
        "container. Start it again and check while it is running.",
    ),
    "container.was-stopped": (
        "The container {name} was there, but it was stopped and then removed.",
        "`docker stop $(docker ps -q)` stops every container, and --rm removes those that stop. "
        "Start it again and check before you clean up.",
    ),
    "container.died": (
        "The container {name} was there, but it failed with exit status {exit_code} and was removed.",
        "Start it once in the foreground and keep it after its end: what does it print?",
    ),
    "container.finished": (
        "{name} should be running, but it ended by itself after {seconds} s, without an error.",
        "Its command came to its end. Does it last long enough? Start the container again.",
    ),
    "container.exited": (
        "{name} should be running, but it exited with status {exit_code}. {error}",
        "`docker logs` shows the last words of its program.",
    ),
    "container.out-of-memory": (
        "{name} should be running, but it was killed because it ran out of memory.",
        "Its program needs more memory than the limit allows.",
    ),
    "container.paused": (
        "{name} should be running, but it is paused.",
        "A paused container does no work. What is the opposite of `docker pause`?",
    ),
    "container.restarting": (
        "{name} should be running, but it crashes and is restarted again and again "
        "(last exit status {exit_code}).",
        "`docker logs` shows why its program cannot stay up.",
    ),
    "container.created": (
        "{name} was created, but it was never started. {error}",
        "A container that was only created does no work. In Compose, it may be waiting for another service.",
    ),
    "container.dead": (
        "{name} is dead: Docker tried to remove it and could not.",
        "Remove it by force and start it again.",
    ),
    "container.not-running": (
        "{name} is not running.",
        "`docker ps -a` shows the state of each container.",
    ),
    "container.inspect": (
        "{path} of {name} is `{found}`; `{wanted}` was expected.",
        "`docker container inspect` shows this field. Which option of `docker run`, or which key of the "
        "compose file, sets it?",
    ),
    # Images.
    "image.typographic-quotes": (
        "The command of {name} has typographic quotes: the Dockerfile of {image} has marks like “ and ” "
        "in place of plain ones.",
        "Docker knows only plain quotes; with others it takes the line for a shell command. "
        "Type them again in a plain text editor, rebuild the image and start the container again.",
    ),
    "image.other": (
        "{name} runs from the image {found}; {wanted} was expected.",
        "In `docker run`, the image stands after the options and before the command. "
        "`docker images` shows what you have built.",
    ),
    "image.missing": (
        "There is no image {image}.",
        "`docker images` lists all images. An image gets its name when it is built.",
    ),
    "image.inspect": (
        "{path} of the image {image} is `{found}`; `{wanted}` was expected.",
        "`docker image inspect` shows this field. Which line of the Dockerfile sets it?",
    ),
    # Limits by the engine.
    "memory.unlimited": (
        "{name} has no memory limit; {wanted} was expected.",
        "Which option limits memory? `docker run --help` lists them all; in a compose file, it is a key of "
        "the service.",
    ),
    "memory.only-reserved": (
        "{name} has a memory reservation, but no memory limit; a limit of {wanted} was expected.",
        "A reservation only says what the container should keep when memory is short. "
        "The limit is another option.",
    ),
    "memory.decimal-megabytes": (
        "The memory limit of {name} is {found}; {wanted} was expected. "
        "It looks like megabytes of 1000 × 1000 bytes.",
        "Docker counts a megabyte as 1024 × 1024 bytes. Give the number with a unit, and let Docker count.",
    ),
    "memory.different": (
        "The memory limit of {name} is {found}; {wanted} was expected.",
        "Check the number and its unit. `docker update`, or a new start, changes the limit.",
    ),
    "memory.on-other-service": (
        "{name} has no memory limit, but another service of the project has the expected {wanted}.",
        "Look at the indentation in the compose file: to which service does the memory limit belong?",
    ),
    "memory.not-brought-up": (
        "The compose file gives {name} the expected memory limit, {wanted}, but the container runs "
        "without it.",
        "A changed file counts only after the project is brought up again. "
        "`docker ps` shows since when the container has been running.",
    ),
    "cpu.unlimited": (
        "{name} has no CPU limit; {wanted} CPU was expected.",
        "Which option limits CPU time? `docker run --help` lists them all; in a compose file, it is a key of "
        "the service.",
    ),
    "cpu.only-shares": (
        "{name} has CPU shares, but no CPU limit; {wanted} CPU was expected.",
        "Shares only decide between containers that compete for the CPU. The limit is another option.",
    ),
    "cpu.only-cpuset": (
        "{name} is bound to certain processors, but has no CPU limit; {wanted} CPU was expected.",
        "A set of processors says which of them are used. How much of them is another option.",
    ),
    "cpu.different": (
        "The CPU limit of {name} is {found} CPU; {wanted} CPU was expected.",
        "Check the number of CPUs. `docker update`, or a new start, changes it.",
    ),
    "cpu.on-other-service": (
        "{name} has no CPU limit, but another service of the project has the expected {wanted} CPU.",
        "Look at the indentation in the compose file: to which service does the CPU limit belong?",
    ),
    "cpu.not-brought-up": (
        "The compose file gives {name} the expected CPU limit, {wanted} CPU, but the container runs "
        "without it.",
        "A new CPU limit in the file counts only after the project is brought up again.",
    ),
    # Limits in the cgroup.
    "cgroup.memory-unlimited": (
        "The cgroup of {name} holds no memory limit, it reads {found}; {wanted} was expected.",
        "This file is what the kernel obeys. Compare it with the limit in `docker inspect`: "
        "was the file changed by hand?",
    ),
    "cgroup.memory-different": (
        "The memory limit in the cgroup of {name} is {found}; {wanted} was expected.",
        "Compare it with the limit in `docker inspect`. The kernel rounds limits down to whole pages "
        "of memory.",
    ),
    "cgroup.cpu-unlimited": (
        "The cgroup of {name} holds no CPU quota, it reads {found}; {cpus} CPU was expected.",
        "The quota is what the kernel obeys. Compare it with the CPU limit in `docker inspect`: "
        "was it changed by hand?",
    ),
    "cgroup.cpu-different": (
        "The CPU quota in the cgroup of {name} is {found} (quota / period); {cpus} CPU was expected.",
        "The quota divided by the period is the number of CPUs.",
    ),
    "cgroup.other-period": (
        "The CPU quota of {name} is {quota} of a period of {period}. That is {cpus} CPU too, but the task "
        "wants to read the quota {wanted}.",
        "The limit itself is right. The quota reads as in the task when the period is the usual 100000: "
        "one option of `docker run` sets the CPUs and leaves the period alone.",
    ),
    "cgroup.other-cgroup": (
        "The first process of {name} is not in the container's cgroup, but in {found}.",
        "A limit holds for the processes of a cgroup only. `systemd-cgls` shows who is where; was the process moved?",
    ),
    # Namespaces.
    "namespace.pid-of-host": (
        "{name} has the PID namespace of the host: it sees all its processes.",
        "Which option of `docker run` gives a container the processes of the host? Start it without.",
    ),
    "namespace.net-of-host": (
        "{name} has the network namespace of the host: it has no network of its own.",
        "Which network was asked for in `docker run`? Without that option, a container gets an interface of its own.",
    ),
    "namespace.mnt-of-host": (
        "{name} has the mount namespace of the host.",
        "Compare the link mnt in /proc/PID/ns of both.",
    ),
    "namespace.uts-of-host": (
        "{name} has the UTS namespace of the host: a hostname that is set in it is set for the host.",
        "UTS is the namespace of the hostname. Which option of `docker run` shares it with the host?",
    ),
    "namespace.ipc-of-host": (
        "{name} has the IPC namespace of the host: it shares its memory segments and queues.",
        "Which option of `docker run` is about IPC? Start the container without it.",
    ),
    "namespace.same-hostname": (
        "The hostname in {name} is {found}, as on the host.",
        "A container gets its id for a hostname, unless it is told another one. Which option was it given?",
    ),
    "namespace.other-process": (
        "PID 1 in {name} is {found}, but the host shows {wanted} as its first process.",
        "`docker inspect` shows the process under State.Pid, and `docker exec` shows what is PID 1 in the container. "
        "Do they have one PID namespace?",
    ),
    "namespace.shared-pid": (
        "PID 1 in {name} is called {found}, as its first process is, but is another one: {name} has no PID "
        "namespace of its own.",
        "Which option of `docker run` gives a container the processes of another one? Start it without.",
    ),
    # Shells in namespaces of their own.
    "unshare.none": (
        "No shell with a namespace of its own was found on the host (expected: {wanted}).",
        "Keep the shell open in console 2 while you check from console 1. `lsns` shows it there: was `unshare` run "
        "as root, and is the shell still running?",
    ),
    "unshare.pid-of-host": (
        "{shell} ({pid}) has the PID namespace of the host.",
        "Which option of `unshare` makes a PID namespace?",
    ),
    "unshare.net-of-host": (
        "{shell} ({pid}) has the network namespace of the host, and sees its network: {devices}.",
        "Which option of `unshare` makes a network namespace?",
    ),
    "unshare.mnt-of-host": (
        "{shell} ({pid}) has the mount namespace of the host.",
        "Which option of `unshare` makes a mount namespace? One that mounts something makes it as well.",
    ),
    "unshare.uts-of-host": (
        "{shell} ({pid}) has the UTS namespace of the host: its hostname is the host's.",
        "Which option of `unshare` is about the hostname? `unshare --help` lists them.",
    ),
    "unshare.ipc-of-host": (
        "{shell} ({pid}) has the IPC namespace of the host.",
        "Which option of `unshare` makes an IPC namespace?",
    ),
    "unshare.no-fork": (
        "{shell} ({pid}) itself is still in the PID namespace of the host: only its children get a new one.",
        "A process never changes its own PID namespace. Which option of `unshare` starts the shell as a child?",
    ),
    "unshare.not-first": (
        "{shell} ({pid}) has a PID namespace, but is number {number} in it; 1 was expected.",
        "The first process of a PID namespace is number 1. Is there another shell around this one?",
    ),
    "unshare.proc-of-host": (
        "{shell} ({pid}) still sees the host's /proc, so `ps` shows it all the host's processes.",
        "`ps` reads /proc. Which option of `unshare` mounts one that belongs to the new PID namespace?",
    ),
    "unshare.same-hostname": (
        "The hostname of {shell} ({pid}) is {hostname}, as on the host.",
        "Change it in console 2, then compare `hostname` in both consoles: only console 2 should show the new one.",
    ),
    "unshare.host-renamed": (
        "{shell} ({pid}) still has the hostname with which the host was started, {hostname}; the host itself is called "
        "{host} now.",
        "In which console was the hostname changed? Give the host its own back, and set it in the shell of `unshare`.",
    ),
    # Volumes.
    "volume.none": (
        "Nothing is mounted at {path} in {name}; the volume {volume} was expected.",
        "Which option of `docker run` mounts a volume?",
    ),
    "volume.anonymous": (
        "{path} in {name} is a new anonymous volume, not the volume {volume}.",
        "When no volume is named for a path that the image declares as VOLUME, Docker makes a new, nameless "
        "one. What you write there again by hand is not in the old volume.",
    ),
    "volume.another": (
        "{path} in {name} is the volume {found}, not {volume}.",
        "Compare the name of the volume in both `docker run` commands.",
    ),
    "volume.other-path": (
        "The volume {volume} is mounted in {name} at {found}; {path} was expected.",
        "The program looks for its data in {path}. Look at the destination of the mount.",
    ),
    "volume.other-subpath": (
        "{path} in {name} is the folder `{found}` of the volume {volume}, not its folder `{wanted}`.",
        "`--mount` can take one folder of a volume (volume-subpath), in which other files are. "
        "`docker inspect` shows it under HostConfig.Mounts.",
    ),
    "volume.bind": (
        "{path} in {name} is a folder of the host ({found}), not the volume {volume}.",
        "Docker takes a source that begins with a slash for a folder of the host. What do volumes have instead?",
    ),
    "volume.tmpfs": (
        "{path} in {name} is a tmpfs, which lives only as long as the container, not the volume {volume}.",
        "Which type of mount keeps its data after the container has gone?",
    ),
    "volume.other-type": (
        "{path} in {name} is a mount of another type ({found}), not the volume {volume}.",
        "`docker inspect` shows the type of each mount.",
    ),
    "volume.no-other": (
        "There is no container {other} whose volume could be shared.",
        "Start {other} first.",
    ),
    "volume.other-has-none": (
        "{other} itself has no volume at {path}, so there is none to share.",
        "`docker inspect {other}` shows its mounts. Give {other} a volume first.",
    ),
    # Files, what is left over, and what outlives a restart.
    "file.no-volume": (
        "{path} of {name} would not be in a volume, and would be gone with the container.",
        "`docker inspect` shows the mounts. Where does the program keep its data?",
    ),
    "file.missing": (
        "There is no {path} in {name} (on the host: {place}).",
        "Which command of the program writes it? Look into the folder before and after.",
    ),
    "file.other-format": (
        "{path} in {name} is there, but is no such file: it begins with `{found}`.",
        "Was it written by the program itself?",
    ),
    "cleanup.anonymous-volumes": (
        "{count} volumes without a name, which no container uses, are left: {names}.",
        "`docker volume ls` shows them. A removed container leaves its nameless volume behind, unless told not to.",
    ),
    "restart.before": (
        "`{command}` in {name} answers `{found}` even before the restart; `{wanted}` was expected.",
        "Run the same command by hand.",
    ),
    "restart.down": (
        "{name} does not run any more after it was stopped and started.",
        "`docker logs {name}` shows its last words.",
    ),
    "restart.refused": (
        "{name} was stopped, and does not start again. {error}",
        "`docker start {name}` shows the same. What has changed since it ran: its files, its network, its ports?",
    ),
    "restart.gone": (
        "{name} ran a moment ago, but was stopped or removed by somebody else before it could be stopped and started.",
        "Start it, leave it alone, and check once more.",
    ),
    "restart.lost": (
        "After {name} was stopped and started, `{command}` answers `{found}`; `{wanted}` was expected.",
        "What a program only has in memory ends with it. Was it written to a file in a volume, and is it read again?",
    ),
    # Commands.
    "exec.missing": (
        "There is no container {name} in which `{command}` could run.",
        "`docker ps` shows which containers are running.",
    ),
    "exec.stopped": (
        "`{command}` cannot run in {name}: the container is stopped or paused.",
        "Commands run only in a container that is itself running.",
    ),
    "exec.timeout": (
        "`{command}` in {name} did not end within ten seconds.",
        "Run the same command by hand. What does it wait for?",
    ),
    "exec.flood": (
        "`{command}` in {name} prints far too much; a short answer was expected.",
        "Run the same command by hand and look at its first lines.",
    ),
    "exec.no-command": (
        "{name} has no command {word}.",
        "Does the container run from the right image?",
    ),
    "exec.output": (
        "`{command}` in {name} answers `{found}`; `{wanted}` was expected.",
        "Run the same command by hand and compare the answers, letter by letter.",
    ),
    "exec.status": (
        "`{command}` in {name} ends with exit status {found}; {wanted} was expected. {said}",
        "Run the same command by hand and read what it says about the error.",
    ),
    # Compose.
    "compose.no-project": (
        "There is no Compose project with a service {service}.",
        "Is the project up? It is gone after `down`, and containers of `docker run` are not services.",
    ),
    "compose.no-service": (
        "The project {project} has no service {service}; it has {names}.",
        "A service is found by its name in the compose file, not by the name of its container.",
    ),
    "service.gone": (
        "The containers of the service {service} have just gone.",
        "Check again when the project is up.",
    ),
    "healthcheck.none": (
        "{name} has no healthcheck; `{wanted}` was expected.",
        "In a compose file, a healthcheck stands under the service that it is about.",
    ),
    "healthcheck.not-brought-up": (
        "The compose file has the right healthcheck for {name}, but the container runs without it.",
        "A changed healthcheck counts only after the project is brought up again.",
    ),
    "healthcheck.disabled": (
        "The healthcheck of {name} is switched off; `{wanted}` was expected.",
        "Something in the compose file or in the Dockerfile switches it off. Can you find it?",
    ),
    "healthcheck.empty": (
        "The healthcheck of {name} is empty; `{wanted}` was expected.",
        "The test of a healthcheck says which command is run.",
    ),
    "healthcheck.true": (
        "The healthcheck of {name} always passes, whatever the service does: {found}",
        "It must ask the service itself. Which command does the task name?",
    ),
    "healthcheck.comment": (
        "The healthcheck of {name} has `{wanted}` only in a comment: {found}",
        "What follows # is never run.",
    ),
    "healthcheck.echo": (
        "The healthcheck of {name} only prints `{wanted}` and does not run it: {found}",
        "echo prints its words; it runs nothing.",
    ),
    "healthcheck.always-passes-or-true": (
        "The healthcheck of {name} can never fail, because a command that always succeeds stands after ||: "
        "{found}",
        "What stands after || decides when the command before it fails.",
    ),
    "healthcheck.always-passes-exit": (
        "The healthcheck of {name} can never fail, because it always ends with `exit 0`: {found}",
        "The exit status of the whole line is the result of the check. What does 0 mean?",
    ),
    "healthcheck.always-passes": (
        "The healthcheck of {name} passes even when `{wanted}` fails: {found}",
        "The last command decides the exit status, in a pipe too. Does yours fail when the service is down?",
    ),
    "healthcheck.never-passes": (
        "The healthcheck of {name} fails even when `{wanted}` succeeds: {found}",
        "Run the same line by hand in the container, and then `echo $?`. Capital letters matter.",
    ),
    "healthcheck.other-command": (
        "The healthcheck of {name} runs another command than `{wanted}`: {found}",
        "Compare it with the command in the task, word by word.",
    ),
    "healthcheck.shell-syntax-in-exec": (
        "The healthcheck of {name} has shell syntax in a form that no shell reads: {found}",
        "In this form, each word is only an argument of the program. Which form of test is read by a shell?",
    ),
    "healthcheck.list-as-text": (
        "The healthcheck of {name} should be a list, but Docker got it as one line of text: {found}",
        "The shell tries to run this text as it stands. Look at the quotes and brackets around the list.",
    ),
    "healthcheck.split-shell-form": (
        "Only the first word of the healthcheck of {name} is run: {found}",
        "CMD-SHELL takes the whole command as one string; separate words belong to the other form.",
    ),
    "healthcheck.typographic-quotes": (
        "The healthcheck of {name} has typographic quotes in place of plain ones: {found}",
        "Text that is copied from a document often has such quotes. Type them again in a plain text editor.",
    ),
    "healthcheck.unparsable": (
        "The healthcheck of {name} is not a valid shell command: {found}",
        "Is each quote and each bracket closed?",
    ),
    "healthcheck.unclear": (
        "It is not clear whether the healthcheck of {name} really is `{wanted}`: {found}",
        "Write it as simply as you can.",
    ),
    "health.unhealthy": (
        "{name} should be healthy, but it is unhealthy.",
        "`docker inspect` shows under State.Health what the last probes said.",
    ),
    "health.still-starting": (
        "{name} should be healthy, but it was still starting after {waited} s of waiting.",
        "How long do interval, retries and start_period of its healthcheck make it wait?",
    ),
    "health.none": (
        "{name} should be healthy, but it reports no health at all.",
        "Only a running container with a healthcheck reports its health.",
    ),
    "depends.missing": (
        "The service {service} does not depend on {other}; {wanted} was expected.",
        "Which key of the compose file sets the order in which services start?",
    ),
    "depends.plain-list": (
        "{service} depends on {other} by a plain list: it waits for the start of {other}, "
        "not for its health.",
        "depends_on has a longer form, with a condition for each service.",
    ),
    "depends.service-started": (
        "{service} waits until {other} has started (service_started); {wanted} was expected.",
        "There are three conditions. Which one looks at the healthcheck?",
    ),
    "depends.other-condition": (
        "{service} depends on {other} under the condition {found}; {wanted} was expected.",
        "Look at the condition in the compose file.",
    ),
    "depends.not-brought-up": (
        "{name} was started from another version of the compose file, or of its image, than there is now.",
        "A changed depends_on counts only after the project is brought up again.",
    ),
    # The page.
    "http.not-published": (
        "{name} publishes no port, so its page cannot be opened from the host.",
        "Which key of the compose file, or which option of `docker run`, publishes a port?",
    ),
    "http.host-network": (
        "{name} has the host's network, in which Docker publishes no port, and nothing names the port of its page.",
        "In the host's network Docker ignores `ports`. Which network does the service get without `network_mode`?",
    ),
    "http.unreachable": (
        "The published port {address} cannot be reached.",
        "`docker port` shows where the port leads.",
    ),
    "http.refused": (
        "Nothing answers at {address}.",
        "On which address and port does the application listen in its container?",
    ),
    "http.empty": (
        "{address} accepts the connection and closes it without an answer.",
        "Compare the port of the container in `docker ps` with the one that the application listens on. "
        "Does it listen on all addresses?",
    ),
    "http.timeout": (
        "{address} did not answer within ten seconds.",
        "`docker logs` shows what the application is busy with. Can it reach the services that it needs?",
    ),
    "http.garbage": (
        "{address} answers with something that is not HTTP.",
        "Does the published port belong to the web application?",
    ),
    "http.status": (
        "{address} answers with HTTP status {found}; {wanted} was expected.",
        "`docker logs` shows the error of the application.",
    ),
    "http.body": (
        "The text at {address} is not the expected one: `{found}`",
        "Is it the application of the task that answers, or another program on the same port?",
    ),
    "http.many-numbers": (
        "The text at {address} stands there several times, with different numbers: {numbers}.",
        "Which of them is the counter? The page should tell it once.",
    ),
    "http.does-not-grow": (
        "The number at {address} should grow from request to request, but it does not: {numbers}.",
        "Where does the application keep its counter, and can it write there?",
    ),
}
