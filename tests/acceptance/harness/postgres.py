"""PostgreSQL's versions: installed ones, and those that tools/fetch_postgres unpacks."""
import pathlib
import subprocess

FETCH = pathlib.Path(__file__).resolve().parents[3] / "tools/fetch_postgres"


class Unavailable(Exception):
    pass


def bin_dir(version):
    """Where the programs of a major version are, readable by user postgres."""
    done = subprocess.run([FETCH, version], text=True, capture_output=True)
    if done.returncode == 77:
        raise Unavailable(done.stderr.strip())
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip())
    return done.stdout.strip()
