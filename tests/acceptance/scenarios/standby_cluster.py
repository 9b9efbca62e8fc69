"""A whole cluster that follows a remote one: set up, lost leaders, promotion, demotion and the way back."""
import json
import os
import re
import stat
import time

import psycopg2

from harness import hosts, wait
from harness.cluster import Writer
from harness.scenario import scenario
from scenarios.operations import told, with_callbacks

QUICK = {"ttl": 20, "loop_wait": 5, "retry_timeout": 5}
NOISE = (r"leader lock", r"etcd node", r"killing processes", r"Request failed to", r"postmaster", r"postgres", r"store",
         r"walreceiver", r"member", r"crash recovery", r"pg_rewind", r"DCS", r"REST", r"has no effect in a standby cluster")


def section(*members, **more):
    return {"host": ",".join(m.host.address for m in members), "port": 5432, **more}


def patch(member, remote):
    code, text = member.rest("/config", "PATCH", {"standby_cluster": remote})
    assert code == 200, text


def standby_leader(cluster):
    return next((m for m in cluster.members if m.running() and m.is_("standby-leader")), None)


def wait_standby_leader(cluster, other_than=None, seconds=90):
    def found():
        leader = standby_leader(cluster)
        return leader if leader is not None and leader is not other_than else None
    return wait.until(found, f"{cluster.scope} has a standby leader", seconds)


def followers(member):
    """Who streams from it: names in pg_stat_replication."""
    return sorted(r[0] for r in member.sql("select application_name from pg_stat_replication where state = 'streaming'"))


def wait_followers(member, names, seconds=90):
    wait.until(lambda: followers(member) == sorted(names), f"{names} stream from {member.name}", seconds)


def wait_row(member, value, seconds=30):
    wait.until(lambda: member.sql("select 1 from t where x = %s", value), f"{member.name} has row {value}", seconds)


def start_standby(c, source, size=2, configure=None, **more):
    """A standby cluster of that size, running, with a table that is known to have arrived."""
    s = c.neighbour(size=size, configure=configure, dynamic={**QUICK, "standby_cluster": section(*source, **more)})
    c.wait_leader().sql("create table if not exists t (x int)")
    for member in s.members:
        member.start()
    leader = wait_standby_leader(s)
    for member in s.members:
        if member is not leader:
            s.wait_streams(member)
    wait_followers(c.wait_leader(), [leader.name] + [m.name for m in c.replicas()])
    return s, leader


def is_read_only(member):
    try:
        member.sql("insert into t values (-1)")
    except psycopg2.Error as error:
        return "read-only" in str(error)
    return False


@scenario("a standby cluster copies a remote primary, cascades, and says what it is", size=1, dynamic=QUICK, expected=NOISE)
def standby_cluster(c):
    primary = c.leader()
    s, leader = start_standby(c, [primary])
    other, = [m for m in s.members if m is not leader]
    primary.sql("insert into t values (1)")
    for member in s.members:
        wait_row(member, 1)
        assert is_read_only(member)
    assert followers(primary) == [leader.name] and followers(leader) == [other.name]
    # No slot on the remote unless one is named; the cascade has its own.
    assert primary.sql("select 1 from pg_replication_slots") == []
    assert wait.until(lambda: leader.sql("select slot_name from pg_replication_slots where active"), "a slot", 20) == [
        (other.name,)]
    for path in ("standby-leader", "standby_leader", "leader", "read-only", "health", "readiness"):
        assert leader.is_(path), path
    for path in ("", "primary", "master", "read-write", "replica", "sync", "async"):
        assert not leader.is_(path), path
    for path in ("replica", "read-only", "async", "readiness"):
        assert other.is_(path), path
    for path in ("", "primary", "leader", "standby-leader"):
        assert not other.is_(path), path
    assert leader.status()["role"] == "standby_leader" and other.status()["role"] == "replica"
    document = json.loads(other.rest("/cluster")[1])
    roles = {m["name"]: m["role"] for m in document["members"]}
    assert roles == {leader.name: "standby_leader", other.name: "replica"}, document
    metrics = leader.rest("/metrics")[1]
    assert re.search(r"^patroni_standby_leader\{.*\} 1$", metrics, re.M), metrics
    assert re.search(r"^patroni_primary\{.*\} 0$", metrics, re.M), metrics
    table = s.ctl("list").stdout
    assert re.search(rf"{leader.name} .*Standby Leader", table), table
    # What the leader publishes for the race and for slots of members that are away.
    published = wait.until(lambda: s.key("status") and json.loads(s.key("status")), "status is published", 20)
    assert published["optime"] > 0 and other.name in published["retain_slots"], published
    assert s.key("initialize") == c.key("initialize")
    why = json.loads(leader.rest("/explain")[1])
    assert why["rule"] == "SC-13" and why["facts"]["StandbyCluster"] == "Yes", why
    # It crashes and is restarted where it is, with its lock.
    before = leader.postmaster_pid()
    leader.kill_postmaster()
    wait.until(lambda: leader.postmaster_pid() != before and leader.is_("standby-leader"), "restarted in place", 30)
    primary.sql("insert into t values (2)")
    for member in s.members:
        wait_row(member, 2)


