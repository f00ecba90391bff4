from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from emojich_core.finetuning import loop


class Killed(Exception):
    """Raised in the middle of a run."""


class Toy:
    """A network that learns from random numbers of every kind the loop promises to repeat."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.model = nn.Linear(4, 4)
        self.optimizer = torch.optim.AdamW(self.model.parameters())
        self.state = {"model": self.model, "optimizer": self.optimizer}
        self.killed_at = -1
        self.steps: list[int] = []

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        if number == self.killed_at:
            raise Killed
        self.steps.append(number)
        x = torch.randn(3, 4) + float(rng.random())
        loss = self.model(x).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss}


def test_a_killed_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    whole, first, second = Toy(), Toy(), Toy()
    loop.run("toy", tmp_path / "whole", 10, whole.state, whole.step, every=4, seed=3)

    first.killed_at = 6
    with pytest.raises(Killed):
        loop.run("toy", tmp_path / "killed", 10, first.state, first.step, every=4, seed=3)
    loop.run("toy", tmp_path / "killed", 10, second.state, second.step, every=4, seed=3)

    assert second.steps == [4, 5, 6, 7, 8, 9]
    assert torch.equal(second.model.weight, whole.model.weight)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    toys = [Toy(), Toy()]
    for seed, toy in enumerate(toys):
        loop.run("toy", tmp_path / str(seed), 3, toy.state, toy.step, seed=seed)
    assert not torch.equal(toys[0].model.weight, toys[1].model.weight)


def test_stopped_run_stays_ended(tmp_path: Path) -> None:
    def evaluate(number: int) -> None:
        if number == 4:
            raise loop.Stop

    first, again = Toy(), Toy()
    loop.run("toy", tmp_path, 10, first.state, first.step, evaluate, every=2)
    loop.run("toy", tmp_path, 10, again.state, again.step, evaluate, every=2)
    assert first.steps == [0, 1, 2, 3]
    assert again.steps == []
    assert torch.equal(again.model.weight, first.model.weight)


def test_state_changed_by_an_evaluation_is_saved(tmp_path: Path) -> None:
    toy, counted = Toy(), nn.Linear(1, 1)

    def evaluate(number: int) -> None:
        nn.init.constant_(counted.weight, number)

    loop.run("toy", tmp_path, 5, {"counted": counted}, toy.step, evaluate, every=2)
    fresh = nn.Linear(1, 1)
    assert loop.resume(tmp_path / "toy.pt", {"counted": fresh}) == 5
    assert fresh.weight.item() == 5


def test_evaluation_page_is_written(tmp_path: Path) -> None:
    toy, page = Toy(), torch.full((3, 2, 5), 2.0)  # more than white
    loop.run("toy", tmp_path, 2, toy.state, toy.step, lambda number: page)
    written = Image.open(tmp_path / "toy.png")
    assert written.size == (5, 2)
    assert written.getpixel((0, 0)) == (255, 255, 255)
    assert list((tmp_path / "tensorboard/toy").iterdir())


def test_full_disk_keeps_the_previous_checkpoint(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    toy = Toy()
    loop.save(tmp_path / "toy.pt", toy.state, 1)
    with full_disk(1000), pytest.raises(OSError, match=r"toy\.pt cannot be written"):
        loop.save(tmp_path / "toy.pt", toy.state, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["toy.pt"]
    assert loop.resume(tmp_path / "toy.pt", toy.state) == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_damaged_checkpoint_says_what_to_do(tmp_path: Path, share: float) -> None:
    toy, file = Toy(), tmp_path / "toy.pt"
    loop.save(file, toy.state, 1)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(OSError, match=r"toy\.pt is damaged: delete it, and this begins again\.$"):
        loop.run("toy", tmp_path, 2, toy.state, toy.step)
    file.unlink()
    loop.run("toy", tmp_path, 2, toy.state, toy.step)
    assert toy.steps == [0, 1]


def test_torch_file_of_another_program_is_no_checkpoint(tmp_path: Path) -> None:
    torch.save(Toy().model.state_dict(), tmp_path / "toy.pt")
    with pytest.raises(OSError, match=r"toy\.pt is damaged"):
        loop.read(tmp_path / "toy.pt")


def test_out_of_memory_does_not_advise_deleting_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*arguments: object, **options: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(torch, "load", greedy)
    with pytest.raises(RuntimeError, match="allocate memory"):
        loop.read(tmp_path / "toy.pt")
