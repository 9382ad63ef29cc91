"""What 7-Zip finds in archives, and bsdtar where 7-Zip lacks a decoder."""

import re
import subprocess
import tempfile
import zlib

import names
from entry import Entry, Unreadable

# bytes that a program may write of one archive, and seconds that it may take
MOST, LONGEST = 64 << 20, "120"


def read(volumes):
    """An archive of any format, from the first of its volumes on, as 7-Zip lists it."""
    listed, is_encrypted = lines(volumes[0])
    if is_encrypted:
        return [Entry("encrypted", size=None, status=403, content=None)]
    if listed is None:
        raise Unreadable("7-Zip cannot open it")
    contents = unpacked(volumes, listed)
    return [entry(fields, content) for fields, content in zip(listed, contents)]


def entry(fields, content):
    """One entry of those that are listed."""
    # older versions of a file, as WinRAR calls them
    name = re.sub(r"^\[VER\]/(\d+)/(.*)$", r"\2;\1", fields["Path"])
    found = Entry(names.path(name), size=length(fields), crc=crc(fields))
    attributes = fields.get("Attributes", "")
    is_link = any(fields.get(key) for key in ("Symbolic Link", "Hard Link", "Copy Link"))
    if found.name is None or is_link or " l" in attributes or fields.get("Anti") == "+":
        found.kind = "hidden"
    elif fields.get("Folder") == "+" or "D" in attributes.split(" ")[0]:
        found.kind = "dir"
    elif fields.get("Encrypted") == "+":
        found.status, found.content = 403, None
    else:
        found.content = content
        # without a checksum nobody can tell what is right
        found.status = 200
    return found


def by_sum(path):
    """What is unpacked, by checksum and length."""
    listed, _ = lines(path)
    contents = unpacked([path], listed or [])
    return {(zlib.crc32(content), len(content)): content for content in contents if content is not None}


def lines(path):
    """What 7-Zip says of each entry, and whether nothing can be said without a password."""
    done = run(["7z", "l", "-slt", "-ba", "-sccUTF-8", "-pnone", path])
    listed = []
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        key, _, value = line.partition(" = ")
        if key == "Path":
            listed.append({})
        if listed and line:
            listed[-1][key.removesuffix(" =")] = value
    if done.returncode > 1 and not listed:
        return None, b"ncrypted" in done.stderr
    return listed, False


def unpacked(volumes, listed):
    """The bytes of each entry, none where nobody unpacks them rightly."""
    found = [None if length(fields) else b"" for fields in listed]
    whole = b"".join(volume.read_bytes() for volume in volumes)
    for command, given in [
        (["7z", "x", "-so", "-pnone", volumes[0]], b""),
        # it takes no list of volumes, but one after the other
        (["bsdtar", "-xOf", "-", "--passphrase", "none"], whole),
    ]:
        if all(content is not None or not is_full(fields) for content, fields in zip(found, listed)):
            break
        done = run(command, given)
        found = [old if old is not None else new for old, new in zip(found, cut(done, listed))]
    return found


def cut(done, listed):
    """Cuts what a program wrote, one entry behind the other, where their checksums fit."""
    wanted = sum(length(fields) for fields in listed if is_full(fields))
    is_whole = done.returncode == 0 and len(done.stdout) == wanted
    at = 0
    for fields in listed:
        if not is_full(fields):
            yield None
            continue
        part = done.stdout[at : at + length(fields)]
        is_right = zlib.crc32(part) == crc(fields) if crc(fields) is not None else is_whole
        if len(part) == length(fields) and is_right:
            at += len(part)
            yield part
        else:
            # it was left out
            yield None


def is_full(fields):
    """Whether an entry has bytes that can be written."""
    return fields.get("Folder") != "+" and fields.get("Encrypted") != "+" and length(fields) > 0


def length(fields):
    return int(fields.get("Size") or 0)


def crc(fields):
    return int(fields["CRC"], 16) if fields.get("CRC") else None


def run(command, given=b""):
    """Runs a program to its end, or to where it has written as much as is kept of an archive."""
    command = ["timeout", LONGEST, *command]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as errors:
        source.write(given)
        source.seek(0)
        with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=errors) as program:
            written = program.stdout.read(MOST)
            if len(written) == MOST:
                program.kill()
        errors.seek(0)
        return subprocess.CompletedProcess(command, program.returncode, written, errors.read())
