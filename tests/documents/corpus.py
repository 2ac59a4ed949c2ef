"""Files nobody should be able to hand in, made here byte by byte, and some everybody may."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

import pikepdf
from PIL import Image

from app.documents.one_page import one_page

GPS_TEXT = b"Kim Son 20.11"


def png(width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "PNG")
    return out.getvalue()


# HEVC needs an encoder no test should need: half blue, half red, with a device and a place.
_HEIC: Final = (
    "eNpdUUtLw0AQnk3amoPWohUfiFSp4uNUEPVm8IF40FN/gDHdkIWkWdJaK3jQg+DRk17FH6CCiKAnb4J49erdkyCo4KPOJKuI"
    "QyYz8803O9kvANDrVDeky4UNaL5wCpT7wnIA2IHPqxbE1u+WvFDlIIVdhX82LrwgOmTOBA0YZewqjmh5xAh5+EVq6FNClJ2o"
    "om4HFjymAbg1uwB/QEaU+bqI6Gkpqj4oJtwLGUqMF0LaAcY6zs4ynaC9iNT3BB+fb28ArfoKTnSZrJk1GkTQiaHT03epmRY2"
    "x2YY+9c5zG0n9x8XR47LWk+zQdANvQxzFflNc+w6PB0wcU27HXhh2fbqCLdAaguhrKhIri5sKs9IURcE6IaBp0GnkP6PygxY"
    "YlvTE5j2iJA7Ck7bpYodqUr3PfJLFsmfG2Yn3VuvmzuTjfedlYW79eCu7eXs9mv64Zw/19LPU8hJxZItLcEoVgZoLBNpnUEf"
    "2h2EhNJwgtYUucelG5R5LnByxTWINhJbW47/URIiTaCoviurplMq5il+A4IZZQU="
)


def heic() -> bytes:
    return zlib.decompress(base64.b64decode(_HEIC))


def photograph() -> bytes:
    """A JPEG as a telephone takes it: lying on its side, with where and by which device."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x0110] = "Telephone of Tu"
    exif.get_ifd(0x8825).update({1: "N", 2: (20.0, 6.0, 36.0), 3: "E", 4: (106.0, 7.0, 12.0), 27: GPS_TEXT})
    out = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(out, "JPEG", exif=exif, comment=b"Tu was here")
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """Less than a megabyte; 900 megapixels."""
    deflating = zlib.compressobj(9)
    row = bytes(1 + width // 8)
    packed = b"".join(deflating.compress(row) for _ in range(height)) + deflating.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def png_that_lies() -> bytes:
    """Says 10 × 10, and its data go on for two hundred megabytes."""
    packed = zlib.compress(bytes(200_000_000), 9)
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    """A small JPEG whose header was changed to 65,500 × 65,500."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG")
    content = bytearray(out.getvalue())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(content)


Change = Callable[[pikepdf.Pdf], None]


def pdf(change: Change | None = None, *, packed: bool = False, pages: int = 1, **options: object) -> bytes:
    """A PDF after a change; `packed` puts its objects into compressed object streams."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    if change is not None:
        change(made)
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    out = io.BytesIO()
    made.save(out, object_stream_mode=mode, **options)  # type: ignore[arg-type]
    return out.getvalue()


def action(kind: str, **entries: object) -> Change:
    """An annotation of the first page that does something when it is touched."""

    def add(made: pikepdf.Pdf) -> None:
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Link,
            Rect=[0, 0, 9, 9],
            A=pikepdf.Dictionary(S=pikepdf.Name(kind), **entries),
        )
        made.pages[0].Annots = made.make_indirect(pikepdf.Array([made.make_indirect(link)]))

    return add


def at_root(key: str, value: object) -> Change:
    def add(made: pikepdf.Pdf) -> None:
        made.Root[key] = value

    return add


