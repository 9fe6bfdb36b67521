// The graph of the run, by declared names, so that a hundred copies are one node. Its picture stands in a template; its
// nodes are processes, then locks and semaphores, then queues, each in the order of the report.

// What each process node opens: the worst of its instances, of equals the first.
function openedByNodes() {
  const worst = new Map();
  const rank = (row) => Object.keys(OUTCOMES).indexOf(row.outcome === "lost" ? "failed" : row.outcome);
  for (const row of processRows) {
    const before = worst.get(row.process.declared);
    if (!before || rank(row) < rank(before)) worst.set(row.process.declared, row);
  }
  return [...worst.values(), ...resourceRows];
}

function drawGraph(panel) {
  const drawing = byId("picture").content.querySelector("svg");
  const opened = openedByNodes();
  if (!drawing) {
    const text = `${count(opened.length - resourceRows.length, "node")} are more than a browser moves in fluently, so the graph is not drawn here. \`flowrun graph --format svg --run REPORT\` draws it as a picture, from the report of \`--report json=FILE\`.`;
    panel.replaceChildren(el("p", {}, ...prose(text)));
    return;
  }
  const note = "An arrow leads from a process to those that wait for it, and along the way of items. ★ and thick lines are on the critical path. A click or Enter opens a process, lock or semaphore.";
  const bar = el("div", { className: "board-bar", role: "search" });
  const board = el("div", { className: "board", role: "group", "aria-label": "Graph of the run" }, drawing);
  panel.replaceChildren(bar, el("p", { className: "dim" }, note), board);
  graphBoard(bar, board, drawing, (index) => {
    choose(index < opened.length ? "timeline" : "notes");
    if (index < opened.length) showRow(opened[index]);
  });
}
