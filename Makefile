# These do everything on a fresh machine with Python 3.11 or newer and make:
#   make demo   a node with its database, a demo venue, and a busy night played against it
#   make test   every check and every test
#   make bench  load tests beside other stacks, in a quarter of an hour; wrk should be installed
# And one that is for nights, with harm that no test may do to a machine:
#   make torture [CYCLES=100] [SEED=n]   a real node, killed, without database, on a full disk
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check -q
UV = $(VENV)/bin/python -m uv pip install -q --python $(VENV)/bin/python

.PHONY: demo test bench check pytest torture simulate nights replay mutants environment clean

demo: environment
	$(VENV)/bin/lastlight demo

# Both at once: the type checker has use for one processor only.
test: environment
	$(MAKE) --no-print-directory --jobs=2 check pytest
	$(MAKE) --no-print-directory nights

# The hooks find their tools in the environment first, so nobody has to activate it.
check: environment
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/pre-commit run --all-files --show-diff-on-failure

# Tests of whole nodes come by themselves, after the others: each of them has several processes.
pytest: environment
	$(VENV)/bin/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder --ignore=tests/system $(ARGS)
	$(VENV)/bin/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder tests/system $(ARGS)

torture: environment
	CYCLES=$(CYCLES) SEED=$(SEED) $(VENV)/bin/python -m tests.torture

# Whole nights of a real node in memory, by seed; see tests/simulation/README.md.
SEEDS ?= 1000
simulate: environment
	$(VENV)/bin/python -m tests.simulation run $(SEEDS) $(ARGS)
	$(VENV)/bin/python -m tests.simulation twice 20

# How many of them every `make test` plays, when all else is done, and for how many seconds at most.
NIGHTS ?= 1000
NIGHTS_S ?= 420
nights: environment
	$(VENV)/bin/python -m tests.simulation run $(NIGHTS) --seconds $(NIGHTS_S)

replay: environment
	$(VENV)/bin/python -m tests.simulation replay $(SEED) $(ARGS)

# Each fault that is planted on purpose has to be found.
mutants: environment
	$(VENV)/bin/python -m tests.simulation mutants $(ARGS)

environment: $(VENV)/made

# Made anew whenever the lock or the project's own description changes; an interrupted install
# leaves no stamp and is begun again. uv takes a tenth of pip's time; it is fetched by its hash as
# all the rest is, and where there is no uv, or it finds no index that only pip knows, pip does it.
$(VENV)/made: requirements.lock pyproject.toml .ci/uv.lock
	$(PYTHON) -m venv --clear $(VENV)
	($(PIP) install --only-binary :all: -r .ci/uv.lock && $(UV) -r requirements.lock) \
		|| $(PIP) install -r requirements.lock
	$(PIP) install --no-deps -e .
	touch $@

# What load tests need beyond the node (other servers, plots) has an environment and a lock of its
# own, made in the same way.
bench: $(BENCH)/made
	PATH="$(CURDIR)/$(BENCH)/bin:$$PATH" $(BENCH)/bin/python -m bench $(ARGS)

$(BENCH)/made: VENV := $(BENCH)
$(BENCH)/made: bench/requirements.lock pyproject.toml .ci/uv.lock
	$(PYTHON) -m venv --clear $(VENV)
	($(PIP) install --only-binary :all: -r .ci/uv.lock && $(UV) -r bench/requirements.lock) \
		|| $(PIP) install -r bench/requirements.lock
	$(PIP) install --no-deps -e .
	touch $@

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
