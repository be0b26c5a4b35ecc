"""ModelRegistry: which models there are, what servers' words change, and that nothing is had that is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model_registry import ModelRegistry
from routing.types import Endpoint, ModelCapability, ModelOffer, SpeedClass
from tests.answers import a_model
from tests.fake_backend import ONE, STUDIO, TWO, an_offer, some_models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routing.types import ModelMetadata


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> ModelRegistry:
    return ModelRegistry(some_models("alpha", "beta"), clock)


def the(model: ModelMetadata | None) -> ModelMetadata:
    """A model that is there."""
    assert model is not None
    return model


def ids(models: Iterable[ModelMetadata]) -> list[str]:
    return [model.model_id for model in models]


# --- as shipped -------------------------------------------------------------------------------------------------------


def test_the_shipped_models_are_found_in_every_way() -> None:
    """Before anything was asked, all of them count as available."""
    registry = ModelRegistry()
    assert len(registry.get_all_models()) == 10
    assert the(registry.get_model("ollama_qwen25_7b")).display_name == "Qwen2.5 7B"
    assert registry.get_model("nobody") is None
    assert ids(registry.get_models_by_backend("lmstudio")) == ["lmstudio_qwen25_7b", "lmstudio_llava"]
    assert ids(registry.get_models_by_capability(ModelCapability.VISION)) == ["lmstudio_llava"]
    assert ids(registry.get_models_by_capability(ModelCapability.SPEED)) == ["ollama_smallthinker", "mlx_qwen25_7b"]
    assert ids(registry.get_models_by_speed(SpeedClass.SLOW)) == ["ollama_qwen25_32b", "mlx_qwen25_32b"]
    assert registry.get_models_by_speed(SpeedClass.VERY_SLOW) == []


def test_the_fastest_and_the_best_are_found() -> None:
    """Among equals the order of the catalog decides; max_cost holds."""
    registry = ModelRegistry()
    assert the(registry.get_fastest_model()).model_id == "ollama_smallthinker"
    assert the(registry.get_fastest_model(ModelCapability.CODE)).model_id == "ollama_qwen25_7b"
    assert registry.get_fastest_model(ModelCapability.FUNCTION_CALLING) is None
    assert the(registry.get_best_quality_model(ModelCapability.CODE)).model_id == "ollama_qwen25_32b"
    assert the(registry.get_best_quality_model(ModelCapability.CODE, max_cost=0.4)).model_id == "ollama_deepseek_coder"
    assert the(registry.get_best_quality_model(ModelCapability.REASONING, max_cost=0.7)).model_id == "ollama_qwen25_14b"
    assert registry.get_best_quality_model(ModelCapability.REASONING, max_cost=0.1) is None


def test_what_is_not_available_is_in_no_choice(registry: ModelRegistry) -> None:
    """But it stays in the list of all models."""
    registry.update_availability("alpha", available=False, reason="the admin said so")
    assert ids(registry.get_models_by_backend("ollama")) == ["beta"]
    assert the(registry.get_fastest_model()).model_id == "beta"
    assert ids(registry.get_all_models()) == ["alpha", "beta"]
    assert registry.status("alpha").reason == "the admin said so"
    registry.update_availability("alpha", available=True)
    assert registry.status("alpha").available


def test_a_model_that_nobody_knows_has_no_status(registry: ModelRegistry) -> None:
    """Asking for it is a mistake, asking why it is not there is none."""
    with pytest.raises(KeyError):
        registry.status("nobody")
    assert registry.why_not("nobody") == "no longer there"


def test_a_registered_model_takes_the_place_of_the_one_of_its_id(registry: ModelRegistry) -> None:
    """What its server said of it still holds."""
    registry.apply_offers(ONE, [an_offer("alpha", context_tokens=2048), an_offer("new", loaded=True)])
    registry.register(a_model("alpha", model_id="alpha", display_name="Another"))
    registry.register(a_model("new", model_id="mine"))
    assert the(registry.get_model("alpha")).display_name == "Another"
    assert the(registry.get_model("alpha")).context_tokens == 2048
    assert registry.get_model("ollama_new") is None
    assert registry.status("mine").loaded is True


# --- what servers say -------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_installed_is_not_available(registry: ModelRegistry) -> None:
    """Once one server of its backend was asked."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    assert (registry.status("alpha").available, registry.status("alpha").endpoints) == (True, (ONE,))
    assert (registry.status("beta").available, registry.status("beta").reason) == (False, "not installed")


