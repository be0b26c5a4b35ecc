"""TaskClassifier: the specification's table, a labelled table of real messages, bad input and the conversation."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from routing.complexity import LEVELS, WEIGHTS, ComplexityEstimator, level_of
from routing.language import detect_language
from routing.task_classifier import TaskClassifier
from routing.tokens import estimate_tokens
from routing.types import (
    Attachment,
    Message,
    Modality,
    ModelCapability,
    Query,
    TaskCategory,
    TaskComplexity,
    Tier,
)
from tests.messages import MESSAGES

PICTURE = Attachment(Modality.IMAGE, b"\x89PNG", "image/png")


@pytest.fixture(scope="module")
def classifier():
    return TaskClassifier()


@pytest.mark.parametrize(
    ("text", "complexity", "category", "tokens"),
    [
        ("Hi", "trivial", "greeting", 50),
        ("What is Python?", "simple", "question", 100),
        ("Write a function to calculate fibonacci numbers", "complex", "code", 800),
        ("Explain quantum computing in detail with examples", "complex", "question", 1200),
    ],
)
def test_the_table_of_the_specification_comes_out(classifier, text, complexity, category, tokens):
    """The four queries of S1.7 get their complexity, category and length, from a string and from a Query."""
    for query in (text, Query(text)):
        found = classifier.classify(query)
        assert (found.complexity, found.category, found.estimated_tokens) == (complexity, category, tokens)


def test_real_messages_get_their_category(classifier):
    """At least 92 of 100 messages as people send them are told apart, and no category falls below 65."""
    wrong = [(text, label) for text, label in MESSAGES if classifier.classify(text).category is not label]
    missed, all_of = Counter(label for _, label in wrong), Counter(label for _, label in MESSAGES)
    assert len(MESSAGES) >= 120
    assert len(wrong) <= 0.08 * len(MESSAGES), wrong
    assert all(missed[label] <= 0.35 * all_of[label] for label in TaskCategory), wrong


@pytest.mark.parametrize(
    ("text", "not_this"),
    [
        ("what is the capital of France", TaskCategory.CODE),
        ("how many stars are in the sky", TaskCategory.CODE),
        ("where is the latest star wars movie set", TaskCategory.CODE),
        ("write me a poem about python the snake", TaskCategory.CODE),
        ("is rust on my car dangerous", TaskCategory.CODE),
        ("explain how weather works", TaskCategory.TOOL_USE),
    ],
)
def test_misleading_words_do_not_mislead(classifier, text, not_this):
    """A keyword inside another word, or in another sense, decides nothing."""
    assert classifier.classify(text).category is not not_this


@pytest.mark.parametrize("text", [text for text, _ in MESSAGES if len(text) > 12 and text.isascii()])
def test_level_and_score_say_the_same(classifier, text):
    """The complexity level is the score cut at the table's bounds, and the score the weighted sum of the factors."""
    found = classifier.classify(text)
    assert found.complexity is level_of(found.score)
    assert found.score == pytest.approx(sum(weight * found.factors[name] for name, weight in WEIGHTS.items()))
    assert 50 <= found.estimated_tokens <= 2000
    assert 0 <= found.confidence <= 1


def test_the_weights_are_those_of_the_specification():
    """The five factors weigh 30, 15, 25, 10 and 20 percent, and the levels cover every score."""
    assert list(WEIGHTS.values()) == [0.30, 0.15, 0.25, 0.10, 0.20]
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert {level_of(step / 100) for step in range(101)} == set(TaskComplexity)
    assert [bound for bound, _ in LEVELS] == sorted((bound for bound, _ in LEVELS), reverse=True)


def test_hello_is_light_and_a_security_analysis_heavy():
    """The two examples of S4 land in their tiers."""
    hello = ComplexityEstimator("Hello", 0, (), 0)
    assert (hello.score < 0.3, hello.recommended_tier) == (True, Tier.LIGHT)
    for message in (
        "Perform a security analysis of a zero-trust architecture",
        (
            "Analyze the security implications of implementing a zero-trust architecture in a distributed microservices"
            " environment, considering compliance requirements and threat models."
        ),
    ):
        heavy = ComplexityEstimator(message, 2048, ["security_analysis"], 5)
        assert heavy.score > 0.7
        assert heavy.recommended_tier is Tier.HEAVY


