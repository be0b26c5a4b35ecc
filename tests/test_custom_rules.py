"""Custom rules: how they read, which mistakes are told, what they change, and what nothing can change about them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from routing.catalog import load_catalog
from routing.custom_rules import CustomRules
from routing.errors import BadReply, InvalidConfiguration
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.this_machine import is_on_this_machine
from routing.types import Attachment, Endpoint, Message, Modality, Query, RoutingDecision, RoutingStrategy
from tests.fake_backend import FakeBackend, an_engine, an_offer, events_of, result_of, some_models

if TYPE_CHECKING:
    from pathlib import Path

    from routing.custom_rules import Rule
    from routing.types import ModelMetadata

HERE, AWAY = Endpoint("ollama", "http://127.0.0.1:11434"), Endpoint("ollama", "http://studio.example:11434")
CODE = "Write a function to calculate fibonacci numbers"
QUESTION = "Which river runs through Paris, and where does it end?"


@pytest.fixture
def models_file(tmp_path: Path) -> Path:
    return tmp_path / "models.toml"


@pytest.fixture
def rules_of(models_file: Path) -> Any:
    """The rules that a text makes."""

    def read(text: str) -> tuple[Rule, ...]:
        models_file.write_text(text, encoding="utf-8")
        return load_catalog(models_file).rules

    return read


@pytest.fixture
def router_of(rules_of: Any) -> Any:
    """A router with these rules over alike models, which are served at HERE unless told otherwise."""

    def build(text: str, *, at: dict[str, tuple[Endpoint, ...]] | None = None, **facts: Any) -> IntelligentRouter:
        models = some_models("alpha", "beta", "gamma", **facts)
        registry = ModelRegistry(models)
        served = at or {model.model_id: (HERE,) for model in models}
        for endpoint in {endpoint for endpoints in served.values() for endpoint in endpoints}:
            names = [name for name, endpoints in served.items() if endpoint in endpoints]
            registry.apply_offers(endpoint, [an_offer(name, endpoint, loaded=True) for name in names])
        rules = CustomRules(rules_of(text), registry, clock=lambda: time.struct_time((2026, 1, 5, 23, 30, 0, 0, 5, 0)))
        return IntelligentRouter(registry, RoutingStrategy.BALANCED, rules=rules)

    return build


def order(decision: RoutingDecision) -> list[str]:
    return [candidate.model.model_id for candidate in decision.candidates]


def out(decision: RoutingDecision) -> dict[str, str]:
    return {exclusion.model.model_id: exclusion.reason for exclusion in decision.exclusions}


def one_rule(condition: str, action: str = 'use = "gamma"') -> str:
    return f"[[rule]]\nif = {{ {condition} }}\n{action}\n"


def turns(*questions: str) -> tuple[Message, ...]:
    return tuple(Message(role, text) for text in questions for role in ("user", "assistant"))


def test_what_is_forbidden_to_a_message_is_forbidden_while_it_goes_along(router_of: Any) -> None:
    """Code asked for before is sent with every later message; what is only wished for is not carried on."""
    text = one_rule('category = "code"', 'never = "alpha"\nuse = "gamma"')
    router = router_of(text)
    assert order(router.decide(CODE))[0] == "gamma"
    later = router.decide(Query("thanks, how are you?", history=turns(CODE)))
    assert "alpha" in out(later)
    assert order(later)[0] == "beta"
    assert "alpha" not in out(router.decide(Query("thanks, how are you?", history=turns(QUESTION))))
    named = [model for model in router.registry.get_all_models() if model.model_id == "alpha"]
    assert order(router.decide_among(Query("thanks", history=turns(CODE)), named)) == []


@pytest.mark.parametrize(
    ("words", "text", "holds"),
    [
        ("密码", "我的密码是123", True),
        ("パスワード", "新しいパスワードを教えて", True),
        ("รหัสผ่าน", "ลืมรหัสผ่านแล้ว", True),
        ("पास", "वह पासा फेंकता है", False),
        ("पास", "मेरे पास है", True),
        ("tax", "my taxes", False),
    ],
)
def test_words_are_found_as_their_script_writes_them(router_of: Any, words: str, text: str, holds: bool) -> None:  # noqa: FBT001
    """Anywhere in scripts without spaces; whole, vowel signs and all, in others."""
    router = router_of(one_rule(f'text = "{words}"', 'never = "alpha"'))
    assert ("alpha" in out(router.decide(text))) is holds


# --- how rules read ---------------------------------------------------------------------------------------------------


def test_the_three_examples_are_read(rules_of: Any) -> None:
    """By category and complexity, by language, by chat; each tells itself in words, with its line."""
    rules = rules_of("""
        [[rule]]
        if = { category = "code", complexity = ">= 0.6" }
        use = "qwen2.5-coder:32b"

        [[rule]]
        if.language = "ta"
        prefer = "ollama_qwen25_14b"

        [[rule]]
        local_only = true   # never send chat 42 off this Mac
        [rule.if]
        chat = 42
    """)
    assert [(rule.place, rule.sentence) for rule in rules] == [
        ("models.toml:2", "if category is code and complexity >= 0.6, use qwen2.5-coder:32b"),
        ("models.toml:6", "if language is ta, prefer ollama_qwen25_14b"),
        ("models.toml:10", "if chat is 42, stay on this machine"),
    ]


@pytest.mark.parametrize(
    ("condition", "query", "holds"),
    [
        ('category = "code"', CODE, True),
        ('category = ["math", "creative"]', CODE, False),
        ('task_type = "complex_code"', CODE, True),
        ('task_type = ["math_logic", "simple_code"]', CODE, False),
        ('complexity = "< 0.2"', "Hi", True),
        ('complexity = ">= 0.2"', "Hi", False),
        ('complexity = ">= 0.1, < 0.99"', CODE, True),
        ('level = "complex"', CODE, True),
        ('language = "ta"', "இன்று என்ன சமைக்கலாம் என்று சொல்லுங்கள்", True),
        ('language = ["ta", "hi"]', QUESTION, False),
        ('modality = "image"', Query("What is it?", (Attachment(Modality.IMAGE, b"x"),)), True),
        ('modality = "image"', QUESTION, False),
        ('needs = "code"', CODE, True),
        ('needs = ["vision", "tools"]', CODE, False),
        ('tokens = ">= 500"', "word " * 3000, True),
        ('tokens = ">= 500"', QUESTION, False),
        ('answer_tokens = "> 700"', CODE, True),
        ("chat = [41, 42]", Query(QUESTION, chat_id="42/7"), True),
        ("chat = 42", Query(QUESTION, chat_id="421/0"), False),
        ("chat = -100123", Query(QUESTION, chat_id="-100123/0"), True),
        ('time = "22:00-07:00"', QUESTION, True),
        ('time = "07:00 to 23:30"', QUESTION, False),
        ('text = "tax return"', "My  TAX\nreturn is late", True),
        ('text = "tax"', "Call a taxi for me", False),
        ('text = "tax*"', "Call a taxi for me", True),
        ('text = ["वेतन", "salary"]', "मेरा वेतन कितना है?", True),
        (r"regex = 'invoice \d{4}'", "Where is INVOICE 2024?", True),
        (r"regex = 'invoice \d{4}'", QUESTION, False),
    ],
)
def test_conditions_hold_for_what_they_say(router_of: Any, condition: str, query: Any, *, holds: bool) -> None:
    """Each kind of condition, where it holds and where it does not."""
    decision = router_of(one_rule(condition, 'never = "gamma"')).decide(query)
    assert bool(decision.rules) is holds


def test_all_conditions_must_hold_and_none_means_always(router_of: Any) -> None:
    """A rule without `if` holds for everything."""
    assert order(router_of(one_rule('category = "code", chat = 7')).decide(CODE))[0] == "alpha"
    assert order(router_of('[[rule]]\nuse = "gamma"\n').decide(CODE))[0] == "gamma"


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[rule]]\nuse = "a"\nwhen = 1', "3: rule.0.when: is not a known entry; known are if, use, prefer, never"),
        ('[[rule]]\nuse = "a"\n\n[[rule]]\nif = { categry = 1 }\nuse = "b"', "5: rule.1.if.categry: is not a known"),
        (one_rule('category = "cod"'), "2: rule.0.if.category: 'cod' is not one of greeting, question, code"),
        (one_rule('complexity = "more than 0.6"'), "2: rule.0.if.complexity: 'more than 0.6' is not a comparison"),
        (one_rule('complexity = ">= 6"'), "2: rule.0.if.complexity: 6 is more than there can be, 1"),
        (one_rule('complexity = ">= 0.6, < 0.5"'), "2: rule.0.if.complexity: '>= 0.6, < 0.5' can never be true"),
        (one_rule('complexity = "> 0.6, < 0.6"'), "can never be true"),
        (one_rule("complexity = 0.6"), "0.6 is not a comparison"),
        (one_rule('language = "Tamil"'), "'Tamil' is not the code of a language"),
        (one_rule('chat = "42"'), "'42' is neither the number of a chat"),
        (one_rule("chat = []"), "[] is neither the number of a chat"),
        (one_rule('time = "25:00-26:00"'), "is not a time of day"),
        (one_rule('time = "09:00-9:00"'), "begins and ends at the same time"),
        (one_rule('text = "*"'), "a * may only stand once, at the end of a word"),
        (one_rule('text = "a*b"'), "a * may only stand once, at the end of a word"),
        (one_rule("regex = '(a+)+$'"), "2: rule.0.if.regex: may take too long on some texts"),
        (one_rule('needs = "wings"'), "'wings' is not one of general, code"),
        (one_rule("chat = 1", "use = 3"), "3: rule.0.use: 3 is neither a text nor a list of texts"),
        (one_rule("chat = 1", "local_only = false"), "3: rule.0.local_only: can only be true"),
        (one_rule("chat = 1", ""), "1: rule.0: says nothing of what to do"),
        ('[[rule]]\nif = "code"\nuse = "a"', '2: rule.0.if: should be a table, such as { category = "code" }'),
        ('[rule.mine]\nuse = "a"', "rule: should be written as [[rule]]"),
        ('[[rule]]\nuse = "a"\nnever = ["b", "a"]', "1: rule.0: a is wanted here, and the same rule says never"),
        (
            '[[rule]]\nnever = "a"\n[[rule]]\nif = { chat = 1 }\nprefer = "a"',
            "3: rule.1: a is wanted here, and the rule at models.toml:1 says never to use it",
        ),
        (
            one_rule('category = ["code", "math"]') + one_rule('category = "code", complexity = ">= 0.6"', 'use = "b"'),
            "4: rule.1: can never come first: the rule at models.toml:1 says what to use wherever this one holds",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(rules_of: Any, text: str, problem: str) -> None:
    """The file, the line, the entry and what is wrong with it."""
    with pytest.raises(InvalidConfiguration) as raised:
        rules_of(text)
    (told,) = raised.value.problems
    assert "models.toml:" in told
    assert problem in told


def test_rules_that_go_together_are_no_contradiction(rules_of: Any) -> None:
    """The narrow one before the broad one; ones that only overlap; never one model and prefer another."""
    text = one_rule('category = "code", complexity = ">= 0.6"') + one_rule('category = ["code", "math"]', 'use = "a"')
    text += one_rule('complexity = ">= 0.5"', 'use = "b"') + one_rule("chat = 1", 'never = "c"\nprefer = "d"')
    assert len(rules_of(text)) == 4


def test_an_unknown_model_is_a_warning(router_of: Any) -> None:
    """Models come and go: it is no mistake of the file, and the decision says that the rule could not be followed."""
    router = router_of(one_rule('category = "code"', 'use = ["nobody:7b", "gamma"]\nprefer = "ollama"'))
    assert router.rules.unknown_names() == [
        "models.toml:1: no model goes by nobody:7b now, so the rule changes nothing for it"
    ]
    assert order(router.decide(CODE))[0] == "gamma"
    decision = router_of(one_rule('category = "code"', 'use = "nobody:7b"')).decide(CODE)
    assert decision.rules[0].effect == "could not be followed (nobody:7b: no server has it)"
    assert not decision.rules[0].followed


# --- what rules change ------------------------------------------------------------------------------------------------


def test_use_puts_first_in_its_own_order(router_of: Any) -> None:
    """The others come after as before, the chat's own model among them; and it is a reason."""
    decision = router_of('[[rule]]\nuse = ["GAMMA", "bet*"]\n').decide(Query(QUESTION, current_model_id="alpha"))
    assert order(decision) == ["gamma", "beta", "alpha", "builtin"]
    assert decision.candidates[0].reasons[0] == "put first by your rule (models.toml:1)"
    assert "Your rule “always use GAMMA or bet*” (models.toml:1): Gamma and Beta put first." in decision.explain()


