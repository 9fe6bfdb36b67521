// The page as a whole: its head, its views, and what keys, pointers and buttons do.

function drawHead() {
  const { run } = report;
  document.title = clean(`${run.name}: ${run.text}`);
  byId("name").append(named(run.name));
  const look = run.outcome === "success" ? "good" : "bad";
  byId("verdict").append(el("strong", { className: look }, `${look === "good" ? "✓" : "✗"} ${clean(run.text)}`), ` in ${human(run.length)}, exit status ${run.status}`);
  if (why) byId("verdict").after(el("p", { id: "why" }, ...prose(why)));
  const ends = Object.keys(OUTCOMES).map((kind) => [processRows.filter((row) => row.outcome === kind).length, OUTCOMES[kind].word]);
  const counted = ends.filter(([number]) => number > 0).map(([number, word]) => `${number.toLocaleString("en")} ${word}`);
  const facts = [count(processRows.length, "process", "processes"), ...counted, run.file, `started ${run.started}`, `run ${run.id}`];
  byId("facts").textContent = clean(facts.join(" · "));
  if (run.description) byId("facts").before(el("p", { className: "name" }, clean(run.description)));
}

function drawFailures() {
  const failed = [...processRows.filter((row) => row.outcome === "failed"), ...processRows.filter((row) => row.outcome === "allowed")];
  if (failed.length === 0) return;
  const one = (row) =>
    el(
      "div",
      { className: `failure ${row.outcome}` },
      el("div", {}, link(row.name), " ", outcomeText(row.outcome), ": ", ...prose(reasonOf(row.process))),
      lines(lastLines(row.process)),
    );
  const shown = failed.slice(0, 20).map(one);
  if (failed.length > 20) shown.push(el("p", {}, `and ${failed.length - 20} more: choose “failed” below`));
  byId("failure-list").append(...shown);
  byId("failures-title").textContent = `Failures (${failed.length})`;
  byId("failures").hidden = false;
}

// The buttons that choose outcomes, and the search.
function drawControls() {
  byId("search").value = filter.text;
  const choices = Object.keys(OUTCOMES).map((kind) => [kind, `${OUTCOMES[kind].sign} ${OUTCOMES[kind].word}`, processRows.filter((row) => row.outcome === kind).length]);
  choices.push(["critical", "★ critical path", criticalOf.size], ["resource", "locks and semaphores", resourceRows.length]);
  const button = ([kind, text, number]) => {
    const press = () => {
      if (!filter.kinds.delete(kind)) filter.kinds.add(kind);
      drawControls();
      byId(`filter-${kind}`).focus();
      refilter();
    };
    return el("button", { id: `filter-${kind}`, "aria-pressed": filter.kinds.has(kind), onclick: press }, `${text} ${number.toLocaleString("en")}`);
  };
  const orders = [["failed", "failed first"], ["file", "as in the file"], ["start", "by start"], ["name", "by name"], ["length", "by duration"]];
  const options = orders.map(([value, text]) => el("option", { value, selected: filter.order === value }, text));
  const order = el("select", { id: "order", "aria-label": "Order", onchange: (event) => reorder(event.target.value) }, ...options);
  byId("filters").replaceChildren(...choices.filter((choice) => choice[2] > 0).map(button), order);
}

function drawPath(panel) {
  const did = { running: "ran", starting: "was about to start", waiting_for_locks: "waited for locks or permits", waiting_for_slot: "waited for a job slot", waiting_for_items: "waited for an item", delay: "waited for its next attempt", stopping: "was being stopped" };
  const then = (next) => {
    if (next.kind === "join") return `the next one joins it (${next.until})`;
    if (next.kind === "locks") return `gave way to the next one (${shares(next.wants)})`;
    if (next.kind === "items") return `the next one waited for items of ${next.queue}`;
    return { end: "the run ended", next: "it went on", slot: "gave its job slot to the next one", pipe: "the next one had read what it wrote", stop: "the next one was not needed any more" }[next.kind] || next.kind;
  };
  const opener = (name) => el("button", { className: "link name", onclick: () => (choose("timeline"), goTo(name)) }, clean(name));
  const step = (piece) => (piece.step !== null && piece.step > 0 ? ` step ${piece.step + 1}` : "");
  const rows = path.map((row) => {
    const pieces = row.places.map((place) => report.critical_path[place]);
    const length = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
    return { pieces, length, did: row.did, first: pieces[0], last: pieces[pieces.length - 1] };
  });
  const heavy = new Set([...rows].sort((a, b) => b.length - a.length).slice(0, 3).filter((row) => row.length >= runLength / 20));
  const weighty = (row, text) => (heavy.has(row) ? el("strong", {}, text) : text);
  const share = (row) => el("span", { className: "share" }, weighty(row, `${Math.round((row.length / runLength) * 100)} %`), el("meter", { value: row.length, max: runLength, "aria-hidden": "true" }));
  const one = (piece) => `${human(piece.from)}: ${did[piece.activity] || piece.activity}${step(piece)} for ${human(piece.to - piece.from)}`;
  const inside = ({ pieces }) => [...pieces.slice(0, 200).map((piece) => el("li", {}, one(piece))), pieces.length > 200 ? el("li", {}, `and ${pieces.length - 200} more`) : ""];
  const what = (row) => (row.pieces.length > 1 ? el("details", {}, el("summary", {}, row.did), el("ul", {}, ...inside(row))) : row.did);
  const cells = (row) => [human(row.first.from), weighty(row, human(row.length)), share(row), weighty(row, opener(row.first.process)), what(row), clean(then(row.last.then))];
  const about = "What made the run as long as it was: each piece began because the one before it was over. The heaviest are bold; many small ones of one process are one line, which opens.";
  panel.append(el("p", { className: "dim" }, about), rows.length > 0 ? table(["#from", "#for", "#share", "process", "what it did", "then"], rows.map(cells)) : el("p", {}, "Nothing ran."));
}

