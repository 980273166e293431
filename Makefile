# make run    set everything up, then run the main job
# make test   set everything up, then run the whole test suite
# make lint   style and types
# make lock   write constraints.txt anew from the newest versions that pyproject.toml admits
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
NEURAL := $(VENV)/.neural
# What `make run` may call; other programs are compiled on first use.
OF_RUN := intervention_effects complete_pooling hierarchical_noncentered hierarchical_adaptive \
          hierarchical_student_t

# pip compiles little here; what is imported first is kept compiled, whatever is set outside.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test lint lock
.DELETE_ON_ERROR:

run: $(SETUP)
	$(BIN)/whence stan --compile $(OF_RUN)
	$(BIN)/whence run

test: $(NEURAL)
	$(BIN)/whence stan --compile
	$(BIN)/pytest

lint: $(TOOLS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The first Python >= 3.11 that can make virtual environments.
PYTHONS := python3.11 python3.12 python3.13 python3
IS_USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

$(SETUP): pyproject.toml constraints.txt
	@command -v g++ > /dev/null || { echo "whence needs g++: install it (Debian and Ubuntu: apt-get install g++)." >&2; exit 1; }
	@for python in $(PYTHONS); do \
	  if $$python -c '$(IS_USABLE)' 2> /dev/null; then \
	    echo "Installing into $(VENV) with $$python (some minutes, once)"; \
	    exec $$python -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "whence needs Python >= 3.11 with venv: install it (Debian and Ubuntu: apt-get install python3.11-venv)." >&2; exit 1
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable .
	@touch $@

# `make run` does without what developers need, and without PyTorch, which is large.
$(TOOLS): $(SETUP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(NEURAL): $(TOOLS)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[neural]'
	@touch $@

lock:
	rm -rf build/lock && python3 -m venv build/lock
	build/lock/bin/pip install --quiet '.[dev,neural]'
	{ head -n 1 constraints.txt; build/lock/bin/pip freeze --all \
	  | grep -vE '^(pip|whence)\b| @ ' | sed 's/+cpu$$//' | LC_ALL=C sort -f; } > build/constraints.txt
	mv build/constraints.txt constraints.txt
