"""ALBERT, the transformer that reads Kokoro's phonemes, as far as Kokoro uses it.

`kokoro` takes it from `transformers`, whose import for this one model costs 3 s of processor time and 110 MB of memory.
This one has the names of its weights, so it reads the same files, and its results are the same. Source: "ALBERT: A
Lite BERT for Self-supervised Learning of Language Representations", Lan et al., 2019. Its layers share their weights.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional


class AlbertConfig(SimpleNamespace):
    """Sizes of a network; what is not given is as published."""

    hidden_size: int
    intermediate_size: int
    max_position_embeddings: int
    num_attention_heads: int
    num_hidden_layers: int
    vocab_size: int
    embedding_size: int
    layer_norm_eps: float

    def __init__(self, **sizes: int | float) -> None:
        super().__init__(**{"embedding_size": 128, "layer_norm_eps": 1e-12, **sizes})


class AlbertModel(nn.Module):
    """The network, in evaluation mode only."""

    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = _Encoder(config)
        # Kokoro does not use it, but its files hold its weights.
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embeddings.word_embeddings.weight.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        """Read token ids of shape (batch, tokens); `last_hidden_state` has shape (batch, tokens, hidden_size).

        `attention_mask` has the shape of the ids, and is 0 for each token that none may look at.
        """
        mask = None if attention_mask.all() else attention_mask.bool()[:, None, None, :]
        return SimpleNamespace(last_hidden_state=self.encoder(self.embeddings(input_ids), mask))


class _Embeddings(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        size = config.embedding_size
        self.word_embeddings = nn.Embedding(config.vocab_size, size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, size)
        self.token_type_embeddings = nn.Embedding(2, size)
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def forward(self, input_ids: Tensor) -> Tensor:
        """(batch, tokens) to (batch, tokens, embedding_size)."""
        count = input_ids.shape[1]
        vectors = self.word_embeddings(input_ids) + self.token_type_embeddings.weight[0]
        normalised: Tensor = self.LayerNorm(vectors + self.position_embeddings.weight[:count])
        return normalised


class _Encoder(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self._layers = config.num_hidden_layers
        self.embedding_hidden_mapping_in = nn.Linear(config.embedding_size, config.hidden_size)
        group = nn.Module()
        group.albert_layers = nn.ModuleList([_Layer(config)])
        self.albert_layer_groups = nn.ModuleList([group])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, tokens, embedding_size) to (batch, tokens, hidden_size)."""
        x = self.embedding_hidden_mapping_in(x)
        layer = self.albert_layer_groups[0].get_submodule("albert_layers.0")
        for _ in range(self._layers):
            x = layer(x, mask)
        return x


class _Layer(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.full_layer_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.attention = _Attention(config)
        self.ffn = nn.Linear(config.hidden_size, config.intermediate_size)
        self.ffn_output = nn.Linear(config.intermediate_size, config.hidden_size)
        self.activation = nn.GELU(approximate="tanh")

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.attention(x, mask)
        out: Tensor = self.full_layer_layer_norm(self.ffn_output(self.activation(self.ffn(x))) + x)
        return out


class _Attention(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self._heads = config.num_attention_heads
        self.query, self.key, self.value, self.dense = (nn.Linear(size, size) for _ in range(4))
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        query, key, value = (self._by_head(part(x)) for part in (self.query, self.key, self.value))
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.LayerNorm(x + self.dense(attended.transpose(1, 2).flatten(2)))
        return out

    def _by_head(self, u: Tensor) -> Tensor:
        """(batch, tokens, hidden_size) to (batch, heads, tokens, hidden_size / heads)."""
        return u.view(*u.shape[:-1], self._heads, -1).transpose(1, 2)
