# Sourced by the scripts beside it: find or install a Python, and make an environment with it.
# Nothing is written outside the folder that is asked for, but Debian packages, which are named.

# The program of a Python 3.11 or newer that can make environments; empty when there is none.
find_python() {
    local folder candidate
    local folders=()
    for folder in "${PYENV_ROOT:-}"/versions/3.1[1-9]*/bin; do
        [ -d "$folder" ] && folders+=("$folder/python3")
    done
    for candidate in python3 python3.13 python3.12 python3.11 python "${folders[@]}"; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

# The same, installed from Debian's packages where that is possible.
need_python() {
    local python
    python=$(find_python)
    if [ -z "$python" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "dockgrader: installing Debian packages: python3 python3-venv" >&2
        apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
        python=$(find_python)
    fi
    if [ -z "$python" ]; then
        echo "dockgrader: Python 3.11 or newer with its venv module is needed, and was not found" >&2
        return 1
    fi
    echo "$python"
}

# make_environment FOLDER PIP-ARGUMENT…: a new environment with these packages.
make_environment() {
    local folder=$1 python
    shift
    python=$(need_python)
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-input "$@" \
        2> >(grep -v '^WARNING: ' >&2)
}
