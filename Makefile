# Every target does its own set-up in .venv; needs python3 >= 3.11, pip and make, nothing else.
# `make` alone lists the targets.

PYTHON := python3
BIN := .venv/bin
# Two processes suit the small machines this is read on; give more with `make test JOBS=8`.
JOBS := 2
# Where it is set, each of the some 500 processes that the tests start compiles all that it imports, which takes 1.2 s.
unexport PYTHONDONTWRITEBYTECODE
SECONDS := 3600
ARCHIVE := microtorch

# A shell function, because uv does not read pip's configuration (extra indexes, wheel folders): where uv
# fails for that or any other reason, plain pip does the work.
define INSTALL
install() { \
  if [ -x .uv/bin/uv ]; then \
    .uv/bin/uv pip install --quiet --python $(BIN)/python -c constraints.txt "$$@" && return; \
    echo "uv could not install this: using pip"; \
  fi; \
  $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt "$$@"; \
}; install
endef

.PHONY: help demo experiments test lint campaign oracle programs mutants bench docs notebooks build clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: .venv/.stamp-demo ## train MLPs on real digits; table, curves and backward graph go to demo/
	@$(BIN)/python -m microtorch demo

experiments: .venv/.stamp-dev ## run the five experiments on real data; tables and pictures go to docs/results.md
	@$(BIN)/python -m microtorch experiment all

test: .venv/.stamp-dev ## run the tests and the examples in the docstrings
	@$(BIN)/python -m pytest -q -n $(JOBS)

lint: .venv/.stamp-dev ## check rules, formatting, docstrings and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python docs/extensions/coverage_of_docstrings.py
	@$(BIN)/python docs/extensions/stubs.py --check
	@$(BIN)/python tests/typed

campaign: .venv/.stamp-dev ## make random trials of what must never happen for an hour; SECONDS=60 for a minute
	@cd tests && ../$(BIN)/python -m campaigns --seconds $(SECONDS)

oracle: .venv/.stamp-oracle ## install PyTorch into .venv and compare with it
	@MICROTORCH_ORACLE=1 $(BIN)/python -m pytest -q -n $(JOBS) -m oracle

mutants: .venv/.stamp-dev ## plant 60 small faults in the engine and see whether the tests notice
	@$(BIN)/python tests/project/mutants.py --count 60 --jobs $(JOBS)

programs: .venv/.stamp-oracle ## run 20,000 random programs on microtorch and on PyTorch
	@$(BIN)/python tests/autograd/programs/random_programs.py --count 20000 --jobs $(JOBS)

bench: .venv/.stamp-bench ## install PyTorch and JAX into .venv and measure against them
	@$(BIN)/python -m benchmarks

docs: .venv/.stamp-docs ## build the documentation into docs/_build/html
	@$(BIN)/python -m sphinx -W --keep-going -q -j $(JOBS) docs docs/_build/html

build: .venv/.stamp-dev ## make the sdist and the wheel in dist/, and try the wheel in an empty environment
	@rm -rf dist build/try
	@$(BIN)/python -m build --outdir dist .
	@$(BIN)/python -m venv --clear build/try
	@build/try/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt dist/*.whl
	@cd build && try/bin/python -W error ../tests/project/installed.py

notebooks: .venv/.stamp-dev ## write the lessons as notebooks into notebooks/; ARCHIVE=... for what they install
	@$(BIN)/python docs/extensions/notebooks.py notebooks --archive $(ARCHIVE)

clean: ## remove everything made here except .venv
	rm -rf demo notebooks docs/_static/notebooks docs/_static/pictures/backprop.html dist build docs/_build docs/reference .pytest_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

# --seed puts pip into the environment, for `make oracle` and for the fallback. `pip --target` works also where
# the system's Python is closed to pip (PEP 668) or lacks the venv module; uv also fetches a Python where the
# system's is too old.
$(BIN)/python:
	@echo "Making .venv"
	@{ $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' && wanted=$(PYTHON) || wanted='>=3.11'; \
	  $(PYTHON) -m pip install -qq --disable-pip-version-check --target .uv uv \
	  && .uv/bin/uv venv --quiet --clear --seed --python "$$wanted" .venv; } \
	|| { echo "uv is not to be had here: using $(PYTHON) -m venv"; rm -rf .uv; $(PYTHON) -m venv --clear .venv; }

# What a demonstration needs is a small part of what the tests do.
.venv/.stamp-demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing microtorch into .venv"
	@$(INSTALL) -e '.[plots]'
	@touch $@

.venv/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing microtorch into .venv"
	@$(INSTALL) -e '.[dev]'
	@touch $@

.venv/.stamp-docs: .venv/.stamp-dev
	@$(INSTALL) -e '.[docs]'
	@touch $@

.venv/.stamp-bench: .venv/.stamp-oracle
	@echo "Installing JAX into .venv"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt jax jaxlib optax
	@touch $@

# Plain pip, not uv: pip's configuration says where this machine takes PyTorch from.
.venv/.stamp-oracle: .venv/.stamp-dev
	@echo "Installing PyTorch into .venv"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt torch==2.13.0 expecttest hypothesis onnxscript
	@touch $@
