"""Stores of the tests: real servers from packages, each on hosts of its own. One class a kind, in a file of its own.

A class has `kind` (the section of the configuration), is made as Store(prefix, directory, size=..., first_number=...), and has
config() (what a member's configuration gets), endpoints(), get(key), generation(key), everything(prefix), put(key, value), delete(key),
require_password(user, password), start(i), kill(i, signal), wait_ready(), wipe() and stop()."""
from .etcd import Etcd
from .etcd3 import Etcd3

KINDS = {store.kind: store for store in (Etcd, Etcd3)}
# What scenarios get that do not say which store they want: --store of tests/acceptance/run.
default = Etcd3


def choose(kind):
    global default
    default = KINDS[kind]
