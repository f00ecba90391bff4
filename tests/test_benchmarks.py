"""What `python -m benchmarks.gpu` prints, from the same code on a CPU."""

import pytest
import torch

from benchmarks import gpu
from benchmarks.steps import cache_bytes
from emojich_core.cache import KVCache
from emojich_core.transformer import TransformerConfig


def test_the_table_of_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    enabled = torch.is_grad_enabled()
    try:
        gpu.main(["--device", "cpu", "--small"])
    finally:
        torch.set_grad_enabled(enabled)
    table = capsys.readouterr().out.partition("| what |")[2].splitlines()
    rows = dict(line.strip("| ").split(" | ", 1) for line in table[2:] if line)
    assert "GB/s" in rows["reading memory"]
    for precision in ("float32", "bfloat16", "int8"):
        for slots in (1, 2):
            row = rows[f"small: a step of {slots} slots, {precision}"]
            assert "the memory's bound" in row
            assert "images an hour" in row
        assert "ms" in rows[f"small: from a request to its first code, {precision}"]
    for stage in ("VQGAN", "Real-ESRGAN", "U-Net and cutting", "WebP, on the CPU"):
        assert "ms" in rows[f"small: {stage}, an image, 1 at once"]


def test_a_step_reads_what_the_masks_let_it_see() -> None:
    config = TransformerConfig(
        num_layers=2, hidden_size=32, num_attention_heads=2, vocab_size=60 + 8, text_seq_length=8
    )
    cache = KVCache(config, 3, torch.empty(0))
    row, column = 8 + 33, 8 + 32  # the text, and what a row or a column layer sees at most
    assert cache_bytes(cache) == 3 * 2 * 32 * 4 * (row + column)