def test_the_earlier_rule_goes_first(router_of: Any) -> None:
    """What a later one says to use comes after it."""
    text = one_rule('category = "code"', 'use = "beta"') + one_rule('complexity = ">= 0"', 'use = "gamma"')
    assert order(router_of(text).decide(CODE)) == ["beta", "gamma", "alpha", "builtin"]


def test_use_never_gets_past_a_gate(router_of: Any) -> None:
    """A model that is not installed, or cannot see, is not used; the rule says why."""
    router = router_of('[[rule]]\nuse = "gamma"\n', at={"alpha": (HERE,), "beta": (HERE,)})
    decision = router.decide(QUESTION)
    assert order(decision) == ["alpha", "beta", "builtin"]
    assert decision.rules[0].effect == "could not be followed (Gamma: not installed)"
    image = Query("What is it?", (Attachment(Modality.IMAGE, b"x"),))
    blind = router_of('[[rule]]\nuse = "gamma"\n').decide(image)
    assert order(blind) == ["builtin"]
    assert blind.rules[0].effect == "could not be followed (Gamma: cannot see images)"


def test_use_may_go_over_max_cost(router_of: Any) -> None:
    """Whoever writes a rule for a large model means it."""
    text = '[[rule]]\nif = { category = "code" }\nuse = "ollama_qwen25_32b"\n'
    registry = ModelRegistry()
    router = IntelligentRouter(registry, RoutingStrategy.BALANCED, rules=router_of(text).rules)
    router.rules = CustomRules(router.rules._rules, registry)
    assert order(router.decide(CODE))[0] == "ollama_qwen25_32b"
    assert "ollama_qwen25_32b" in out(router.decide(QUESTION))


