"""Synchronous mode: who is chosen, what commits wait for, who may be promoted, and that nothing acknowledged is lost."""
import json
import threading
import time

import psycopg2

from harness import wait
from harness.cluster import Writer
from harness.scenario import scenario
from scenarios.life import LOST_PEER

NOISE = (*LOST_PEER, r"synchronous", r"data directory", r"replica")


def sync_key(c):
    text = c.key("sync")
    return json.loads(text) if text else {}


def standbys(c):
    return [name for name in (sync_key(c).get("sync_standby") or "").split(",") if name]


def names(member):
    return member.value("show synchronous_standby_names")


def configure(c, **settings):
    arguments = [x for key, value in settings.items() for x in ("-s", f"{key}={value}")]
    out = c.ctl("edit-config", "--force", *arguments).stdout
    assert "Configuration changed" in out, out


def wait_sync(c, count=1, seconds=30):
    return wait.until(lambda: len(standbys(c)) == count and standbys(c), f"{count} synchronous standbys", seconds)


def settles(c, seconds=60):
    """The leader is the one that /sync names, with a standby that it waits for."""
    leader = c.wait_leader(seconds=seconds)
    wait.until(lambda: sync_key(c).get("leader") == leader.name and standbys(c) and
               all(s in names(leader) for s in standbys(c)), "the leader has a synchronous standby", seconds)
    return leader


@scenario("synchronous mode is turned on and off by edit-config; the operator's own names come back", expected=NOISE,
          dynamic={"postgresql": {"use_pg_rewind": True, "parameters": {"synchronous_standby_names": ""}}})
def sync_on_and_off(c):
    leader = c.leader()
    assert sync_key(c) == {} and names(leader) == ""
    configure(c, synchronous_mode="true")
    chosen = wait_sync(c)[0]
    assert sync_key(c) == {"leader": leader.name, "quorum": 0, "sync_standby": chosen}, sync_key(c)
    assert names(leader) == chosen
    assert leader.value("select sync_state from pg_stat_replication where application_name = %s", chosen) == "sync"
    other = next(m for m in c.replicas() if m.name != chosen)
    standby = c.member(chosen)
    wait.until(lambda: standby.is_("sync") and not standby.is_("async"), "the standby answers /sync", 10)
    wait.until(lambda: other.is_("async") and not other.is_("sync"), "the other one answers /async", 10)
    assert standby.is_("read-only-sync") and leader.is_("read-only-sync") and not other.is_("read-only-sync")
    wait.until(lambda: standby.status().get("sync_standby") is True, "/patroni shows it", 10)
    assert "sync_standby" not in other.status()
    roles = {m["name"]: m["role"] for m in json.loads(leader.rest("/cluster")[1])["members"]}
    assert roles == {leader.name: "leader", chosen: "sync_standby", other.name: "replica"}, roles
    table = c.ctl("list").stdout
    assert "Sync Standby" in table, table
    explained = json.loads(leader.rest("/explain")[1])["synchronous"]
    assert explained["rule"] == "SY-90" and explained["synchronous_standby_names"] == chosen, explained
    # Two of them.
    configure(c, synchronous_node_count=2)
    assert wait_sync(c, 2) == sorted([chosen, other.name])
    assert names(leader).startswith("2 (")
    configure(c, synchronous_node_count=1)
    wait.until(lambda: names(leader) in (chosen, other.name) and wait_sync(c, 1) == [names(leader)], "one of them", 20)
    # Restarted daemon: nothing is lost on the way.
    before = sync_key(c)
    leader.kill()
    leader.start()
    wait.until(lambda: leader.is_("primary"), "the daemon is back", 40)
    assert names(leader) == before["sync_standby"] and standbys(c) == [before["sync_standby"]]
    configure(c, synchronous_mode="false")
    wait.until(lambda: not sync_key(c) and names(leader) == "", "nothing of it is left", 20)
    # The operator's own value stands while the mode is off, is put aside by it, and comes back.
    c.ctl("edit-config", "--force", "-p", f"synchronous_standby_names={other.name}")
    wait.until(lambda: names(leader) == other.name, "the operator's value is in force", 20)
    configure(c, synchronous_mode="quorum")
    wait_sync(c, 2)
    assert names(leader).startswith("ANY 1 ("), names(leader)
    configure(c, synchronous_mode="false")
    wait.until(lambda: not sync_key(c) and names(leader) == other.name, "the operator's value is back", 20)


@scenario("the synchronous standby is killed: another takes its place and commits go on", expected=NOISE,
          dynamic={"synchronous_mode": True})
def sync_standby_killed(c):
    leader = c.leader()
    first = wait_sync(c)[0]
    writer = Writer(c)
    time.sleep(1)
    began = time.monotonic()
    c.member(first).host.kill_everything()
    c.member(first).process.wait()
    second = wait.until(lambda: standbys(c) and standbys(c)[0] != first and standbys(c)[0], "another one", 30)
    assert names(leader) == second
    wait.until(lambda: [t for t, _, _ in writer.acknowledged if t > began + 3], "writes go on", 30)
    writer.stop()
    assert writer.longest_gap(since=began - 1)[0] < 10
    assert c.leader() is leader


