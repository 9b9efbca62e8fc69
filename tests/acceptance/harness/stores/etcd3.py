"""etcd with its v3 API."""
import json
import os
import shutil
import signal
import subprocess

from .. import hosts, wait


class Etcd3:
    """An etcd v3 cluster of `size` members."""

    kind = "etcd3"
    more = []  # arguments

    def __init__(self, prefix, directory, size=1, first_number=201):
        self.hosts = [hosts.Host(prefix, f"etcd{i + 1}", first_number + i) for i in range(size)]
        self.directory = directory
        self.processes = [None] * size
        for i in range(size):
            self.start(i, wait_ready=False)
        self.wait_ready()

    def endpoints(self):
        return [f"{h.address}:2379" for h in self.hosts]

    def config(self):
        return {"etcd3": {"hosts": self.endpoints()}}

    def start(self, i=0, wait_ready=True):
        host = self.hosts[i]
        data = os.path.join(self.directory, f"etcd{i + 1}")
        known = os.path.isdir(os.path.join(data, "member"))
        peers = ",".join(f"e{n + 1}=http://{h.address}:2380" for n, h in enumerate(self.hosts))
        log = open(os.path.join(self.directory, f"etcd{i + 1}.log"), "ab")
        self.processes[i] = host.popen(
            ["etcd", "--name", f"e{i + 1}", "--data-dir", data,
             "--listen-client-urls", f"http://{host.address}:2379", "--advertise-client-urls", f"http://{host.address}:2379",
             "--listen-peer-urls", f"http://{host.address}:2380",
             "--initial-advertise-peer-urls", f"http://{host.address}:2380",
             "--initial-cluster", peers, "--initial-cluster-state", "existing" if known else "new",
             "--heartbeat-interval", "100", "--election-timeout", "1000", *self.more],
            stdout=log, stderr=subprocess.STDOUT, preexec_fn=hosts.die_with_parent)
        log.close()
        if wait_ready:
            self.wait_ready()

    def ctl(self, *arguments, check=True):
        return hosts.run("etcdctl", f"--endpoints={','.join(self.endpoints())}", "--command-timeout=2s", *arguments,
                         check=check, env={**os.environ, "ETCDCTL_API": "3"})

    def get(self, key):
        return self.ctl("get", "--print-value-only", key).stdout.rstrip("\n")

    def generation(self, key):
        """Another one for each time that the key is created or moves to another lease."""
        found = json.loads(self.ctl("get", key, "-w", "json").stdout)["kvs"][0]
        return found["create_revision"], found.get("lease")

    def put(self, key, value):
        self.ctl("put", key, value)

    def delete(self, key):
        self.ctl("del", key)

    def require_password(self, user, password):
        for command in (("role", "add", user), ("user", "add", f"{user}:{password}"), ("user", "grant-role", user, user)):
            self.ctl(*command, check=False)
        self.ctl("auth", "enable")

    def everything(self, prefix):
        return self.ctl("get", "--prefix", prefix).stdout

    def wait_ready(self):
        wait.until(lambda: self.ctl("endpoint", "health", check=False).returncode == 0, "etcd is healthy", 30)

    def kill(self, i=0, number=signal.SIGKILL):
        os.kill(self.processes[i].pid, number)
        if number == signal.SIGKILL:
            self.processes[i].wait()

    def stop(self):
        for host in self.hosts:
            host.remove()

    def wipe(self):
        """The store loses everything it knew."""
        for i, process in enumerate(self.processes):
            self.kill(i)
            shutil.rmtree(os.path.join(self.directory, f"etcd{i + 1}"))
        for i in range(len(self.processes)):
            self.start(i, wait_ready=False)
        self.wait_ready()
