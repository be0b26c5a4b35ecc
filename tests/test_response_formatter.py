"""ResponseFormatter, judged by Telegram's own parser."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bench.formatter import (
    aligned_tables,
    flickers,
    grid_is_aligned,
    measure,
    over_limit,
)
from bench.markdown_corpus import commonmark, documents, hostile, prefixes, replies
from routing.response_formatter import ResponseFormatter, escape_markdown_v2, format_for_telegram
from routing.rich_text import utf16_length
from tests.telegram_parser import ParsedText, ParseRefused, parse_markdown_v2

FORMATTER = ResponseFormatter()


def parsed(markdown: str, formatter: ResponseFormatter = FORMATTER) -> ParsedText:
    """Format a text that gives one message, and parse it as Telegram does."""
    (part,) = formatter.format(markdown).parts
    return parse_markdown_v2(part)


def shown(markdown: str) -> str:
    return parsed(markdown).text


def kinds(markdown: str) -> list[tuple[str, str]]:
    """Each entity of a one-message text, as its type and the text it covers, in order."""
    text, entities = parsed(markdown)
    raw = text.encode("utf-16-le")
    pieces = (raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])] for entity in entities)
    return [
        (entity["type"], piece.decode("utf-16-le").rstrip()) for entity, piece in zip(entities, pieces, strict=True)
    ]


# --- marks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**a**", [("bold", "a")]),
        ("__a__", [("bold", "a")]),
        ("*a*", [("italic", "a")]),
        ("~~a~~", [("strikethrough", "a")]),
        ("`a_b*`", [("code", "a_b*")]),
        ("# a", [("bold", "a")]),
        ("# a *b*", [("bold", "a b"), ("italic", "b")]),
        ("***a***", [("bold", "a"), ("italic", "a")]),
        ("___a___", [("bold", "a"), ("italic", "a")]),
        ("**a *b* c**", [("bold", "a b c"), ("italic", "b")]),
        ("*a **b** c*", [("italic", "a"), ("bold", "b"), ("italic", "b"), ("italic", " c")]),
        ("**a `b` c**", [("bold", "a"), ("code", "b"), ("bold", " c")]),
        ("<u>a</u>*b*<u>c</u>", [("underline", "a"), ("italic", "b"), ("underline", "c")]),
        ("<u>*a*</u>", [("italic", "a")]),
        ("[**a** b](https://x.org/y)", [("text_link", "a b"), ("bold", "a")]),
        ("[`a`](https://x.org/y)", [("text_link", "a")]),
        ("**[a](https://x.org/y)**", [("text_link", "a"), ("bold", "a")]),
        ("> a **b**", [("blockquote", "a b"), ("bold", "b")]),
        ("**「太字」**の後", [("bold", "「太字」")]),
        ("**Note:**text", [("bold", "Note:")]),
    ],
)
def test_marks_nest_as_telegram_allows(markdown, expected):
    """Every mark reaches the reader, and code stands alone."""
    assert kinds(markdown) == expected


@pytest.mark.parametrize(
    "text",
    ["snake_case_name", "2*3*4 = 24", "f(**kwargs, **options)", "a ** b", "vector<int> and <foo bar>", "||x|| **>y"],
)
def test_text_that_only_looks_like_markup_stays(text):
    """Underscores, stars and angle brackets of code in prose are shown as they are."""
    if "2*3*4" in text:
        assert shown(text) == "234 = 24"  # CommonMark's own reading: an emphasised 3
    else:
        assert shown(text) == text
        assert kinds(text) == []


def test_an_error_of_markdown_v2_in_triple_underscores_cannot_happen():
    """Italics beside and inside underlines are told apart for Telegram."""
    assert shown("*a*<u>b</u>*c* <u>d *e* f</u>") == "abc d e f"


# --- blocks -------------------------------------------------------------------------------------------------------


def test_lists_have_bullets_numbers_and_indents():
    """Lists are drawn with text, each level further in."""
    source = "- a\n- b\n  1. c\n  2. d\n     - e"
    assert shown(source) == "• a\n• b\n  1. c\n  2. d\n    ▪ e"


def test_tasks_have_boxes():
    """A task list shows boxes in place of brackets."""
    assert shown("- [ ] a\n- [x] b\n\n1. [X] c") == "☐ a\n☑ b\n\n1. ☑ c"


def test_numbers_are_the_models_own():
    """A list that begins at 7 stays so."""
    assert shown("7) a\n8) b") == "7) a\n8) b"


@pytest.mark.parametrize("language", ["python", "c++", "objective-c", "c#"])
def test_code_blocks_keep_their_language(language):
    """Telegram names the language above a block."""
    (entity,) = parsed(f"```{language} title=x\ncode\n```").entities
    assert entity["language"] == language


def test_an_unsafe_language_is_left_out():
    """A language that Telegram would print into the code is dropped."""
    text, (entity,) = parsed("```{.python}\ncode\n```")
    assert (text, entity.get("language")) == ("code", None)


def test_code_keeps_its_indentation_and_backticks():
    """What stands in a code block is shown to the last character."""
    code = "    if `x`:\n\n\treturn '\\`'"
    assert shown(f"````py\n{code}\n````") == code


def test_code_inside_a_quote_has_no_stray_marks():
    """A quoted code block's lines do not begin with an angle bracket."""
    assert kinds("> a\n>\n> ```py\n> b\n> c\n> ```\n> d") == [("blockquote", "a\n\nb\nc\nd"), ("pre", "b\nc")]


