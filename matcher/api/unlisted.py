"""Headers of pages whose link is their key: it should travel on in no Referer, cache or search engine."""

UNLISTED = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
