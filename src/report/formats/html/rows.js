// The rows: of many, only those in sight are elements. One of them is active and can be opened.

const ROW = 28;
const OVER = 6;
const list = { rows: [], active: 0, opened: null };

function cells(row) {
  if (row.kind === "head") return [el("span", { role: "gridcell" }, row.name)];
  const name = named(row.name);
  name.setAttribute("role", "rowheader");
  name.title = clean(row.name);
  if (row.critical) name.prepend("★ ");
  const lane = el("div", { className: "lane", role: "gridcell", "aria-label": told(row) });
  const end = row.kind === "process" ? outcomeText(row.outcome) : el("span", {}, row.resource.kind + (row.resource.kind === "semaphore" ? ` of ${row.resource.permits}` : ""));
  end.setAttribute("role", "gridcell");
  const length = row.kind === "process" ? took(row.process) : null;
  const time = el("span", { role: "gridcell", className: "number" }, length === null ? "" : human(length));
  return [name, end, time, lane];
}

function rowElement(index) {
  const row = list.rows[index];
  const made = el("div", { className: `row ${row.kind}`, id: `row-${index}`, role: "row", "aria-rowindex": index + 1, "aria-selected": index === list.active }, ...cells(row));
  made.style.top = `${index * ROW}px`;
  made.dataset.index = index;
  return made;
}

// Draws what is in sight; lanes are filled when their width is known.
function redraw() {
  const box = byId("rows");
  const space = byId("space");
  space.style.height = `${list.rows.length * ROW}px`;
  const first = Math.max(Math.floor(box.scrollTop / ROW) - OVER, 0);
  const last = Math.min(Math.ceil((box.scrollTop + box.clientHeight) / ROW) + OVER, list.rows.length);
  const shown = [];
  for (let index = first; index < last; index += 1) shown.push(rowElement(index));
  space.replaceChildren(...shown);
  const lane = space.querySelector(".lane");
  const width = lane ? lane.clientWidth : 100;
  for (const made of shown) {
    const row = list.rows[Number(made.dataset.index)];
    if (row.kind !== "head") drawLane(made.lastChild, row, width);
  }
  box.setAttribute("aria-rowcount", list.rows.length);
  if (list.active >= first && list.active < last) box.setAttribute("aria-activedescendant", `row-${list.active}`);
  else box.removeAttribute("aria-activedescendant");
  drawAxis(width);
}

function activate(index) {
  list.active = Math.min(Math.max(index, 0), Math.max(list.rows.length - 1, 0));
  const box = byId("rows");
  const top = list.active * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  redraw();
}

// Of many processes those that failed come first, then the critical path in the order of time.
const MANY = 50;
const filter = { text: "", kinds: new Set(), order: processRows.length > MANY ? "failed" : "file" };
const pathPlace = new Map([...criticalOf.keys()].map((name, index) => [name, index]));

function urgency(row) {
  if (row.outcome === "failed" || row.outcome === "lost") return 0;
  if (row.outcome === "allowed") return 1;
  return row.critical ? 2 : 3;
}

const NAMES = new Intl.Collator("en", { numeric: true });

const ORDERS = {
  file: () => 0,
  failed: (a, b) => urgency(a) - urgency(b) || (urgency(a) === 2 ? pathPlace.get(a.name) - pathPlace.get(b.name) : 0),
  start: (a, b) => (a.process.started ?? Infinity) - (b.process.started ?? Infinity) || 0,
  name: (a, b) => NAMES.compare(a.name, b.name),
  length: (a, b) => (took(b.process) ?? -1) - (took(a.process) ?? -1),
};

// The order is kept in the address, so that a link or a reload shows the same.
function orderOfAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("order");
  if (!wanted || !Object.hasOwn(ORDERS, wanted)) return false;
  filter.order = wanted;
  return true;
}

function reorder(order) {
  filter.order = order;
  history.replaceState(null, "", `#order=${order}`);
  refilter();
}

function matches(row) {
  const { kinds } = filter;
  const kind = row.kind === "resource" ? "resource" : row.outcome;
  const chosen = kinds.size === 0 || kinds.has(kind) || (row.critical && kinds.has("critical"));
  return chosen && filter.text.split(/\s+/).every((word) => row.text.includes(word));
}

// Chooses and orders the rows anew; the active one stays active if it is still there.
function refilter() {
  const active = list.rows[list.active];
  const processes = processRows.filter(matches).sort(ORDERS[filter.order]);
  const resources = resourceRows.filter(matches);
  list.rows = resources.length > 0 ? [...processes, { kind: "head", name: "Locks and semaphores" }, ...resources] : processes;
  list.active = Math.max(list.rows.indexOf(active), 0);
  const all = processRows.length === processes.length ? "" : ` of ${processRows.length.toLocaleString("en")}`;
  byId("shown").textContent = `${processes.length.toLocaleString("en")}${all} processes shown`;
  const box = byId("rows");
  box.scrollTop = Math.min(box.scrollTop, Math.max(list.rows.length * ROW - box.clientHeight, 0));
  redraw();
}

function goTo(name) {
  if (rowOf.has(name)) showRow(rowOf.get(name));
}

// Goes to a row and opens it, also when filters hide it.
function showRow(row) {
  if (!list.rows.includes(row)) {
    filter.text = "";
    filter.kinds.clear();
    drawControls();
    refilter();
  }
  activate(list.rows.indexOf(row));
  open(row);
}
