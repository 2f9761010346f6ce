#!/usr/bin/env python3
"""hark's clusters against networkx: 1,000 random key graphs have the same connected components, and
so has the example on which the reference's merging loses a host.

    key_graphs_test.py GRAPH_COMPONENTS_PROGRAM [SEED]
"""
import json
import random
import subprocess
import sys

import networkx

PORTS = [22, 25, 110, 143, 443, 587, 993]
GRAPHS = 1000


def random_graph(rng, number):
    """Sparse to dense; chains of keys, keys of one host, hosts without any."""
    hosts = rng.choice([2, 3, 5, 8, 20, 60, 200])
    keys = max(1, int(hosts * rng.choice([0.3, 0.8, 1.0, 1.5, 3.0])))
    uses = set()
    if number % 10 == 0:  # the longest chains there are, in an order that has nothing to do with them
        order = rng.sample(range(hosts), hosts)
        for i in range(hosts - 1):
            uses.add((order[i], rng.choice(PORTS), f"link {i}"))
            uses.add((order[i + 1], rng.choice(PORTS), f"link {i}"))
        for use in rng.sample(sorted(uses), hosts // 10):
            uses.remove(use)
    else:
        for _ in range(int(hosts * rng.choice([0.5, 1.0, 1.5, 2.5]))):
            uses.add((rng.randrange(hosts), rng.choice(PORTS), f"key {rng.randrange(keys)}"))
    uses = list(uses)
    rng.shuffle(uses)
    return {"hosts": hosts, "uses": uses}


def reference_example():
    """Five hosts that the reference splits into four and one."""
    keys = ["ac", "d", "d", "cd", "a"]
    return {"hosts": 5, "uses": [(host, PORTS[1 + i], key)
                                 for host, own in enumerate(keys) for i, key in enumerate(own)]}


def components(graph):
    """Bipartite: hosts and keys are nodes. A component of two hosts or more is a cluster."""
    model = networkx.Graph()
    model.add_nodes_from(range(graph["hosts"]))
    model.add_edges_from((host, key) for host, _, key in graph["uses"])
    clusters = ([node for node in nodes if isinstance(node, int)]
                for nodes in networkx.connected_components(model))
    return sorted(sorted(hosts) for hosts in clusters if len(hosts) > 1)


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    rng = random.Random(seed)
    graphs = [reference_example()] + [random_graph(rng, i) for i in range(GRAPHS)]
    fed = "".join(json.dumps(graph) + "\n" for graph in graphs)
    lines = subprocess.run([sys.argv[1]], input=fed, capture_output=True, text=True,
                           check=True).stdout.splitlines()
    assert len(lines) == len(graphs), f"{len(lines)} answers to {len(graphs)} graphs"
    clusters = 0
    for number, (graph, line) in enumerate(zip(graphs, lines)):
        got, want = json.loads(line), components(graph)
        clusters += len(want)
        sizes = [len(members) for members in got]
        assert sizes == sorted(sizes, reverse=True), f"graph {number}: not largest first: {sizes}"
        assert sorted(sorted(members) for members in got) == want, \
            f"seed {seed}, graph {number}: {graph}\nhark {got}\nnetworkx {want}"
    assert components(graphs[0]) == [[0, 1, 2, 3, 4]], "the example is one cluster"
    assert clusters > GRAPHS, "graphs without clusters would show nothing"
    print(f"{len(graphs)} graphs, {clusters} clusters, seed {seed}: the same")


if __name__ == "__main__":
    main()
