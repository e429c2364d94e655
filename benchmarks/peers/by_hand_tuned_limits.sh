#!/usr/bin/env bash
# The first task of by_hand_tuned.sh alone, its 6 assertions; nothing is run in a container.
set -uo pipefail
FIELDS='{{.Id}} {{.State.Status}} {{.Config.Image}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}'
read -r id status image memory cpus <<<"$(docker container inspect --format "$FIELDS" test_limit)"
good=0
holds() { if [[ $1 == "$2" ]]; then good=$((good + 1)); fi; }
holds "$status" running
holds "$image" test_resource
holds "$memory" 209715200
holds "$cpus" 500000000
holds "$(</sys/fs/cgroup/memory/docker/"$id"/memory.limit_in_bytes)" 209715200
holds "$(</sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_quota_us)/$(</sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_period_us)" \
    50000/100000
echo "$good of 6"
[[ $good == 6 ]]
