"""What stands before the cluster, as docs/samples configures it: HAProxy, PgBouncer before that; Prometheus beside it."""
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import psycopg2
import yaml

from harness import hosts, wait
from harness.cluster import SUPERUSER
from harness.scenario import Skip, scenario

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "docs/samples/haproxy.cfg"
POOL_SAMPLE = ROOT / "docs/samples/pgbouncer.ini"
PRIMARY, REPLICAS = 5000, 5001


class Balancer:
    """The sample on a host of its own, the members' addresses in the place of its own."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.host = hosts.Host(cluster.prefix, "lb", 60)
        text = SAMPLE.read_text()
        for i, member in enumerate(cluster.members):
            text = text.replace(f"10.0.0.{i + 1}:", f"{member.host.address}:")
        path = os.path.join(cluster.directory, "haproxy.cfg")
        with open(path, "w") as f:
            f.write(text)
        with open(os.path.join(cluster.directory, "haproxy.log"), "wb") as log:
            self.process = self.host.popen(["haproxy", "-db", "-f", path], stdout=log, stderr=subprocess.STDOUT,
                                           preexec_fn=hosts.die_with_parent)

    def connect(self, port):
        connection = psycopg2.connect(host=self.host.address, port=port, user="postgres", password=SUPERUSER["password"],
                                      dbname="postgres", connect_timeout=3, options="-c statement_timeout=5000")
        connection.autocommit = True
        return connection

    def leads_to(self, port):
        """(name of the member, whether it is a standby) of one new connection."""
        connection = self.connect(port)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select host(inet_server_addr()), pg_is_in_recovery()")
                address, standby = cursor.fetchone()
        finally:
            connection.close()
        return next(m.name for m in self.cluster.members if m.host.address == address), standby

    def behind(self, port, times=6):
        return {self.leads_to(port) for _ in range(times)}


class Client:
    """An application that knows the primary's port alone and connects again when it is cut off."""

    def __init__(self, balancer):
        self.balancer = balancer
        self.acknowledged = []  # (monotonic time, number)
        self.refused_as_standby = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def _write(self):
        connection, number = None, 0
        while not self.stopping.is_set():
            number += 1
            try:
                connection = connection or self.balancer.connect(PRIMARY)
                with connection.cursor() as cursor:
                    cursor.execute("insert into kept values (%s)", (number,))
                self.acknowledged.append((time.monotonic(), number))
                time.sleep(0.02)
            except psycopg2.Error as error:
                self.refused_as_standby += "read-only" in str(error)
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.05)

    def since(self, moment):
        return len([1 for at, _ in self.acknowledged if at > moment])

    def stop(self):
        self.stopping.set()
        self.thread.join(20)