def test_quotes_inside_quotes_become_one():
    """Telegram has no nested quotes, so the inner one joins the outer."""
    assert kinds("> a\n>\n> > b") == [("blockquote", "a\n\nb")]


def test_two_quotes_stay_two():
    """A blank line between two quotes keeps them apart."""
    assert [kind for kind, _ in kinds("> a\n\n> b")] == ["blockquote", "blockquote"]


@pytest.mark.parametrize("depth", [30, 190, 400])
@pytest.mark.parametrize("marker", ["> ", "- ", "1. "])
def test_text_nested_too_deep_is_still_shown(marker, depth):
    """markdown-it drops what is deeper than its limit; here it is kept."""
    assert "deepest words" in shown(marker * depth + "deepest words")


def test_a_thought_is_an_expandable_quote():
    """A leading <think> is folded away, with its formatting."""
    assert kinds("<think>a **b**\n\n- c\n</think>\n\nanswer") == [
        ("expandable_blockquote", "a b\n\n• c"),
        ("bold", "b"),
    ]


def test_a_thought_that_the_template_opened_is_recognised():
    """Some models only close their thought."""
    assert kinds("a thought\n</think>\n\nanswer")[0] == ("expandable_blockquote", "a thought")


def test_a_tag_within_code_is_no_thought():
    """Text about the tag is text."""
    assert kinds("write `</think>` at the end") == [("code", "</think>")]


# --- HTML, maths, links -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("<b>a</b>", "a"),
        ("use the <b> tag", "use the <b> tag"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("H<sub>2</sub>O", "H₂O"),
        ("x<sup>n+1</sup>", "xⁿ⁺¹"),
        ("x<sup>QED</sup>", "x^(QED)"),
        ("<unknown>a</unknown>", "<unknown>a</unknown>"),
        ("<!-- a -->", "<!-- a -->"),
        ("&lt;a&gt; &amp;copy;", "<a> &copy;"),
    ],
)
def test_html_is_understood_or_shown(markdown, expected):
    """Known tags in pairs do what they mean; everything else is text."""
    assert shown(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "formulas"),
    [
        ("so $x^2 + y_1$ holds", ["x^2 + y_1"]),
        (r"so \(a_b * c_d\) holds", ["a_b * c_d"]),
        ("for $n$ items in $O(n)$", ["n", "O(n)"]),
        ("it costs $5 and then $10", []),
        ("from $5 to US$20, or $3/month", []),
        ("$HOME/bin:$PATH", []),
        ("`$x$` stays", ["$x$"]),
    ],
)
def test_maths_is_told_from_prices(markdown, formulas):
    """A formula is monospace without its dollars; a price is text."""
    assert [text for kind, text in kinds(markdown) if kind == "code"] == formulas


