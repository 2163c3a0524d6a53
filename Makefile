# `make check` is what is run before a commit, `make test` what CI runs after it.
PYTHON ?= python
THREADS = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

.PHONY: check lint types imports generated fast test format docs web browser

check: lint types imports generated fast

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy --follow-imports silent training benchmarks/full_size benchmarks/thimble.py
	$(PYTHON) -m pyright

imports:
	lint-imports

generated:
	$(PYTHON) docs/generate.py --check

web:
	npm --prefix web ci --no-fund --no-audit
	npm --prefix web run check
	PYTHON=$(PYTHON) npm --prefix web run types:check
	npm --prefix web test
	npm --prefix web run build

browser:
	npm --prefix web run e2e

fast:
	$(THREADS) $(PYTHON) -m pytest -n 2 -m "not slow"

test:
	$(PYTHON) -m pytest

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

docs:
	$(PYTHON) docs/generate.py