def test_a_dead_server_takes_its_models_along_and_brings_them_back(registry: ModelRegistry) -> None:
    """A server that is up without models is another thing."""
    registry.apply_offers(ONE, None)
    assert registry.status("alpha").reason == "ollama not reachable"
    assert registry.is_down(ONE)
    registry.apply_offers(ONE, [])
    assert registry.status("alpha").reason == "not installed"
    assert not registry.is_down(ONE)
    registry.apply_offers(ONE, [an_offer("alpha")])
    assert registry.status("alpha").available


def test_a_doubted_endpoint_is_down_until_its_next_word(registry: ModelRegistry) -> None:
    """Its models keep their ids and go on cooling; the word may be the same as before."""
    offers = [an_offer("alpha"), an_offer("found:1b", parameters="1B")]
    registry.apply_offers(ONE, offers)
    registry.cool_down("alpha", ONE, float("inf"))
    before = [model.model_id for model in registry.get_all_models()]
    version = registry.version
    registry.doubt(ONE)
    registry.doubt(ONE)
    registry.apply_offers(TWO, [])
    assert (registry.is_down(ONE), registry.version) == (True, version + 2)
    assert registry.status("ollama_found_1b").reason == registry.status("alpha").reason == "ollama not reachable"
    assert [model.model_id for model in registry.get_all_models()] == before
    assert registry.apply_offers(ONE, offers)
    assert not registry.is_down(ONE)
    assert (registry.status("ollama_found_1b").available, registry.status("alpha").reason) == (True, "cooling down")


def test_a_found_model_is_known_while_its_server_is_down(registry: ModelRegistry) -> None:
    """It cannot be had, and the reason is the server; one that was removed from a server is forgotten."""
    registry.apply_offers(TWO, [])
    registry.apply_offers(ONE, [an_offer("alpha"), an_offer("found:1b", parameters="1B")])
    found = registry.get_model("ollama_found_1b")
    registry.apply_offers(ONE, None)
    assert registry.get_model("ollama_found_1b") == found
    for model_id in ("alpha", "ollama_found_1b"):
        assert registry.status(model_id).reason == "ollama not reachable"
        assert registry.status(model_id).endpoints == ()
    assert registry.status("beta").reason == "not installed"
    registry.apply_offers(ONE, [an_offer("alpha")])
    assert registry.get_model("ollama_found_1b") is None
    assert registry.status("alpha").available


def test_one_dead_host_of_two_takes_nothing_away(registry: ModelRegistry) -> None:
    """The other one serves."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.apply_offers(TWO, [an_offer("alpha", TWO)])
    assert registry.status("alpha").endpoints == (ONE, TWO)
    registry.apply_offers(ONE, None)
    assert registry.status("alpha").endpoints == (TWO,)


def test_the_servers_word_stands_over_the_catalogs(registry: ModelRegistry) -> None:
    """Context, quantization and abilities are the server's to know, quality is not; of two hosts the smaller holds."""
    able = frozenset({ModelCapability.FUNCTION_CALLING})
    offer = an_offer("alpha", context_tokens=8192, quantization="Q8_0", capabilities=able, thinking=True)
    registry.apply_offers(ONE, [offer])
    model = the(registry.get_model("alpha"))
    assert (model.context_tokens, model.quantization, model.thinking) == (8192, "Q8_0", True)
    assert able <= model.capabilities
    assert model.quality.general == 0.75
    registry.apply_offers(TWO, [an_offer("alpha", TWO, context_tokens=4096)])
    assert the(registry.get_model("alpha")).context_tokens == 4096
    registry.apply_offers(TWO, [an_offer("alpha", TWO, context_tokens=16_384)])
    assert the(registry.get_model("alpha")).context_tokens == 8192
    registry.apply_offers(ONE, None)
    registry.apply_offers(TWO, None)
    assert the(registry.get_model("alpha")).context_tokens == 32768


