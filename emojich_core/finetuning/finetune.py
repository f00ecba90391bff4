"""Fine-tunes a bundle on pictures with captions, by the paper's recipe; see recipe.py.

A run stores its state in a folder beside the new bundle, `NAME.run`, so that it can continue:

    run.json             base, data and settings of the run
    codes-….safetensors  the pictures' codes
    finetune.pt          the checkpoint
    best.safetensors     the trained weights, where the held-out loss was lowest
    best.png             images that these weights draw for held-out captions
    finetune.png         images of the last evaluation, unless that ended the run
    tensorboard/         losses, and the samples of all evaluations
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from torchvision.transforms.functional import to_tensor
from tqdm import tqdm

from emojich_core.bundles.bundle import Bundle, derive_bundle, sha256
from emojich_core.finetuning import loop
from emojich_core.finetuning.lora import merged
from emojich_core.finetuning.pairs import Pair, picture, read_pairs, split
from emojich_core.finetuning.recipe import Train, prepare, weighted_loss
from emojich_core.inference.memory import memory_watched
from emojich_core.inference.precision import BIG, stages_dtype
from emojich_core.inference.slots import Slots, prefill
from emojich_core.networks.tokenizer import EOS_ID, Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.vqgan import VQGAN
from emojich_core.pipeline import load_network

EVALUATIONS = 10  # in a run
PATIENCE = 3  # evaluations in a row without a new best, after which a run ends
SAMPLES = 4
MAX_NORM = 1.0  # of all gradients together


class OtherRun(ValueError):
    """The run folder holds a run with other settings, data or base."""


class Diverged(ArithmeticError):
    """No evaluation of a run had a finite loss, so no weights are worth keeping."""


@dataclass(frozen=True)
class Settings:
    """The settings of a run."""

    train: Train
    steps: int
    batch_size: int
    lr: float  # the highest of the cycle
    seed: int


@dataclass
class Best:
    """The lowest held-out loss so far, and how many evaluations ago it was; kept in checkpoints."""

    loss: float = float("inf")
    waited: int = 0

    def state_dict(self) -> dict[str, Any]:
        """Both numbers, for a checkpoint."""
        return dataclasses.asdict(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore them."""
        self.loss, self.waited = state_dict["loss"], state_dict["waited"]


