"""Replication slots: of members, permanent ones, logical ones that survive a failover, and those of others."""
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time

import psycopg2

from harness import wait
from harness.cluster import REPLICATION, Writer
from harness.scenario import Skip, scenario
from scenarios import failsafe
from scenarios.life import LOST_PEER

QUICK = {"ttl": 20, "loop_wait": 2, "retry_timeout": 5}
POSTGRESQL = {"use_pg_rewind": True, "use_slots": True, "remove_data_directory_on_rewind_failure": True,
              "remove_data_directory_on_diverged_timelines": True}


def dynamic(slots, **parameters):
    return {**QUICK, "slots": slots,
            "postgresql": {**POSTGRESQL, "parameters": {"wal_keep_size": "256MB", **parameters}}}


LOGICAL = dynamic({"changes": {"type": "logical", "database": "postgres", "plugin": "test_decoding"}},
                  wal_level="logical")


def slot(member, name, what="restart_lsn"):
    rows = member.sql(f"select {what} from pg_replication_slots where slot_name = %s", name)
    return rows[0][0] if rows else None


def reached(member, name, position, what="restart_lsn"):
    return member.value(f"select coalesce(bool_or({what} >= %s::pg_lsn), false) from pg_replication_slots "
                        "where slot_name = %s", position, name)


def explained(member):
    return {s["name"]: s for s in json.loads(member.rest("/explain")[1]).get("slots", [])}


def use_and_wait(c):
    """A slot that nobody reads keeps WAL from before the standbys were made: it is copied once it has moved on."""
    writer, consumer = Writer(c), Consumer(c)
    wait.until(lambda: sound(c), "both standbys have it, complete", 120)
    writer.stop()
    consumer.stop()


def sound(c, name="changes"):
    """Every standby has the slot, and would lose none of its changes in a promotion."""
    return all(explained(r).get(name, {}).get("sound") is True for r in c.replicas())


@scenario("slots are moved on everywhere; a permanent physical one survives the loss of the primary's host with its position",
          dynamic=dynamic({"reports": {"type": "physical"}, "Bad Name": None}),
          expected=(*LOST_PEER, r"Bad value for slot 'Bad Name'"))
def slots_physical(c):
    leader = c.leader()
    for m in c.members:
        wait.until(lambda m=m: slot(m, "reports", "slot_name"), f"{m.name} has the permanent slot", 30)
    leader.sql("create table t as select generate_series(1, 100000) x")
    position = leader.value("select pg_current_wal_lsn()::text")
    leader.sql("select pg_replication_slot_advance('reports', %s)", position)
    for m in c.replicas():
        wait.until(lambda m=m: reached(m, "reports", position), f"{m.name} moved the permanent slot", 30)
        for other in c.members:
            if other is not m:
                wait.until(lambda m=m, o=other: reached(m, o.name, position), f"{m.name} moved {other.name}'s slot", 30)
    published = json.loads(c.key("status"))
    assert set(published["slots"]) == {"reports", *(m.name for m in c.members)}, published
    metrics = leader.rest("/metrics")[1]
    assert re.search(r'tamada_slot_retained_bytes\{.*slot="reports"\} \d+', metrics), metrics
    leader.lose_host()
    new = c.wait_leader(other_than=leader)
    assert reached(new, "reports", position), slot(new, "reports")
    leader.host.connect()
    leader.start()
    c.wait_streams(leader)
    wait.until(lambda: reached(leader, "reports", position), "the returned member has the slot", 60)
    for m in c.members:
        assert m.log().count("Bad value for slot") <= 2, "said once by each run of a daemon"