@scenario("switchover in synchronous mode: only the synchronous standby may win, and nothing is lost", expected=NOISE,
          dynamic={"synchronous_mode": True})
def sync_switchover(c):
    leader = c.leader()
    chosen = wait_sync(c)[0]
    other = next(m for m in c.replicas() if m.name != chosen)
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": other.name}, timeout=60)
    assert code == 412 and text == "candidate name does not match with sync_standby", (code, text)
    writer = Writer(c)
    time.sleep(1)
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name}, timeout=60)
    assert code == 200, (code, text)
    new = c.wait_leader(other_than=leader)
    assert new.name == chosen
    settles(c)
    writer.stop()
    assert not writer.missing(new), len(writer.missing(new))
    c.wait_healthy(120)


@scenario("the primary's host is lost under load, again and again: no acknowledged commit is lost", expected=NOISE,
          dynamic={"synchronous_mode": True, "ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def sync_host_lost(c):
    wait_sync(c)
    writer = Writer(c, every=0.005)
    for _ in range(2):
        leader = settles(c)
        allowed = standbys(c)
        time.sleep(2)
        leader.lose_host()
        new = c.wait_leader(other_than=leader, seconds=120)
        assert new.name in allowed, (new.name, allowed)
        leader.host.connect()
        leader.start()
        c.wait_streams(leader, 180)
    new = settles(c)
    writer.stop()
    assert not writer.missing(new), len(writer.missing(new))


@scenario("strict synchronous mode: without a standby commits wait, also right after a forced failover", expected=NOISE,
          dynamic={"synchronous_mode": True, "synchronous_mode_strict": True})
def sync_strict(c):
    leader = c.leader()
    wait_sync(c)
    leader.sql("create table strict (n int)")
    assert standbys(c)
    for m in c.replicas():
        m.lose_host()
    wait.until(lambda: names(leader) == "*" and standbys(c) == [], "everybody is waited for, nobody may be promoted", 40)
    done = threading.Event()

    def write():
        try:
            connection = leader.connect()
            with connection.cursor() as cursor:
                cursor.execute("set statement_timeout = 0")
                cursor.execute("insert into strict values (1)")
            done.set()
        except psycopg2.Error:
            pass

    threading.Thread(target=write, daemon=True).start()
    wait.holds(lambda: not done.is_set(), "the commit waits", 5)
    back = next(m for m in c.members if m is not leader)
    back.host.connect()
    back.start()
    wait.until(done.is_set, "the commit ends once a standby is there", 60)
    assert wait_sync(c) == [back.name]
    # Forced to one that is not listed: it waits for a standby from its first commit on.
    third = next(m for m in c.members if m is not leader and m is not back)
    third.host.connect()
    third.start()
    c.wait_streams(third)
    code, text = leader.rest("/failover", "POST", {"candidate": third.name}, timeout=90)
    assert code == 200, (code, text)
    assert c.wait_leader(other_than=leader) is third
    assert names(third) != ""
    assert settles(c) is third
    third.sql("insert into strict values (2)")


@scenario("quorum commit: any one of two confirms, the voters elect, and nothing is lost", expected=NOISE,
          dynamic={"synchronous_mode": "quorum", "ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def sync_quorum(c):
    leader = c.leader()
    voters = wait_sync(c, 2)
    assert sync_key(c) == {"leader": leader.name, "quorum": 1, "sync_standby": ",".join(voters)}, sync_key(c)
    assert names(leader) == f"ANY 1 ({','.join(voters)})"
    standby = c.member(voters[0])
    wait.until(lambda: standby.is_("quorum") and not standby.is_("sync"), "a voter answers /quorum", 10)
    assert standby.status().get("quorum_standby") is True, standby.status()
    assert c.ctl("list").stdout.count("Quorum Standby") == 2
    writer = Writer(c, every=0.005)
    time.sleep(2)
    leader.lose_host()
    new = c.wait_leader(other_than=leader, seconds=120)
    settled = settles(c)
    assert settled is new
    leader.host.connect()
    leader.start()
    c.wait_streams(leader, 180)
    wait.until(lambda: len(standbys(c)) == 2 and sync_key(c)["quorum"] == 1, "two voters again", 60)
    writer.stop()
    assert not writer.missing(new), len(writer.missing(new))


@scenario("a synchronous standby that is stopped in order leaves its duty first: commits do not stand still", expected=NOISE,
          dynamic={"synchronous_mode": True})
def sync_duty_left(c):
    wait_sync(c)
    writer = Writer(c)
    time.sleep(1)
    began = time.monotonic()
    first = standbys(c)[0]
    assert c.member(first).stop() == 0
    wait.until(lambda: standbys(c) and standbys(c)[0] != first, "another one", 20)
    time.sleep(1)
    writer.stop()
    assert writer.longest_gap(since=began - 0.5)[0] < 1.0, writer.longest_gap(since=began - 0.5)
