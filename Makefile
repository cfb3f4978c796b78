# Two commands are all that a fresh machine needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Reaches the environments that pip builds in, too.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLBACKEND := Agg

.PHONY: demo test format verify bench mnist digits photographs clean

demo: $(VENV)/.installed
	$(BIN)/vaekit train digits --latents 16

test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -n 2 --dist worksteal

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

verify: $(VENV)/.installed
	$(BIN)/vaekit verify

# Slow evidence: figures, not tests.
bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/speed.py all

digits: $(VENV)/.installed
	$(BIN)/python benchmarks/digits.py

mnist: $(VENV)/.installed
	$(BIN)/python benchmarks/mnist.py single
	$(BIN)/python benchmarks/mnist.py pair

photographs: $(VENV)/.installed
	$(BIN)/python benchmarks/photographs.py ablation --out runs/photographs/ablation
	$(BIN)/python benchmarks/photographs.py headline --out runs/photographs

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# Pythae names a backport of a part of Python as a dependency: it is installed without those it names.
$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-deps pythae
	$(BIN)/python -m pip install --quiet cloudpickle imageio pandas pydantic scipy tqdm
	touch $@

clean:
	rm -rf $(VENV) build src/*.egg-info .pytest_cache .ruff_cache .hypothesis
