"""What a reader takes: the Accept header of RFC 9110 held against what a route offers."""

from collections.abc import Iterator, Sequence


def chosen(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the offered media type that the reader likes best, the earlier one of equals; None if he takes none.

    Without the header he takes what comes first.
    """
    if accept is None or not accept.strip():
        return offered[0]
    wishes = tuple(_wishes(accept))
    weighed = [(_weight(wishes, one), -place, one) for place, one in enumerate(offered)]
    weight, _, best = max(weighed)
    return best if weight > 0 else None


def _wishes(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        yield media, _number(weights[0]) if weights else 1.0


def _number(text: str) -> float:
    """Return a weight; what is none weighs nothing."""
    digits = text.replace(".", "", 1)
    return min(float(text), 1.0) if digits.isascii() and digits.isdecimal() and len(text) < 8 else 0.0


def _weight(wishes: Sequence[tuple[str, float]], media: str) -> float:
    """Return what the most exact wish that covers a media type says of it."""
    for form in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [weight for wished, weight in wishes if wished == form]
        if found:
            return found[0]
    return 0.0
