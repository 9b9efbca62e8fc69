"""Bootstrap, switchover, failover, rejoin."""
import os
import re
import signal
import time

from harness import hosts, wait
from harness.cluster import Writer
from harness.scenario import scenario

# What a failover says about the member that is gone.
LOST_PEER = (r"leader lock", r"etcd node", r"killing processes", r"Request failed to", r"postmaster", r"postgres", r"store", r"walreceiver", r"member", r"crash recovery", r"pg_rewind", r"DCS", r"REST")


@scenario("three members bootstrap, replicate through slots and answer their health checks")
def bootstrap(c):
    leader = c.leader()
    replicas = c.replicas()
    assert len(replicas) == 2
    leader.sql("create table t (x int)")
    leader.sql("insert into t values (42)")
    for r in replicas:
        wait.until(lambda r=r: r.value("select x from t") == 42, f"{r.name} has the row", 10)
        assert r.is_("replica") and not r.is_("primary") and not r.is_("leader")
        assert r.is_("health") and r.is_("readiness") and r.is_("liveness") and r.is_("read-only") and r.is_("async")
    assert leader.is_("primary") and leader.is_("leader") and leader.is_("read-write") and not leader.is_("replica")
    slots = wait.until(lambda: len(leader.sql("select 1 from pg_replication_slots where active")) == 2 and
                       leader.sql("select slot_name from pg_replication_slots where active order by 1"),
                       "both replicas stream through slots", 30)
    assert [s[0] for s in slots] == sorted(r.name for r in replicas), slots
    assert c.key("leader") == leader.name
    assert c.key("initialize") == str(leader.value("select system_identifier from pg_control_system()"))
    # The users of the configuration are there, and no password is in the store or the logs.
    assert leader.value("select rolreplication from pg_roles where rolname = 'replicator'")
    assert leader.value("select count(*) from pg_roles where rolname = 'rewinder'") == 1
    everything = c.store.everything("/service") + "".join(c.logs().values())
    for secret in ("rest-pass", "rep-pass", "super-pass", "rewind-pass"):
        assert secret not in everything
    status = leader.status()
    assert status["state"] == "running" and status["role"] == "primary" and status["timeline"] == 1, status
    assert len(status["replication"]) == 2
    # The version that was asked for is the one that runs.
    asked = hosts.run(os.path.join(c.bin_dir, "postgres"), "--version").stdout
    assert re.search(r"\) (\d+)", asked)[1] == str(status["server_version"] // 10000), (asked, status)
    assert "Leader" in c.ctl("list").stdout
    # A standby tells that it streams in its next turn.
    wait.until(lambda: c.ctl("list").stdout.count("streaming") == 2, "both stream in the list", 15)


@scenario("switchover to a named candidate under load", expected=LOST_PEER)
def switchover(c):
    leader = c.leader()
    candidate = c.replicas()[0]
    writer = Writer(c)
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": candidate.name}, timeout=60)
    assert code == 200 and text == f'Successfully switched over to "{candidate.name}"', (code, text)
    assert c.wait_leader(other_than=leader) is candidate
    for m in c.members:
        if m is not candidate:
            c.wait_streams(m)
    writer.stop()
    assert writer.missing(candidate) == []
    wait.until(lambda: c.key("history").startswith("[[1,"), "the promotion is in /history", 15)
    assert wait.until(lambda: c.key("failover") == "{}", "the request is cleared", 15)


@scenario("tamadactl switchover without a candidate", expected=LOST_PEER)
def switchover_ctl(c):
    leader = c.leader()
    out = c.ctl("switchover", "--leader", leader.name, "--force").stdout
    assert "uccessfully switched over" in out, out
    c.wait_leader(other_than=leader)
    c.wait_healthy()


@scenario("the postmaster is killed: it is back as primary at once, on the same timeline",
          expected=LOST_PEER)
def postmaster_killed(c):
    leader = c.leader()
    before = leader.postmaster_pid()
    writer = Writer(c)
    began = time.monotonic()
    leader.kill_postmaster()
    wait.until(lambda: leader.postmaster_pid() != before and leader.is_("primary"), "primary again", 30)
    wait.until(lambda: [t for t, m, _ in writer.acknowledged if m == leader.name and t > began + 0.2], "writes go on", 30)
    writer.stop()
    assert leader.value("select timeline_id from pg_control_checkpoint()") == 1
    assert c.leader() is leader
    assert writer.missing(leader) == []
    c.wait_healthy()


@scenario("the daemon is killed and comes back in time: PostgreSQL is untouched", expected=LOST_PEER)
def daemon_killed(c):
    leader = c.leader()
    pid = leader.postmaster_pid()
    generation = c.store.generation(f"/service/{c.scope}/leader")
    leader.kill()
    leader.start()
    wait.until(lambda: leader.is_("primary"), "leads again", 20)
    assert leader.postmaster_pid() == pid
    assert c.leader() is leader
    wait.holds(lambda: leader.is_("primary"), "goes on leading", 5)
    assert c.store.generation(f"/service/{c.scope}/leader") == generation


@scenario("daemon and PostgreSQL are killed together: another member takes over, the old one rejoins",
          expected=LOST_PEER, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def both_killed(c):
    leader = c.leader()
    leader.kill()
    leader.host.kill_everything()
    new = c.wait_leader(other_than=leader, seconds=60)
    new.sql("create table after_failover ()")
    leader.start()
    c.wait_streams(leader)
    assert leader.value("select count(*) from pg_class where relname = 'after_failover'") == 1


@scenario("a host is lost and returns with diverged WAL: it is rewound and streams", expected=LOST_PEER,
          dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def host_lost(c):
    leader = c.leader()
    leader.sql("create table t (x int)")
    for r in c.replicas():
        wait.until(lambda r=r: r.value("select to_regclass('t') is not null"), f"{r.name} has the table", 10)
        r.host.disconnect()  # from here on nobody receives what is written
    leader.sql("insert into t select generate_series(1, 1000)")
    leader.host.disconnect()
    for r in c.members:
        if r is not leader:
            r.host.connect()
    leader.host.kill_everything()
    leader.process.wait()
    new = c.wait_leader(other_than=leader, seconds=90)
    assert new.value("select count(*) from t") == 0
    new.sql("insert into t values (1)")
    leader.host.connect()
    leader.start()
    c.wait_streams(leader)
    wait.until(lambda: leader.value("select count(*) from t") == 1, "the diverged rows are gone", 20)
    assert "running pg_rewind from" in leader.log()


@scenario("the primary's host is cut from the store: PostgreSQL stops before its lock could pass on",
          expected=LOST_PEER, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def primary_cut_off(c):
    leader = c.leader()
    writer = Writer(c)
    leader.host.disconnect()
    new = c.wait_leader(other_than=leader, seconds=90)
    leader.host.connect()
    c.wait_streams(leader)
    writer.stop()
    lost = [w for w in writer.missing(new) if w[0] == new.name]
    assert lost == []


@scenario("the store is lost: the primary is demoted, and leads again when the store is back",
          expected=LOST_PEER, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def store_lost(c):
    leader = c.leader()
    c.store.kill()
    wait.until(lambda: not leader.is_("primary") and leader.value("select pg_is_in_recovery()"), "demoted", 40)
    wait.until(lambda: leader.is_("health"), "serves reads", 15)
    c.store.start()
    c.wait_healthy(90)


@scenario("the store needs seconds for each answer: the primary stays, on its timeline, and writes go on", expected=LOST_PEER)
def store_answers_late(c):
    leader = c.leader()
    timeline = leader.status()["timeline"]
    writer = Writer(c)
    until = time.monotonic() + 75
    while time.monotonic() < until:
        c.store.kill(number=signal.SIGSTOP)
        time.sleep(2.5)
        c.store.kill(number=signal.SIGCONT)
        time.sleep(0.03)
    writer.stop()
    assert c.wait_leader() is leader and leader.status()["timeline"] == timeline
    assert "demot" not in c.logs()[leader.name], "the primary was demoted"
    gap, at = writer.longest_gap()
    assert gap < 10, (gap, at)


@scenario("a standby's daemon is stopped: PostgreSQL stops with it, the cluster goes on; it comes back")
def stop_and_start(c):
    replica = c.replicas()[0]
    assert replica.stop() == 0
    assert not os.path.exists(os.path.join(replica.data, "postmaster.pid"))
    assert c.leader() is not None
    replica.start()
    c.wait_streams(replica)


@scenario("SIGTERM of the leader hands the lock over at once", expected=LOST_PEER)
def leader_stopped(c):
    leader = c.leader()
    began = time.monotonic()
    leader.signal(signal.SIGTERM)
    new = c.wait_leader(other_than=leader, seconds=20)
    assert leader.process.wait(30) == 0
    leader.start()
    c.wait_streams(leader)
    assert c.leader() is new
