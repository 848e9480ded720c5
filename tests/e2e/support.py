# SPDX-License-Identifier: Apache-2.0
"""support - what the end-to-end tests share.

They run bin/bbox ($BBOX names another one) and boot real VMs. Started as
root, a test runs itself again as the ordinary user 'bbox-test', who is
created when missing: bbox never needs root.

Variables:
  BBOX             the program under test
  BBOX_E2E_CACHE   XDG_CACHE_HOME of all tests, so that images and kernel are
                   fetched once (default: a directory below /var/tmp)
  BBOX_E2E_TIMEOUT seconds for one session (default 300)
  BBOX_E2E_SETUP_TIMEOUT  seconds for building an image (default 1800)

A test is a function without arguments; it fails by raising. Results are TAP
lines, the last line is "N passed, N failed".
"""

import fcntl
import os
import pwd
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BBOX = os.path.abspath(os.environ.get("BBOX", os.path.join(ROOT, "bin/bbox")))
USER = "bbox-test"
TIMEOUT_S = int(os.environ.get("BBOX_E2E_TIMEOUT", "300"))
SETUP_TIMEOUT_S = int(os.environ.get("BBOX_E2E_SETUP_TIMEOUT", "1800"))

# Programs that a session may consist of; the tests own all of this user's.
SESSION_PROGRAMS = ("bbox", "bbox-fs", "qemu-system")

# What a test's environment takes over; nothing of the developer's own.
KEPT_VARIABLES = (
    "PATH",
    "LANG",
    "TMPDIR",
    "BBOX_ACCEL",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
)


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


# --- the user ---------------------------------------------------------------


def become_ordinary_user():
    """Run this script again as USER when it was started as root."""
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--create-home", "--shell", "/bin/sh", USER],
            check=True,
            timeout=60,
        )
        user = pwd.getpwnam(USER)
    # root's own interpreter may be out of the user's reach.
    python = "/usr/bin/python3"
    if not os.path.exists(python):
        python = sys.executable
    env = dict(os.environ, HOME=user.pw_dir, USER=USER, LOGNAME=USER)
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        env.pop(name, None)
    drop = [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--init-groups",
    ]
    script = os.path.abspath(sys.argv[0])
    argv = [*drop, python, "-B", script, *sys.argv[1:]]
    if subprocess.call([*drop, "test", "-r", script]):
        # A checkout in root's home: show it at a place that anyone may enter,
        # in a mount namespace that ends with this test.
        argv[-len(sys.argv)] = os.path.join(
            "/mnt", os.path.relpath(script, ROOT)
        )
        show = 'mount --bind "$1" /mnt && shift && exec "$@"'
        argv = ["unshare", "--mount", "sh", "-c", show, "sh", ROOT, *argv]
    os.chdir("/")
    os.execvpe(argv[0], argv, env)


def cache_home():
    path = os.environ.get("BBOX_E2E_CACHE") or (
        f"/var/tmp/bbox-e2e-{os.geteuid()}"
    )
    os.makedirs(path, mode=0o700, exist_ok=True)
    check(os.stat(path).st_uid == os.geteuid(), f"'{path}' is not ours")
    return path


def forget_kept_sessions():
    """A run of the tests that was cut off may have left sessions to recover."""
    snapshots = os.path.join(cache_home(), "broodbox", "snapshots")
    shutil.rmtree(snapshots, ignore_errors=True)


# --- a place to run in ------------------------------------------------------


