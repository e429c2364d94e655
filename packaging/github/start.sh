#!/usr/bin/env bash
# Starts the solution in the folder $SOLUTION of the workspace: its up.sh, else its compose file. Then waits until no
# container is still starting. What goes wrong here is the student's, and the grading says what is missing: status 0.
set -uo pipefail
START_SECONDS=${START_SECONDS:-600}
HEALTH_SECONDS=${HEALTH_SECONDS:-120}

# What the student prints may hold workflow commands: they are stopped until the token, which nobody can guess.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

students() { # COMMAND…: bounded in time, and without the files by which later steps could be changed
    timeout --kill-after=10 "$START_SECONDS" env -u GITHUB_ENV -u GITHUB_PATH -u GITHUB_OUTPUT -u GITHUB_STATE \
        -u GITHUB_STEP_SUMMARY "$@" </dev/null
}

start() {
    local folder name
    cd "$GITHUB_WORKSPACE/$SOLUTION" || return
    if [ -f up.sh ]; then
        students bash up.sh
        return
    fi
    for folder in . compose; do
        for name in compose.yaml compose.yml docker-compose.yml docker-compose.yaml; do
            if [ -f "$folder/$name" ]; then
                cd "$folder" && students docker compose up --detach --build
                return
            fi
        done
    done
    echo "There is neither up.sh nor a compose file in the solution's folder."
    return 1
}

starting() {
    [ -n "$(timeout 20 docker ps --quiet --filter health=starting)" ]
}

echo "::stop-commands::$token"
(start) 2>&1
status=$?
for _ in $(seq "$HEALTH_SECONDS"); do
    starting 2>&1 || break
    sleep 1
done
echo # the student's last line may have no end
echo "::$token::"
if [ "$status" = 124 ] || [ "$status" = 137 ]; then
    echo "::warning title=dockgrader::Starting the solution took more than $START_SECONDS s and was ended. It is graded as it stands."
elif [ "$status" != 0 ]; then
    echo "::warning title=dockgrader::Starting the solution failed with status $status, see the log above. It is graded as it stands."
fi
exit 0