@pytest.mark.parametrize(
    ("known", "offered", "same"),
    [
        ("qwen", "qwen:latest", True),
        ("qwen:latest", "qwen", True),
        ("Qwen2.5-7B", "qwen2.5-7b", True),
        ("qwen2.5-7b", "lmstudio-community/qwen2.5-7b", True),
        ("mlx-community/qwen", "qwen", True),
        ("mlx-community/qwen", "somebody/qwen", False),
        ("qwen:7b", "qwen:14b", False),
        ("qwen", "qwen-coder", False),
    ],
)
def test_names_are_compared_as_servers_do(known: str, offered: str, same: bool) -> None:  # noqa: FBT001
    """The tag `latest`, letter case and a missing owner make no other model."""
    registry = ModelRegistry([a_model(known, model_id="it")])
    registry.apply_offers(ONE, [an_offer(offered)])
    assert registry.status("it").available is same
    assert len(registry.get_all_models()) == (1 if same else 2)


def test_the_nearest_name_is_the_models(registry: ModelRegistry) -> None:
    """An exact name goes before one with an owner, which is then a model of its own."""
    registry.apply_offers(ONE, [an_offer("someone/alpha"), an_offer("alpha")])
    assert the(registry.get_model("alpha")).backend_name == "alpha"
    assert the(registry.get_model("ollama_someone_alpha")).backend_name == "someone/alpha"


def test_one_name_under_two_ids_serves_both() -> None:
    """So that models.toml can have one model with and without thinking."""
    fast, deep = a_model("qwen", model_id="fast"), a_model("qwen", model_id="deep", options={"think": True})
    registry = ModelRegistry([fast, deep])
    registry.apply_offers(ONE, [an_offer("qwen")])
    assert registry.status("fast").available
    assert registry.status("deep").available
    assert len(registry.get_all_models()) == 2


def test_each_host_keeps_its_own_name_for_a_model(registry: ModelRegistry) -> None:
    """A request goes out under the name that the host uses."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.apply_offers(TWO, [an_offer("someone/alpha", TWO)])
    model = the(registry.get_model("alpha"))
    assert registry.model_at(model, ONE).backend_name == "alpha"
    assert registry.model_at(model, TWO).backend_name == "someone/alpha"
    assert registry.model_at(model, STUDIO) is model


# --- models that no catalog knows -------------------------------------------------------------------------------------


def test_a_model_that_no_catalog_knows_is_available_with_sensible_figures(registry: ModelRegistry) -> None:
    """What its server says, and priors for the rest."""
    offer = an_offer("llama3.1:8b", parameters="8.0B", quantization="Q4_K_M", context_tokens=131072, loaded=True)
    registry.apply_offers(ONE, [offer])
    model = the(registry.get_model("ollama_llama3_1_8b"))
    assert registry.status(model.model_id).available
    assert (model.discovered, model.display_name, model.context_tokens) == (True, "llama3.1:8b", 131072)
    assert 0.7 <= model.quality.general <= 0.82
    assert (model.speed_class, model.size) == (SpeedClass.FAST, "8.0B")
    assert 0.3 <= model.cost <= 0.5


def test_the_catalog_goes_before_what_was_found(registry: ModelRegistry) -> None:
    """In the order that decides among equals."""
    registry.apply_offers(ONE, [an_offer("aaa"), an_offer("alpha")])
    assert ids(registry.get_all_models()) == ["alpha", "beta", "ollama_aaa"]


def test_names_that_look_alike_get_ids_of_their_own() -> None:
    """And each keeps its own whatever else there is, in whatever order a server lists them."""
    registry = ModelRegistry([])
    names = ["a.b", "a-b", "a_b", "a b", "A/B"]
    registry.apply_offers(ONE, [an_offer(name) for name in names])
    first = {model.backend_name: model.model_id for model in registry.get_all_models()}
    assert len(set(first.values())) == len(names)
    registry.apply_offers(ONE, [an_offer(name) for name in reversed(names)])
    assert {model.backend_name: model.model_id for model in registry.get_all_models()} == first
    assert all(model_id.startswith("ollama_a_b") for model_id in first.values())


def test_a_found_model_does_not_take_the_id_of_another() -> None:
    """Not even where a person has chosen the same one for something else."""
    mine = a_model("something else", model_id="ollama_found")
    registry = ModelRegistry([mine])
    registry.apply_offers(ONE, [an_offer("found")])
    assert registry.get_model("ollama_found") == mine
    assert registry.status("ollama_found").reason == "not installed"
    assert sum(model.backend_name == "found" for model in registry.get_all_models()) == 1


def test_a_name_listed_twice_is_one_model(registry: ModelRegistry) -> None:
    """A server may repeat itself."""
    registry.apply_offers(ONE, [an_offer("new"), an_offer("new"), an_offer("new")])
    assert ids(registry.get_all_models()) == ["alpha", "beta", "ollama_new"]


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=12))
def test_every_name_becomes_a_model(names: list[str]) -> None:
    """No name swallows another, whatever letters it is made of, but for those that mean the same."""
    registry = ModelRegistry([])
    for endpoint in (ONE, STUDIO):
        registry.apply_offers(endpoint, [an_offer(name, endpoint) for name in names])
    for endpoint in (ONE, STUDIO):
        served = [model for model in registry.get_all_models() if model.backend == endpoint.backend]
        assert len(served) == len(names)
        assert all(registry.status(model.model_id).available for model in served)


def test_a_folder_goes_by_its_own_name_wherever_it_lies() -> None:
    """It is the catalog's model of that name, or one whose id says nothing of the folders above it."""
    mlx = Endpoint("mlx")
    registry = ModelRegistry()
    names = ("/Volumes/big/Qwen2.5-7B-Instruct-4bit", "~/models/My-Own.4bit/", "./My-Own.4bit")
    registry.apply_offers(mlx, [ModelOffer(mlx, name) for name in names])
    assert registry.name_at("mlx_qwen25_7b", mlx) == names[0]
    found = [model.model_id for model in registry.get_all_models() if model.discovered]
    assert "mlx_my_own_4bit" in found
    assert len(found) == 2
    assert not any("models" in model_id for model_id in found)


