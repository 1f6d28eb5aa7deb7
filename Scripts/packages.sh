# shellcheck shell=bash
# Sourced by ./quickstart and ./test: makes sure that Debian packages and the Swift toolchain are there.

# Prints a message to standard error and ends the script.
die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

# A heading between the steps of a script.
step() {
    printf '\n== %s\n' "$1"
}

# Installs the named Debian packages that are missing, as root or through sudo.
need_packages() {
    local package missing=()
    if ! command -v dpkg-query >/dev/null; then
        # Not Debian: the build says what it misses.
        return 0
    fi
    for package in "$@"; do
        if [[ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" != *'ok installed' ]]; then
            missing+=("$package")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        return 0
    fi
    local as_root=()
    if [[ "$(id -u)" != 0 ]]; then
        command -v sudo >/dev/null || die "these packages are missing: ${missing[*]}; as root, run: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        "${missing[@]}" >/dev/null 2>&1; then
        # The lists of a fresh system are empty or old: fetch them and try once more, showing what happens.
        "${as_root[@]}" apt-get update || die "apt-get update failed; these packages are missing: ${missing[*]}"
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
            "${missing[@]}" || die "could not install ${missing[*]}"
    fi
}

# Checks that a Swift toolchain is there and new enough.
need_swift() {
    command -v swift >/dev/null ||
        die 'no Swift toolchain found; install Swift 6.2 or later (https://www.swift.org/install) and put it on PATH'
    local version
    version="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)"
    local major="${version%%.*}" minor="${version##*.}"
    if [[ -z "$version" ]] || ((major < 6 || (major == 6 && minor < 2))); then
        die "Swift 6.2 or later is needed, found ${version:-an unknown version}"
    fi
}

# What linking a Swift program on Debian needs.
# shellcheck disable=SC2034 # used by the scripts that source this file
BUILD_PACKAGES=(git g++ libc6-dev libsqlite3-dev)
