# The environment is made once, in .venv, and made anew only when pyproject.toml or constraints.txt says something else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/made-from-$(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)

# What `make demo` works on. Without SOURCE it draws faces of nobody; with it, LABELS says who belongs to which group.
DEMO ?= demo
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
ifdef SOURCE
demo_name := given
demo_source := $(SOURCE)
demo_labels := $(LABELS)
else
demo_name := drawn
demo_source := $(DEMO)/drawn/faces
demo_labels := $(DEMO)/drawn/labels.csv
endif
demo_work := $(DEMO)/$(demo_name).work
demo_dataset := $(DEMO)/$(demo_name).dataset

# What `make bench` streams: a dataset folder of yours, or that of `make demo`.
DATASET ?=
bench_dataset := $(if $(DATASET),$(DATASET),$(demo_dataset))

# The peers of `make bench` have an environment of their own on top of .venv, which so stays as constraints.txt pins it.
PEERS := .venv-peers
PEERS_MADE := $(PEERS)/made-from-$(shell cat pyproject.toml constraints.txt benchmarks/peers/requirements.txt | sha256sum | cut -c1-16)

# The machine of `make gpu-check` has its own torch, and a Python that .venv knows nothing of.
GPU_PYTHON ?= python3
GPU_VERSION ?= 3.12
GPU_OPTIONS ?=

# What `make dashboard` shows: runs on the demo's faces, tested on other drawn people.
RUNS := $(DEMO)/runs
ARMS := base natural
SEEDS := 0 1
PORT ?= 8501

.PHONY: help environment check test lint types quick tests doctests demo results dashboard screenshots classifier bench gpu-kit gpu-check format clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: $(MADE)  ## The virtual environment .venv, as constraints.txt pins it

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON) is older than Python 3.11; say PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@rm -f $(VENV)/made-from-*
	@touch $@

$(PEERS_MADE): | $(MADE)
	rm -rf $(PEERS)
	$(BIN)/python -m venv --without-pip $(PEERS)
	@# A .pth line that adds a site folder, so that .venv's own .pth files, ethnoshard's for one, count too.
	$(BIN)/python -c 'import sys, sysconfig; paths = sysconfig.get_path("purelib"), sysconfig.get_path("purelib", vars={"base": sys.argv[1]}); \
	  open(paths[1] + "/beneath.pth", "w").write(f"import site; site.addsitedir({paths[0]!r})\n")' $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/peers/requirements.txt
	@touch $@

check: lint types quick  ## Before every commit: lint, types, tests without browser and training

test: lint types tests  ## Everything that CI checks

lint: $(MADE)  ## Style and likely bugs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(MADE)  ## Strict types of the package
	$(BIN)/mypy --num-workers $(WORKERS)

quick: $(MADE)  ## The tests that take no browser, no training, no real faces and no command in a process of its own
	$(BIN)/pytest -n $(WORKERS) -m "not browser and not slow and not realdata"

tests: $(MADE)  ## All tests; those on real faces run where ETHNOSHARD_DATA or ../shared/data is
	$(BIN)/pytest -n $(WORKERS)

doctests: $(MADE)  ## The examples in docstrings alone; they are among the quick tests
	$(BIN)/pytest tests/test_examples_in_docstrings_are_true.py

demo: $(MADE)  ## Faces to a verified dataset. With SOURCE=... LABELS=...: your own faces
	@test -z "$(SOURCE)" || test -n "$(LABELS)" || { echo "error: SOURCE needs LABELS=FILE.csv beside it" >&2; exit 1; }
	@# Without labels.csv the drawing was stopped midway: it is drawn anew.
	@test -n "$(SOURCE)" || test -e $(DEMO)/drawn/labels.csv \
	  || { rm -rf $(DEMO)/drawn && $(BIN)/ethnoshard draw $(DEMO)/drawn; }
	$(BIN)/ethnoshard align $(demo_source) $(demo_work)
	$(BIN)/ethnoshard label $(demo_work) --labels $(demo_labels)
	$(BIN)/ethnoshard pack $(demo_work) $(demo_dataset)
	$(BIN)/ethnoshard verify $(demo_dataset) --decode
	$(BIN)/ethnoshard preview $(demo_dataset) $(demo_dataset).png
	$(BIN)/ethnoshard info $(demo_dataset)

