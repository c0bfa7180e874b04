"""Headers of pages whose link is their key: it should travel on in no shared cache or search engine."""

UNLISTED = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
