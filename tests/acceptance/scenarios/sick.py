"""Sick storage and hung PostgreSQL (docs/health.md), and a store that is slow or flaps."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import psycopg2

from harness import hosts, wait
from harness.cluster import Writer
from harness.proxy import Proxy
from harness.scenario import Skip, scenario

NOISE = (r"health", r"sick", r"leader lock", r"etcd", r"store", r"member", r"postgres", r"postmaster", r"fast stop did not end",
         r"immediate stop", r"killing processes", r"crash recovery", r"pg_rewind", r"data directory", r"replica", r"slot")
AFTER = 8
# Two seconds to the next look, five until it counts as hanging, AFTER, a stop of at most five, a race; the machine is busy.
HANDED_OVER = 2 + 5 + AFTER + 5 + 3 + 12


def brisk(local):
    checks = ("connection", "commit", "process", "storage", "full")
    local["postgresql"]["health"] = {"interval": 2, **{check: {"after": AFTER} for check in checks}}


def process_of(member, part):
    """The pid of a process of the member's PostgreSQL by its title."""
    out = hosts.run("ps", "--ppid", str(member.postmaster_pid()), "-o", "pid=,args=").stdout
    return next(int(line.split()[0]) for line in out.splitlines() if line.rstrip().endswith(part))


def trouble(member):
    return member.status()["tamada"].get("health", {}).get("trouble", {})


def is_sick(member):
    return member.status()["tamada"].get("sick", False)


def primaries(c):
    found = []
    for m in c.members:
        try:
            if not m.value("select pg_is_in_recovery()"):
                found.append(m.name)
        except psycopg2.Error:
            pass
    return found


def hands_over(c, leader, why, began):
    new = c.wait_leader(other_than=leader, seconds=HANDED_OVER)
    print(f"  {why}: {new.name} leads {time.monotonic() - began:.1f} s later", flush=True)
    log = leader.log()
    assert re.search(rf"this member is sick: .*{why}", log), "the reason is told"
    assert "SK-02" in log or "demoting self because PostgreSQL or its storage is sick" in log
    return new


@scenario("the postmaster of the primary is stopped (SIGSTOP): another member leads, the old one comes back by itself",
          expected=NOISE, configure=brisk)
def sick_postmaster_stopped(c):
    leader = c.leader()
    session = leader.connect(timeout=5)  # old sessions work on
    began = time.monotonic()
    os.kill(leader.postmaster_pid(), signal.SIGSTOP)
    with session.cursor() as cursor:
        cursor.execute("select 1")
    wait.until(lambda: "connection" in trouble(leader), "the trouble is told", 12)
    new = hands_over(c, leader, "connection", began)
    c.wait_streams(leader)
    assert primaries(c) == [new.name]
    wait.until(lambda: not is_sick(leader) and not trouble(leader), "the new postmaster is well", 15)


@scenario("the checkpointer is stopped, then the WAL writer of the next primary: each hands over and comes back",
          expected=NOISE, configure=brisk)
def sick_process_stopped(c):
    for part in ("checkpointer", "walwriter"):
        leader = c.wait_leader()
        began = time.monotonic()
        os.kill(process_of(leader, part), signal.SIGSTOP)
        hands_over(c, leader, "process", began)
        c.wait_streams(leader)


@scenario("the postmaster of the only member is stopped: told, and nothing is done", size=1, expected=NOISE, configure=brisk)
def sick_alone(c):
    leader = c.leader()
    pid = leader.postmaster_pid()
    os.kill(pid, signal.SIGSTOP)
    wait.until(lambda: is_sick(leader), "sick is told", 30)
    wait.holds(lambda: leader.is_("primary"), "goes on leading", 15)
    assert "tamada_sick{scope=\"demo\",name=\"n1\"} 1" in leader.rest("/metrics")[1]
    os.kill(pid, signal.SIGCONT)
    wait.until(lambda: not is_sick(leader), "well again", 20)
    assert leader.postmaster_pid() == pid
    assert "this member is well again" in leader.log()


