"""Bad input and bad surroundings: one clear message, the documented exit code or retry, PostgreSQL's data untouched."""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess

from harness import hosts, wait
from harness.scenario import scenario

EVERYTHING = (r".*",)


def data_of(member):
    """What a start that fails must leave as it is: every file of the data directory, with its content. What the health
    looks write over and over again (docs/health.md) is not PostgreSQL's."""
    found = {}
    for path in sorted(pathlib.Path(member.data).rglob("*")):
        if path.is_file() and path.name != "pgsql_tmp_tamada_health":
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def start_anew(member):
    open(member.log_path, "w").close()
    member.start()


def occupy(member, port):
    """Another program has the port."""
    program = f"import socket, time; s = socket.create_server(('', {port})); print(flush=True); time.sleep(600)"
    process = member.host.popen(["/usr/bin/python3", "-c", program], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def release(process):
    process.kill()
    process.wait()


def stopped_cluster(c):
    """One member that has led and was stopped cleanly."""
    member = c.members[0]
    member.start()
    wait.until(lambda: member.is_("primary"), "leads", 60)
    member.sql("create table t as select 42 as x")
    assert member.stop() == 0
    return member


def told(member, text):
    """Lines of the daemon's own log with `text`."""
    return [line for line in member.log().splitlines() if text in line]


def leads_with_its_data(member):
    wait.until(lambda: member.is_("primary"), "leads", 60)
    assert member.value("select x from t") == 42


@scenario("the store does not answer at the start: the daemon waits, says so once, and starts when it does",
          start=False, size=1, expected=EVERYTHING)
def store_unreachable_at_start(c):
    member = c.members[0]
    c.store.kill()
    member.start()
    wait.until(lambda: told(member, "Can not get cluster from dcs"), "it says what it waits for", 30)
    wait.holds(member.running, "goes on waiting", 6)
    assert len(told(member, "Can not get cluster from dcs")) == 1 and not told(member, "store could not be read"), member.log()
    line, = told(member, "Can not get cluster from dcs")
    assert c.store.endpoints()[0] in line and "check that etcd runs" in line, line
    assert not os.path.exists(member.data)
    c.store.start()
    wait.until(lambda: member.is_("primary"), "leads", 60)


@scenario("the store refuses our password: told once with the user, data untouched; SIGTERM ends the daemon",
          start=False, size=1, expected=EVERYTHING)
def store_refuses_credentials(c):
    member = stopped_cluster(c)
    before = data_of(member)
    c.store.require_password("root", "right")
    member.local[c.store.kind].update(username="root", password="wrong-word")
    member.write_config()
    start_anew(member)
    wait.until(lambda: told(member, 'etcd refused user "root"'), "the reason is told", 30)
    wait.holds(member.running, "goes on trying", 6)
    assert len(told(member, "Can not get cluster from dcs")) == 1, member.log()
    assert "check username and password" in member.log() and "wrong-word" not in member.log()
    assert member.stop() == 0
    assert data_of(member) == before
    member.local[c.store.kind].update(password="right")
    member.write_config()
    start_anew(member)
    leads_with_its_data(member)


@scenario("a port in use ends the first start; with a data directory PostgreSQL is tried again until the port is free",
          start=False, size=1, expected=EVERYTHING)
def ports_in_use(c):
    member = c.members[0]
    for port, words in ((8008, "8008: the port is in use"), (5432, "port 5432 of")):
        other = occupy(member, port)
        start_anew(member)
        assert member.process.wait(60) == 1, member.log()
        line, = told(member, " CRITICAL: ")
        assert words in line and "find it with: ss" in line, member.log()
        assert not os.path.exists(member.data)
        release(other)
    member = stopped_cluster(c)
    before = data_of(member)
    other = occupy(member, 5432)
    start_anew(member)
    wait.until(lambda: told(member, "port 5432 of"), "the reason is told", 30)
    wait.holds(lambda: not member.is_("primary"), "does not lead", 6)
    assert len(told(member, "port 5432 of")) == 1 and not told(member, "could not bind"), member.log()
    assert member.status()["state"] == "start failed"
    assert data_of(member) == before
    release(other)
    leads_with_its_data(member)


@scenario("a data directory that PostgreSQL would not take: told once with the remedy, untouched, started once it is right",
          start=False, size=1, expected=EVERYTHING)
def data_directory_unfit(c):
    member = stopped_cluster(c)
    version = os.path.join(member.data, "PG_VERSION")

    def refused(spoil, mend, *words):
        spoil()
        before = data_of(member)
        start_anew(member)
        wait.until(lambda: told(member, words[0]), words[0], 30)
        wait.holds(member.running, "goes on trying", 4)
        warned = [line for line in member.log().splitlines() if " WARNING: " in line or " ERROR: " in line]
        assert len(warned) == 1, member.log()
        for word in words:
            assert word in warned[0], (word, warned)
        assert "FATAL" not in member.log()
        assert data_of(member) == before
        mend()
        leads_with_its_data(member)
        assert member.stop() == 0

    refused(lambda: os.chmod(member.data, 0o777), lambda: os.chmod(member.data, 0o700), "has mode 0777", "chmod 0700")
    refused(lambda: os.chown(member.data, 0, 0), lambda: shutil.chown(member.data, "postgres", "postgres"),
            "data directory is not accessible", "check owner and mode")
    with open(version) as f:
        right = f.read()

    def write_version(text):
        with open(version, "w") as f:
            f.write(text)

    refused(lambda: write_version("12\n"), lambda: write_version(right), "was made by PostgreSQL 12", "set postgresql.bin_dir")


@scenario("the disk is full: a bootstrap ends with the reason, a running primary comes back with its rows once there is room",
          start=False, size=1, expected=EVERYTHING)
def disk_full(c):
    member = c.members[0]
    hosts.mount_small_disk(member.data, 16, "postgres")
    start_anew(member)
    assert member.process.wait(60) == 1, member.log()
    line, = told(member, " CRITICAL: ")
    assert "No space left on device" in line, member.log()
    hosts.run("umount", member.data)

    hosts.mount_small_disk(member.data, 200, "postgres")
    start_anew(member)
    wait.until(lambda: member.is_("primary"), "leads", 60)
    member.sql("create table t as select 42 as x")
    filler = os.path.join(member.data, "filler")
    hosts.run("dd", "if=/dev/zero", f"of={filler}", "bs=1M", check=False)
    pid = member.postmaster_pid()
    wait.until(lambda: not fill(member) or member.postmaster_pid() != pid, "PostgreSQL cannot write any more", 60)
    os.remove(filler)
    leads_with_its_data(member)
    member.sql("insert into t values (43)")
    assert member.stop() == 0


def fill(member):
    try:
        member.sql("insert into t select generate_series(1, 100000)")
        return True
    except Exception:  # "no space left", or the server went away
        return False


@scenario("a member of another cluster is refused and its data is not touched", start=False, size=2, expected=EVERYTHING)
def foreign_system_identifier(c):
    first, second = c.members
    first.start()
    wait.until(lambda: first.is_("primary"), "the first member leads", 60)
    hosts.run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", os.path.join(c.bin_dir, "initdb"),
              "-D", second.data, "-A", "trust")
    before = hosts.run("sha256sum", os.path.join(second.data, "global/pg_control")).stdout
    second.start()
    assert second.process.wait(60) == 1
    assert "belongs to a different cluster" in second.log(), second.log()
    assert hosts.run("sha256sum", os.path.join(second.data, "global/pg_control")).stdout == before