# --- off by hand ------------------------------------------------------------------------------------------------------


def test_reasons_are_told_in_words(registry: ModelRegistry) -> None:
    """Off in models.toml, no address, not installed."""
    registry.register(replace(the(registry.get_model("beta")), enabled=False))
    assert registry.status("beta").reason == "disabled in models.toml"
    registry.close_backend("ollama", "OLLAMA_BASE_URL is empty")
    assert registry.status("alpha").reason == "OLLAMA_BASE_URL is empty"


# --- cooling down -----------------------------------------------------------------------------------------------------


def test_a_pause_ends_by_time(registry: ModelRegistry, clock: Clock) -> None:
    """And the version tells that it has."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.cool_down("alpha", ONE, clock.now + 10)
    assert registry.status("alpha").reason == "cooling down"
    before = registry.version
    clock.now += 9.9
    assert (registry.version, registry.status("alpha").available) == (before, False)
    clock.now += 0.1
    assert registry.status("alpha").available
    assert registry.version > before
    assert registry.version == registry.version


def test_pauses_end_one_after_the_other(registry: ModelRegistry, clock: Clock) -> None:
    """Each is a change of its own."""
    registry.apply_offers(ONE, [an_offer("alpha"), an_offer("beta")])
    registry.cool_down("alpha", ONE, clock.now + 10)
    registry.cool_down("beta", ONE, clock.now + 20)
    versions = [registry.version]
    for _ in range(2):
        clock.now += 10
        versions.append(registry.version)
    assert len(set(versions)) == 3


def test_a_pause_outlives_a_new_list_but_not_the_death_of_the_server(registry: ModelRegistry, clock: Clock) -> None:
    """Who comes back from the dead starts anew."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.cool_down("alpha", ONE, clock.now + 10)
    registry.apply_offers(ONE, [an_offer("alpha"), an_offer("beta")])
    assert registry.status("alpha").reason == "cooling down"
    registry.apply_offers(ONE, None)
    registry.apply_offers(ONE, [an_offer("alpha")])
    assert registry.status("alpha").available


