# Ekiben's commands; `make` alone lists them.
PYTHON ?= python3
STACK ?= local
CLUSTER ?= local
# Most tests wait more than they compute. Those of a file share what is slow to make.
JOBS ?= 3
VENV := .venv
PY := $(VENV)/bin/python
TOGETHER := --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.stamp
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help up down status test test-long lint check format env env-shell lock goldens clean-cache

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: env ## Start the local cluster and deploy STACK (default: local)
	@exec $(PY) -m ekiben up --stack $(STACK) --prepare --yes --clear-stale-lock --with-parent $$PPID

down: env ## End the local cluster; nothing stays but the cache of built tools
	@$(PY) -m local down --cluster $(CLUSTER)

status: env ## Tell what runs, and where the models answer
	@$(PY) -m local status --cluster $(CLUSTER)
	@$(PY) -m ekiben get --stack $(STACK)

test: env ## Run every test (takes minutes, starts a cluster of its own)
	@$(PY) -m local.toolchain
	@$(PY) -m pytest $(TOGETHER) -m "not long"

test-long: env ## Run what takes hours: kill loops, soaks, load, rarer cases
	@$(PY) -m pytest -m long

lint: env ## Format check, lint and types
	@$(VENV)/bin/ruff format --check --quiet . && $(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy

check: lint ## Lint and the quick tests: for every edit
	@$(PY) -m pytest $(TOGETHER) -m "not tools and not fake and not engine and not cluster and not served and not long" tests

format: env ## Format the code
	@$(VENV)/bin/ruff format --quiet . && $(VENV)/bin/ruff check --quiet --fix .

env: $(STAMP) ## Make the Python environment .venv

env-shell: env ## Print shell lines for running `pulumi` and `kubectl` by hand: eval "$(make -s env-shell)"
	@$(PY) -m ekiben env --stack $(STACK)

lock: env ## Resolve pyproject.toml into requirements.txt and requirements-dev.txt
	@$(VENV)/bin/uv pip compile $(LOCK_FLAGS) --upgrade pyproject.toml -o requirements.txt
	@$(VENV)/bin/uv pip compile $(LOCK_FLAGS) --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

goldens: env ## Write the expected plans anew, to be read in the diff
	@EKIBEN_GOLDEN=write $(PY) -m pytest tests/plan tests/eks

clean-cache: env ## Remove the whole cache: built tools, images, registries
	@$(PY) -m local clean

# uv comes first, by its own pinned hash; it then installs the rest in seconds.
$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ekiben needs Python 3.11 or later; try make PYTHON=python3.11")'
	@[ -x $(PY) ] || $(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ {uv = /^uv==/} uv' requirements-dev.txt > $(VENV)/uv.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.txt
	@$(VENV)/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements-dev.txt
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --editable .
	@touch $@
