"""A cluster under test: members on hosts of their own, driven as an operator drives them."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import psycopg2
import yaml

from . import hosts, stores, wait

REPLICATION = {"username": "replicator", "password": "rep-pass"}
SUPERUSER = {"username": "postgres", "password": "super-pass"}
REST = {"username": "admin", "password": "rest-pass"}
REWIND = {"username": "rewinder", "password": "rewind-pass"}


class Member:
    """One daemon with its PostgreSQL."""

    def __init__(self, cluster, name, number):
        self.cluster = cluster
        self.name = name
        self.host = hosts.Host(cluster.prefix, name, number)
        self.directory = os.path.join(cluster.directory, name)
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "daemon.log")
        self.config_path = os.path.join(self.directory, "config.yml")
        self.process = None
        self.daemon = None  # the command line before the configuration file, where it is not the cluster's
        os.makedirs(self.directory)
        shutil.chown(self.directory, "postgres", "postgres")
        self.local = self.default_config()
        self.write_config()

    def default_config(self):
        a = self.host.address
        cluster = self.cluster
        config = {
            "scope": cluster.scope, "name": self.name,
            "restapi": {"listen": f"{a}:8008", "connect_address": f"{a}:8008", "authentication": dict(REST)},
            "bootstrap": {
                "dcs": cluster.dynamic,
                "initdb": [{"encoding": "UTF8"}, "data-checksums", {"locale": "C.UTF-8"}],
                "pg_hba": ["local all all trust", "host replication replicator 0.0.0.0/0 md5",
                           "host all all 0.0.0.0/0 md5"],
            },
            "postgresql": {
                "listen": f"{a}:5432", "connect_address": f"{a}:5432", "data_dir": self.data,
                "bin_dir": cluster.bin_dir, "pgpass": os.path.join(self.directory, "pgpass"),
                "authentication": {"replication": dict(REPLICATION), "superuser": dict(SUPERUSER), "rewind": dict(REWIND)},
                "parameters": {"unix_socket_directories": self.directory},
            },
            "watchdog": {"mode": "off"},
        }
        config.update(cluster.store.config())
        return config

    def write_config(self):
        with open(self.config_path, "w") as f:
            yaml.safe_dump(self.local, f)
        shutil.chown(self.config_path, "postgres", "postgres")

    # --- processes

    def start(self, environment=None):
        log = open(self.log_path, "ab")
        env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": self.directory, **(environment or {})}
        self.process = self.host.popen([*(self.daemon or self.cluster.daemon), self.config_path], user="postgres", stdout=log,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.directory, env=env,
                                       start_new_session=True)
        log.close()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        """kill -9 of the daemon alone."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=60):
        """SIGTERM and wait; the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def restart_daemon(self):
        self.kill()
        self.start()

    def postmaster_pid(self):
        with open(os.path.join(self.data, "postmaster.pid")) as f:
            return int(f.readline())

    def kill_postmaster(self):
        os.kill(self.postmaster_pid(), signal.SIGKILL)

    def lose_host(self):
        """Power off: the link is down and everything on it is dead."""
        self.host.disconnect()
        self.host.kill_everything()
        if self.process:
            self.process.wait()

    # --- what it says

    def rest(self, path="/patroni", method="GET", body=None, timeout=5):
        """(status, text)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host.address}:8008{path}", data=data, method=method)
        credentials = base64.b64encode(f"{REST['username']}:{REST['password']}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self):
        return json.loads(self.rest("/patroni")[1])

    def is_(self, what):
        """Health check: is_("primary"), is_("replica") ..."""
        try:
            return self.rest("/" + what, timeout=2)[0] == 200
        except OSError:
            return False

    def connect(self, user="postgres", database="postgres", timeout=2):
        password = {"postgres": SUPERUSER["password"]}.get(user)
        connection = psycopg2.connect(host=self.host.address, port=5432, user=user, password=password, dbname=database,
                                      connect_timeout=timeout, options="-c statement_timeout=5000")
        connection.autocommit = True
        return connection

    def sql(self, statement, *arguments):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, arguments or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def value(self, statement, *arguments):
        return self.sql(statement, *arguments)[0][0]

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()


class Cluster:
    """`daemon`: the command line before the configuration file."""

    def __init__(self, daemon, ctl, prefix, pg_bin="/usr/lib/postgresql/15/bin", size=3, dynamic=None, store_size=1,
                 keep=False, scope="demo", configure=None, store=None, names="n", first_number=1):
        self.daemon = daemon
        self.ctl_command = ctl
        self.prefix = prefix
        self.scope = scope
        self.bin_dir = pg_bin
        self.keep = keep
        self.directory = tempfile.mkdtemp(prefix="tamada-test-")
        os.chmod(self.directory, 0o755)
        self.dynamic = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10, "maximum_lag_on_failover": 1048576,
                        "postgresql": {"use_pg_rewind": True, "use_slots": True,
                                       "parameters": {"wal_keep_size": "256MB"},
                                       "remove_data_directory_on_rewind_failure": True}}
        for key, value in (dynamic or {}).items():
            self.dynamic[key] = value
        self.neighbours = []
        self.own_store = store is None
        self.store = store or stores.default(prefix, self.directory, size=store_size)
        self.members = [Member(self, f"{names}{i + 1}", first_number + i) for i in range(size)]
        for member in self.members:
            if configure:
                configure(member.local)
                member.write_config()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.remove()

    def start(self):
        """Starts all members and waits until one leads and the others stream from it."""
        for member in self.members:
            member.start()
        self.wait_healthy(90)
        return self

    def neighbour(self, size=2, dynamic=None, configure=None):
        """Another cluster on hosts of its own, in the same store; its members are s1, s2 ... It ends with this one."""
        other = Cluster(self.daemon, self.ctl_command, self.prefix, pg_bin=self.bin_dir, size=size, dynamic=dynamic,
                        keep=self.keep, scope="other", configure=configure, store=self.store, names="s", first_number=101)
        self.neighbours.append(other)
        return other

    def member(self, name):
        return next(m for m in self.members if m.name == name)

    def leader(self):
        """The member that answers 200 on /primary; None while there is none."""
        return next((m for m in self.members if m.running() and m.is_("primary")), None)

    def wait_leader(self, other_than=None, seconds=90):
        def found():
            leader = self.leader()
            return leader if leader is not None and leader is not other_than else None
        return wait.until(found, "there is a leader" + (f" other than {other_than.name}" if other_than else ""), seconds)

    def replicas(self):
        leader = self.leader()
        return [m for m in self.members if m is not leader]

    def streams(self, member):
        return member.is_("replica") and member.value(
            "select count(*) from pg_stat_wal_receiver where status = 'streaming'") == 1

    def wait_streams(self, member, seconds=90):
        wait.until(lambda: self.streams(member), f"{member.name} streams", seconds)

    def wait_healthy(self, seconds=90):
        leader = self.wait_leader(seconds=seconds)
        for member in self.members:
            if member is not leader and member.running():
                self.wait_streams(member, seconds)
        return leader

    def ctl(self, *arguments, check=True, stdin=None):
        return hosts.run(*self.ctl_command, "-c", self.members[0].config_path, *arguments, check=check, input=stdin)

    def key(self, path):
        return self.store.get(f"/service/{self.scope}/{path}")

    def logs(self):
        members = self.members + [m for other in self.neighbours for m in other.members]
        return {m.name: m.log() for m in members if os.path.exists(m.log_path)}

    def remove(self):
        for other in self.neighbours:
            other.keep = self.keep
            other.remove()
        for member in self.members:
            member.host.remove()
        if self.own_store:
            self.store.stop()
        hosts.unmount_below(self.directory)
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)


