# The two commands are `make demo` and `make test`. Each makes the environment it needs.

PYTHON ?= python3
DEMO_ENV := .venv-demo
TEST_ENV := .venv-test
TEST_BIN := $(TEST_ENV)/bin
PEERS_ENV := .venv-peers
MODEL ?= ulf-1hz

.PHONY: help demo test pytest lint train bench chaos soak dashboards up down clean

help: ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 10

demo: $(DEMO_ENV)/ready ## Real storm and quiet days through the whole system (KEEP=1 serves the live page)
	$(DEMO_ENV)/bin/magwatch demo $(if $(KEEP),--keep)

test: $(TEST_ENV)/ready ## Everything that CI checks
	$(MAKE) --no-print-directory --jobs 2 lint pytest

# Four at once also on two cores: many tests wait for a broker or a clock
pytest: $(TEST_ENV)/ready
	$(TEST_BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: $(TEST_ENV)/ready ## Style, types and architecture
	$(TEST_BIN)/ruff check .
	$(TEST_BIN)/ruff format --check .
	$(TEST_BIN)/mypy
	$(TEST_BIN)/lint-imports

train: $(TEST_ENV)/ready ## Train, judge and export exports/$(MODEL) from DATA=folder (MODEL=minute-teo)
	$(TEST_BIN)/magwatch train training/recipes/$(MODEL).toml --data $(DATA)

bench: $(TEST_ENV)/ready $(PEERS_ENV)/ready ## Measure how fast it is, beside Quix Streams, in an hour (BENCH=--quick)
	$(TEST_BIN)/python -m bench $(BENCH)

dashboards: $(TEST_ENV)/ready ## Write Grafana's dashboards from deploy/grafana/boards
	$(TEST_BIN)/python -m deploy.grafana.boards

up: .env ## Run it as a service in Docker (REPLAY=1 also streams a real storm)
	docker compose $(if $(REPLAY),--profile replay) up --build --detach
	@echo "Grafana: http://127.0.0.1:3000, user admin, password in .env; live page: http://127.0.0.1:9465"

down: ## Stop the service; its data stay
	docker compose --profile '*' down

.env: # a password of its own, once
	@umask 077 && password=$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') && \
		sed "s/^GRAFANA_ADMIN_PASSWORD=$$/&$$password/" .env.example > $@

chaos: $(TEST_ENV)/ready ## Kill workers and brokers over real days for ten minutes (CHAOS="--seed 7")
	$(TEST_BIN)/python -m tests.chaos $(CHAOS)

soak: $(TEST_ENV)/ready ## 300 stations through a worker for nine minutes: memory and lag of an hour
	$(TEST_BIN)/python -m bench.soak

clean: ## Remove environments, caches and the demo's output
	rm -rf $(DEMO_ENV) $(TEST_ENV) $(PEERS_ENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache bench-output build demo-output *.egg-info

$(DEMO_ENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEMO_ENV)
	$(DEMO_ENV)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[demo]'
	touch $@

$(TEST_ENV)/ready: pyproject.toml
	@echo "installing the test environment: PyTorch makes it several GB, a few minutes the first time"
	$(PYTHON) -m venv $(TEST_ENV)
	$(TEST_BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[test]'
	touch $@

$(PEERS_ENV)/ready: bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS_ENV)
	$(PEERS_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