def test_prefer_is_a_nudge(router_of: Any) -> None:
    """It decides among models that are close, and not against one that is much better."""
    assert order(router_of('[[rule]]\nprefer = "gamma"\n').decide(QUESTION))[0] == "gamma"
    registry = ModelRegistry()
    rules = CustomRules(router_of('[[rule]]\nprefer = "ollama_smallthinker"\n').rules._rules, registry)
    assert order(IntelligentRouter(registry, rules=rules).decide(CODE))[0] == "ollama_deepseek_coder"


def test_never_leaves_out_with_its_reason(router_of: Any) -> None:
    """By a model's name or a backend's; when nobody is left the built-in one says why."""
    decision = router_of('[[rule]]\nnever = "alpha"\n').decide(QUESTION)
    assert order(decision) == ["beta", "gamma", "builtin"]
    assert out(decision) == {"alpha": "forbidden by your rule (models.toml:1)"}
    nobody = router_of('[[rule]]\nnever = "ollama"\n').decide(QUESTION)
    assert order(nobody) == ["builtin"]
    assert nobody.notes[0].startswith("your rules leave no model that can answer: Alpha is forbidden")


def test_a_person_stands_over_use_but_not_over_never(router_of: Any) -> None:
    """/model wins over what is wished, and over nothing that is forbidden."""
    wish = router_of('[[rule]]\nuse = "gamma"\n').decide(Query(QUESTION, model_id="beta"))
    assert order(wish)[0] == "beta"
    assert (wish.rules[0].effect, wish.rules[0].followed) == ("you chose another model", False)
    forbidden = router_of('[[rule]]\nnever = "beta"\n').decide(Query(QUESTION, model_id="beta"))
    assert order(forbidden) == ["alpha", "gamma", "builtin"]
    assert forbidden.notes[0] == "Beta, which you chose, was left out: forbidden by your rule (models.toml:1)"


