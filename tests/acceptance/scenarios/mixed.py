"""Life beside Patroni: Debian's package in the same cluster, on the same configuration file."""
import json
import shutil
import signal
import threading
import time

import psycopg2

from harness import hosts, wait
from harness.cluster import Writer
from harness.scenario import Skip, scenario

ANYTHING = (r".",)  # the peer's log has its own words
QUICK = {"ttl": 20, "loop_wait": 3, "retry_timeout": 5}


def with_3_0(config):
    config["compatibility"] = "3.0"


def patroni():
    program = shutil.which("patroni")
    if not program:
        raise Skip("Debian's patroni is not installed")
    return [program]


def patronictl(c, *arguments, stdin=None):
    return hosts.run("patronictl", "-c", c.members[0].config_path, *arguments, input=stdin).stdout


def daemon_of(member):
    return "tamada" if "tamada" in member.status() else "patroni"


class Readers:
    """A client for each member that reads while its member answers 200 on /replica, as behind a load balancer."""

    def __init__(self, c):
        self.failures = []
        self.reads = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(m,), daemon=True) for m in c.members]
        for t in self.threads:
            t.start()

    def _read(self, member):
        while not self.stopping.is_set():
            if not member.is_("replica"):
                time.sleep(0.1)
                continue
            try:
                member.value("select 1")
                self.reads += 1
            except psycopg2.Error as error:
                self.failures.append((time.monotonic(), member.name, str(error).strip()))
            time.sleep(0.05)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(15)
        return self


def replace(c, member, daemon):
    """The daemon of a paused cluster ends, the other begins; PostgreSQL runs on."""
    pid = member.postmaster_pid()
    assert member.stop() == 0
    assert member.postmaster_pid() == pid
    member.daemon = daemon
    member.start()
    wait.until(lambda: member.is_("health"), f"{member.name} answers again", 60)
    assert member.postmaster_pid() == pid, "PostgreSQL was touched"


def replace_all(c, daemon, name, pause, resume):
    pause()
    for member in c.replicas() + [c.leader()]:
        replace(c, member, daemon)
    wait.until(lambda: c.leader(), "the primary holds the lock again", 60)
    resume()
    assert {daemon_of(m) for m in c.members} == {name}
    c.wait_healthy()


@scenario("migration under load, by pause: Patroni, then Tamada, then Patroni; PostgreSQL is never touched", start=False,
          configure=with_3_0, expected=ANYTHING, dynamic=QUICK)
def migration(c):
    for m in c.members:
        m.daemon = patroni()
    c.start()
    leader = c.leader()
    writer, readers = Writer(c), Readers(c)
    time.sleep(2)
    replace_all(c, None, "tamada", lambda: patronictl(c, "pause", "--wait"), lambda: c.ctl("resume", "--wait"))
    assert c.leader() is leader
    time.sleep(5)
    replace_all(c, patroni(), "patroni", lambda: c.ctl("pause", "--wait"), lambda: patronictl(c, "resume", "--wait"))
    assert c.leader() is leader
    time.sleep(2)
    writer.stop()
    readers.stop()
    gap = writer.longest_gap()[0]
    print(f"  {len(writer.acknowledged)} commits, longest gap {gap:.2f} s; {readers.reads} reads, {len(readers.failures)} failed", flush=True)
    assert writer.missing(leader) == []
    assert readers.reads > 100 and readers.failures == [], readers.failures[:3]
    assert gap < 2, "PostgreSQL was never touched"
    assert leader.value("select timeline_id from pg_control_checkpoint()") == 1


@scenario("two members of Tamada and one of Patroni: either leads, switchover both ways, pause and settings from either tool",
          start=False, configure=with_3_0, expected=ANYTHING, dynamic=QUICK)
