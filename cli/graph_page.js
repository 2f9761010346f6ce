// The interactive page of a cluster. The data is in the element "graph" (docs/formats/report.md);
// D3 is there as `d3`. Texts come from strangers' servers: they are only ever set as text.
"use strict";
(function () {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const byId = (id) => document.getElementById(id);
  const asName = (asn) => (asn === 0 ? "AS unknown" : "AS" + asn);

  // More lines than that are not asked what they mean: the mouse is always over one.
  const MOST_HOVERED_LINKS = 4000;
  // More nodes than that a browser cannot move about while one watches.
  const MOST_FORCED_NODES = 1500;
  const MOST_LISTED = 200;

  const nodes = [];
  graph.hosts.forEach((host) => nodes.push({
    key: false, name: host.name, colour: host.colour, asn: host.asn, x: host.x, y: host.y,
    facts: [host.name + ", " + asName(host.asn)].concat(host.facts),
  }));
  graph.keys.forEach((key) => nodes.push({
    key: true, name: key.name, colour: "#222", asn: -1, x: key.x, y: key.y,
    radius: Math.min(5 * Math.pow(Math.max(key.hosts, 2), 0.15), 11),
    facts: ["key " + key.name, "on " + key.host_ports + " host/ports of " + key.hosts + " hosts"],
  }));
  const hostRadius = graph.hosts.length <= 60 ? 8 : 5;
  nodes.forEach((node, i) => {
    node.index = i;
    node.radius = node.radius || hostRadius;
    node.near = new Set();
    node.text = node.facts.join("\n").toLowerCase();
  });
  const links = graph.links.map((link) => ({
    source: nodes[link.from], target: nodes[link.to], kind: link.kind, ports: link.ports, nth: 0,
  }));
  fanOut();
  links.forEach((link) => {
    link.source.near.add(link.target.index);
    link.target.near.add(link.source.index);
  });

  // Lines between the same two nodes lie beside each other.
  function fanOut() {
    for (let first = 0; first < links.length;) {
      let end = first + 1;
      while (end < links.length && links[end].source === links[first].source &&
             links[end].target === links[first].target) ++end;
      for (let i = first; i < end; ++i) links[i].nth = i - first - (end - first - 1) / 2;
      first = end;
    }
  }

  const svg = d3.select("#picture");
  const all = svg.append("g");
  const linkWidth = links.length <= 150 ? 2 : links.length <= 3000 ? 1.2 : 0.6;
  const apart = graph.form === "pairs" ? 14 : 2 * linkWidth;
  const linkMarks = all.append("g").attr("class", "links").attr("stroke-width", linkWidth)
      .selectAll("path").data(links).join("path")
      .attr("stroke", (link) => graph.kinds[link.kind].colour);
  const nodeMarks = all.append("g").attr("class", "nodes").selectAll("path").data(nodes)
      .join("path").attr("class", (node) => (node.key ? "key" : "host"))
      .attr("fill", (node) => node.colour).attr("d", shape);
  const names = graph.form === "pairs" && graph.hosts.length <= 60
      ? all.append("g").attr("class", "names").selectAll("text").data(nodes).join("text")
          .text((node) => node.name)
      : all.append("g").selectAll("text");

  function shape(node) {
    const r = node.radius;
    return node.key ? `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`
                    : `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  }

  function linkPath(link) {
    const a = link.source, b = link.target;
    if (link.nth === 0) return `M${a.x} ${a.y}L${b.x} ${b.y}`;
    const far = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const by = 2 * link.nth * apart / far;
    const x = (a.x + b.x) / 2 - (b.y - a.y) * by, y = (a.y + b.y) / 2 + (b.x - a.x) * by;
    return `M${a.x} ${a.y}Q${x} ${y} ${b.x} ${b.y}`;
  }

  function place() {
    linkMarks.attr("d", linkPath);
    nodeMarks.attr("transform", (node) => `translate(${node.x},${node.y})`);
    names.attr("x", (node) => node.x).attr("y", (node) => node.y + node.radius + 12);
  }

  function placeOne(node) {
    linkMarks.filter((link) => link.source === node || link.target === node).attr("d", linkPath);
    nodeMarks.filter((other) => other === node)
        .attr("transform", `translate(${node.x},${node.y})`);
    names.filter((other) => other === node)
        .attr("x", node.x).attr("y", node.y + node.radius + 12);
  }

  // Zooming and moving.
  const zoom = d3.zoom().scaleExtent([0.02, 40])
      .on("zoom", () => all.attr("transform", d3.event.transform));
  svg.call(zoom).on("dblclick.zoom", null);

  function size() {
    const box = svg.node().getBoundingClientRect();
    return [Math.max(box.width, 1), Math.max(box.height, 1)];
  }

  function fit() {
    const [width, height] = size();
    const scale = Math.min(width / graph.width, height / graph.height, 3);
    svg.call(zoom.transform, d3.zoomIdentity
        .translate((width - graph.width * scale) / 2, (height - graph.height * scale) / 2)
        .scale(scale));
  }

  function goTo(node) {
    const [width, height] = size();
    const scale = Math.max(d3.zoomTransform(svg.node()).k, 1.5);
    svg.call(zoom.transform, d3.zoomIdentity.translate(width / 2, height / 2).scale(scale)
        .translate(-node.x, -node.y));
  }

  // Facts of what the mouse is over, beside it; of what was clicked, at the side.
  const tip = d3.select("#tip");
  function showTip(lines) {
    tip.text(lines.join("\n")).style("display", "block");
    const box = tip.node().getBoundingClientRect();
    const event = d3.event;
    tip.style("left", Math.max(0, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + "px")
        .style("top", Math.max(0, Math.min(event.clientY + 14, innerHeight - box.height - 8)) + "px");
  }
  const hideTip = () => tip.style("display", "none");

  let selected = null;
  function light(isLit) {
    svg.classed("lit", isLit !== null);
    nodeMarks.classed("on", (node) => isLit !== null && isLit(node));
    names.classed("on", (node) => isLit !== null && isLit(node));
    linkMarks.classed("on",
        (link) => isLit !== null && isLit(link.source) && isLit(link.target));
  }
  const lightNear = (node) => light((other) => other === node || node.near.has(other.index));
  function relight() {
    const words = byId("search").value.trim().toLowerCase();
    if (words !== "") light((node) => node.text.includes(words));
    else if (selected !== null) lightNear(selected);
    else light(null);
  }

  function select(node) {
    selected = node;
    relight();
    const details = d3.select("#details");
    details.selectAll("*").remove();
    if (node === null) {
      details.append("p").attr("class", "faint").text("Click a dot for everything about it.");
      return;
    }
    details.append("pre").text(node.facts.join("\n"));
    const near = Array.from(node.near, (i) => nodes[i]);
    details.append("p").attr("class", "faint")
        .text(node.key ? near.length + " hosts" : "joined to " + near.length);
    const list = details.append("ul");
    list.selectAll("li").data(near.slice(0, MOST_LISTED)).join("li").append("button")
        .text((other) => (other.key ? "key " + other.name.slice(0, 12) : other.name))
        .on("click", (other) => { select(other); goTo(other); });
    if (near.length > MOST_LISTED) {
      list.append("li").attr("class", "faint").text(near.length - MOST_LISTED + " more");
    }
  }

  nodeMarks.on("mouseover", (node) => { showTip(node.facts); lightNear(node); })
      .on("mousemove", (node) => showTip(node.facts))
      .on("mouseout", () => { hideTip(); relight(); })
      .on("click", (node) => { d3.event.stopPropagation(); select(node); });
  svg.on("click", () => select(null));
  if (links.length <= MOST_HOVERED_LINKS) {
    linkMarks.on("mousemove", (link) => showTip([
      link.source.name + " – " + (link.target.key ? "key " + link.target.name.slice(0, 12)
                                                  : link.target.name), link.ports]))
        .on("mouseout", hideTip);
  }

  // Dragging moves a node; with forces on, the others give way.
  let forces = null;
  nodeMarks.call(d3.drag()
      .on("start", (node) => { if (forces) { forces.alphaTarget(0.2).restart(); fix(node); } })
      .on("drag", (node) => {
        node.x = d3.event.x;
        node.y = d3.event.y;
        if (forces) fix(node); else placeOne(node);
      })
      .on("end", (node) => { if (forces) { forces.alphaTarget(0); node.fx = node.fy = null; } }));
  function fix(node) { node.fx = node.x; node.fy = node.y; }

  function toggleForces() {
    if (forces) {
      forces.stop();
      forces = null;
    } else {
      forces = d3.forceSimulation(nodes)
          .force("links", d3.forceLink(links).distance(60).strength(0.2))
          .force("push", d3.forceManyBody().strength(-60))
          .force("apart", d3.forceCollide().radius((node) => node.radius + 3))
          .force("x", d3.forceX(graph.width / 2).strength(0.03))
          .force("y", d3.forceY(graph.height / 2).strength(0.03))
          .on("tick", place);
    }
    byId("forces").setAttribute("aria-pressed", String(forces !== null));
  }

  // Search: everything said about a node is looked through. #q=TEXT in the address does the same.
  function search() {
    const words = byId("search").value.trim().toLowerCase();
    const hits = words === "" ? [] : nodes.filter((node) => node.text.includes(words));
    byId("found").textContent = words === "" ? "" : hits.length + " found";
    nodeMarks.classed("hit", (node) => words !== "" && node.text.includes(words));
    relight();
    return hits;
  }
  let nextHit = 0;
  byId("search").addEventListener("input", () => { nextHit = 0; search(); });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const hits = search();
    if (hits.length === 0) return;
    const hit = hits[nextHit++ % hits.length];
    select(hit);
    goTo(hit);
  });
  byId("fit").addEventListener("click", fit);
  byId("forces").addEventListener("click", toggleForces);
  byId("forces").hidden = nodes.length > MOST_FORCED_NODES;

  // The legend says which dots and lines are meant when it is pointed at.
  function legend(id, entries, label, isMeant) {
    const items = d3.select(id).selectAll("li").data(entries).join("li");
    items.append("i").style("background", (entry) => entry.colour);
    items.append("span").text(label);
    items.on("mouseover", (entry, i) => isMeant(entry, i)).on("mouseout", () => {
      linkMarks.style("display", null);
      relight();
    });
  }
  legend("#kinds", graph.kinds, (kind) => kind.label + " (" + kind.links + ")",
      (kind, i) => linkMarks.style("display", (link) => (link.kind === i ? null : "none")));
  legend("#ases", graph.ases, (as) => asName(as.asn) + " (" + as.hosts + ")",
      (as) => light((node) => node.asn === as.asn));

  place();
  fit();
  select(null);
  addEventListener("resize", fit);
  const asked = new URLSearchParams(location.hash.slice(1)).get("q");
  if (asked !== null) {
    byId("search").value = asked;
    search();
  }
  document.body.dataset.ready = "yes";
})();