@scenario("inside a standby cluster: switchover, and failover when the standby leader's host is lost", size=1,
          dynamic=QUICK, expected=NOISE)
def standby_cluster_failover(c):
    primary = c.leader()
    s, leader = start_standby(c, [primary])
    other, = [m for m in s.members if m is not leader]
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": other.name}, timeout=60)
    assert code == 200 and text == f'Successfully switched over to "{other.name}"', (code, text)
    assert wait_standby_leader(s, other_than=leader) is other
    wait_followers(primary, [other.name])
    wait_followers(other, [leader.name])
    wait.until(lambda: s.key("failover") == "{}", "the request is cleared", 20)
    assert "is removed" not in other.log()
    primary.sql("insert into t values (1)")
    wait_row(leader, 1)
    other.lose_host()
    assert wait_standby_leader(s, other_than=other) is leader
    # The lost one is listed until wal_sender_timeout.
    wait.until(lambda: leader.name in followers(primary), "the new standby leader streams from the remote", 30)
    primary.sql("insert into t values (2)")
    wait_row(leader, 2)
    other.host.connect()
    other.start()
    s.wait_streams(other)
    wait_followers(leader, [other.name])
    wait_row(other, 2)
    for member in s.members:
        assert member.value("select timeline_id from pg_control_checkpoint()") == 1


@scenario("the remote side switches over: a standby cluster with a list of hosts follows by itself; scripts are told who leads it",
          size=2, dynamic=QUICK, expected=NOISE)
def standby_cluster_remote_switchover(c):
    leader = c.leader()
    s, standby = start_standby(c, c.members, configure=with_callbacks)
    other, = [m for m in s.members if m is not standby]
    out = c.ctl("switchover", "--leader", leader.name, "--force").stdout
    assert "uccessfully switched over" in out, out
    new = c.wait_leader(other_than=leader)
    new.sql("insert into t values (1)")
    for member in s.members:
        wait_row(member, 1, 60)
        wait.until(lambda m=member: m.status()["timeline"] == 2, f"{member.name} is on the new timeline", 30)
        assert "pg_rewind" not in member.log()
    assert standby_leader(s) is standby
    wait.until(lambda: json.loads(s.key("history") or "[]")[-1][0] == 1, "the remote's history is in the store", 30)
    assert standby.rest("/switchover", "POST", {"leader": standby.name, "candidate": other.name}, timeout=60)[0] == 200
    wait.until(lambda: told(standby)[-2:] == ["on_stop standby_leader", "on_start replica"], "who led is told", 30)
    wait.until(lambda: told(other) == ["on_start replica", "on_role_change standby_leader"], "who leads now is told", 30)


@scenario("a standby cluster is promoted under load by removing the section; the old side then follows it and is rewound",
          size=2, dynamic=QUICK, expected=NOISE)
def standby_cluster_promoted(c):
    primary = c.leader()
    s, leader = start_standby(c, [primary])
    other, = [m for m in s.members if m is not leader]
    writer = Writer(c)
    wait_row_count(leader, 50)
    s.ctl("edit-config", "--force", "-s", "standby_cluster=null")
    wait.until(lambda: leader.is_("primary"), "the standby leader is promoted", 30)
    assert s.leader() is leader
    leader.sql("insert into t values (10)")
    s.wait_streams(other)
    wait_row(other, 10)
    wait.until(lambda: leader.value("select timeline_id from pg_control_checkpoint()") == 2, "its checkpoint is written", 30)
    assert primary.is_("primary"), "the old side is its operator's business"
    # The way back: the old side, which went on writing, follows. The first host of the list is no primary.
    time_of_section = time.monotonic()
    patch(primary, {**section(other, leader), "port": "5432"})
    wait.until(lambda: not primary.is_("primary"), "the old primary gives up", 30)
    wait.until(lambda: standby_leader(c) is not None, "and leads as a standby", 60)
    assert standby_leader(c) is primary
    for member in c.members:
        wait_row(member, 10, 90)
    writer.stop()
    # Nobody else took a write after the old primary stopped.
    late = {m for t, m, _ in writer.acknowledged if t > time_of_section + 15}
    assert late == set(), late
    wait_followers(leader, [other.name, primary.name])
    replica, = [m for m in c.members if m is not primary]
    wait_followers(primary, [replica.name])
    assert "running pg_rewind from the remote primary" in primary.log()
    assert primary.value("select count(*) from writes") == leader.value("select count(*) from writes")
    leader.sql("insert into t values (11)")
    for member in c.members:
        wait_row(member, 11)
        assert is_read_only(member)


