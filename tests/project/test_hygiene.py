"""Habits that hold for every file of the project."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
MOST_LINES_OF_TESTS = 600
TESTS = {"tests", "live"}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "common", "helpers", "base", "manager", "misc"}


def list_files(*endings):
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        pytest.skip("not a git clone: cannot tell the project's files from others")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [ROOT / name for name in names if name.endswith(endings)]


def shown(paths):
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def unfenced(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_files_are_plain_utf8_text():
    odd = []
    for path in list_files(""):
        data = path.read_bytes()
        text = data.decode("utf-8", errors="surrogateescape")
        clean = not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text)
        if not clean or (data and not data.endswith(b"\n")):
            odd.append(path)

    assert shown(odd) == []


def test_no_file_knows_where_it_was_written():
    homes = [str(place) for place in (ROOT, ROOT.parent) if len(place.parts) > 2]
    telling = [
        path
        for path in list_files("")
        if any(re.search(rf"(?<![\w./]){re.escape(home)}/", path.read_text()) for home in homes)
    ]

    assert shown(telling) == []


def test_work_left_open_names_its_issue():
    mark = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b(?!.*#\d+)")
    open_ended = [path for path in list_files("") if mark.search(path.read_text())]

    assert shown(open_ended) == []


def test_python_files_are_short():
    long = [
        path
        for path in list_files(".py")
        if len(path.read_text().splitlines())
        > (MOST_LINES_OF_TESTS if path.relative_to(ROOT).parts[0] in TESTS else MOST_LINES)
    ]

    assert shown(long) == []


def test_names_of_modules_say_what_is_in_them():
    silent = [path for path in list_files(".py") if path.stem in NAMES_THAT_SAY_NOTHING]

    assert shown(silent) == []


def test_module_does_not_bear_the_name_of_what_it_exports():
    same = []
    for path in list_files(".py"):
        body = ast.parse(path.read_text()).body
        names = {n.name for n in body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        if path.stem in names:
            same.append(path)

    assert shown(same) == []


def test_data_folders_are_dated_and_explained():
    dated = re.compile(r"\d{4}-\d{2}$")
    bare = []
    for path in list_files(".toml"):
        if "caseline" not in path.relative_to(ROOT).parts:
            continue
        folder = path.parent
        readme = (folder / "README.md").exists() or (folder.parent / "README.md").exists()
        if not (dated.match(folder.name) and readme):
            bare.append(path)

    assert shown(bare) == []


def test_links_in_pages_lead_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in list_files(".md")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", unfenced(page.read_text()))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_pages_named_in_the_code_exist():
    missing = [
        f"{path.relative_to(ROOT)}: {page}"
        for path in list_files(".py", ".toml", "Makefile")
        for page in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text())
        if not (ROOT / page).exists()
    ]

    assert missing == []


def test_lock_names_only_the_public_index():
    text = (ROOT / "uv.lock").read_text()
    places = set(re.findall(r'"(https?://[^/"]+)', text))

    assert places == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert set(re.findall(r'registry = "([^"]+)"', text)) == {"https://pypi.org/simple"}
