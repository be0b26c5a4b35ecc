# shellcheck shell=sh
# The part that run, test and check share: a Python, a virtual environment, its packages.
#
# Sourced from the project's folder. Nothing here runs until a function is called.

venv=.venv

say() {
    printf 'Switchboard: %s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# A Python of 3.11 or newer. A Mac's own /usr/bin/python3 is never asked: it is older, and without Apple's
# developer tools it opens a window instead of answering.
is_recent() {
    case "$(uname -s)$1" in Darwin/usr/bin/*) return 1 ;; esac
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    # The PATH of a Mac's service has no Homebrew.
    [ "$(uname -s)" != Darwin ] || PATH="$PATH:/opt/homebrew/bin:/usr/local/bin"
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        python=$(command -v "$name") || continue
        if is_recent "$python"; then
            printf '%s\n' "$python"
            return
        fi
    done
    return 1
}

how_to_get_python() {
    case "$(uname -s)" in
        Darwin) echo 'Install it with "brew install python@3.13" (the python3 that comes with a Mac is older).' ;;
        *) echo 'Install it with "sudo apt-get install python3 python3-venv", or the like on your system.' ;;
    esac
}

# uv brings its own Python where the machine has none; the environment works the same, however it was made.
make_environment() {
    rm -rf "$venv"
    if has uv; then
        uv venv --quiet --python '>=3.11' "$venv" || fail "uv could not make $venv; its message is above."
        return
    fi
    python=$(find_python) || fail "Python 3.11 or newer is needed, and there is none here. $(how_to_get_python)"
    "$python" -m venv "$venv" ||
        fail "$python could not make $venv. On Debian or Ubuntu: sudo apt-get install python3-venv"
}

install_packages() {
    if has uv; then
        uv pip install --quiet --python "$venv/bin/python" -r "$1"
    else
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$1"
    fi
}

# What an environment with the packages of LIST looks like: its Python's version and the checksum of the lists.
fingerprint() {
    "$venv/bin/python" -V && cat requirements.txt "$1" | cksum
}

# Whether packages can be added to the environment that is there: its Python runs and is still the one it was made
# with, there is something to install with, and no installation was broken off (pip takes half a package for a whole).
usable() {
    [ -f "$venv/pyvenv.cfg" ] && [ ! -e "$venv/installing" ] || return 1
    lib=$("$venv/bin/python" -c 'import sys; print("lib/python%d.%d" % sys.version_info[:2])') || return 1
    [ -d "$venv/$lib/site-packages" ] || return 1
    has uv || "$venv/bin/python" -m pip --version >/dev/null
}

# prepare LIST: an environment with the packages of LIST. The stamp is written last, so that an interrupted
# installation is done again; when nothing changed, this takes some hundredths of a second.
prepare() {
    stamp="$venv/$1.installed"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$1" 2>/dev/null)" ]; then
        return
    fi
    usable 2>/dev/null || make_environment
    say "installing the packages of $1; the first time takes a minute or more ..."
    : >"$venv/installing"
    rm -f "$stamp"
    install_packages "$1" || fail 'the installation failed; the reason is above. Run this again once it is gone.'
    rm "$venv/installing"
    fingerprint "$1" >"$stamp"
}
