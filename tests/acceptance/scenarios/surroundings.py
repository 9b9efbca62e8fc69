"""What a running cluster stands on and loses for a while: PostgreSQL's passwords, its programs, the store's name."""
import os
import signal

from harness import hosts, wait
from harness.scenario import scenario
from scenarios.bad_input import EVERYTHING, data_of, told

QUICK = {"ttl": 20, "loop_wait": 5, "retry_timeout": 5}


def with_password(member, role, password):
    """The operator edits the configuration and reloads it."""
    member.local["postgresql"]["authentication"][role] = {
        **member.local["postgresql"]["authentication"][role], "password": password}
    member.write_config()
    member.signal(signal.SIGHUP)


@scenario("the superuser's password is wrong: told once, PostgreSQL and the lock stay; a reload of the right one mends it",
          size=2, dynamic=QUICK, expected=(r"check username and password", r"settings were not applied", r"own session is refused"))
def wrong_superuser_password(c):
    leader, replica = c.leader(), c.replicas()[0]
    leader.sql("create table t as select 42 as x")
    for member in (leader, replica):
        pid, lock = member.postmaster_pid(), c.key("leader")
        right = member.local["postgresql"]["authentication"]["superuser"]["password"]
        with_password(member, "superuser", "wrong-word")
        wait.until(lambda: told(member, "check username and password"), "the reason is told", 30)
        line, = told(member, "check username and password")
        for word in ('password authentication failed for user "postgres"', "postgresql.authentication.superuser"):
            assert word in line, line
        wait.holds(lambda: member.postmaster_pid() == pid and c.key("leader") == lock, "nothing is touched", 12)
        assert len(told(member, "check username and password")) == 1 and "wrong-word" not in member.log(), member.log()
        assert member.value("select x from t") == 42
        with_password(member, "superuser", right)
        wait.until(lambda: member.is_("primary" if member is leader else "replica"), "is itself again", 30)
        assert member.postmaster_pid() == pid and c.key("leader") == lock
    c.wait_streams(replica)


@scenario("the replication password is wrong: nothing is copied and the reason is told; a reload of the right one mends it",
          start=False, size=2, dynamic=QUICK, expected=EVERYTHING)
def wrong_replication_password(c):
    first, second = c.members
    first.start()
    wait.until(lambda: first.is_("primary"), "leads", 60)
    right = second.local["postgresql"]["authentication"]["replication"]["password"]
    second.local["postgresql"]["authentication"]["replication"] = {"username": "replicator", "password": "wrong-word"}
    second.write_config()
    second.start()
    refused = 'password authentication failed for user "replicator"'

    def ours(member):
        return [line for line in told(member, refused) if " WARNING: " in line or " ERROR: " in line]

    wait.until(lambda: ours(second), "the reason is told", 30)
    wait.holds(second.running, "goes on trying", 12)
    assert "wrong-word" not in second.log(), second.log()
    assert not os.path.exists(os.path.join(second.data, "global/pg_control"))
    with_password(second, "replication", right)
    c.wait_streams(second)

    # A standby that lost its stream, too.
    pid = second.postmaster_pid()
    with_password(second, "replication", "wrong-word")
    wait.until(lambda: "wrong-word" in read(os.path.join(second.directory, "pgpass")), "the reload is over", 20)
    first.sql("select pg_terminate_backend(pid) from pg_stat_replication")
    wait.until(lambda: told(second, "could not connect to the primary server"), "PostgreSQL tells why it does not stream", 30)
    wait.holds(lambda: first.is_("primary") and second.is_("replica"), "both stay what they are", 12)
    with_password(second, "replication", right)
    c.wait_streams(second)
    assert second.postmaster_pid() == pid


def read(path):
    with open(path) as f:
        return f.read()


@scenario("PostgreSQL's programs vanish: what runs goes on; what has to start is told once and comes back with them",
          start=False, size=2, dynamic=QUICK, expected=EVERYTHING)
def programs_vanish(c):
    for member in c.members:
        programs = os.path.join(member.directory, "bin")
        os.symlink(c.bin_dir, programs)
        member.local["postgresql"]["bin_dir"] = programs
        member.write_config()
    c.start()
    leader, replica = c.leader(), c.replicas()[0]
    leader.sql("create table t as select 42 as x")

    def move(member, away):
        here, there = (os.path.join(member.directory, name) for name in ("bin", "bin.away"))
        os.rename(*((here, there) if away else (there, here)))

    def cannot_start(member):
        return [line for line in told(member, "bin/postgres") if " WARNING: " in line]

    pids = {m: m.postmaster_pid() for m in c.members}
    for member in c.members:
        move(member, away=True)
    wait.holds(lambda: leader.is_("primary") and replica.is_("replica"), "what runs goes on", 12)
    assert {m: m.postmaster_pid() for m in c.members} == pids

    replica.kill_postmaster()
    wait.until(lambda: cannot_start(replica), "the reason is told", 30)
    before = data_of(replica)
    wait.holds(lambda: replica.running() and leader.is_("primary"), "the daemon goes on trying", 12)
    assert len(cannot_start(replica)) == 1, replica.log()
    for word in (replica.local["postgresql"]["bin_dir"] + "/postgres: no such file", "check postgresql.bin_dir"):
        assert word in cannot_start(replica)[0], cannot_start(replica)
    assert replica.status()["state"] == "start failed"
    assert data_of(replica) == before
    move(replica, away=False)
    c.wait_streams(replica)

    # The leader cannot come back: the other one leads, and the old one follows it once it can.
    leader.kill_postmaster()
    assert c.wait_leader(other_than=leader) is replica
    assert replica.value("select x from t") == 42
    wait.until(lambda: cannot_start(leader), "the reason is told", 30)
    move(leader, away=False)
    c.wait_streams(leader)
    assert leader.value("select x from t") == 42


@scenario("the store's name does not resolve for a while, then stands for another address: the cluster goes on",
          start=False, size=2, dynamic=QUICK, expected=(r"etcd", r"store", r"leader lock", r"resolve", r"member"))
def store_name_moves(c):
    etcd = c.store.hosts[0]
    for member in c.members:
        member.host.names({"store.test": etcd.address})
        member.local[c.store.kind] = {"host": "store.test:2379"}
        member.write_config()
    c.start()
    leader, replica = c.leader(), c.replicas()[0]
    leader.sql("create table t as select 42 as x")
    lock = c.key("leader")

    # Nobody knows the name any more; what is known of it keeps working, also for more than a ttl.
    for member in c.members:
        member.host.names({})
    wait.holds(lambda: leader.is_("primary") and replica.is_("replica"), "no name server is needed meanwhile", 30)

    # The store comes back elsewhere and nobody knows where.
    c.store.kill()
    etcd.move("10.77.0.231")
    c.store.start()
    pid = replica.postmaster_pid()
    wait.holds(lambda: all(m.running() for m in c.members), "the daemons go on", 10)
    for member in c.members:
        member.host.names({"store.test": etcd.address})
    c.wait_healthy(60)
    assert c.key("leader") in [m.name for m in c.members]
    assert replica.postmaster_pid() == pid and c.leader().value("select x from t") == 42
    assert lock == leader.name