class Writer:
    """A client a member, each writing while its member accepts; remembers what was acknowledged and when."""

    def __init__(self, cluster, every=0.02):
        self.cluster = cluster
        self.every = every
        self.acknowledged = []   # (monotonic time, member, id)
        self.stopping = threading.Event()
        leader = cluster.wait_leader()
        leader.sql("create table if not exists writes (id bigserial primary key, member text, n bigint)")
        self.threads = [threading.Thread(target=self._write, args=(m,), daemon=True) for m in cluster.members]
        for t in self.threads:
            t.start()

    def _write(self, member):
        connection = None
        n = 0
        while not self.stopping.is_set():
            try:
                if connection is None:
                    connection = member.connect(timeout=2)
                with connection.cursor() as cursor:
                    n += 1
                    cursor.execute("insert into writes (member, n) values (%s, %s) returning id", (member.name, n))
                if any("synchronous replication" in notice for notice in connection.notices):
                    # The time-out ended the wait for a standby, not the commit: PostgreSQL warns that it promises nothing.
                    connection.notices.clear()
                else:
                    self.acknowledged.append((time.monotonic(), member.name, n))
                time.sleep(self.every)
            except psycopg2.Error as error:
                readonly = "read-only" in str(error)
                if connection is not None and not readonly:
                    connection.close()
                    connection = None
                time.sleep(0.02)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(15)
        return self

    def longest_gap(self, since=None):
        """Seconds between two acknowledged commits anywhere, and the time at which the gap began."""
        times = sorted(t for t, _, _ in self.acknowledged if since is None or t >= since)
        gaps = [(b - a, a) for a, b in zip(times, times[1:])]
        return max(gaps) if gaps else (0.0, None)

    def missing(self, member):
        """Acknowledged writes that `member` does not have."""
        have = set(member.sql("select member, n from writes"))
        return [(m, n) for _, m, n in self.acknowledged if (m, n) not in have]


UNEXPECTED = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b:? ")
