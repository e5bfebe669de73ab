import json
import logging
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from indexer import bundle, model2vec
from indexer.embedding import load

PIECES = ["[UNK]", "cat", "dog", "car"]
VECTORS = np.array([[9, 9, 9], [1, 0, 0], [1, 1, 0], [0, 0, 2]], np.float16)

TOKENIZER = '{"model": {"vocab": {"a": 0}}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    header = {"embeddings": {"dtype": "F16", "shape": list(VECTORS.shape), "data_offsets": [0, VECTORS.nbytes]}}
    text = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + VECTORS.tobytes())
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": vocabulary,
    }
    tokenizer = {"version": "1.0", "pre_tokenizer": {"type": "Whitespace"}, "model": model}
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    return tmp_path


def test_the_bundled_embeddings_place_like_beside_like() -> None:
    cat, kitten, market = load().embed(["a cat on the mat", "a kitten on a rug", "the stock market fell"])
    assert cat @ kitten > 0.4 > cat @ market


def test_vectors_have_length_one_and_a_text_without_a_known_word_gives_zeros() -> None:
    lengths = np.linalg.norm(load().embed(["a house", "", "\ud800"]), axis=1)
    assert lengths.tolist() == pytest.approx([1, 0, 0], abs=1e-5)


def test_nothing_asked_gives_an_empty_table() -> None:
    embedder = load()
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_text_has_the_same_vector_alone_and_among_many() -> None:
    embedder = load()
    texts = [f"sentence number {number} about rivers" for number in range(700)]
    np.testing.assert_allclose(embedder.embed(texts)[650], embedder.embed([texts[650]])[0], atol=1e-6)


def test_the_bundled_embeddings_fit_in_the_wheel_and_name_their_source() -> None:
    assert bundle.BUNDLED.stat().st_size <= 4_000_000
    assert bundle.load().source == "434a61ccd969968fc321ef07dc6507c920fc494c709af74dbaa675f75397be0c"
    assert "Apache License" in (bundle.BUNDLED.parent / "LICENSE.minilm").read_text()


def test_a_folder_takes_the_place_of_the_bundled_embeddings(folder: Path) -> None:
    embedder = load(str(folder))
    assert embedder.dimensions == 3
    assert sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:12] in embedder.name
    np.testing.assert_allclose(embedder.embed(["dog"])[0], [0.5**0.5, 0.5**0.5, 0], atol=1e-3)
    np.testing.assert_allclose(embedder.embed(["car bird"])[0], [0, 0, 1], atol=1e-3)


@pytest.mark.parametrize("damage", ["missing", "cut short", "no table"])
def test_a_model_that_cannot_be_had_is_warned_of_and_the_bundled_one_used(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = folder / "model.safetensors"
    if damage == "missing":
        table.unlink()
    else:
        table.write_bytes(table.read_bytes()[:-4] if damage == "cut short" else b"\x02" + b"\x00" * 7 + b"{}")
    with caplog.at_level(logging.WARNING):
        embedder = load(str(folder))
    assert embedder.name == load().name
    assert str(folder) in caplog.text


def test_the_bundled_embeddings_claim_no_likeness_of_words_they_never_learned() -> None:
    assert not load().embed(["컴퓨터비전의 역사", "梯度下降", "как дела"]).any()


def test_four_bits_keep_the_direction_of_a_vector(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 256)).astype(np.float32)
    made = bundle.make(model2vec.StaticModel(vectors, TOKENIZER, "digest"))
    bundle.save(made, tmp_path / "made.npz")
    kept = bundle.load(tmp_path / "made.npz")
    restored = kept.codes * kept.scales
    likeness = (restored * vectors).sum(1) / np.linalg.norm(restored, axis=1) / np.linalg.norm(vectors, axis=1)
    assert likeness.min() > 0.98
    assert (kept.tokenizer, kept.source) == (TOKENIZER, "digest")
