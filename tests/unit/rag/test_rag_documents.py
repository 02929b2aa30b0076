"""PDF, Word and PowerPoint files, made here and read by the real converter where it is installed."""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from pathlib import Path

import pytest

from rag import documents, outline
from rag.passage import Passage
from rag.reading import read_folder

needs_converter = pytest.mark.skipif(
    importlib.util.find_spec("markitdown") is None, reason="requirements-documents.txt is not installed"
)


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text a page."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page, text in enumerate(pages):
        drawing = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * page} 0 R >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        ]
    content, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(content)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    content += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return content.encode()


def docx(*paragraphs: tuple[str, str]) -> bytes:
    """A Word file of paragraphs, each with its style (`Heading1`, or none)."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def outlined(text: str) -> list[tuple[str, str]]:
    records = [record for _, record in outline.read(text, "Some file", "lessons")]
    return [(record.title, record.text) for record in records if isinstance(record, Passage)]


def test_kinds_are_told_by_content() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    assert documents.kind(pdf("x")) == ".pdf"
    assert documents.kind(docx()) == ".docx"
    assert [documents.kind(content) for content in (other.getvalue(), b"PK\x03\x04 cut", b"# PDF", b"")] == [None] * 4


@needs_converter
def test_a_word_files_headings_start_its_passages(tmp_path: Path) -> None:
    content = docx(("Heading1", "Heat waves"), ("", "Drink water."), ("Heading2", "Shade"), ("", "Walk early."))
    (tmp_path / "Summer Guide.bin").write_bytes(content)
    reading = read_folder(tmp_path)
    assert [(p.id, p.collection, p.title, p.text) for p in reading.passages] == [
        ("summer-guide-01", "lessons", "Heat waves", "Drink water."),
        ("summer-guide-02", "lessons", "Shade", "Walk early."),
    ]
    assert reading.passages[0].metadata["document"] == "Summer Guide"


@needs_converter
def test_a_pdfs_text_is_read_into_the_collection_asked_for(tmp_path: Path) -> None:
    (tmp_path / "leaflet.pdf").write_bytes(pdf("Stand on one leg by a wall.", "Then change legs."))
    reading = read_folder(tmp_path, collection="resources")
    assert {passage.collection for passage in reading.passages} == {"resources"}
    text = " ".join(passage.text for passage in reading.passages)
    assert "Stand on one leg by a wall." in text
    assert "Then change legs." in text


@needs_converter
def test_each_slide_of_a_presentation_is_a_passage(tmp_path: Path) -> None:
    presentation = pytest.importorskip("pptx").Presentation()
    for title, body in (("Why walk?", "It wakes up the legs."), ("Balance", "Stand by a chair.")):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, body
    presentation.save(tmp_path / "deck.pptx")
    assert [(passage.title, passage.text) for passage in read_folder(tmp_path).passages] == [
        ("Why walk?", "It wakes up the legs."),
        ("Balance", "Stand by a chair."),
    ]


@needs_converter
@pytest.mark.parametrize("content", [b"%PDF-1.4\nbroken", docx(("", "x")).replace(b"w:document", b"w:docum&nt")])
def test_a_damaged_document_is_a_problem_and_loses_nothing_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken").write_bytes(content)
    (tmp_path / "fine.docx").write_bytes(docx(("", "Drink water.")))
    reading = read_folder(tmp_path)
    [problem] = reading.problems
    assert problem.file == str(tmp_path / "broken")
    assert [passage.text for passage in reading.passages] == ["Drink water."]


def test_without_the_converter_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "markitdown.converters", None)
    (tmp_path / "leaflet.pdf").write_bytes(pdf("x"))
    [problem] = read_folder(tmp_path).problems
    assert problem.file == str(tmp_path / "leaflet.pdf")
    assert "pip install -r requirements-documents.txt" in problem.reason


def test_a_long_section_is_cut_between_paragraphs_and_keeps_its_title() -> None:
    paragraphs = [f"{'word ' * 90}{number}." for number in range(5)]
    found = outlined("# Long\n\n" + "\n\n".join(paragraphs))
    assert [title for title, _ in found] == ["Long"] * 3
    assert "\n".join(text for _, text in found) == "\n".join(paragraphs)


def test_pictures_and_marks_are_left_out_and_signs_in_words_stay() -> None:
    text = (
        "Before.\n\n## **Bold** start\n\n![A chart](chart.png)\n\n_Slowly_ lift **one** foot, 3 * 4 times, see a_b.\n"
    )
    assert outlined(text) == [
        ("Some file", "Before."),
        ("Bold start", "Slowly lift one foot, 3 * 4 times, see a_b."),
    ]


def test_a_document_without_text_says_why_there_may_be_none() -> None:
    [(line, reason)] = list(outline.read("\n\n", "scan", "lessons"))
    assert line == 1
    assert "scanned" in str(reason)
