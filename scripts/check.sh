#!/usr/bin/env bash
# Runs everything that must hold before a change goes in. `make test` installs what this needs first.
# Every step runs, also after one has failed; the exit code is 0 only when all were content.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PATH="$PWD/.venv/bin:$PATH"

# What bears others beside it. The rest drives browsers and live media, and would starve each other.
beside=(tests/unit tests/property tests/security tests/integration/storage tests/integration/api)
# What must give the same answers wherever the machine believes it is.
pure=(tests/unit/scheduler tests/unit/reception tests/property)

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
failed=()

step() {
    local name=$1
    shift
    printf '\n== %s\n' "$name"
    "$@" || failed+=("$name")
}

mapfile -t modules < <(find tests/js -name '*.test.mjs' | sort)
cores=$(nproc)
workers=$((cores < 4 ? cores : 4))

step "ruff check" ruff check .
step "ruff format" ruff format --check .
step "mypy --strict" mypy
step "imports go down only" lint-imports
step "tsc" node node_modules/typescript/bin/tsc -p .
step "node --test" node --test --test-reporter spec --test-reporter-destination stdout \
    --test-reporter junit --test-reporter-destination "$reports/node.xml" "${modules[@]}"
for zone in UTC America/New_York; do
    step "pytest, rules only, TZ=$zone" \
        env TZ=$zone pytest -q --junitxml "$reports/${zone##*/}.xml" "${pure[@]}"
done
step "pytest, $workers at a time" \
    pytest -q -n "$workers" --dist loadfile --junitxml "$reports/beside.xml" "${beside[@]}"
step "pytest, one by one" \
    pytest -q --junitxml "$reports/alone.xml" tests "${beside[@]/#/--ignore=}"
step "what docs/security claims is shown" python scripts/assurance.py check "$reports"/*.xml

printf '\n'
[ ${#failed[@]} = 0 ] || printf 'not content: %s\n' "${failed[@]}"
python scripts/tally.py "$reports"/*.xml
[ ${#failed[@]} = 0 ]
