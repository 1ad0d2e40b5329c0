"""Media types that complaints come with. A type is stored open, so it is one of these, never a sender's own words."""

from typing import Final

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
OCTETS: Final = "application/octet-stream"

KNOWN: Final = frozenset({
    "application/gzip", "application/json", "application/msword", "application/ogg", "application/pdf",
    "application/pgp-encrypted", "application/pgp-signature", "application/pkcs7-mime", "application/pkcs7-signature",
    "application/rtf", "application/vnd.apple.keynote", "application/vnd.apple.numbers", "application/vnd.apple.pages",
    "application/vnd.ms-excel", "application/vnd.ms-outlook", "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text", "application/vnd.rar",
    f"{_OFFICE}.presentationml.presentation", f"{_OFFICE}.spreadsheetml.sheet", f"{_OFFICE}.wordprocessingml.document",
    "application/x-7z-compressed", "application/x-pkcs7-mime", "application/x-pkcs7-signature", "application/x-tar",
    "application/x-zip-compressed", "application/xhtml+xml", "application/xml", "application/zip",
    "audio/aac", "audio/amr", "audio/flac", "audio/m4a", "audio/mp3", "audio/mp4", "audio/mpeg", "audio/ogg",
    "audio/opus", "audio/wav", "audio/webm", "audio/x-m4a", "audio/x-wav",
    "image/avif", "image/bmp", "image/gif", "image/heic", "image/heif", "image/jpeg", "image/jpg", "image/pjpeg",
    "image/png", "image/svg+xml", "image/tiff", "image/webp", "image/x-icon",
    "message/delivery-status", "message/disposition-notification", "message/rfc822", "multipart/report",
    "text/calendar", "text/css", "text/csv", "text/html", "text/markdown", "text/plain", "text/rfc822-headers",
    "text/richtext", "text/rtf", "text/tab-separated-values", "text/vcard", "text/x-vcard", "text/xml",
    "video/3gpp", "video/mp4", "video/mpeg", "video/ogg", "video/quicktime", "video/webm", "video/x-matroska",
    "video/x-msvideo",
})  # fmt: skip


def media_type(value: str | None) -> str:
    """Return the bare media type if it is a known one; anything else is mere octets."""
    bare = (value or "").partition(";")[0].strip().lower()
    return bare if bare in KNOWN else OCTETS
