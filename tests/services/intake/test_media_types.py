"""The media type of a deposited file: no remark on any honest one, and one on every lie."""

import bz2
import gzip
import io
import lzma
import tarfile
import wave
import zipfile
from email.message import EmailMessage
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from infoparquet_contracts.identifiers import MediaType
from pydantic import TypeAdapter

from services.intake.media_types import MISMATCH, UNKNOWN, Judged, declared, judge, sniffed
from services.intake.signatures import DOCUMENTS, MARKUP, MEDIA, PROGRAMS

CARRIED = TypeAdapter[str](MediaType)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
TABLE = "nom;prénom;montant\r\nModèle;Hélène;12,50\r\n"
# A program for Windows, its header at 0x80; the second byte keeps what follows from reading as text.
EXE = b"MZ\x90\x00" + bytes(56) + b"\x80\x00\x00\x00" + bytes(64) + b"PE\x00\x00" + bytes(64)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\nstartxref\n9\n%%EOF\n"


def zipped(*names: str, first: str = "") -> bytes:
    """An archive; `first` is the type that its `mimetype` says."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr("mimetype", first, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "contenu " * 20)
    return file.getvalue()


def compound(stream: str) -> bytes:
    """The first sectors of an OLE2 file that holds this stream."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Root Entry".encode("utf-16-le") + stream.encode("utf-16-le")
    )


