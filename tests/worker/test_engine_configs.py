"""The bundles and devices of a worker's engines, from environment variables."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from emojich_core.errors import SetupError
from emojich_core.model_options import SHIPPED
from worker.config import EngineConfig, read_engine_configs


def described(folder: Path, **changes: Any) -> str:
    """A folder with the description of a bundle, which is all that the worker itself reads."""
    folder.mkdir()
    shutil.copy(SHIPPED / "mini" / "bundle.json", folder)
    description = json.loads((folder / "bundle.json").read_text()) | changes
    (folder / "bundle.json").write_text(json.dumps(description))
    return str(folder)


def configs(model: str = "", device: str = "", **more: str) -> list[EngineConfig]:
    found, errors = read_engine_configs(
        {"EMOJICH_MODEL": model, "EMOJICH_DEVICE": device, **more}, lambda: 2
    )
    assert errors == []
    return found


def places(found: list[EngineConfig]) -> list[tuple[str, str | None]]:
    return [(config.serves.name, config.settings.device) for config in found]


def test_default_is_one_engine_that_chooses_its_device() -> None:
    [config] = configs()
    assert (config.settings.model, config.settings.device, config.name) == ("mini", None, "mini")
    assert (config.serves.name, config.serves.rank, config.serves.title) == ("mini", 0, {})


def test_every_bundle_is_served_on_every_device(tmp_path: Path) -> None:
    title = {"ru": "Другой", "en": "Other"}
    other = described(tmp_path / "folder", name="other", title=title)
    found = configs(f" {other}, mini,", "cuda:1,cpu", EMOJICH_REQUESTS="2")
    assert places(found) == [
        ("other", "cuda:1"), ("other", "cpu"), ("mini", "cuda:1"), ("mini", "cpu"),
    ]  # fmt: skip
    assert [config.serves.rank for config in found] == [0, 0, 1, 1]
    assert found[0].serves.title == title
    assert found[0].name == "other on cuda:1"
    assert {config.settings.requests for config in found} == {2}


def test_all_is_every_gpu_or_the_cpu() -> None:
    assert places(configs(device="all")) == [("mini", "cuda:0"), ("mini", "cuda:1")]
    found, _ = read_engine_configs({"EMOJICH_DEVICE": "all"}, lambda: 0)
    assert places(found) == [("mini", None)]


def test_bundle_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    odd = described(tmp_path / "odd", title={"ru": 7})
    found, errors = read_engine_configs({"EMOJICH_MODEL": f"nowhere,{odd},mini"})
    assert places(found) == [("mini", None)]
    assert found[0].serves.rank == 2
    assert "There is no model bundle 'nowhere'" in errors[0]
    assert "odd/bundle.json is not as it was written (title in ru is 7)" in errors[1]
    with pytest.raises(SetupError, match="There is no model bundle 'nowhere'"):
        read_engine_configs({"EMOJICH_MODEL": "nowhere,nobody"})


@pytest.mark.parametrize(
    ("model", "device", "sentence"),
    [
        ("mini,mini", "", "EMOJICH_MODEL lists mini twice: leave one out."),
        ("mini", "cpu,cpu", "EMOJICH_DEVICE lists cpu twice: leave one out."),
        ("mini", "cuda,cuda:0", "as cuda and cuda:0: leave one out."),
        ("mini", "cpu,gpu", "'gpu' is no device"),
        ("mini", "all,cpu", "'all' is no device"),
        ("nowhere", "gpu", "'gpu' is no device"),
    ],
)
def test_invalid_list_is_one_sentence(model: str, device: str, sentence: str) -> None:
    with pytest.raises(SetupError) as error:
        configs(model, device)
    assert sentence in str(error.value)


def test_two_bundles_of_one_name_are_refused(tmp_path: Path) -> None:
    copy = described(tmp_path / "copy")
    with pytest.raises(SetupError, match="lists two bundles whose name is mini: change `name`"):
        configs(f"mini,{copy}")