def mixed(c):
    ours, other, theirs = c.members
    theirs.daemon = patroni()
    c.start()
    assert daemon_of(theirs) == "patroni" and daemon_of(ours) == "tamada"
    writer = Writer(c)
    if c.leader() is not theirs:
        c.ctl("switchover", "--leader", c.leader().name, "--candidate", theirs.name, "--force")
        wait.until(lambda: theirs.is_("primary"), "the peer leads", 60)
        c.wait_healthy()

    # Led by the peer: its settings are ours, and its tool works on us.
    patronictl(c, "edit-config", "--force", "-s", "postgresql.parameters.work_mem=9MB")
    for m in c.members:
        wait.until(lambda m=m: m.value("show work_mem") == "9MB", f"{m.name} has the setting", 30)
    patronictl(c, "pause", "--wait")
    assert all(json.loads(m.rest("/patroni")[1]).get("pause") for m in c.members)
    c.ctl("resume", "--wait")
    table = patronictl(c, "list") + c.ctl("list").stdout
    assert table.count(theirs.name) >= 2 and table.count("Leader") == 2, table

    # Back by the peer's tool.
    patronictl(c, "switchover", "--master", theirs.name, "--candidate", ours.name, "--force")
    wait.until(lambda: ours.is_("primary"), "we lead", 60)
    c.wait_healthy()
    c.ctl("edit-config", "--force", "-p", "work_mem=7MB")
    for m in c.members:
        wait.until(lambda m=m: m.value("show work_mem") == "7MB", f"{m.name} has the setting", 30)
    assert len(json.loads(ours.rest("/history")[1])) >= 2
    writer.stop()
    for m in c.members:
        wait.until(lambda m=m: writer.missing(m) == [], f"{m.name} has every acknowledged write", 30)


@scenario("hosts are lost in a cluster of both: the other kind takes over, and who was lost comes back", start=False, size=2,
          configure=with_3_0, expected=ANYTHING, dynamic=QUICK)
def mixed_failover(c):
    ours, theirs = c.members
    theirs.daemon = patroni()
    c.start()
    for lost, heir in ((ours, theirs), (theirs, ours)):
        if c.leader() is not lost:
            c.ctl("switchover", "--leader", heir.name, "--candidate", lost.name, "--force")
            wait.until(lambda: lost.is_("primary"), f"{lost.name} leads", 60)
            c.wait_streams(heir)
        lost.sql(f"create table by_{lost.name} as select 42 as x")
        wait.until(lambda: heir.value(f"select count(*) from pg_class where relname = 'by_{lost.name}'") == 1, "it is replicated", 20)
        lost.lose_host()
        assert c.wait_leader(other_than=lost, seconds=90) is heir
        # The peer answers as primary as soon as it has the lock.
        wait.until(lambda: not heir.value("select pg_is_in_recovery()"), f"{heir.name} is writable", 30)
        heir.sql(f"create table after_{lost.name} ()")
        lost.host.connect()
        lost.start()
        c.wait_streams(lost, 120)
        assert lost.value(f"select count(*) from pg_class where relname = 'after_{lost.name}'") == 1


@scenario("synchronous mode in a cluster of both: no acknowledged commit is lost when either primary's host is",
          start=False, configure=with_3_0, expected=ANYTHING, dynamic={**QUICK, "synchronous_mode": True})
def mixed_synchronous(c):
    ours, other, theirs = c.members
    theirs.daemon = patroni()
    c.start()
    for target in (theirs, ours):
        wait.until(lambda: json.loads(c.key("sync") or "{}").get("sync_standby"), "there is a synchronous standby", 60)
        if c.leader() is not target:
            wait.until(lambda: sync_to(c, target), f"{target.name} is synchronous", 120)
            c.ctl("switchover", "--leader", c.leader().name, "--candidate", target.name, "--force")
            wait.until(lambda: target.is_("primary"), f"{target.name} leads", 60)
            c.wait_healthy()
            wait.until(lambda: json.loads(c.key("sync") or "{}").get("sync_standby"), "there is a synchronous standby", 60)
        writer = Writer(c)
        time.sleep(2)
        target.lose_host()
        new = c.wait_leader(other_than=target, seconds=90)
        time.sleep(3)
        writer.stop()
        assert len(writer.acknowledged) > 20
        assert writer.missing(new) == []
        target.host.connect()
        target.start()
        c.wait_streams(target, 120)


def sync_to(c, target):
    """The one that /sync names is another: it leaves for a moment."""
    named = json.loads(c.key("sync") or "{}").get("sync_standby") or ""
    if target.name in named.split(","):
        return True
    for m in c.members:
        if m.name in named.split(","):
            m.signal(signal.SIGTERM)
            m.process.wait(60)
            wait.until(lambda: target.name in (json.loads(c.key("sync") or "{}").get("sync_standby") or "").split(","),
                       f"{target.name} is synchronous", 60)
            m.start()
            c.wait_streams(m, 60)
            return True
    return False
