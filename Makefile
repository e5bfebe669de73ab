# Everything a contributor types. `make demo` and `make test` need only Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools

# Where it is set, each of the thousands of processes of a test run would compile all of the product again.
unexport PYTHONDONTWRITEBYTECODE

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

# A file's tests share what is expensive to make, so they run on one worker; the long ones come first.
test: $(TOOLS)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "not vllm"

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

# Every suite that has a full form, and the commit and the time that its figures are of.
SOAK := tests/acceptance/test_kills.py tests/acceptance/test_with_a_model.py tests/vllm/test_largest_group.py \
    tests/acceptance/test_service_kills.py tests/acceptance/test_upload_faults.py tests/acceptance/test_client.py \
    tests/integration/test_client_faults.py tests/integration/test_service_abuse.py \
    tests/integration/test_storage_faults.py tests/acceptance/test_camera_cuts.py tests/acceptance/test_camera_kills.py \
    tests/acceptance/test_alert_feed.py tests/integration/test_alert_log_kills.py tests/integration/test_camera_day.py \
    tests/integration/test_cameras_on_a_bad_line.py

soak: $(TOOLS)
	$(BIN)/python tests/vllm/environment.py
	@date -u; git log -1 --format='%h %s'; uptime
	$(BIN)/pytest -n 0 --soak -o faulthandler_timeout=0 -s -v $(SOAK)
	@date -u

samples: $(STAMP)
	$(BIN)/python -m samples.render

clean:
	rm -rf $(VENV) .demo build dist
