"""EngineConfig: addresses, servers of models.toml, and what no server can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.catalog import Server
from routing.engine_config import EngineConfig
from routing.errors import InvalidConfiguration
from routing.model_backends import LMStudioBackend, MLXBackend, OllamaBackend, OpenAICompatibleBackend
from routing.model_backends.mlx_protocol import Configure
from routing.model_registry import ModelRegistry
from routing.types import Endpoint


def test_without_settings_both_servers_are_where_they_usually_are() -> None:
    """The specification's addresses."""
    assert EngineConfig().endpoints() == (
        Endpoint("ollama", "http://localhost:11434"),
        Endpoint("lmstudio", "http://localhost:1234/v1"),
    )


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ("http://a", ["http://a"]),
        (" http://a/ , http://b,", ["http://a", "http://b"]),
        (["http://a/", "http://b"], ["http://a", "http://b"]),
        ("http://a,http://a/", ["http://a"]),
        ("", []),
        (" , ", []),
        ([], []),
    ],
)
def test_addresses_may_be_several(given: str | list[str], urls: list[str]) -> None:
    """In one text or a list; twice the same is one."""
    config = EngineConfig(ollama_base_url=given, lmstudio_base_url="")
    assert [endpoint.url for endpoint in config.endpoints()] == urls


def test_figures_that_would_have_everybody_wait_for_ever_are_refused() -> None:
    """All of them at once."""
    with pytest.raises(InvalidConfiguration) as caught:
        EngineConfig(generations_per_endpoint=0, stall_timeout_seconds=-1.0, refresh_seconds=float("nan"))
    assert caught.value.problems == (
        "stall_timeout_seconds must be above 0, not -1.0.",
        "generations_per_endpoint must be above 0, not 0.",
        "refresh_seconds must be above 0, not nan.",
    )


def test_each_server_gets_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its kind, with its key from the environment, and its own limit."""
    monkeypatch.setenv("GPU_KEY", "secret")
    servers = [
        Server("gpu", "http://gpu/v1", api_key_env="GPU_KEY", generations=4),
        Server("far", "http://f"),
    ]
    config = EngineConfig(servers=servers, generations_per_endpoint=9)
    factory, endpoints = config.adapter_factory(), config.endpoints()
    kinds = [type(factory.build(endpoint)) for endpoint in endpoints]
    assert kinds == [OllamaBackend, LMStudioBackend, OpenAICompatibleBackend, OpenAICompatibleBackend]
    assert [config.generations(endpoint) for endpoint in endpoints] == [9, 9, 4, 9]
    assert factory._servers["gpu"].api_key == "secret"
    assert "secret" not in repr(factory._servers)


def test_mlx_models_have_an_endpoint_of_this_machine() -> None:
    """With the worker's settings, in bytes; 0 GB leaves a limit to others."""
    config = EngineConfig(
        mlx_model_paths=["/models/one"], mlx_prompt_cache_gb=1.5, mlx_prompt_cache_folder=Path("/kept")
    )
    assert config.endpoints()[-1] == Endpoint("mlx")
    backend = config.adapter_factory().build(Endpoint("mlx"))
    assert isinstance(backend, MLXBackend)
    assert backend._options.model_paths == ("/models/one",)
    assert backend._options.worker == Configure(1_500_000_000, "/kept", 4_000_000_000, None, None)


def test_models_that_nothing_can_run_are_taken_out() -> None:
    """With the setting that would bring them back."""
    registry = ModelRegistry()
    EngineConfig(ollama_base_url="").close_absent_backends(registry)
    assert registry.status("ollama_qwen25_7b").reason == "OLLAMA_BASE_URL is empty"
    assert registry.status("mlx_qwen25_7b").reason == "MLX_MODEL_PATHS is empty"
    assert registry.status("lmstudio_qwen25_7b").available


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://me:hunter2@host:1/v1", "http://host:1/v1"),
        ("https://me:hunt@er/2@host/a", "https://host/a"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_a_password(url: str, shown: str) -> None:
    """Logs and replies use this form."""
    assert Endpoint("ollama", url).address == shown
