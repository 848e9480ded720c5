#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_claude - the real Claude Code in a VM, against a scripted API.

The stub listens on the host's loopback; the guest reaches it because its port
is granted by name.
"""

import os
import subprocess
import sys

import stub_anthropic
import support
from support import Place, Terminal, check

FINAL = "Everything is written."
QUIET = (
    "DISABLE_TELEMETRY=1",
    "DISABLE_AUTOUPDATER=1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
)


def write(name, content):
    return (
        "Write",
        {"file_path": f"/workspace/{name}", "content": content},
    )


def bash(command):
    return ("Bash", {"command": command, "description": "run a command"})


def flags(place, server):
    place.env["ANTHROPIC_BASE_URL"] = (
        f"http://host.bbox.internal:{server.port}"
    )
    place.env["ANTHROPIC_API_KEY"] = "sk-stub"
    words = ["--allow-host", f"host.bbox.internal:{server.port}"]
    for entry in QUIET:
        words += ["--env", entry]
    return words


def ask(place, server, prompt, *more):
    return place.bbox(
        "claude-code",
        *flags(place, server),
        *more,
        "--",
        "-p",
        prompt,
        "--dangerously-skip-permissions",
    )


def serve(*steps):
    return stub_anthropic.Server(stub_anthropic.Script(steps, FINAL))


def test_a_file_that_claude_writes_comes_back():
    with Place() as place, serve(write("hello.txt", "hello\n")) as server:
        ask(place, server, "write hello.txt").expect(0, FINAL + "\n")
        check(place.read("hello.txt") == "hello\n", "hello.txt")
        check(len(server.script.results) == 1, f"{server.script.results}")


def test_claude_cannot_plant_hooks_or_see_secrets():
    steps = (
        write("result.txt", "fine\n"),
        bash(
            "printf '#!/bin/sh\\ntouch /tmp/pwned\\n' "
            ">.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; "
            "ls -la /workspace/.env; env"
        ),
    )
    with Place() as place, serve(*steps) as server:
        subprocess.run(
            ["git", "init", "-q", place.workspace],
            check=True,
            env=place.env,
            timeout=60,
        )
        place.write(".env", "TOKEN=secret\n")
        place.env["HOST_SECRET"] = "do-not-forward"
        result = ask(place, server, "do it").expect(0, FINAL + "\n")
        check(place.read("result.txt") == "fine\n", "result.txt")
        hook = place.path(".git/hooks/pre-commit")
        check(not os.path.exists(hook), "the hook came back")
        check(place.read(".env") == "TOKEN=secret\n", ".env changed")
        said = server.script.results[-1]
        check("No such file" in said, f"saw .env: {said}\n{result}")
        check("do-not-forward" not in said, f"saw a secret: {said}")


def test_claude_edits_what_is_there():
    steps = (
        bash("cat main.py"),
        bash("sed -i 's/1/2/' main.py && git status --short"),
    )
    with Place() as place, serve(*steps) as server:
        subprocess.run(
            ["git", "init", "-q", place.workspace],
            check=True,
            env=place.env,
            timeout=60,
        )
        place.write("main.py", "print(1)\n")
        ask(place, server, "change it").expect(0, FINAL + "\n")
        check("print(1)" in server.script.results[0], "main.py is not there")
        check("main.py" in server.script.results[1], "git does not work")
        check(place.read("main.py") == "print(2)\n", "main.py")


def test_exec_replaces_the_agent():
    with Place() as place:
        place.bbox(
            "claude-code", "--exec", "echo", "--", "instead", "of", "it"
        ).expect(0, "instead of it\n")


def test_claude_starts_on_a_terminal():
    with Place() as place, serve() as server:
        with Terminal(
            place, "claude-code", *flags(place, server)
        ) as terminal:
            terminal.expect("Claude")
            check(terminal.is_raw(), "not raw")
            # Two of them end it, whatever it shows first.
            for _ in range(20):
                if terminal.process.poll() is not None:
                    break
                terminal.send("\x03")
                terminal.pump(1)
            terminal.wait(120)
            terminal.check_restored()
        support.check_nothing_runs()
        check(not place.leftovers(), f"left: {place.leftovers()}")


if __name__ == "__main__":
    sys.exit(support.run(globals(), images=("claude-code",)))