@scenario("bad input ends in one clear message and exit code 1", start=False, size=1, expected=EVERYTHING)
def bad_input(c):
    member = c.members[0]

    # --validate-config tells every problem on a line of its own and touches nothing.
    good = hosts.run(*c.daemon, "--validate-config", "-i", member.config_path, check=False)
    assert good.returncode == 0, good.stderr
    member.local["postgresql"]["authentication"]["superuser"]["password"] = 3
    member.local["bootstrap"]["dcs"]["ttl"] = "soon"
    member.write_config()
    bad = hosts.run(*c.daemon, "--validate-config", "-i", member.config_path, check=False)
    assert bad.returncode == 1 and len(bad.stderr.splitlines()) == 2, bad.stderr
    assert "postgresql.authentication.superuser.password *** is not a string" in bad.stderr, bad.stderr

    def refused(change, *words):
        member.local = member.default_config()
        change(member.local)
        member.write_config()
        open(member.log_path, "w").close()
        member.start()
        assert member.process.wait(30) == 1, member.log()
        for word in words:
            assert word in member.log(), (word, member.log())
        assert not os.path.exists(member.data)

    refused(lambda l: l.pop("scope"), "scope")
    refused(lambda l: l.pop("etcd3"), "store")
    refused(lambda l: l["restapi"].update(listen="300.1.1.1:8008"), "300.1.1.1")
    refused(lambda l: l["postgresql"].update(bin_dir="/nonexistent"), "/nonexistent")
    refused(lambda l: l.update(citus={"group": 0, "database": "x"}), "citus")
    with open(member.config_path, "w") as f:
        f.write("scope: [unclosed\n")
    open(member.log_path, "w").close()
    member.start()
    assert member.process.wait(30) == 1
    assert "line" in member.log(), member.log()
