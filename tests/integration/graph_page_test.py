#!/usr/bin/env python3
"""A cluster's page in a real browser: everything is there, search, zoom, hover and details work, what
strangers wrote stays text, and nothing is asked of anybody. And the pictures on a report's page."""

import json
import sys
import xml.etree.ElementTree

import harness
from browser import Browser

COUNTS = """({hosts: document.querySelectorAll("#picture .host").length,
  keys: document.querySelectorAll("#picture .key").length,
  links: document.querySelectorAll("#picture .links path").length,
  legend: document.querySelectorAll("#kinds li").length,
  ases: document.querySelectorAll("#ases li").length})"""


def hark(*arguments):
    done = harness.run([harness.BIN / "hark", *arguments])
    assert done.returncode == 0, done.stderr
    return done.stdout


def store(directory, run, shape=""):
    db = directory / f"{run}{shape}"
    done = harness.run([harness.BIN / "hark-picture-store", db, run, *([shape] if shape else [])])
    assert done.returncode == 0, done.stderr
    return db


def largest(db):
    return json.loads(hark("cluster", "list", f"--db={db}", "--format=json"))[0]


def look_at(browser, db, directory):
    """The largest cluster's page against what the store says."""
    cluster = largest(db)
    page = directory / "page.html"
    hark("cluster", "graph", cluster["id"], f"--db={db}", "--format=html", f"--output={page}")
    graph = json.loads(hark("cluster", "graph", cluster["id"], f"--db={db}", "--format=json"))
    browser.open(page.as_uri())
    assert browser.value("document.body.dataset.ready") == "yes"
    counts = browser.value(COUNTS)
    assert counts == {"hosts": cluster["size"], "keys": len(graph["keys"]), "links": len(graph["links"]),
                      "legend": len(graph["kinds"]), "ases": len(graph["ases"])}, counts

    browser.value('document.getElementById("search").focus()')
    browser.call("Input.insertText", text=cluster["members"][1])
    hits = browser.value('document.querySelectorAll("#picture .hit").length')
    wanted = sum(cluster["members"][1] in host["name"] for host in graph["hosts"])
    assert hits == wanted >= 1, hits
    assert browser.value('document.getElementById("found").textContent') == f"{wanted} found"
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter",
                 windowsVirtualKeyCode=13)
    details = browser.value('document.getElementById("details").textContent')
    assert any(host["name"] in details for host in graph["hosts"]), details
    browser.value('document.getElementById("search").value = ""')
    browser.value('document.getElementById("fit").click()')

    transform = 'document.querySelector("#picture > g").getAttribute("transform")'
    before = browser.value(transform)
    browser.mouse("mouseWheel", 400, 400, deltaX=0, deltaY=-240)
    # The wheel's event may come after the answer: the page's next frame has it.
    browser.call("Runtime.evaluate", awaitPromise=True, expression="new Promise((done) => "
                 "requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert browser.value(transform) != before, "the wheel does not zoom"
    browser.value('document.getElementById("fit").click()')

    x, y = browser.middle_of("#picture .host")
    browser.mouse("mouseMoved", x, y)
    tip = browser.value('document.getElementById("tip").textContent')
    assert "AS" in tip and browser.value('document.getElementById("tip").style.display') == "block"
    browser.click(x, y)
    facts = browser.value('document.querySelector("#details pre").textContent')
    named = [host for host in graph["hosts"] if facts.startswith(host["name"] + ", AS")]
    assert named and "\n".join(named[0]["facts"]) in facts, facts

    assert browser.requested() == [page.as_uri()], browser.requested()
    assert not browser.said("Runtime.exceptionThrown"), browser.said("Runtime.exceptionThrown")
    return page.read_text()


def every_format_is_read(db):
    cluster = largest(db)
    for form in ("svg", "gexf", "graphml"):
        text = hark("cluster", "graph", cluster["id"], f"--db={db}", f"--format={form}")
        xml.etree.ElementTree.fromstring(text)


def report_has_pictures(browser, db, directory):
    page = directory / "report.html"
    hark("report", f"--db={db}", "--format=html", f"--output={page}")
    browser.open(page.as_uri())
    assert browser.value('document.querySelectorAll("svg.cluster").length') == 6
    assert browser.value('document.querySelectorAll("svg.cluster circle.host").length') > 100
    assert browser.requested() == [page.as_uri()], browser.requested()
    plot = hark("report", f"--db={db}", "--plot=sizes")
    sizes = xml.etree.ElementTree.fromstring(plot)
    report = json.loads(hark("report", f"--db={db}", "--format=json"))
    marks = len(report["cluster_sizes"])
    circles = sizes.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == marks, (len(circles), marks)


def main():
    harness.enter_namespace()
    with harness.Workspace() as directory, Browser(directory / "profile") as browser:
        namibia = store(directory, "NA")
        look_at(browser, namibia, directory)
        # 245 hosts whose SSH banners hold a tag.
        uruguay = store(directory, "UY-20180424", "groups")
        source = look_at(browser, uruguay, directory)
        assert "\\u003cb>" in source and "<b>" not in source.split("</style>")[1]
        every_format_is_read(namibia)
        every_format_is_read(uruguay)
        report_has_pictures(browser, uruguay, directory)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