@scenario("a standby that is sick does not lead when the primary dies, answers 503 and comes back to duty", expected=NOISE,
          configure=brisk)
def sick_standby(c):
    leader = c.leader()
    sick, well = c.replicas()
    os.kill(process_of(sick, "checkpointer"), signal.SIGSTOP)
    wait.until(lambda: is_sick(sick), "sick", 30)
    assert sick.rest("/replica")[0] == 503 and sick.rest("/health")[0] == 200
    wait.until(lambda: '"nosync":true' in c.key(f"members/{sick.name}").replace(" ", ""), "nosync in its key", 15)
    code, text = leader.rest("/switchover", "POST", {"leader": leader.name, "candidate": sick.name}, timeout=60)
    assert code == 412, (code, text)
    leader.lose_host()
    assert c.wait_leader(other_than=leader) is well
    os.kill(process_of(sick, "checkpointer"), signal.SIGCONT)
    wait.until(lambda: sick.is_("replica"), "well again", 30)
    wait.until(lambda: "nosync" not in c.key(f"members/{sick.name}"), "on duty again", 15)
    leader.host.connect()
    leader.start()
    c.wait_streams(leader)


def mount_image(member, megabytes):
    """An ext4 of its own as data directory."""
    image = os.path.join(member.directory, "disk")
    hosts.run("truncate", "-s", f"{megabytes}M", image)
    os.makedirs(member.data, exist_ok=True)
    try:
        hosts.run("mkfs.ext4", "-q", "-F", "-E", "root_owner", image)
        remount(member)
    except (RuntimeError, FileNotFoundError) as error:
        raise Skip(f"no ext4 in a file can be mounted here: {error}")
    shutil.chown(member.data, "postgres", "postgres")
    os.chmod(member.data, 0o700)


def remount(member, image="disk"):
    hosts.run("mount", "-o", "loop", os.path.join(member.directory, image), member.data)
    os.rmdir(os.path.join(member.data, "lost+found"))


@scenario("the volume of the primary's data directory becomes read-only", start=False, expected=NOISE, configure=brisk)
def sick_read_only(c):
    for m in c.members:
        mount_image(m, 400)
    c.start()
    leader = c.leader()
    began = time.monotonic()
    hosts.run("mount", "-o", "remount,abort", leader.data)  # what ext4 does by itself after an error
    new = c.wait_leader(other_than=leader, seconds=HANDED_OVER)
    print(f"  read-only: {new.name} leads {time.monotonic() - began:.1f} s later", flush=True)
    wait.until(lambda: is_sick(leader), "sick", 30)
    assert "read-only file system" in trouble(leader)["storage"].lower(), trouble(leader)
    # The operator brings a good disk.
    leader.stop()
    leader.host.kill_everything()
    hosts.run("umount", leader.data)
    # Under another name: the other hosts' namespaces hold copies of the mount, and with it the broken state in the kernel.
    hosts.run("cp", "--sparse=always", *(os.path.join(leader.directory, name) for name in ("disk", "mended")))
    hosts.run("fsck.ext4", "-fy", os.path.join(leader.directory, "mended"), check=False)
    remount(leader, "mended")
    leader.start()
    c.wait_streams(leader)
    assert primaries(c) == [new.name]


def own_wal_volume(local):
    brisk(local)
    wal = os.path.join(os.path.dirname(local["postgresql"]["data_dir"]), "wal")
    local["bootstrap"]["initdb"].append({"waldir": os.path.join(wal, "pg_wal")})
    local["postgresql"]["basebackup"] = [{"waldir": os.path.join(wal, "pg_wal")}]


@scenario("the volume of pg_wal is full on the primary", start=False, expected=NOISE, configure=own_wal_volume,
          dynamic={"postgresql": {"use_pg_rewind": True, "use_slots": True,
                                  "parameters": {"wal_keep_size": "0", "max_wal_size": "64MB", "min_wal_size": "32MB"}}})
