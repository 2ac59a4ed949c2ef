"""What a hostile sender may try: each file is refused under its name, or served without what it hid."""

import io
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image

from app.core.later import Later
from app.documents import rules
from app.documents.inspection import process
from app.documents.inspection.process import look_into
from app.documents.inspection.verdict import HEIC, JPEG, PDF, PNG, Reason, Verdict
from tests.documents import corpus
from tests.documents.corpus import action, at_root, pdf

Make = Callable[[], bytes]
SCRIPT = "app.alert(1)"

REFUSED: dict[str, tuple[str, Make, Reason]] = {
    "a program called a PDF": (PDF, lambda: b"MZ" + bytes(500), Reason.TYPE_NOT_AS_DECLARED),
    "a page of HTML called a PNG": (PNG, lambda: b"<html><script>", Reason.TYPE_NOT_AS_DECLARED),
    "a PDF called a JPEG": (JPEG, corpus.scan, Reason.TYPE_NOT_AS_DECLARED),
    "a PDF behind other bytes": (PDF, lambda: b"\n" + corpus.scan(), Reason.TYPE_NOT_AS_DECLARED),
    "an SVG": ("image/svg+xml", lambda: b"<svg/>", Reason.TYPE_NOT_ALLOWED),
    "nothing": (PDF, lambda: b"", Reason.TYPE_NOT_AS_DECLARED),
    "10 MB and a byte": (
        PDF,
        lambda: corpus.scan().ljust(rules.MAX_BYTES + 1, b"\n"),
        Reason.TOO_LARGE,
    ),
    "a PDF that is a ZIP as well": (PDF, corpus.pdf_and_archive, Reason.TWO_FORMATS),
    "a ZIP inside a PDF's end": (PDF, corpus.pdf_around_an_archive, Reason.TWO_FORMATS),
    "a PDF with a script behind it": (PDF, lambda: pdf() + b"<script>", Reason.TWO_FORMATS),
    "900 megapixels of PNG": (PNG, corpus.png_bomb, Reason.TOO_MANY_PIXELS),
    "50 megapixels of PNG": (PNG, lambda: corpus.png_bomb(8000, 6250), Reason.TOO_MANY_PIXELS),
    "4 gigapixels of JPEG": (JPEG, corpus.jpeg_bomb, Reason.TOO_MANY_PIXELS),
    "half a PNG": (PNG, lambda: corpus.png()[:900], Reason.DAMAGED),
    "half a JPEG": (JPEG, lambda: corpus.photograph()[:-600], Reason.DAMAGED),
    "half a PDF": (PDF, lambda: corpus.scan()[:300], Reason.DAMAGED),
    "a PDF that ends twice and has no objects": (PDF, lambda: b"%PDF-1.7\n%%EOF\n", Reason.DAMAGED),
    "a PDF whose table is wrong": (
        PDF,
        lambda: corpus.scan().replace(b"startxref\n", b"startxref\n1"),
        Reason.DAMAGED,
    ),
    "HEIC that is not": (HEIC, lambda: b"\0\0\0\x18ftypheic" + bytes(900), Reason.DAMAGED),
    "a script": (PDF, lambda: pdf(action("/JavaScript", JS=SCRIPT)), Reason.ACTIVE_CONTENT),
    "a script in a compressed object stream": (
        PDF,
        lambda: pdf(action("/JavaScript", JS=SCRIPT), packed=True),
        Reason.ACTIVE_CONTENT,
    ),
    "a script by another spelling": (PDF, corpus.script_by_another_spelling, Reason.ACTIVE_CONTENT),
    "a script nothing refers to": (PDF, lambda: pdf(corpus.unreferenced_script), Reason.ACTIVE_CONTENT),
    "a program to start": (PDF, lambda: pdf(action("/Launch", F="cmd.exe")), Reason.ACTIVE_CONTENT),
    "something done when it is opened": (PDF, lambda: pdf(corpus.at_opening), Reason.ACTIVE_CONTENT),
    "something done when it is printed": (
        PDF,
        lambda: pdf(at_root("/AA", pikepdf.Dictionary())),
        Reason.ACTIVE_CONTENT,
    ),
    "a link": (PDF, lambda: pdf(action("/URI", URI="https://example.com")), Reason.EXTERNAL_LINK),
    "another file": (PDF, lambda: pdf(action("/GoToR", F="//host/x.pdf")), Reason.EXTERNAL_LINK),
    "a form that sends": (PDF, lambda: pdf(action("/SubmitForm", F="//host")), Reason.EXTERNAL_LINK),
    "an embedded file": (PDF, lambda: pdf(corpus.attached), Reason.EMBEDDED_FILE),
    "an embedded file, packed": (PDF, lambda: pdf(corpus.attached, packed=True), Reason.EMBEDDED_FILE),
    "a form that is a program": (PDF, lambda: pdf(corpus.form_program), Reason.FORM_PROGRAM),
    "encrypted": (
        PDF,
        lambda: pdf(encryption=pikepdf.Encryption(owner="o", user="u")),
        Reason.ENCRYPTED,
    ),
    "encrypted for nobody": (
        PDF,
        lambda: pdf(encryption=pikepdf.Encryption(owner="o", user="")),
        Reason.ENCRYPTED,
    ),
    "201 pages": (PDF, lambda: pdf(pages=201), Reason.TOO_MANY_PAGES),
    "no page": (PDF, lambda: pdf(pages=0), Reason.DAMAGED),
    "a stream of 400 MB": (PDF, lambda: pdf(corpus.stream_bomb), Reason.EXPANDS_TOO_MUCH),
    "a stream deflated twice": (PDF, lambda: pdf(corpus.nested_bomb), Reason.EXPANDS_TOO_MUCH),
    "an object stream of 300 MB": (PDF, corpus.object_stream_bomb, Reason.EXPANDS_TOO_MUCH),
    "a picture of 400 megapixels": (PDF, lambda: pdf(corpus.large_picture), Reason.TOO_MANY_PIXELS),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_file_is_refused_under_its_name(name: str) -> None:
    declared, make, reason = REFUSED[name]

    verdict = await look_into(make(), declared=declared)

    assert verdict == Verdict(reason)


async def test_a_photograph_is_served_upright_without_its_place_and_device() -> None:
    came = corpus.photograph()
    assert corpus.GPS_TEXT in came and b"Telephone of Tu" in came

    verdict = await look_into(came, declared=JPEG)

    assert (verdict.reason, verdict.content_type) == (None, JPEG)
    assert verdict.content is not None
    for trace in (b"Exif", corpus.GPS_TEXT, b"Telephone", b"Tu was here"):
        assert trace not in verdict.content
    with Image.open(io.BytesIO(verdict.content)) as served:
        assert served.size == (48, 64)
        assert not served.getexif()


async def test_a_photograph_in_heic_is_served_as_a_jpeg_of_the_same_picture() -> None:
    assert b"Telephone of Tu" in corpus.heic()

    verdict = await look_into(corpus.heic(), declared=HEIC)

    assert (verdict.reason, verdict.content_type) == (None, JPEG)
    assert verdict.content is not None and b"Telephone" not in verdict.content
    with Image.open(io.BytesIO(verdict.content)) as served:
        blue, red = served.getpixel((8, 32)), served.getpixel((56, 32))
    assert isinstance(blue, tuple) and isinstance(red, tuple)
    assert blue[2] > 2 * blue[0] and red[0] > 2 * red[2]


async def test_what_stands_behind_or_between_the_pixels_is_gone() -> None:
    came = corpus.png() + corpus.archive()

    verdict = await look_into(came, declared=PNG)

    assert verdict.content is not None
    assert b"run.js" not in verdict.content
    with Image.open(io.BytesIO(came)) as before, Image.open(io.BytesIO(verdict.content)) as after:
        assert before.tobytes() == after.tobytes()


async def test_a_picture_that_says_less_than_it_holds_costs_no_memory() -> None:
    verdict = await look_into(corpus.png_that_lies(), declared=PNG)

    assert verdict.reason in {None, Reason.DAMAGED}
    assert verdict.content is None or len(verdict.content) < 1000


async def test_a_scan_stays_readable_and_is_written_the_same_every_time() -> None:
    first = await look_into(corpus.scan(), declared=PDF)
    again = await look_into(corpus.scan(), declared=PDF)

    assert (first.reason, first.content_type) == (None, PDF)
    assert first == again
    assert first.content is not None
    with pikepdf.open(io.BytesIO(first.content)) as served:
        assert b"(decision)" in served.pages[0].Contents.read_bytes()


async def test_bytes_between_the_objects_of_a_pdf_do_not_stay() -> None:
    came = corpus.scan().replace(b"%PDF-1.7\n", b"%PDF-1.7\n")[:-6] + b"% <script>hidden</script>\n%%EOF\n"

    verdict = await look_into(came, declared=PDF)

    assert verdict.reason is None
    assert verdict.content is not None
    assert b"hidden" not in verdict.content


async def test_a_signed_pdf_is_kept_to_the_byte() -> None:
    verdict = await look_into(corpus.signed_like(), declared=PDF)

    assert verdict == Verdict(None, PDF, None)


async def test_200_pages_and_40_megapixels_are_accepted() -> None:
    pages = await look_into(pdf(pages=200, packed=True), declared=PDF)
    pixels = await look_into(corpus.png_bomb(8000, 5000), declared=PNG)

    assert (pages.reason, pixels.reason) == (None, None)


async def test_a_file_that_needs_longer_than_a_moment_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "ANSWER_WITHIN_S", 0.01)

    with pytest.raises(Later):
        await look_into(corpus.scan(), declared=PDF)


@pytest.mark.parametrize(
    "told",
    [
        Verdict(None, "text/html", b"<script>"),
        Verdict(None, JPEG, b"<script>"),
        Verdict(None, JPEG, None),
        Verdict(None, PDF, b"MZ"),
    ],
)
def test_a_captured_process_cannot_serve_another_type(told: Verdict) -> None:
    assert process._believed(told, JPEG).reason is Reason.DAMAGED
