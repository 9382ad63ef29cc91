"""What is known of an entry of an archive."""

import dataclasses


class Unreadable(Exception):
    """Nothing can be said of an archive."""


@dataclasses.dataclass
class Entry:
    """One entry, with the status that asking for it has to end in."""

    # none where nothing may be reached by it
    name: str | None
    # file, dir, or hidden, which is all that is not shown
    kind: str = "file"
    size: int | None = 0
    # the bytes, or none where nobody could unpack them
    content: bytes | None = b""
    # their CRC-32, where the archive tells it
    crc: int | None = None
    status: int = 200
    # other names that lead to it
    aliases: tuple = ()
