"""Backups and ways of making a member from them: pgBackRest with a local repository, methods in order, interruptions."""
import json
import os
import shutil

from harness import hosts, wait
from harness.scenario import Skip, scenario

NOISE = (r"leader lock", r"etcd node", r"killing processes", r"postgres", r"postmaster", r"store", r"member", r"data directory",
         r"replica", r"killing process \d+ .* left over from earlier work")
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")


def repository(c):
    return os.path.join(c.directory, "repository")


def with_pgbackrest(c, methods=True):
    """A repository all members share, and on each host what its administrator writes for pgBackRest."""
    if not shutil.which("pgbackrest"):
        raise Skip("pgbackrest is not installed")
    os.makedirs(repository(c), exist_ok=True)
    shutil.chown(repository(c), "postgres", "postgres")
    for m in c.members:
        path = pgbackrest_config(m)
        folders = {key: os.path.join(m.directory, "pgbackrest-" + key) for key in ("log", "lock", "spool")}
        for folder in folders.values():
            os.makedirs(folder, exist_ok=True)
            shutil.chown(folder, "postgres", "postgres")
        with open(path, "w") as f:
            f.write(f"[global]\nrepo1-path={repository(c)}\nrepo1-retention-full=9\nstart-fast=y\ncompress-type=gz\n"
                    f"log-level-console=warn\nlog-level-file=off\nlog-path={folders['log']}\nlock-path={folders['lock']}\n"
                    f"spool-path={folders['spool']}\n\n[demo]\npg1-path={m.data}\npg1-socket-path={m.directory}\npg1-user=postgres\n")
        command = f"pgbackrest --config={path} --stanza=demo"
        postgresql = m.local["postgresql"]
        postgresql["parameters"].update({"archive_mode": "on", "archive_command": f"{command} archive-push %p"})
        postgresql["recovery_conf"] = {"restore_command": f'{command} archive-get %f "%p"'}
        if methods:
            postgresql["create_replica_methods"] = ["pgbackrest", "basebackup"]
            postgresql["pgbackrest"] = {"command": f"{command} --delta restore", "keep_data": True, "no_params": True}
        m.write_config()


def pgbackrest_config(member):
    return os.path.join(member.directory, "pgbackrest.conf")


def pgbackrest(member, *arguments):
    return hosts.run(*AS_POSTGRES, "pgbackrest", f"--config={pgbackrest_config(member)}", "--stanza=demo", *arguments,
                     env={"PATH": os.environ["PATH"], "HOME": member.directory}, cwd="/")


def make_backup(leader):
    pgbackrest(leader, "stanza-create")
    pgbackrest(leader, "check")
    pgbackrest(leader, "--type=full", "backup")


def inodes(member):
    """Of the files of the template database, which nobody rewrites."""
    folder = os.path.join(member.data, "base", "1")
    return {name: os.stat(os.path.join(folder, name)).st_ino for name in os.listdir(folder) if name.isdigit()}


@scenario("pgBackRest makes a replica, remakes it by delta, and basebackup stands in when it fails", start=False, size=2,
          expected=NOISE)
def pgbackrest_replica(c):
    with_pgbackrest(c)
    leader, replica = c.members
    leader.start()
    wait.until(lambda: leader.is_("primary"), "the first member leads", 60)
    leader.sql("create table t as select generate_series(1, 1000) x")
    make_backup(leader)
    leader.sql("insert into t values (1001)")
    replica.start()
    c.wait_streams(replica)
    assert "creating a replica with method pgbackrest" in replica.log()
    assert "creating a replica with method basebackup" not in replica.log()
    wait.until(lambda: replica.value("select count(*) from t") == 1001, "what came after the backup is there", 20)
    # Once more: files that are as in the backup stay.
    before = inodes(replica)
    assert replica.rest("/reinitialize", "POST", {})[0] == 200
    wait.until(lambda: replica.log().count("creating a replica with method pgbackrest") == 2, "the method runs again", 30)
    c.wait_streams(replica)
    kept = before.items() & inodes(replica).items()
    assert len(kept) > len(before) / 2, f"{len(kept)} of {len(before)} files were kept"
    # Without its repository pgBackRest can do nothing.
    os.rename(repository(c), repository(c) + ".away")
    assert replica.rest("/reinitialize", "POST", {})[0] == 200
    wait.until(lambda: "creating a replica with method basebackup" in replica.log(), "the next method has its turn", 60)
    c.wait_streams(replica)
    assert "replica method 'pgbackrest' failed with exit code" in replica.log()
    leader.sql("insert into t values (1002)")
    wait.until(lambda: replica.value("select count(*) from t") == 1002, "the replica replays", 20)