def at_opening(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = pikepdf.Array([made.pages[0].obj, pikepdf.Name.Fit])


def unreferenced_script(made: pikepdf.Pdf) -> None:
    """A script no page refers to, kept in the file by a key nobody reads."""
    script = made.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
    made.Root.PieceInfo = pikepdf.Dictionary(Nobody=pikepdf.Array([pikepdf.Array([script])]))


def attached(made: pikepdf.Pdf) -> None:
    made.attachments["invoice.exe"] = b"MZ" + bytes(90)


def form_program(made: pikepdf.Pdf) -> None:
    made.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=made.make_stream(b"<xdp/>"))


def stream_bomb(made: pikepdf.Pdf) -> None:
    """A page drawn by 400 kB that are 400 MB."""
    made.pages[0].Contents = pikepdf.Stream(made, zlib.compress(bytes(400_000_000), 9))
    made.pages[0].Contents.Filter = pikepdf.Name.FlateDecode


def nested_bomb(made: pikepdf.Pdf) -> None:
    """Deflated twice: a kilobyte or so of bytes, a hundred thousand times as many."""
    inner = zlib.compress(bytes(300_000_000), 9)
    made.pages[0].Contents = pikepdf.Stream(made, zlib.compress(inner, 9))
    made.pages[0].Contents.Filter = pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode])


def large_picture(made: pikepdf.Pdf) -> None:
    picture = pikepdf.Stream(made, b"\xff\xd8\xff\xd9")
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Filter, picture.Width, picture.Height = pikepdf.Name.DCTDecode, 20_000, 20_000
    made.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=picture))


def object_stream_bomb() -> bytes:
    """A compressed object stream that becomes 300 MB before its first object is read."""
    inside = b"2 0 << /Type /Pages /Kids [] /Count 0 >>" + b" " * 300_000_000
    packed = zlib.compress(inside, 9)
    out = bytearray(b"%PDF-1.7\n")
    first = len(out)
    out += b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(
        packed
    )
    out += packed + b"\nendstream\nendobj\n"
    root = len(out)
    out += b"3 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    table = len(out)
    rows = [(0, 0, 255), (1, first, 0), (2, 1, 0), (1, root, 0), (1, table, 0)]
    entries = b"".join(struct.pack(">BIB", *row) for row in rows)
    out += (
        b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 4 1] /Root 3 0 R /Length %d >>\nstream\n" % len(entries)
        + entries
        + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % table
    )
    return bytes(out)


def script_by_another_spelling() -> bytes:
    """`/J#53` is `/JS` to every reader."""
    plain = pdf(action("/JavaScript", JS="app.alert(1)"))
    assert plain.count(b"/JS ") == 1 and b"/JavaScript" in plain
    spelled = plain.replace(b"/JS ", b"/J#53 ").replace(b"/JavaScript", b"/#4aavaScript")
    at = spelled.index(b"xref\n")
    # The table is moved by four bytes at most; written anew, it is right again.
    places = [spelled.index(b"\n%d 0 obj" % n) + 1 for n in range(1, spelled.count(b" 0 obj") + 1)]
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    trailer = spelled[spelled.index(b"trailer") : spelled.index(b"startxref")]
    return spelled[:at] + head + rows + trailer + b"startxref\n%d\n%%%%EOF\n" % at


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.js", "alert(1)")
    return out.getvalue()


def pdf_and_archive() -> bytes:
    return pdf() + archive()


def pdf_around_an_archive() -> bytes:
    """The archive's end comes with a comment, which is the rest of the PDF."""
    whole = pdf()
    cut = whole.rindex(b"startxref")
    end = whole[cut:]
    packed = bytearray(archive())
    packed[-2:] = struct.pack("<H", len(end) + 1)
    return whole[:cut] + b"%" + bytes(packed) + b"\n" + end


def signed_like() -> bytes:
    """What carries a signature is not rewritten; this one's is not looked at here."""
    return pdf(
        lambda made: made.Root.__setitem__(
            "/AcroForm",
            pikepdf.Dictionary(
                SigFlags=3,
                Fields=[
                    made.make_indirect(
                        pikepdf.Dictionary(
                            FT=pikepdf.Name.Sig,
                            V=made.make_indirect(
                                pikepdf.Dictionary(
                                    Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=b"\0" * 16
                                )
                            ),
                        )
                    )
                ],
            ),
        )
    )


def scan() -> bytes:
    return one_page("decision")
