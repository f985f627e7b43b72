"""ALBERT is that of `transformers`, and reads the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kokoro_wyoming.network.albert import AlbertConfig, AlbertModel

SIZES: dict[str, Any] = {
    "vocab_size": 30,
    "hidden_size": 24,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 16,
    "num_hidden_layers": 3,
    "dropout": 0.1,
}
"""The keys that Kokoro's config.json has, with small values."""


@pytest.mark.long
@pytest.mark.parametrize("padding", [0, 4])
def test_it_gives_what_transformers_gives(padding: int) -> None:
    torch.manual_seed(0)
    import transformers  # takes long, and no other test needs it

    theirs = transformers.AlbertModel(transformers.AlbertConfig(**SIZES)).eval()
    ours = AlbertModel(AlbertConfig(**SIZES)).eval()
    ours.load_state_dict(theirs.state_dict())
    ids = torch.randint(0, SIZES["vocab_size"], (2, 11))
    mask = torch.ones_like(ids)
    mask[1, 11 - padding :] = 0
    with torch.inference_mode():
        expected = theirs(ids, attention_mask=mask).last_hidden_state
        given = ours(ids, mask).last_hidden_state
    assert torch.allclose(given[0], expected[0], atol=1e-5)
    assert torch.allclose(given[1, : 11 - padding], expected[1, : 11 - padding], atol=1e-5)
