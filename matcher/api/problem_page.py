"""What a person is shown whose link leads nowhere, or can not be followed just now."""

from typing import Any

from fastapi.responses import HTMLResponse

from matcher.api.unlisted import UNLISTED

PATHS = ("/c/", "/o/", "/stop/")  # they stand in notices, and are opened by people
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
_LATER = (
    "Hiện chưa xem được trang này",
    "Xin thử lại sau ít phút.",
    "This page can not be shown just now",
    "Try again in a few minutes.",
)


def problem_page(status: int, headers: dict[str, str]) -> HTMLResponse:
    """In both languages, as nobody knows who reads it. A link in no right form is one that leads nowhere."""
    status = 404 if status == 422 else status
    vi, vi_remedy, en, en_remedy = _NOTHING if status < 500 else _LATER
    return HTMLResponse(_PAGE.format(vi, vi_remedy, en, en_remedy), status, UNLISTED | headers)


_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0} · {2}</title>
<style>
  body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
</head>
<body>
<h1>{0}</h1>
<p>{1}</p>
<div lang="en"><h2>{2}</h2>
<p>{3}</p></div>
</body>
</html>
"""
