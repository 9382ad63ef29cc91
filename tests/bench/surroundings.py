"""What the benchmark runs inside: a venv with libtorrent, and a network namespace out of which nothing can leave."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "target/venv"
LIBTORRENT = "libtorrent==2.1.1"
INSIDE = "BENCH_NAMESPACE"


def enter_venv() -> None:
    """Goes on under the venv's Python, made first where it is missing: the only step that needs the network."""
    if importlib.util.find_spec("libtorrent"):
        return
    python = VENV / "bin/python"
    if Path(sys.prefix) == VENV:
        sys.exit(f"{VENV} has no libtorrent: remove it and run again")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    probe = [python, "-c", "import libtorrent"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", LIBTORRENT], check=True)
    os.execv(python, [str(python), *sys.argv])


def enter_namespace() -> None:
    """Goes on where `lo` is the only interface; without root it stays on the machine's own network and says so."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        print("not root: running on the machine's own network", file=sys.stderr)
        return
    environment = os.environ | {INSIDE: "1"}
    command = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, *sys.argv]
    os.execvpe("unshare", command, environment)


def isolated() -> bool:
    """Whether the benchmark runs in a network namespace of its own."""
    return bool(os.environ.get(INSIDE))


def agent() -> Path | None:
    """Our program where `cargo build --release` puts it."""
    built = ROOT / "target/release/universal-p2p"
    return built if built.is_file() else None


def nginx() -> Path | None:
    """The nginx on the path, or where Debian puts it, which is not on everybody's path."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return Path(found) if found else None
