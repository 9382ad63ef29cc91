"""What Python's own readers and 7-Zip find in archives.

Each reader gives the entries of an archive in its order: what a name means, whether it is a file, a
directory or something that is not shown, how long a file is, and its bytes, or why there are none.
"""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib

import names
import others
from entry import Entry, Unreadable

# bytes of the longest entry that is written out; of longer ones the checksum is
LARGEST = 16 << 20


def zips(path, notes):
    """A ZIP, as Python's zipfile reads it; what that cannot unpack, 7-Zip does."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return others.read([path])
    found = archive.infolist()
    raws = [raw(info) for info in found]
    texts = [said(info, name) for info, name in zip(found, raws)]
    unsaid = [name for name, text in zip(raws, texts) if text is None]
    read = iter(names.read(unsaid, notes.get("encoding"), "cp437"))
    by_seven = None
    entries = []
    for info, name, text in zip(found, raws, texts):
        is_dos = info.create_system in (0, 6, 10, 14)
        aliases = ()
        if text is None:
            text = next(read)
            if not name.isascii():
                aliases = tuple(filter(None, (names.path(name.decode("cp437"), is_dos), names.path(names.percent(name), is_dos))))
        entry = Entry(names.path(text, is_dos), size=info.file_size, aliases=aliases)
        entries.append(entry)
        mode = info.external_attr >> 16 & 0o170000
        if entry.name is None or mode not in (0, 0o100000, 0o040000):
            entry.kind = "hidden"
        elif text.endswith("/") or is_dos and (text.endswith("\\") or info.external_attr & 0x10 and not info.file_size):
            entry.kind = "dir"
        elif info.flag_bits & 1 or info.compress_type == 99:
            entry.status, entry.content = 403, None
        else:
            try:
                entry.content = archive.read(info)
            except (NotImplementedError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError):
                by_seven = others.by_sum(path) if by_seven is None else by_seven
                entry.content = by_seven.get((info.CRC, info.file_size))
                entry.status = 502 if entry.content is None else 200
    return entries


def raw(info):
    """The bytes of a name, which zipfile has decoded."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def said(info, name):
    """The name as text, where the archive says what it is."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    extra = info.extra
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == 0x7075 and field[:1] == b"\1" and int.from_bytes(field[1:5], "little") == zlib.crc32(name):
            return field[5:].decode()
    return None


def tars(path, notes):
    """A tar, packed or not, as Python's tarfile reads it."""
    content = path.read_bytes()
    try:
        content = unpacked(content)
        archive = tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape")
        found = archive.getmembers()
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise Unreadable(str(error)) from error
    raws = [member.name.encode("utf-8", "surrogateescape") for member in found]
    texts = iter(names.read([name for name in raws if not utf8(name)], notes.get("encoding"), "cp437"))
    entries = []
    for member, name in zip(found, raws):
        is_text = utf8(name)
        text = name.decode() if is_text else next(texts)
        aliases = () if is_text else tuple(filter(None, (names.path(names.percent(name)),)))
        entry = Entry(names.path(text), size=member.size, aliases=aliases)
        entries.append(entry)
        if entry.name is None or not (member.isreg() or member.isdir()):
            entry.kind = "hidden"
        elif member.isdir():
            entry.kind = "dir"
        else:
            try:
                content = archive.extractfile(member)
                if member.size > LARGEST:
                    entry.content, entry.crc = None, checksum(content)
                else:
                    entry.content = content.read()
            except (tarfile.TarError, OSError):
                entry.status, entry.content = 502, None
    return entries


def checksum(file):
    """The CRC-32 of a file, a part at a time."""
    total = 0
    while part := file.read(1 << 20):
        total = zlib.crc32(part, total)
    return total


def unpacked(content):
    """A tar that was packed as a whole."""
    if content.startswith(b"\x1f\x8b"):
        # what follows the last stream is padding to everybody but Python
        return others.run(["gzip", "-dc"], content).stdout
    if content.startswith(b"BZh"):
        return bz2.decompress(content)
    if content.startswith(b"\xfd7zXZ"):
        return lzma.decompress(content)
    if content[:4] == b"\x28\xb5\x2f\xfd" or content[1:4] == b"\x2a\x4d\x18":
        return others.run(["7z", "x", "-so", "-si", "-tzstd"], content).stdout
    return content


def utf8(name):
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
