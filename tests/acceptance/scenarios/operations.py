"""Pause, configuration, restart, reinitialize, detach, data directory lost."""
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.request

import yaml

from harness import hosts, wait
from harness.scenario import scenario

NOISE = (r"leader lock", r"etcd node", r"killing processes", r"postgres", r"postmaster", r"store", r"member", r"data directory", r"replica")

AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")


@scenario("pause: PostgreSQL is left alone, nobody promotes; resume brings order back", expected=NOISE)
def pause(c):
    leader = c.leader()
    out = c.ctl("pause", "--wait").stdout
    assert "Success" in out, out
    wait.until(lambda: "Maintenance mode: on" in c.ctl("list").stdout, "list shows the maintenance mode", 10)
    pid = leader.postmaster_pid()
    leader.kill()
    wait.holds(lambda: c.leader() is None or c.leader() is leader, "nobody else leads", 8)
    leader.start()
    wait.until(lambda: leader.is_("primary"), "leads again", 40)
    assert leader.postmaster_pid() == pid
    # A server that is stopped by hand stays stopped.
    replica = c.replicas()[0]
    stop_by_hand(c, replica)
    wait.holds(lambda: not os.path.exists(os.path.join(replica.data, "postmaster.pid")), "stays stopped", 6)
    out = c.ctl("resume", "--wait").stdout
    assert "Success" in out, out
    c.wait_streams(replica)


def stop_by_hand(c, member):
    hosts.run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", os.path.join(c.bin_dir, "pg_ctl"),
              "-D", member.data, "-m", "fast", "-w", "stop")


@scenario("a configuration change that needs a restart is shown as pending and applied by the restart", expected=NOISE)
def pending_restart(c):
    leader = c.leader()
    asked = json.loads(c.ctl("edit-config", "--dry-run", "-f", "json", "-p", "max_connections=120", "-p", "work_mem=8MB",
                             "-p", "no_such_thing=1", "-s", "postgresql.data_dir=/x", check=False).stdout)
    effects = {change["path"]: (change["effect"], sorted(change["members"])) for change in asked["changes"]}
    everybody = sorted(m.name for m in c.members)
    assert effects == {"postgresql.parameters.max_connections": ("restart", everybody),
                       "postgresql.parameters.work_mem": ("reload", everybody),
                       "postgresql.parameters.no_such_thing": ("refused", everybody),
                       "postgresql.data_dir": ("no effect", everybody)}, asked
    order = asked["restart_order"]
    assert order[-1] == leader.name and sorted(order) == everybody and not asked["not_asked"], asked
    assert leader.value("show work_mem") == "4MB" and "max_connections" not in json.dumps(leader.rest("/config")[1])
    origins = json.loads(c.ctl("config", "show", "--origin", "-m", leader.name, "-f", "json").stdout)[0]["settings"]
    found = {setting["path"]: setting for setting in origins}
    assert found["postgresql.parameters.port"]["source"] == "forced", found["postgresql.parameters.port"]
    assert re.search(r" line \d+$", found["postgresql.data_dir"]["source"]), found["postgresql.data_dir"]
    assert found["loop_wait"]["source"] == "dynamic configuration", found["loop_wait"]
    code, text = leader.rest("/config", "PATCH",
                             {"postgresql": {"parameters": {"max_connections": 120, "work_mem": "8MB"}}})
    assert code == 200, text
    for m in c.members:
        wait.until(lambda m=m: m.status().get("pending_restart"), f"{m.name} shows pending_restart", 30)
        wait.until(lambda m=m: m.value("show work_mem") == "8MB", f"{m.name} reloaded work_mem", 15)
    assert leader.value("show max_connections") == "100"
    members = {m.name: m for m in c.members}
    for m in [members[name] for name in order]:
        code, text = m.rest("/restart", "POST", {}, timeout=60)
        assert code == 200 and text == "restarted successfully", (m.name, code, text)
        wait.until(lambda m=m: m.value("show max_connections") == "120", f"{m.name} has 120", 15)
    for m in c.members:
        wait.until(lambda m=m: "pending_restart" not in m.status(), f"{m.name}: no restart pending", 20)
    assert c.leader() is leader