class Place:
    """A home, a workspace and the environment of one test.

    Use as a context manager; everything but the shared cache is removed.
    """

    def __init__(self, cache=None):
        self.top = tempfile.mkdtemp(prefix="bbox-e2e-")
        self.home = os.path.join(self.top, "home")
        self.workspace = os.path.join(self.top, "project")
        self.config = os.path.join(self.top, "config")
        self.cache = cache or cache_home()
        self.tmp = os.path.join(self.top, "tmp")
        for path in (self.home, self.workspace, self.config, self.tmp):
            os.mkdir(path, 0o700)
        self.env = {
            name: os.environ[name]
            for name in KEPT_VARIABLES
            if name in os.environ
        }
        self.env.update(
            HOME=self.home,
            USER=pwd.getpwuid(os.geteuid()).pw_name,
            TERM="xterm-256color",
            XDG_CACHE_HOME=self.cache,
            XDG_CONFIG_HOME=self.config,
            XDG_STATE_HOME=os.path.join(self.top, "state"),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for where, names, _ in os.walk(self.top):
            for name in names:
                path = os.path.join(where, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.top, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.workspace, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def argv(self, *args):
        return [BBOX, *args]

    def start(self, *args, **options):
        """Start bbox in a process group of its own."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("cwd", self.workspace)
        options.setdefault("env", self.env)
        return subprocess.Popen(
            self.argv(*args), start_new_session=True, **options
        )

    def bbox(self, *args, timeout=TIMEOUT_S, stdin=None, **options):
        """Run bbox to its end; a Result."""
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*args, **options)
        try:
            out, errors = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            end(process)
            raise Failure(
                f"bbox {' '.join(args)}: nothing after {timeout} s; "
                f"it said: {decode(late.stderr)[-2000:]}"
            ) from None
        return Result(process.returncode, decode(out), decode(errors), args)

    # --- what may be left behind

    def leftovers(self):
        """What a session that is over must not have left on the disk.

        Its log stays, and so does a view with changes that could not be
        written back: bbox names it, and discard_kept() removes it.
        """
        found = []
        snapshots = os.path.join(self.cache, "broodbox", "snapshots")
        if os.path.isdir(snapshots):
            found += [os.path.join(snapshots, n) for n in os.listdir(snapshots)]
        vms = os.path.join(self.config, "broodbox", "vms")
        for name in os.listdir(vms) if os.path.isdir(vms) else ():
            data = os.path.join(vms, name, "data")
            if os.path.lexists(data):
                found.append(data)
        return found


class Result:
    KEPT = "Changes that were not written back are kept in "

    def discard_kept(self):
        """Remove the view that this session kept; False if it kept none."""
        for line in self.errors.splitlines():
            if line.startswith(self.KEPT):
                shutil.rmtree(line[len(self.KEPT) :])
                return True
        return False

    def __init__(self, code, out, errors, args=()):
        self.code = code
        self.out = out
        self.errors = errors
        self.args = args

    def __str__(self):
        return (
            f"bbox {' '.join(self.args)}: exit code {self.code}\n"
            f"--- stdout\n{self.out[-2000:]}\n"
            f"--- stderr\n{self.errors[-4000:]}"
        )

    def expect(self, code=0, out=None):
        check(self.code == code, f"exit code is not {code}\n{self}")
        if out is not None:
            check(self.out == out, f"stdout is not {out!r}\n{self}")
        return self


def decode(data):
    return (data or b"").decode("utf-8", "replace")


def end(process):
    """Kill a process group that outlived its time."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(30)


# --- terminals ---------------------------------------------------------------


class Terminal:
    """bbox on a pseudo terminal. A context manager."""

    def __init__(self, place, *args, columns=100, rows=40):
        self.output = b""
        self.seen = 0  # expect() looks behind what it found last
        self.args = args
        self.master, slave = os.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.master)
        self.process = subprocess.Popen(
            place.argv(*args),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=place.workspace,
            env=place.env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        # Kept open: without a slave the master cannot be asked for modes.
        self.slave = slave

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            end(self.process)
        os.close(self.slave)
        os.close(self.master)

    def resize(self, columns, rows):
        fcntl.ioctl(
            self.master,
            termios.TIOCSWINSZ,
            struct.pack("HHHH", rows, columns, 0, 0),
        )

    def send(self, text):
        os.write(self.master, text.encode())

    def pump(self, seconds):
        """Take what comes for that long, or the first piece of it."""
        if select.select([self.master], [], [], seconds)[0]:
            self.output += os.read(self.master, 65536)

    def expect(self, text, timeout=TIMEOUT_S):
        """Wait for a text that was not there before."""
        want = text.encode()
        deadline = time.monotonic() + timeout
        while True:
            at = self.output.find(want, self.seen)
            if at >= 0:
                self.seen = at + len(want)
                return
            ended = self.process.poll() is not None
            before = len(self.output)
            self.pump(0.1)
            if ended and len(self.output) == before:
                raise Failure(f"no {text!r} before the end\n{self}")
            if time.monotonic() > deadline:
                raise Failure(f"no {text!r} after {timeout} s\n{self}")

    def wait(self, timeout=TIMEOUT_S):
        """The exit code; takes the output meanwhile."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            self.pump(0.1)
            if time.monotonic() > deadline:
                raise Failure(f"no end after {timeout} s\n{self}")
        before = -1
        while len(self.output) > before:
            before = len(self.output)
            self.pump(0.1)
        return self.process.returncode

    def modes(self):
        return termios.tcgetattr(self.master)

    def is_raw(self):
        local = self.modes()[3]
        return not local & (termios.ICANON | termios.ECHO | termios.ISIG)

    def check_restored(self):
        check(self.modes() == self.before, f"terminal is not restored\n{self}")

    def __str__(self):
        return f"bbox {' '.join(self.args)}: said\n{decode(self.output)[-4000:]}"


# --- processes ---------------------------------------------------------------


def session_processes():
    """(pid, command line) of everything of this user's that is a session's."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.stat(f"/proc/{name}").st_uid != os.geteuid():
                continue
            with open(f"/proc/{name}/cmdline", "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        program = os.path.basename(argv[0]).decode("utf-8", "replace")
        if program.startswith(SESSION_PROGRAMS):
            line = b" ".join(argv).decode("utf-8", "replace")
            found.append((int(name), line[:200]))
    return found


def wait_for(condition, timeout, what):
    """Poll until condition() is true; returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not after {timeout} s")
        time.sleep(0.05)


def check_nothing_runs(timeout=15):
    try:
        wait_for(lambda: not session_processes(), timeout, "end of processes")
    except Failure:
        left = "\n".join(f"{pid} {line}" for pid, line in session_processes())
        raise Failure(f"still running:\n{left}") from None


# --- running -----------------------------------------------------------------


def image_test(image):
    """A test that the image is in the store, or can be built."""

    def test():
        with Place() as place:
            place.bbox(
                "image", "build", image, timeout=SETUP_TIMEOUT_S
            ).expect(0)

    test.__name__ = f"test_image_{image.replace('-', '_')}_is_there"
    return test


def tests_of(module):
    """The test functions of a module, in the order of their definition."""
    return [
        value
        for name, value in module.items()
        if name.startswith("test_") and callable(value)
    ]


def run(module, images=("base",)):
    """Run the tests of globals(); the exit status for sys.exit().

    The images are built first, so that no test's time contains that. Words on
    the command line choose tests by name.
    """
    tests = [image_test(image) for image in images] + tests_of(module)
    become_ordinary_user()
    if not os.access(BBOX, os.X_OK):
        print(f"Bail out! '{BBOX}' is missing: build it first", flush=True)
        print("0 passed, 1 failed")
        return 1
    forget_kept_sessions()
    wanted = sys.argv[1:]
    passed = failed = number = 0
    for test in tests:
        name = test.__name__.removeprefix("test_")
        if wanted and name not in wanted and test.__name__ not in wanted:
            continue
        number += 1
        start = time.monotonic()
        try:
            test()
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            continue
        except Exception as problem:  # any failure is this test's alone
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            text = (
                str(problem)
                if isinstance(problem, Failure)
                else traceback.format_exc()
            )
            for line in text.splitlines():
                print(f"# {line}", flush=True)
            continue
        passed += 1
        seconds = time.monotonic() - start
        print(f"ok {number} - {name} ({seconds:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