def test_a_retry_goes_to_another_model(router_of: Any) -> None:
    """Somebody who asks again has seen what the rule's model says."""
    query = Query(QUESTION, avoid_model_ids=frozenset({"gamma"}))
    assert order(router_of('[[rule]]\nuse = "gamma"\n').decide(query)) == ["alpha", "beta", "gamma", "builtin"]


# --- what stays on this machine ---------------------------------------------------------------------------------------

STAY = one_rule("chat = 42", "local_only = true")


@pytest.mark.parametrize(
    ("url", "here"),
    [("", True), ("http://localhost:1", True), ("http://127.8.0.1", True), ("http://[::1]:1", True),
     ("http://127.evil.example", False), ("http://localhost.example", False), ("http://10.0.0.2", False),
     ("http://0.0.0.0:1", False), ("http://studio.local", False), ("http://localhost@far.example", False),
     ("http://[::ffff:10.0.0.1]", False)],
)  # fmt: skip
def test_only_loopback_is_this_machine(url: str, *, here: bool) -> None:
    """A name that merely looks like it is another machine's."""
    assert is_on_this_machine(Endpoint("ollama", url)) is here


def test_a_chat_stays_on_this_machine(router_of: Any) -> None:
    """Models of other hosts are left out there, and nowhere else; nobody's choice changes that."""
    router = router_of(STAY, at={"alpha": (AWAY,), "beta": (AWAY, HERE), "gamma": (HERE,)})
    stays = router.decide(Query(QUESTION, chat_id="42/0", model_id="alpha"))
    assert order(stays) == ["beta", "gamma", "builtin"]
    assert stays.local_only
    assert out(stays) == {"alpha": "not on this machine, which your rule asks for (models.toml:1)"}
    assert "Alpha, which you chose, was left out" in stays.notes[0]
    free = router.decide(Query(QUESTION, chat_id="43/0"))
    assert (order(free)[0], free.local_only) == ("alpha", False)


