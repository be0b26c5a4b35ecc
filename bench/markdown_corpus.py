"""Markdown to measure the formatter with: hostile cases, the forms of CommonMark, and replies as models write them."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = "👨‍👩‍👧‍👦"

_INLINE = (
    "**bold**",
    "*italic*",
    "***both***",
    "__bold__",
    "_italic_",
    "___x___",
    "~~gone~~",
    "`code`",
    "``a ` b``",
    "[link](https://example.com/a_(b))",
    "[`code`](https://example.com)",
    "[**bold** `code`](https://example.com/?q=1&r=2)",
    "**bold `code` bold**",
    "*it **bo** it*",
    "**bo *it* bo**",
    "<https://example.com/x_y_z>",
    "![image](https://example.com/i.png)",
    "[![badge](https://example.com/b.svg)](https://example.com)",
    "<b>html</b>",
    "H<sub>2</sub>O and x<sup>2</sup>",
    "vector<int> and <foo bar>",
    "a<br>b",
    "$x^2 + y_1$",
    r"\(a_b + c_d\)",
    "costs $5 and $10",
    "snake_case_name __init__ 2*3*4",
    r"\*not bold\* \_x\_ \\ \` \[",
    "&amp; &lt;tag&gt; &copy; &nbsp;x",
    "日本語**太字**です",
    f"{FAMILY} 👩🏽‍🚀 🇩🇪",
    "שלום **עולם** \u200fabc",
)

_FRAMES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: f"# {text}",
    lambda text: f"- {text}\n  - {text}\n    1. {text}",
    lambda text: f"> {text}\n> {text}",
    lambda text: f"> - {text}\n>\n> > {text}",
    lambda text: f"1. {text}\n\n   > {text}\n\n2. {text}",
    lambda text: f"| {text} | b |\n|---|---|\n| c | {text} |",
    lambda text: f"**a {text} b**",
    lambda text: f"{text}{text}",
)

_BY_HAND = (
    "",
    " \n\t ",
    "\u200b\u2060",
    "\u3164",
    "\u0301\u0302",
    "a\x00b\x07c\x1b[31md",
    "line\r\nline\rline",
    "a\u2028b\u2029c\x85d",
    "\ud800 lone \udfff",
    "\u202eright to left\u202c",
    "```",
    "```py",
    "```py\n",
    "```py\nprint()",
    "~~~\na\n```\nb\n~~~",
    "````md\n```py\nx\n```\n````",
    "```c++ title=x\nint a;\n```",
    "```{.python #id}\nx\n```",
    "```\n`tick` \\ back ``` more\n```",
    "    indented code\n\n    more",
    "- item\n\n  ```sh\n  ls -la\n  ```\n- next",
    "- ```sh\n  ls\n  ```",
    "> ```js\n> a > b\n> ```\n> after",
    "> a\n\n> b\n\n- > c\n- > d",
    "> " * 60 + "deep",
    "> " * 190 + "deeper",
    "> " * 400 + "deepest words",
    "- " * 60 + "deep",
    "- " * 300 + "deepest words",
    "1. " * 120 + "deep",
    "\n".join("  " * depth + "- level " + str(depth) for depth in range(120)),
    "*" * 500 + "a" + "*" * 500,
    "**a" * 300,
    "_a_" * 300,
    "[" * 500,
    "[a](" * 300,
    "![" * 300 + "a",
    "<" * 500,
    "`" * 501 + "a",
    "$" * 501,
    "\\" * 501,
    "\\(" * 300,
    "&" * 500,
    "| " * 300,
    "|" * 300 + "\n" + "|-" * 300,
    "#" * 50 + " heading",
    "####### seven",
    "Title\n=====\nSub\n---\ntext",
    "a\n***\nb\n___\nc",
    "* * *\n- - -",
    "[x](javascript:alert(1))",
    "[x](mailto:a@example.com)",
    "[x](tg://user?id=1234567)",
    "[x](tg://resolve?domain=durov)",
    "[x](http://localhost:3000/a)",
    "[x](ftp://example.com/f)",
    "[x](/relative/path.md)",
    "[x](#anchor)",
    "[](https://example.com)",
    "[ ](https://example.com)",
    "![](https://example.com/i.png)",
    "![alt](data:image/png;base64,AAAA)",
    "[x](<https://example.com/a b>)",
    '[x](https://example.com "title _with_ (marks)")',
    "[x](https://example.com/" + "a" * 5000 + ")",
    "[x](https://例え.jp/パス)",
    "[x](https://example.com:99999)",
    "[x](http://)",
    "[x](https://[::1]/)",
    "[a][1] and [b]\n\n[1]: https://example.com\n[b]: https://example.org",
    "text\n\n[unused]: https://example.com\n[^1]: footnote",
    "[note]: important",
    "<think>plan **x**\n\n```py\na\n```\n> q\n</think>\n\nanswer",
    "<think>never closed",
    "<think></think>answer",
    "thought without opening\n</think>\nanswer",
    "say `</think>` here",
    "<thinking>a</thinking>b",
    "<b>unclosed",
    "closed</b>",
    "<b>a<i>b</b>c</i>",
    "use `<b>` and </b>",
    "<details>\n<summary>More</summary>\n\ninside **bold**\n\n</details>",
    "<!-- comment -->",
    "<script>alert(1)</script>",
    "<div align='center'>centre</div>",
    "a <br/> b<br>c",
    "<u>under</u>_it_<u>x</u>",
    "_it_<u>under</u>_it_",
    "<u>_both_</u>__bold__",
    "**>not a quote||",
    "||spoiler||",
    "a|b||c",
    "@someone /start #tag $TAG",
    "$$\nx\n- y\n$$",
    "$$a$$ and $$b$$",
    "\\[\nx = y\n\\]",
    "\\[ x \\]",
    "text \\[ x \\] text",
    "$$ never closed\n\nmore",
    "\\( never closed",
    "$HOME/bin:$PATH",
    "from $5 to $10, or US$20",
    "`$x$` and ```$y$```",
    "| a | b\n|---|---\n| 1 | 2 | 3 | 4",
    "| a | b |\n|---|---|\n| `x|y` | `a||b` |",
    "| a | b |\n|:-:|--:|\n| x \\| y | 1 |",
    "| a | b |\n|---|---|\n\nafter",
    "| one |\n|---|\n| x |",
    "a | b\n--|--\n1 | 2",
    "| a | b | c |\n|---|---|\n| 1 | 2 | 3 |",
    "|  |  |\n|---|---|\n|  |  |",
    "| 名前 | 値 |\n|---|---|\n| 東京 | 1 |\n| a | 大阪府 |",
    f"| emoji | n |\n|---|---|\n| {FAMILY} | 1 |\n| ✅ | 2 |\n| ❤️ | 3 |",
    "| ﬀ | ạ̈ |\n|---|---|\n| é | ｗｉｄｅ |",
    "| link | x |\n|---|---|\n| [a](https://example.com) | **b** |",
    "| long | text |\n|---|---|\n| " + "word " * 30 + "| " + "more " * 30 + "|",
    "> | a | b |\n> |---|---|\n> | 1 | 2 |",
    "- | a | b |\n  |---|---|\n  | 1 | 2 |",
    "text\n| a | b |\n|---|---|\n| 1 | 2 |\ntext after",
    "- [ ] open\n- [x] done\n- [X] done\n1. [ ] numbered",
    "-\n-\n\n1.\n2.",
    "0. zero\n1. one",
    "7) seven\n8) eight",
    "+ plus\n* star\n- minus",
    "a  \nb\\\nc",
    "z\u0335\u0336\u0337\u0338" * 50,
    "a" + "\u0301" * 5000,
    FAMILY * 800,
    "🇩🇪" * 1500,
    "a" * 9000,
    "字" * 9000,
    "😀" * 4500,
    "`" + "x" * 9000 + "`",
    "**" + "bold " * 2000 + "**",
    "```py\n" + "line\n" * 3000 + "```",
    "```\n" + "x" * 9000 + "\n```",
    "> " + "quote " * 2000,
    " ".join(f"**b{number}**" for number in range(400)),
    " ".join(f"[l{number}](https://example.com/{'p' * 900})" for number in range(120)),
    " ".join(f"`c{number}`" for number in range(250)),
    "# H\n\n" * 200,
    "\n\n".join(f"# Heading {number}\n\n" + "text " * 150 for number in range(30)),
    "\n" * 5000 + "x",
    " " * 5000 + "x",
    "x" + "\n" * 9000 + "y",
    "()[]{}<>#+-=|.!~`>_*\\" * 20,
    "1\\. 2\\) \\- \\+",
    "https://example.com/a_b_c?x=*y*&z=__w__",
    "file_name.py, __init__.py and a_b",
    "**「太字」**の後",
    "これは**重要**です。*斜体*も。",
    "**Bold:**text and **bold**text",
    "*a*b*c* **d**e**f**",
    "~one~ ~~two~~ ~~~three~~~",
    "==mark== ^sup^ ~sub~ :emoji: {x}",
)


def hostile() -> list[str]:
    """Return hand-made cases: every inline form in every frame, and all that ever went wrong anywhere."""
    return [*_BY_HAND, *(frame(text) for text, frame in product(_INLINE, _FRAMES))]


def commonmark() -> list[str]:
    """Return the forms of CommonMark, two by two next to each other."""
    blocks = (
        "Paragraph with *emphasis*,\nover two lines.",
        "## Heading with `code`",
        "Setext\n------",
        "- one\n- two\n\n  second paragraph\n- three",
        "1. one\n   - nested\n2. two",
        "> quoted\nlazy line",
        "```rust\nfn main() {}\n```",
        "    indented",
        "***",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Line  \nbreak and\\\nanother",
        "[ref] and ![pic](https://example.com/p.png)\n\n[ref]: https://example.com",
        "<b>inline</b> &quot;entity&quot; &#35; &#x22;",
        "Escaped \\# \\> \\- \\+ \\. \\!",
    )
    return [f"{first}{gap}{second}" for first, second in product(blocks, blocks) for gap in ("\n\n", "\n")]


_PROSE = (
    "the model answers a question about data with several steps and checks every result before it continues while "
    "memory stays low because caching helps when requests arrive often and latency matters more than throughput for "
    "people who wait in front of a screen although batch jobs prefer efficiency over speed in most cases"
)
_WORDS = _PROSE.split()
_FOREIGN = (
    "これは日本語の段落です。モデルは質問に答えます。",
    "这是一个中文段落，用来测试格式化。",
    "Это абзац на русском языке, в нём есть несколько слов.",
    "هذه فقرة باللغة العربية لاختبار التنسيق.",
    "यह हिन्दी में एक अनुच्छेद है।",
)
_CODE = {
    "python": 'def add(a: int, b: int) -> int:\n    """Add two numbers."""\n    return a + b\n\n\nprint(add(1, 2))',
    "javascript": "const f = async (x) => {\n  const r = await fetch(`/api/${x}`);\n  return r.json();\n};",
    "bash": 'for f in *.txt; do\n  echo "$f" | tr a-z A-Z\ndone',
    "sql": "SELECT name, COUNT(*)\nFROM users\nWHERE age > 30\nGROUP BY name;",
    "json": '{\n  "key": ["a", "b"],\n  "n": 1\n}',
    "c++": "std::vector<int> v = {1, 2, 3};\nfor (auto &x : v) x *= 2;",
    "": "plain text\n  in a block",
}


class _Writer:
    """Writes replies as chat models do, from a fixed seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def reply(self, blocks: int) -> str:
        kinds = (self.paragraph, self.paragraph, self.heading, self.bullets, self.steps, self.code, self.table)
        rare = (self.quote, self.maths, self.foreign, self.nested, self.wide_table, self.rule)
        chosen = [self._random.choice(kinds if self._random.random() < 0.8 else rare) for _ in range(blocks)]
        return "\n\n".join([self.paragraph(), *(kind() for kind in chosen), self.paragraph()])

    def words(self, low: int, high: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=self._random.randint(low, high)))

    def sentence(self) -> str:
        plain = self.words(5, 14).capitalize()
        extra = self._random.choice(
            (
                "",
                "",
                f" **{self.words(1, 3)}**",
                f" *{self.words(1, 2)}*",
                " `cache_size`",
                " `x = [1, 2]`",
                f" [{self.words(1, 3)}](https://docs.example.com/{self._random.choice(_WORDS)}_guide#part-1)",
                " (about $20)",
                " in `__init__.py`",
                " — e.g. 3.5x",
            )
        )
        return f"{plain}{extra}{self._random.choice('...?!:')}"

    def paragraph(self) -> str:
        return " ".join(self.sentence() for _ in range(self._random.randint(1, 5)))

    def heading(self) -> str:
        return f"{'#' * self._random.randint(1, 4)} {self._random.choice(('', '1. ', '🚀 '))}{self.words(2, 6).title()}"

    def bullets(self) -> str:
        mark = self._random.choice("-*")
        return "\n".join(f"{mark} **{self.words(1, 3).title()}**: {self.sentence()}" for _ in range(4))

    def steps(self) -> str:
        gap = self._random.choice(("\n", "\n\n"))
        return gap.join(f"{number}. {self.sentence()}\n   - {self.sentence()}" for number in range(1, 5))

    def nested(self) -> str:
        code = "   ```bash\n   pip install example\n   ```"
        inner = f"   - {self.words(2, 5)}\n     - {self.words(2, 5)}"
        return f"1. {self.sentence()}\n\n{code}\n\n2. {self.sentence()}\n{inner}"

    def code(self) -> str:
        language = self._random.choice(list(_CODE))
        body = "\n\n".join([_CODE[language]] * self._random.randint(1, 4))
        return f"```{language}\n{body}\n```"

    def table(self) -> str:
        rows = [
            f"| {self._random.choice(_WORDS)} | {self._random.randint(1, 999)} | {self._random.choice('✅❌')} |"
            for _ in range(self._random.randint(2, 6))
        ]
        return "\n".join(["| Name | Value | OK |", "|:-----|------:|:--:|", *rows])

    def wide_table(self) -> str:
        rows = [f"| **{self.words(1, 2)}** | {self.sentence()} | `{self._random.choice(_WORDS)}` |" for _ in range(4)]
        return "\n".join(["| Feature | Description | Code |", "|---|---|---|", *rows])

    def quote(self) -> str:
        return f"> **Note:** {self.sentence()}\n> {self.sentence()}"

    def maths(self) -> str:
        return "The area is $\\pi r^2$, so\n\n$$\nA = \\int_0^1 x^2 \\, dx\n$$\n\nand \\(a_1 + b_2\\) holds."

    def foreign(self) -> str:
        return self._random.choice(_FOREIGN) + f" **{self._random.choice(_FOREIGN)}**"

    def rule(self) -> str:
        return "---"


def replies(count: int = 400) -> list[str]:
    """Return replies of usual length."""
    writer = _Writer(1)
    return [writer.reply(2 + number % 12) for number in range(count)]


def documents(count: int = 100) -> list[str]:
    """Return long replies, of several messages each."""
    writer = _Writer(2)
    return [writer.reply(25 + number) for number in range(count)]


def prefixes(count: int = 3000) -> list[tuple[str, str]]:
    """Return (beginning, whole) of replies that are being streamed."""
    chance, texts = random.Random(3), [*replies(150), *documents(10)]
    wholes = [chance.choice(texts) for _ in range(count)]
    return [(whole[: chance.randint(1, len(whole))], whole) for whole in wholes]
