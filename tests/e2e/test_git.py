#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_git - git in the guest: nothing secret in, no commit lost."""

import os
import shutil
import subprocess
import sys

import support
from support import Place, Skip, check

SECRET = "hunter2"
DIRTY = f"""
[credential]
	helper = !echo {SECRET}
[alias]
	x = !echo {SECRET}
[core]
	hooksPath = /tmp/{SECRET}
	sshCommand = {SECRET}
[include]
	path = /home/me/{SECRET}
[remote "origin"]
	url = https://me:{SECRET}@example.com/project.git
	fetch = +refs/heads/*:refs/remotes/origin/*
[url "https://me:{SECRET}@example.com/"]
	insteadOf = work:
"""
# The guest has no identity of its own yet, and /workspace is another user's
# to a git that compares owners.
SETUP = (
    "export GIT_AUTHOR_NAME=agent GIT_AUTHOR_EMAIL=a@x "
    "GIT_COMMITTER_NAME=agent GIT_COMMITTER_EMAIL=a@x; "
    "git config --global safe.directory '*'; set -e; "
)


def git(cwd, *args):
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "user",
        "GIT_AUTHOR_EMAIL": "u@x",
        "GIT_COMMITTER_NAME": "user",
        "GIT_COMMITTER_EMAIL": "u@x",
    }
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=env, capture_output=True, timeout=60
    )
    text = done.stdout.decode() + done.stderr.decode()
    check(done.returncode == 0, f"git {' '.join(args)}: {text}")
    return done.stdout.decode().strip()


def make_repository(path):
    if not shutil.which("git"):
        raise Skip("no git on this host")
    os.makedirs(path, exist_ok=True)
    git(path, "init", "-q", "-b", "main")
    with open(os.path.join(path, "a.txt"), "w", encoding="utf-8") as f:
        f.write("one\n")
    git(path, "add", "a.txt")
    git(path, "commit", "-q", "-m", "first")


def dirty(git_dir):
    with open(os.path.join(git_dir, "config"), "a", encoding="utf-8") as f:
        f.write(DIRTY)


def content(path):
    with open(path, "rb") as f:
        return f.read()


def run(place, script, *flags, **options):
    return place.bbox(
        "run-image",
        "base",
        *flags,
        "--",
        "sh",
        "-c",
        SETUP + script,
        **options,
    )


def kept_refs(repository):
    out = git(
        repository, "for-each-ref", "--format=%(objectname) %(refname)",
        "refs/bbox",
    )
    return [line.split(" ") for line in out.splitlines()]


def test_guest_sees_no_secret_and_no_command():
    with Place() as place:
        make_repository(place.workspace)
        make_repository(place.path("nested/deep"))
        git(place.path(), "clone", "-q", "--bare", ".", "bare.git")
        dirs = (".git", "nested/deep/.git", "bare.git")
        for name in dirs:
            dirty(place.path(name))
        before = [content(place.path(name, "config")) for name in dirs]
        result = run(
            place,
            "git config -l --local; for d in nested/deep bare.git; do "
            "git -C $d config -l --local; done; git status --short; "
            "grep -rl " + SECRET + " . || true; find . -name config -size +1k",
        ).expect(0)
        check(SECRET not in result.out, f"it shows\n{result}")
        for word in ("credential", "alias", "hookspath", "include", "config\n"):
            check(word not in result.out, f"{word} shows\n{result}")
        check(
            result.out.count("remote.origin.url=https://example.com/p") == 3,
            f"no remote\n{result}",
        )
        after = [content(place.path(name, "config")) for name in dirs]
        check(before == after, "a configuration of the user has changed")
        check("not brought back" not in result.errors, f"notice\n{result}")


def test_changes_of_configuration_and_hooks_stay_in_the_guest():
    with Place() as place:
        make_repository(place.workspace)
        before = content(place.path(".git/config"))
        result = run(
            place,
            "git config core.fsmonitor ./evil; "
            "printf '#!/bin/sh\\n' >.git/hooks/pre-commit",
        ).expect(0)
        check(content(place.path(".git/config")) == before, "config changed")
        check(
            not os.path.exists(place.path(".git/hooks/pre-commit")),
            "a hook came back",
        )
        check("'.git/config'" in result.errors, f"no notice\n{result}")


def test_commit_arrives():
    with Place() as place:
        make_repository(place.workspace)
        result = run(
            place,
            "echo two >>a.txt; git commit -q -a -m 'by the agent'; "
            "git checkout -q -b side; echo x >b; git add b; "
            "git commit -q -m side; git rev-parse main side",
        ).expect(0)
        main, side = result.out.split()
        check(git(place.path(), "rev-parse", "main") == main, "main is old")
        check(git(place.path(), "rev-parse", "side") == side, "no side")
        git(place.path(), "fsck", "--full", "--strict")
        check(git(place.path(), "status", "--porcelain") == "", "not clean")
        check(not kept_refs(place.path()), "something was parked")


def test_packed_references_arrive():
    with Place() as place:
        make_repository(place.workspace)
        git(place.path(), "branch", "other")
        result = run(
            place,
            "echo two >>a.txt; git commit -q -a -m two; git gc -q; "
            "git rev-parse HEAD",
        ).expect(0)
        check(
            git(place.path(), "rev-parse", "main") == result.out.strip(),
            f"main is old\n{result}",
        )
        git(place.path(), "rev-parse", "other")
        git(place.path(), "fsck", "--full")
        check(git(place.path(), "status", "--porcelain") == "", "not clean")