function drawNotes(panel) {
  const queue = (one) => [named(one.name), one.items === null ? "not closed" : String(one.items), String(one.done), String(one.failed), String(one.set_aside.length + one.set_aside_left_out), one.abandoned === null ? "" : `abandoned with ${count(one.left, "item")} left`];
  panel.append(el("h2", {}, "Queues"), report.queues.length > 0 ? table(["queue", "#items", "#done", "#failed", "#set aside", ""], report.queues.map(queue)) : el("p", {}, "There are none."));
  const warning = (one) => [human(one.at), one.process ? named(one.process) : "", el("span", {}, ...prose(one.text))];
  const more = report.warnings_left_out > 0 ? el("p", {}, `and ${report.warnings_left_out} more`) : "";
  panel.append(el("h2", {}, "Warnings"), report.warnings.length > 0 ? table(["#at", "process", "what"], report.warnings.map(warning)) : el("p", {}, "There are none."), more);
}

const VIEWS = { timeline: () => {}, graph: drawGraph, path: drawPath, notes: drawNotes };
const drawn = new Set(["timeline"]);

// Shows one of the views; each is drawn when it is first seen.
function choose(name) {
  for (const other of Object.keys(VIEWS)) {
    byId(`view-${other}`).hidden = other !== name;
    byId(`tab-${other}`).setAttribute("aria-selected", other === name);
    byId(`tab-${other}`).tabIndex = other === name ? 0 : -1;
  }
  if (!drawn.has(name)) {
    drawn.add(name);
    VIEWS[name](byId(`view-${name}`));
  }
  if (name === "timeline") redraw();
  if (name === "graph") byId("tabs").scrollIntoView();
}

function listenTabs() {
  const names = Object.keys(VIEWS);
  names.forEach((name, index) => {
    byId(`tab-${name}`).addEventListener("click", () => choose(name));
    byId(`tab-${name}`).addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = names[(index + by + names.length) % names.length];
      choose(next);
      byId(`tab-${next}`).focus();
    });
  });
}

function listenRows() {
  const box = byId("rows");
  const page = () => Math.max(Math.floor(box.clientHeight / ROW) - 1, 1);
  const keys = {
    ArrowDown: () => activate(list.active + 1),
    ArrowUp: () => activate(list.active - 1),
    PageDown: () => activate(list.active + page()),
    PageUp: () => activate(list.active - page()),
    Home: () => activate(0),
    End: () => activate(list.rows.length - 1),
    Enter: () => open(list.rows[list.active]),
    ArrowLeft: () => move(-0.2),
    ArrowRight: () => move(0.2),
    "+": () => zoom(0.5),
    "-": () => zoom(2),
    0: () => look(0, runLength),
  };
  box.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      redraw();
    });
  };
  box.addEventListener("scroll", soon);
  window.addEventListener("resize", soon);
  byId("details").addEventListener("keydown", (event) => event.key === "Escape" && close());
  listenPointer(box);
}

// A click opens a row, dragging moves in time, Ctrl and the wheel zoom where the pointer is.
function listenPointer(box) {
  let grip = null;
  box.addEventListener("pointerdown", (event) => {
    const lane = event.target.closest(".lane");
    grip = { x: event.clientX, from: view.from, width: lane ? lane.clientWidth : 0, moved: false };
  });
  box.addEventListener("pointermove", (event) => {
    if (!grip || grip.width === 0 || event.buttons !== 1) return;
    const by = event.clientX - grip.x;
    grip.moved ||= Math.abs(by) > 4;
    const length = view.to - view.from;
    if (grip.moved) look(grip.from - (by / grip.width) * length, grip.from - (by / grip.width) * length + length);
  });
  box.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || (grip && grip.moved)) return;
    activate(Number(row.dataset.index));
    open(list.rows[list.active]);
  });
  box.addEventListener("wheel", (event) => {
    const lane = event.target.closest(".lane");
    if (!event.ctrlKey || !lane) return;
    event.preventDefault();
    const place = (event.clientX - lane.getBoundingClientRect().left) / lane.clientWidth;
    zoom(event.deltaY > 0 ? 1.25 : 0.8, view.from + place * (view.to - view.from));
  }, { passive: false });
}

drawHead();
drawFailures();
drawLegend();
orderOfAddress();
drawControls();
listenTabs();
listenRows();
byId("search").addEventListener("input", (event) => {
  filter.text = event.target.value.trim().toLowerCase();
  refilter();
});
window.addEventListener("hashchange", () => {
  if (!orderOfAddress()) return;
  drawControls();
  refilter();
});
byId("zoom-in").addEventListener("click", () => zoom(0.5));
byId("zoom-out").addEventListener("click", () => zoom(2));
byId("zoom-fit").addEventListener("click", () => look(0, runLength));
refilter();
performance.mark("flowrun-drawn");