results: $(MADE)  ## Runs of two arms and two seeds on drawn faces, with reports on other drawn people
	@$(MAKE) --no-print-directory demo SOURCE=
	@test -e $(DEMO)/tested/labels.csv \
	  || { rm -rf $(DEMO)/tested && $(BIN)/ethnoshard draw $(DEMO)/tested --identities 120 --images 14 --seed 1; }
	$(BIN)/ethnoshard align $(DEMO)/tested/faces $(DEMO)/tested.work
	$(BIN)/ethnoshard label $(DEMO)/tested.work --labels $(DEMO)/tested/labels.csv
	$(BIN)/ethnoshard pack $(DEMO)/tested.work $(DEMO)/tested.dataset
	@set -e; for arm in $(ARMS); do for seed in $(SEEDS); do run=$(RUNS)/$$arm-$$seed; \
	  test -e $$run/reports/clusters/report.json && continue; set -x; \
	  $(BIN)/ethnoshard train $(DEMO)/drawn.dataset --config smoke --epochs 20 --set threads=1 --target $$arm --seed $$seed --out $$run --resume; \
	  $(BIN)/ethnoshard evaluate $$run --images $(DEMO)/tested.work --pairs $(DEMO)/tested/pairs.csv --pairs-form bfw \
	    --min-people 8 --fmr 0.05 --out $$run/reports/drawn; \
	  $(BIN)/ethnoshard cluster $$run/reports/drawn/embeddings.npz --cluster-people 20 --out $$run/reports/clusters; \
	  { set +x; } 2>/dev/null; done; done
	@test -e $(RUNS)/compare-0/report.json || $(BIN)/ethnoshard compare $(RUNS)/base-0/reports/drawn \
	  $(RUNS)/natural-0/reports/drawn --out $(RUNS)/compare-0

dashboard: results  ## The dashboard in a browser, on the demo's results
	$(BIN)/ethnoshard dashboard $(RUNS) --dataset $(DEMO)/drawn.dataset --dataset $(DEMO)/tested.dataset \
	  --benchmarks benchmarks/results --port $(PORT)

screenshots: results  ## The README's pictures of the dashboard anew, by the tests, from the demo's results
	$(BIN)/pytest tests/dashboard/test_the_dashboard_in_a_browser.py -k "opens_by_its_link and not audit" \
	  --shown $(DEMO) --screenshots docs/dashboard
	@# The demo's faces have no faults: the page Audit is shown on the tests' own.
	$(BIN)/pytest tests/dashboard/test_the_dashboard_in_a_browser.py -k "opens_by_its_link and audit" --screenshots docs/dashboard

classifier: $(MADE)  ## The shipped classifier anew: UTKFACE=utkface.tar MOBILEFACENET=mobilefacenet.onnx
	@test -n "$(UTKFACE)" && test -n "$(MOBILEFACENET)" || { echo "error: say UTKFACE=... MOBILEFACENET=..." >&2; exit 1; }
	$(BIN)/ethnoshard classifier train $(UTKFACE) --init $(MOBILEFACENET) --out $(DEMO)/classifier
	cp $(DEMO)/classifier/card.json $(DEMO)/classifier/weights.safetensors ethnoshard/ethnicity/shipped/

bench: $(MADE) $(PEERS_MADE)  ## The measurements of benchmarks/README.md. With DATASET=folder: the loader beside its peers
	@test -e $(bench_dataset)/dataset.json || { echo "error: run make demo first, or say DATASET=folder" >&2; exit 1; }
	$(BIN)/python -m benchmarks.packing
	$(BIN)/python -m benchmarks.planning
	$(BIN)/python -m benchmarks.planning --people 32 --images 4
	$(BIN)/python -m benchmarks.planning --together 2 --hard .5
	$(BIN)/python -m benchmarks.planning --target base
	$(BIN)/python -m benchmarks.planning --target placebo
	$(BIN)/python -m benchmarks.meetings
	$(BIN)/python -m benchmarks.memory
	@test -z "$(SOURCE)" || $(BIN)/python -m benchmarks.alignment $(SOURCE)
	$(PEERS)/bin/python -m benchmarks.peers.convert $(bench_dataset) $(DEMO)/$(notdir $(bench_dataset)).peers
	$(PEERS)/bin/python -m benchmarks.loading $(bench_dataset) $(DEMO)/$(notdir $(bench_dataset)).peers

gpu-kit: $(MADE)  ## What a machine with a GPU and no network needs, into gpu-kit/, for its Python: GPU_VERSION=3.12
	$(BIN)/python -m benchmarks.gpu.kit --python $(GPU_VERSION) --out gpu-kit

gpu-check:  ## On that machine: ten minutes of measurements with its own Python, GPU_PYTHON=python3
	$(GPU_PYTHON) -m benchmarks.gpu --kit gpu-kit --out gpu-check.json $(GPU_OPTIONS)

format: $(MADE)  ## Lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove what was made, the environment too
	rm -rf $(VENV) $(PEERS) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
