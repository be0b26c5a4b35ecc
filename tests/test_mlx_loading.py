"""Loading real models into memory, and refusing each kind that cannot be: in one sentence, with nothing left behind."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from mlx.utils import tree_flatten
from mlx_lm.generate import generate

from routing.model_backends.mlx_engine import memory
from routing.model_backends.mlx_engine.loading import identity_of, load_model, load_steps
from routing.model_backends.mlx_protocol import WorkerFailure
from routing.model_backends.mlx_sizes import KVSize, read_model_needs
from routing.model_backends.mlx_weights import DamagedFile, read_header
from routing.types import LoadStage
from tests.mlx_models import SHAPES, SLIDING_WINDOW, Shape, make_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routing.model_backends.mlx_engine.loading import LoadedModel


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "Tiny-1B", layers=1)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A model whose files may be spoilt."""
    shutil.copytree(original, tmp_path / "Tiny-1B")
    return tmp_path / "Tiny-1B"


def load(folder: Path, room_bytes: int | None = None) -> LoadedModel:
    return load_model(str(folder), room_bytes=room_bytes, on_progress=lambda *_: None)


def configure(folder: Path, file: str = "config.json", **changes: Any) -> None:
    config = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
    (folder / file).write_text(json.dumps(config | changes))


def refusal(folder: Path, room_bytes: int | None = None) -> WorkerFailure:
    """Load a model and get no further than to be told why not; nothing of it stays in memory, though the error does."""
    memory.give_back()
    before = memory.figures().active_bytes
    with pytest.raises(WorkerFailure) as caught:
        load(folder, room_bytes)
    assert memory.figures().active_bytes < before + 1000
    assert memory.figures().cached_bytes == 0
    assert str(caught.value).endswith(".")
    assert str(folder) not in str(caught.value)
    return caught.value


def bytes_of(loaded: LoadedModel) -> int:
    leaves: Any = tree_flatten(loaded.model.parameters())
    return sum(array.nbytes for _, array in leaves)


# --- models that load -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_model_is_loaded_and_measured(tmp_path: Path, shape: Shape) -> None:
    """What it takes for each token is as config.json lets one work out."""
    folder = make_model(tmp_path / "Tiny-1B", shape, layers=2, context_tokens=512)
    loaded = load(folder)
    assert (loaded.name, loaded.context_tokens) == (str(folder), 512)
    assert loaded.weight_bytes == bytes_of(loaded)
    assert loaded.kv == read_model_needs(folder).kv
    layer = 2 * 32 * 4  # keys and values, 32 numbers of 4 bytes each
    expected = KVSize(layer, ((layer, SLIDING_WINDOW),)) if shape == "sliding" else KVSize(2 * layer)
    assert (loaded.kv, loaded.kv_bytes_per_token) == (expected, expected.bytes_per_token)
    assert loaded.kv_bytes(1000) == expected.bytes_for(1000)
    assert loaded.load_seconds > 0
    assert generate(loaded.model, loaded.tokenizer, prompt="the tree", max_tokens=3)


def test_progress_is_told_in_bytes(folder: Path) -> None:
    seen: list[tuple[LoadStage, int | None, int | None]] = []
    loaded = load_model(str(folder), room_bytes=None, on_progress=lambda *step: seen.append(step))
    size = loaded.weight_bytes
    assert seen == [(LoadStage.LOADING, 0, size), (LoadStage.LOADING, size, size)]


def test_a_load_can_be_given_up(folder: Path) -> None:
    """By closing its steps, or by what is raised when its progress is told; either way nothing is left behind."""

    class Enough(Exception):
        pass

    def enough(*_: object) -> None:
        raise Enough

    memory.give_back()
    before = memory.figures().active_bytes
    steps = load_steps("Tiny", folder, room_bytes=None, on_progress=lambda *_: None)
    next(steps)
    next(steps)
    assert memory.figures().active_bytes > before
    steps.close()
    assert memory.figures().active_bytes == before
    with pytest.raises(Enough) as caught:
        load_model(str(folder), room_bytes=None, on_progress=enough)
    assert memory.figures().active_bytes == before
    assert caught.value


