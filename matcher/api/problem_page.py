"""What a person is shown whose link leads nowhere, whose form can not be read, or who has to wait."""

import re
from typing import Any

from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers
from starlette.types import Scope

from matcher.api.unlisted import UNLISTED

LINKS = ("/c/", "/o/", "/stop/")  # they stand in notices, and are opened by people
FORM = "/verify"
# How the description says that errors of such pages are pages.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "A page that says so", "content": {"text/html": {"schema": {"type": "string"}}}}
}

_NOTHING = (
    "Không có gì ở đường dẫn này",
    "Xin chép lại nguyên vẹn đường dẫn trong thông báo.",
    "There is nothing behind this link",
    "Copy it whole, as the notice gave it.",
)
_TOO_LARGE = (
    "Tệp quá lớn",
    "Xin quay lại và chọn tệp không quá 10 MB.",
    "The file is too large",
    "Go back and choose one of at most 10 MB.",
)
_NO_FILE = (
    "Chưa chọn tệp nào",
    "Ô “Văn bản” còn trống. Xin quay lại, chọn tệp PDF, trang hoặc tệp bằng chứng rồi gửi lại.",
    "No file was chosen",
    "The field “Document” is empty. Go back, choose the PDF, page or evidence file and send it again.",
)
_UNREADABLE = (
    "Không đọc được nội dung đã gửi",
    "Xin quay lại, chọn tệp rồi gửi lại.",
    "What was sent can not be read",
    "Go back, choose the file and send it again.",
)
_LATER = (
    "Hiện chưa xem được trang này",
    "Xin thử lại sau ít phút.",
    "This page can not be shown just now",
    "Try again in a few minutes.",
)


def asks_for_page(scope: Scope) -> bool:
    """Whether who asks is at one of the pages, and takes pages at all."""
    accepted = Headers(scope=scope).get("accept", "*/*")
    takes_pages = re.search(r"text/(html|\*)|\*/\*", accepted, re.IGNORECASE) is not None
    return takes_pages and (scope["path"] == FORM or scope["path"].startswith(LINKS))


def problem_page(status: int, headers: dict[str, str], scope: Scope) -> HTMLResponse:
    """In both languages, the browser's first. A link in no right form is one that leads nowhere."""
    link = scope["path"] != FORM
    status = 404 if link and status == 422 else status
    vi, vi_remedy, en, en_remedy = _words(status, link=link)
    said = [("vi", vi, vi_remedy), ("en", en, en_remedy)]
    (first, *words), (second, *words_again) = reversed(said) if _prefers_english(scope) else said
    page = _PAGE.format(first, *words, second, *words_again)
    return HTMLResponse(page, status, UNLISTED | {"Vary": "Accept, Accept-Language"} | headers)


def _words(status: int, *, link: bool) -> tuple[str, str, str, str]:
    if status >= 500:
        return _LATER
    if link:
        return _NOTHING
    return {413: _TOO_LARGE, 422: _NO_FILE}.get(status, _UNREADABLE)


def _prefers_english(scope: Scope) -> bool:
    """By the order in which browsers name the languages of their owner."""
    accepted = Headers(scope=scope).get("accept-language", "")
    named = re.search(r"\b(vi|en)\b", accepted, re.IGNORECASE)
    return named is not None and named[1].lower() == "en"


_PAGE = """<!doctype html>
<html lang="{0}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{1} · {4}</title>
<style>
  body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
</head>
<body>
<h1>{1}</h1>
<p>{2}</p>
<div lang="{3}"><h2>{4}</h2>
<p>{5}</p></div>
</body>
</html>
"""
