# Everything a newcomer needs; `make help` lists it.
PYTHON ?= python3
# Where PyTorch comes from; without a GPU, https://download.pytorch.org/whl/cpu saves gigabytes.
TORCH_INDEX ?=
# Anything: install the versions of requirements.lock, and check the hash of each file.
LOCKED ?=
VENV := .venv
BIN := $(VENV)/bin
PARITY := .venv-parity
# In these versions: what is held out was chosen among them, and `make mini` is to repeat itself.
ART := @iconify-json/noto@1.2.9 @iconify-json/twemoji@1.2.5 @iconify-json/fluent-emoji-flat@1.2.6 \
	@iconify-json/openmoji@1.2.29 emojibase-data@17.0.0

# One resolution for all Pythons and systems, of the versions that are installed and so tested; each
# file of a version has its hash in the lock.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make locks" --no-annotate --constraint $(VENV)/tested.txt pyproject.toml

.PHONY: help run test test-fast chaos parity parity-quick bench bench-quick bench-gpu load lint format locks mini data clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/installed ## start everything; prints the address of the chat page
	@exec $(BIN)/python run.py

# Two processes a core: many tests wait for other processes.  Python may write its bytecode, also where
# a container forbids it: else each of hundreds of processes compiles the same files.
test: $(VENV)/installed ## the whole test suite
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $$((3 * $$(getconf _NPROCESSORS_ONLN))) --dist loadfile

test-fast: $(VENV)/installed ## the tests that take no more than a few seconds each
	$(BIN)/python -m pytest -m "not slow"

chaos: $(VENV)/installed ## 500 requests while everything breaks; counts what was lost or doubled
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.chaos

parity-quick: $(PARITY)/installed ## compare with ru-dalle, at small sizes
	$(PARITY)/bin/python -m pytest -q --disable-warnings -m "not full" parity

parity: $(PARITY)/installed ## compare with ru-dalle, at the published size too (half an hour, 11 GiB)
	$(PARITY)/bin/python -m pytest -q --disable-warnings parity

bench-quick: $(PARITY)/installed ## how fast it is, beside ru-dalle at a small size: some minutes
	$(BIN)/python -m benchmarks.bench --quick

bench: $(PARITY)/installed ## the same at the published size too; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.bench

bench-gpu: $(VENV)/installed ## the engine on the GPU that is here, beside what its memory allows
	$(BIN)/python -m benchmarks.gpu

load: $(VENV)/installed ## how many users one bot and one Redis carry, with an engine that answers at once
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.load

lint: $(VENV)/installed ## what CI checks besides the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

locks: $(VENV)/installed ## lock what is installed, for both images and `make run LOCKED=1`
	$(BIN)/python -m pip freeze --exclude-editable \
		| sed -nE 's/^([A-Za-z0-9._-]+==[^+ ]+).*/\1/p' > $(VENV)/tested.txt
	$(BIN)/python -m pip install --quiet "uv>=0.9"
	printf '%s\n' "setuptools>=77" | $(LOCK) - -o bot/requirements.lock
	printf '%s\n' "setuptools>=77" wheel cython | $(LOCK) --extra model - -o worker/requirements.lock
	printf '%s\n' "setuptools>=77" wheel cython \
		| $(LOCK) --extra model --extra sandbox --extra train --extra dev - -o requirements.lock

format: $(VENV)/installed ## bring the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# An interpreter that was upgraded away leaves a link to nothing: then install anew.
ifeq ($(realpath $(BIN)/python),)
.PHONY: $(VENV)/installed
endif
$(VENV)/installed: pyproject.toml
	@command -v $(PYTHON) >/dev/null \
		|| { echo "emojich: there is no $(PYTHON): make run PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "emojich: $(PYTHON) is not Python 3.11 or newer: make run PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) install.py $(VENV) "$(TORCH_INDEX)" $(if $(LOCKED),requirements.lock)
	@touch $@

# ru-dalle as it was, with the libraries of its time, and Real-ESRGAN, on top of our torch: one line
# of a .pth file puts $(VENV)'s packages behind those installed here.  That comes last, so that pip
# sees only these.  Beside it lie its last release whose U-Net had one class, and the U-Nets of that
# time.  basicsr and realesrgan do not declare what their builds need; $(VENV) has it, but for
# Python 3.13.
$(PARITY)/installed: parity/requirements.txt $(VENV)/installed
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { echo "emojich:" \
		"basicsr needs Python 3.11 or 3.12: make parity-quick VENV=.venv-3.12 PYTHON=python3.12" >&2; exit 1; }
	$(BIN)/python -m venv --clear --without-pip $(PARITY)
	$(BIN)/pip wheel -q --no-deps --no-build-isolation -w $(PARITY)/wheels basicsr==1.4.2 realesrgan==0.3.0
	$(BIN)/pip --python $(PARITY)/bin/python install -q --no-deps -r parity/requirements.txt \
		$(PARITY)/wheels/*.whl
	$(BIN)/pip --python $(PARITY)/bin/python install -q --no-deps \
		--target $(PARITY)/rudalle-0.3.0 rudalle==0.3.0
	$(BIN)/pip --python $(PARITY)/bin/python install -q --no-deps \
		--target $(PARITY)/smp-0.1.3 segmentation-models-pytorch==0.1.3 efficientnet-pytorch==0.6.3 \
		pretrainedmodels==0.7.4 timm==0.4.12 munch==4.0.0 six==1.17.0
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(PARITY)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch.pth"
	@touch $@

data: ## fetch the emoji art and its Russian names (needs npm)
	mkdir -p .data
	npm install --prefix .data --no-save --no-audit --no-fund $(ART)

# Reckoned from the times of single stages; most of it is the 8,000 steps of the transformer: 1.6 s
# each on 2 cores with AMX, 2.8 s with bfloat16 in AVX-512, 4 s and more without.
# What is in .data/training goes on: remove it to begin from nothing.
mini: $(VENV)/installed data ## train a bundle anew: on 2 cores six hours with AMX, ten or more without
	$(BIN)/python -m emojich_core.training.data
	$(BIN)/python -m emojich_core.training.vqgan
	$(BIN)/python -m emojich_core.training.decoder
	$(BIN)/python -m emojich_core.training.upscale
	$(BIN)/python -m emojich_core.training.matting
	$(BIN)/python -m emojich_core.training.transformer
	$(BIN)/python -m emojich_core.training.export
	$(BIN)/python -m emojich_core.training.best_captions
	$(BIN)/python -m emojich_core.training.evaluation --model mini --card
	$(BIN)/python -c "from PIL import Image; [Image.open(f'out/evaluation/page-{name}.png').save(f'docs/mini-{name}.webp', quality=82) for name in ('prompts', 'compositions', 'comparison')]"

clean: ## remove what was installed; data and training stay
	rm -rf $(VENV) $(PARITY) *.egg-info