def test_every_token_that_ends_an_answer_is_known(folder: Path) -> None:
    """Those of both files and the tokenizer's own; what is no token is none."""
    configure(folder, eos_token_id=[7, 9, -1])
    configure(folder, "generation_config.json", eos_token_id=[8, "x", None, 2.5e400])
    tokenizer = load(folder).tokenizer
    assert tokenizer.eos_token_ids == {7, 8, 9, tokenizer.convert_tokens_to_ids("<|end|>")}


@pytest.mark.parametrize("text", ["{", "[]", '{"eos_token_id": {}}', "[" * 100_000])
def test_a_broken_generation_config_is_no_obstacle(folder: Path, text: str) -> None:
    (folder / "generation_config.json").write_text("{}" if text.startswith("[") else text)
    assert load(folder).tokenizer.eos_token_ids


def test_a_claim_of_an_endless_context_is_not_taken_on(folder: Path) -> None:
    configure(folder, max_position_embeddings=10**12)
    assert load(folder).context_tokens is None


def test_code_that_comes_with_a_model_that_mlx_knows_is_not_looked_at(folder: Path, tmp_path: Path) -> None:
    """Many models bring code for other engines; MLX has its own."""
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')"
    for name in ("configuration_tiny.py", "modeling_tiny.py", "tokenization_tiny.py"):
        (folder / name).write_text(trap)
    configure(folder, auto_map={"AutoConfig": "configuration_tiny.C", "AutoModelForCausalLM": "modeling_tiny.M"})
    assert load(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "changes", [{"quantization": {"bits": 3, "group_size": 7}}, {"text_config": []}, {"num_parameters": "many"}]
)
def test_a_claim_that_concerns_no_weight_is_harmless(folder: Path, changes: dict[str, Any]) -> None:
    configure(folder, **changes)
    loaded = load(folder)
    assert generate(loaded.model, loaded.tokenizer, prompt="the tree", max_tokens=2)


def test_the_identity_changes_with_the_files(folder: Path) -> None:
    before = identity_of("Tiny", folder)
    assert load(folder).identity == identity_of(str(folder), folder) != before
    assert identity_of("Tiny", folder) == before
    configure(folder, rope_theta=5000.0)
    assert identity_of("Tiny", folder) != before


# --- models that do not -----------------------------------------------------------------------------------------------


def test_a_model_that_does_not_fit_is_refused_with_the_arithmetic(folder: Path) -> None:
    """One byte more, and it is loaded."""
    needs = read_model_needs(folder)
    failure = refusal(folder, room_bytes=needs.bytes - 1)
    assert failure.kind == "OutOfMemory"
    assert str(failure) == needs.refusal("Tiny 1B", needs.bytes - 1)
    assert load(folder, room_bytes=needs.bytes)


def cut_in_half(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def cut_by_a_byte(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def spoil_header(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(b"\xff" * 100 + file.read_bytes()[100:])


def claim_a_larger_shape(folder: Path) -> None:
    file = folder / "model.safetensors"
    data = file.read_bytes()
    assert data.count(b'"shape":[64,64]') > 0
    file.write_bytes(data.replace(b'"shape":[64,64]', b'"shape":[64,99]'))


def empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut_in_half, cut_by_a_byte, spoil_header, claim_a_larger_shape, empty_weights])
def test_damaged_weights_are_told(folder: Path, spoil: Callable[[Path], None]) -> None:
    """MLX itself would end the process, or read what is not there."""
    spoil(folder)
    failure = refusal(folder)
    assert (failure.kind, str(failure)) == (
        "BadReply",
        "The weights of Tiny 1B are damaged: delete its folder and download it again.",
    )


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a": 7}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}',
    ],
)
def test_a_header_that_makes_no_sense_is_damage(tmp_path: Path, header: bytes) -> None:
    """Four bytes follow it."""
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    with pytest.raises(DamagedFile):
        read_header(file)


def test_a_header_says_what_a_file_holds(original: Path) -> None:
    header = read_header(original / "model.safetensors")
    assert header["model.norm.weight"]["shape"] == [64]
    assert header["__metadata__"] == {"format": "mlx"}


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{" * 100_000)


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def odd_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": {"type": "Surprise"}, "decoder": null, "added_tokens": []}')


def deep_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("[" * 100_000)


def cut_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text()[:500])


