# shellcheck shell=sh
# What the tests need from the system: a C++ compiler, shellcheck, and a Python that can make virtual environments.
#
# Sourced after environment.sh.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_debian_packages() {
    say "installing $* ..."
    as_root apt-get update -qq >/dev/null || say 'the list of packages could not be brought up to date.'
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "please install these and try again: sudo apt-get install $*"
}

# The names of missing Debian packages. llama.cpp is compiled on the spot; its build brings cmake itself.
missing_packages() {
    has c++ || echo g++
    has shellcheck || echo shellcheck
    has uv && return
    if python=$(find_python); then
        "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || echo python3-venv
    else
        echo python3 python3-venv
    fi
}

prepare_system() {
    if [ "$(uname -s)" = Darwin ]; then
        xcode-select -p >/dev/null 2>&1 || fail 'the tests need a C++ compiler: run "xcode-select --install" first.'
        return
    fi
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    has apt-get || fail "the tests need what Debian calls: $(echo "$missing" | tr '\n' ' ')"
    # shellcheck disable=SC2086  # one word a package
    install_debian_packages $missing
}

prepare_tests() {
    prepare_system
    # llama.cpp is built for tiny models alone: without its vision tools, quickly rather than fast (a third less
    # time than with -O3), and on every core.
    export CMAKE_ARGS="${CMAKE_ARGS:--DLLAVA_BUILD=OFF -DCMAKE_C_FLAGS_RELEASE=-O1 -DCMAKE_CXX_FLAGS_RELEASE=-O1}"
    export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}"
    prepare requirements-dev.txt
}