@pytest.mark.parametrize(("opening", "closing"), [("$$", "$$"), ("\\[", "\\]")])
def test_display_maths_is_a_block(opening, closing):
    """Lines of a formula that look like lists stay a formula."""
    source = f"so\n\n{opening}\na\n- b_1\n+ c\n{closing}\n\nholds"
    assert kinds(source) == [("pre", "a\n- b_1\n+ c")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://x.org/a_b?c=(d)", "label"),
        ("tg://resolve?domain=x", "label"),
        ("tg://user?id=1234567", "label (tg://user?id=1234567)"),
        ("mailto:a@x.org", "label (mailto:a@x.org)"),
        ("http://localhost:3000/a", "label (http://localhost:3000/a)"),
        ("https://x.org:99999", "label (https://x.org:99999)"),
        ("docs/read.md", "label (docs/read.md)"),
        ("#part", "label"),
        ("javascript:alert(1)", "label"),
        ("https://x.org/" + "a" * 3000, "label"),
    ],
)
def test_only_addresses_that_telegram_opens_become_links(target, expected):
    """Any other address is shown behind its label, so that nothing is lost; nobody is ever pinged."""
    text, entities = parsed(f"[label]({target})")
    assert text == expected
    assert all(entity["type"] == "text_link" for entity in entities)
    assert bool(entities) == (target.startswith(("https://x.org/a", "tg://resolve")) and len(target) < 2000)


def test_images_become_links():
    """An image is a link named by its description, or by its address."""
    assert kinds("![a *cat*](https://x.org/c.png)") == [("text_link", "a cat")]
    assert kinds("![](https://x.org/c.png)") == [("text_link", "https://x.org/c.png")]


def test_a_definition_that_nothing_uses_is_text():
    """Markdown hides link definitions; an unused one would be a lost line."""
    assert shown("a\n\n[1]: https://x.org/y") == "a\n\n[1]: https://x.org/y"
    assert kinds("see [b][1]\n\n[1]: https://x.org/y") == [("text_link", "b")]


# --- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["a", "日本語", "✅", "👨‍👩‍👧", "é", "ｗｉｄｅ", "❤️"])
def test_tables_are_aligned_by_display_width(cell):
    """The bars of a table stand below each other, whatever the cells are made of."""
    source = f"| name | n |\n|:--|--:|\n| {cell} | 1 |\n| longer | 1000 |"
    ((kind, grid),) = kinds(source)
    assert kind == "pre"
    assert grid_is_aligned(grid)
    assert re.search(r"longer +│ 1000$", grid)


def test_pipes_in_code_do_not_part_cells():
    """A pipe in code or behind a backslash belongs to its cell."""
    ((_, grid),) = kinds("| a | b |\n|---|---|\n| `x|y` | c \\| d |")
    assert grid.splitlines()[-1] == "x|y │ c | d"


def test_cells_beyond_the_header_are_kept():
    """A row with too many cells loses none."""
    ((_, grid),) = kinds("| a | b |\n|---|---|\n| 1 | 2 | 3 |")
    assert grid.splitlines()[-1] == "1 │ 2 | 3"


def test_a_wide_table_becomes_rows():
    """What does not fit a phone is written as header and value, with its formatting."""
    long = "word " * 12
    source = f"| Name | About |\n|---|---|\n| **a** | {long}|\n| b | `c` |"
    assert shown(source) == f"Name: a\nAbout: {long.strip()}\n\nName: b\nAbout: c"
    assert ("code", "c") in kinds(source)


def test_a_cell_that_a_row_lacks_is_left_out():
    """A row of a wide table says only what it has, so that a thousand columns do not make a million lines."""
    columns = 1000
    source = "\n".join(("| n " * columns + "|", "|---" * columns + "|", *["| 7"] * columns))
    assert len(FORMATTER.format(source).plain_text) < 10 * len(source)
    assert "n: 7\n\nn: 7" in FORMATTER.format(source).plain_text


def test_a_long_header_is_not_repeated_thousands_of_times():
    """A header of a page over many rows stands there once, its rows below it as lines."""
    source = f"| {'long ' * 200}| b |\n|---|---|\n" + "| x | y |\n" * 1000
    text = FORMATTER.format(source).plain_text
    assert len(text) < 2 * len(source)
    assert text.endswith("x | y\nx | y")


def test_a_table_with_links_keeps_them():
    """Monospace cannot hold links, so such a table becomes rows."""
    assert ("text_link", "x") in kinds("| a | b |\n|---|---|\n| [x](https://x.org/y) | 1 |")


