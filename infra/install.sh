# Installs what the platform needs; sourced by ./run and ./test, which set $home to this checkout.
# Every function does nothing, quickly, when its work is done already. POSIX sh.
# shellcheck shell=sh

MIN_PYTHON_MINOR=11
MIN_JAVA=17
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# --- what is there -----------------------------------------------------------------------------

# A Python that is new enough and can make virtual environments, or nothing.
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        have "$candidate" || continue
        "$candidate" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, $MIN_PYTHON_MINOR))" \
            2>/dev/null && { command -v "$candidate"; return; }
    done
    return 0
}

has_java() {
    have java || return 1
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${version:-0}" -ge "$MIN_JAVA" ]
}

has_postgres() {
    have initdb && return 0
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return 0
    done
    return 1
}

has_kafka() { [ -f "$home/infra/kafka/target/.complete-$(kafka_stamp)" ]; }

kafka_stamp() { cksum <"$home/infra/kafka/pom.xml" | tr ' ' '-'; }

# Prints what is missing, one word each; the words are the cases of package_for.
missing_tools() {
    have mosquitto || say mosquitto
    have redis-server || say redis
    has_postgres || say postgres
    has_java || say java
    has_kafka || have mvn || say maven
    [ -n "$(find_python)" ] || say python
    for extra in "$@"; do
        have "$extra" || say "$extra"
    done
}

# --- apt ---------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# A package that is only mentioned by others is shown too, but has no version.
is_in_apt() { apt-cache show "$1" 2>/dev/null | grep -q '^Version:'; }

# The packages that bring a tool; needs apt's lists to be up to date.
package_for() {
    case "$1" in
    redis) say redis-server ;;
    postgres) say postgresql ;;
    java)
        for package in openjdk-21-jre-headless openjdk-17-jre-headless; do
            is_in_apt "$package" && { say "$package"; return; }
        done
        say default-jre-headless
        ;;
    python)
        if apt_python_is_new_enough; then
            say python3 python3-venv
            return
        fi
        for version in 3.13 3.12 3.11; do
            is_in_apt "python$version-venv" && { say "python$version" "python$version-venv"; return; }
        done
        ;;
    *) say "$1" ;;
    esac
}

apt_python_is_new_enough() {
    minor=$(apt-cache show python3 2>/dev/null | sed -n 's/^Version: 3\.\([0-9]*\).*/\1/p' | sort -n | tail -n 1)
    [ "${minor:-0}" -ge "$MIN_PYTHON_MINOR" ]
}

# Installs the tools that are missing, without starting the distribution's own servers on the way.
# Arguments: further programs that are wanted, named like their packages.
install_tools() {
    missing=$(missing_tools "$@" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    have apt-get || die "missing: $missing- and there is no apt-get here to install them. Install them, then try again."
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        die "missing: $missing- installing needs root. Ask an administrator to run
    apt-get update && apt-get install mosquitto redis-server postgresql default-jre-headless maven python3-venv $*
then try again; nothing else needs root."
    fi
    say "installing (apt): $missing"
    keep_services_down
    apt_quietly update
    packages=
    for tool in $missing; do
        package=$(package_for "$tool")
        [ -n "$package" ] || die "this system has no Python 3.$MIN_PYTHON_MINOR or newer to install. Install one with its venv module, then try again."
        packages="$packages $package"
    done
    # shellcheck disable=SC2086 # a list of words on purpose
    apt_quietly install --no-install-recommends $packages
    disable_new_services "$missing"
    let_services_be
    missing=$(missing_tools "$@" | tr '\n' ' ')
    [ -z "$missing" ] || die "still missing after the installation: $missing"
}

apt_quietly() {
    mkdir -p "$home/.run/logs/install"
    if ! as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >"$home/.run/logs/install/apt.log" 2>&1; then
        let_services_be
        tail -n 15 "$home/.run/logs/install/apt.log" >&2
        die "apt-get $1 failed; the whole output is in .run/logs/install/apt.log"
    fi
}

# Packages ask this file whether they may start their service. One that exists already is kept.
POLICY=/usr/sbin/policy-rc.d
policy_is_ours=

keep_services_down() {
    [ -e "$POLICY" ] && return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
    policy_is_ours=yes
    trap 'let_services_be; exit 130' INT TERM HUP
}

let_services_be() {
    [ -n "$policy_is_ours" ] || return 0
    as_root rm -f "$POLICY"
    policy_is_ours=
    trap - INT TERM HUP
}

# What we just installed would otherwise start at the next boot and hold our ports.
disable_new_services() {
    have systemctl || return 0
    for tool in $1; do
        case "$tool" in
        mosquitto) as_root systemctl disable -q mosquitto ;;
        redis) as_root systemctl disable -q redis-server ;;
        postgres) as_root systemctl disable -q postgresql ;;
        esac >/dev/null 2>&1 || true
    done
}

# --- Python and Kafka --------------------------------------------------------------------------

# install_venv LOCK...: a virtual environment with exactly what the lock files say, and the project.
install_venv() {
    stamp=$(venv_stamp "$@")
    [ -f "$stamp" ] && venv_is_whole && return 0
    say "installing the Python packages into .venv"
    if ! venv_is_whole; then
        rm -rf "$home/.venv"
        "$(find_python)" -m venv "$home/.venv"
    fi
    rm -f "$home"/.venv/.installed-*
    for lock in "$home/requirements-build.lock" "$@"; do
        quietly pip.log "$home/.venv/bin/python" -m pip install --disable-pip-version-check --require-hashes -r "$lock"
    done
    quietly pip.log "$home/.venv/bin/python" -m pip install --disable-pip-version-check \
        --no-deps --no-build-isolation -e "$home"
    # The first lock file is the platform's own: who has more has that, too.
    touch "$(venv_stamp "$1")" "$stamp"
}

venv_stamp() { say "$home/.venv/.installed-$(cat "$home/pyproject.toml" "$@" | cksum | tr ' ' '-')"; }

# Its scripts name the folder they were made in, so a checkout that has moved needs a new one.
venv_is_whole() {
    case "$(head -n 3 "$home/.venv/bin/pip" 2>/dev/null)" in
    *"$home/.venv/bin/python"*) "$home/.venv/bin/python" -c "" 2>/dev/null ;;
    *) return 1 ;;
    esac
}

install_kafka() {
    has_kafka && return 0
    say "fetching Apache Kafka (Maven)"
    rm -rf "$home/infra/kafka/target"
    quietly maven.log mvn -B -f "$home/infra/kafka/pom.xml" dependency:copy-dependencies
    touch "$home/infra/kafka/target/.complete-$(kafka_stamp)"
}

# quietly LOG COMMAND...: runs it with its output in .run/logs/install, whose end is shown if it fails.
quietly() {
    log="$home/.run/logs/install/$1"
    shift
    mkdir -p "$home/.run/logs/install"
    if ! "$@" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        die "that failed: $*
The whole output is in $log. Is the network there? Trying again is safe."
    fi
}

# One installation at a time in a checkout; a second one waits.
with_install_lock() {
    [ -w "$home" ] || die "$home is not yours to write in; clone it into a folder of yours"
    mkdir -p "$home/.run"
    [ -w "$home/.run" ] || die "$home/.run belongs to another user, who started the platform here before. Do it as that user, or remove the folder, which holds all data"
    (
        flock 9 || exit 1
        "$@" 9>&-
    ) 9>"$home/.run/install.lock"
}
