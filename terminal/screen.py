"""Screen: where the terminal's answers, notes and reports go, rendered for a person or plain for a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from terminal.control_characters import printable
from terminal.growing_markdown import GrowingMarkdown

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType, RenderResult


_PIPE_COLUMNS = 200
_QUICK_CHARACTERS = 10_000


class AnswerView(Protocol):
    """One growing answer, between `with` and its end; what was written stays, however it ends."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exc_info: object) -> None:
        """End; show all that came."""

    def write(self, text: str) -> None:
        """Show a piece more."""

    def status(self, text: str) -> None:
        """Say what is waited for; the next piece replaces it."""

    def void(self, reason: str) -> None:
        """Say why what was shown no longer counts, and begin anew."""


class Screen(Protocol):
    """Where everything is shown."""

    def answer(self) -> AnswerView:
        """Begin an answer."""

    def markdown(self, text: str) -> None:
        """Show a text of ours that is Markdown."""

    def note(self, text: str) -> None:
        """Show a remark beside the conversation, such as a receipt."""

    def show(self, drawing: RenderableType) -> None:
        """Show something that was drawn with rich."""


def open_screen(stream: TextIO | None = None) -> Screen:
    """Render for a person at a terminal; write plain text into anything else."""
    stream = stream or sys.stdout
    return RichScreen(stream) if stream.isatty() else PlainScreen(stream)


class PlainScreen:
    """Plain text, as it comes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def answer(self) -> AnswerView:
        """Begin an answer."""
        return _PlainAnswer(self._stream)

    def markdown(self, text: str) -> None:
        """Show a text of ours as it is written."""
        self.note(text)

    def note(self, text: str) -> None:
        """Show a remark."""
        print(printable(text), file=self._stream, flush=True)

    def show(self, drawing: RenderableType) -> None:
        """Show a drawing, wide enough that a table's line is a line; a text is not broken into lines at all."""
        Console(file=self._stream, width=_PIPE_COLUMNS).print(drawing, soft_wrap=isinstance(drawing, Text))


class _PlainAnswer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._at_line_start = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._end_line()

    def write(self, text: str) -> None:
        if shown := printable(text):
            self._stream.write(shown)
            self._stream.flush()
            self._at_line_start = shown.endswith("\n")

    def status(self, text: str) -> None:
        """Say nothing: what passes does not belong into a file."""

    def void(self, reason: str) -> None:
        self._end_line()
        self.write(f"{reason}\n")

    def _end_line(self) -> None:
        if not self._at_line_start:
            self.write("\n")


class RichScreen:
    """Markdown rendered with rich. Nothing that comes from outside is read as rich's markup or as escape codes."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, markup=False, emoji=False, highlight=False)

    def answer(self) -> AnswerView:
        """Begin an answer that is rendered while it grows."""
        return _RichAnswer(self._console)

    def markdown(self, text: str) -> None:
        """Render Markdown."""
        self._console.print(rendered(text))

    def note(self, text: str) -> None:
        """Show a remark, dimmed."""
        self._console.print(Text(printable(text), style="dim"))

    def show(self, drawing: RenderableType) -> None:
        """Show a drawing."""
        self._console.print(drawing)


class _RichAnswer:
    """Finished blocks are printed for good; the one that grows is drawn anew several times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._growing = GrowingMarkdown()
        self._status = "…"
        self._live = Live(
            console=console,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self._tail,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.stop()
        if rest := self._growing.take_rest():
            self._console.print(rendered(rest))

    def write(self, text: str) -> None:
        self._growing.add(printable(text))
        if "\n" in text and (done := self._growing.take_finished()):
            self._console.print(rendered(done))

    def status(self, text: str) -> None:
        self._status = printable(text)

    def void(self, reason: str) -> None:
        if rest := self._growing.take_rest():
            self._console.print(rendered(rest))
        self._console.print(Text(printable(reason), style="yellow"))

    def _tail(self) -> RenderableType:
        if not self._growing.text:
            return Text(self._status, style="dim")
        return _LastLines(_quickly_rendered(self._growing.text))


class _LastLines:
    """As much of the end of something as fits the window: what is taller could not be drawn anew."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._whole, options, pad=False)
        for line in lines[-max(1, console.height - 1) :]:
            yield from line
            yield Segment.line()


def _quickly_rendered(text: str) -> RenderableType:
    """Render what grows; a block too long to be rendered several times a second stays plain until it is finished."""
    return rendered(text) if len(text) <= _QUICK_CHARACTERS else Text(text[-_QUICK_CHARACTERS:])


def rendered(text: str) -> Markdown:
    """Make Markdown ready for rich; where a link leads is shown, not hidden behind its text."""
    return Markdown(printable(text), code_theme="ansi_dark", hyperlinks=False)
