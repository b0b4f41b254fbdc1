"""The text of a PDF page as runs with their place, size and face, and the lines that are drawn around it.

Reads the operators of a page's content stream that place text (ISO 32000-1 sections 8.4 and 9.4); fonts are decoded by
pypdf. Pages, streams and operators are bounded: a hostile file ends in a clear error, never in a full memory.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.prose.items import MAX_TEXT, Clock
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

MAX_PAGES = 2_000
_MAX_STREAM = 3_000_000
_MAX_OPERATIONS = 400_000
_MAX_RUNS = 40_000
_MAX_FORMS = 200
_MONO = re.compile(r"cour|mono|consol|menlo|monaco|typewriter|fixed|source ?code|inconsolata|lucidacons", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
_BROKEN = (
    *(KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, AssertionError, RecursionError),
    NotImplementedError,  # a filter that nobody knows
)

Matrix = tuple[float, float, float, float, float, float]
_OPERANDS = {b"cm": 6, b"Tm": 6, b"Td": 2, b"TD": 2, b"Tc": 1, b"Tw": 1, b"Tz": 1, b"TL": 1, b"Ts": 1}
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Run:
    """A piece of text on one baseline, in points from the lower left corner."""

    x0: float
    x1: float
    y: float
    size: float
    text: str
    mono: bool = False
    bold: bool = False


@dataclass(slots=True)
class Page:
    """One page: its runs, and the horizontal (y, x0, x1) and vertical (x, y0, y1) rules drawn on it."""

    number: int
    runs: list[Run] = field(default_factory=list)
    across: list[tuple[float, float, float]] = field(default_factory=list)
    down: list[tuple[float, float, float]] = field(default_factory=list)
    height: float = 842.0


def read_pages(data: bytes, clock: Clock) -> tuple[list[Page], str, bool]:
    """The pages of a PDF, the title that it names, and whether it holds pictures.

    Raises `UnreadableDocument` for an encrypted or broken file, `DocumentTooLarge` beyond the limits.
    """
    import pypdf
    from pypdf.errors import LimitReachedError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    limits: dict[str, Any] = {
        "zlib_maximum_output_length": _MAX_STREAM * 2,
        "lzw_maximum_output_length": _MAX_STREAM * 2,
        "run_length_maximum_output_length": _MAX_STREAM * 2,
        "array_based_stream_maximum_output_length": _MAX_STREAM * 2,
        "stream_decoding_work_maximum_length": _MAX_STREAM * 4,
        "stream_parsing_work_maximum_count": 600_000,
        "page_tree_maximum_entries": 20_000,
        "page_tree_maximum_page_entries": 200_000,
        "jbig2dec_binary": None,
    }
    with pypdf.apply_configuration(pypdf.Configuration(**limits)):
        try:
            reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise UnreadableDocument("The PDF is encrypted; save it without a password and import it again.")
            title = str(reader.metadata.get("/Title") or "") if reader.metadata else ""
            return _pages(reader, clock), title, _has_pictures(reader)
        except (LimitReachedError, MemoryError):
            raise DocumentTooLarge("The PDF unpacks to more than we are willing to read.") from None
        except pypdf.errors.DependencyError:
            raise UnreadableDocument(
                "The PDF is encrypted in a way that cannot be read; save it unprotected."
            ) from None
        except (PyPdfError, *_BROKEN) as error:
            raise UnreadableDocument(f"not readable as PDF: {str(error)[:200]}") from None


def _pages(reader: Any, clock: Clock) -> list[Page]:
    found: list[Page] = []
    letters = 0
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise DocumentTooLarge(f"{count:,} pages; the limit is {MAX_PAGES:,}. Give the pages that document the API.")
    for number in range(count):
        clock.check()
        page = Page(number + 1)
        found.append(page)
        source = reader.pages[number]
        try:
            page.height = float(source.mediabox.height)
            stream = source.get_contents()
        except _BROKEN:
            continue
        if stream is not None:
            _Interpreter(reader, page, clock).run(stream, source.get("/Resources"), _SAME)
        letters += sum(len(run.text) for run in page.runs)
        if letters > MAX_TEXT:
            raise DocumentTooLarge(f"More than {MAX_TEXT // 10**6} million characters; split the document.")
    return found


def _has_pictures(reader: Any) -> bool:
    """True where the first pages show pictures: a scan, if there is no text either."""
    for page in [reader.pages[number] for number in range(min(3, len(reader.pages)))]:
        try:
            objects = page["/Resources"]["/XObject"].get_object()
            if any(one.get_object().get("/Subtype") == "/Image" for one in objects.values()):
                return True
        except _BROKEN:
            continue
    return False


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


def _numbers(operands: Any, count: int) -> tuple[float, ...] | None:
    if len(operands) < count:
        return None
    try:
        return tuple(float(one) for one in operands[-count:])
    except (TypeError, ValueError):
        return None


@dataclass(slots=True)
class _State:
    matrix: Matrix = _SAME
    font: Any = None
    mono: bool = False
    bold: bool = False
    size: float = 12.0
    spacing: float = 0.0
    word: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0

    def copy(self) -> _State:
        return _State(*(getattr(self, name) for name in self.__slots__))


class _Interpreter:
    def __init__(self, reader: Any, page: Page, clock: Clock) -> None:
        self.reader = reader
        self.page = page
        self.clock = clock
        self.forms = 0
        self.operations = 0
        self.state = _State()
        self.line: Matrix = _SAME
        self.at: Matrix = _SAME
        self.pen: tuple[float, float] = (0.0, 0.0)

    def run(self, stream: Any, resources: Any, matrix: Matrix) -> None:
        """Execute one content stream (a page or a form)."""
        from pypdf.generic import ContentStream

        data = stream.get_data()
        if len(data) > _MAX_STREAM:
            raise DocumentTooLarge(f"A page holds more than {_MAX_STREAM // 10**6} MB of drawing; split the document.")
        if not isinstance(stream, ContentStream):
            stream = ContentStream(stream, self.reader, "bytes")
        else:
            stream.forced_encoding = "bytes"
        resources = resources.get_object() if resources is not None else {}
        fonts: dict[str, tuple[Any, bool, bool]] = {}
        stack: list[_State] = []
        self.state.matrix = matrix
        for operands, operator in self._operations(stream):
            self.operations += 1
            if self.operations > _MAX_OPERATIONS or len(self.page.runs) > _MAX_RUNS:
                return
            if self.operations % 5000 == 0:
                self.clock.check()
            if operator == b"q":
                if len(stack) < 500:
                    stack.append(self.state.copy())
            elif operator == b"Q":
                self.state = stack.pop() if stack else self.state
            elif operator == b"Do":
                self._form(operands, resources)
            elif operator == b"Tf":
                self._font(operands, resources, fonts)
            else:
                self._simple(operator, operands)

    @staticmethod
    def _operations(stream: Any) -> Iterator[tuple[Any, bytes]]:
        try:
            yield from stream.operations
        except _BROKEN:
            return

    def _simple(self, operator: bytes, operands: Any) -> None:
        if operator == b"BT":
            self.line = self.at = _SAME
        elif operator in (b"Tj", b"'", b'"', b"TJ", b"T*"):
            self._text(operator, operands)
        elif operator in (b"re", b"m", b"l"):
            self._draw(operator, operands)
        elif (wanted := _OPERANDS.get(operator)) is not None and (values := _numbers(operands, wanted)) is not None:
            self._place(operator, values)

    def _place(self, operator: bytes, values: tuple[float, ...]) -> None:
        if operator == b"cm":
            self.state.matrix = _times(values, self.state.matrix)  # type: ignore[arg-type]
        elif operator == b"Tm":
            self.line = self.at = values  # type: ignore[assignment]
        elif operator in (b"Td", b"TD"):
            self._move(values[0], values[1])
            if operator == b"TD":
                self.state.leading = -values[1]
        else:
            self._set(operator, values[0])

    def _text(self, operator: bytes, operands: Any) -> None:
        if operator in (b"'", b'"', b"T*"):
            if operator == b'"' and (values := _numbers(operands[:2], 2)) is not None:
                self.state.word, self.state.spacing = values
            self._move(0, -self.state.leading)
        if operator == b"TJ":
            self._show(operands[0] if operands and isinstance(operands[0], list) else [])
        elif operator != b"T*":
            self._show(operands[2:3] if operator == b'"' else operands[:1])

    def _set(self, operator: bytes, value: float) -> None:
        state = self.state
        if operator == b"Tc":
            state.spacing = value
        elif operator == b"Tw":
            state.word = value
        elif operator == b"Tz":
            state.scale = value / 100
        elif operator == b"TL":
            state.leading = value
        else:
            state.rise = value

    def _move(self, x: float, y: float) -> None:
        self.line = self.at = _times((1, 0, 0, 1, x, y), self.line)

    def _font(self, operands: Any, resources: Any, fonts: dict[str, tuple[Any, bool, bool]]) -> None:
        if len(operands) < 2:
            return
        name = str(operands[0])
        if name not in fonts:
            fonts[name] = self._load(name, resources)
        self.state.font, self.state.mono, self.state.bold = fonts[name]
        if (size := _numbers(operands, 1)) is not None:
            self.state.size = size[0]

    @staticmethod
    def _load(name: str, resources: Any) -> tuple[Any, bool, bool]:
        from pypdf.generic._font import Font

        try:
            font = Font.from_font_resource(resources["/Font"].get_object()[name].get_object())
        except _BROKEN:
            return None, False, False
        face = f"{font.name} {font.font_descriptor.name} {font.font_descriptor.family}"
        flags = int(font.font_descriptor.flags or 0)
        # ISO 32000-1 table 123: bit 1 = fixed pitch, bit 19 = force bold.
        return font, bool(_MONO.search(face)) or bool(flags & 1), bool(_BOLD.search(face)) or bool(flags & 1 << 18)

    def _form(self, operands: Any, resources: Any) -> None:
        self.forms += 1
        if self.forms > _MAX_FORMS or not operands:
            return
        try:
            form = resources["/XObject"].get_object()[str(operands[0])].get_object()
            if form.get("/Subtype") != "/Form":
                return
            inner = _numbers(form.get("/Matrix") or [], 6) or _SAME
        except _BROKEN:
            return
        kept, line, at = self.state, self.line, self.at
        self.state = kept.copy()
        self.run(form, form.get("/Resources") or resources, _times(inner, kept.matrix))  # type: ignore[arg-type]
        self.state, self.line, self.at = kept, line, at

    def _show(self, parts: Any) -> None:
        state = self.state
        for part in parts:
            if isinstance(part, int | float):
                shift = -float(part) / 1000 * state.size * state.scale
                self.at = _times((1, 0, 0, 1, shift, 0), self.at)
            elif isinstance(part, str | bytes):
                self._run(part)

    def _run(self, value: str | bytes) -> None:
        state, font = self.state, self.state.font
        text, codes = _decode(value, font)
        wide = font.get_text_width(codes) / 1000 if font is not None else 0.5 * len(codes)
        advance = (wide * state.size + state.spacing * len(codes) + state.word * text.count(" ")) * state.scale
        whole = _times(self.at, state.matrix)
        self.at = _times((1, 0, 0, 1, advance, 0), self.at)
        if abs(whole[1]) > abs(whole[0]) or whole[0] <= 0:
            return  # turned or mirrored: a watermark, a note in the margin
        x1 = _times(self.at, state.matrix)[4]
        size = abs(state.size) * (whole[2] ** 2 + whole[3] ** 2) ** 0.5
        if text.strip() and size > 1 and abs(whole[4]) < 1e5 and abs(whole[5]) < 1e5:
            lead = len(text) - len(text.lstrip())
            each = (x1 - whole[4]) / max(len(text), 1)
            kept = text.strip()
            x0 = whole[4] + lead * each
            self.page.runs.append(
                Run(
                    x0,
                    x0 + each * len(kept) if lead or kept != text else x1,
                    whole[5],
                    size,
                    kept,
                    state.mono,
                    state.bold,
                )
            )

    def _draw(self, operator: bytes, operands: Any) -> None:
        if operator == b"re":
            if (values := _numbers(operands, 4)) is None:
                return
            x, y = self._point(values[0], values[1])
            right, top = self._point(values[0] + values[2], values[1] + values[3])
            for low in (y, top):
                self._rule((x, low), (right, low))
            for side in (x, right):
                self._rule((side, y), (side, top))
            return
        if (values := _numbers(operands, 2)) is None:
            return
        point = self._point(values[0], values[1])
        if operator == b"l":
            self._rule(self.pen, point)
        self.pen = point

    def _point(self, x: float, y: float) -> tuple[float, float]:
        m = self.state.matrix
        return x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5]

    def _rule(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        if len(self.page.across) + len(self.page.down) > _MAX_RUNS:
            return
        wide, high = abs(start[0] - end[0]), abs(start[1] - end[1])
        if high < 1.5 and wide > 8:
            self.page.across.append((start[1], min(start[0], end[0]), max(start[0], end[0])))
        elif wide < 1.5 and high > 6:
            self.page.down.append((start[0], min(start[1], end[1]), max(start[1], end[1])))


def _decode(value: str | bytes, font: Any) -> tuple[str, str]:
    """The text that a string shows, and its character codes as pypdf's widths know them."""
    if isinstance(value, str):
        value = getattr(value, "original_bytes", None) or value.encode("latin-1", "replace")
    if font is None:
        text = value.decode("latin-1")
        return text, text
    if isinstance(font.encoding, str):
        try:
            codes = value.decode(font.encoding, "surrogatepass")
        except (UnicodeDecodeError, LookupError):
            codes = value.decode("latin-1")
        return "".join(font.character_map.get(one, one) for one in codes), codes
    codes = value.decode("latin-1")
    shown = "".join(font.encoding.get(one, chr(one)) for one in value)
    return "".join(font.character_map.get(one, one) for one in shown), codes