@scenario("a new cluster is made from a pgBackRest backup as its last WAL left it", start=False, size=2, expected=NOISE)
def pgbackrest_bootstrap(c):
    with_pgbackrest(c)
    first, second = c.members
    first.start()
    wait.until(lambda: first.is_("primary"), "the first member leads", 60)
    make_backup(first)
    first.sql("create table t as select generate_series(1, 1000) x")
    first.sql("select pg_switch_wal()")
    identifier = c.key("initialize")
    pgbackrest(first, "check")  # waits until the WAL of now is in the archive
    # The cluster is lost, and so is all that the store knew.
    first.lose_host()
    shutil.rmtree(first.data)
    first.host.connect()
    remove_cluster(c)
    for m in c.members:
        m.local["bootstrap"]["method"] = "pgbackrest"
        m.local["bootstrap"]["pgbackrest"] = {
            "command": f"pgbackrest --config={pgbackrest_config(m)} --stanza=demo restore", "no_params": True,
            "keep_existing_recovery_conf": True}
        m.write_config()
    second.start()
    wait.until(lambda: second.is_("primary"), "the restored cluster leads", 90)
    assert "running bootstrap method pgbackrest" in second.log()
    assert second.value("select count(*) from t") == 1000
    assert c.key("initialize") == identifier, "the same system, on a timeline of its own"
    assert second.value("select timeline_id from pg_control_checkpoint()") == 2
    first.start()
    c.wait_streams(first)
    assert first.value("select count(*) from t") == 1000


def remove_cluster(c):
    answers = f"{c.scope}\nYes I am aware\n"
    out = c.ctl("remove", c.scope, stdin=answers, check=False)
    if out.returncode != 0:  # a leader key that has not expired yet is asked for by name
        wait.until(lambda: not c.key("leader"), "the lock has expired", 60)
        c.ctl("remove", c.scope, stdin=answers)
    wait.until(lambda: not c.key("initialize"), "the cluster is gone from the store", 10)


# docs/backups.md tells it step by step.
@scenario("a whole cluster goes back to the moment before a mistake", start=False, size=2, expected=NOISE)
def point_in_time(c):
    with_pgbackrest(c)
    for m in c.members:
        m.start()
    leader = c.wait_healthy()
    leader.sql("create table kept as select generate_series(1, 1000) x")
    make_backup(leader)
    leader.sql("select pg_sleep(2)")  # pgbackrest reckons in whole seconds: the backup has to end before the moment
    leader.sql("insert into kept values (1001)")
    moment = leader.value("select clock_timestamp()::text")
    leader.sql("drop table kept")
    leader.sql("select pg_switch_wal()")
    pgbackrest(leader, "check")
    # 1. Everything is stopped, and the store forgets the cluster.
    for m in sorted(c.members, key=lambda m: m is leader):
        assert m.stop() == 0
    remove_cluster(c)
    # 2. The old data is put aside on each host, and the members are told how to begin.
    for m in c.members:
        os.rename(m.data, m.data + ".before")
        command = f"pgbackrest --config={pgbackrest_config(m)} --stanza=demo"
        m.local["bootstrap"]["method"] = "point_in_time"
        m.local["bootstrap"]["point_in_time"] = {
            "command": f"{command} --type=time '--target={moment}' restore", "no_params": True,
            "recovery_conf": {"restore_command": f'{command} archive-get %f "%p"', "recovery_target_time": moment,
                              "recovery_target_action": "promote", "recovery_target_timeline": "latest"}}
        m.write_config()
    # 3. One member begins; the others follow when it leads.
    first, second = c.members
    first.start()
    wait.until(lambda: first.is_("primary"), "the cluster is back", 90)
    assert first.value("select count(*) from kept") == 1001
    assert first.value("show recovery_target_time") == "" and first.value("show archive_mode") == "on"
    # Before the archive knows the new timeline a restored member would recover the mistake too, and have to be rewound.
    pgbackrest(first, "check")
    assert any("00000002.history" in files for _, _, files in os.walk(repository(c))), "the new timeline is archived"
    second.start()
    c.wait_streams(second)
    assert second.value("select count(*) from kept") == 1001
    # 4. A backup of the new timeline; the archive goes on in the same stanza.
    pgbackrest(first, "--type=full", "backup")


@scenario("a member whose WAL has gone from the primary catches up from the archive, without a rewind or a clone", start=False,
          size=2, expected=NOISE)
def rejoin_from_archive(c):
    with_pgbackrest(c)
    for m in c.members:
        m.local["bootstrap"]["dcs"]["postgresql"]["use_slots"] = False
        m.local["bootstrap"]["dcs"]["postgresql"]["parameters"].update(
            {"wal_keep_size": "0", "max_wal_size": "32MB", "min_wal_size": "32MB"})
        m.write_config()
    leader, replica = c.members
    leader.start()
    wait.until(lambda: leader.is_("primary"), "the first member leads", 60)
    make_backup(leader)
    replica.start()
    c.wait_streams(replica)
    assert replica.stop() == 0
    inode = os.stat(os.path.join(replica.data, "PG_VERSION")).st_ino
    needed = leader.value("select pg_walfile_name(pg_current_wal_lsn())")
    leader.sql("create table t (x int)")
    for _ in range(6):
        leader.sql("insert into t select generate_series(1, 1000)")
        leader.sql("select pg_switch_wal()")
    leader.sql("checkpoint")
    wal = os.path.join(leader.data, "pg_wal")

    def gone():
        leader.sql("select pg_switch_wal()")
        leader.sql("checkpoint")
        return not os.path.exists(os.path.join(wal, needed))
    wait.until(gone, "the primary has recycled what the replica needs", 60, every=1)
    clones = replica.log().count("creating a replica")
    replica.start()
    c.wait_streams(replica)
    wait.until(lambda: replica.value("select count(*) from t") == 6000, "the replica has caught up", 30)
    assert os.stat(os.path.join(replica.data, "PG_VERSION")).st_ino == inode
    assert replica.log().count("creating a replica") == clones and "running pg_rewind" not in replica.log()


