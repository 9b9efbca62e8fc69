"""Pause, configuration, restart, reinitialize, detach, data directory lost."""
import json
import os
import shutil
import signal
import subprocess

from harness import hosts, wait
from harness.scenario import scenario

NOISE = (r"leader lock", r"etcd node", r"killing processes", r"postgres", r"postmaster", r"store", r"member", r"data directory", r"replica")


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
    code, text = leader.rest("/config", "PATCH",
                             {"postgresql": {"parameters": {"max_connections": 120, "work_mem": "8MB"}}})
    assert code == 200, text
    for m in c.members:
        wait.until(lambda m=m: m.status().get("pending_restart"), f"{m.name} shows pending_restart", 30)
        wait.until(lambda m=m: m.value("show work_mem") == "8MB", f"{m.name} reloaded work_mem", 15)
    assert leader.value("show max_connections") == "100"
    for m in [leader, *c.replicas()]:  # raised on the primary first, as PostgreSQL asks for
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


@scenario("the data directory of a replica is removed: it is cloned again", expected=NOISE)
def replica_data_lost(c):
    replica = c.replicas()[0]
    shutil.rmtree(replica.data)
    wait.until(lambda: os.path.exists(os.path.join(replica.data, "postmaster.pid")), "a new data directory", 60)
    c.wait_streams(replica)


@scenario("the data directory of the primary is removed: another member leads, it is cloned", expected=NOISE)
def primary_data_lost(c):
    leader = c.leader()
    shutil.rmtree(leader.data)
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


@scenario("an operator's daemon takes a running cluster over without restarting PostgreSQL", start=False, size=1,
          expected=NOISE)
def adopt_running_postgres(c):
    member = c.members[0]
    as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    hosts.run(*as_postgres, os.path.join(c.bin_dir, "initdb"), "-D", member.data, "-A", "trust", "-U", "postgres")
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


def with_callbacks(local):
    events = ("on_start", "on_stop", "on_restart", "on_reload", "on_role_change")
    command = """sh -c 'echo "$@" >> "$HOME/told"' --"""
    local["postgresql"]["callbacks"] = {event: command for event in events}


def told(member):
    """What the callbacks were told since the last question: "event role"."""
    path = os.path.join(member.directory, "told")
    with open(path) as f:
        lines = [" ".join(line.split()[:2]) for line in f]
    os.remove(path)
    return lines


@scenario("callbacks tell each start, reload, restart and change of role once", size=2, configure=with_callbacks,
          expected=NOISE, dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5})
def callbacks(c):
    leader, replica = c.leader(), c.replicas()[0]

    def expect(member, *lines):
        got = []
        wait.until(lambda: got.extend(told(member)) or sorted(got) == sorted(lines), f"{member.name} is told {lines}", 30)

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