def test_without_a_model_here_the_note_says_so(router_of: Any) -> None:
    """It is the first thing that is said."""
    router = router_of(STAY, at=dict.fromkeys(("alpha", "beta", "gamma"), (AWAY,)))
    decision = router.decide(Query(QUESTION, chat_id="42/0"))
    assert order(decision) == ["builtin"]
    assert decision.notes[0].startswith("your rule (models.toml:1) keeps this on this machine")


def test_words_that_keep_a_conversation_here_count_in_what_went_before(router_of: Any) -> None:
    """The whole conversation is sent along with a follow-up; words that only wish count in the message alone."""
    history = (Message("user", "My salary is 1,000."), Message("assistant", "Noted."))
    follow_up = Query("And in euros?", history=history)
    assert router_of(one_rule('text = "salary"', "local_only = true")).decide(follow_up).local_only
    assert router_of(one_rule(r"regex = 'sal\w{3}'", "local_only = true")).decide(follow_up).local_only
    assert order(router_of(one_rule('text = "salary"')).decide(follow_up))[0] == "alpha"


async def test_not_a_byte_reaches_another_host(rules_of: Any) -> None:
    """Where a model is served here and elsewhere, only the one here is asked, even if it fails; nor by name."""
    here, away = FakeBackend(HERE), FakeBackend(AWAY)
    models: list[ModelMetadata] = some_models("alpha", "beta")
    async with an_engine([here, away], models) as engine:
        engine.router.rules = CustomRules(rules_of(STAY), engine.registry)
        for name in ("alpha", "beta"):
            here.plays(name, [BadReply("The reply was broken.", backend="ollama", model=name)])
            away.plays(name, ["from afar"])
        query = Query(QUESTION, chat_id="42/0")
        assert result_of(await events_of(engine, query)).model_id == "builtin"
        results = await engine.execute_parallel(query, ["alpha", "beta"])
        assert (away.asked, [result.success for result in results]) == ([], [False, False])
        assert (await engine.execute(Query(QUESTION, chat_id="43/0"))).response == "from afar"


async def test_a_forbidden_model_cannot_be_asked_by_name(rules_of: Any) -> None:
    """Comparing models goes by the rules too, and the failure says which."""
    backend = FakeBackend(HERE)
    backend.plays("alpha", ["text"])
    async with an_engine([backend], some_models("alpha")) as engine:
        engine.router.rules = CustomRules(rules_of('[[rule]]\nnever = "alpha"\n'), engine.registry)
        (result,) = await engine.execute_parallel(QUESTION, ["alpha"])
    assert (result.success, result.model_id, backend.asked) == (False, "alpha", [])
    assert result.error == "No model could be tried: Alpha (forbidden by your rule (models.toml:1))."


# --- cost -------------------------------------------------------------------------------------------------------------


def test_rules_cost_microseconds(router_of: Any) -> None:
    """Fifty that do not hold take well under a tenth of a millisecond, on a machine under load too."""
    kinds = ('category = "math", chat = {0}', 'language = "ta", chat = {0}', 'complexity = "> 0.9", chat = {0}',
             'chat = {0}, text = "word{0}"', 'text = "word{0}"')  # fmt: skip
    text = "".join(one_rule(kinds[n % 5].format(n)) for n in range(50))
    router = router_of(text)
    task, query = router.decide(QUESTION).classification, Query(QUESTION, chat_id="99/0")
    best = min(_seconds(lambda: router.rules.matching(query, task)) for _ in range(5))
    assert best < 100e-6
    assert not router.rules.matching(query, task)


def _seconds(call: Any, rounds: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(rounds):
        call()
    return (time.perf_counter() - began) / rounds
