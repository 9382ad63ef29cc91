"""Brings archives that others made into a folder, and writes down what has to come out of them.

Nothing is done where it was done before. What is written is `archives.json`: for each archive its
group, its file, and its entries, each with its name, length, the name of a file in `contents` that
holds its bytes, or the status that asking for it ends in.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import shutil
import sys
import tomllib
import zipfile

import fetch
import others
import readers
from entry import Unreadable

HERE = pathlib.Path(__file__).parent
GROUPS = ("rar", "seven", "tar", "zip")


def main():
    place = pathlib.Path(sys.argv[1])
    sources = sorted(path for path in HERE.iterdir() if path.suffix in (".py", ".toml"))
    stamp = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    stamped = place / "installed"
    if stamped.exists() and stamped.read_text() == stamp:
        return
    print("\n==> bringing archives that others made", flush=True)
    stamped.unlink(missing_ok=True)
    shutil.rmtree(place / "contents", ignore_errors=True)
    (place / "contents").mkdir(parents=True)
    files = fetch.fetch(place)
    notes = tomllib.loads((HERE / "expected.toml").read_text())
    with concurrent.futures.ThreadPoolExecutor() as pool:
        archives = list(pool.map(lambda volumes: described(place, volumes, notes), sets(files)))
    unknown = set(notes) - {archive["file"] for archive in archives}
    if unknown:
        sys.exit(f"expected.toml speaks of archives that are not there: {sorted(unknown)}")
    (place / "archives.json").write_text(json.dumps(archives, indent=1))
    for known in GROUPS:
        nest(place, [path for path in files if group(path) == known], known)
    stamped.write_text(stamp)


def group(path):
    # the parts of the one that was cut are called by numbers
    return fetch.group(path.name) or "rar"


def sets(files):
    """The files with all further volumes of each."""
    known = {path.as_posix().lower(): [path] for path in files}
    for path in files:
        first = first_volume(path.as_posix().lower())
        if first in known:
            known[first] += known.pop(path.as_posix().lower())
    return list(known.values())


def first_volume(name):
    """The first volume of what a file would be a further volume of."""
    part = re.search(r"(?:\.part|\.)(\d+)(?:\.rar)?$", name)
    if part and int(part[1]) > 1:
        return name[: part.start(1)] + "1".zfill(len(part[1])) + name[part.end(1) :]
    old = re.search(r"\.r\d\d$", name)
    return name[: old.start()] + ".rar" if old else None


def described(place, volumes, notes):
    """What is expected of an archive: what the oracles say, unless a note says better."""
    path = volumes[0]
    file = path.relative_to(place / "sets").as_posix()
    note = notes.get(file, {})
    archive = {"file": file, "group": group(path), "status": 200, "entries": [], "listing": True}
    archive["volumes"] = [volume.relative_to(place / "sets").as_posix() for volume in volumes]
    if path.read_bytes()[:4] == b"RE~^":
        # a version that is not read, and by 7-Zip and bsdtar neither
        return archive | {"status": 501}
    try:
        if archive["group"] == "zip":
            entries = readers.zips(path, note)
        elif archive["group"] == "tar":
            entries = readers.tars(path, note)
        else:
            entries = others.read(volumes)
    except Unreadable:
        archive["status"], entries = 502, []
    archive |= {key: note[key] for key in ("status", "listing") if key in note}
    if archive["status"] != 200:
        return archive
    shown = {}
    for entry in entries:
        if entry.kind == "hidden":
            continue
        # the last one counts, but a directory stays
        if shown.get(entry.name, entry).kind == "dir" and entry.kind != "dir":
            continue
        shown[entry.name] = entry
    for entry in shown.values():
        line = {"name": entry.name, "kind": entry.kind, "size": entry.size, "status": entry.status}
        line["aliases"] = [alias for alias in entry.aliases if alias != entry.name]
        line["crc"] = entry.crc
        if entry.kind == "file" and entry.content is not None:
            line["content"] = hashlib.sha256(entry.content).hexdigest()
            blob = place / "contents" / line["content"]
            if not blob.exists():
                blob.write_bytes(entry.content)
        archive["entries"].append(line)
    archive["entries"] = noted(archive["entries"], note)
    return archive


def noted(entries, note):
    """The entries with what is noted of all, and of some."""
    few = note.get("entries", {})
    missing = set(few) - {entry["name"] for entry in entries}
    if missing:
        sys.exit(f"expected.toml speaks of entries that are not there: {sorted(missing)}")
    for entry in entries:
        if entry["kind"] != "file" or not entry["size"]:
            continue
        if "each" in note:
            entry["status"] = note["each"]
        if "crc" in note:
            entry["crc"] = note["crc"]
            entry.pop("content", None)
        entry |= few.get(entry["name"], {})
    return entries


def nest(place, files, name):
    """Packs all files into a ZIP as they are, and into another that is packed."""
    for how, method in [("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)]:
        with zipfile.ZipFile(place / f"{name}-{how}.zip", "w", method) as archive:
            for path in files:
                archive.write(path, path.relative_to(place / "sets").as_posix())


if __name__ == "__main__":
    main()
