"""Documents of every kind to text, and every kind of broken one to a plain refusal."""

from __future__ import annotations

import io

import docx
import pypdf
import pytest

from apps.knowledge.reading import DocumentTooLarge, ReadingError, look_of, read
from apps.knowledge.reading.charset import decode, repair_mojibake
from apps.knowledge.reading.language import detect

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 68>>stream
BT /F1 12 Tf 20 100 Td (We roast coffee in small batches.) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R/Size 6>>
startxref
0
%%EOF
"""


def locked_pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def blank_pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.add_paragraph("An item", style="List Bullet")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_pdf_gives_its_text():
    assert read(PDF, name="a.pdf").text == "We roast coffee in small batches."


def test_a_word_file_gives_its_text_with_items_marked():
    reading = read(word("We mean it.", "Every word."), name="a.docx")
    assert reading.text == "We mean it.\nEvery word.\n• An item"


def test_markdown_loses_its_marks_and_keeps_its_words():
    source = (
        b"---\ntitle: How we **work**\n---\n# Hello\n\n"
        b"Read [our book](https://x.example) *now*.\n\n* One\n* Two\n\n```\ncode\n```"
    )
    reading = read(source, name="a.md")
    assert reading.title == "How we **work**"
    assert reading.text == "Hello\nRead our book now.\n• One\n• Two"


def test_a_page_gives_its_article_without_menus_and_scripts():
    body = "We roast coffee in small batches and ship it the day after it was roasted. " * 8
    page = (
        f"<html lang='en'><head><title>Coffee</title></head><body><nav><a href='/a'>Menu</a></nav>"
        f"<article><h1>Coffee</h1><p>{body}</p></article><script>var x = 'no';</script>"
        f"<footer>All rights reserved</footer></body></html>"
    )
    reading = read(page.encode(), name="a.html")
    assert "small batches" in reading.text
    assert "var x" not in reading.text
    assert "Menu" not in reading.text
    assert (reading.title, reading.language) == ("Coffee", "en")


def test_links_are_whole_and_leave_out_what_asks_not_to_be_followed():
    page = (
        b"<body><a href='b'>b</a><a href='/c' rel=nofollow>c</a>"
        b"<a href='mailto:x@y.z'>d</a><p>Words</p></body>"
    )
    assert read(page, name="a.html", url="https://x.example/a/").links == ("https://x.example/a/b",)


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.txt", "document_empty"),
        (b"  \n\t ", "a.md", "document_empty"),
        ("\ufeff".encode(), "a.txt", "document_empty"),
        (b"<html><body><script>x()</script></body></html>", "a.html", "document_empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.txt", "document_binary"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a.html", "document_binary"),
        (bytes(range(256)) * 20, "a.md", "document_binary"),
        (b"PK\x03\x04" + bytes(50), "a.txt", "document_binary"),
        (b"\x01\x02\x03\x04\x05\x06" * 50, "a.txt", "document_binary"),
        (b"not a pdf", "a.pdf", "document_binary"),
        (PDF[:60], "a.pdf", "document_unreadable"),
        (locked_pdf(), "a.pdf", "document_locked"),
        (blank_pdf(), "a.pdf", "document_empty"),
        (b"PK\x03\x04broken", "a.docx", "document_unreadable"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "a.docx", "document_locked"),
        (b"words", "a.xyz", "document_format_unsupported"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data, name, code):
    with pytest.raises(ReadingError) as caught:
        read(data, name=name)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert not caught.value.retryable


def test_a_document_over_the_limit_is_refused_before_it_is_read():
    with pytest.raises(DocumentTooLarge, match=r"11\.0 MB; at most 10\.0 MB"):
        read(b"a" * 11_000_000, name="a.txt")


def test_a_small_zip_that_unpacks_to_a_lot_is_refused():
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 70_000_000)
    with pytest.raises(DocumentTooLarge):
        read(out.getvalue(), name="bomb.docx")


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        ("Größe schön für alle".encode(), "iso-8859-1"),
        ("Größe schön für alle".encode("cp1252"), "utf-8"),
        ("Größe schön für alle".encode("utf-16"), None),
        ("\ufeffGröße schön für alle".encode(), None),
        (b"<meta charset=windows-1252>" + "Größe schön für alle".encode("cp1252"), None),
        ("Größe schön für alle".encode("cp1252"), "no-such-charset"),
    ],
)
def test_text_is_decoded_whatever_its_label_says(data, declared):
    assert "Größe schön für alle" in decode(data, declared=declared).text


def test_text_that_was_decoded_wrongly_once_is_repaired():
    broken = "Itâ€™s a cafÃ© for â€œgoodâ€\x9d people"
    assert repair_mojibake(broken) == "It’s a café for “good” people"
    assert repair_mojibake("Ça va, Århus â la carte") == "Ça va, Århus â la carte"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We have been here for a long time and we do not plan to leave the hill.", "en"),
        ("Wir sind schon lange hier und wir haben nicht vor, den Hügel zu verlassen.", "de"),
        ("Nous sommes ici depuis longtemps et nous ne voulons pas quitter la colline.", "fr"),
        ("Llevamos mucho tiempo aquí y no tenemos planes de dejar la colina por ahora.", "es"),
        ("私たちは長い間ここにいます。丘を離れるつもりはありません。", "ja"),
        ("Tea", None),
        ("12345 67890", None),
    ],
)
def test_the_language_is_told_or_left_open(text, language):
    assert detect(text) == language


def test_the_look_prefers_what_the_page_declares_and_skips_greys():
    page = (
        b"<html><head><title>Home \xc2\xb7 Kettle</title><meta name=theme-color content='#0a7'>"
        b"<style>a{color:#333}b{color:rgb(200, 30, 60)}c{color:rgb(200,30,60)}d{color:hsl(210,80%,50%)}</style>"
        b"<link rel=apple-touch-icon href=/touch.png></head>"
        b"<body><img class='site-logo' src='/logo.svg'></body></html>"
    )
    look = look_of(page, url="https://kettle.example/x")
    assert look.name in ("Home", "Kettle")
    assert look.colours[:2] == ("#00aa77", "#c81e3c")
    assert "#333333" not in look.colours
    assert look.logo_url == "https://kettle.example/logo.svg"


def test_a_logo_that_is_no_web_address_is_not_taken():
    page = b"<body><img class=logo src='javascript:alert(1)'><p>Hi</p></body>"
    assert look_of(page, url="https://kettle.example/").logo_url == ""