def sick_wal_full(c):
    for m in c.members:
        hosts.mount_small_disk(os.path.join(m.directory, "wal"), 300, "postgres")
    c.start()
    leader = c.leader()
    filler = os.path.join(leader.directory, "wal", "filler")
    began = time.monotonic()
    hosts.run("dd", "if=/dev/zero", f"of={filler}", "bs=64k", check=False)
    new = hands_over(c, leader, "full", began)
    assert is_sick(leader)
    os.remove(filler)
    c.wait_streams(leader)
    wait.until(lambda: not is_sick(leader), "well again", 30)
    assert primaries(c) == [new.name]


class Disk:
    """A disk of one member that fails, hangs or is slow, by a library in front of the C library."""

    def __init__(self, member):
        self.directory = tempfile.mkdtemp(prefix="tamada-io-")
        os.chmod(self.directory, 0o755)
        self.control = os.path.join(self.directory, "control")
        library = os.path.join(self.directory, "io_fault.so")
        compiler = next((c for c in ("cc", "gcc", "clang-19") if shutil.which(c)), None)
        if compiler is None:
            raise Skip("no C compiler for the library that makes I/O fail")
        source = os.path.join(os.path.dirname(__file__), "..", "harness", "io_fault.c")
        hosts.run(compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl")
        self.environment = {"LD_PRELOAD": library, "IO_FAULT_CONTROL": self.control, "IO_FAULT_UNDER": member.data}

    def does(self, what):
        with open(self.control + ".new", "w") as f:
            f.write(what)
        os.rename(self.control + ".new", self.control)

    def works(self):
        if os.path.exists(self.control):
            os.remove(self.control)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def start_with_bad_disk(c):
    """n1 leads, on a disk that can be made bad."""
    first = c.members[0]
    disk = Disk(first)
    first.start(environment=disk.environment)
    wait.until(lambda: first.is_("primary"), "n1 leads", 60)
    for m in c.members[1:]:
        m.start()
    c.wait_healthy()
    return first, disk


@scenario("the disk of the primary hangs: every write and flush", start=False, expected=NOISE, configure=brisk)
def sick_disk_hangs(c):
    leader, disk = start_with_bad_disk(c)
    writer = Writer(c)
    began = time.monotonic()
    disk.does("hang")
    new = hands_over(c, leader, "(storage|commit)", began)
    disk.works()
    c.wait_streams(leader)
    writer.stop()
    assert primaries(c) == [new.name]
    disk.remove()


@scenario("every write of the primary fails with an I/O error", start=False, expected=NOISE, configure=brisk)
def sick_disk_fails(c):
    leader, disk = start_with_bad_disk(c)
    began = time.monotonic()
    disk.does("error")
    # PostgreSQL may notice it first, crash and not come back; either way another member leads.
    new = c.wait_leader(other_than=leader, seconds=HANDED_OVER + 10)
    print(f"  I/O errors: {new.name} leads {time.monotonic() - began:.1f} s later", flush=True)
    wait.until(lambda: is_sick(leader), "sick", 30)
    disk.works()
    c.wait_streams(leader)
    wait.until(lambda: not is_sick(leader), "well again", 30)
    disk.remove()


# PostgreSQL fills a new WAL segment with 64 writes before a commit can go into it: 3 s without any.
@scenario("the disk of the primary is slow, but works: no failover", start=False, expected=NOISE, configure=brisk)
def sick_disk_slow(c):
    leader, disk = start_with_bad_disk(c)
    disk.does("delay 50")
    wait.holds(lambda: leader.is_("primary") and not is_sick(leader), "leads on", 30)
    disk.works()
    assert "is sick" not in leader.log()
    c.wait_healthy()
    disk.remove()


@scenario("clients take all connections: told, no failover", expected=NOISE, configure=brisk)
def sick_connections_exhausted(c):
    leader = c.leader()
    leader.sql("create role app login password 'app'")
    held = []
    try:
        while True:
            held.append(psycopg2.connect(host=leader.host.address, port=5432, user="app", password="app", dbname="postgres",
                                         connect_timeout=3))
    except psycopg2.OperationalError as error:
        assert "reserved" in str(error) or "too many" in str(error), error
    notice = wait.until(lambda: leader.status()["tamada"].get("health", {}).get("notice"), "told", 15)
    assert "no place is left for clients" in notice, notice
    wait.holds(lambda: leader.is_("primary") and not is_sick(leader), "leads on", 3 * AFTER)
    for connection in held:
        connection.close()
    wait.until(lambda: "health" not in leader.status()["tamada"], "over", 15)


@scenario("ten minutes at full disk load, with the default settings: no alarm", expected=NOISE, slow=True)
def sick_no_false_alarm(c):
    leader = c.leader()
    load = os.path.join(c.directory, "load")
    os.makedirs(load)
    stopping = threading.Event()

    def keep_writing(i):
        while not stopping.is_set():
            subprocess.run(["dd", "if=/dev/zero", f"of={load}/{i}", "bs=1M", "count=512", "conv=fsync"], capture_output=True)

    threads = [threading.Thread(target=keep_writing, args=(i,), daemon=True) for i in range(4)]
    for t in threads:
        t.start()
    writer = Writer(c, every=0.0)
    seconds = float(os.environ.get("TAMADA_LOAD_SECONDS", "600"))
    suspected = set()

    def calm():
        for m in c.members:
            suspected.update(f"{m.name} {check}" for check in trouble(m))
        return leader.is_("primary") and not any(is_sick(m) for m in c.members)
    wait.holds(calm, "no alarm", seconds)
    stopping.set()
    writer.stop()
    for t in threads:
        t.join(60)
    print(f"  {len(writer.acknowledged)} commits in {seconds:.0f} s, longest gap {writer.longest_gap()[0]:.1f} s; "
          f"suspected for a moment: {sorted(suspected) or 'never'}", flush=True)
    for m in c.members:
        alarms = [line for line in m.log().splitlines() if " health" in line or "is sick" in line]
        assert not alarms, alarms


def behind_proxy(c):
    host, = c.store.hosts
    proxy = Proxy(hosts.BRIDGE, (host.address, 2379))
    for m in c.members:
        # Without use_proxies the members would learn etcd's own address from it and go there.
        m.local[c.store.kind].update(hosts=[f"{hosts.BRIDGE}:2379"], use_proxies=True)
        m.write_config()
    c.start()
    return proxy


def never_two(c, writer):
    """Acknowledged commits of different members never interleave."""
    writers = [name for _, name, _ in sorted(writer.acknowledged)]
    changes = [a for a, b in zip(writers, writers[1:]) if a != b]
    assert len(changes) == len(set(changes)), f"more than one primary: {changes}"


@scenario("every answer of the store takes 2-8 s: never two primaries, and all is well when that is over", start=False,
          expected=(*NOISE, r"own member key", r"DCS", r"promote failed"))
def store_slow(c):
    proxy = behind_proxy(c)
    leader = c.leader()
    writer = Writer(c)
    proxy.delay = (2, 8)
    wait.holds(lambda: len(primaries(c)) <= 1, "never two primaries", 120)
    # Two answers, for the keepalive and for the proof, may take longer than what is left: then it is stopped in time.
    stopped = "stopping postgres: the leader lock" in leader.log() or "demot" in leader.log()
    print(f"  the primary {'was stopped' if stopped else 'stayed'}", flush=True)
    proxy.delay = None
    c.wait_healthy(120)
    writer.stop()
    never_two(c, writer)
    proxy.stop()


@scenario("the store flaps, 3 s up and 3 s down: the primary stays, and leads when that is over", start=False,
          expected=(*NOISE, r"own member key", r"DCS"))
def store_flaps(c):
    proxy = behind_proxy(c)
    leader = c.leader()
    writer = Writer(c)
    until = time.monotonic() + 90
    while time.monotonic() < until:
        proxy.cut()
        time.sleep(3)
        proxy.mend()
        time.sleep(3)
        assert len(primaries(c)) <= 1
    assert c.leader() is leader and "demot" not in leader.log(), "three seconds of every six are enough to renew"
    c.wait_healthy(60)
    writer.stop()
    never_two(c, writer)
    proxy.stop()
