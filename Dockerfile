# Two images: `--target bot` is small and has no torch, `--target worker` draws.
# What they install is locked, with hashes: `make locks`.  docs/operations.md pins the base, too.

ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
# By number: Kubernetes cannot see that a name is not root's.
RUN useradd --uid 1000 --user-group --create-home emojich

FROM base AS bot
COPY bot/requirements.lock bot/
RUN pip install --require-hashes --no-deps -r bot/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
# Only what the bot imports of the other rooms: no weights, no torch.
COPY worker/__init__.py worker/
COPY worker/queue worker/queue
COPY emojich_core/__init__.py emojich_core/errors.py emojich_core/request.py emojich_core/
COPY emojich_core/image_file.py emojich_core/
COPY emojich_core/reading emojich_core/reading
RUN pip install --no-index --no-deps --no-build-isolation -e .
USER 1000
CMD ["python", "-m", "bot"]

FROM base AS wheels
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY worker/requirements.lock worker/
# In the order of installation: what builds youtokentome, which does not declare it; PyTorch and its
# CUDA; the rest.
RUN awk '/^[^ #]/ {file = /^(setuptools|wheel|cython)==/ ? "build" : /^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)==/ ? "torch" : "rest"} \
    file {print > (file ".lock")}' worker/requirements.lock
RUN pip install --require-hashes --no-deps -r build.lock
# PyPI's build has CUDA; that of https://download.pytorch.org/whl/cpu is gigabytes smaller.  Another
# index has other files of the same versions, so their hashes are not checked.
ARG TORCH_INDEX=
RUN if [ -n "$TORCH_INDEX" ]; \
    then pip install --no-deps --index-url "$TORCH_INDEX" $(sed -nE 's/^(torch(vision)?==[^ ]+).*/\1/p' torch.lock); \
    else pip install --require-hashes --no-deps -r torch.lock; fi
RUN pip install --require-hashes --no-deps --no-build-isolation -r rest.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot/__init__.py bot/
COPY worker/__init__.py worker/
COPY emojich_core/__init__.py emojich_core/
RUN pip install --no-index --no-deps --no-build-isolation -e ".[model]"

FROM base AS worker
# An engine compiles when it starts: on a CPU the kernels of int8, on a GPU its decoding step, where
# Triton builds what launches its kernels with a C compiler.  (Python's own headers are in the image.)
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# The worker writes to these folders only: compiled code, Triton's too, and fetched models, complete
# or in part.  docker-compose.yml mounts volumes here, which begin with the owner of the folder.
ENV TORCHINDUCTOR_CACHE_DIR=/var/cache/emojich EMOJICH_MODELS=/var/lib/emojich/models
ENV XDG_CACHE_HOME=/var/cache HF_HOME=/var/lib/emojich/models/.downloads
RUN install -d -o emojich -g emojich "$TORCHINDUCTOR_CACHE_DIR" "$EMOJICH_MODELS"
COPY --from=wheels /venv /venv
ENV PATH=/venv/bin:$PATH
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY emojich_core emojich_core
USER 1000
CMD ["python", "-m", "worker"]