def test_a_pause_that_comes_late_brings_nothing_back(registry: ModelRegistry, clock: Clock) -> None:
    """When a server was found dead, or a model gone, before the failure was noted, it stays so after the pause."""
    registry.apply_offers(ONE, None)
    registry.cool_down("alpha", ONE, clock.now + 10)
    registry.mark_loaded("alpha", ONE)
    clock.now += 20
    assert registry.status("alpha").reason == "ollama not reachable"
    registry.apply_offers(ONE, [an_offer("beta")])
    registry.cool_down("alpha", ONE, clock.now + 10)
    registry.cool_down("gone", ONE, clock.now + 10)
    clock.now += 20
    assert registry.status("alpha").reason == "not installed"


def test_before_discovery_a_pause_holds_too(registry: ModelRegistry, clock: Clock) -> None:
    """And is not forgotten when another server answers."""
    registry.cool_down("alpha", ONE, clock.now + 10)
    registry.apply_offers(STUDIO, [])
    assert registry.status("alpha").reason == "cooling down"
    clock.now += 10
    assert registry.status("alpha").available


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_version_changes_when_a_decision_could(registry: ModelRegistry, clock: Clock) -> None:
    """And only then: the same list in another order is no news."""
    seen = [registry.version]

    def changed() -> bool:
        seen.append(registry.version)
        return seen[-1] != seen[-2]

    assert registry.apply_offers(ONE, [an_offer("alpha"), an_offer("beta")])
    assert changed()
    assert not registry.apply_offers(ONE, [an_offer("beta"), an_offer("alpha")])
    assert not changed()
    registry.mark_loaded("alpha", ONE)
    assert changed()
    registry.mark_loaded("alpha", ONE)
    assert not changed()
    registry.cool_down("alpha", ONE, clock.now + 1)
    assert changed()
    registry.cool_down("alpha", ONE, 0)
    assert changed()
    registry.close_backend("mlx", "not yet")
    assert changed()
    registry.close_backend("mlx", "not yet")
    assert not changed()
    registry.update_availability("alpha", available=False)
    assert changed()
    registry.register(a_model("new", model_id="new"))
    assert changed()


def test_memory_of_models_is_where_it_is_in_memory(registry: ModelRegistry) -> None:
    """Known at each host; nobody knows before somebody says."""
    assert registry.status("alpha").loaded is None
    assert registry.is_loaded("alpha", ONE) is None
    registry.apply_offers(ONE, [an_offer("alpha", loaded=False)])
    registry.apply_offers(TWO, [an_offer("alpha", TWO, loaded=True)])
    status = registry.status("alpha")
    assert (status.loaded, status.endpoints) == (True, (TWO, ONE))
    assert (registry.is_loaded("alpha", ONE), registry.is_loaded("alpha", TWO)) == (False, True)


def test_a_window_of_somebody_else_is_in_memory_but_does_not_answer_at_once(registry: ModelRegistry) -> None:
    """Ollama would load the model anew for our request; once it has answered us, it has our window."""
    ours = 16_384
    registry.apply_offers(ONE, [an_offer("alpha", loaded=True, loaded_context_tokens=4096), an_offer("beta")])
    registry.apply_offers(TWO, [an_offer("alpha", TWO, loaded=True, loaded_context_tokens=ours)])
    assert (registry.is_loaded("alpha", ONE), registry.is_loaded("alpha", TWO)) == (False, True)
    assert registry.status("alpha").endpoints == (TWO, ONE)
    assert [registry.is_loaded_otherwise(name, ONE) for name in ("alpha", "beta")] == [True, False]
    assert not registry.is_loaded_otherwise("alpha", TWO)
    assert (ONE, "alpha") in registry.in_memory()
    registry.mark_loaded("alpha", ONE)
    assert (registry.is_loaded("alpha", ONE), registry.is_loaded_otherwise("alpha", ONE)) == (True, False)
    registry.apply_offers(ONE, [an_offer("alpha", loaded=True, loaded_context_tokens=4096)])
    registry.mark_unloaded("alpha", ONE)
    assert (ONE, "alpha") not in registry.in_memory()