@scenario("reinit makes a replica anew", expected=NOISE)
def reinit(c):
    replica = c.replicas()[0]
    inode = os.stat(os.path.join(replica.data, "PG_VERSION")).st_ino
    code, text = replica.rest("/reinitialize", "POST", {"force": True})
    assert code == 200 and text == "reinitialize started", (code, text)
    wait.until(lambda: os.path.exists(os.path.join(replica.data, "PG_VERSION")) and
               os.stat(os.path.join(replica.data, "PG_VERSION")).st_ino != inode, "a new directory", 60)
    c.wait_streams(replica)
    code, text = c.leader().rest("/reinitialize", "POST", {})
    assert code == 503 and text == "I am the leader, can not reinitialize", (code, text)


def remove_data(member):
    """As `rm -rf` by hand: PostgreSQL and the daemon add and remove files meanwhile."""
    for _ in range(20):
        try:
            return shutil.rmtree(member.data)
        except OSError:
            pass
    raise AssertionError(f"{member.data} could not be removed")


@scenario("the data directory of a replica is removed: it is cloned again", expected=NOISE)
def replica_data_lost(c):
    replica = c.replicas()[0]
    remove_data(replica)
    wait.until(lambda: os.path.exists(os.path.join(replica.data, "postmaster.pid")), "a new data directory", 60)
    c.wait_streams(replica)


@scenario("the data directory of the primary is removed: another member leads, it is cloned", expected=NOISE)
def primary_data_lost(c):
    leader = c.leader()
    remove_data(leader)
    c.wait_leader(other_than=leader, seconds=60)
    c.wait_streams(leader)


@scenario("SIGUSR2 ends the daemon and leaves everything; the next start takes over", expected=NOISE)
def detach(c):
    leader = c.leader()
    pid = leader.postmaster_pid()
    leader.signal(signal.SIGUSR2)
    assert leader.process.wait(20) == 0
    assert leader.postmaster_pid() == pid
    assert c.key("leader") == leader.name
    leader.start()
    wait.until(lambda: leader.is_("primary"), "leads again", 20)
    assert leader.postmaster_pid() == pid
    assert "taken over" in leader.log()
    wait.holds(lambda: c.leader() is leader, "goes on leading", 5)


@scenario("tamadactl detach does the same", expected=NOISE)
def detach_by_command(c):
    member = c.members[0]
    pid = member.postmaster_pid()
    c.ctl("detach", "--force")
    assert member.process.wait(20) == 0
    assert member.postmaster_pid() == pid
    member.start()
    wait.until(lambda: member.is_("health"), "is back", 20)
    assert member.postmaster_pid() == pid


@scenario("the store is wiped: the configuration comes back, nobody fails over", expected=NOISE)
def store_wiped(c):
    leader = c.leader()
    pid = leader.postmaster_pid()
    config = json.loads(c.key("config"))
    c.store.wipe()
    wait.until(lambda: c.key("config") and json.loads(c.key("config")) == config, "the configuration is back", 60)
    wait.until(lambda: c.key("leader") == leader.name, "the same leader", 30)
    assert c.leader() is leader
    assert leader.postmaster_pid() == pid or leader.is_("primary")
    c.wait_healthy()


@scenario("explain names the rule and why")
def explain(c):
    leader = c.leader()
    code, text = leader.rest("/explain")
    assert code == 200, text
    told = json.loads(text)
    assert told["rule"] and told["because"], told
    out = c.ctl("explain", c.scope, leader.name).stdout
    assert told["rule"] in out, out


def tag_nofailover(member):
    member.local["tags"] = {"nofailover": True}
    member.write_config()
    member.signal(signal.SIGHUP)
    wait.until(lambda: member.status().get("tags") == {"nofailover": True}, f"{member.name} carries the tag", 20)


@scenario("explain tells the past: what was decided when, and why a member was not promoted", expected=NOISE)
def explain_past(c):
    leader, (heir, barred) = c.leader(), c.replicas()
    tag_nofailover(barred)
    before = datetime.datetime.now(datetime.timezone.utc).isoformat()
    assert leader.stop() == 0
    c.wait_leader(other_than=leader)
    assert c.leader() is heir
    c.wait_streams(barred)
    race = json.loads(c.ctl("explain", c.scope, heir.name, "--past", "race", "-f", "json").stdout)[0]
    why = [line for line in race["details"] if barred.name in line]
    assert why and "it carries the tag nofailover" in why[0], race
    listed = json.loads(heir.rest("/explain?past=list")[1])["past"]
    won = [p for p in listed if p["action"] == "AcquireLock"][-1]
    assert won["outcome"] == "the lock was taken", won
    promoted = [p for p in listed if p["action"] == "Promote"][-1]
    assert promoted["outcome"] == "done" and promoted["id"] > won["id"], promoted
    full = json.loads(heir.rest(f"/explain?past={won['id']}")[1])
    assert full["facts"] and full["because"] and full["changed"], full
    # Idle cycles are one entry, and the time before the failover is still there.
    assert any(p["count"] > 1 for p in listed), listed
    at = c.ctl("explain", c.scope, heir.name, "--at", before).stdout
    assert f"leader: {leader.name}" in at, at
    assert "AcquireLock" in c.ctl("explain", c.scope, heir.name, "--list").stdout
    for path, wanted in (("past=yesterday", 400), ("past=999999", 404), ("at=2001-01-01", 404)):
        code, text = heir.rest("/explain?" + path)
        assert code == wanted, (path, code, text)