# --- hostile text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060", "\u3164", "\u0301", "```\n```", "<think></think>"])
def test_nothing_visible_gives_no_message(text):
    """Telegram refuses messages without anything to see."""
    assert FORMATTER.format(text).parts == ()


def test_characters_that_telegram_refuses_are_replaced():
    """Lone surrogates, control characters and odd line ends become harmless."""
    assert shown("a\ud800b\x00c\r\nd\u2028e\x1bf") == "a\ufffdb c\nd\ne f"


def test_recursion_stays_within_pythons_limit():
    """The deepest nesting is read from deep inside a call stack."""

    def deep(frames):
        return deep(frames - 1) if frames else FORMATTER.format("[" * 1000 + "> " * 300).parts

    assert deep(200)


# --- parts --------------------------------------------------------------------------------------------------------


def texts_of(markdown: str, **options) -> list[ParsedText]:
    return [parse_markdown_v2(part) for part in ResponseFormatter(**options).format(markdown).parts]


def test_a_long_code_block_is_closed_and_reopened():
    """Each part of a long block is a block of the same language, cut between lines."""
    lines = [f"line_{number} = {number}" for number in range(1000)]
    parts = texts_of("```python\n" + "\n".join(lines) + "\n```")
    assert len(parts) > 3
    assert all([entity["language"] for entity in part.entities] == ["python"] for part in parts)
    assert "\n".join(part.text for part in parts).split("\n") == lines


def test_cuts_prefer_blocks_then_lines_then_sentences_then_spaces():
    """The best place near the end of a part is taken."""
    paragraph = "Word word word. " * 5
    assert texts_of(f"{paragraph}\n\n{paragraph}", max_length=100)[0].text == paragraph.strip()
    assert texts_of("a " * 40 + "\n" + "b " * 40, max_length=100)[0].text == ("a " * 40).strip()
    assert texts_of("Some words here. " * 10, max_length=100)[0].text.endswith("here.")
    assert texts_of("word " * 50, max_length=103)[0].text == ("word " * 20).strip()


def test_a_heading_stays_with_what_follows():
    """No part ends in a heading."""
    source = "\n\n".join(f"# Heading {number}\n\n" + "text " * 30 for number in range(50))
    assert not any(re.search(r"Heading \d+$", part.text) for part in texts_of(source, max_length=500))


@pytest.mark.parametrize("character", ["👨‍👩‍👧‍👦", "🇩🇪", "é", "👩🏽‍🚀", "한", "क्षि"])
def test_no_character_is_cut(character):
    """A part never ends inside of what people see as one character."""
    parts = texts_of(character * 3000)
    assert all(set(iter_graphemes(part.text)) == {character} for part in parts)
    assert "".join(part.text for part in parts) == character * 3000


def test_parts_stay_below_a_hundred_entities():
    """Telegram drops what comes after the hundredth, so the text is cut before."""
    parts = texts_of(" ".join(f"**b{number}** x" for number in range(350)))
    assert [len(part.entities) for part in parts] == [100, 100, 100, 50]


def test_long_addresses_stay_below_the_limit_of_bytes():
    """A message's markup is at most 32,768 bytes, addresses included."""
    links = " ".join(f"[l{number}](https://x.org/{'é_' * 150})" for number in range(90))
    parts = FORMATTER.format(links).parts
    assert max(len(part.encode()) for part in parts) <= 32_000
    assert sum(len(parse_markdown_v2(part).entities) for part in parts) == 90


@pytest.mark.parametrize("character", ["a", "字", "_", "😀", "\u0939"])
def test_markup_of_plain_text_stays_below_the_limit_of_bytes(character):
    """The densest text fits too."""
    assert max(len(part.encode()) for part in ResponseFormatter(4096).format(character * 20_000).parts) <= 32_000


def test_parts_are_shared_by_a_growing_text():
    """A part that is full does not change any more while the text grows."""
    text = documents(1)[0] + "\n\n" + documents(2)[1]
    whole = FORMATTER.format(text).parts
    for length in range(6000, len(text), 3000):
        parts = FORMATTER.format_prefix(text[:length]).parts
        assert parts[:-1] == whole[: len(parts) - 1]


# --- what is around a reply ---------------------------------------------------------------------------------------