def test_what_was_noted_of_memory_stands_until_the_endpoints_next_word(registry: ModelRegistry) -> None:
    """Its own, even when it says the same as before; another's changes nothing, and neither does a new model."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.mark_loaded("alpha", ONE)
    registry.apply_offers(TWO, [an_offer("alpha", TWO)])
    registry.register(a_model("new", model_id="new"))
    assert registry.is_loaded("alpha", ONE)
    assert registry.apply_offers(ONE, [an_offer("alpha")])
    assert registry.is_loaded("alpha", ONE) is False
    assert not registry.apply_offers(ONE, [an_offer("alpha")])
    registry.apply_offers(ONE, [an_offer("alpha", loaded=True)])
    registry.mark_unloaded("alpha", ONE)
    version = registry.version
    registry.mark_unloaded("alpha", ONE)
    assert (registry.is_loaded("alpha", ONE), registry.version) == (False, version)


def test_an_endpoint_that_says_nothing_of_memory_takes_nothing_back(registry: ModelRegistry) -> None:
    """What has answered there is in memory, as far as anybody knows."""
    registry.apply_offers(ONE, [an_offer("alpha", loaded=None)])
    assert registry.status("alpha").loaded is None
    registry.mark_loaded("alpha", ONE)
    assert not registry.apply_offers(ONE, [an_offer("alpha", loaded=None)])
    registry.apply_offers(ONE, [an_offer("alpha", loaded=None), an_offer("beta", loaded=None)])
    assert (registry.is_loaded("alpha", ONE), registry.is_loaded("beta", ONE)) == (True, None)
    assert registry.in_memory() == {}


def test_one_name_under_two_ids_is_in_memory_once() -> None:
    """And for both."""
    registry = ModelRegistry([a_model("qwen", model_id="fast"), a_model("qwen", model_id="deep")])
    registry.apply_offers(ONE, [an_offer("qwen:latest"), an_offer("other", loaded=True)])
    registry.mark_loaded("deep", ONE)
    assert registry.is_loaded("fast", ONE)
    assert registry.in_memory() == {(ONE, "qwen:latest"): "fast", (ONE, "other"): "ollama_other"}
    assert (registry.name_at("deep", ONE), registry.name_at("deep", TWO)) == ("qwen:latest", "qwen:latest")
    assert registry.name_at("nobody", ONE) == "nobody"


def test_what_is_not_downloaded_yet_is_no_choice(registry: ModelRegistry) -> None:
    """It is known, and its endpoint too; once somebody has had it fetched and loaded, it serves."""
    registry.apply_offers(ONE, [an_offer("alpha", downloaded=False), an_offer("beta")])
    status = registry.status("alpha")
    assert (status.available, status.reason, status.endpoints) == (False, "not downloaded yet", ())
    assert list(registry.offers_of("alpha")) == [ONE]
    registry.mark_loaded("alpha", ONE)
    assert registry.status("alpha").endpoints == (ONE,)
    registry.mark_unloaded("alpha", ONE)
    assert registry.status("alpha").available
    registry.apply_offers(TWO, [an_offer("beta", TWO)])
    assert registry.status("alpha").available
    assert registry.apply_offers(ONE, [an_offer("alpha", downloaded=False), an_offer("beta")])
    assert registry.status("alpha").reason == "not downloaded yet"


def test_where_it_is_downloaded_it_is_had(registry: ModelRegistry) -> None:
    """One host has it, another would have to fetch it; one that cools down is cooling down."""
    registry.apply_offers(ONE, [an_offer("alpha", downloaded=False)])
    registry.apply_offers(TWO, [an_offer("alpha", TWO)])
    assert registry.status("alpha").endpoints == (TWO,)
    registry.cool_down("alpha", TWO, float("inf"))
    assert registry.status("alpha").reason == "cooling down"


def test_what_comes_and_goes_leaves_nothing_behind(registry: ModelRegistry) -> None:
    """A thousand models that were there once take no memory; the last list of a dead server is kept."""
    for number in range(1000):
        registry.apply_offers(ONE, [an_offer(f"m{number}")])
        registry.cool_down(f"ollama_m{number}", ONE, float("inf"))
    registry.apply_offers(ONE, None)
    assert ids(registry.get_all_models()) == ["alpha", "beta", "ollama_m999"]
    assert registry._servings == {}
    assert len(registry._offers) == 1