def test_each_factor_raises_the_score_on_its_own():
    """More context, a more critical capability, a longer conversation and more demand each weigh in."""
    plain = ComplexityEstimator("Look at this plan").score
    assert ComplexityEstimator("Look at this plan", context_length=4000).score > plain
    assert ComplexityEstimator("Look at this plan", agent_capabilities=("compliance",)).score > plain
    assert ComplexityEstimator("Look at this plan", history_length=10).score > plain
    assert ComplexityEstimator("Look at this plan in detail").score > plain


@pytest.mark.parametrize(
    ("text", "capabilities"),
    [
        ("Hi", {"general"}),
        ("write a python script that renames files", {"code", "general"}),
        ("solve x^2 = 9", {"math", "general"}),
        ("prove that there are infinitely many primes", {"math", "general"}),
        ("Anna is older than Ben, Ben is older than Carl, who is youngest", {"reasoning", "general"}),
        ("compare tea and coffee", {"reasoning", "general"}),
        ("remind me to call mom at 5pm", {"function_calling", "general"}),
        ("write a haiku about rain", {"general"}),
    ],
)
def test_capabilities_follow_from_the_category(classifier, text, capabilities):
    """S1.3's table says what a model must be able to do, and only real tool use asks for tools."""
    found = classifier.classify(text)
    assert found.required_capabilities == capabilities
    assert found.requires_tools is ("function_calling" in capabilities)


def test_an_image_asks_for_vision(classifier):
    """A picture needs a model that sees, with a caption, without one, and for a question that points back at it."""
    captioned = classifier.classify(Query("what is this?", attachments=(PICTURE,)))
    assert captioned.modality is Modality.IMAGE
    assert ModelCapability.VISION in captioned.required_capabilities
    assert captioned.prompt_tokens > 500
    assert ModelCapability.VISION in classifier.classify(Query("", attachments=(PICTURE,))).required_capabilities
    shown = (Message("user", "what is this?", (PICTURE,)), Message("assistant", "A car."))
    assert ModelCapability.VISION in classifier.classify(Query("is it red?", history=shown)).required_capabilities
    assert (
        ModelCapability.VISION not in classifier.classify(Query("tell me a joke", history=shown)).required_capabilities
    )


@pytest.mark.parametrize(
    ("modality", "expected"),
    [
        (Modality.AUDIO, Modality.AUDIO),
        (Modality.VIDEO, Modality.VIDEO),
        (Modality.DOCUMENT, Modality.DOCUMENT),
    ],
)
def test_modality_is_that_of_the_attachment(classifier, modality, expected):
    """Whatever is attached says what the query is made of."""
    assert classifier.classify(Query("and this", attachments=(Attachment(modality),))).modality is expected


CODED = (
    Message("user", "write a python function that sorts a list"),
    Message("assistant", "def sort(items): return sorted(items)"),
)


@pytest.mark.parametrize("text", ["and in Rust?", "now shorter", "why?", "what about an empty list", "does it work?"])
def test_a_follow_up_keeps_the_category(classifier, text):
    """A message that says little goes on with the one before it."""
    assert classifier.classify(Query(text, history=CODED)).category is TaskCategory.CODE


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("what is the capital of Peru?", TaskCategory.QUESTION),
        ("thanks!", TaskCategory.GREETING),
        ("write a poem about autumn", TaskCategory.CREATIVE),
        ("what is 15% of 80", TaskCategory.MATH),
    ],
)
def test_a_message_of_its_own_breaks_the_thread(classifier, text, category):
    """A message that names its own subject is classified by it."""
    assert classifier.classify(Query(text, history=CODED)).category is category


def test_what_may_go_on_with_another_message_is_weighed_by_itself_and_with_it(classifier):
    """A sum behind a request for code stays mostly a sum; the earlier message is felt."""
    history = (Message("user", "write a python function that parses dates"), Message("assistant", "def parse(): ..."))
    alone, behind = (
        classifier.classify("and 20 percent of 340?"),
        classifier.classify(Query("and 20 percent of 340?", history=history)),
    )
    assert behind.category is alone.category is TaskCategory.MATH
    assert behind.probabilities[TaskCategory.CODE] > alone.probabilities[TaskCategory.CODE]
    assert sum(behind.probabilities.values()) == pytest.approx(1)


def test_a_follow_up_of_a_follow_up_reaches_back(classifier):
    """Two short messages in a row still belong to the task before them."""
    history = (*CODED, Message("user", "and in Rust?"), Message("assistant", "fn sort() {}"))
    assert classifier.classify(Query("shorter", history=history)).category is TaskCategory.CODE


