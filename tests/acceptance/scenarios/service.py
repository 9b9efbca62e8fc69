"""Under a service manager: what a daemon of Type=notify tells, and what its watchdog does."""
import os
import signal
import socket

from harness import wait
from harness.scenario import scenario

WATCHDOG = 3  # seconds


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self, member):
        self.path = os.path.join(member.directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.setblocking(False)
        self.told = []

    def environment(self):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(WATCHDOG * 1000000)}

    def read(self):
        """What came since the last look."""
        came = []
        while True:
            try:
                came.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                self.told += came
                return came

    def hears(self, start):
        self.read()
        return [text for text in self.told if text.startswith(start)]

    def forget(self):
        self.read()
        self.told = []


@scenario("systemd: ready though the store is down, a status, a reload, a hung daemon ended by the watchdog, a stop", size=1, start=False,
          expected=(r"Can not get cluster from dcs", r"etcd"))
def service_manager(c):
    member, = c.members
    manager = Manager(member)
    c.store.kill()
    member.start(manager.environment())
    wait.until(lambda: manager.hears("STATUS=waiting for the store: "), "says what it waits for", 30)
    assert manager.hears("READY=1") == ["READY=1"], manager.told
    c.store.start()
    wait.until(lambda: manager.hears(f"STATUS=no action. I am ({member.name}), the leader with the lock"), "says what it is", 60)
    assert manager.hears("READY=1") == ["READY=1"] and not manager.hears("RELOADING"), manager.told
    pid = member.postmaster_pid()
    with open(f"/proc/{pid}/environ", "rb") as f:
        inherited = f.read()
    assert b"NOTIFY_SOCKET" not in inherited and b"WATCHDOG" not in inherited and b"LANG=" in inherited, inherited

    manager.forget()
    member.signal(signal.SIGHUP)
    wait.until(lambda: manager.hears("READY=1"), "the reload is over", 10)
    told = [text for text in manager.told if not text.startswith(("WATCHDOG", "STATUS"))]
    assert len(told) == 2 and told[0].startswith("RELOADING=1\nMONOTONIC_USEC=") and told[1] == "READY=1", told

    # Hung: nothing comes any more, and systemd ends it (SIGABRT, the daemon alone). PostgreSQL goes on.
    wait.until(lambda: "WATCHDOG=1" in manager.read(), "it lives", WATCHDOG)
    member.signal(signal.SIGSTOP)
    manager.read()
    wait.holds(lambda: not manager.read(), "it hangs", WATCHDOG)
    member.signal(signal.SIGABRT)
    member.signal(signal.SIGCONT)
    assert member.process.wait(5) == -signal.SIGABRT
    manager.forget()
    member.start(manager.environment())
    wait.until(lambda: manager.hears("READY=1") and member.is_("primary"), "leads again", 30)
    assert member.postmaster_pid() == pid and "taken over" in member.log()

    manager.forget()
    assert member.stop() == 0
    assert manager.hears("STOPPING=1") == ["STOPPING=1\nSTATUS=stopping"], manager.told
    assert not os.path.exists(os.path.join(member.data, "postmaster.pid"))