def test_the_footer_is_the_last_line_in_italics():
    """The receipt stands below the reply, and is not read as Markdown."""
    footer = "Qwen2.5 7B · code · 1.2 s · *43* tok/s"
    (part,) = FORMATTER.format("**a**", footer=footer).parts
    text, entities = parse_markdown_v2(part)
    assert text == f"a\n\n{footer}"
    assert entities[-1] == {"type": "italic", "offset": 3, "length": len(footer)}


def test_a_footer_uses_what_max_length_leaves():
    """A full part takes the footer as long as Telegram's own limit allows, and a new part holds it beyond."""
    assert len(FORMATTER.format("a" * 4000, footer="f" * 90).parts) == 1
    assert len(ResponseFormatter(4096).format("a" * 4096, footer="f").parts) == 2
    assert len(FORMATTER.format(" ".join(f"`{n}`" for n in range(100)), footer="f").parts) == 2


def test_the_model_and_its_time_are_shown_when_asked_for():
    """include_model_info adds the specification's line."""
    formatted = FORMATTER.format("a", include_model_info=True, model_name="Qwen_2", execution_time=1.25)
    assert formatted.plain_text == "a\n\nQwen_2 · 1.2 s"
    assert FORMATTER.format("a", model_name="Qwen_2", execution_time=1.25).plain_text == "a"


def test_errors_are_not_read_as_markdown():
    """An error's own stars and underscores are shown."""
    (part,) = FORMATTER.format_error(ValueError("no *model_a* in `x`")).parts
    assert parse_markdown_v2(part) == ParsedText("⚠️ no *model_a* in `x`", [])


def test_several_replies_stand_under_their_models():
    """Each model's name is a bold title over its reply."""
    formatted = FORMATTER.format_multiple_responses(["*a*", "b"], ["M_1", "M_2"])
    text, entities = parse_markdown_v2(formatted.parts[0])
    assert text == "M_1\na\n\nM_2\nb"
    assert [entity["type"] for entity in entities] == ["bold", "italic", "bold"]


def test_several_replies_need_as_many_names():
    """A reply without its model is a mistake of the caller."""
    with pytest.raises(ValueError, match="zip"):
        FORMATTER.format_multiple_responses(["a"], [])


def test_statistics_are_lines():
    """Counts, rates and nested counts become readable lines."""
    stats = {"total_routed": 4, "success_rate": 0.5, "by_model": {"m_1": 3, "m_2": 1}}
    text = FORMATTER.format_stats(stats).plain_text
    assert text == "Total routed: 4\nSuccess rate: 0.5\n\nBy model\n• m_1: 3\n• m_2: 1"


def test_one_string_joins_the_parts():
    """format_for_telegram gives the parts with a blank line between them."""
    assert format_for_telegram("**a** `b`") == "*a* `b`"
    text = "word " * 2000
    assert format_for_telegram(text) == "\n\n".join(FORMATTER.format(text).parts)


def test_a_formatted_response_says_what_it_is():
    """The fields that callers rely on."""
    formatted = FORMATTER.format("a")
    assert (formatted.parts, formatted.parse_mode, formatted.truncated) == (("a",), "MarkdownV2", False)
    with pytest.raises(FrozenInstanceError):
        formatted.parts = ()  # type: ignore[misc]  # that it cannot be set is the point


def test_escaped_text_is_shown_as_it_is():
    """Every printable ASCII character survives."""
    text = "".join(map(chr, range(32, 127)))
    assert parse_markdown_v2(escape_markdown_v2(text)) == ParsedText(text, [])


def test_the_parser_of_the_tests_refuses_as_telegram_does():
    """The judge itself: Telegram's words for bad markup."""
    with pytest.raises(ParseRefused, match="Can't find end of Bold entity at byte offset 0"):
        parse_markdown_v2("*a")


def test_importing_builds_nothing():
    """The parser is built with the formatter, not with the module."""
    code = "import sys, routing.response_formatter, gc; from markdown_it import MarkdownIt; "
    code += "sys.exit(any(isinstance(thing, MarkdownIt) for thing in gc.get_objects()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- whole sets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [replies(120), documents(12), hostile(), commonmark()])
