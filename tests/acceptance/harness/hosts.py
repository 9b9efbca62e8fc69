"""Hosts as network namespaces behind one bridge, all inside a private namespace of the test run.

The run is started by `enter_private_network`: nothing outside is touched and everything is gone when the process ends."""
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile

BRIDGE = "10.77.0.254"
SILENT = "10.77.0.253"  # nobody has this address
_HOSTS = set()
_UNSHARED = "PRIVATE_TEST_NETWORK"


def run(*command, check=True, **kwargs):
    """Runs a short command; its output is captured and shown when it fails."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, **kwargs)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def enter_private_network():
    """Runs this program again with a network, mounts and shared memory of its own, unless it already has them.

    A postmaster that is killed leaves its segments behind, and a kernel has only so many of them: here they end with the run."""
    if os.environ.get(_UNSHARED) != str(os.getpid()):
        if os.geteuid() != 0:
            if not shutil.which("sudo"):
                sys.exit("network namespaces need root: run this as root")
            os.execvp("sudo", ["sudo", sys.executable, *sys.argv])
        os.environ[_UNSHARED] = str(os.getpid())
        os.execvp("unshare", ["unshare", "--net", "--mount", "--ipc", "--", sys.executable, *sys.argv])
    # A run that is asked to end takes its hosts along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    atexit.register(remove_all)
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", f"{BRIDGE}/24", "dev", "br0")
    run("ip", "link", "set", "br0", "up")


def remove_all():
    """What a scenario has left, however it ended."""
    for host in list(_HOSTS):
        host.remove()


def programs_for_postgres(directory, *names):
    """A directory with copies of the programs; a home, where they are built, is closed to user postgres."""
    copies = tempfile.mkdtemp(prefix="tamada-bin-")
    atexit.register(shutil.rmtree, copies, ignore_errors=True)
    os.chmod(copies, 0o755)
    for name in names:
        shutil.copy(os.path.join(directory, name), copies)
    return copies


def mount_small_disk(path, megabytes, user):
    """A file system of that size at `path`; it ends with the run at the latest."""
    os.makedirs(path, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700,uid={user},gid={user}", "tmpfs", path)


def unmount_below(directory):
    with open("/proc/self/mounts") as mounts:
        points = [line.split()[1] for line in mounts]
    for point in points:
        if point.startswith(directory + "/"):
            run("umount", "-l", point, check=False)


def die_with_parent():
    """preexec: children of a test that is killed do not outlive it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Host:
    """One machine: a namespace with one address."""

    def __init__(self, prefix, name, number):
        self.name = name
        self.namespace = f"{prefix}-{name}"
        self.address = f"10.77.0.{number}"
        self.link = f"v{number}"
        run("ip", "netns", "add", self.namespace)
        _HOSTS.add(self)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        run("ip", "link", "set", self.link, "master", "br0", "up")
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "lo", "up")
        self.ip("link", "set", "eth0", "up")

    def ip(self, *arguments):
        run("ip", "-n", self.namespace, *arguments)

    def popen(self, command, user=None, **kwargs):
        """Starts a program on the host; the Popen's pid is the program's own."""
        line = ["ip", "netns", "exec", self.namespace]
        if user:
            line += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return subprocess.Popen([*line, *command], **kwargs)

    def pids(self):
        return [int(p) for p in run("ip", "netns", "pids", self.namespace).stdout.split()]

    def disconnect(self):
        run("ip", "link", "set", self.link, "down")

    def connect(self):
        run("ip", "link", "set", self.link, "up")

    def block(self, other):
        """This host can no longer send to the other one (one way)."""
        self.ip("route", "add", "blackhole", other.address)

    def unblock(self, other):
        self.ip("route", "del", "blackhole", other.address)

    def names(self, addresses):
        """The names this host knows, host name -> address; nobody answers for any other. For programs started from
        here on, and at once for those whose names were set before they started."""
        folder = os.path.join("/etc/netns", self.namespace)
        os.makedirs(folder, exist_ok=True)
        # Written in place: `ip netns exec` has mounted these very files.
        with open(os.path.join(folder, "hosts"), "w") as f:
            f.write("127.0.0.1 localhost\n" + "".join(f"{a} {name}\n" for name, a in addresses.items()))
        with open(os.path.join(folder, "resolv.conf"), "w") as f:
            f.write(f"nameserver {SILENT}\noptions timeout:1 attempts:1\n")

    def move(self, address):
        """The host gets another address."""
        self.ip("addr", "del", f"{self.address}/24", "dev", "eth0")
        self.address = address
        self.ip("addr", "add", f"{address}/24", "dev", "eth0")

    def kill_everything(self):
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def remove(self):
        if self not in _HOSTS:
            return
        _HOSTS.discard(self)
        self.kill_everything()
        run("ip", "netns", "del", self.namespace, check=False)
        run("ip", "link", "del", self.link, check=False)
        shutil.rmtree(os.path.join("/etc/netns", self.namespace), ignore_errors=True)
