#!/usr/bin/env bash
# Homework 1 as an instructor would check it by hand: the docker command line, the cgroup files, curl.
# The same 19 assertions as checks/homework-1.yaml, a line each. For Compose v2, cgroup v1 and its cgroupfs driver.
# With the word `limits`: the 6 of the first task only.
set -uo pipefail
failures=0

check() { # TITLE ACTUAL WANTED…: one of the wanted values is right
    local title=$1 actual=$2 wanted
    shift 2
    for wanted in "$@"; do
        if [[ $actual == "$wanted" ]]; then
            echo "ok    $title"
            return
        fi
    done
    echo "FAIL  $title: expected $*, found $actual"
    failures=$((failures + 1))
}
inspect() { docker container inspect --format "$2" "$1"; }
image() { # CONTAINER IMAGE: IMAGE when that is what the container runs from, by name or by id, else what it does
    local name
    name=$(inspect "$1" '{{.Config.Image}}')
    if [[ $name != "$2" && $(inspect "$1" '{{.Image}}') == "$(docker image inspect --format '{{.Id}}' "$2")" ]]; then
        name=$2
    fi
    echo "$name"
}
cgroup() { cat "/sys/fs/cgroup/$2/docker/$1/$3"; } # ID CONTROLLER FILE
service() { # SERVICE: its container's id
    docker ps --quiet --no-trunc --filter "label=com.docker.compose.service=$1" \
        --filter label=com.docker.compose.oneoff=False
}
CPUS='{{.HostConfig.NanoCpus}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}'
HALF=("500000000 0 0" "0 50000 100000" "0 50000 0" "0 25000 50000")
DATA='{{range .Mounts}}{{if eq .Destination "/data"}}{{.Type}} {{.Name}}{{end}}{{end}}'
WAITS='{{index .Config.Labels "com.docker.compose.depends_on"}}'
PAGE='^Hello, World! I have been seen ([0-9]+) times\.$'

limited=$(inspect test_limit '{{.Id}}')
check "test_limit is running" "$(inspect test_limit '{{.State.Status}}')" running
check "It runs from the image test_resource" "$(image test_limit test_resource)" test_resource test_resources
check "The engine limits its memory to 200 MiB" "$(inspect test_limit '{{.HostConfig.Memory}}')" 209715200
check "The engine limits it to 0.5 CPU" "$(inspect test_limit "$CPUS")" "${HALF[@]}"
check "Its cgroup holds 209715200 bytes" "$(cgroup "$limited" memory memory.limit_in_bytes)" 209715200
check "Its cgroup holds the CPU quota 50000" \
    "$(cgroup "$limited" cpu cpu.cfs_quota_us) of $(cgroup "$limited" cpu cpu.cfs_period_us)" "50000 of 100000"
if [[ ${1-} == limits ]]; then exit $((failures > 0)); fi

check "redis_2 is running" "$(inspect redis_2 '{{.State.Status}}')" running
check "It runs from the image redis_1" "$(image redis_2 redis_1)" redis_1
check "Its /data is the volume of redis_1" "$(inspect redis_2 "$DATA")" "$(inspect redis_1 "$DATA")"
check "redis-cli get mykey answers foobar" "$(timeout 10 docker exec redis_2 redis-cli get mykey)" foobar

redis=$(service redis)
web=$(service web)
check "The service redis is running" "$(inspect "$redis" '{{.State.Status}}')" running
check "Its healthcheck is redis-cli ping" "$(inspect "$redis" '{{json .Config.Healthcheck.Test}}')" \
    '["CMD","redis-cli","ping"]' '["CMD-SHELL","redis-cli ping"]'
check "redis is healthy" "$(inspect "$redis" '{{.State.Health.Status}}')" healthy
check "web waits until redis is healthy" "$(inspect "$web" "$WAITS")" redis:service_healthy:{false,true}
check "The engine limits redis to 500 MiB" "$(inspect "$redis" '{{.HostConfig.Memory}}')" 524288000
check "The engine limits redis to 0.5 CPU" "$(inspect "$redis" "$CPUS")" "${HALF[@]}"
check "The cgroup of redis holds both limits" "$(cgroup "$redis" memory memory.limit_in_bytes), \
$(cgroup "$redis" cpu cpu.cfs_quota_us) of $(cgroup "$redis" cpu cpu.cfs_period_us)" "524288000, 50000 of 100000"
check "The service web is running" "$(inspect "$web" '{{.State.Status}}')" running

port=$(inspect "$web" '{{range .NetworkSettings.Ports}}{{range .}}{{.HostPort}} {{end}}{{end}}')
seen=()
for _ in 1 2; do
    page=$(curl --silent --show-error --max-time 10 "http://127.0.0.1:${port%% *}/")
    if [[ $page =~ $PAGE ]]; then seen+=("${BASH_REMATCH[1]}"); fi
done
check "web counts its visitors" "$((${#seen[@]} == 2 && seen[1] > seen[0]))" 1

exit $((failures > 0))
