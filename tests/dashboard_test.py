#!/usr/bin/env python3
"""deploy/'s Prometheus and Grafana files ask for what there is: every metric and every label in a query stands in
docs/metrics.md, counters are asked for their rate or a ratio, rows of tables can be joined, and Grafana's panels have ids and places
of their own.

Prints each fault; exit 1 if there is one.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|summary) \| ([^|]*)\|", re.M)
METRIC = re.compile(r"\b((?:hark|process|exposer)_\w+)")
MATCHERS = re.compile(r"\{([^{}]*)\}")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^()]*)\)")
LEGEND = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
SCRAPED = {"job", "instance"}  # Prometheus' own


def documented():
    text = (ROOT / "docs/metrics.md").read_text()
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(text)}


def expression_faults(where, expr, known):
    """The faults of one PromQL expression, and the labels its metrics have."""
    names = METRIC.findall(expr)
    faults = [f"{where}: {name} is not in docs/metrics.md" for name in names if name not in known]
    labels = set(SCRAPED).union(*(known[name][1] for name in names if name in known))
    used = [label for group in GROUPING.findall(expr) for label in re.findall(r"\w+", group)]
    used += [label for group in MATCHERS.findall(expr) for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", group)]
    faults += [f"{where}: {expr}: nothing there has a label {label}" for label in used if label not in labels]
    faults += [f"{where}: {name} only grows: ask for its rate or a ratio" for name in set(names)
               if known.get(name, ("", set()))[0] == "counter"
               and not re.search(rf"(rate|increase)\({name}\b", expr) and "/" not in expr and " > " not in expr]
    return faults, labels


def dashboard_faults(board, known):
    faults, seen, cells = [], set(), {}
    for panel in board["panels"]:
        where = f"panel '{panel['title']}'"
        if panel["id"] in seen:
            faults.append(f"{where}: the id {panel['id']} is another panel's")
        seen.add(panel["id"])
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            faults.append(f"{where}: wider than the page")
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if cells.setdefault((x, y), where) != where:
                    faults.append(f"{where}: lies on {cells[(x, y)]}")
                    break
        if panel["type"] == "row":
            continue
        if not panel.get("targets"):
            faults.append(f"{where}: asks nothing")
        for target in panel.get("targets", []):
            found, labels = expression_faults(where, target["expr"], known)
            faults += found
            # Grafana joins rows that agree in all labels they share, and the metric's name is one.
            if panel["type"] == "table" and " by (" not in target["expr"]:
                faults.append(f"{where}: {target['expr']}: a table's rows need labels named with 'by'")
            if not METRIC.search(target["expr"]):
                faults.append(f"{where}: asks for no metric")
            faults += [f"{where}: {target['expr']}: the legend names {label}, which it has not"
                       for label in LEGEND.findall(target["legendFormat"]) if label not in labels]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            faults += expression_faults(f"variable {variable['name']}", variable["definition"], known)[0]
    return faults


def alert_faults(text, known):
    """The expressions of the rules; every line that is no comment, so that none is missed."""
    faults = []
    for rule in re.split(r"(?m)^\s*- alert: ", text)[1:]:
        name = rule.split("\n", 1)[0]
        expr = re.search(r"expr:(?: >-)?\s*(.*?)\n\s*(?:for|annotations):", rule, re.S)
        if not expr:
            faults.append(f"{name}: no expression")
            continue
        found, labels = expression_faults(name, expr.group(1), known)
        faults += found
        faults += [f"{name}: its text names {label}, which it has not"
                   for label in LEGEND.findall(rule.replace("{{ $value }}", "")) if label not in labels]
    return faults


def check_it_bites():
    known = {"hark_a": ("gauge", {"run"}), "hark_b_total": ("counter", {"run"})}
    panel = {"id": 1, "title": "t", "type": "stat", "gridPos": {"x": 0, "y": 0, "w": 4, "h": 4},
             "targets": [{"expr": 'sum by (run) (hark_a{run="x"})', "legendFormat": "{{run}}"}]}
    board = {"panels": [panel], "templating": {"list": []}}
    assert not dashboard_faults(board, known)
    assert dashboard_faults({**board, "panels": [panel, panel]}, known)
    for expr in ("hark_c", 'hark_a{worker="x"}', "sum by (worker) (hark_a)", "hark_b_total", "up"):
        bad = {**panel, "targets": [{"expr": expr, "legendFormat": ""}]}
        assert dashboard_faults({**board, "panels": [bad]}, known), expr
    bad = {**panel, "type": "table", "targets": [{"expr": "hark_a", "legendFormat": ""}]}
    assert dashboard_faults({**board, "panels": [bad]}, known)
    bad = {**panel, "targets": [{"expr": "hark_a", "legendFormat": "{{worker}}"}]}
    assert dashboard_faults({**board, "panels": [bad]}, known)
    rule = "  - alert: A\n    expr: hark_a > 1\n    for: 1m\n    annotations:\n      summary: '{{ $labels.run }}'\n"
    assert not alert_faults(rule, known)
    assert alert_faults(rule.replace("hark_a", "hark_x"), known)
    assert alert_faults(rule.replace("labels.run", "labels.worker"), known)


def main():
    check_it_bites()
    known = documented()
    board = json.loads((ROOT / "deploy/grafana/hark-fleet.json").read_text())
    faults = [f"deploy/grafana/hark-fleet.json: {fault}" for fault in dashboard_faults(board, known)]
    alerts = (ROOT / "deploy/prometheus-alerts.yml").read_text()
    faults += [f"deploy/prometheus-alerts.yml: {fault}" for fault in alert_faults(alerts, known)]
    for fault in faults:
        print(fault)
    print(f"{len(known)} metrics, {len(board['panels'])} panels, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
