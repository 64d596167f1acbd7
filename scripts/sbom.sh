#!/usr/bin/env bash
# Writes what is shipped as two CycloneDX lists: `sbom.sh DIRECTORY`.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$1
npm=(npm)
# Where the machine's own was too old, setup took another.
[ -e .venv/bin/npm-cli.js ] && npm=(.venv/bin/node .venv/bin/npm-cli.js)
mkdir -p "$out"
PYTHONWARNINGS=ignore .venv/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
    --output-reproducible --of JSON -o "$out/python.cdx.json"
"${npm[@]}" sbom --sbom-format=cyclonedx --omit=dev --package-lock-only >"$out/browser.cdx.json"