def test_thanks_stay_trivial_in_a_long_conversation(classifier):
    """What came before makes a greeting no harder."""
    assert classifier.classify(Query("thanks", history=CODED * 30)).complexity is TaskComplexity.TRIVIAL


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("explain gravity in one sentence", 50, 60),
        ("write an essay of 500 words about rome", 600, 750),
        ("write 3 paragraphs about bees", 300, 500),
        ("what is entropy, briefly", 50, 100),
        ("write a novel of 99999 words", 2000, 2000),
    ],
)
def test_the_length_that_is_asked_for_counts(classifier, text, low, high):
    """Words such as "in one sentence" set the length of the answer, within 50 to 2,000 tokens."""
    assert low <= classifier.classify(text).estimated_tokens <= high


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("write a function to reverse a string", "wrtie a fucntion to reverse a strng"),
        ("summarize the following text: it rained", "sumarize the folowing text: it rained"),
        ("calculate 23 times 19", "calulate 23 tims 19"),
        ("write a poem for my wife", "wriet a peom for my wife"),
        ("compare android and iphone", "comapre android and iphone"),
        ("explain how vaccines work", "explian how vacines wrok"),
        ("solve this equation for me", "sovle this equasion eqation for me"),
        ("debug this python script", "debgu this pyton scirpt"),
    ],
)
def test_typing_errors_do_not_change_the_category(classifier, right, wrong):
    """The same request with letters missing, doubled or swapped is classified alike."""
    assert classifier.classify(wrong).category is classifier.classify(right).category


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\x00\x01\x02\x07\x1b[31m",
        "\ud800 lone \udfff surrogates",
        "🎉🎉🎉",
        "\u200b\u200d\ufeff",
        "?" * 5000,
        "a" * 100_000,
        "1+" * 50_000,
        "1" * 300 + "a",
        "(" * 100_000,
        "\n" * 100_000,
        "नमस्ते " * 15_000,
        "\u0301" * 100_000,
        "$" * 1000,
    ],
    ids=lambda text: f"{text[:8]!a}x{len(text)}",
)
def test_any_text_is_classified_in_bounded_time(classifier, text):
    """Empty, broken, hostile and huge texts get a classification like any other."""
    began = time.perf_counter()
    found = classifier.classify(Query(text, history=(Message("user", text), Message("assistant", text))))
    assert time.perf_counter() - began < 1
    assert 50 <= found.estimated_tokens <= 2000
    assert 0 <= found.score <= 1


def test_an_empty_message_is_a_trivial_question(classifier):
    """Nothing said is the least there is, and the confidence says so."""
    found = classifier.classify("")
    assert (found.category, found.complexity) == (TaskCategory.QUESTION, TaskComplexity.TRIVIAL)
    assert found.confidence < 0.5


def test_the_request_is_found_at_the_end_of_a_long_text(classifier):
    """A pasted text of 100,000 characters is classified by what is asked before or after it."""
    pasted = "The council met on Tuesday and talked about the bridge. " * 1800
    assert classifier.classify("Summarize this: " + pasted).category is TaskCategory.ANALYSIS
    assert classifier.classify(pasted + "\n\nSummarize the text above.").category is TaskCategory.ANALYSIS
    assert classifier.classify(pasted).prompt_tokens == pytest.approx(len(pasted) / 4, rel=0.01)


def test_everything_a_model_reads_is_counted(classifier):
    """The prompt's tokens are those of the text, the system prompt and the history."""
    alone = classifier.classify(Query("x" * 400)).prompt_tokens
    together = classifier.classify(Query("x" * 400, system_prompt="y" * 400, history=CODED)).prompt_tokens
    assert alone == 104
    assert together > alone + 100


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("", 0, 0), ("word " * 100, 100, 130), ("你好世界" * 100, 240, 400), ("नमस्ते" * 100, 400, 600), ("\ud800", 1, 1)],
)
def test_tokens_are_estimated_for_any_script(text, low, high):
    """The estimate stays within what real vocabularies make of English, Chinese and Hindi."""
    assert low <= estimate_tokens(text) <= high


