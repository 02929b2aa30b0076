"""PDF, Word and PowerPoint files to Markdown, through markitdown: an optional extra (requirements-documents.txt)."""

from __future__ import annotations

import importlib
import io
import zipfile

from rag.errors import RagError

MISSING = (
    "PDF, Word and PowerPoint files need the converter, which is not installed: "
    "run `.venv/bin/pip install -r requirements-documents.txt`"
)
_ZIP = b"PK\x03\x04"
_PDF = b"%PDF-"
_PDF_HEADER_BYTES = 1024  # where readers look for it (ISO 32000, annex H of the Adobe edition)
_CONVERTERS = {".pdf": "PdfConverter", ".docx": "DocxConverter", ".pptx": "PptxConverter"}
_MEMBERS = {"word/document.xml": ".docx", "ppt/presentation.xml": ".pptx"}


class UnreadableDocumentError(RagError):
    """The converter is missing, or could not make sense of the file."""


def kind(content: bytes) -> str | None:
    """`.pdf`, `.docx` or `.pptx`, told by the content; nothing for other files."""
    if _PDF in content[:_PDF_HEADER_BYTES]:
        return ".pdf"
    if not content.startswith(_ZIP):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    return next((suffix for member, suffix in _MEMBERS.items() if member in names), None)


def to_markdown(content: bytes, suffix: str) -> str:
    """Convert a document of the `kind` named by its suffix.

    Raises:
        UnreadableDocumentError: when the extra is not installed, or the file is damaged or protected.
    """
    try:
        converters = importlib.import_module("markitdown.converters")  # optional, and takes over a second
    except ImportError:
        raise UnreadableDocumentError(MISSING) from None
    stream_info = importlib.import_module("markitdown").StreamInfo(extension=suffix)
    try:
        # By its name: left to choose, the package takes a PDF that it cannot open for plain text.
        converter = getattr(converters, _CONVERTERS[suffix])()
        markdown: str = converter.convert(io.BytesIO(content), stream_info).markdown
    except Exception as error:  # each of the converter's parsers has errors of its own
        raise UnreadableDocumentError("the document cannot be opened: it may be damaged or have a password") from error
    return markdown
