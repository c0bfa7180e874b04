# The commands of this project. `make help` lists them; each sets up what it needs first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help demo up test lint format bench bench-clearing bench-season chaos documents lock clean

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 24

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=python3.12, say."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python can not make virtual environments; install python3-venv."; exit 1; }
	@echo "Setting up .venv, once; this takes a minute or two …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)  ## trade a harvest week on servers of its own, print what was traded, stop
	@$(BIN)/matcher demo

up: $(READY)  ## start everything and stay up, printing addresses; Ctrl-C stops all
	@$(BIN)/matcher up

test: $(READY)  ## run every test on a real PostgreSQL and a real Valkey
	@# Compiled once, and not by every process of the tests, in which a request would wait for it.
	@$(BIN)/python -c 'from workers.warm import warm; warm()'
	@$(BIN)/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## formatting, lint, types, import contracts, config/
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/matcher config check

format: $(READY)  ## put the code into its format
	@$(BIN)/ruff check --fix --quiet .; $(BIN)/ruff format .

bench: $(READY)  ## measure the running service beside named limits; prints tables of docs/performance.md; ten minutes
	@$(BIN)/python -m bench.service
	@$(BIN)/python -m bench.tentative
	@$(BIN)/python -m bench.explain
	@$(BIN)/python -m bench.deliveries

bench-clearing: .venv/bench-ready  ## measure the solver beside OR-Tools, POT and others; ten minutes
	@$(BIN)/python -m bench.clearing

.venv/bench-ready: $(READY) bench/requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.lock
	@touch $@

bench-season: $(READY)  ## what waiting is worth: a season's value by policy, in percent of hindsight
	@$(BIN)/python -m bench.season

chaos: $(READY)  ## race for a book, then kill, freeze and cut everything for ten minutes; SEED=1 RACES=10000
	@$(BIN)/python -m pytest -m slow tests/chaos tests/workers
	@$(BIN)/python -m chaos.races --seed $(or $(SEED),1) --races $(or $(RACES),10000)
	@$(BIN)/python -m chaos --seed $(or $(SEED),1)

documents: $(READY)  ## read the PDFs of 500 contracts with hard names back, to the letter; one minute
	@$(BIN)/python -m pytest -m slow tests/contracts/test_documents.py

lock:  ## write the files of pinned requirements anew (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	  --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra bench -c requirements.lock \
	  --no-emit-index-url --no-header pyproject.toml -o bench/requirements.lock

clean:  ## remove the virtual environment and the embedded servers' data
	@rm -rf .venv data
