# Two commands: `make run` starts the whole service on this machine, `make test` shows that it works.
# Every target first brings .venv to what the lock files say; Python 3.11 to 3.13 and make are all it needs.
# Another Python: make run PYTHON=/path/to/python3.12

PYTHON ?= python3
SETUP := local/bootstrap.py
RUN := requirements.txt requirements-offline.txt
DEVELOP := $(RUN) requirements-documents.txt requirements-dev.txt
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: run test fuzz lint chaos lock sbom help

run: ## start everything; Ctrl-C stops it
	@exec $(PYTHON) $(SETUP) $(RUN) -- -m local run

test: ## all tests; ARGS="tests/unit -k triage" for some of them
	@exec $(PYTHON) $(SETUP) $(DEVELOP) -- -m pytest $(ARGS)

fuzz: ## ten times as many damaged recordings as `make test` tries
	@exec $(PYTHON) $(SETUP) $(DEVELOP) -- -m pytest --hypothesis-profile=fuzz tests/unit/workers/test_audio_mutations.py $(ARGS)

lint: ## style, types, import arrows, containers, holes, secrets
	@$(PYTHON) $(SETUP) $(DEVELOP)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python deploy/check_containers.py
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive .
	PRE_COMMIT_HOME=.venv/pre-commit .venv/bin/pre-commit run --all-files

chaos: ## break everything for a quarter of an hour under load; ARGS="--short" for two minutes
	@exec $(PYTHON) $(SETUP) $(DEVELOP) -- -m bench.chaos $(ARGS)

lock: ## requirements*.in to requirements*.txt; ARGS=--upgrade takes newer versions
	@$(PYTHON) $(SETUP) $(DEVELOP)
	$(COMPILE) $(ARGS) requirements.in --output-file requirements.txt
	$(COMPILE) $(ARGS) requirements-offline.in --output-file requirements-offline.txt
	$(COMPILE) $(ARGS) requirements-dev.in --output-file requirements-dev.txt
	$(COMPILE) $(ARGS) requirements-documents.in --output-file requirements-documents.txt

sbom: ## what the service is made of, with versions, hashes and licences, to sbom.cdx.json (CycloneDX)
	@exec $(PYTHON) $(SETUP) $(DEVELOP) -- -m deploy.sbom

help: ## this list
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' Makefile
