"""EngineConfig: the engine's settings, and the endpoints that follow from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.errors import InvalidConfiguration
from routing.model_backends import MLXOptions, ModelAdapterFactory, ServerOptions
from routing.model_backends.mlx_protocol import Configure
from routing.types import Endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from routing.catalog import Server
    from routing.model_registry import ModelRegistry

OPENAI_COMPATIBLE = "openai_compatible"
"""The kind, in the table of backends, of every server that models.toml names."""

_ABOVE_ZERO = (
    "connect_timeout_seconds",
    "first_token_timeout_seconds",
    "stall_timeout_seconds",
    "request_timeout_seconds",
    "generations_per_endpoint",
    "refresh_seconds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Where the model servers are, and how long to wait for them.

    Addresses may be several, in a sequence or comma-separated; empty: off. `servers` are those of models.toml.
    `generations_per_endpoint` is how many answers an endpoint works on at once. `room_patience_seconds` is how long an
    answer waits for others to end that hold the memory, where another model could give it too: whoever waits longer
    would have had most of the next best answer by then. `mlx_prompt_cache_folder` None: prompts are kept in memory
    alone. 0 GB leaves the wired limit to the size of the loaded models, and `model_memory_gb` to the host.
    """

    ollama_base_url: str | Sequence[str] = "http://localhost:11434"
    lmstudio_base_url: str | Sequence[str] = "http://localhost:1234/v1"
    lmstudio_api_key: str = ""
    mlx_model_paths: Sequence[str] = ()
    mlx_prompt_cache_gb: float = 2.0
    mlx_prompt_cache_folder: Path | None = None
    mlx_prompt_cache_folder_gb: float = 4.0
    mlx_wired_limit_gb: float = 0.0
    model_memory_gb: float = 0.0
    servers: Sequence[Server] = ()
    connect_timeout_seconds: float = 5.0
    first_token_timeout_seconds: float = 180.0
    stall_timeout_seconds: float = 30.0
    request_timeout_seconds: float = 600.0
    generations_per_endpoint: int = 64
    refresh_seconds: float = 30.0
    room_patience_seconds: float = 15.0

    def __post_init__(self) -> None:
        """Raise InvalidConfiguration for a figure that would have everybody wait for ever."""
        figures = {name: getattr(self, name) for name in _ABOVE_ZERO}
        if problems := [f"{name} must be above 0, not {value}." for name, value in figures.items() if not value > 0]:
            raise InvalidConfiguration(problems)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List every endpoint, Ollama's first."""
        return (
            *(Endpoint("ollama", url) for url in _urls(self.ollama_base_url)),
            *(Endpoint("lmstudio", url) for url in _urls(self.lmstudio_base_url)),
            *(Endpoint(server.name, server.url) for server in self.servers),
            *([Endpoint("mlx")] if self.mlx_model_paths else []),
        )

    def adapter_factory(self) -> ModelAdapterFactory:
        """Build the factory that knows the keys and kinds of these servers."""
        servers = {
            server.name: ServerOptions(OPENAI_COMPATIBLE, os.environ.get(server.api_key_env, ""), server.check_model)
            for server in self.servers
        }
        servers["lmstudio"] = ServerOptions("lmstudio", self.lmstudio_api_key)
        return ModelAdapterFactory(
            connect_timeout_seconds=self.connect_timeout_seconds, servers=servers, mlx=self._mlx_options()
        )

    def _mlx_options(self) -> MLXOptions:
        return MLXOptions(
            model_paths=tuple(self.mlx_model_paths),
            worker=Configure(
                prompt_cache_bytes=_bytes(self.mlx_prompt_cache_gb),
                prompt_cache_folder=str(self.mlx_prompt_cache_folder or ""),
                prompt_cache_folder_bytes=_bytes(self.mlx_prompt_cache_folder_gb),
                memory_limit_bytes=_bytes(self.model_memory_gb) or None,
                wired_limit_bytes=_bytes(self.mlx_wired_limit_gb) or None,
            ),
        )

    def generations(self, endpoint: Endpoint) -> int:
        """Say how many answers an endpoint works on at once."""
        own = (server.generations for server in self.servers if server.name == endpoint.backend)
        return next(own, None) or self.generations_per_endpoint

    def close_absent_backends(self, registry: ModelRegistry) -> None:
        """Tell the registry which backends have no endpoint at all, so that their models are not taken to be there."""
        there = {endpoint.backend for endpoint in self.endpoints()}
        for backend, reason in (
            ("ollama", "OLLAMA_BASE_URL is empty"),
            ("lmstudio", "LMSTUDIO_BASE_URL is empty"),
            ("mlx", "MLX_MODEL_PATHS is empty"),
        ):
            if backend not in there:
                registry.close_backend(backend, reason)


def _bytes(gigabytes: float) -> int:
    return round(gigabytes * 1e9)


def _urls(value: str | Sequence[str]) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    return list(dict.fromkeys(part.strip().rstrip("/") for part in parts if part.strip()))