def wait_row_count(member, rows):
    wait.until(lambda: member.value("select count(*) from writes") >= rows, f"{member.name} has {rows} rows", 30)


@scenario("planned change of sides: the primary cluster is demoted first, then the other promoted; no commit is lost and "
          "nothing is rewound", size=1, dynamic=QUICK, expected=NOISE)
def standby_cluster_changes_sides(c):
    primary = c.leader()
    s, leader = start_standby(c, [primary], size=1)
    writer = Writer(c)
    wait_row_count(leader, 50)
    out = c.ctl("demote-cluster", "--force", "--host", leader.host.address, "--port", "5432").stdout
    assert "cluster is successfully demoted" in out, out
    assert primary.is_("standby-leader")
    writer.stop()
    assert not leader.is_("primary") and is_read_only(leader)
    out = s.ctl("promote-cluster", "--force").stdout
    assert "cluster is successfully promoted" in out, out
    wait.until(lambda: leader.is_("primary"), "the other side is promoted", 60)
    assert writer.missing(leader) == []
    leader.sql("insert into t values (20)")
    wait_row(primary, 20, 60)
    wait_followers(leader, [primary.name])
    assert "pg_rewind" not in primary.log()
    assert primary.value("select timeline_id from pg_control_checkpoint()") in (1, 2)


def archive(c):
    directory = os.path.join(c.directory, "archive")
    os.makedirs(directory)
    os.chmod(c.directory, 0o755)
    os.chmod(directory, 0o777)
    return directory


@scenario("a standby cluster without a host restores from the archive alone, is copied by a script, and can be promoted",
          size=1, dynamic=QUICK, expected=NOISE)
def standby_cluster_of_an_archive(c):
    primary = c.leader()
    directory = archive(c)
    code, text = primary.rest("/config", "PATCH", {"postgresql": {"parameters": {
        "archive_mode": "on", "archive_command": f"cp %p {directory}/%f"}}})
    assert code == 200, text
    wait.until(lambda: primary.status().get("pending_restart"), "archiving waits for a restart", 30)
    assert primary.rest("/restart", "POST", {}, timeout=60)[0] == 200
    wait.until(lambda: primary.is_("primary") and primary.value("show archive_mode") == "on", "archives", 30)
    primary.sql("create table t (x int)")
    backup = os.path.join(directory, "backup")
    hosts.run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", os.path.join(
        c.bin_dir, "pg_basebackup"), "-h", primary.directory, "-U", "postgres", "-D", backup, "-X", "none",
        "--checkpoint=fast")
    script = os.path.join(directory, "copy.sh")
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\nfor a in \"$@\"; do case $a in --datadir=*) d=${{a#--datadir=}};; esac; done\n"
                f"mkdir -p $d && cp -a {backup}/. $d/ && chmod 700 $d\n")
    os.chmod(script, os.stat(script).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    def configure(local):
        local["postgresql"]["copy"] = {"command": script, "no_leader": True}

    s = c.neighbour(size=2, configure=configure, dynamic={**QUICK, "standby_cluster": {
        "restore_command": f"cp {directory}/%f %p", "create_replica_methods": ["copy"]}})
    for member in s.members:
        member.start()
    leader = wait_standby_leader(s)
    other, = [m for m in s.members if m is not leader]
    s.wait_streams(other)
    assert followers(primary) == [] and leader.value("show primary_conninfo") == ""
    for member in s.members:
        assert member.value("show restore_command") == f"cp {directory}/%f %p"
    assert leader.status()["replication_state"] == "in archive recovery", leader.status()
    primary.sql("insert into t values (1)")
    primary.sql("select pg_switch_wal()")
    for member in s.members:
        wait_row(member, 1, 60)
    # Its primary is demoted: what it archives last is its shutdown checkpoint, so that nothing has to be rewound.
    primary.sql("insert into t values (2)")
    patch(primary, section(leader))
    wait.until(lambda: primary.is_("standby-leader"), "the old primary is a standby leader", 60)
    for member in s.members:
        wait_row(member, 2, 60)
    patch(leader, None)
    wait.until(lambda: leader.is_("primary"), "promoted", 60)
    s.wait_streams(other)
    leader.sql("insert into t values (3)")
    for member in (other, primary):
        wait_row(member, 3, 60)
    assert "pg_rewind" not in primary.log()
    # The replica restores no more: nothing of the section is left behind.
    wait.until(lambda: other.value("show restore_command") == "", "the section's settings are gone", 30)
