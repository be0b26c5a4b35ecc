"""What a model writes pings nobody and holds nothing to tap, by the word of Telegram's own parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.disarm import WORD_JOINER, disarmed
from routing.response_formatter import ResponseFormatter
from routing.rich_text import Marks, RichText, Run, Style
from tests.telegram_parser import found_in, parse_markdown_v2

ARMED_KINDS = {"Mention", "BotCommand", "MentionName"}


def armed(text: str) -> list[tuple[str, str]]:
    """The mentions and commands that Telegram finds in a message outside of its code."""
    return [found for found in found_in(text) if found[0] in ARMED_KINDS]


@pytest.mark.parametrize(
    "text",
    [
        "@alice, look",
        "ask (@alice_b) or @bob!",
        "/new begins anew",
        "type /stop@switchboard_bot now",
        "a line\n/forget yes",
        "**@al**ice and *@*bob",
        "> @carol in a quote",
        "[@dave](https://example.com) and @eve",
        "| who | what |\n|---|---|\n| @alice | /new |",
        "[you](tg://user?id=42)",
        "é@bob ß/stop ,/stop.",
    ],
)
def test_nobody_is_pinged_and_nothing_can_be_tapped(text: str) -> None:
    """Whatever the markup around it: Telegram finds no mention and no command in the message."""
    assert armed(text) or "tg://" in text or "**@al**" in text or "|" in text
    for part in ResponseFormatter(disarm=True).format(text).parts:
        message = parse_markdown_v2(part)
        in_code = [entity for entity in message.entities if entity["type"] in ("code", "pre")]
        assert in_code or not armed(message.text)
        assert not [entity for entity in message.entities if entity["type"] == "text_mention"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*"@/_0é.,<> \n(:-~", "alice", "stop", "https://", "a.bc"]), max_size=14).map("".join))
def test_no_arrangement_of_signs_gets_through(text: str) -> None:
    """Telegram finds no mention and no command in any disarmed text, and nothing else was changed."""
    result = disarmed(RichText.of([Run(text)])).text
    assert not armed(result)
    assert result.replace(WORD_JOINER, "") == text


def test_what_people_copy_stays_as_it_is() -> None:
    """Addresses of mail, paths and code hold no invisible characters."""
    for text in ("mail a@example.com", "/usr/bin/env, a/b and 1/2", "https://example.com/a/new", "5 @ 3"):
        assert armed(text) == []
        assert disarmed(RichText.of([Run(text)])).text == text
    code = RichText.of([Run("say "), Run("@alice /stop", Marks(Style.CODE))])
    assert disarmed(code) == code


def test_an_address_with_a_name_in_it_stays_a_link() -> None:
    """It leads where it did, and still pings nobody."""
    (part,) = ResponseFormatter(disarm=True).format("see https://example.com/@alice/new now").parts
    message = parse_markdown_v2(part)
    assert [entity["url"] for entity in message.entities] == ["https://example.com/@alice/new"]
    assert not armed(message.text)


def test_our_own_words_keep_their_commands() -> None:
    """A footer says what to tap, and a formatter that is not told to disarm leaves everything."""
    (answer,) = ResponseFormatter(disarm=True).format("Hello @bob.", footer="/new begins a new one").parts
    assert [found[1] for found in armed(parse_markdown_v2(answer).text)] == ["/new"]
    (screen,) = ResponseFormatter().format("/help lists them").parts
    assert [found[1] for found in armed(parse_markdown_v2(screen).text)] == ["/help"]