class Listening:
    """tamadactl events, read in the background."""

    def __init__(self, c, *options):
        self.process = subprocess.Popen([*c.ctl_command, "-c", c.members[0].config_path, "events", c.scope, *options, "-f", "json"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def told(self, member, event, **wanted):
        return any(e["member"] == member.name and e["event"] == event and all(e.get(k) == v for k, v in wanted.items())
                   for e in list(self.events))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


@scenario("events tell a switchover, a pause and a configuration change as they happen, and resume", expected=NOISE)
def events(c):
    leader, (heir, other) = c.leader(), c.replicas()
    listening = Listening(c)
    try:
        wait.until(lambda: all(listening.told(m, "now") for m in c.members), "all members tell where they stand", 10)
        c.ctl("switchover", c.scope, "--leader", leader.name, "--candidate", heir.name, "--force")
        c.wait_leader(other_than=leader)
        wait.until(lambda: listening.told(heir, "lock", held=True), "the lock is won", 10)
        wait.until(lambda: listening.told(leader, "lock", held=False), "the lock is lost", 10)
        wait.until(lambda: listening.told(heir, "role", to="primary"), "the role", 10)
        wait.until(lambda: listening.told(other, "leader", to=heir.name), "the leader as a third member sees it", 10)
        wait.until(lambda: listening.told(other, "timeline", to=2), "the timeline", 30)
        c.ctl("pause", "--wait")
        wait.until(lambda: listening.told(other, "pause", on=True), "the pause", 10)
        c.ctl("resume", "--wait")
        # A listener that was away gets what it missed.
        last = [e["id"] for e in listening.events if e["member"] == other.name][-1]
        assert listening.end() == 1
        heir.rest("/config", "PATCH", {"postgresql": {"parameters": {"work_mem": "9MB"}}})
        wait.until(lambda: other.value("show work_mem") == "9MB", "the new value is in force", 20)
        request = urllib.request.Request(f"http://{other.host.address}:8008/events", headers={"Last-Event-ID": last})
        with urllib.request.urlopen(request, timeout=15) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream", answer.headers
            missed = ""
            while "event: configuration" not in missed:
                missed += answer.readline().decode()
        assert "event: now" not in missed and "event: gap" not in missed, missed
        # The stream ends with the daemon, which nothing holds up.
        with urllib.request.urlopen(f"http://{other.host.address}:8008/events", timeout=20) as answer:
            answer.readline()
            assert other.stop(20) == 0
            answer.read()
    finally:
        if listening.process.poll() is None:
            listening.process.kill()


@scenario("doctor finds nothing in a clean cluster, and three defects", expected=NOISE + (r"Violated the rule",))
def doctor(c):
    # The store of this test is one node.
    wait.until(lambda: all(json.loads(c.key(f"members/{m.name}")).get("state") == "running" for m in c.members), "all have told", 20)
    clean = c.ctl("doctor", c.scope, "--skip", "store-hosts", check=False)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert c.ctl("doctor", c.scope, check=False).returncode == 1
    leader, (first, second) = c.leader(), c.replicas()
    tag_nofailover(first)
    tag_nofailover(second)
    first.local["postgresql"]["pg_hba"] = ["local all all trust", "host replication replicator 0.0.0.0/0 md5",
                                           "host all postgres 0.0.0.0/0 trust"]
    first.write_config()
    first.signal(signal.SIGHUP)
    leader.rest("/config", "PATCH", {"loop_wait": 10, "retry_timeout": 25})

    def levels():
        told = json.loads(c.ctl("doctor", c.scope, "-f", "json", check=False).stdout)
        return {one["id"]: one["level"] for one in told}
    wanted = {"candidate": "critical", "nofailover": "warning", "hba": "warning", "ttl-sum": "warning"}
    wait.until(lambda: wanted.items() <= levels().items(), "the defects are found", 20)
    assert c.ctl("doctor", c.scope, check=False).returncode == 2
    assert c.ctl("doctor", "nothing-here", check=False).returncode == 3


@scenario("an operator's daemon takes a running cluster over without restarting PostgreSQL", start=False, size=1,
          expected=NOISE)
def adopt_running_postgres(c):
    member = c.members[0]
    hosts.run(*AS_POSTGRES, os.path.join(c.bin_dir, "initdb"), "-D", member.data, "-A", "trust", "-U", "postgres")
    member.host.popen([os.path.join(c.bin_dir, "postgres"), "-D", member.data, "-c",
                       f"listen_addresses={member.host.address}", "-c", f"unix_socket_directories={member.directory}"],
                      user="postgres", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait.until(lambda: os.path.exists(os.path.join(member.data, "postmaster.pid")), "postgres runs", 20)
    pid = member.postmaster_pid()
    member.local["postgresql"]["authentication"]["superuser"] = {"username": "postgres"}
    member.local["postgresql"]["use_unix_socket"] = True
    member.write_config()
    member.start()
    wait.until(lambda: member.is_("primary"), "leads", 60)
    assert member.postmaster_pid() == pid
    wait.until(lambda: c.key("initialize").isdigit(), "the cluster is registered", 20)


@scenario("a configuration is made for a PostgreSQL that runs, and with the gaps filled its daemon takes it over", start=False, size=1,
          expected=NOISE)
def generated_config(c):
    member = c.members[0]
    hosts.run(*AS_POSTGRES, os.path.join(c.bin_dir, "initdb"), "-D", member.data, "-A", "trust", "-U", "postgres")
    with open(os.path.join(member.data, "postgresql.conf"), "a") as f:
        f.write(f"listen_addresses = '{member.host.address}'\nunix_socket_directories = '{member.directory}'\n"
                "shared_buffers = 24MB\nmax_connections = 77\nwork_mem = '5MB'\ncluster_name = 'demo'\n")
    with open(os.path.join(member.data, "pg_hba.conf"), "a") as f:
        f.write("host all all 0.0.0.0/0 trust\nhost replication replicator 0.0.0.0/0 trust\n")
    member.host.popen([os.path.join(c.bin_dir, "postgres"), "-D", member.data], user="postgres", stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
    wait.until(lambda: member.value("select 1"), "postgres runs", 20)
    pid = member.postmaster_pid()
    path = os.path.join(member.directory, "generated.yml")

    def tamada(*arguments):
        process = member.host.popen([*c.daemon, *arguments], user="postgres", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    cwd=member.directory, env={"PATH": os.environ["PATH"], "HOME": member.directory})
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    code, _, err = tamada("--generate-config", "--dsn", "host=/nowhere user=postgres", path)
    assert code == 1 and "no connection to PostgreSQL" in err and "--dsn" in err, err
    assert not os.path.exists(path)
    dsn = f"host={member.directory} user=postgres dbname=postgres"
    member.sql("create role nobody login")
    code, _, err = tamada("--generate-config", "--dsn", dsn.replace("user=postgres", "user=nobody"))
    assert code == 1 and "nobody is no superuser" in err, err
    assert tamada("--generate-config", "--dsn", dsn, path)[0] == 0
    assert os.stat(path).st_mode & 0o777 == 0o600
    code, _, err = tamada("--generate-config", "--dsn", dsn, path)
    assert code == 1 and "exists already" in err, err
    assert tamada("--generate-config", "--generate-sample-config")[0] == 2 and tamada("--dsn", dsn)[0] == 2

    with open(path) as f:
        config = yaml.safe_load(f)
    own, shared = config["postgresql"], config["bootstrap"]["dcs"]["postgresql"]["parameters"]
    assert own["parameters"]["shared_buffers"] == "24MB" and shared["max_connections"] == 77 and own["bin_dir"] == c.bin_dir, config
    assert config["scope"] == "demo" and own["connect_address"] == f"{member.host.address}:5432"
    assert own["pg_hba"][-1] == "host replication replicator 0.0.0.0/0 trust" and own["data_dir"] == member.data
    # What only the operator knows.
    del config["etcd3"]
    config.update({**c.store.config(), "name": member.name})
    config["restapi"] = member.local["restapi"]
    config["watchdog"] = {"mode": "off"}
    own["authentication"] = {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"},
                             "rewind": {"username": "rewinder"}}
    own["pgpass"] = os.path.join(member.directory, "pgpass")
    assert "#FIXME" not in json.dumps(config), config
    member.local = config
    member.write_config()
    code, out, err = tamada("--validate-config", "-i", member.config_path)
    assert code == 0, out + err
    member.start()
    wait.until(lambda: member.is_("primary"), "leads", 60)
    assert member.postmaster_pid() == pid
    assert member.value("show shared_buffers") == "24MB" and member.value("show work_mem") == "5MB"
    assert not json.loads(member.rest("/patroni")[1]).get("pending_restart_reason", {}).get("max_connections")
    sample = yaml.safe_load(tamada("--generate-sample-config")[1])
    assert sample["postgresql"]["connect_address"] == f"{member.host.address}:5432"


@scenario("libpq's variables in the daemon's environment steer none of its connections, and scripts still get them",
          start=False, size=2, expected=NOISE)
def libpq_environment(c):
    # Each alone would keep a session, a clone or a receiver from its server.
    astray = {"PGHOSTADDR": "192.0.2.1", "PGSERVICE": "nowhere", "PGREQUIREPEER": "nobody", "PGPORT": "1", "PGUSER": "nobody",
              "PGTARGETSESSIONATTRS": "read-write", "PGDATABASE": "nowhere", "PGSSLMODE": "verify-full"}
    for m in c.members:
        script = f"/bin/sh -c 'env > {os.path.join(m.directory, 'seen')}'"
        m.local["postgresql"]["callbacks"] = {"on_role_change": script, "on_start": script}
        m.local["postgresql"]["use_unix_socket"] = True
        m.write_config()
        m.start(environment={**astray, "PGVERSION": "ours"})
    c.wait_healthy(60)

    def variables(text):
        return dict(line.split("=", 1) for line in text if "=" in line)

    for m in c.members:
        assert "not used for own connections: " in m.log()
        with wait.until(lambda m=m: open(os.path.join(m.directory, "seen")), f"a callback of {m.name} ran", 20) as f:
            seen = variables(f.read().splitlines())
        assert {k: seen.get(k) for k in astray} == astray, seen
        # The receiver's connection is one of ours, so PostgreSQL gets what is not libpq's alone.
        with open(f"/proc/{m.postmaster_pid()}/environ") as f:
            seen = variables(f.read().split("\0"))
        assert seen.get("PGVERSION") == "ours" and not astray.keys() & seen.keys(), seen


@scenario("a new cluster is made by a script from a backup, recovered to a point in time, and replicates", start=False,
          size=2, expected=NOISE)
def custom_bootstrap(c):
    restored_cluster(c, "recovery_conf")


@scenario("the same with a script that writes the recovery settings itself", start=False, size=2, expected=NOISE)
def custom_bootstrap_that_keeps_its_recovery(c):
    restored_cluster(c, "keep_existing_recovery_conf")


def restored_cluster(c, how):
    # A cluster elsewhere with a base backup and an archive; what came after the restore point is a mistake.
    as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    old, backup, archive = (os.path.join(c.members[0].directory, d) for d in ("old", "backup", "archive"))

    def tool(name, *arguments):
        return hosts.run(*as_postgres, os.path.join(c.bin_dir, name), *arguments)

    hosts.run(*as_postgres, "mkdir", archive)
    tool("initdb", "-D", old, "-A", "trust", "-U", "postgres", "-k")
    with open(os.path.join(old, "postgresql.conf"), "a") as f:
        f.write(f"listen_addresses = ''\nunix_socket_directories = '{old}'\nport = 5499\narchive_mode = on\n"
                f"archive_command = 'cp %p {archive}/%f'\n")
    tool("pg_ctl", "-D", old, "-w", "-l", os.path.join(old, "log"), "start")

    def sql(statement):
        tool("psql", "-h", old, "-p", "5499", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement)

    tool("pg_basebackup", "-h", old, "-p", "5499", "-U", "postgres", "-D", backup, "-c", "fast", "-X", "none")
    sql("create table kept (x int)")
    sql("select pg_create_restore_point('before_the_mistake')")
    sql("drop table kept")
    sql("select pg_switch_wal()")
    tool("pg_ctl", "-D", old, "-w", "-m", "fast", "stop")

    script = os.path.join(c.members[0].directory, "restore")
    with open(script, "w") as f:
        f.write("#!/bin/sh\nfor a; do case $a in --scope=*) scope=${a#*=};; --datadir=*) data=${a#*=};; --from=*) from=${a#*=};; esac; done\n"
                '[ "$scope" = demo ] && cp -a "$from" "$data"\n')
    os.chmod(script, 0o755)
    recovery = {"restore_command": f"cp {archive}/%f %p", "recovery_target_name": "before_the_mistake",
                "recovery_target_action": "promote"}
    if how == "keep_existing_recovery_conf":
        with open(script, "a") as f:
            f.write("\n".join(['touch "$data/recovery.signal"', 'cat >> "$data/postgresql.auto.conf" <<END',
                               *(f"{name} = '{value}'" for name, value in recovery.items()), "END", ""]))
    new_archive = os.path.join(c.members[0].directory, "new_archive")
    hosts.run(*as_postgres, "mkdir", new_archive)
    for m in c.members:
        m.local["bootstrap"]["method"] = "restore"
        m.local["bootstrap"]["restore"] = {
            "command": script, "from": backup, how: recovery if how == "recovery_conf" else True}
        m.local["bootstrap"]["dcs"]["postgresql"]["parameters"].update(
            {"archive_mode": "on", "archive_command": f"cp %p {new_archive}/%f"})
        m.write_config()
    first, second = c.members
    first.start()
    wait.until(lambda: first.is_("primary"), "the restored cluster leads", 60)
    assert first.value("select count(*) from kept") == 0
    assert first.value("select timeline_id from pg_control_checkpoint()") == 2
    # Nothing of the bootstrap is left: archiving is on, the access rules are the configured ones, recovery is over.
    assert first.value("show archive_mode") == "on"
    with open(os.path.join(first.data, "pg_hba.conf")) as f:
        rules = f.read()
    assert "host replication replicator 0.0.0.0/0 md5" in rules and f"{first.host.address}/32" not in rules, rules
    assert not any(os.path.exists(os.path.join(first.data, n)) for n in ("recovery.signal", "tamada.custom_bootstrap"))
    assert first.value("show recovery_target_name") == ""
    assert c.key("initialize") == str(first.value("select system_identifier from pg_control_system()"))
    second.start()
    c.wait_streams(second)
    first.sql("select pg_switch_wal()")
    wait.until(lambda: any(re.fullmatch("00000002[0-9A-F]{16}", n) for n in os.listdir(new_archive)),
               "the new timeline is archived", 20)
    wait.until(lambda: "00000002.history" in os.listdir(new_archive), "so is its history, made before archiving was on", 20)
    assert second.value("select count(*) from kept") == 0


def with_callbacks(local):
    events = ("on_start", "on_stop", "on_restart", "on_reload", "on_role_change")
    command = """sh -c 'echo "$@" >> "$HOME/told"' --"""
    local["postgresql"]["callbacks"] = {event: command for event in events}


def told(member):
    """What the callbacks were told since the start: "event role"."""
    with open(os.path.join(member.directory, "told")) as f:
        return [" ".join(line.split()[:2]) for line in f if line.endswith("\n")]


@scenario("callbacks tell each start, reload, restart and change of role once", size=2, configure=with_callbacks,
          expected=NOISE, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def callbacks(c):
    leader, replica = c.leader(), c.replicas()[0]
    seen = {leader: [], replica: []}

    def expect(member, *lines):
        seen[member] = sorted([*seen[member], *lines])
        wait.until(lambda: sorted(told(member)) == seen[member], f"{member.name} is told {lines} after what it was", 30)

    expect(leader, "on_start primary")
    expect(replica, "on_start replica")
    assert leader.rest("/config", "PATCH", {"postgresql": {"parameters": {"work_mem": "8MB"}}})[0] == 200
    expect(leader, "on_reload primary")
    expect(replica, "on_reload replica")
    assert replica.rest("/restart", "POST", {}, timeout=30)[0] == 200
    expect(replica, "on_restart replica")
    c.wait_streams(replica)
    assert leader.rest("/switchover", "POST", {"leader": leader.name}, timeout=60)[0] == 200
    expect(replica, "on_role_change primary")
    expect(leader, "on_stop primary", "on_role_change replica")
    c.wait_streams(leader)
    assert leader.stop() == 0
    expect(leader, "on_stop replica")
