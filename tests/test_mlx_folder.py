"""Reading MLX model folders: what they hold is listed, nothing is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routing.errors import BadReply, ModelMissing
from routing.model_backends.mlx_folder import read_model_folder
from routing.types import ModelCapability, ModelOffer

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("tests.engines",)


def a_folder(folder: Path, config: Any, *, weights_bytes: int = 0, template: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    for number in (1, 2):
        with (folder / f"model-0000{number}-of-00002.safetensors").open("wb") as file:
            file.truncate(weights_bytes // 2)  # sparse: no byte is written
    if template:
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    return folder


def a_download(hub: Path, name: str, config: Any) -> Path:
    """A model in the hub's cache as its own client leaves it there, all of it."""
    model = hub / f"models--{name.replace('/', '--')}"
    snapshot = a_folder(model / "snapshots" / "0a1b2c", config, weights_bytes=2_000)
    (snapshot / "tokenizer.json").write_text("{}")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("0a1b2c\n")
    return snapshot


def test_a_quantized_model_tells_what_it_is(tmp_path: Path) -> None:
    """4 bits and their scales are 4.5 bits a parameter: 4.28 GB are 7.6 billion."""
    config = {
        "model_type": "qwen2",
        "max_position_embeddings": 32768,
        "quantization": {"group_size": 64, "bits": 4},
        "torch_dtype": "bfloat16",
    }
    template = "{% if tools %}…{% endif %}"
    folder = a_folder(tmp_path / "Qwen2.5-7B-Instruct-4bit", config, weights_bytes=4_280_000_000, template=template)
    offer = read_model_folder(folder)
    assert offer == ModelOffer(
        endpoint=offer.endpoint,
        backend_name=str(folder),
        display_name="Qwen2.5 7B Instruct 4bit",
        capabilities=frozenset({ModelCapability.GENERAL, ModelCapability.FUNCTION_CALLING}),
        context_tokens=32768,
        size_bytes=4_280_000_000,
        parameters="7.6B",
        family="qwen2",
        quantization="4bit",
    )
    assert (offer.endpoint.backend, offer.endpoint.url) == ("mlx", "")


def test_a_model_that_sees_and_thinks_tells_so(tmp_path: Path) -> None:
    """The length of a model with several parts stands with its text part, the template in a file of its own."""
    config = {"text_config": {"max_position_embeddings": 4096}, "vision_config": {}, "dtype": "float16"}
    folder = a_folder(tmp_path / "Seer", config)
    (folder / "chat_template.jinja").write_text("{% if enable_thinking %}<think>{% endif %}")
    offer = read_model_folder(str(folder))
    assert offer.thinking
    assert offer.capabilities == {ModelCapability.GENERAL, ModelCapability.VISION}
    assert (offer.context_tokens, offer.quantization, offer.size_bytes) == (4096, "float16", None)


def test_the_hubs_cache_gives_the_name(tmp_path: Path) -> None:
    """There the folder is called after a revision."""
    folder = a_folder(tmp_path / "models--mlx-community--Qwen2.5-7B-Instruct-4bit" / "snapshots" / "0a1b2c", {})
    assert read_model_folder(folder).display_name == "Qwen2.5 7B Instruct 4bit"


def test_a_name_is_one_line(tmp_path: Path) -> None:
    """Folders may be called anything, and lists have a line for each model."""
    assert read_model_folder(a_folder(tmp_path / "My\nown--model", {})).display_name == "My own model"


def test_a_hub_name_is_found_in_the_hubs_cache(tmp_path: Path) -> None:
    """What was downloaded is read under its name; the revision is that of the main branch."""
    hub = tmp_path / "hub"
    snapshot = a_download(hub, "mlx-community/Qwen2.5-7B-Instruct-4bit", {"max_position_embeddings": 32768})
    a_folder(snapshot.with_name("ffffff"), {"max_position_embeddings": 1})
    offer = read_model_folder("mlx-community/Qwen2.5-7B-Instruct-4bit", hub)
    assert (offer.backend_name, offer.display_name, offer.context_tokens) == (
        "mlx-community/Qwen2.5-7B-Instruct-4bit",
        "Qwen2.5 7B Instruct 4bit",
        32768,
    )


def test_a_hub_name_that_was_not_downloaded_is_offered_as_such(tmp_path: Path) -> None:
    """Nothing is fetched for a list."""
    offer = read_model_folder("somebody/gemma-2-2b", tmp_path)
    assert (offer.backend_name, offer.display_name, offer.downloaded) == ("somebody/gemma-2-2b", "gemma 2 2b", False)
    assert (offer.size_bytes, offer.context_tokens) == (None, None)