@scenario("HAProxy: the primary's port follows a switchover, the replicas' port leads to replicas that are not far behind",
          dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def haproxy(c):
    balancer = Balancer(c)
    leader = c.leader()
    replicas = {(m.name, True) for m in c.replicas()}
    wait.until(lambda: balancer.behind(PRIMARY) == {(leader.name, False)}, "the primary's port leads to it", 20)
    wait.until(lambda: balancer.behind(REPLICAS) == replicas, "the replicas' port leads to both", 20)
    leader.sql("create table kept (n bigint)")
    client = Client(balancer)
    wait.until(lambda: client.since(0) > 20, "the client writes", 20)

    candidate = c.replicas()[0]
    c.ctl("switchover", c.scope, "--leader", leader.name, "--candidate", candidate.name, "--force")
    assert c.wait_leader(other_than=leader, seconds=30) is candidate
    moment = time.monotonic()
    wait.until(lambda: client.since(moment) > 20, "the client writes again", 20)
    c.wait_streams(leader)
    replicas = {(m.name, True) for m in c.members if m is not candidate}
    wait.until(lambda: balancer.behind(REPLICAS) == replicas, "the former primary is one of the replicas", 30)
    wait.until(lambda: balancer.behind(PRIMARY) == {(candidate.name, False)}, "the primary's port leads to the new one", 20)
    client.stop()
    have = {n for n, in candidate.sql("select n from kept")}
    lost = [n for _, n in client.acknowledged if n not in have]
    assert not lost, f"{len(lost)} of {len(client.acknowledged)} acknowledged writes are lost"

    # One that falls behind gets no readers, and gets them again.
    leader.sql("select pg_wal_replay_pause()")
    candidate.sql("create table filler as select repeat('x', 2000) as x from generate_series(1, 12000)")
    wait.until(lambda: balancer.behind(REPLICAS) == replicas - {(leader.name, True)}, "the late one is left out", 40)
    leader.sql("select pg_wal_replay_resume()")
    wait.until(lambda: balancer.behind(REPLICAS) == replicas, "it is back", 40)
    balancer.host.remove()


class Pool:
    """PgBouncer's sample beside the balancer; of its own only where the passwords are and which database is behind it."""

    def __init__(self, balancer):
        self.host = balancer.host
        directory = os.path.join(balancer.cluster.directory, "pgbouncer")
        os.makedirs(directory)
        users = os.path.join(directory, "userlist.txt")
        with open(users, "w") as f:
            f.write(f'"postgres" "{SUPERUSER["password"]}"\n')
        text = POOL_SAMPLE.read_text()
        for of_sample, ours in (("/etc/pgbouncer/userlist.txt", users), ("dbname=app", "dbname=postgres"),
                                ("listen_addr = 127.0.0.1", f"listen_addr = {self.host.address}")):
            assert of_sample in text, of_sample
            text = text.replace(of_sample, ours)
        path = os.path.join(directory, "pgbouncer.ini")
        with open(path, "w") as f:
            f.write(text + "unix_socket_dir =\n")
        for name in (directory, users, path):
            shutil.chown(name, "postgres", "postgres")
        with open(os.path.join(balancer.cluster.directory, "pgbouncer.log"), "wb") as log:
            self.process = self.host.popen(["pgbouncer", path], user="postgres", stdout=log, stderr=subprocess.STDOUT)

    def connect(self, database):
        connection = psycopg2.connect(host=self.host.address, port=6432, user="postgres", password=SUPERUSER["password"],
                                      dbname=database, connect_timeout=10)
        connection.autocommit = True
        return connection


def asks(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


@scenario("PgBouncer before HAProxy: clients stay connected over a switchover", size=2, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def pgbouncer(c):
    balancer = Balancer(c)
    leader, (heir,) = c.leader(), c.replicas()
    # Until its first checks HAProxy takes every server for usable.
    wait.until(lambda: balancer.behind(PRIMARY) == {(leader.name, False)} and balancer.behind(REPLICAS) == {(heir.name, True)},
               "HAProxy knows who is who", 30)
    pool = Pool(balancer)

    def connected(database):
        try:
            return pool.connect(database)
        except psycopg2.OperationalError:
            return None
    where = "select host(inet_server_addr()), pg_is_in_recovery()"
    app = wait.until(lambda: connected("app"), "PgBouncer leads to the primary", 30)
    readers = wait.until(lambda: connected("app_readonly"), "PgBouncer leads to the replica", 30)
    assert asks(app, where) == (leader.host.address, False)
    assert asks(readers, where) == (heir.host.address, True)
    asks(app, "create table kept as select 1 as n")
    c.ctl("switchover", c.scope, "--leader", leader.name, "--candidate", heir.name, "--force")
    assert c.wait_leader(other_than=leader, seconds=30) is heir
    c.wait_streams(leader)
    wait.until(lambda: balancer.behind(PRIMARY) == {(heir.name, False)} and balancer.behind(REPLICAS) == {(leader.name, True)},
               "HAProxy knows who is who now", 30)
    # The clients' connections are the same, and at their first question.
    assert asks(app, "insert into kept values (2) returning n") == (2,)
    assert asks(app, where) == (heir.host.address, False)
    assert asks(readers, where) == (leader.host.address, True)
    assert asks(readers, "select count(*) from kept") == (2,)
    balancer.host.remove()


@scenario("Prometheus' own check reads /metrics of a primary and of a replica", size=2, program=("prometheus", "promtool"))
def prometheus(c, promtool):
    # Some names that Patroni's dashboards know lack what a counter's name should end with.
    names = re.compile(r'patroni_xlog_(received_|replayed_)?location counter metrics should have "_total" suffix')
    for m in c.members:
        code, page = m.rest("/metrics")
        assert code == 200 and f'{{scope="{c.scope}",name="{m.name}"}}' in page, page
        check = subprocess.run([promtool, "check", "metrics"], input=page, text=True, capture_output=True)
        complaints = [line for line in (check.stdout + check.stderr).splitlines() if not names.fullmatch(line)]
        assert check.returncode in (0, 3) and not complaints, (check.returncode, complaints)


def on_all_addresses(config):
    config["postgresql"]["listen"] = "0.0.0.0:5432"


@scenario("vip-manager with the sample keeps an address on the leader (Debian's speaks only etcd's v2 API)",
          program=("vip-manager", "vip-manager"), configure=on_all_addresses, expected=(r".",))
def vip_manager(c, program):
    if c.store.kind != "etcd":
        raise Skip("with --store etcd")
    sample = yaml.safe_load((ROOT / "docs/samples/vip-manager.yml").read_text())
    address = "10.77.0.99"
    for m in c.members:
        path = os.path.join(m.directory, "vip-manager.yml")
        with open(path, "w") as f:
            yaml.safe_dump({**sample, "ip": address, "interval": 200, "trigger-key": f"/service/{c.scope}/leader", "trigger-value": m.name,
                            "dcs-endpoints": [f"http://{e}" for e in c.store.endpoints()]}, f)
        with open(os.path.join(m.directory, "vip-manager.log"), "wb") as log:
            m.host.popen([program, "--config", path], stdout=log, stderr=log, preexec_fn=hosts.die_with_parent)

    def holders():
        return [m for m in c.members if f" {address}/" in hosts.run("ip", "-n", m.host.namespace, "addr", "show", "eth0").stdout]

    def primary_there():
        connection = psycopg2.connect(host=address, port=5432, user="postgres", password=SUPERUSER["password"], dbname="postgres",
                                      connect_timeout=2)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select not pg_is_in_recovery()")
                return cursor.fetchone()[0]
        finally:
            connection.close()

    leader = c.leader()
    wait.until(lambda: holders() == [leader], "the leader has the address", 20)
    assert primary_there()
    c.ctl("switchover", c.scope, "--leader", leader.name, "--force")
    new = c.wait_leader(other_than=leader)
    wait.until(lambda: holders() == [new], "the address moves", 20)
    assert primary_there()
    new.kill()
    new.host.kill_everything()
    last = c.wait_leader(other_than=new, seconds=90)
    wait.until(lambda: last in holders(), "the address moves to who took over", 20)
