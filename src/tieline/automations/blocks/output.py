"""Output and run title."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tieline.automations.blocks.listing import choice
from tieline.automations.blocks.values import decoded
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import BlockType, CompileContext, Stop, register
from tieline.automations.engine.state import OUTPUT_LIMIT
from tieline.automations.formulas import text_of
from tieline.security.egress.errors import BadUrl
from tieline.security.egress.urls import parse

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LONGEST_TITLE = 500
LONGEST_MARKDOWN = 100_000  # characters


@register
class ShowBlock(BlockType):
    type = "ShowBlock"
    shared = True
    pinnable = False
    doc = "Output: adds a value to the run's output (`display_mode` add), replaces it (set) or merges it (merge)."

    def compile(self, context: CompileContext) -> Any:
        mode = choice(context, ("display_mode",), ("add", "set", "merge"), "add")
        return (
            context.formula(context.input("input")),
            mode,
            choice(context, ("format",), ("plain", "markdown"), "plain"),
        )

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        value = program[0].evaluate(context.state, context.env)
        if program[2] == "plain":
            return value
        return markdown(text_of(value))

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        state, mode = context.state, program[1]
        if mode in ("set", "merge"):
            value = decoded(output)
            last = decoded(state.shown[-1]) if state.shown else None
            if mode == "merge" and isinstance(last, dict) and isinstance(value, dict):
                value = {**last, **value}
            elif mode == "merge" and isinstance(last, list) and isinstance(value, list):
                value = [*last, *value]
            value = value if mode == "merge" else output
            size = codec.size(value)
            if size > OUTPUT_LIMIT:
                context.warn(f"the run's output is over {OUTPUT_LIMIT // 2**20} MB; what comes after is left out")
                return output
            state.shown, state.shown_bytes = [value], size
            return output
        state.shown_bytes += codec.size(output)
        if state.shown_bytes > OUTPUT_LIMIT:
            if state.shown_bytes - codec.size(output) <= OUTPUT_LIMIT:
                context.warn(f"the run's output is over {OUTPUT_LIMIT // 2**20} MB; what comes after is left out")
            return output
        state.shown.append(output)
        return output


def markdown(text: str) -> dict[str, str]:
    """``{markdown, html}``: CommonMark with tables, as HTML that can be shown as it is. HTML in the text is shown as
    text, and links that would run a script are left out.
    """
    if len(text) > LONGEST_MARKDOWN:
        raise BlockInputInvalid(f"the text has {len(text)} characters; at most {LONGEST_MARKDOWN} become Markdown")
    return {"markdown": text, "html": _renderer().render(text)}


@lru_cache(maxsize=1)
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt  # late: few runs need it

    return MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough")


@register
class RedirectBlock(BlockType):
    """The run's output becomes ``[{"redirect": url}]``: who waits for the run's answer sends the browser there."""

    type = "RedirectBlock"
    pinnable = False
    doc = "Redirect: ends the run and sends whoever waits for its answer to another web address."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("url", ""))

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        url = text_of(program.evaluate(context.state, context.env)).strip()
        try:
            target = parse(url)
        except BadUrl as error:
            raise BlockInputInvalid(f"url cannot be redirected to: {error.detail}") from None
        context.state.shown = [{"redirect": target.text}]
        context.state.shown_bytes = codec.size(context.state.shown)
        return Stop()


@register
class UpdateJobBlock(BlockType):
    type = "UpdateJobBlock"
    shared = True
    pinnable = False
    doc = "Update run title: sets the title that the list of runs shows."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("title", ""))

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return text_of(program.evaluate(context.state, context.env))[:LONGEST_TITLE]

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        context.state.title = output
        return output
