"""The dashboard in a headless Chromium, as an operator uses it."""
import datetime
import json
import os

from harness import scenario as scenarios, wait
from harness.browser import Browser
from harness.cluster import REST
from harness.scenario import scenario

EVIL = "<img src=x onerror=\"window.ran='tag'\"><script>window.ran='tag'</script>"
EVIL_MEMBER = "<img src=x onerror=\"window.ran='name'\">"
# What the store, a daemon and a host that are away make the others say, a server that was killed, and reinitialize.
AWAY = (r"etcd", r"store", r"leader lock", r"DCS", r"member", r"REST", r"Request failed to", r"single-user crash recovery", r"pg_rewind",
        r"giving up the contents of the data directory")


def with_tag(local):
    local["tags"] = {"note": EVIL}


def shows(page, words, seconds, selector="body"):
    def found():
        text = page.text(selector)
        return words in text or None
    try:
        return wait.until(found, f"the page shows {words!r}", seconds)
    except wait.Timeout as late:
        raise AssertionError(f"{late}; it shows: {page.text()}") from None


def fits(page, width):
    """Nothing is wider than the window."""
    assert page.value("document.documentElement.scrollWidth") <= width, page.value(
        "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth)"
        ".map(e => e.tagName + '#' + e.id + '.' + e.className).join(' ')")


def row(page, member):
    """The member's row as words."""
    return page.value("(rows => rows.find(r => r.querySelector('.name').innerText.includes('%s')).innerText)"
                      "([...document.querySelectorAll('#member-rows tr')])" % member.name)


def sign_in(page, password):
    page.click("Sign in …")
    page.fill("#user", REST["username"])
    page.fill("#password", password)
    page.click("Sign in")


@scenario("dashboard: members, every action, a failover explained, stale data, sign in, hostile tags, a phone's width", expected=AWAY,
          dynamic={"ttl": 20, "loop_wait": 5, "retry_timeout": 5}, configure=with_tag)
def dashboard(c):
    leader, (heir, other) = c.leader(), c.replicas()
    browser = Browser(c.directory)
    try:
        page = browser.open(f"http://{other.host.address}:8008/dashboard")
        look(c, page, leader)
        change(page, leader, heir)
        assert c.wait_leader(other_than=leader) is heir
        c.wait_healthy(60)
        shows(page, "Healthy", 20)
        operate(c, page, other)
        pictures(page)
        explain(c, browser, page, heir, leader)
        lose_store(c, page, other)
        lose_daemon(page, other)
        unprotected(browser, leader)
        for opened in browser.pages.values():
            assert not opened.dialogs and not opened.complaints, (opened.dialogs, opened.complaints)
            assert opened.value("window.ran") is None
        strangers = [url for _, _, url in page.requests if not url.startswith((f"http://{other.host.address}:8008/", "data:"))]
        assert not strangers, strangers
    finally:
        browser.close()


def look(c, page, leader):
    """Members as they are, and nothing of what they are called is carried out."""
    shows(page, f"Healthy: {leader.name} leads, 2 replicas stream", 30)
    page.value("window.loaded = 'once'")
    for m in c.members:
        assert ("Leader" if m is leader else "Replica") in row(page, m) and f"note: {EVIL}" in row(page, m), row(page, m)
        assert ("running" if m is leader else "streaming") in row(page, m)
    assert page.value("[...document.querySelectorAll('#member-rows a')].map(a => a.href).sort()") == sorted(
        f"http://{m.host.address}:8008/dashboard" for m in c.members if f"//{m.host.address}:" not in page.value("location.href"))
    key = f"/service/{c.scope}/members/{EVIL_MEMBER}"
    c.store.put(key, '{"state": "stopped", "role": "replica", "api_url": "javascript:window.ran=1//", "tags": {"x": null},'
                     ' "pending_restart": true, "pending_restart_reason": {"work_mem": null}, "scheduled_restart": {"schedule": 7}, "conn_url": "postgres://x:1/x"}')
    shows(page, "1 member not streaming", 20, "#verdict")
    shows(page, f"{EVIL_MEMBER}: stopped", 5, "#notices")
    assert page.value("document.querySelectorAll('img, body script:not(:last-of-type), [href^=javascript]').length") == 0
    c.store.delete(key)
    shows(page, "Healthy", 20, "#verdict")