class Consumer:
    """Reads the changes of the slot wherever the primary is, and confirms what it has got: at least once."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.seen = {}      # (member, n) -> monotonic times at which it came
        self.trouble = {}   # member -> what went wrong last
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.stopping.is_set():
            for member in self.cluster.members:
                try:
                    self._read_from(member)
                except (psycopg2.Error, OSError) as error:
                    self.trouble[member.name] = str(error)
            time.sleep(0.05)

    def _read_from(self, member):
        connection = member.connect(timeout=1)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_is_in_recovery()")
                if cursor.fetchone()[0]:
                    return
                cursor.execute("select lsn::text, data from pg_logical_slot_peek_changes('changes', null, 500)")
                rows = cursor.fetchall()
                for _, text in rows:
                    found = re.search(r"public\.writes: INSERT: .*member\[text\]:'(\w+)' n\[bigint\]:(\d+)", text)
                    if found:
                        self.seen.setdefault((found[1], int(found[2])), []).append(time.monotonic())
                if rows:
                    cursor.execute("select pg_replication_slot_advance('changes', %s)", (rows[-1][0],))
        finally:
            connection.close()

    def stop(self):
        self.stopping.set()
        self.thread.join(15)

    def wait_for(self, member):
        """Everything that the primary has written has come."""
        want = set(member.sql("select member, n from writes"))
        try:
            wait.until(lambda: want <= set(self.seen), "the consumer has every row", 60)
        except wait.Timeout as late:
            missing = sorted(want - set(self.seen))
            last = {m: max((n for k, n in self.seen if k == m), default=None) for m in {k for k, _ in self.seen}}
            raise AssertionError(f"{len(missing)} rows are missing: {missing[:3]} ... {missing[-3:]}; the last that came: "
                                 f"{last}; trouble: {self.trouble}") from late

    def check_repeats(self, moves, allowed):
        """What came twice came again after a failover, and not long before it for the first time."""
        for key, times in self.seen.items():
            for before, after in zip(times, times[1:]):
                move = [m for m in moves if before <= m + 1 and m <= after]
                assert move and min(m - before for m in move) <= allowed, (key, before, after, moves)


@scenario("a logical slot goes with the primary: its consumer misses nothing in a switchover and when the host is lost",
          dynamic=LOGICAL, expected=(*LOST_PEER, r"its consumer had confirmed", r"Copying logical slots .* failed"))
def slots_logical(c):
    leader = c.leader()
    wait.until(lambda: slot(leader, "changes", "slot_name"), "the slot is made", 30)
    for m in c.members:
        wait.until(lambda m=m: m.value("select setting from pg_settings where name = 'hot_standby_feedback'") == "on",
                   f"{m.name} sends feedback", 20)
    writer = Writer(c)
    consumer = Consumer(c)
    wait.until(lambda: len(consumer.seen) > 50, "changes come", 30)
    moves = []
    for move in ("switchover", "host"):
        leader = c.leader()
        wait.until(lambda: sound(c), "both standbys are complete", 120)
        moves.append(time.monotonic())
        if move == "switchover":
            candidate = c.replicas()[0]
            code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": candidate.name},
                                     timeout=60)
            assert code == 200, text
        else:
            leader.lose_host()
        new = c.wait_leader(other_than=leader)
        since = len(writer.acknowledged)
        wait.until(lambda: len(writer.acknowledged) > since + 20, "writes go on", 60)
        consumer.wait_for(new)
        status = new.status()["tamada"]
        if "its consumer had confirmed" not in new.log():
            assert "logical_slot_gaps" not in status, status
        if move == "host":
            leader.host.connect()
            leader.start()
        c.wait_healthy()
    writer.stop()
    consumer.wait_for(c.leader())
    consumer.stop()
    # The position is published with each look at the slots, and a standby moves its own a look later.
    consumer.check_repeats(moves, allowed=4 * QUICK["loop_wait"] + 4)
    assert any("Copying logical slots ['changes'] from the primary" in m.log() for m in c.members)


@scenario("a logical slot that the new primary never had is made anew, and everybody is told what its consumer missed",
          dynamic=LOGICAL, expected=(*LOST_PEER, r"logical replication slot changes", r"[Ll]ogical slot"))
def slots_gap(c):
    leader = c.leader()
    use_and_wait(c)
    for m in c.replicas():
        m.sql("select pg_drop_replication_slot('changes')")
    leader.lose_host()
    new = c.wait_leader(other_than=leader)
    gaps = wait.until(lambda: new.status()["tamada"].get("logical_slot_gaps"), "the gap is told", 30)
    assert "changes" in gaps and ("created anew" in gaps["changes"] or "not proven" in gaps["changes"]), gaps
    wait.until(lambda: slot(new, "changes", "slot_name"), "the slot is there again", 30)
    wait.until(lambda: "gap" in explained(new)["changes"], "explain tells it, too", 20)
    assert "tamada_logical_slot_gaps" in new.rest("/metrics")[1]
    assert re.search(r"ERROR: logical replication slot changes: ", new.log())


def drops(member, name):
    try:
        member.sql("select pg_drop_replication_slot(%s)", name)
    except psycopg2.errors.ObjectInUse:  # its daemon moves it on
        return False
    return True


@scenario("kill -9 of the daemon while it copies a logical slot: PostgreSQL is back each time, with a whole slot in the end",
          dynamic=LOGICAL, expected=(*LOST_PEER, r"[Ll]ogical slot"))
def slots_copy_killed(c):
    use_and_wait(c)
    replica = c.replicas()[0]
    for attempt in range(5):
        replica.restart_daemon()
        wait.until(lambda: replica.is_("replica"), "it runs", 60)
        seen = replica.log().count("begins: Copying logical slots")
        wait.until(lambda: drops(replica, "changes"), "nobody uses the slot at this moment", 30, every=0.05)
        wait.until(lambda: replica.log().count("begins: Copying logical slots") > seen, "the copy begins", 60, every=0.01)
        time.sleep(random.uniform(0, 0.6))
        replica.kill()
        replica.start()
        c.wait_streams(replica)
        wait.until(lambda: slot(replica, "changes", "slot_name"), "the slot is there", 90)
        assert not [f for f in os.listdir(os.path.join(replica.data, "pg_replslot")) if f.endswith(".tmp")]
    wait.until(lambda: sound(c), "complete again", 90)


@scenario("slots of strangers: one that is used stays, one that is not goes, one that is to be ignored stays; none goes in "
          "pause", dynamic={**QUICK, "ignore_slots": [{"name": "mine", "type": "physical"}]})
def slots_foreign(c):
    leader = c.leader()
    leader.sql("select pg_create_physical_replication_slot('used', true)")
    received = os.path.join(leader.directory, "received")
    os.makedirs(received)
    shutil.chown(received, "postgres", "postgres")
    receiver = leader.host.popen(
        [os.path.join(c.bin_dir, "pg_receivewal"), "-D", received, "-S", "used", "--no-loop", "-d",
         f"host={leader.host.address} user={REPLICATION['username']} password={REPLICATION['password']}"],
        user="postgres", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait.until(lambda: slot(leader, "used", "active"), "it is in use", 20)
        for name in ("mine", "stranger"):
            leader.sql("select pg_create_physical_replication_slot(%s, true)", name)
        wait.until(lambda: slot(leader, "stranger", "slot_name") is None, "the stranger's slot is dropped", 30)
        wait.holds(lambda: slot(leader, "used", "active") and slot(leader, "mine", "slot_name"), "the others stay", 6)
        c.ctl("pause", "--wait")
        leader.sql("select pg_create_physical_replication_slot('stranger', true)")
        wait.holds(lambda: slot(leader, "stranger", "slot_name"), "nothing goes in pause", 6)
        c.ctl("resume", "--wait")
        wait.until(lambda: slot(leader, "stranger", "slot_name") is None, "it goes afterwards", 30)
    finally:
        receiver.kill()
        receiver.wait()
    assert "dropping replication slot stranger" in leader.log()


@scenario("a member that is away keeps its slot for member_slots_ttl, also with the next leader", expected=LOST_PEER,
          dynamic={**QUICK, "member_slots_ttl": "30min"})
def slots_member_away(c):
    leader = c.leader()
    away, other = c.replicas()
    assert away.stop() == 0
    wait.until(lambda: c.key(f"members/{away.name}") is None or away.name not in c.ctl("list").stdout, "it is gone", 40)
    wait.holds(lambda: slot(leader, away.name, "slot_name"), "its slot stays", 8)
    c.ctl("switchover", "--leader", leader.name, "--candidate", other.name, "--force")
    assert c.wait_leader(other_than=leader) is other
    wait.holds(lambda: slot(other, away.name, "slot_name"), "the next leader has it, too", 8)
    code, _ = other.rest("/config", "PATCH", {"member_slots_ttl": 0})
    assert code == 200
    wait.until(lambda: slot(other, away.name, "slot_name") is None, "without retention it goes", 40)


@scenario("failsafe: while the store is away the members move their slots to where the primary says", expected=failsafe.NOISE,
          dynamic={**failsafe.MODE, "slots": {"reports": {"type": "physical"}}})
def slots_without_store(c):
    leader = c.leader()
    failsafe.wait_map(c)
    for m in c.members:
        wait.until(lambda m=m: slot(m, "reports", "slot_name"), f"{m.name} has the permanent slot", 30)
    c.store.kill()
    wait.until(lambda: failsafe.consents(leader), "the primary goes on with the consent of all", 25)
    leader.sql("create table t as select generate_series(1, 100000) x")
    position = leader.value("select pg_current_wal_lsn()::text")
    leader.sql("select pg_replication_slot_advance('reports', %s)", position)
    for m in c.replicas():
        wait.until(lambda m=m: reached(m, "reports", position), f"{m.name} moved the permanent slot", 60)
    c.store.start()
    wait.until(lambda: failsafe.consents(leader) is None, "the store answers the primary again", 30)


@scenario("PostgreSQL 17 keeps slots with failover on its standbys itself: they are left alone, and go with the primary",
          dynamic=dynamic({}, wal_level="logical", sync_replication_slots="on", hot_standby_feedback="on"),
          expected=LOST_PEER)
def slots_failover(c):
    leader = c.leader()
    if leader.value("select current_setting('server_version_num')::int") < 170000:
        raise Skip("needs PostgreSQL 17")
    leader.sql("create table t (x int)")
    leader.sql("create publication p for table t")
    leader.sql("select pg_create_logical_replication_slot('synced', 'pgoutput', failover => true)")

    def read(member):
        member.sql("insert into t values (1)")
        return member.sql("select lsn from pg_logical_slot_get_binary_changes('synced', null, null, 'proto_version', '1', "
                          "'publication_names', 'p')")

    def there(m):
        return slot(m, "synced", "synced and not temporary")
    for m in c.replicas():
        # PostgreSQL makes it there once the primary's has moved on.
        wait.until(lambda m=m: (read(leader), there(m))[1], f"{m.name} has it", 90, every=0.5)
    wait.holds(lambda: all(there(m) for m in c.replicas()), "nobody drops it", 8)
    candidate = c.replicas()[0]
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": candidate.name}, timeout=60)
    assert code == 200, text
    assert c.wait_leader(other_than=leader) is candidate
    assert read(candidate), "the consumer goes on there"
    wait.holds(lambda: slot(candidate, "synced", "slot_name"), "it stays on the new primary", 6)
