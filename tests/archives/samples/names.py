"""What a name in an archive has to be called, by the rules that the project documents."""

import codecs

DEEPEST = 64
LONGEST = 4096


def path(text, is_dos=False):
    """The path that a name means, or none where nothing may be reached by it."""
    if len(text.encode("utf-8", "surrogateescape")) > LONGEST:
        return None
    if is_dos and "/" not in text:
        text = text.replace("\\", "/")
    if len(text) > 2 and text[0].isascii() and text[0].isalpha() and text[1:3] == ":/":
        text = text[2:]
    text = text.lstrip("/").removesuffix("/")
    segments = [segment for segment in text.split("/") if segment != "."]
    if not segments or len(segments) > DEEPEST:
        return None
    if any(segment in ("", "..") or "\0" in segment for segment in segments):
        return None
    return "/".join(segments)


def percent(raw):
    """Bytes as text, in which each that is no letter of ASCII stands as `%XX`."""
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)


def read(raws, encoding, fallback):
    """Names of one archive as text: all of them in UTF-8 where that fits, else in an encoding that
    was looked up, else in the one that is always tried last."""
    for candidate in filter(None, ("utf-8", encoding)):
        try:
            return [raw.decode(candidate, "unused") for raw in raws]
        except UnicodeDecodeError:
            continue
    return [raw.decode(fallback) for raw in raws]


def unused(error):
    """Bytes that stand for no letter stay what they are, as on the web."""
    if error.encoding != "charmap":
        raise error
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("unused", unused)
