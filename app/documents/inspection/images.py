"""Images: measured before they are decoded, then written anew (pure)."""

import io
import struct
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pi_heif  # type: ignore[import-untyped]
from PIL import Image, ImageOps

from app.documents.inspection.verdict import HEIC, JPEG, PNG, Reason, Refused, Verdict
from app.documents.rules import type_of

MAX_PIXELS: Final = 40_000_000
FORMATS: Final[Mapping[str, str]] = MappingProxyType({JPEG: "JPEG", PNG: "PNG", HEIC: "HEIF"})
# What is written: PNG stays PNG, for it is drawn; everything else is a photograph.
JPEG_QUALITY: Final = 90
PLAIN: Final = frozenset({"1", "L", "RGB"})
DEEP_GREY: Final = frozenset({"I;16", "I;16B", "I;16L", "I"})
UNREADABLE: Final = (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError, struct.error)

pi_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def rewrite_image(content: bytes) -> Verdict:
    """The first picture of the file, upright, without anything else the file held.

    Raises `Refused`: too many pixels (told by the header, before anything is decoded), or damaged.
    """
    content_type = type_of(content)
    if content_type is None or content_type not in FORMATS:
        raise Refused(Reason.TYPE_NOT_ALLOWED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=(FORMATS[content_type],)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Refused(Reason.TOO_MANY_PIXELS)
                image.load()
                picture = _plain(ImageOps.exif_transpose(image))
        except Image.DecompressionBombError:
            raise Refused(Reason.TOO_MANY_PIXELS) from None
        except UNREADABLE:
            raise Refused(Reason.DAMAGED) from None
    return Verdict(None, *_written(picture, as_png=content_type == PNG))


def _plain(image: Image.Image) -> Image.Image:
    """Black and white, grey or RGB: what every viewer shows alike; what was transparent is white."""
    if image.mode in PLAIN and "transparency" not in image.info:
        return image
    if image.mode in DEEP_GREY:
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        paper = Image.new("RGB", seen.size, "white")
        paper.paste(seen, mask=seen.getchannel("A"))
        return paper
    return image.convert("RGB")


def _written(picture: Image.Image, *, as_png: bool) -> tuple[str, bytes]:
    # A picture of our own: what Pillow read beside the pixels must not be written by itself.
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    out = io.BytesIO()
    if as_png:
        bare.save(out, "PNG")
        return PNG, out.getvalue()
    (bare.convert("L") if bare.mode == "1" else bare).save(out, "JPEG", quality=JPEG_QUALITY)
    return JPEG, out.getvalue()