@pytest.mark.parametrize(
    "name", ["../gemma", "somebody/..", "somebody/../gemma", "/somebody/gemma", "somebody/gemma/", "a/" + "b" * 500]
)
def test_a_name_that_could_lead_out_of_the_cache_is_no_hub_name(tmp_path: Path, name: str) -> None:
    """It is a folder that is not there."""
    a_download(tmp_path, "somebody/gemma", {})
    with pytest.raises(ModelMissing):
        read_model_folder(name, tmp_path)


def test_a_revision_that_leads_out_of_the_cache_is_not_followed(tmp_path: Path) -> None:
    """What a file in the cache says is not trusted with a path."""
    snapshot = a_download(tmp_path, "somebody/gemma", {})
    (snapshot.parent.parent / "refs" / "main").write_text(f"../snapshots/{snapshot.name}")
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded


def test_a_download_is_offered_once_every_file_of_the_list_is_there(tmp_path: Path) -> None:
    """The model's own list of its weights says how many there are."""
    snapshot = a_download(tmp_path, "somebody/gemma", {})
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": names[0], "b": names[1]}}))
    assert read_model_folder("somebody/gemma", tmp_path).downloaded
    (snapshot / names[1]).unlink()
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded


@pytest.mark.parametrize("index", ["{", "[]", '{"weight_map": 7}'])
def test_a_list_of_weights_that_is_none_makes_no_whole_download(tmp_path: Path, index: str) -> None:
    snapshot = a_download(tmp_path, "somebody/gemma", {})
    (snapshot / "model.safetensors.index.json").write_text(index)
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded


def test_a_download_under_way_is_no_model_yet(tmp_path: Path) -> None:
    """Without a list, the numbers in the names tell how many weight files there are; then an unfinished file counts."""
    snapshot = a_download(tmp_path, "somebody/gemma", {})
    blobs = snapshot.parent.parent / "blobs"
    blobs.mkdir()
    (blobs / "0f0f.incomplete").touch()
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded
    (blobs / "0f0f.incomplete").unlink()
    assert read_model_folder("somebody/gemma", tmp_path).downloaded
    (snapshot / "model-00001-of-00002.safetensors").unlink()
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_a_download_without_a_part_of_the_model_is_not_whole(tmp_path: Path, missing: str) -> None:
    snapshot = a_download(tmp_path, "somebody/gemma", {})
    (snapshot / missing).unlink()
    assert not read_model_folder("somebody/gemma", tmp_path).downloaded


def test_a_second_copy_of_the_weights_in_another_layout_does_not_count(tmp_path: Path) -> None:
    """Some models bring both; one is read."""
    folder = a_folder(tmp_path / "Mistral", {}, weights_bytes=2_000_000)
    with (folder / "consolidated.safetensors").open("wb") as file:
        file.truncate(2_000_000)
    assert read_model_folder(folder).size_bytes == 2_000_000


@pytest.mark.parametrize("tokens", [10**12, -1, 0, True, 1e400, "4096"])
def test_a_context_that_no_model_has_is_none(tmp_path: Path, tokens: object) -> None:
    assert read_model_folder(a_folder(tmp_path / "Boaster", {"max_position_embeddings": tokens})).context_tokens is None


def test_a_real_model_is_read(mlx_model: Path) -> None:
    """The one that mlx_lm's server loads: 0.55 million numbers of 32 bits."""
    offer = read_model_folder(mlx_model)
    assert (offer.context_tokens, offer.family, offer.quantization) == (2048, "llama", "float32")
    assert offer.parameters == "0.5M"
    assert not offer.thinking


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"^There is no MLX model in the folder nothing\.$"):
        read_model_folder(tmp_path / "nothing")


def test_weights_that_are_not_there_yet_do_not_count(tmp_path: Path) -> None:
    """In the hub's cache they are links, which lead nowhere while a download is under way."""
    folder = a_folder(tmp_path / "Half", {}, weights_bytes=2_000_000)
    (folder / "model-00003-of-00003.safetensors").symlink_to(tmp_path / "nowhere")
    assert read_model_folder(folder).size_bytes == 2_000_000


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_config_that_is_none_is_told(tmp_path: Path, text: bytes) -> None:
    folder = a_folder(tmp_path / "Broken", {})
    (folder / "config.json").write_bytes(text)
    with pytest.raises(BadReply, match=r"^The config\.json of Broken cannot be understood\.$"):
        read_model_folder(folder)


def test_values_of_the_wrong_type_count_as_absent(tmp_path: Path) -> None:
    config = {"model_type": 7, "max_position_embeddings": "long", "quantization": [4], "torch_dtype": {}}
    folder = a_folder(tmp_path / "Odd", config, weights_bytes=2_000_000, template="x")
    (folder / "tokenizer_config.json").write_text("[]")
    offer = read_model_folder(folder)
    assert (offer.context_tokens, offer.family, offer.quantization, offer.parameters) == (None, None, None, "1.0M")