def move_meanwhile(place, script, on_ready):
    """Run @script in the guest; at its end the host works, too."""
    process = place.start(
        "run-image",
        "base",
        "--",
        "sh",
        "-c",
        SETUP + script + "; echo ready; read go; git rev-parse HEAD",
        stdin=subprocess.PIPE,
    )
    line = process.stdout.readline()
    try:
        check(line == b"ready\n", f"the guest said {line!r}")
        on_ready()
    except BaseException:
        support.end(process)
        raise
    out, errors = process.communicate(b"go\n", timeout=support.TIMEOUT_S)
    return support.Result(
        process.returncode,
        support.decode(out),
        support.decode(errors),
        ("run-image",),
    )


def test_reference_that_both_moved_is_kept_for_both():
    with Place() as place:
        make_repository(place.workspace)

        def on_host():
            with open(place.path("c.txt"), "w", encoding="utf-8") as f:
                f.write("mine\n")
            git(place.path(), "add", "c.txt")
            git(place.path(), "commit", "-q", "-m", "by the user")

        result = move_meanwhile(
            place,
            "echo two >b.txt; git add b.txt; git commit -q -m 'by the agent'",
            on_host,
        )
        result.expect(0)
        theirs = result.out.split()[-1]
        log = git(place.path(), "log", "--format=%s", "main")
        check(log == "by the user\nfirst", f"main: {log}\n{result}")
        kept = kept_refs(place.path())
        check(
            len(kept) == 1
            and kept[0][0] == theirs
            and kept[0][1].endswith("/heads/main"),
            f"kept: {kept}\n{result}",
        )
        lines = [x for x in result.errors.splitlines() if "refs/bbox/" in x]
        check(len(lines) == 1, f"not one line\n{result}")
        git(place.path(), "fsck", "--full")


def make_worktree(place):
    main = os.path.join(place.top, "main")
    make_repository(main)
    os.rmdir(place.workspace)
    git(main, "worktree", "add", "-q", "-b", "feature", place.workspace)
    dirty(os.path.join(main, ".git"))
    return main


def test_worktree_is_reconstructed_and_its_commits_arrive():
    with Place() as place:
        main = make_worktree(place)
        pointer = content(place.path(".git"))
        config = content(os.path.join(main, ".git", "config"))
        result = run(
            place,
            "git status --short --branch; git config -l --local; "
            "git log --format=%s; "
            "echo two >>a.txt; git commit -q -a -m 'by the agent'; "
            "git branch spare; git rev-parse HEAD; "
            "touch /mnt/git-objects/x 2>/dev/null && echo writable; true",
        ).expect(0)
        check("## feature\n" in result.out, f"not on the branch\n{result}")
        check("\nfirst\n" in result.out, f"no history\n{result}")
        check(SECRET not in result.out, f"a secret shows\n{result}")
        check("writable" not in result.out, f"objects are writable\n{result}")
        theirs = result.out.split()[-1]
        for branch in ("feature", "spare"):
            check(
                git(main, "rev-parse", branch) == theirs,
                f"'{branch}' is old\n{result}",
            )
        check(content(place.path(".git")) == pointer, "the '.git' file changed")
        check(
            content(os.path.join(main, ".git", "config")) == config,
            "the configuration changed",
        )
        check(
            git(place.path(), "status", "--porcelain") == "",
            f"not clean\n{result}",
        )
        check("not brought back" not in result.errors, f"notice\n{result}")
        git(main, "fsck", "--full", "--strict")
        check(not result.discard_kept(), f"kept\n{result}")


def test_worktree_branch_that_both_moved_is_parked():
    with Place() as place:
        main = make_worktree(place)

        def on_host():
            with open(place.path("c.txt"), "w", encoding="utf-8") as f:
                f.write("mine\n")
            git(place.path(), "add", "c.txt")
            git(place.path(), "commit", "-q", "-m", "by the user")

        result = move_meanwhile(
            place,
            "echo two >b.txt; git add b.txt; git commit -q -m 'by the agent'",
            on_host,
        )
        result.expect(0)
        theirs = result.out.split()[-1]
        log = git(main, "log", "--format=%s", "feature")
        check(log == "by the user\nfirst", f"feature: {log}")
        kept = kept_refs(main)
        check(
            [k[0] for k in kept] == [theirs], f"kept: {kept}\n{result}"
        )


def test_planted_pointer_exposes_nothing():
    with Place() as place:
        other = os.path.join(place.top, "other")
        make_repository(other)
        there = os.path.join(place.top, "there")
        git(other, "worktree", "add", "-q", "-b", "x", there)
        place.write(".git", f"gitdir: {other}/.git/worktrees/there\n")
        result = run(
            place,
            "ls /mnt/git-objects 2>/dev/null || cat .git; git log || true",
        ).expect(0)
        check("first" not in result.out, f"another repository\n{result}")
        check(
            "does not point back" in result.errors, f"no warning\n{result}"
        )


if __name__ == "__main__":
    sys.exit(support.run(globals()))
