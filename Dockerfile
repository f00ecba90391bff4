# Two images: `--target bot` is small and has no torch, `--target worker` draws.

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
# By number: Kubernetes cannot see that a name is not root's.
RUN useradd --uid 1000 --user-group --create-home emojich

FROM base AS bot
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
# Only what the bot imports of the other rooms: no weights, no torch.
COPY worker/__init__.py worker/
COPY worker/queue worker/queue
COPY emojich_core/__init__.py emojich_core/errors.py emojich_core/request.py emojich_core/
COPY emojich_core/image_file.py emojich_core/
RUN pip install -e .
USER 1000
CMD ["python", "-m", "bot"]

FROM base AS wheels
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
# youtokentome is built from source and does not declare what its build needs.
RUN pip install setuptools wheel cython
RUN pip install --no-build-isolation youtokentome
# PyPI's build has CUDA; that of https://download.pytorch.org/whl/cpu is gigabytes smaller.
ARG TORCH_INDEX=
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch>=2.6,<3" "torchvision>=0.21,<1"
COPY pyproject.toml README.md LICENSE ./
COPY bot/__init__.py bot/
COPY worker/__init__.py worker/
COPY emojich_core/__init__.py emojich_core/
RUN pip install --no-build-isolation -e ".[model]"

FROM base AS worker
# An engine with a GPU compiles its decoding step when it starts: Triton builds what launches its
# kernels with a C compiler.  (Python's own headers are in the image.)
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# What was compiled, Triton's part of it too, and the models that were fetched.  Volumes of
# docker-compose.yml lie here, which begin with the owner that they find.
ENV TORCHINDUCTOR_CACHE_DIR=/var/cache/emojich EMOJICH_MODELS=/var/lib/emojich/models
RUN install -d -o emojich -g emojich "$TORCHINDUCTOR_CACHE_DIR" "$EMOJICH_MODELS"
COPY --from=wheels /venv /venv
ENV PATH=/venv/bin:$PATH
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY emojich_core emojich_core
USER 1000
CMD ["python", "-m", "worker"]
