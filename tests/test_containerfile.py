"""Every step of ``deploy/Containerfile``, as it stands there, in a root of its own; what comes of it serves pages.

Its base image cannot be fetched in a test: in its place stands this machine's system, below a layer that is thrown
away, with nothing where the image puts its own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import ROOT
from reader_pages import free_port

FILE = ROOT / "deploy" / "Containerfile"
LAYERED = """\
set -eu
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs none tmp
for place in opt srv usr/src run; do mount -t tmpfs none $place; done
"""


def steps() -> list[tuple[str, str]]:
    """Each step of the file: its word and what follows."""
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def script(port: int) -> str:
    """The steps for a shell as root, then a workspace and its pages, by the user and the words of the file."""
    made, entry, words, user, folder = [LAYERED], [], [], "root", "/"
    for word, rest in steps():
        match word:
            case "FROM" | "EXPOSE" | "VOLUME":
                pass
            case "ENV":
                made.append(f"export {rest}")
            case "COPY":
                *sources, target = rest.split()
                made.append(f"mkdir -p .{target if target.endswith('/') or len(sources) > 1 else Path(target).parent}")
                made += [f"cp -r {shlex.quote(str(ROOT / source))} .{target}" for source in sources]
            case "RUN":
                made.append(f"chroot . /bin/sh -c {shlex.quote(rest)}")
            case "USER":
                user = rest
            case "WORKDIR":
                folder = rest
            case "ENTRYPOINT":
                entry = json.loads(rest)
            case "CMD":
                words = json.loads(rest)
            case _:
                raise AssertionError(f"this test knows no step {word}")
    words = [str(port) if one == "8000" else one for one in words]

    def command(*more: str) -> str:
        line = f"cd {folder} && exec {shlex.join([*entry, *more])}"
        return f"chroot . setpriv --reuid={user} --regid={user} --clear-groups /bin/sh -c {shlex.quote(line)}"

    workspace = (
        "init",
        ".",
        "--name",
        "الموجة",
        "--url",
        "https://almawja.example.org",
        "--web",
        "https://n.example.org",
    )
    ask = (
        "import sys, time, urllib.request\n"
        "for _ in range(600):\n"
        "    try:\n"
        f"        sys.exit(print(urllib.request.urlopen('http://127.0.0.1:{port}/health/pages').read().decode()))\n"
        "    except OSError:\n"
        "        time.sleep(0.1)\n"
    )
    made += [
        command(*workspace),
        f"{command(*words)} &",
        "served=$!",
        f"{shlex.quote(sys.executable)} -c {shlex.quote(ask)}",
        f"{command('database', 'upgrade')}",
        "chroot . /opt/nashra/bin/python -c 'import psycopg, procrastinate, newsletter; print(newsletter.__file__)'",
        "kill $served; wait $served || true",
    ]
    return "\n".join(made)


def test_the_file_names_steps_and_no_host() -> None:
    words = [word for word, _ in steps()]
    assert words[0] == "FROM"
    assert {"USER", "ENTRYPOINT", "CMD", "RUN", "COPY"} <= set(words)
    assert "/" not in dict(steps())["FROM"]
    for word, rest in steps():
        if word == "COPY":
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root, to make a root of its own")
def test_every_step_is_gone_and_the_pages_are_served(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("needs unshare and setpriv (Debian: util-linux)")
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    may = subprocess.run([*apart, "sh", "-c", f"{LAYERED} true"], capture_output=True, text=True, check=False)
    if may.returncode != 0:
        pytest.skip(f"this machine lets nobody make a root of its own: {may.stderr.strip()}")
    # The system's own interpreter: whoever runs the tests may have one that only they may enter.
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    able = subprocess.run(
        ["/usr/bin/python3", "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"], check=False
    )
    if able.returncode != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("needs the system's Python with venv (Debian: python3-venv)")
        pytest.skip("needs the system's Python with venv (Debian: python3-venv)")
    clean = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or "PIP_" in name}
    done = subprocess.run(
        [*apart, "sh", "-c", script(free_port())],
        env={**clean, "PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        cwd=tmp_path,
    )
    unreachable = re.search(r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Retrying", done.stderr)
    if done.returncode != 0 and unreachable is not None and os.environ.get("CI") != "true":
        pytest.skip("needs the package index, which cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"ok":true}' in done.stdout
    assert "/opt/nashra/lib/" in done.stdout
