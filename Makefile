# Everything runs in .venv, from the locked requirements. `make demo` and `make test` need Python 3.11, pip and make.
PYTHON ?= python3
BIN := .venv/bin
RUN := requirements/run.txt
DEV := requirements/dev.txt
# What an image or a machine with workers runs: the same, and PostgreSQL.
WORKERS := requirements/workers.txt
# Workers of pytest: two more than the machine has cores, since tests wait for nearly half of their time.
JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 1) + 2)
# More words for `make mutants`, such as MUTANTS="--only delivery --jobs 2".
MUTANTS ?=

# Bytecode is kept, whatever the shell says: else every process of the tests compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test lint compiled quick check docs site letters desk-pictures bench mutants torture lock upgrade clean

demo: .venv/run                 ## the main job, on the built-in sample newsroom, into an outbox
	rm -rf demo
	$(BIN)/newsletter demo demo

test: .venv/dev                 ## every test
	$(BIN)/python -m pytest -q -n $(JOBS) --dist=worksteal

lint: .venv/dev                 ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Types and tests side by side; a test that takes long, or needs a server or a browser, is marked so.
quick: .venv/dev                ## lint, types and the unit tests: about a minute on two cores
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; \
	    $(BIN)/python -m pytest -q -n $(JOBS) --dist=worksteal -m "not slow and not postgresql and not browser"; \
	    tests=$$?; wait $$types && exit $$tests

# What every worker of pytest would else do for itself. A fault in a test is told by the tests, not here.
compiled: .venv/dev
	$(BIN)/python -m compileall -q newsletter subscribers
	-$(BIN)/python -m pytest -q --collect-only >/dev/null 2>&1

check: .venv/dev                ## what CI runs; mypy takes one core, so that another compiles the tests meanwhile
	$(MAKE) -j 2 lint compiled
	$(MAKE) test

docs: .venv/dev                 ## write what is made from the code: pages of commands, settings and CSV files, and what Tab offers
	$(BIN)/python tests/command_reference.py
	$(BIN)/python tests/completion_table.py
	$(BIN)/python tests/settings_reference.py
	$(BIN)/python tests/csv_reference.py

site: .venv/dev                 ## the documents as a site in English and Arabic, into site/; it says how to open it
	$(BIN)/python tests/site_pages.py site

# LETTERS='--only "weekly-12-*" --strips' for a part of them.
LETTERS ?=

letters: .venv/dev              ## pictures of every letter, in every look and mail program, into letters/: look at them
	$(BIN)/python tests/contact_sheet.py $(LETTERS)

# DESK='--only "week*" --width 390' for a part of them; --list names the states.
DESK ?=

desk-pictures: .venv/dev        ## pictures of every screen and state of the desk, into desk-pictures/: look at them
	$(BIN)/python tests/desk_pictures.py $(DESK)

bench: .venv/dev                ## measurements, each against a floor or a peer in the same run
	for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

mutants: .venv/dev              ## faults sown into the rooms that carry most, and whether their own tests notice
	$(BIN)/python tests/mutants/run.py $(MUTANTS)

torture: .venv/dev              ## kill, stop and starve a send at hundreds of system calls; takes two hours
	$(BIN)/python tests/torture.py --points 300 kill
	$(BIN)/python tests/torture.py --points 60 stop
	$(BIN)/python tests/torture.py --points 100 error
	$(BIN)/python tests/torture.py --points 50 two
	$(BIN)/python tests/trial_kills.py --points 200
	$(BIN)/python tests/torture.py --sender smtp --points 300 kill
	$(BIN)/python tests/torture.py --sender smtp --points 60 stop
	$(BIN)/python tests/torture.py --sender smtp --points 50 error
	$(BIN)/python tests/torture.py --sender smtp --points 50 two
	for sender in sendgrid smtp; do \
	    $(BIN)/python tests/torture.py --sender $$sender --database postgresql --points 300 kill || exit 1; \
	    $(BIN)/python tests/torture.py --sender $$sender --database postgresql --points 60 stop || exit 1; \
	    $(BIN)/python tests/torture.py --sender $$sender --database postgresql --points 50 restart || exit 1; \
	    $(BIN)/python tests/torture.py --sender $$sender --database postgresql --points 60 workers || exit 1; \
	done

# `lock` keeps every pin that pyproject.toml still allows; `upgrade` moves them all to the newest versions.
COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

lock: .venv/dev                 ## pin again what pyproject.toml asks for; pins that still fit stay
	$(COMPILE) $(UPGRADE) pyproject.toml --group build -o $(RUN)
	$(COMPILE) $(UPGRADE) pyproject.toml --group build --extra workers -c $(RUN) -o $(WORKERS)
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev --extra workers -c $(WORKERS) -o $(DEV)

upgrade:                        ## move every pin to the newest version; then: make check
	$(MAKE) lock UPGRADE=--upgrade

clean:
	rm -rf .venv demo site letters desk-pictures build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Debian keeps ensurepip in a package of its own (python3-venv); the second way needs only pip.
.venv/bin/python:
	$(PYTHON) -m venv .venv || { rm -rf .venv && $(PYTHON) -m venv --without-pip .venv && \
	    $(PYTHON) -m pip --python .venv/bin/python install -q pip; }

.venv/run: $(RUN) pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(RUN)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: $(DEV) .venv/run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(DEV)
	touch $@
