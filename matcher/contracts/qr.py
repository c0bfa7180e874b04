"""A link as a QR code."""

import io

import segno


def qr_svg(link: str) -> str:
    """One XML element, scaled by whoever shows it."""
    code = segno.make(link, error="m", micro=False)
    return str(code.svg_inline(border=1, omitsize=True)).replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
    )


def qr_png(link: str) -> bytes:
    written = io.BytesIO()
    segno.make(link, error="m", micro=False).save(written, kind="png", border=1, scale=8)
    return written.getvalue()
