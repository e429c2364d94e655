#!/usr/bin/env bash
# The same as by_hand.sh by somebody who counts process starts: one inspect for all five containers, the exec and
# the two pages beside it. No title, no value of what failed: only how many of the 19 assertions hold.
set -uo pipefail
services=$(docker ps --no-trunc --filter label=com.docker.compose.service \
    --filter label=com.docker.compose.oneoff=False --format '{{.Label "com.docker.compose.service"}} {{.ID}}')
while read -r service id; do
    case $service in redis) redis=$id ;; web) web=$id ;; esac
done <<<"$services"
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

timeout 10 docker exec redis_2 redis-cli get mykey >"$scratch/key" &
FIELDS='{{.Id}} {{.State.Status}} {{.Config.Image}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}'
FIELDS+=' {{with index .State "Health"}}{{.Status}}{{else}}-{{end}} {{with index .Config "Healthcheck"}}{{json .Test}}{{else}}-{{end}}'
FIELDS+=' {{range .Mounts}}{{if eq .Destination "/data"}}{{.Type}}:{{.Name}}{{end}}{{else}}-{{end}}'
FIELDS+=' {{range .NetworkSettings.Ports}}{{range .}}{{.HostPort}},{{end}}{{end}}'
FIELDS+=' {{with index .Config.Labels "com.docker.compose.depends_on"}}{{.}}{{else}}-{{end}}'
mapfile -t lines < <(docker container inspect --format "$FIELDS" test_limit redis_1 redis_2 "$redis" "$web")
read -r id status image memory cpus _ <<<"${lines[0]}"
good=0
holds() { if [[ $1 == "$2" ]]; then good=$((good + 1)); fi; }
holds "$status" running
holds "$image" test_resource
holds "$memory" 209715200
holds "$cpus" 500000000
holds "$(</sys/fs/cgroup/memory/docker/"$id"/memory.limit_in_bytes)" 209715200
holds "$(</sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_quota_us)/$(</sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_period_us)" \
    50000/100000
read -r _ _ _ _ _ _ _ volume _ <<<"${lines[1]}"
read -r _ status image _ _ _ _ data _ <<<"${lines[2]}"
holds "$status" running
holds "$image" redis_1
holds "$data" "$volume"
read -r id status _ memory cpus health test _ <<<"${lines[3]}"
holds "$status" running
holds "$test" '["CMD","redis-cli","ping"]'
holds "$health" healthy
holds "$memory" 524288000
holds "$cpus" 500000000
holds "$(</sys/fs/cgroup/memory/docker/"$id"/memory.limit_in_bytes)/$(</sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_quota_us)" \
    524288000/50000
read -r _ status _ _ _ _ _ _ port waits <<<"${lines[4]}"
holds "$status" running
holds "${waits%:*}" redis:service_healthy
pages=$(curl --silent --max-time 10 "http://127.0.0.1:${port%%,*}/" "http://127.0.0.1:${port%%,*}/")
PAGE=$'^Hello, World! I have been seen ([0-9]+) times\\.\nHello, World! I have been seen ([0-9]+) times\\.$'
if [[ $pages =~ $PAGE ]]; then holds "$((BASH_REMATCH[2] > BASH_REMATCH[1]))" 1; fi
wait
holds "$(<"$scratch/key")" foobar
echo "$good of 19"
[[ $good == 19 ]]