def change(page, leader, heir):
    """Nothing can be done without the password; with it a switchover, which the page shows by itself."""
    assert page.value("[...document.querySelectorAll('#buttons button')].map(b => b.innerText)") == ["Sign in …"]
    sign_in(page, "wrong-pass")
    shows(page, "not authenticated", 10, "#dialog-error")
    page.click("Cancel")
    sign_in(page, REST["password"])
    shows(page, "Signed in as admin", 10, "#actions-note")
    assert REST["password"] not in page.value("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    page.click("Switch over …")
    page.fill("#candidate", heir.name)
    question = page.text("#dialog")
    assert f"{leader.name} stops being the primary and {heir.name} becomes it" in question, question
    page.click(f"Switch over to {heir.name}")
    shows(page, f'Successfully switched over to "{heir.name}"', 40, "#answer")
    wait.until(lambda: "Leader" in row(page, heir) and "Leader" not in row(page, leader), "the members are shown anew", 8)
    shows(page, f", is {heir.name} leader", 10, "#events")
    shows(page, f"Healthy: {heir.name} leads", 40, "#verdict")
    wait.until(lambda: "1" in page.text("#history tbody"), "the history is shown", 10)
    # A restart names what it does; called off it does nothing.
    asked = len(page.requests)
    page.click("Restart PostgreSQL on")
    assert "lose their connections" in page.text("#dialog")
    page.click("Cancel")
    assert not [r for r in page.requests[asked:] if r[1] != "GET"], page.requests[asked:]
    assert page.value("window.loaded") == "once"


def confirm(page, button, yes, answer, title=""):
    """An action through its dialog, to the daemon's answer."""
    page.click(button)
    assert title in page.text("#dialog"), page.text("#dialog")
    page.click(yes)
    shows(page, answer, 60, "#answer .good")


def operate(c, page, member):
    """Every other action, on the member that serves the page and on the cluster."""
    def cluster():
        return json.loads(member.rest("/cluster")[1])

    confirm(page, "Pause", "Pause", "Pause: done", "no member takes over when the leader fails")
    shows(page, "Paused", 20, "#verdict")
    assert cluster()["pause"] is True
    confirm(page, "Resume", "Resume", "Resume: done")
    shows(page, "Healthy", 20, "#verdict")
    assert "pause" not in cluster()

    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat()
    assert member.rest("/switchover", "POST", {"leader": c.leader().name, "scheduled_at": at})[0] == 202
    shows(page, f"from {c.leader().name} to whoever is best then", 20, "#scheduled")
    page.screenshot(scenarios.artefact("dashboard-scheduled.png"))
    confirm(page, "Cancel the scheduled switchover", "Cancel the switchover", "scheduled switchover deleted", "will not take place")
    wait.until(lambda: not page.text("#scheduled"), "nothing is scheduled", 10)
    assert "scheduled_switchover" not in cluster()

    assert member.rest("/restart", "POST", {"schedule": at, "role": "replica"})[0] == 202
    wait.until(lambda: "if role: replica" in row(page, member), "the scheduled restart is shown", 20)
    confirm(page, "Cancel the scheduled restart", "Cancel the restart", "scheduled restart deleted")
    wait.until(lambda: "scheduled" not in row(page, member), "no restart is scheduled", 10)

    assert member.rest("/config", "PATCH", {"postgresql": {"parameters": {"max_prepared_transactions": 7}}})[0] == 200
    shows(page, "Restart pending", 40, "#notices")
    wait.until(lambda: "max_prepared_transactions: 0 → 7" in row(page, member), "the reason is shown", 20)
    page.screenshot(scenarios.artefact("dashboard-pending.png"))
    server = member.postmaster_pid()
    confirm(page, f"Restart PostgreSQL on {member.name}", f"Restart {member.name}", "restarted successfully", "The leader is not touched")
    assert member.postmaster_pid() != server
    wait.until(lambda: "pending" not in row(page, member), "no restart is pending", 20)
    for m in c.members:
        if m is not member:
            assert m.rest("/restart", "POST", {}, timeout=60)[0] == 200

    c.wait_healthy(60)
    shows(page, "Healthy", 20, "#verdict")
    server = member.postmaster_pid()
    page.click(f"Reinitialize {member.name}")
    page.fill("#typed", "n")
    page.click(f"Delete and copy {member.name}")
    shows(page, f"This is not {member.name}", 5, "#dialog-error")
    assert member.postmaster_pid() == server
    page.screenshot(scenarios.artefact("dashboard-dialog.png"), whole=False)
    page.fill("#typed", member.name)
    page.click(f"Delete and copy {member.name}")
    shows(page, "reinitialize started", 30, "#answer .good")
    shows(page, "Healthy", 90, "#verdict")
    c.wait_healthy(60)
    assert member.postmaster_pid() != server


def explain(c, browser, page, lost, fresh):
    """A failover is explained by whoever decided it, also on the page of a member that has forgotten."""
    lost.lose_host()
    won = c.wait_leader(other_than=lost)
    shows(page, f", led by {won.name}", 40, "#race")
    shows(page, f"{won.name}, ", 40, "#race .race:first-of-type summary")
    page.screenshot(scenarios.artefact("dashboard-failover.png"))
    lost.host.connect()
    lost.start()
    c.wait_healthy(120)
    (fresh if won is not fresh else lost).restart_daemon()
    c.wait_healthy(60)
    forgetful = fresh if won is not fresh else lost
    elsewhere = browser.open(f"http://{forgetful.host.address}:8008/dashboard/", 360, 740)
    shows(elsewhere, f"{forgetful.name}: no candidates were weighed since this daemon began", 30, "#race")
    shows(elsewhere, f"{won.name}, ", 20, "#race .race:first-of-type summary")
    fits(elsewhere, 360)
    # Nobody sees the first page now: it asks nothing and cries no wolf.
    wait.until(lambda: page.value("document.title") == f"? {c.scope}: not watched", "it rests", 5)
    asked = len(page.requests)
    wait.until(lambda: [r for r in elsewhere.requests if r[2].endswith("/cluster")][1:], "the other one goes on asking", 10)
    assert len(page.requests) == asked, page.requests[asked:]
    page.to_front()
    shows(page, "Healthy", 5, "#verdict")
    shows(page, "live", 5, "#events-state")


def pictures(page):
    """Desktop and phone, light and dark; kept beside the build."""
    def picture(name):
        page.screenshot(scenarios.artefact(f"dashboard-{name}.png"))
    for width, height, name in ((1280, 900, "desktop"), (1024, 800, "small"), (800, 900, "tablet"), (360, 740, "phone")):
        page.resize(width, height, phone=width == 360)
        fits(page, width)
        picture(name)
    page.prefer("dark")
    picture("phone-dark")
    page.resize(1280, 900)
    picture("desktop-dark")
    page.prefer("light")


def lose_store(c, page, member):
    """What was read before is told as old, with its age, and nothing can be done on its word."""
    member.host.block(c.store.hosts[0])
    shows(page, "The store cannot be read", 30, "#verdict")
    shows(page, "OLD: as of", 5, "#members-age")
    assert page.value("document.getElementById('members-section').classList.contains('old')")
    assert "Healthy" not in page.text("#verdict") and "✓" not in page.value("document.title")
    assert page.value("[...document.querySelectorAll('#buttons button')].every(b => b.disabled || b.innerText === 'Sign out')")
    page.screenshot(scenarios.artefact("dashboard-store-lost.png"))
    member.host.unblock(c.store.hosts[0])
    shows(page, "Healthy", 40, "#verdict")
    assert "OLD" not in page.text("#members-age")


def lose_daemon(page, member):
    member.kill()
    shows(page, f"{member.name} does not answer", 15, "#verdict")
    shows(page, "has not answered since", 5, "#notices")
    assert page.value("[...document.querySelectorAll('#members-section, #self-section, #history-section')].every(s => s.classList.contains('old'))")
    member.start()
    shows(page, "Healthy", 40, "#verdict")
    shows(page, "live", 20, "#events-state")


def unprotected(browser, member):
    """Without a password nobody can be told from anybody: no actions, and why."""
    del member.local["restapi"]["authentication"]
    member.write_config()
    page = browser.open(f"http://{member.host.address}:8008/dashboard", 360, 740)
    shows(page, "Sign in", 20, "#buttons")
    os.kill(member.process.pid, 1)
    shows(page, "has no restapi.authentication", 20, "#actions-note")
    assert page.value("document.querySelectorAll('#buttons button').length") == 0
