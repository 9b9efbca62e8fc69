"""etcd with its v2 API, which etcd 3.4 serves when it is told to."""
import json
import os
import urllib.error
import urllib.request

from .. import hosts
from .etcd3 import Etcd3


class Etcd(Etcd3):
    """An etcd cluster of `size` members, used through the v2 API."""

    kind = "etcd"
    more = ["--enable-v2"]

    def config(self):
        return {"etcd": {"hosts": self.endpoints()}}

    def read(self, path):
        with urllib.request.urlopen(f"http://{self.endpoints()[0]}/v2/keys{path}", timeout=3) as answer:
            return json.load(answer)["node"]

    def get(self, key):
        try:
            return self.read(key).get("value")
        except urllib.error.HTTPError:
            return ""

    def put(self, key, value):
        self.ctl2("set", key, value)

    def delete(self, key):
        self.ctl2("rm", key)

    def require_password(self, user, password):
        self.ctl2("user", "add", f"{user}:{password}")
        self.ctl2("auth", "enable")

    def ctl2(self, *arguments):
        return hosts.run("etcdctl", f"--endpoints=http://{self.endpoints()[0]}", *arguments,
                         env={**os.environ, "ETCDCTL_API": "2"})

    def generation(self, key):
        return self.read(key)["createdIndex"]

    def everything(self, prefix):
        return json.dumps(self.read(prefix + "?recursive=true"))