def test_whole_sets_are_accepted_and_complete(texts):
    """No refusal, nothing over a limit, no lost word, in realistic and hostile texts."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # for the reference, which goes as deep as the hostile cases do
    try:
        tally = measure(texts, FORMATTER)
    finally:
        sys.setrecursionlimit(limit)
    assert (tally.rejected, tally.over_limit, tally.lost) == (0, 0, [])
    assert tally.parts <= 1.08 * tally.ideal


@pytest.mark.parametrize("texts", [replies(120), documents(12)])
def test_realistic_replies_keep_their_formatting(texts):
    """Bold, italics, code, links, quotes and blocks all arrive, and no raw markup is seen."""
    tally = measure(texts, FORMATTER)
    assert tally.kept == tally.styled
    assert tally.raw == []


def test_all_drawn_tables_are_aligned():
    """Every grid of every set has its bars below each other."""
    tables, aligned = aligned_tables(FORMATTER)
    assert tables > 100
    assert aligned == tables


def test_both_forms_of_a_part_are_the_same():
    """The entities of plain_part are those that Telegram reads from the markup."""
    for markdown in (*hostile(), *replies(60)):
        formatted = FORMATTER.format(markdown)
        for index, part in enumerate(formatted.parts):
            text, entities = parse_markdown_v2(part)
            plain = formatted.plain_part(index)
            assert plain.text == text
            assert _comparable(plain.entities) == _comparable(entities)


def _comparable(entities):
    """Telegram puts a quote's last line end into it, and rewrites addresses; both show the same."""
    return Counter(
        (entity["type"], entity["offset"], 0 if "quote" in entity["type"] else entity["length"], entity.get("language"))
        for entity in entities
    )


# --- streaming ----------------------------------------------------------------------------------------------------


def test_streamed_beginnings_are_accepted_and_keep_their_word():
    """At most 0.5 % of the beginnings of replies show something that the whole reply does not."""
    outcomes = Counter(flickers(beginning, whole, FORMATTER) for beginning, whole in prefixes(600))
    assert outcomes[None] == 0
    assert outcomes[True] <= 0.005 * outcomes.total()


@pytest.mark.parametrize(
    ("beginning", "text"),
    [
        ("a **bo", "a bo"),
        ("a **", "a"),
        ("a **bo*", "a bo"),
        ("a [lab", "a"),
        ("a [label](https://x.o", "a label"),
        ("a ![alt](https://x.o", "a alt"),
        ("a `co", "a co"),
        ("a `", "a"),
        ("a ``co`", "a co"),
        ("```py\nx = 1\n``", "x = 1"),
        ("a\n\n```", "a"),
        ("a $x^2 +", "a"),
        ("a $5 or", "a $5 or"),
        ("a \\(x_1", "a x_1"),
        ("a\n\n$$\nx_1", "a\n\nx_1"),
        ("a &am", "a"),
        ("a <b", "a"),
        ("a <b>bo", "a bo"),
        ("a\n\n| b | c |", "a"),
        ("a\n\n| b | c |\n|--", "a"),
        ("a\n\n| b | c |\n|---|---|\n| 1", "a"),
        ("a\n\n-", "a"),
        ("a\n---", "a"),
        ("<think>so", "so"),
        ("a !", "a"),
    ],
)
def test_open_constructs_are_healed(beginning, text):
    """Half of a construct is closed or held back while the reply is still coming."""
    assert FORMATTER.format_prefix(beginning).plain_text == text
    assert all(parse_markdown_v2(part) for part in FORMATTER.format_prefix(beginning).parts)


def test_finished_replies_are_not_healed():
    """What a finished reply leaves open is shown as it was written."""
    assert shown("a **bo") == "a **bo"
    assert shown("a [lab") == "a [lab"


# --- properties ---------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *"*_`~[]()<>#|$\\!&>-+=.: \n",
        *(
            "**",
            "__",
            "```",
            "```py\n",
            "\n\n",
            "\n> ",
            "\n- ",
            "\n1. ",
            "\n# ",
            "](https://x.org/a)",
            "|---|---|\n",
            "$$",
        ),
        *(
            "<b>",
            "</b>",
            "<br>",
            "<think>",
            "</think>",
            "\\(",
            "\\]",
            "[a]: https://x.org/\n",
            "    ",
            "\t",
            "![",
            "~~",
        ),
        *(
            "word",
            "a_b",
            "日本",
            "👩🏽‍🚀",
            "🇩🇪",
            "e\u0301",
            "\u200d",
            "\u202e",
            "שלום",
            "\x00",
            "\ud800",
            "\r\n",
            "\u2028",
        ),
    ]
)
MARKDOWN = st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join)
THOROUGH = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_sendable(formatted) -> None:
    parts = [parse_markdown_v2(part) for part in formatted.parts]
    assert not over_limit(parts)
    assert all(part.text.strip() for part in parts)


