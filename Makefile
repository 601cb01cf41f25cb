# The two main commands are `make demo` and `make test`. Each creates the environment it needs.

# The first Python of one of these versions that has venv: PYTHON if given, else one on the PATH, else
# one of pyenv.
VERSIONS := 3.13 3.12 3.11
PYENV := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.*/bin/python3)
PYTHONS = $(or $(PYTHON),python3 $(addprefix python,$(1)) $(PYENV))
python = $(shell for one in $(PYTHONS); do "$$one" -P -c 'import ensurepip, sys; \
	sys.exit("%d.%d" % sys.version_info[:2] not in "$(1)".split())' 2>/dev/null && echo "$$one" && break; done)
needed = $(or $(call python,$(1)),$(error needs Python $(1) with venv, and none of $(PYTHONS) is one: \
	install it (Debian: apt-get install python3-venv) or name it (make PYTHON=/path/to/python3)))
environment = $(call needed,$(1)) -P -m venv $(@D) && $(@D)/bin/python -P -m pip install --quiet \
	--no-compile --disable-pip-version-check

# Tests start hundreds of processes; without compiled modules each takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE

DEMO_ENV := .venv-demo
TEST_ENV := .venv-test
TEST_BIN := $(TEST_ENV)/bin
PEERS_ENV := .venv-peers
COMPOSE := .cache/compose/docker-compose
COMPOSE_MODULE := github.com/docker/compose/v2@v2.40.3
OTHERS := 3.12 3.13

MODEL ?= ulf-1hz

.PHONY: help demo test test-pythons pytest lint containers train bench chaos abuse history-kills ingest-kills soak dashboards up down clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 14

demo: $(DEMO_ENV)/ready ## Stream a real storm and quiet days through the whole system (KEEP=1 serves the live page)
	$(DEMO_ENV)/bin/magwatch demo $(if $(KEEP),--keep)

test: $(TEST_ENV)/ready ## Check everything that CI checks
	$(MAKE) --no-print-directory --jobs 2 lint pytest

# More processes than cores: many tests wait for a broker or a clock
pytest: $(TEST_ENV)/ready
	$(TEST_BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(PYTEST)

test-pythons: $(addprefix test-python-,$(OTHERS)) ## Test all that needs no PyTorch on Python 3.12 and 3.13, if installed

test-python-%:
	$(if $(call python,$*),$(MAKE) --no-print-directory .venv-$*/ready && .venv-$*/bin/python -m pytest \
		-n 6 --dist loadfile --no-loadscope-reorder $(PYTEST),@echo "no Python $* here: not tested on it")

lint: $(TEST_ENV)/ready ## Check style, types and architecture
	$(TEST_BIN)/ruff check .
	$(TEST_BIN)/ruff format --check .
	$(TEST_BIN)/mypy
	$(TEST_BIN)/lint-imports

containers: $(TEST_ENV)/ready $(COMPOSE) ## Build both images without Docker and test their containers: ten minutes, as root
	MAGWATCH_TEST_CONTAINERS=yes $(TEST_BIN)/python -m pytest --timeout 1800 \
		tests/containers tests/deploy/test_compose.py $(PYTEST)

train: $(TEST_ENV)/ready ## Train, judge and export exports/$(MODEL) from DATA=folder (MODEL=ulf-1min)
	$(TEST_BIN)/magwatch train training/recipes/$(MODEL).toml --data $(DATA)

bench: $(TEST_ENV)/ready $(PEERS_ENV)/ready ## Measure the speed, beside Quix Streams, in an hour (BENCH=--quick)
	$(TEST_BIN)/python -m bench $(BENCH)

dashboards: $(TEST_ENV)/ready ## Write Grafana's dashboards from deploy/grafana/boards
	$(TEST_BIN)/python -m deploy.grafana.boards

up: .env ## Run the service in Docker (REPLAY=1 also streams a real storm)
	docker compose $(if $(REPLAY),--profile replay) up --build --detach
	@echo "Grafana: http://127.0.0.1:3000, user admin, password in .env; live page: http://127.0.0.1:9465"

down: ## Stop the service and keep its data
	docker compose --profile '*' down

.env: # created once, with a new password
	@umask 077 && password=$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') && \
		sed "s/^GRAFANA_ADMIN_PASSWORD=$$/&$$password/" .env.example > $@

chaos: $(TEST_ENV)/ready ## Replay real days for ten minutes while workers and brokers are killed (CHAOS="--seed 7")
	$(TEST_BIN)/python -m tests.chaos $(CHAOS)

ingest-kills: $(TEST_ENV)/ready ## Publish three days through mosquitto while ingest is killed thirty times (KILLS="--seed 7")
	$(TEST_BIN)/python -m tests.monitor.ingest $(KILLS)

history-kills: $(TEST_ENV)/ready ## Keep three days of three stations while history and Kafka are killed (KILLS="--seed 7")
	$(TEST_BIN)/python -m tests.monitor.history $(KILLS)

abuse: $(TEST_ENV)/ready ## Send hostile records to every topic for ten minutes while stations stream (ABUSE="--seed 7")
	$(TEST_BIN)/python -m tests.abuse $(ABUSE)

soak: $(TEST_ENV)/ready ## Measure memory and lag of 300 stations over an hour and a half of data, in nine minutes
	$(TEST_BIN)/python -m bench.soak

clean: ## Remove environments, caches and the demo's output
	rm -rf $(DEMO_ENV) $(TEST_ENV) $(PEERS_ENV) $(addprefix .venv-,$(OTHERS)) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache bench-output build demo-output *.egg-info

$(DEMO_ENV)/ready: pyproject.toml
	$(call environment,$(VERSIONS)) --editable '.[demo]'
	touch $@

$(TEST_ENV)/ready: pyproject.toml
	@echo "installing the test environment: PyTorch makes it several GB, a few minutes the first time"
	$(call environment,$(VERSIONS)) --editable '.[test]'
	touch $@

.venv-3.%/ready: pyproject.toml
	$(call environment,3.$*) --editable '.[test-without-torch]'
	touch $@

# `docker compose config` without Docker: built from Compose's Go module, if Go is installed
$(COMPOSE):
	-docker compose version >/dev/null 2>&1 || ! command -v go >/dev/null || go build -C \
		"$$(go mod download -json $(COMPOSE_MODULE) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" -o $(abspath $@) ./cmd

$(PEERS_ENV)/ready: bench/peers/requirements.txt
	$(call environment,$(VERSIONS)) --requirement $<
	touch $@
