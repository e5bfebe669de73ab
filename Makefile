# Everything a contributor types. `make demo` and `make test` need only Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools

.PHONY: demo test check bench bench-full soak samples vllm clean

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q --editable .
	touch $@

$(TOOLS): $(STAMP)
	$(BIN)/pip install -q --group dev
	touch $@

demo: $(STAMP)
	@VIDEOQA_DATA_DIR=$${VIDEOQA_DATA_DIR:-.demo} sh samples/demo.sh $(BIN)/videoqa samples

test: $(TOOLS)
	$(BIN)/pytest -n auto --dist loadgroup -m "not vllm"

# A real vLLM on the CPU in an environment of its own; VIDEOQA_VLLM_ENV names its folder, .vllm where it is not set.
vllm: $(TOOLS)
	$(BIN)/python tests/vllm/environment.py
	$(BIN)/pytest -n 0 -m vllm -o faulthandler_timeout=1200 tests/vllm

check: $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m bench

bench-full: $(STAMP)
	$(BIN)/python -m bench --full

soak: $(TOOLS)
	$(BIN)/python tests/vllm/environment.py
	$(BIN)/pytest -n 0 --soak -o faulthandler_timeout=0 -s tests/acceptance/test_kills.py tests/acceptance/test_with_a_model.py \
	    tests/vllm/test_largest_group.py tests/acceptance/test_service_kills.py tests/acceptance/test_upload_faults.py \
	    tests/integration/test_client_faults.py tests/integration/test_service_abuse.py

samples: $(STAMP)
	$(BIN)/python -m samples.render

clean:
	rm -rf $(VENV) .demo build dist