def odd_ends(folder: Path) -> None:
    configure(folder, eos_token_id=[7, "x"])


def no_template(folder: Path) -> None:
    configure(folder, "tokenizer_config.json", chat_template=None)


def unknown_type(folder: Path) -> None:
    configure(folder, model_type="perceptron_1958")


def type_that_leads_elsewhere(folder: Path) -> None:
    configure(folder, model_type="../utils")


def type_that_is_no_model(folder: Path) -> None:
    configure(folder, model_type="cache")


def type_that_is_no_text(folder: Path) -> None:
    configure(folder, model_type=["llama"])


def own_code(folder: Path) -> None:
    configure(folder, model_file="model.py")
    (folder / "model.py").write_text("raise SystemExit('it ran')")


def own_code_of_unknown_type(folder: Path) -> None:
    configure(folder, model_type="mine", auto_map={"AutoModelForCausalLM": "modeling_mine.Mine"})


def own_tokenizer_code(folder: Path) -> None:
    configure(folder, "tokenizer_config.json", tokenizer_class="Mine", auto_map={"AutoTokenizer": ["mine.Mine", None]})
    (folder / "mine.py").write_text("raise SystemExit('it ran')")
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "kind", "sentence"),
    [
        (no_weights, "ModelMissing", "There are no weights in the folder of Tiny 1B: download it again."),
        (no_config, "ModelMissing", "There is no MLX model in the folder Tiny-1B."),
        (no_json, "BadReply", "The config.json of Tiny-1B cannot be understood."),
        (no_tokenizer, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
        (odd_tokenizer, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
        (deep_tokenizer, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
        (cut_tokenizer, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
        (odd_ends, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
        (no_template, "BadReply", "Tiny 1B has no chat template"),
        (unknown_type, "BadReply", "MLX does not know models of Tiny 1B's type (perceptron_1958)"),
        (type_that_leads_elsewhere, "BadReply", "MLX does not know models of Tiny 1B's type (../utils)"),
        (type_that_is_no_model, "BadReply", "The weights of Tiny 1B do not fit its config.json"),
        (type_that_is_no_text, "BadReply", "MLX does not know models of Tiny 1B's type (none named)"),
        (own_code, "BadReply", "Tiny 1B needs code that comes with it, and such code is never run"),
        (own_code_of_unknown_type, "BadReply", "Tiny 1B needs code that comes with it, and such code is never run"),
        (own_tokenizer_code, "BadReply", "The tokenizer of Tiny 1B is missing or cannot be read"),
    ],
)
def test_each_model_that_cannot_be_loaded_is_told(
    folder: Path, spoil: Callable[[Path], None], kind: str, sentence: str
) -> None:
    spoil(folder)
    failure = refusal(folder)
    assert failure.kind == kind
    assert str(failure).startswith(sentence)


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_size": 128},
        {"hidden_size": 10**12},
        {"num_hidden_layers": 2},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": "one"},
        {"num_attention_heads": 0},
        {"num_attention_heads": 3},
        {"num_key_value_heads": 10**12},
        {"vocab_size": 10**12},
        {"vocab_size": -5},
        {"intermediate_size": None},
        {"rms_norm_eps": "small"},
        {"rope_scaling": {"type": "yarn"}},
        {"quantization": "much"},
        {"quantization_config": {"quant_method": "gptq", "bits": 99}},
    ],
)
def test_a_config_that_its_weights_do_not_bear_out_is_told(folder: Path, changes: dict[str, Any]) -> None:
    """Whatever it claims, the answer is a sentence and not an endless loop, and nothing stays in memory."""
    configure(folder, **changes)
    failure = refusal(folder)
    assert failure.kind == "BadReply"
    assert str(failure).startswith(("The weights of Tiny 1B do not fit", "The config.json of Tiny 1B claims"))


def test_a_failed_load_says_what_happened_to_the_log(folder: Path) -> None:
    """The cause keeps its traceback, though not what it was about."""
    configure(folder, hidden_size=128)
    failure = refusal(folder)
    assert isinstance(failure.__cause__, ValueError)
    assert failure.__cause__.__traceback__
