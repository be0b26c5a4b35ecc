"""What a message is made of, by attachment and by wording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routing.intelligent_router import IntelligentRouter
from routing.modality_words import attached_modality, modality_of
from routing.model_registry import ModelRegistry
from routing.task_classifier import TaskClassifier
from routing.types import Attachment, Modality, Query
from routing.words import words_of

MESSAGES = Path(__file__).parent.parent / "training" / "messages"
PICTURE = Attachment(Modality.IMAGE, b"x", "image/png")


def asked(text):
    return modality_of(Query(text), words_of(text))


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("draw me a cat", Modality.IMAGE),
        ("can you please sketch a lighthouse at dawn", Modality.IMAGE),
        ("make me a logo for a bakery", Modality.IMAGE),
        ("picture of a fox reading a newspaper", Modality.IMAGE),
        ("what's in this picture", Modality.IMAGE),
        ("what does the sign in the photo say", Modality.IMAGE),
        ("zeichne mir einen Leuchtturm", Modality.IMAGE),
        ("dessine-moi un mouton", Modality.IMAGE),
        ("crea una imagen de un gato astronauta", Modality.IMAGE),
        ("o que está escrito nesta foto", Modality.IMAGE),
        ("нарисуй кота в шляпе", Modality.IMAGE),
        ("इस फोटो में क्या लिखा है", Modality.IMAGE),
        ("फ्रेशर्स पार्टी का पोस्टर बना दो", Modality.IMAGE),
        ("is photo me kya likha hai", Modality.IMAGE),
        ("ഒരു ആനയുടെ പടം വരച്ചു തരുമോ", Modality.IMAGE),
        ("画一只猫", Modality.IMAGE),
        ("この写真は何ですか", Modality.IMAGE),
        ("고양이 그려줘", Modality.IMAGE),
        ("ช่วยวาดรูปแมวให้หน่อย", Modality.IMAGE),
        ("transcribe this voice note", Modality.AUDIO),
        ("sum up the voice message from my sister", Modality.AUDIO),
        ("read this aloud", Modality.AUDIO),
        ("transcribe this video", Modality.VIDEO),
        ("make a video of a rising sun", Modality.VIDEO),
        ("what happens in this video", Modality.VIDEO),
        ("summarise this pdf", Modality.DOCUMENT),
        ("fasse dieses Dokument zusammen", Modality.DOCUMENT),
    ],
)
def test_a_thing_to_be_made_or_read_is_known_by_wording(text, modality):
    """In the languages people use, with nothing attached."""
    assert asked(text) is modality


@pytest.mark.parametrize(
    "text",
    [
        "",
        "how do I draw a cat",
        "draw a conclusion from these figures",
        "in how many ways can I draw two cards",
        "what is the picture plane in perspective",
        "who painted the night watch",
        "how do I make a video on my phone",
        "write a function that returns an image",
        "make a list of good films",
        "why is my voice hoarse",
        "is pdf better than epub",
        "wie streiche ich eine Wand",
    ],
)
def test_talk_of_such_things_is_text(text):
    """How a picture is made, or what one is, is answered in words."""
    assert asked(text) is Modality.TEXT


def test_of_all_messages_hardly_one_is_taken_for_what_it_is_not():
    """In the corpus less than one message of text in five hundred is taken for another modality."""
    rows = [json.loads(line) for path in MESSAGES.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    texts = [row["text"] for row in rows if "modality" not in row]
    assert sum(asked(text) is not Modality.TEXT for text in texts) < len(texts) / 500


def test_what_is_attached_comes_before_what_is_said():
    """The hardest to take in of all that is attached decides, whatever the words."""
    recording = Attachment(Modality.AUDIO, b"x", "audio/ogg")
    assert modality_of(Query("draw me a cat", (recording,)), words_of("draw me a cat")) is Modality.AUDIO
    assert attached_modality(Query("", (PICTURE, recording))) is Modality.AUDIO
    assert attached_modality(Query("draw me a cat")) is Modality.TEXT


def test_the_classification_says_what_the_wording_asks_for():
    """A picture that is asked for makes the task one about an image."""
    assert TaskClassifier().classify("draw me a cat").modality is Modality.IMAGE


def test_words_alone_shut_no_model_out():
    """Any model may draw a cat in letters, or say that it sees none; a picture that is there needs one that sees."""
    router = IntelligentRouter(ModelRegistry())
    every = {model.model_id for model in router.registry.get_all_models()}

    def candidates(query):
        return {candidate.model.model_id for candidate in router.decide(query).candidates}

    for text in ("draw me a cat", "what's in this picture", "transcribe this voice note", "what happens in this video"):
        assert len(candidates(Query(text)) & every) > 1
    assert candidates(Query("what's in this picture", (PICTURE,))) & every == {"lmstudio_llava"}


def test_a_paste_is_not_read_for_it():
    """A long text that happens to speak of this picture is text."""
    assert asked("look at this picture " + "and so on it went " * 20) is Modality.TEXT
