#!/usr/bin/env bash
# Grades $ASSIGNMENT on this runner's engine: annotations and table to the log, the summary, the step's outputs.
# Ends with dockgrader's status: 0 the pass mark is reached, 1 it is not, 2 wrong usage, 3 not everything was observed.
set -euo pipefail

out=$(mktemp -d "$RUNNER_TEMP/dockgrader-report.XXXXXX")
report=$out/report.json
summary=$out/summary.md

in_workspace() { # PATH
    case $1 in
        /*) printf '%s' "$1" ;;
        *) printf '%s' "$GITHUB_WORKSPACE/$1" ;;
    esac
}

wrong() { # TEXT, which is ours
    echo "::error title=dockgrader::$1"
    exit 2
}

# A named folder of checks is the only one: a misspelled assignment must not fall back to one that ships.
# shellcheck disable=SC2153
assignment=$ASSIGNMENT
folder=$CHECKS
if [ -n "$CHECKS_REPOSITORY" ]; then
    folder=.dockgrader-checks/$CHECKS
fi
if [ -n "$folder" ]; then
    folder=$(in_workspace "$folder")
    name=${ASSIGNMENT%%/*}
    for suffix in yaml yml; do
        file=$folder/$name.$suffix
        if [ -f "$file" ]; then break; fi
    done
    if [ ! -f "$file" ]; then
        wrong "The folder of checks has no file for this assignment; see the inputs assignment, checks and checks-repository."
    fi
    assignment=$file${ASSIGNMENT#"$name"}
fi

options=(--format github --format "json:$report" --format "markdown:$summary" --pass-mark "$PASS_MARK")
if [ -n "$LANGUAGE_OF_REPORT" ]; then options+=(--lang "$LANGUAGE_OF_REPORT"); fi
if [ -n "$EVIDENCE" ]; then options+=(--evidence "$(in_workspace "$EVIDENCE")"); fi
while IFS= read -r format; do
    format=${format//[[:space:]]/}
    case $format in
        '') ;;
        *:*) options+=(--format "${format%%:*}:$(in_workspace "${format#*:}")") ;;
        *) wrong "Each line of the input formats is FORMAT:FILE." ;;
    esac
done <<<"$FORMATS"

# Not in the workspace, which is the student's: ./checks would be found there first.
cd "$out"
status=0
env -u DOCKGRADER_PATH PYTHONSAFEPATH=1 "$RUNNER_TEMP/dockgrader/bin/dockgrader" check "${options[@]}" -- "$assignment" || status=$?

if [ -s "$summary" ]; then cat "$summary" >>"$GITHUB_STEP_SUMMARY"; fi
case $status in
    0) passed=true ;;
    1) passed=false ;;
    *) passed= ;;
esac
if [ -s "$report" ]; then
    "$RUNNER_TEMP/dockgrader/bin/python" -I -c '
import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
for name in ("score", "max_score"):
    value = report[name]
    print(name.replace("_", "-") + "=" + ("" if value is None else format(value, "g")))
' "$report" >>"$GITHUB_OUTPUT"
    printf 'report=%s\n' "$report" >>"$GITHUB_OUTPUT"
fi
printf 'passed=%s\n' "$passed" >>"$GITHUB_OUTPUT"

case $status in
    0 | 1) ;;
    2) echo "::error title=dockgrader::Wrong usage, or a broken assignment: see the log. Nothing was graded." ;;
    3) echo "::error title=dockgrader::Not everything could be observed, so there is no score. That is this runner's failure, not a zero: run the job again." ;;
    *) echo "::error title=dockgrader::dockgrader broke down with status $status. Nothing was graded." ;;
esac
exit "$status"