def with_slow_method(local):
    """A method that copies for ever the first time, in a session of its own, and fails from then on."""
    directory = os.path.dirname(local["postgresql"]["data_dir"])
    local["postgresql"]["create_replica_methods"] = ["slow", "basebackup"]
    local["postgresql"]["slow"] = {"command": os.path.join(directory, "slow"), "no_params": True}
    with open(os.path.join(directory, "slow"), "w") as f:
        f.write(f"#!/bin/sh\ncd {directory}\n[ -e allowed ] || exit 1\nrm allowed\nmkdir -p data\n"
                "setsid sh -c 'trap \"\" TERM; echo $$ > pid; while :; do head -c 10000 /dev/zero >> data/half; sleep 0.05; done'\n")
    os.chmod(os.path.join(directory, "slow"), 0o755)


def begin_slow_clone(member):
    with open(os.path.join(member.directory, "allowed"), "w"):
        shutil.chown(f"{member.directory}/allowed", "postgres", "postgres")
    assert member.rest("/reinitialize", "POST", {})[0] == 200
    wait.until(lambda: os.path.getsize(os.path.join(member.data, "half")) > 50000, "the method is at work", 30)
    with open(os.path.join(member.directory, "pid")) as f:
        return int(f.read())


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@scenario("the daemon is killed in the middle of a clone: what it left at work is ended, and the clone is made anew", size=2,
          configure=with_slow_method, expected=NOISE)
def clone_killed(c):
    replica = c.replicas()[0]
    pid = begin_slow_clone(replica)
    replica.kill()
    assert runs(pid), "it is not our death that ends the method"
    replica.start()
    c.wait_streams(replica)
    assert not runs(pid)
    assert not os.path.exists(os.path.join(replica.data, "half"))
    assert "the making of this replica was interrupted; it is begun again" in replica.log()


@scenario("how far a clone has come is shown; reinit waits for it, and by force cancels it", size=2,
          configure=with_slow_method, expected=NOISE)
def reinit_cancels_a_clone(c):
    replica = c.replicas()[0]
    pid = begin_slow_clone(replica)
    assert replica.status()["state"] == "creating replica"

    def clone():
        return replica.status()["tamada"]["clone"]
    wait.until(lambda: (clone()["bytes_done"] or 0) > 50000 and clone()["bytes_total"], "bytes are told", 20)
    seen = clone()
    assert seen["method"] == "slow" and seen["source"] == c.leader().name, seen
    wait.until(lambda: clone()["bytes_done"] > seen["bytes_done"], "they grow", 20)
    assert f"clone: slow from {c.leader().name} since " in c.ctl("explain", c.scope, replica.name).stdout
    code, text = replica.rest("/reinitialize", "POST", {})
    assert code == 503 and "already in progress" in text, (code, text)
    assert runs(pid)
    code, text = replica.rest("/reinitialize", "POST", {"force": True}, timeout=40)
    assert code == 200 and text == "reinitialize started", (code, text)
    wait.until(lambda: not runs(pid), "the method is ended", 20)
    c.wait_streams(replica)
    assert not os.path.exists(os.path.join(replica.data, "half"))
    assert "clone" not in replica.status()["tamada"]
    assert json.loads(replica.rest("/explain")[1]).get("clone") is None


@scenario("a replica is made from a backup while nobody leads, and again after the first try failed", start=False, size=1,
          expected=NOISE)
def replica_without_leader(c):
    with_pgbackrest(c)
    member = c.members[0]
    member.start()
    wait.until(lambda: member.is_("primary"), "the member leads", 60)
    member.sql("create table t as select generate_series(1, 10) x")
    make_backup(member)
    member.sql("select pg_switch_wal()")
    pgbackrest(member, "check")
    assert member.stop() == 0
    shutil.rmtree(member.data)
    os.rename(repository(c), repository(c) + ".away")
    member.local["postgresql"]["pgbackrest"]["no_leader"] = True
    member.write_config()
    member.start()
    wait.until(lambda: "replica method 'pgbackrest' failed" in member.log(), "the first try fails", 60)
    assert not member.is_("primary")
    os.rename(repository(c) + ".away", repository(c))
    wait.until(lambda: member.is_("primary"), "the member leads again", 90)
    assert member.value("select count(*) from t") == 10
