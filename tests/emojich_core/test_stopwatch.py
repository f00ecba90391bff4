"""The times of the stages that a pipeline reports."""

import time
from pathlib import Path

import pytest

from emojich_core.pipeline import Pipeline


def test_pipeline_reports_its_stages(judged_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.load(str(judged_bundle), "cpu")
    reported: list[tuple[str, float]] = []
    pipeline.on_stage = lambda stage, seconds: reported.append((stage, seconds))
    decode = pipeline.vqgan.decode

    def slowly(*arguments: object) -> object:
        time.sleep(0.2)
        return decode(*arguments)

    monkeypatch.setattr(pipeline.vqgan, "decode", slowly)
    pipeline.generate("кот", count=1, best_of=2, seed=5)
    times = dict(reported)
    assert [stage for stage, _ in reported].count("vqgan") == 1
    assert times.keys() == {"judge", "vqgan", "upscale", "matting", "webp"}
    assert 0.2 < times["vqgan"] < sum(times.values())
    assert all(seconds > 0 for seconds in times.values())
