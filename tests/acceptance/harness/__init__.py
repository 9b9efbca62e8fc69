"""Real clusters in network namespaces: hosts, stores, members, clients. Used by the scenarios, the demo and bench/."""