@THOROUGH
@given(MARKDOWN)
def test_any_text_is_sendable(markdown):
    """Telegram takes whatever a model writes."""
    assert_sendable(FORMATTER.format(markdown))


@THOROUGH
@given(MARKDOWN)
def test_any_beginning_is_sendable(markdown):
    """Telegram takes whatever a model has written so far."""
    assert_sendable(FORMATTER.format_prefix(markdown))


@THOROUGH
@given(MARKDOWN, st.integers(2, 60))
def test_any_cut_is_sendable(markdown, max_length):
    """Parts of any size are valid and within it."""
    formatted = ResponseFormatter(max_length).format(markdown)
    assert_sendable(formatted)
    assert all(utf16_length(formatted.plain_part(index).text) <= max_length for index in range(len(formatted.parts)))


@THOROUGH
@given(MARKDOWN)
def test_cutting_loses_no_character(markdown):
    """The parts together have every visible character of the whole, in order."""
    whole = ResponseFormatter(4096).format(markdown).plain_text
    parts = ResponseFormatter(20).format(markdown).plain_text
    assert _inked(parts) == _inked(whole)


def _inked(text):
    return [character for character in text if unicodedata.category(character)[0] not in "CZM"]


@THOROUGH
@given(
    st.lists(
        st.sampled_from(["**", "*", "_", "`", "> ", "- ", "# ", "\n", "\n\n", " ", "[", "](u)", "|", "\\"]), max_size=40
    )
)
def test_no_word_is_lost(marks):
    """Every word between any marks is shown."""
    source = "".join(f"{mark}w{number}" for number, mark in enumerate(marks))
    text = FORMATTER.format(source).plain_text
    assert [f"w{number}" for number in range(len(marks)) if f"w{number}" not in text] == []


@THOROUGH
@given(MARKDOWN)
def test_both_forms_always_agree(markdown):
    """Plain text with entities is what Telegram reads from the markup."""
    formatted = FORMATTER.format(markdown)
    for index, part in enumerate(formatted.parts):
        text, entities = parse_markdown_v2(part)
        assert formatted.plain_part(index).text == text
        assert _comparable(formatted.plain_part(index).entities) == _comparable(entities)


@pytest.fixture
def restless():
    """Have Python switch between threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_threads_may_share_a_formatter():
    """A formatter that eight threads use first at the same moment reads all of them right."""
    for _ in range(60):
        formatter, together = ResponseFormatter(), threading.Barrier(8)

        def formatted(formatter=formatter, together=together):
            together.wait()
            return formatter.format("# a\n\n- **b** `c`").parts

        with ThreadPoolExecutor(8) as pool:
            made = [pool.submit(formatted) for _ in range(8)]
        assert {parts.result() for parts in made} == {FORMATTER.format("# a\n\n- **b** `c`").parts}


_BAD_LUCK = [
    *("![", "[[a]", "*", "*a ", "*a_ ", "`", ">", "> ", "- ", "- a\n", "|", "$", "\\(", "<b>", "&", "```\n", "# a\n"),
    *("a\n=\n", "[a](", "[a]: b\n", "<think>", "a\n</think", "~~a", "_a__", "| a | b |\n|---|---|\n"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", [*_BAD_LUCK, "[%]", "![%](b)", "<%>"])
def test_thirty_thousand_marks_are_formatted_in_time(piece):
    """No mark that a model writes over and over takes longer than a text's length accounts for."""
    opening, _, closing = piece.partition("%")
    count = 30_000 // len(piece)
    text = opening * count + "a" + closing * count
    for response in (FORMATTER.format(text), FORMATTER.format_prefix(text)):
        for part in response.parts:
            assert utf16_length(parse_markdown_v2(part).text) <= 4096


def test_a_hundred_thousand_marks_are_formatted():
    """A text of marks alone, in no order, is still formatted."""
    chance = random.Random(5)
    text = "".join(chance.choice("*_`[]()<>$\\|#- \n") for _ in range(100_000))
    assert FORMATTER.format(text).parts