def test_a_long_text_is_measured_by_slices():
    """The estimate for a long text in another script agrees with counting all of it."""
    text = "Привет мир " * 10_000
    assert estimate_tokens(text) == pytest.approx(len(text.encode()) / 4, rel=0.01)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the weather like?", "en"),
        ("भारत की राजधानी क्या है", "hi"),
        ("तमिलनाडु कुठे आहे मला सांगा", "mr"),
        ("இந்தியாவின் தலைநகரம் என்ன", "ta"),
        ("భారతదేశ రాజధాని ఏమిటి", "te"),
        ("ভারতের রাজধানী কী", "bn"),
        ("ભારતની રાજધાની શું છે", "gu"),
        ("ಭಾರತದ ರಾಜಧಾನಿ ಯಾವುದು", "kn"),
        ("ഇന്ത്യയുടെ തലസ്ഥാനം ഏതാണ്", "ml"),
        ("ਭਾਰਤ ਦੀ ਰਾਜਧਾਨੀ ਕੀ ਹੈ", "pa"),
        ("Warum ist der Himmel blau und nicht grün?", "de"),
        ("pourquoi le ciel est bleu", "fr"),
        ("¿por qué el cielo es azul?", "es"),
        ("perché il cielo è blu", "it"),
        ("por que o céu é azul e não verde", "pt"),
        ("waarom is de lucht blauw en niet groen", "nl"),
        ("почему небо голубое", "ru"),
        ("天空为什么是蓝色的", "zh"),
        ("空はなぜ青いのですか", "ja"),
        ("하늘은 왜 파란가요", "ko"),
        ("لماذا السماء زرقاء", "ar"),
        ("gökyüzü neden mavi ve yeşil değil", "tr"),
        ("dlaczego niebo jest niebieskie", "pl"),
        ("mujhe python kaise sikhna hai", "hi"),
        ("Write a function to calculate fibonacci numbers", "en"),
        ("Create a class in Java", "en"),
        ("tell me a joke", "en"),
        ("plot y and x", "en"),
        ("a", "en"),
        ("Hallo", "de"),
        ("Guten Morgen", "de"),
        ("Danke!", "de"),
        ("Bonjour", "fr"),
        ("merci beaucoup", "fr"),
        ("Buenos días", "es"),
        ("gracias", "es"),
        ("grazie", "it"),
        ("Bom dia", "pt"),
        ("नमस्ते", "hi"),
        ("namaste", "hi"),
        ("def f(x): return x", "en"),
        ("", "en"),
        ("12345", "en"),
    ],
)
def test_the_language_is_known_by_script_and_function_words(text, language):
    """The ten languages of S5 and the most common others are told apart from one sentence."""
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text", ["how are you?", "How are you doing today", "What's up?", "Wie geht's?", "¿Qué tal?", "Ça va ?", "आप कैसे हैं?"]
)
def test_asking_how_it_goes_is_a_greeting(classifier, text):
    """Without a word of greeting, in the languages people use."""
    found = classifier.classify(text)
    assert (found.category, found.complexity) == (TaskCategory.GREETING, TaskComplexity.TRIVIAL)


@pytest.mark.parametrize("text", ["How are you made?", "what's up with Python 3.13", "Ça va coûter combien ?", "today"])
def test_a_question_that_begins_so_is_none(classifier, text):
    """It asks something of its own."""
    assert classifier.classify(text).category is not TaskCategory.GREETING


def test_a_definition_in_mid_sentence_is_code(classifier):
    """Code that is quoted behind words is code, although f(x) is mathematics elsewhere."""
    assert classifier.classify("Fix this: def f(x) return x").category is TaskCategory.CODE
    assert classifier.classify("Plot the function f(x) = x^2").category is TaskCategory.MATH


def test_code_in_a_message_does_not_hide_its_language():
    """A Hindi question about a Python function is Hindi."""
    assert detect_language("इस function को Python में कैसे लिखें?") == "hi"


def test_one_classifier_serves_every_chat(classifier):
    """Classifying keeps nothing: the same message is classified alike whatever came between."""
    before = classifier.classify("and in Rust?")
    classifier.classify(Query("and in Rust?", history=CODED))
    assert classifier.classify("and in Rust?") == before


def test_classifying_costs_next_to_nothing(classifier):
    """A short and a very long message are classified in well under a millisecond, with room for a slow machine."""
    long = "The quick brown fox jumps over the lazy dog. " * 1200
    for text in ("what is the capital of France", long):
        times = []
        for _ in range(100):
            began = time.perf_counter()
            classifier.classify(text)
            times.append(time.perf_counter() - began)
        assert sorted(times)[50] < 0.005