class Trained:
    """The trained parameters of a network, as the part of it that a checkpoint holds."""

    def __init__(self, model: nn.Module):
        self.parameters = {k: p for k, p in model.named_parameters() if p.requires_grad}

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters by name."""
        return {name: parameter.detach() for name, parameter in self.parameters.items()}

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """Restore them."""
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state_dict[name])


@dataclass(frozen=True)
class Tensors:
    """Pairs as the transformer reads them, on the CPU."""

    text: Tensor  # (N, text_seq_length) int64
    codes: Tensor  # (N, image_seq_length) int64

    def __len__(self) -> int:
        return len(self.text)


class FineTuning:
    """One run: its network, its data, its optimizer."""

    def __init__(
        self, base: Bundle, pairs: list[Pair], run: Path, settings: Settings, device: torch.device
    ):
        self.run, self.settings, self.device = run, settings, device
        self.tokenizer = Tokenizer(base.tokenizer)
        # The learned style has no style word, because the captions have none.
        self.sampling = replace(base.sampling, styles=())
        self.vqgan = load_network(base, "vqgan", VQGAN, device, stages_dtype(device))
        codes = _codes(run, base, pairs, self.vqgan, device)
        trained_on, held_out = split(pairs)
        self.prompts = list(dict.fromkeys(pair.text for pair in held_out))[:SAMPLES]
        length = base.transformer.text_seq_length
        self.training = _tensors(trained_on, self.tokenizer, length, codes)
        self.held_out = _tensors(held_out, self.tokenizer, length, codes)

        torch.manual_seed(settings.seed)
        self.model = load_network(base, "transformer", Transformer, device)
        prepare(self.model, settings.train)
        parameters = list(self.model.parameters())
        self.model.transformer.checkpointing = sum(p.numel() for p in parameters) >= BIG
        self.trained, self.best = Trained(self.model), Best()
        # Fused: the other implementations copy everything that they update.
        self.optimizer = torch.optim.AdamW(
            self.trained.parameters.values(), settings.lr, weight_decay=0.01, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.lr, settings.steps, cycle_momentum=False
        )
        self.writer = SummaryWriter(run / "tensorboard" / "held-out")

    def train(self) -> None:
        """Run all steps that are not done yet.

        Raises Diverged when no evaluation has a finite loss.
        """
        if not (self.run / "finetune.pt").exists():
            self.describe()
        state: dict[str, loop.Stateful] = {
            "trained": self.trained,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "best": self.best,
        }
        settings = self.settings
        every = -(-settings.steps // EVALUATIONS)
        with self.writer:
            loop.run(
                "finetune",
                self.run,
                settings.steps,
                state,
                self.step,
                self.evaluate,
                every=every,
                seed=settings.seed,
            )
        if math.isinf(self.best.loss):
            raise Diverged(f"The loss is not finite: remove {self.run}, and take a lower --lr.")

    def describe(self) -> None:
        """Print the sizes of the data, and the held-out loss before the first step."""
        tqdm.write(f"pairs: {len(self.training)} to train on, {len(self.held_out)} held out")
        texts = torch.cat((self.training.text, self.held_out.text))
        if cut := int(((texts[:, -1] != 0) & (texts[:, -1] != EOS_ID)).sum()):
            tqdm.write(f"texts of which only the first {texts.shape[1]} tokens are read: {cut}")
        tqdm.write(f"samples: {'; '.join(self.prompts)}")
        loss = self.held_out_loss()
        self.writer.add_scalar("loss", loss, 0)
        tqdm.write(f"step 0: held-out loss {loss:.4f}")

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update; see `loop.run`."""
        self.model.train()
        settings = self.settings
        picked = batch(number, len(self.training), settings.batch_size, settings.seed)
        text, image = self.losses(self.training, picked)
        self.optimizer.zero_grad()
        weighted_loss(text, image).backward()
        nn.utils.clip_grad_norm_(self.trained.parameters.values(), MAX_NORM)
        self.optimizer.step()
        self.schedule.step()
        return {"text": text, "image": image}

    def losses(self, data: Tensors, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The text's and the image's loss, each a mean (), of some rows (B,)."""
        with self.autocast():
            return self.model.losses(
                data.text[rows].to(self.device), data.codes[rows].to(self.device)
            )

    def evaluate(self, number: int) -> Tensor:
        """Draw samples, and save the weights if they are the best so far; see `loop.run`."""
        loss = self.held_out_loss()
        self.writer.add_scalar("loss", loss, number)
        better = loss < self.best.loss
        tqdm.write(f"step {number}: held-out loss {loss:.4f}{', the best so far' * better}")
        if not math.isfinite(loss) or (not better and self.best.waited + 1 >= PATIENCE):
            tqdm.write("The held-out loss no longer falls: the run ends.")
            raise loop.Stop
        page = self.samples()
        if better:
            _save(self.run / "best.safetensors", self.trained.state_dict())
            loop.save_page(self.run / "best.png", page)
            self.best.loss, self.best.waited = loss, 0
        else:
            self.best.waited += 1
        return page

    @torch.inference_mode()
    def held_out_loss(self) -> float:
        """The mean weighted loss of the pairs that are not trained on."""
        self.model.eval()
        total = 0.0
        for rows in torch.arange(len(self.held_out)).split(self.settings.batch_size):
            total += weighted_loss(*self.losses(self.held_out, rows)).item() * len(rows)
        return total / len(self.held_out)

    @torch.inference_mode()
    def samples(self) -> Tensor:
        """A picture (3, H, W): for each of the prompts the image of seed 0, side by side."""
        self.model.eval()
        config, slots = self.model.config, Slots(self.model, len(self.prompts))
        with self.autocast():
            for slot, prompt in enumerate(self.prompts):
                text = self.tokenizer.encode(prompt, config.text_seq_length).to(self.device)
                slots.enter(slot, prefill(self.model, text), 0, self.sampling)
            for _ in range(config.image_seq_length):
                slots.step()
        codes = torch.stack([slots.image(slot).codes for slot in range(slots.count)])
        decoded = self.vqgan.decode(codes.to(self.device)).float().cpu()
        return torch.cat(list(decoded), dim=2)

    def autocast(self) -> torch.autocast:
        """Multiply in bfloat16; a step uses each weight once, so no converted copies are cached."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, cache_enabled=False)


def finetune(
    base: Bundle, data: Path, out: Path, settings: Settings, device: torch.device
) -> float:
    """Train, and write the bundle `out`; a run that was killed continues.

    Returns the held-out loss of the weights that are in the bundle.
    Raises BadData, OtherRun, BundleError and OSError, before training starts where possible;
    Diverged and OutOfMemory during training.
    """
    if out.exists():
        raise OtherRun(f"{out} is there already: choose another --out, or remove it.")
    pairs = read_pairs(data)
    run = out.with_name(f"{out.name}.run")
    run.mkdir(parents=True, exist_ok=True)
    _claim(run, _description(base, pairs, settings))
    with memory_watched():
        tuning = FineTuning(base, pairs, run, settings, device)
        tuning.train()
    trained = _load(run / "best.safetensors", run)
    weights = merged(base.weights("transformer"), trained)
    source = f"{base.name}, fine-tuned ({settings.train})"
    derive_bundle(base, out, weights, source, {pair.text for pair in pairs})
    return tuning.best.loss


def batch(number: int, count: int, size: int, seed: int) -> Tensor:
    """The rows (size,) of a step: every row once, shuffled, before the next round begins."""
    places = range(number * size, (number + 1) * size)
    rounds = {
        place // count: np.random.default_rng((seed, place // count)).permutation(count)
        for place in places
    }
    return torch.tensor([rounds[place // count][place % count] for place in places])


def _tensors(
    pairs: list[Pair], tokenizer: Tokenizer, length: int, codes: dict[str, Tensor]
) -> Tensors:
    text = torch.stack([tokenizer.encode(pair.text, length) for pair in pairs])
    return Tensors(text, torch.stack([codes[pair.digest] for pair in pairs]))


def _codes(
    run: Path, base: Bundle, pairs: list[Pair], vqgan: VQGAN, device: torch.device
) -> dict[str, Tensor]:
    """The codes (image_seq_length,) of every image by its digest, from the run folder if there."""
    files = {pair.digest: pair.file for pair in pairs}
    digest = hashlib.sha256(sha256(base.path / "vqgan.safetensors").encode())
    digest.update("".join(sorted(files)).encode())
    cache = run / f"codes-{digest.hexdigest()[:12]}.safetensors"
    if not cache.exists():
        codes = encode(list(files.values()), vqgan, device)
        _save(cache, dict(zip(files, codes.unbind(), strict=True)))
    return _load(cache, cache)


@torch.inference_mode()
def encode(files: Sequence[Path], vqgan: VQGAN, device: torch.device) -> Tensor:
    """Image files → codes (N, image_seq_length), int64, on the CPU."""
    dtype, size = next(vqgan.parameters()).dtype, vqgan.config.resolution
    codes = []
    for first in tqdm(range(0, len(files), 16), desc="encoding"):
        images = [to_tensor(picture(file, size)) for file in files[first : first + 16]]
        codes.append(vqgan.encode(torch.stack(images).to(device, dtype)).cpu())
    return torch.cat(codes)


def _save(file: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors so that a killed run leaves the old file or the complete new one."""
    partial = file.with_suffix(".tmp")
    try:
        safetensors.torch.save_file({k: t.contiguous() for k, t in tensors.items()}, partial)
        partial.replace(file)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise OSError(f"{file} cannot be written: make room for it.") from error


def _load(file: Path, at_fault: Path) -> dict[str, Tensor]:
    """Load tensors that `_save` wrote; the error tells the user to delete `at_fault`."""
    try:
        return safetensors.torch.load_file(file)
    except (FileNotFoundError, SafetensorError) as error:
        message = f"{file} is damaged or gone: delete {at_fault}, and this begins again"
        raise OSError(f"{message}.") from error


def _description(base: Bundle, pairs: list[Pair], settings: Settings) -> dict[str, Any]:
    """Everything that determines the result of a run."""
    rows = json.dumps([(pair.digest, pair.text) for pair in pairs])
    return {
        "base": sha256(base.path / "bundle.json"),
        "data": hashlib.sha256(rows.encode()).hexdigest(),
        **dataclasses.asdict(settings),
    }


def _claim(run: Path, description: dict[str, Any]) -> None:
    """Write the description of a new run; raise OtherRun if the folder holds another run."""
    file = run / "run.json"
    if not file.exists():
        partial = file.with_suffix(".tmp")
        partial.write_text(json.dumps(description, indent=2) + "\n")
        partial.replace(file)
    try:
        known = json.loads(file.read_text())
    except ValueError as error:
        raise OtherRun(f"{file} is damaged: remove {run}.") from error
    if other := [key for key, value in description.items() if known.get(key) != value]:
        names = ", ".join(other)
        message = f"{run} holds a run with another {names}: give it the same"
        raise OtherRun(f"{message}, or remove the folder.")
