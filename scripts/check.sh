#!/usr/bin/env bash
# Runs everything that must hold before a change goes in. `make test` installs what this needs first.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

# What drives browsers or measures live media: two of these side by side starve each other.
alone=(tests/e2e tests/integration/signaling tests/integration/web tests/integration/web_live)
# What must give the same answers wherever the machine believes it is.
pure=(tests/unit/scheduler tests/unit/reception tests/property)

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

step() { printf '\n== %s\n' "$*"; }
existing() {
    local path
    for path in "$@"; do
        [ -e "$path" ] && printf '%s\n' "$path"
    done
    return 0
}

step "ruff"
ruff check .
ruff format --check .
step "mypy --strict"
mypy
step "imports go down only"
lint-imports
step "tsc"
node node_modules/typescript/bin/tsc -p .
step "node --test"
mapfile -t scripts < <(find tests/js -name '*.test.mjs' | sort)
node --test "${scripts[@]}"

mapfile -t alone < <(existing "${alone[@]}")
mapfile -t pure < <(existing "${pure[@]}")
for zone in UTC America/New_York; do
    step "pytest, rules only, TZ=$zone"
    TZ=$zone pytest -q --junitxml "$reports/${zone//\//-}.xml" "${pure[@]}"
done
step "pytest, side by side"
pytest -q -n 2 --dist loadfile --junitxml "$reports/beside.xml" "${alone[@]/#/--ignore=}"
step "pytest, one by one"
pytest -q --junitxml "$reports/alone.xml" "${alone[@]}"

python scripts/tally.py "$reports"/*.xml
