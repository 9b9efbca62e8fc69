"""failsafe_mode: the store is lost and every member lets the primary go on."""
import json
import os
import time

from harness import wait
from harness.cluster import Writer
from harness.scenario import scenario

NOISE = (r"leader lock", r"etcd", r"store", r"member", r"failsafe", r"postgres", r"own member key", r"DCS", r"fast stop did not end",
         r"going on without", r"crash recovery", r"pg_rewind")
MODE = {"ttl": 20, "loop_wait": 5, "retry_timeout": 5, "failsafe_mode": True}


def map_of(c):
    return json.loads(c.key("failsafe") or "{}")


def wait_map(c):
    names = {m.name for m in c.members}
    wait.until(lambda: set(map_of(c)) == names, "/failsafe names everybody", 30)


def consents(leader):
    return leader.status().get("failsafe_mode_is_active")


def timeline(member):
    return member.value("select timeline_id from pg_control_checkpoint()")


@scenario("failsafe: the store is stopped, the primary stays while all members answer, and a switchover works at once after",
          expected=NOISE, dynamic=MODE)
def failsafe_store_lost(c):
    leader = c.leader()
    wait_map(c)
    code, text = leader.rest("/failsafe")
    assert code == 200 and set(json.loads(text)) == {"n1", "n2", "n3"}, (code, text)
    pid = leader.postmaster_pid()
    writer = Writer(c)
    c.store.kill()
    lost_at = time.monotonic()
    wait.until(lambda: consents(leader), "the primary goes on with the consent of all", 25)
    wait.holds(lambda: leader.is_("primary"), "stays primary for three ttl", 60)
    for m in c.members:
        assert m.status().get("failsafe_mode_is_active"), m.name
    log = leader.log()
    assert "continue to run as a leader because failsafe mode is enabled and all members are accessible" in log
    code, text = leader.rest("/failsafe")
    assert code == 200, "the map is known without the store"
    code, text = leader.rest("/failsafe", "POST", {"name": "x", "conn_url": "c", "api_url": "u"})
    assert (code, text) == (500, "Running as a leader"), (code, text)
    c.store.start()
    wait.until(lambda: consents(leader) is None, "the store answers the primary again", 30)
    assert c.leader() is leader and leader.postmaster_pid() == pid
    began = time.monotonic()
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name}, timeout=60)
    assert code == 200, (code, text)
    took = time.monotonic() - began
    assert took < 10, f"{took:.1f} s: nobody waits for promises of an outage that is over"
    new = c.wait_leader(other_than=leader)
    c.wait_streams(leader)
    writer.stop()
    outage = [t for t, _, _ in writer.acknowledged if lost_at < t < lost_at + 60]
    assert outage, "commits were acknowledged without the store"
    assert not writer.missing(new)


@scenario("failsafe: the same leader on the same timeline after the outage", expected=NOISE, dynamic=MODE)
def failsafe_same_leader(c):
    leader = c.leader()
    wait_map(c)
    before = timeline(leader)
    c.store.kill()
    wait.until(lambda: consents(leader), "the primary goes on", 25)
    wait.holds(lambda: leader.is_("primary"), "stays primary", 30)
    c.store.start()
    wait.until(lambda: consents(leader) is None, "the store answers again", 30)
    wait.holds(lambda: leader.is_("primary"), "leads on", 10)
    assert timeline(leader) == before
    c.wait_healthy()


@scenario("failsafe: one member is down, so the primary is demoted inside the lock's validity", expected=NOISE, dynamic=MODE)
def failsafe_member_down(c):
    leader = c.leader()
    wait_map(c)
    replica = c.replicas()[0]
    c.store.kill()
    lost_at = time.monotonic()
    replica.lose_host()
    wait.until(lambda: not leader.is_("primary"), "demoted", 25)
    assert time.monotonic() - lost_at < MODE["ttl"] + 1, "later than its lock"
    wait.until(lambda: leader.value("select pg_is_in_recovery()"), "read-only", 20)
    c.store.start()
    wait.until(lambda: c.leader() is not None, "somebody leads again", 60)
    replica.host.connect()
    replica.start()
    c.wait_streams(replica)


def promised_until(member):
    """Seconds of the boot clock, or None."""
    path = os.path.join(member.directory, ".data.tamada", "promise.json")
    try:
        with open(path) as f:
            record = json.load(f)
    except FileNotFoundError:
        return None
    return None if record["over"] or not record["name"] else record["until_us"] / 1e6


@scenario("failsafe: the primary is cut from the store only; a consenting daemon killed with -9 keeps its promise",
          expected=NOISE, dynamic=MODE)
def failsafe_promise_survives(c):
    leader = c.leader()
    wait_map(c)
    first, second = c.replicas()
    leader.host.block(c.store.hosts[0])
    wait.until(lambda: consents(leader), "the primary goes on", 25)
    # The key expires; those who read the store see that nobody holds it.
    wait.until(lambda: c.key("leader") == "", "the key has expired", 60)
    wait.holds(lambda: leader.is_("primary") and c.key("leader") == "", "nobody races", 10)
    first.restart_daemon()
    leader.lose_host()
    until = min(promised_until(first), promised_until(second))
    assert until > time.clock_gettime(time.CLOCK_BOOTTIME) + 5, "the promise lasts for a while"

    def keeps():
        return time.clock_gettime(time.CLOCK_BOOTTIME) >= until or c.key("leader") == ""
    wait.holds(keeps, "nobody takes the lock before the promises end",
               until - time.clock_gettime(time.CLOCK_BOOTTIME))
    new = c.wait_leader(other_than=leader, seconds=40)
    leader.host.connect()
    leader.host.unblock(c.store.hosts[0])
    leader.start()
    c.wait_streams(leader)
    assert new.is_("primary")
