// The graph of joins by declared names, so that a hundred copies are one node. In layers from left to right: each node
// stands right of all that it waits for. Long edges are led through the layers between, which keeps them off the nodes.

const NODE = { width: 168, height: 44, right: 64, below: 16 };

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function gather() {
  const nodes = new Map();
  const edges = new Map();
  for (const row of processRows) {
    const name = row.process.declared;
    if (!nodes.has(name)) nodes.set(name, { name, rows: [], before: [], layer: 0, critical: false });
    const node = nodes.get(name);
    node.rows.push(row);
    node.critical ||= row.critical;
  }
  for (const row of processRows) {
    const to = nodes.get(row.process.declared);
    for (const join of row.process.joins) {
      const other = rowOf.get(join.process);
      const from = other && nodes.get(other.process.declared);
      if (!from || from === to) continue;
      const key = `${from.name}\n${to.name}\n${join.until}`;
      if (!edges.has(key)) edges.set(key, { from, to, until: join.until, critical: false });
    }
  }
  report.critical_path.forEach((piece, index) => {
    const next = report.critical_path[index + 1];
    if (!next || piece.then.kind !== "join") return;
    const names = [piece.process, next.process].map((name) => rowOf.get(name)?.process.declared);
    const edge = edges.get(`${names[0]}\n${names[1]}\n${piece.then.until}`);
    if (edge) edge.critical = true;
  });
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

// Layers by the longest way; instances may make a ring of declared names, which is cut at its first node.
function layers({ nodes, edges }) {
  const unmet = new Map(nodes.map((node) => [node, 0]));
  const after = new Map(nodes.map((node) => [node, []]));
  for (const edge of edges) {
    unmet.set(edge.to, unmet.get(edge.to) + 1);
    after.get(edge.from).push(edge.to);
  }
  const done = new Set();
  let ready = nodes.filter((node) => unmet.get(node) === 0);
  let scan = 0;
  while (done.size < nodes.length) {
    while (ready.length === 0 && scan < nodes.length) {
      if (!done.has(nodes[scan])) ready.push(nodes[scan]);
      scan += 1;
    }
    const node = ready.pop();
    if (done.has(node)) continue;
    done.add(node);
    for (const next of after.get(node)) {
      if (done.has(next)) continue;
      next.layer = Math.max(next.layer, node.layer + 1);
      unmet.set(next, unmet.get(next) - 1);
      if (unmet.get(next) === 0) ready.push(next);
    }
  }
}

// Each layer as a column of nodes and of points through which long edges go.
function columns({ nodes, edges }) {
  const all = [];
  const put = (item) => (all[item.layer] ||= []).push(item);
  nodes.forEach(put);
  for (const edge of edges) {
    edge.points = [];
    let before = edge.from;
    for (let layer = edge.from.layer + 1; layer < edge.to.layer; layer += 1) {
      const point = { layer, before: [before], thin: true };
      edge.points.push(point);
      put(point);
      before = point;
    }
    if (edge.to.layer > edge.from.layer) edge.to.before.push(before);
  }
  for (let layer = 0; layer < all.length; layer += 1) all[layer] ||= [];
  return all;
}

// Orders each column by the middle of what its items wait for, and gives every item its place.
function arrange(all) {
  let width = 0;
  let height = 0;
  all.forEach((column, layer) => {
    if (layer > 0) {
      const middle = (item) => (item.before.length > 0 ? item.before.reduce((sum, one) => sum + one.y, 0) / item.before.length : item.y || 0);
      const keyed = column.map((item, index) => [middle(item), index, item]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      column = keyed.map((entry) => entry[2]);
    }
    let y = 12;
    for (const item of column) {
      item.x = 12 + layer * (NODE.width + NODE.right);
      const wish = item.before.length === 1 ? item.before[0].y : y;
      item.y = Math.max(y, Math.min(wish, y + 400));
      y = item.y + (item.thin ? 14 : NODE.height + NODE.below);
    }
    height = Math.max(height, y);
    width = 12 + layer * (NODE.width + NODE.right) + NODE.width;
  });
  return { width: width + 12, height };
}

function route(edge) {
  const middle = (item) => item.y + (item.thin ? 0 : NODE.height / 2);
  const stops = [edge.from, ...edge.points, edge.to];
  let text = `M ${edge.from.x + NODE.width} ${middle(edge.from)}`;
  for (let index = 1; index < stops.length; index += 1) {
    const [a, b] = [stops[index - 1], stops[index]];
    const bend = NODE.right / 2;
    const end = b === edge.to ? b.x - 7 : b.x;
    text += ` C ${a.x + NODE.width + bend} ${middle(a)} ${b.x - bend} ${middle(b)} ${end} ${middle(b)}`;
    if (b.thin) text += ` L ${b.x + NODE.width} ${middle(b)}`;
  }
  return text;
}

function nodeElement(node) {
  const counts = new Map();
  for (const row of node.rows) counts.set(row.outcome, (counts.get(row.outcome) || 0) + 1);
  const kinds = Object.keys(OUTCOMES).filter((kind) => counts.has(kind));
  const worst = OUTCOMES[kinds[0]];
  const many = node.rows.length > 1;
  const title = (node.critical ? "★ " : "") + clean(node.name) + (many ? ` ×${node.rows.length}` : "");
  const end = kinds.map((kind) => `${OUTCOMES[kind].sign} ${many ? `${counts.get(kind)} ` : ""}${OUTCOMES[kind].word}`).join("  ");
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const daemon = node.rows[0].process.daemon;
  return svg(
    "g",
    { class: `node ${worst.look}${daemon ? " daemon" : ""}${node.critical ? " critical" : ""}`, transform: `translate(${node.x} ${node.y})` },
    svg("title", {}, `${title}${daemon ? " (daemon)" : ""}: ${end}`),
    svg("rect", { class: "shape", width: NODE.width, height: NODE.height, rx: daemon ? 20 : 5 }),
    svg("text", { x: 12, y: 19 }, short(title, 22)),
    svg("text", { x: 12, y: 35, class: `small ${worst.look}` }, short(end, 26)),
  );
}

// More nodes than this keep a browser busy for seconds at each move.
const MOST = 5000;

function drawGraph(panel) {
  const graph = gather();
  if (graph.nodes.length > MOST) {
    const text = `${count(graph.nodes.length, "node")} are more than a browser moves in fluently, so the graph is not drawn here. \`flowrun graph --format svg --run REPORT\` draws it as a picture, from the report of \`--report json=FILE\`.`;
    panel.replaceChildren(el("p", {}, ...prose(text)));
    return;
  }
  layers(graph);
  const { width, height } = arrange(columns(graph));
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 1, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M 0 0 L 8 4 L 0 8 z" }));
  const placeOf = new Map(graph.nodes.map((node, index) => [node, index]));
  const edges = graph.edges.map((edge) => {
    const own = edge.until === "success" || edge.until === "ready" ? "" : "other";
    return svg("path", { d: route(edge), "data-edge": `${placeOf.get(edge.from)} ${placeOf.get(edge.to)}`, class: `${own}${edge.critical ? " critical" : ""}`, "marker-end": "url(#arrow)" }, svg("title", {}, clean(`${edge.to.name} waits for ${edge.from.name} (${edge.until})`)));
  });
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Graph of joins" }, svg("defs", {}, arrow), ...edges, ...graph.nodes.map(nodeElement));
  const note = "An arrow leads from a process to those that wait for it; dashed arrows stand for other conditions than success or ready. Daemons have round, dashed frames; ★ and thick lines are on the critical path. A click or Enter opens a process.";
  const bar = el("div", { className: "board-bar", role: "search" });
  const board = el("div", { className: "board", role: "group", "aria-label": "Graph of joins" }, drawing);
  panel.replaceChildren(bar, el("p", { className: "dim" }, note), board);
  graphBoard(bar, board, drawing, (index) => {
    choose("timeline");
    goTo(graph.nodes[index].rows[0].name);
  });
}
