"""What is scheduled takes place at its time, survives the daemon, and can be called off."""
import datetime
import json

from harness import wait
from harness.scenario import scenario

NOISE = (r"leader lock", r"etcd node", r"postgres", r"postmaster", r"store", r"member")


def at(seconds):
    """So long from now, as an operator writes it."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return (datetime.datetime.now(zone) + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")


def refused_schedules(member, path, key, action, more):
    for when, code, text in (
            ("junk", 422, "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"),
            ("2999-01-01T10:00", 400, f"Timezone information is mandatory for the scheduled {action}"),
            ("2020-01-01T10:00Z", 422, f"Cannot schedule {action} in the past")):
        assert member.rest(path, "POST", {**more, key: when}) == (code, text), when


def scheduled(member):
    return member.status().get("scheduled_restart")


@scenario("a restart is scheduled, shown, deleted, refused by its conditions, and takes place once although the daemon was killed",
          size=2, expected=(*NOISE, r"does not take place"))
def scheduled_restart(c):
    leader = c.leader()
    replica, = c.replicas()
    refused_schedules(leader, "/restart", "schedule", "restart", {})

    def schedule(member, seconds, **conditions):
        when = at(seconds)
        code, text = member.rest("/restart", "POST", {"schedule": when, **conditions})
        assert (code, text) == (202, "Restart scheduled"), (code, text)
        return when

    # Shown and deleted.
    when = schedule(replica, 3600, postgres_version="99.1", role="replica")
    assert scheduled(replica) == {"postgres_version": "99.1", "role": "replica", "schedule": when}, scheduled(replica)
    assert replica.rest("/restart", "POST", {"schedule": at(60)}) == (409, "Another restart is already scheduled")
    key = wait.until(lambda: json.loads(c.key(f"members/{replica.name}")).get("scheduled_restart"), "in the member key", 5)
    assert key["schedule"] == when and key["postmaster_start_time"] == replica.status()["postmaster_start_time"], key
    assert f"{when} if version < 99.1" in c.ctl("list").stdout
    assert replica.rest("/restart", "DELETE") == (200, "scheduled restart deleted")
    assert replica.rest("/restart", "DELETE") == (404, "no restarts are scheduled")
    wait.until(lambda: "if version" not in c.ctl("list").stdout, "no more in the list", 5)

    # By tamadactl.
    out = c.ctl("restart", c.scope, replica.name, "--force", "--scheduled", at(3600)).stdout
    assert f"Success: restart scheduled on member {replica.name}" in out, out
    wait.until(lambda: json.loads(c.key(f"members/{replica.name}")).get("scheduled_restart"), "in the member key", 5)
    out = c.ctl("flush", c.scope, replica.name, "restart", "--force").stdout
    assert f"Success: flush scheduled restart for member {replica.name}" in out, out
    assert scheduled(replica) is None

    # Conditions count at its time; the daemon that was told is not the one that carries it out.
    schedule(replica, 6, role="primary")
    schedule(leader, 6, role="primary", timeout=60)
    pids = [m.postmaster_pid() for m in (leader, replica)]
    leader.kill()
    leader.start()
    wait.until(lambda: scheduled(leader), "the next daemon knows of it", 10)
    assert leader.postmaster_pid() == pids[0]
    wait.until(lambda: leader.postmaster_pid() != pids[0] and leader.is_("primary"), "restarted at its time", 30)
    pids[0] = leader.postmaster_pid()
    wait.until(lambda: "does not take place: restart conditions are not satisfied" in replica.log(), "refused", 20)
    assert scheduled(leader) is None and scheduled(replica) is None
    assert "scheduled restart: restarted successfully" in leader.log()
    leader.restart_daemon()
    wait.until(lambda: leader.is_("primary"), "leads again", 20)
    assert scheduled(leader) is None
    assert [m.postmaster_pid() for m in (leader, replica)] == pids and c.leader() is leader

    # It was meant for the server that ran then.
    schedule(replica, 3600)
    assert replica.rest("/restart", "POST", {}, timeout=60) == (200, "restarted successfully")
    wait.until(lambda: "does not take place: PostgreSQL was started anew since" in replica.log(), "called off", 15)
    assert scheduled(replica) is None


@scenario("a switchover is scheduled, shown, deleted, and takes place although the leader's daemon was killed; a late one is removed",
          size=2, expected=(*NOISE, r"too late"))
def scheduled_switchover(c):
    leader = c.leader()
    replica, = c.replicas()
    refused_schedules(replica, "/switchover", "scheduled_at", "switchover", {"leader": leader.name})
    assert leader.rest("/failover", "POST", {"candidate": replica.name, "scheduled_at": at(60)}) == \
        (400, "Failover can't be scheduled")

    def schedule(seconds):
        request = {"leader": leader.name, "candidate": replica.name, "scheduled_at": at(seconds)}
        assert replica.rest("/switchover", "POST", request) == (202, "Switchover scheduled")
        return request["scheduled_at"]

    def shown():
        return json.loads(leader.rest("/cluster")[1]).get("scheduled_switchover")

    # Shown and deleted.
    when = schedule(3600)
    assert shown() == {"at": when, "from": leader.name, "to": replica.name}, shown()
    out = c.ctl("list").stdout
    assert f"Switchover scheduled at: {when}" in out and f"from: {leader.name}" in out and f"to: {replica.name}" in out, out
    assert leader.rest("/switchover", "DELETE") == (200, "scheduled switchover deleted")
    assert leader.rest("/switchover", "DELETE") == (404, "no switchover is scheduled")
    assert shown() is None and c.key("failover") == "{}"
    out = c.ctl("switchover", "--force", "--scheduled", at(3600)).stdout
    assert "Switchover scheduled" in out, out
    assert "Success: scheduled switchover deleted" in c.ctl("flush", c.scope, "switchover").stdout
    assert "No pending scheduled switchover" in c.ctl("flush", c.scope, "switchover").stdout

    # Nobody was there at its time.
    leader.kill()
    late = json.dumps({"leader": leader.name, "scheduled_at": at(-30)})
    c.store.put(f"/service/{c.scope}/failover", late)
    leader.start()
    wait.until(lambda: c.key("failover") == "{}", "the late one is removed", 30)
    assert "too late" in leader.log() and c.leader() is leader

    # The daemon that finds its time come is another one.
    schedule(5)
    leader.kill()
    leader.start()
    wait.until(lambda: replica.is_("primary"), "switched over at its time", 40)
    c.wait_streams(leader)
    assert c.key("failover") == "{}" and shown() is None