def boxed(brand: bytes) -> bytes:
    """The start of a file of the MP4 family."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00" + brand + b"mp41" + b"\x00\x00\x00\x08mdat" + bytes(40)


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 8000, 0, "NONE", ""))
        written.writeframes(bytes(range(256)))
    return file.getvalue()


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("pv.txt"))
    return file.getvalue()


def mail() -> bytes:
    message = EmailMessage()
    message["Received"], message["From"], message["Subject"] = "from mx.example by mx.example", "a@example.org", "PV"
    message.set_content("Procès-verbal")
    return message.as_bytes()


# What it is, what it is called, its content, and what else may honestly be declared.
SAMPLES = (
    ("application/pdf", "pv.pdf", PDF, "application/x-pdf"),
    ("application/pdf", "pv.pdf", b"\xef\xbb\xbf" + PDF, ""),
    ("application/pdf", "pv.pdf", b"\r\n\x1b%-12345X@PJL\r\n\x00" + PDF, ""),
    ("image/jpeg", "a.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + bytes(40), "image/jpg image/pjpeg"),
    ("image/jpeg", "a.jpg", b"\xff\xd8\xff\xe1\x01\x00Exif\x00\x00MM\x00*" + bytes(40), ""),
    ("image/png", "a.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17), "image/x-png"),
    ("image/gif", "a.gif", b"GIF89a\x50\x00\x40\x00\x87\x00\x00", ""),
    ("image/bmp", "a.bmp", b"BM\x36\x3c\x00\x00\x00\x00\x00\x006\x00\x00\x00" + bytes(40), "image/x-ms-bmp"),
    ("image/tiff", "a.tif", b"II*\x00\x08\x00\x00\x00" + bytes(40), "image/tif image/x-adobe-dng"),
    ("image/tiff", "a.tif", b"MM\x00*\x00\x00\x00\x08" + bytes(40), ""),
    ("image/webp", "a.webp", b"RIFF\x1e\x0f\x00\x00WEBPVP8 " + bytes(20), ""),
    ("image/heic", "a.heic", boxed(b"heic"), "image/heif"),
    ("image/avif", "a.avif", boxed(b"avif"), ""),
    ("video/mp4", "a.mp4", boxed(b"isom"), "video/x-m4v application/mp4"),
    ("video/quicktime", "a.mov", boxed(b"qt  "), "video/mp4"),
    ("video/mp4", "a.mov", b"\x00\x00\x00\x08wide\x00\x01\x00\x00mdat" + bytes(40), "video/quicktime"),
    ("audio/mp4", "a.m4a", boxed(b"M4A "), "audio/x-m4a video/mp4"),
    ("video/webm", "a.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(9), "audio/webm"),
    ("video/x-matroska", "a.mkv", b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska\x00", "video/matroska"),
    ("video/x-msvideo", "a.avi", b"RIFF\xf8\x47\x00\x00AVI LIST" + bytes(20), "video/avi"),
    ("video/mpeg", "a.mpg", b"\x00\x00\x01\xba\x21\x00\x01" + bytes(20), ""),
    ("audio/mpeg", "a.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE" + bytes(40), "audio/mp3"),
    ("audio/mpeg", "a.mp3", b"\xff\xfb\x54\xc4\x00\x00" + bytes(40), "audio/mpeg3"),
    ("audio/wav", "a.wav", sound(), "audio/x-wav audio/wave audio/vnd.wave"),
    ("audio/ogg", "a.opus", b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01", "application/ogg audio/opus"),
    ("audio/amr", "a.amr", b"#!AMR\n\x04\x00\x01", ""),
    ("audio/flac", "a.flac", b"fLaC\x00\x00\x00\x22" + bytes(20), "audio/x-flac"),
    ("application/zip", "a.zip", zipped("a.txt", "photos/b.jpg"), "application/x-zip-compressed application/x-bcf"),
    ("application/zip", "a.zip", zipped(), ""),
    (WORD, "a.docx", zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "application/zip"),
    (EXCEL, "a.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), "application/x-zip-compressed"),
    (ODT, "a.odt", zipped("content.xml", "META-INF/manifest.xml", first=ODT), "application/zip"),
    ("application/epub+zip", "a.epub", zipped("META-INF/container.xml", first="application/epub+zip"), ""),
    ("application/java-archive", "a.jar", zipped("META-INF/MANIFEST.MF"), "application/x-java-archive"),
    ("application/vnd.google-earth.kmz", "a.kmz", zipped("doc.kml"), ""),
    ("application/msword", "a.doc", compound("WordDocument"), "application/x-ole-storage application/vnd.ms-works"),
    ("application/vnd.ms-excel", "a.xls", compound("Workbook"), "application/x-msexcel"),
    ("application/vnd.ms-outlook", "a.msg", compound("__substg1.0_0037001F"), ""),
    ("application/x-ole-storage", "a.docx", compound("EncryptedPackage"), WORD),
    ("application/x-7z-compressed", "a.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24), ""),
    ("application/vnd.rar", "a.rar", b"Rar!\x1a\x07\x01\x00" + bytes(24), "application/x-rar-compressed"),
    ("application/gzip", "a.gz", gzip.compress(b"pv", mtime=0), "application/x-gzip application/x-tgz"),
    ("application/x-bzip2", "a.bz2", bz2.compress(b"pv" * 100), "application/x-bzip"),
    ("application/x-xz", "a.xz", lzma.compress(b"pv"), ""),
    ("application/x-tar", "a.tar", tar(), ""),
    ("application/rtf", "a.rtf", rb"{\rtf1\ansi\deff0 bonjour}", "text/rtf application/msword"),
    ("application/postscript", "a.ps", b"%!PS-Adobe-3.0\n", "application/eps"),
    ("text/csv", "a.csv", TABLE.encode(), "text/plain application/csv"),
    ("text/csv", "a.csv", TABLE.encode("utf-8-sig"), ""),
    ("text/csv", "a.csv", TABLE.encode("latin-1"), "text/plain"),
    ("text/csv", "a.csv", TABLE.encode("utf-16"), "text/plain"),
    ("text/csv", "A.CSV", b"ID;Nom\r\n1;A\r\n\x1a", ""),
    ("text/plain", "a.txt", TABLE.encode("utf-16"), ""),
    ("text/plain", "a.txt", b"\xfe\xff" + "Procès".encode("utf-16-be"), ""),
    ("text/plain", "a.txt", b"\xff\xfe\x00\x00" + "Procès".encode("utf-32-le"), ""),
    ("text/plain", "a.txt", "Procès-verbal d’audition\n".encode(), "text/markdown application/x-bcf"),
    ("text/plain", "a.txt", "Procès-verbal\n".encode("latin-1"), ""),
    ("application/json", "a.json", b'{"faits": ["\xc3\xa9"]}', "text/plain application/geo+json"),
    ("application/xml", "a.xml", b'<?xml version="1.0"?>\n<pv/>', "text/xml text/plain application/gpx+xml"),
    ("application/xml", "a.xml", '<?xml version="1.0" encoding="UTF-16"?><pv/>'.encode("utf-16"), "text/xml"),
    ("application/xml", "a.xml", b'<pv xmlns="urn:x"/>', "text/xml"),
    ("image/svg+xml", "a.svg", b'<?xml version="1.0"?>\n<!-- - Ink --><svg xmlns="x"/>', "application/xml text/xml"),
    ("text/html", "a.html", b"\xef\xbb\xbf\n<!-- a --> <!-- b -->\n<!DOCTYPE html><html></html>", "text/plain"),
    ("text/html", "a.html", b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="x"/>', "application/xhtml+xml text/xml"),
    ("message/rfc822", "a.eml", mail(), "text/plain"),
    ("message/rfc822", "a.eml", b"MIME-Version: 1.0\r\n" + mail(), ""),
    ("application/x-sh", "a.sh", b"#!/bin/sh\nrm -r pv\n", "text/x-shellscript text/plain"),
    ("application/vnd.microsoft.portable-executable", "a.exe", EXE, "application/x-msdownload"),
    (UNKNOWN, "a.bin", bytes(range(128, 256)) + bytes(100), "application/x-bcf audio/mpeg"),
)  # fmt: skip
LIES = (
    "application/pdf", "image/jpeg", "image/png", "image/tiff", WORD, "application/vnd.ms-excel", "audio/wav",
    "video/mp4", "application/x-7z-compressed", "text/csv", "application/json", "text/html", "image/svg+xml",
)  # fmt: skip


# Types of one group are not held against each other: texts bear no signature, and a container is all that is checked.
ALIKE = (
    {
        "text/csv",
        "text/plain",
        "text/html",
        "application/json",
        "application/xml",
        "message/rfc822",
        "application/x-sh",
    },
    {"video/mp4", "video/quicktime", "audio/mp4", "image/heic", "image/avif"},
    {
        WORD,
        EXCEL,
        ODT,
        "application/zip",
        "application/epub+zip",
        "application/java-archive",
        "application/vnd.google-earth.kmz",
    },
    {WORD, "application/msword", "application/vnd.ms-excel", "application/vnd.ms-outlook", "application/x-ole-storage"},
    {"application/xml", "image/svg+xml"},
    {"application/vnd.ms-excel", "text/csv"},
)


def is_a_lie(declaration: str, media_type: str, others: str) -> bool:
    return declaration not in (media_type, *others.split()) and not any({declaration, media_type} <= g for g in ALIKE)


def judged(declaration: str, content: bytes, name: str | None = None) -> Judged:
    return judge(declared(declaration), sniffed(content, b"", name))


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("application/pdf", "application/pdf"),
        ("Text/HTML; charset=utf-8", "text/html"),
        (" text/plain ;charset=utf-8", "text/plain"),
        (WORD, WORD),
        ("application/geo+json", "application/geo+json"),
        *(
            (malformed, UNKNOWN)
            for malformed in (
                None, "", ";", "pdf", "application/", "/pdf", "a/b/c", "*/*", "text/plain, text/html", "text/plain\n",
                "binary/octet-stream", "chemical/x-pdb", "text/é", "text/a b", "text/" + "a" * 101,
            )
        ),
    ],
)  # fmt: skip
def test_a_declaration_is_its_type_and_subtype(content_type: str | None, media_type: str) -> None:
    assert declared(content_type) == media_type


@pytest.mark.parametrize(("media_type", "name", "content", "others"), SAMPLES)
def test_what_is_honestly_declared_is_believed(media_type: str, name: str, content: bytes, others: str) -> None:
    for declaration in (media_type, *others.split()):
        for known in (name, None, "sans.extension"):
            verdict = judged(declaration, content, known)
            assert verdict.warning is None
            assert verdict.media_type == declaration or declaration == UNKNOWN


@pytest.mark.parametrize(("media_type", "name", "content", "others"), SAMPLES)
def test_what_is_not_declared_is_what_the_content_is(media_type: str, name: str, content: bytes, others: str) -> None:
    for silence in (UNKNOWN, "application/x-www-form-urlencoded", "binary/octet-stream", "application/x-download"):
        assert judged(silence, content, name) == Judged(media_type)
    assert sniffed(content, content[-4096:], name) == sniffed(content, b"", name)


@pytest.mark.parametrize(
    ("declaration", "media_type", "name", "content"),
    [(lie, *sample[:3]) for lie, sample in product(LIES, SAMPLES) if is_a_lie(lie, sample[0], sample[3])],
)
def test_a_lie_gives_way_to_the_content_with_a_remark(
    declaration: str, media_type: str, name: str, content: bytes
) -> None:
    assert judged(declaration, content, name) == Judged(media_type, MISMATCH)


@pytest.mark.parametrize("name", ["photo.jpg", "PV.PDF", "a.docx", "a.csv", "a.xls", "film.mp4", "a.txt"])
def test_where_nothing_is_declared_the_name_is_what_the_sender_says(name: str) -> None:
    assert judged("", b"\x7fELF\x02\x01\x01" + bytes(57), name) == Judged("application/x-executable", MISMATCH)
    assert judged("", EXE, name.partition(".")[0]).warning is None


@pytest.mark.parametrize("declaration", ["text/csv", "application/json", "image/x-bcf", "message/rfc822", WORD])
def test_a_page_is_taken_for_no_other_text(declaration: str) -> None:
    assert judged(declaration, b"<html><script>", "a.csv") == Judged("text/html", MISMATCH)


@pytest.mark.parametrize("declaration", [*LIES, "application/x-bcf", "image/x-unknown", "application/zip"])
@pytest.mark.parametrize(
    "program",
    [
        EXE,
        b"MZ\x90\x00" + PDF,
        b"\x7fELF\x02\x01\x01" + bytes(57),
        b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + bytes(24),
        b"\xca\xfe\xba\xbe\x00\x00\x00\x02" + bytes(24),
        b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(24),
        b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(24),
        b"#!/usr/bin/env python3\nimport os\n",
        b"#! /bin/sh\n\x00",
    ],
)
def test_a_program_is_never_taken_for_a_document(program: bytes, declaration: str) -> None:
    assert judged(declaration, program, "pv.pdf").warning == MISMATCH


@pytest.mark.parametrize(
    "text",
    [
        "MZ est un sigle", "BM", "PK;Nom\n", "if (a)", "00 11", "GIF89a", "MOVI;x", "RIFF du Maroc", "OggS", "FORM A",
        "Rar!", "AC1015 est un plan", "ID3 tags", "BZh9", "MM. Dupont", "II. Faits", "x moov", "#define a", "(1)", "a",
        "%!", "From: moi", "X-1", "Un PDF commence par %PDF-1.7", "# Titre", "#!", "[1]", "<p>", "<", "\x1b[1mgras",
    ],
)  # fmt: skip
def test_a_text_may_begin_with_any_words(text: str) -> None:
    for declaration in ("text/plain", "text/csv", "text/markdown", "application/json", "message/rfc822"):
        assert judged(declaration, text.encode(), "a.txt").warning is None


@pytest.mark.parametrize("declaration", ["text/plain", "text/csv", "application/json", "application/xml", "text/x-sh"])
def test_no_text_holds_a_zero_byte(declaration: str) -> None:
    for content in (b"a;b\x00", b"#!/bin/sh\n\x00", b"\xff\xfea", b"\xff\xfe\x00\xd8a\x00", "pv".encode("utf-16-le")):
        assert judged(declaration, content, "a.txt").warning == (None if content == b"\xff\xfea" else MISMATCH)


def test_an_empty_file_is_what_was_declared() -> None:
    assert judged("image/png", b"", "a.png") == Judged("image/png")
    assert judged("", b"", None) == Judged(UNKNOWN)


def test_what_a_browser_declares_of_a_table_is_put_right_without_a_remark() -> None:
    assert judged("application/vnd.ms-excel", TABLE.encode(), "a.csv") == Judged("text/csv")
    assert judged("application/vnd.ms-excel", TABLE.encode(), "a.xls") == Judged("text/plain", MISMATCH)


def test_the_end_of_a_file_tells_what_its_archive_holds() -> None:
    archive = zipped("[Content_Types].xml", *(f"z{number}" for number in range(200)), "word/document.xml")
    assert sniffed(archive[:1024], archive[-4096:], None).media_type == WORD


def test_every_type_of_the_tables_can_be_carried_and_is_believed_of_itself() -> None:
    for family in (*PROGRAMS, *DOCUMENTS, *MEDIA, *MARKUP):
        for media_type in (family.media_type, *(name for name, _ in family.inside), *family.types):
            assert CARRIED.validate_python(media_type) == media_type
        named = {family.media_type, *(name for name, _ in family.inside)}
        assert {name.replace("/x-", "/") for name in named} <= family.types


SIGNATURES = [content[:16] for _, _, content, _ in SAMPLES]


@given(
    st.none() | st.text() | st.sampled_from([sample[0] for sample in SAMPLES]),
    st.builds(bytes.__add__, st.sampled_from([b"", *SIGNATURES]), st.binary()) | st.text().map(str.encode),
    st.binary(max_size=600),
    st.none() | st.text() | st.sampled_from([sample[1] for sample in SAMPLES]),
)
@example(None, b"<!--" * 1100, b"", None)
@example("text/plain", b"\xff\xfe\x00", b"", "\x00")
def test_any_file_is_judged(content_type: str | None, head: bytes, tail: bytes, name: str | None) -> None:
    content = sniffed(head, tail, name)
    verdict = judge(declared(content_type), content)
    assert CARRIED.validate_python(verdict.media_type) == verdict.media_type
    assert CARRIED.validate_python(content.media_type) == content.media_type
    assert verdict.warning in (None, MISMATCH)
    assert judge(verdict.media_type, content).warning in (None, verdict.warning)
