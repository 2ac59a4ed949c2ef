"""PDFs: taken apart object by object (pure).

Everything a scan does not need and an attack does (ASVS 5.0, 5.2) is looked for in every object the file
has, those in compressed object streams and those no page refers to included, under the names as the
standard reads them (`/J#61vaScript` is `/JavaScript`).
"""

import io
import zipfile
from typing import Any, Final

import pikepdf
from pikepdf import settings

from app.documents.inspection.pdf_streams import Streams, refuse_if_one_expands
from app.documents.inspection.verdict import PDF, Reason, Refused, Verdict

MAX_PAGES: Final = 200
MAX_OBJECTS: Final = 50_000
# Values nested in values of one object; ours are far flatter, and a recursion is a way to end a process.
MAX_VALUES: Final = 2_000_000

FORBIDDEN_KEYS: Final = {
    "/JS": Reason.ACTIVE_CONTENT,
    "/JavaScript": Reason.ACTIVE_CONTENT,
    "/OpenAction": Reason.ACTIVE_CONTENT,
    "/AA": Reason.ACTIVE_CONTENT,
    "/RichMediaContent": Reason.ACTIVE_CONTENT,
    "/XFA": Reason.FORM_PROGRAM,
    "/EF": Reason.EMBEDDED_FILE,
    "/EmbeddedFiles": Reason.EMBEDDED_FILE,
    "/URI": Reason.EXTERNAL_LINK,
}
# /S of an action, /Subtype of an annotation, /Type of a dictionary.
FORBIDDEN_VALUES: Final = {
    "/S": {
        "/JavaScript": Reason.ACTIVE_CONTENT,
        "/Launch": Reason.ACTIVE_CONTENT,
        "/ImportData": Reason.ACTIVE_CONTENT,
        "/SubmitForm": Reason.EXTERNAL_LINK,
        "/Rendition": Reason.ACTIVE_CONTENT,
        "/Movie": Reason.ACTIVE_CONTENT,
        "/Sound": Reason.ACTIVE_CONTENT,
        "/RichMediaExecute": Reason.ACTIVE_CONTENT,
        "/GoToR": Reason.EXTERNAL_LINK,
        "/GoToE": Reason.EMBEDDED_FILE,
        "/URI": Reason.EXTERNAL_LINK,
    },
    "/Subtype": {
        "/FileAttachment": Reason.EMBEDDED_FILE,
        "/RichMedia": Reason.ACTIVE_CONTENT,
        "/Movie": Reason.ACTIVE_CONTENT,
        "/Screen": Reason.ACTIVE_CONTENT,
        "/Sound": Reason.ACTIVE_CONTENT,
        "/3D": Reason.ACTIVE_CONTENT,
    },
    "/Type": {"/EmbeddedFile": Reason.EMBEDDED_FILE},
}
END_OF_FILE: Final = b"%%EOF"


def limit_reader() -> None:
    """What the reader may use for one stream, whatever the file says. Once per process."""
    settings.set_qpdf_limits(
        doc_max_warnings=100,
        parser_max_container_size=1_000_000,
        max_stream_filters=4,
        flate_max_memory=Streams.MOST_OF_ONE,
        png_max_memory=Streams.MOST_OF_ONE,
        tiff_max_memory=Streams.MOST_OF_ONE,
        run_length_max_memory=Streams.MOST_OF_ONE,
    )


def check_pdf(content: bytes) -> Verdict:
    """Refuses what a scan never needs; what nobody signed is written anew."""
    _refuse_two_formats(content)
    with _opened(content) as pdf:
        if pdf.is_encrypted:
            raise Refused(Reason.ENCRYPTED)
        try:
            signed = _look_through(pdf)
            _count_pages(pdf)
        except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, RecursionError):
            raise Refused(Reason.DAMAGED) from None
        if signed:
            return Verdict(None, PDF, None)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
        return Verdict(None, PDF, out.getvalue())


def _refuse_two_formats(content: bytes) -> None:
    """A file that ends as a PDF and is no archive as well, which is read from its end."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        raise Refused(Reason.TWO_FORMATS)
    last = content.rfind(END_OF_FILE)
    if last < 0:
        raise Refused(Reason.DAMAGED)
    if content[last + len(END_OF_FILE) :].strip(b"\r\n\t \x00"):
        raise Refused(Reason.TWO_FORMATS)


def _opened(content: bytes) -> pikepdf.Pdf:
    try:
        return pikepdf.open(io.BytesIO(content), attempt_recovery=False)
    except pikepdf.PasswordError:
        raise Refused(Reason.ENCRYPTED) from None
    except pikepdf.PdfError:
        refuse_if_one_expands(content)
        raise Refused(Reason.DAMAGED) from None


def _count_pages(pdf: pikepdf.Pdf) -> None:
    if len(pdf.pages) > MAX_PAGES:
        raise Refused(Reason.TOO_MANY_PAGES)
    if not pdf.pages:
        raise Refused(Reason.DAMAGED)


def _look_through(pdf: pikepdf.Pdf) -> bool:
    """Every value of every object; whether one of them is a signature."""
    if len(pdf.objects) > MAX_OBJECTS:
        raise Refused(Reason.TOO_MANY_OBJECTS)
    streams, signed, values = Streams(), False, 0
    for top in [*pdf.objects, pdf.trailer]:
        waiting: list[Any] = [top]
        while waiting:
            value = waiting.pop()
            values += 1
            if values > MAX_VALUES:
                raise Refused(Reason.TOO_MANY_OBJECTS)
            if isinstance(value, pikepdf.Stream):
                streams.measure(value)
            if isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
                _refuse_forbidden(value)
                signed = signed or ("/ByteRange" in value and "/Contents" in value)
                waiting += [v for _, v in value.items() if _has_parts(v)]
            elif isinstance(value, pikepdf.Array):
                waiting += [v for v in value if _has_parts(v)]
    return signed


def _has_parts(value: Any) -> bool:
    """Looked into from here; an object of its own is looked into by itself."""
    return isinstance(value, (pikepdf.Dictionary, pikepdf.Array)) and not value.is_indirect


def _refuse_forbidden(value: Any) -> None:
    for key in value.keys():  # noqa: SIM118 - a stream iterates over something else
        if key in FORBIDDEN_KEYS:
            raise Refused(FORBIDDEN_KEYS[key])
    for key, refused in FORBIDDEN_VALUES.items():
        found = value.get(key)
        if isinstance(found, pikepdf.Name) and str(found) in refused:
            raise Refused(refused[str(found)])
