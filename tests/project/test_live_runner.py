"""`make live` starts servers, hands their settings to the tests, and stops them."""

from __future__ import annotations

import os
import subprocess

import pytest

START = '#!/bin/sh\necho "$1" > "$(dirname "$0")/started"\necho "SHOP_URL=http://127.0.0.1:1"\n'
STOP = '#!/bin/sh\ntouch "$(dirname "$0")/stopped"\n'


@pytest.fixture
def live(tmp_path):
    (tmp_path / "servers" / "shop").mkdir(parents=True)
    for name, text in (("start", START), ("stop", STOP)):
        program = tmp_path / "servers" / "shop" / name
        program.write_text(text)
        program.chmod(0o755)
    return tmp_path


@pytest.fixture
def run(root, tmp_path):
    def do(tests="exit 0"):
        program = tmp_path / "pytest.sh"
        program.write_text(f"#!/bin/sh\n{tests}\n")
        program.chmod(0o755)
        env = {**os.environ, "CASELINE_LIVE": str(tmp_path), "CASELINE_PYTEST": str(program)}
        return subprocess.run(
            ["bash", root / "live/run.sh"], env=env, capture_output=True, text=True, check=False
        )

    return do


def test_without_servers_it_says_so_and_succeeds(run):
    done = run()

    assert done.returncode == 0
    assert "no outside server" in done.stdout


def test_servers_are_started_and_stopped(live, run):
    done = run()

    assert done.returncode == 0, done.stderr
    server = live / "servers" / "shop"
    assert (server / "started").read_text().strip() == str(live / "run" / "shop")
    assert (server / "stopped").exists()


@pytest.mark.usefixtures("live")
def test_settings_of_a_server_reach_the_tests(run):
    assert "http://127.0.0.1:1" in run('echo "$SHOP_URL"').stdout


def test_failing_tests_fail_the_run_and_stop_the_servers(live, run):
    assert run("exit 1").returncode == 1
    assert (live / "servers" / "shop" / "stopped").exists()


@pytest.mark.usefixtures("live")
def test_no_tests_yet_is_no_failure(run):
    done = run("exit 5")

    assert done.returncode == 0
    assert "no test for them yet" in done.stdout


def test_server_that_does_not_start_fails_the_run(live, run):
    (live / "servers" / "shop" / "start").write_text("#!/bin/sh\nexit 3\n")

    assert run().returncode != 0
    assert (live / "servers" / "shop" / "stopped").exists()
