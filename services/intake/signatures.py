"""The signatures that decide what a file is, and the media types that are written with each. Pure.

Only kinds that administrations deposit, and programs: a signature here can contradict what a sender declares. Types
stand without `x-`, as `canonical` has them.
"""

import codecs
import re
from dataclasses import dataclass

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_HEAD_OF_TEXT = 4096
_CONTENT_TYPES = b"[Content_Types].xml"
# What no text is written with; Ctrl-Z ends the files of old programs, and escape sequences colour logs.
_NEVER_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1c-\x1f]")
# The body is possessive: nothing to go back to, so a hostile prologue costs one reading.
_PROLOGUE = rb"(?:<\?xml[^>]*+>|<!doctype svg[^>\[]*+(?:\[[^\]]*+\]\s*+)?>|<!--(?:(?!-->).)*+-->|\s)*+"

Inside = tuple[tuple[str, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Types that share a signature. `media_type` is what content gets of which nothing more is known.

    `inside` names the type by what stands further on. `text`: its files may read as text. `open`: types unknown here
    are written in it too, or too short a signature proves nothing against them. `loose`: files may come without it.
    """

    media_type: str
    starts: re.Pattern[bytes]
    types: frozenset[str]
    inside: Inside = ()
    text: bool = False
    open: bool = False
    loose: bool = False


def _family(
    media_type: str, starts: bytes, types: str, *, inside: Inside = (), text: bool = False, **traits: bool
) -> Family:
    return Family(media_type, re.compile(starts, re.DOTALL), frozenset(types.split()), inside, text, **traits)


def _utf16(name: str) -> tuple[bytes]:
    return (name.encode("utf-16-le"),)


_IN_ZIP: Inside = (
    (_OOXML + "wordprocessingml.document", (_CONTENT_TYPES, b"word/")),
    (_OOXML + "spreadsheetml.sheet", (_CONTENT_TYPES, b"xl/")),
    (_OOXML + "presentationml.presentation", (_CONTENT_TYPES, b"ppt/")),
    *(
        (_ODF + kind, (f"mimetype{_ODF}{kind}".encode(),))
        for kind in ("text", "spreadsheet", "presentation", "graphics")
    ),
    ("application/epub+zip", (b"mimetypeapplication/epub+zip",)),
    ("application/vnd.android.package-archive", (b"AndroidManifest.xml",)),
    ("application/java-archive", (b"META-INF/MANIFEST.MF",)),
    ("application/vnd.google-earth.kmz", (b"doc.kml",)),
)
_ZIPPED = (
    "application/zip application/zip-compressed application/epub+zip application/java-archive application/jar "
    "application/vnd.android.package-archive application/vnd.google-earth.kmz "
    + " ".join(_OOXML + kind for kind in (
        "wordprocessingml.document", "wordprocessingml.template", "spreadsheetml.sheet", "spreadsheetml.template",
        "presentationml.presentation", "presentationml.slideshow", "presentationml.template",
    )) + " "
    + " ".join(_ODF + kind for kind in (
        "text", "text-template", "text-master", "spreadsheet", "spreadsheet-template", "presentation", "graphics",
        "formula", "chart", "database",
    ))
)  # fmt: skip
_IN_CFB: Inside = (
    ("application/msword", _utf16("WordDocument")),
    ("application/vnd.ms-excel", _utf16("Workbook")),
    ("application/vnd.ms-powerpoint", _utf16("PowerPoint Document")),
    ("application/vnd.ms-outlook", _utf16("__substg1.0_")),
)
# A document behind a password is a compound file, whatever it was before.
_COMPOUND = (
    "application/ole-storage application/cfb application/msword application/vnd.msword application/vnd.ms-excel "
    "application/msexcel application/excel application/vnd.ms-powerpoint application/mspowerpoint "
    "application/vnd.ms-outlook application/vnd.visio application/vnd.ms-project application/msi "
) + " ".join(name for name in _ZIPPED.split() if name.startswith(_OOXML))
_IN_BMFF: Inside = (
    ("image/heic", (b"ftyphei",)),
    ("image/heif", (b"ftypmif1",)),
    ("image/avif", (b"ftypavi",)),
    ("video/quicktime", (b"ftypqt  ",)),
    ("audio/mp4", (b"ftypM4A",)),
    ("audio/mp4", (b"ftypM4B",)),
    ("video/3gpp", (b"ftyp3g",)),
)

PROGRAMS = (
    _family(
        "application/vnd.microsoft.portable-executable", rb"MZ",
        "application/vnd.microsoft.portable-executable application/msdownload application/dosexec application/exe "
        "application/msdos-program application/executable",
    ),
    _family(
        "application/x-executable", rb"\x7fELF",
        "application/executable application/elf application/sharedlib application/pie-executable application/object "
        "application/iso9660-appimage application/vnd.appimage",
    ),
    _family(
        "application/x-mach-binary",
        rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba[\xbe\xbf]\x00\x00\x00[\x01-\x1f]",
        "application/mach-binary application/mach-o application/executable",
    ),
    _family("application/java-vm", rb"\xca\xfe\xba\xbe", "application/java-vm application/java application/java-class"),
    _family("application/x-ms-shortcut", rb"L\x00\x00\x00\x01\x14\x02\x00", "application/ms-shortcut"),
    _family(
        "application/x-sh", rb"#!(?!AMR)[ \t]*[/\w.\\]",
        "text/plain text/shellscript text/sh text/python text/script.python text/perl text/ruby text/javascript "
        "application/sh application/shellscript application/csh application/perl application/python "
        "application/javascript application/ruby",
        text=True,
    ),
)  # fmt: skip
DOCUMENTS = (
    _family(
        "application/pdf", rb"(?:\xef\xbb\xbf)?+\s*+%PDF-\d",
        "application/pdf application/vnd.pdf application/acrobat application/illustrator "
        "application/vnd.adobe.illustrator application/postscript",
        text=True,
    ),
    _family("application/rtf", rb"\{\\rtf", "application/rtf text/rtf text/richtext application/msword", text=True),
    _family(
        "application/postscript", rb"%!PS|\xc5\xd0\xd3\xc6",
        "application/postscript application/eps image/eps application/illustrator", text=True,
    ),
    _family("application/x-ole-storage", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _COMPOUND, inside=_IN_CFB, open=True),
    _family("application/zip", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", _ZIPPED, inside=_IN_ZIP, open=True),
    _family("application/x-7z-compressed", rb"7z\xbc\xaf\x27\x1c", "application/7z-compressed"),
    _family(
        "application/vnd.rar", rb"Rar!\x1a\x07",
        "application/vnd.rar application/rar application/rar-compressed application/vnd.comicbook-rar",
    ),
    _family(
        "application/gzip", rb"\x1f\x8b\x08",
        "application/gzip application/gzip-compressed application/tgz application/tar application/compressed-tar "
        "application/gtar application/compressed",
        open=True,
    ),
    _family("application/x-bzip2", rb"BZh[1-9]", "application/bzip2 application/bzip application/bzip-compressed-tar"),
    _family("application/x-xz", rb"\xfd7zXZ\x00", "application/xz application/xz-compressed-tar"),
    _family("application/zstd", rb"\x28\xb5\x2f\xfd", "application/zstd application/zst"),
    _family("application/x-tar", rb".{257}ustar", "application/tar application/gtar application/ustar", loose=True),
    _family("image/vnd.dwg", rb"AC10\d\d\x00", "image/vnd.dwg image/dwg", open=True),
)  # fmt: skip
MEDIA = (
    _family(
        "image/jpeg", rb"\xff\xd8\xff",
        "image/jpeg image/jpg image/pjpeg image/jpe image/jfif image/citrix-jpeg image/mpo image/jps",
    ),
    _family("image/png", rb"\x89PNG\r\n\x1a\n", "image/png image/apng image/vnd.mozilla.apng image/citrix-png"),
    _family("image/gif", rb"GIF8[79]a", "image/gif"),
    _family("image/bmp", rb"BM.{4}\x00\x00\x00\x00", "image/bmp image/ms-bmp image/windows-bmp image/dib", loose=True),
    # The raw formats of cameras are TIFF, and have names of their own.
    _family("image/tiff", rb"II[*+]\x00|MM\x00[*+]", "image/tiff image/tif image/tiff-fx image/geotiff", open=True),
    _family("image/webp", rb"RIFF.{4}WEBP", "image/webp"),
    _family("audio/wav", rb"(?:RIFF|RF64).{4}WAVE", "audio/wav audio/wave audio/vnd.wave audio/pn-wav audio/bwf"),
    _family("video/x-msvideo", rb"RIFF.{4}AVI ", "video/msvideo video/avi video/vnd.avi application/vnd.avi"),
    _family(
        "image/jp2", rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
        "image/jp2 image/jpx image/jpm image/jpeg2000 image/jpeg2000-image image/j2c image/jphc video/mj2",
    ),
    _family(
        "video/mp4", rb".{4}(?:ftyp|moov|mdat|wide|pnot|skip|free)",
        "video/mp4 audio/mp4 application/mp4 video/quicktime audio/m4a video/m4v audio/m4b audio/aac audio/aacp "
        "video/3gpp audio/3gpp video/3gpp2 audio/3gpp2 video/mp4v audio/mp4a-latm audio/alac image/heic image/heif "
        "image/heic-sequence image/heif-sequence image/avif image/avif-sequence image/canon-cr3 video/mj2",
        inside=_IN_BMFF,
    ),
    _family(
        "video/x-matroska", rb"\x1a\x45\xdf\xa3",
        "video/matroska audio/matroska video/webm audio/webm video/mkv application/matroska",
        inside=(("video/webm", (b"\x42\x82\x84webm",)),),
    ),
    _family(
        "application/ogg", rb"OggS",
        "application/ogg audio/ogg video/ogg audio/opus audio/vorbis audio/speex audio/oga audio/opus+ogg",
        inside=(("video/ogg", (b"\x80theora",)), ("audio/ogg", (b"OpusHead",)), ("audio/ogg", (b"\x01vorbis",))),
    ),
    _family("audio/amr", rb"#!AMR", "audio/amr audio/amr-wb audio/3gpp"),
    _family("audio/flac", rb"fLaC", "audio/flac"),
    _family(
        "audio/mpeg", rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]",
        "audio/mpeg audio/mp3 audio/mpeg3 audio/mpg audio/mpega audio/mpeg-3 audio/aac audio/flac video/mpeg",
        open=True, loose=True,
    ),
    _family(
        "audio/aac", rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac audio/aacp audio/hx-aac-adts audio/vnd.dlna.adts",
        open=True, loose=True,
    ),
    _family(
        "video/x-ms-asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "video/ms-asf video/ms-wmv audio/ms-wma video/ms-wm application/vnd.ms-asf video/ms-asf-plugin",
    ),
    _family(
        "video/mpeg", rb"\x00\x00\x01[\xba\xb3]|G.{187}G.{187}G",
        "video/mpeg video/mpg video/mpeg2 video/mp2t video/mp2p video/dvd video/mpegts video/vob "
        "video/vnd.dlna.mpeg-tts audio/mpeg",
        loose=True,
    ),
)  # fmt: skip
MARKUP = (
    _family(
        "text/html", _PROLOGUE + rb"(?:<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]|<script[\s>])",
        "text/html application/xhtml+xml text/plain application/xml text/xml multipart/related",
        text=True, open=True,
    ),
    _family(
        "image/svg+xml", _PROLOGUE + rb"<(?:svg:)?svg[\s>]",
        "image/svg+xml image/svg application/xml text/xml text/plain", text=True, open=True,
    ),
    _family(
        "application/xml", rb"<\?xml",
        "application/xml text/xml text/html application/xhtml+xml image/svg+xml image/svg text/plain",
        text=True, open=True,
    ),
)  # fmt: skip
_AT_FIRST_BYTE = (*PROGRAMS, *DOCUMENTS, *MEDIA)

SIGNED = frozenset().union(*(family.types for family in (*_AT_FIRST_BYTE, *MARKUP)))
LOOSE = frozenset().union(*(family.types for family in _AT_FIRST_BYTE if family.loose))


def canonical(media_type: str) -> str:
    """The name under which a type stands in the families."""
    kind, _, name = media_type.partition("/")
    return f"{kind}/{name.removeprefix('x-')}"


def family_of(head: bytes) -> Family | None:
    """The first whose signature the content bears. What reads as text is of no binary family, whatever its letters."""
    prose = is_prose(head)
    for family in _AT_FIRST_BYTE:
        if (family.text or not prose) and family.starts.match(head):
            return family
    if not may_be_text(head):
        return None
    start = _start_of_text(head)
    return next((family for family in MARKUP if family.starts.match(start)), None)


def type_within(family: Family, content: bytes) -> str:
    """The likeliest type of the family."""
    named = (name for name, signs in family.inside if all(sign in content for sign in signs))
    return next(named, family.media_type)


def is_prose(head: bytes) -> bool:
    """Whether every character of it belongs in a text."""
    return _is_wide_text(head) or not _NEVER_IN_TEXT.search(head)


def may_be_text(head: bytes) -> bool:
    """Whether it can be declared a text: old programs leave all manner of characters in theirs, but no zero."""
    return b"\x00" not in head or _is_wide_text(head)


def _is_wide_text(head: bytes) -> bool:
    """Whether it is text in UTF-16 or UTF-32, which says so with its mark."""
    text = _decoded(head)
    return text is not None and not _NEVER_IN_TEXT.search(text)


def _decoded(head: bytes) -> bytes | None:
    """In UTF-8 what has the mark of a wider encoding; None where it has not, or is not written in it."""
    wider = (
        ("utf-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
        ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
    )
    for encoding, marks in wider:
        if head.startswith(marks):
            try:
                # The head may be cut within a character.
                return codecs.getincrementaldecoder(encoding)().decode(head, final=False).encode()
            except UnicodeError:
                continue
    return None


def _start_of_text(head: bytes) -> bytes:
    text = _decoded(head) or head.removeprefix(codecs.BOM_UTF8)
    return text[:_HEAD_OF_TEXT].lstrip().lower()
