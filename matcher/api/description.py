"""/docs: the API described for people, by a page that fetches nothing from elsewhere."""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

PATH = "/docs"
FILES = "/docs-files"


def install(app: FastAPI) -> None:
    """Adds the page, and the files that it shows itself with."""
    app.mount(FILES, StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))

    @app.get(PATH, include_in_schema=False)
    def describe() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{FILES}/swagger-ui.css",
            swagger_favicon_url=f"{FILES}/favicon.png",
        )
