"""A scenario: a function that gets a cluster. An unexpected WARNING or ERROR in a daemon's log fails it."""
import os
import pathlib
import re
import subprocess
import sys

from . import cluster as clusters, hosts

_SCENARIOS = []
_FETCH = pathlib.Path(__file__).resolve().parents[3] / "tools/fetch_program"
_ARTEFACTS = None  # where pictures and the like are kept


def keep_artefacts(directory):
    global _ARTEFACTS
    _ARTEFACTS = directory


def artefact(name):
    """A path for a file that outlives the run; it belongs to whoever owns the build."""
    os.makedirs(_ARTEFACTS, exist_ok=True)
    path = os.path.join(_ARTEFACTS, name)
    owner = os.stat(os.path.dirname(_ARTEFACTS))
    open(path, "wb").close()
    for made in (_ARTEFACTS, path):
        os.chown(made, owner.st_uid, owner.st_gid)
    return path


class Skip(Exception):
    pass


class Scenario:
    def __init__(self, function, words, size, dynamic, expected, start, configure, slow, program):
        self.name = function.__name__
        self.function = function
        self.words = words
        self.size = size
        self.dynamic = dynamic
        self.expected = expected
        self.start = start
        self.configure = configure
        self.slow = slow
        self.program = program
        self.program_path = self.missing = None

    def fetch(self):
        """Before the private network is entered: from there is no way to a mirror."""
        if not self.program:
            return
        done = subprocess.run([_FETCH, *self.program], text=True, capture_output=True)
        if done.returncode == 77:
            self.missing = done.stderr.strip()
        elif done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.program_path = done.stdout.strip()

    def run(self, binaries, pg_bin, keep):
        if self.missing:
            raise Skip(self.missing)
        try:
            cluster = clusters.Cluster([os.path.join(binaries, "tamada")], [os.path.join(binaries, "tamadactl")],
                                       f"t{os.getpid()}", pg_bin=pg_bin, size=self.size, dynamic=self.dynamic,
                                       configure=self.configure)
        except Exception:
            hosts.remove_all()
            raise
        try:
            if self.start:
                cluster.start()
            self.function(cluster, *([self.program_path] if self.program else []))
            self.check_logs(cluster)
        except Exception:
            self.show(cluster)
            cluster.keep = keep
            raise
        finally:
            cluster.remove()
            hosts.remove_all()
            if cluster.keep:
                print(f"kept: {cluster.directory}", file=sys.stderr)

    def check_logs(self, cluster):
        patterns = [re.compile(p) for p in self.expected]
        for name, text in cluster.logs().items():
            for line in text.splitlines():
                if not clusters.UNEXPECTED.search(line) or not line.startswith("20"):
                    continue
                # PostgreSQL's own lines carry its log_line_prefix: a pid in brackets.
                if re.match(r"\S+ \S+ \S+ \[\d+\]", line):
                    continue
                if not any(p.search(line) for p in patterns):
                    raise AssertionError(f"unexpected in the log of {name}: {line}")

    @staticmethod
    def show(cluster):
        for name, text in cluster.logs().items():
            print(f"--- end of the log of {name}", file=sys.stderr)
            print("\n".join(text.splitlines()[-60:]), file=sys.stderr)


def scenario(words, size=3, dynamic=None, expected=(), start=True, configure=None, slow=False, program=None):
    """`slow`: takes many minutes; runs only when it is named, or with --slow. `program`: (package, program) of tools/fetch_program,
    whose path the function gets."""
    def register(function):
        _SCENARIOS.append(Scenario(function, words, size, dynamic, expected, start, configure, slow, program))
        return function
    return register


def all_scenarios():
    return list(_SCENARIOS)
