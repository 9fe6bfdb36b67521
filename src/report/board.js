// A board on which a graph is looked at: zoomed, dragged, searched, walked by keys. Its picture is an SVG element whose
// nodes are `.node`, and whose edges have `data-edge` with the places of their ends among the nodes. It makes its own
// controls. Knows nothing of what the graph means; `act`, if given, is called for the node that is chosen.

function graphBoard(bar, board, svg, act) {
  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  // What is moved, with all of the picture on it.
  const sheet = make("div", { className: "sheet" });
  svg.replaceWith(sheet);
  sheet.append(svg);
  const nodes = [...svg.querySelectorAll(".node")];
  const whole = svg.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  const places = nodes.map((node) => {
    const { x, y, width, height } = node.getBBox();
    const { e, f } = node.transform.baseVal.consolidate().matrix;
    return { x: e + x + width / 2, y: f + y + height / 2 };
  });
  const near = nodes.map(() => ({ before: [], after: [], edges: [] }));
  for (const edge of svg.querySelectorAll("[data-edge]")) {
    const [from, to] = edge.dataset.edge.split(" ").map(Number);
    near[from].after.push(to);
    near[to].before.push(from);
    near[from].edges.push(edge);
    near[to].edges.push(edge);
  }
  // What is in the middle, and pixels of the screen for one of the picture.
  const view = { x: 0, y: 0, scale: 1 };
  let found = [];
  let current = -1;
  let focused = 0;

  const search = make("input", { type: "search", id: "graph-search", autocomplete: "off", spellcheck: false });
  const count = make("output", { id: "graph-found" });
  const button = (id, text, label, title, press) => {
    const made = make("button", { id: `graph-${id}`, title, onclick: press }, text);
    made.setAttribute("aria-label", label);
    return made;
  };
  const size = button("actual", "100 %", "Actual size", "Actual size (1)", () => zoomTo(1));
  const group = make(
    "span",
    { className: "zoom" },
    button("out", "−", "Zoom out", "Zoom out (-)", () => zoomTo(view.scale / 1.25)),
    button("in", "+", "Zoom in", "Zoom in (+)", () => zoomTo(view.scale * 1.25)),
    button("fit", "Fit", "Fit: the whole graph", "The whole graph (0)", fit),
    size,
  );
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Zoom");
  const hint = "Drag to move, wheel, + and − to zoom, 0 fits, 1 is 100 %. Enter in the search goes to the next found. Tab enters the graph; there arrows follow edges.";
  bar.append(make("label", {}, "Search ", search), count, group, make("span", { className: "hint" }, hint));

  function least() {
    return Math.min(board.clientWidth / full.width, board.clientHeight / full.height, 1) / 2;
  }

  // Draws once a frame what many events have asked for. While it moves the sheet is a layer of its own, whose pixels the
  // browser moves and stretches: with 2,000 nodes that takes 17 ms a step where drawing them anew takes 200. They are drawn
  // anew when it rests and when they would be stretched too far. Far away texts are hidden, which nobody could read.
  let waiting = false;
  let resting = 0;
  let rastered = 0;
  function rest() {
    sheet.classList.remove("moving");
    rastered = view.scale;
  }

  function show() {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  function draw() {
    waiting = false;
    const [width, height] = [board.clientWidth, board.clientHeight];
    const far = view.scale < 0.3;
    const held = view.scale / rastered > 0.7 && view.scale / rastered < 3 && svg.classList.contains("far") === far;
    sheet.classList.toggle("moving", held);
    svg.classList.toggle("far", far);
    if (!held) rastered = view.scale;
    clearTimeout(resting);
    resting = setTimeout(rest, 200);
    const [left, top] = [width / 2 - (view.x - full.x) * view.scale, height / 2 - (view.y - full.y) * view.scale];
    sheet.style.transform = `translate(${left}px, ${top}px) scale(${view.scale})`;
    size.textContent = `${Math.round(view.scale * 100)} %`;
    size.setAttribute("aria-label", `${size.textContent}: back to actual size`);
  }

  // Keeps at least the middle of the board on the picture.
  function lookAt(x, y, scale) {
    view.scale = Math.min(Math.max(scale, least()), 4);
    view.x = Math.min(Math.max(x, full.x), full.x + full.width);
    view.y = Math.min(Math.max(y, full.y), full.y + full.height);
    show();
  }

  // Zooms so that a point stays where it is.
  function zoomTo(scale, x = view.x, y = view.y) {
    const next = Math.min(Math.max(scale, least()), 4);
    const share = view.scale / next;
    lookAt(x - (x - view.x) * share, y - (y - view.y) * share, next);
  }

  function move(x, y) {
    lookAt(view.x + x / view.scale, view.y + y / view.scale, view.scale);
  }

  function fitting() {
    return Math.min(board.clientWidth / full.width, board.clientHeight / full.height, 1.5);
  }

  function fit() {
    lookAt(full.x + full.width / 2, full.y + full.height / 2, fitting());
  }

  function centre(index) {
    board.scrollIntoView({ block: "nearest" });
    lookAt(places[index].x, places[index].y, Math.max(view.scale, 1));
  }

  // All of it if it can be read then; else what failed first; else where the graph begins, in the corner.
  function begin() {
    const bad = nodes.findIndex((node) => node.classList.contains("bad"));
    if (fitting() >= 0.95 || nodes.length === 0) fit();
    else if (bad >= 0) lookAt(places[bad].x, places[bad].y, 1);
    else {
      const first = places.reduce((best, place) => (place.x + place.y < best.x + best.y ? place : best));
      const middle = (start, length, room, at) => Math.max(start + Math.min(room, length) / 2, Math.min(at, start + length - room / 2));
      const [width, height] = [board.clientWidth, board.clientHeight];
      lookAt(middle(full.x, full.width, width, first.x + width / 2 - 140), middle(full.y, full.height, height, first.y + height / 2 - 60), 1);
    }
  }

  function seek() {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (index) => words.every((word) => nodes[index].textContent.toLowerCase().includes(word));
    found = words.length > 0 ? [...nodes.keys()].filter(matches) : [];
    current = -1;
    svg.classList.toggle("searching", words.length > 0);
    const chosen = new Set(found);
    nodes.forEach((node, index) => {
      node.classList.toggle("found", chosen.has(index));
      node.classList.remove("current");
    });
    count.textContent = words.length > 0 ? `${found.length} of ${nodes.length} found` : "";
    if (found.length > 0) next(0);
  }

  // Puts one that was found into the middle.
  function next(by) {
    if (found.length === 0) return;
    if (current >= 0) nodes[found[current]].classList.remove("current");
    current = (Math.max(current, 0) + by + found.length) % found.length;
    nodes[found[current]].classList.add("current");
    count.textContent = `${current + 1} of ${found.length} found`;
    centre(found[current]);
    choose(found[current]);
  }

  // Of all nodes one can be reached by Tab.
  function choose(index) {
    nodes[focused]?.setAttribute("tabindex", -1);
    focused = index;
    nodes[focused]?.setAttribute("tabindex", 0);
  }

  function follow(all) {
    const height = (index) => Math.abs(places[index].y - places[focused].y);
    const best = all.reduce((best, index) => (best === null || height(index) < height(best) ? index : best), null);
    if (best !== null) nodes[best].focus();
  }

  // The nearest above (-1) or below (1), of those in about the same column.
  function beside(sign) {
    const here = places[focused];
    const far = (index) => (places[index].y - here.y) * sign;
    const all = [...nodes.keys()].filter((index) => Math.abs(places[index].x - here.x) < 60 && far(index) > 1);
    follow(all);
  }

  function inSight(index) {
    const [width, height] = [board.clientWidth / view.scale / 2 - 90, board.clientHeight / view.scale / 2 - 40];
    return view.scale >= 0.8 && Math.abs(places[index].x - view.x) < width && Math.abs(places[index].y - view.y) < height;
  }

  nodes.forEach((node, index) => {
    const { before, after } = near[index];
    // What is seen comes first, so that who speaks to the page can name it.
    const seen = [...node.querySelectorAll("text")].map((text) => text.textContent).join(" ");
    const more = (node.querySelector("title")?.textContent || "").split("\n").slice(1);
    const told = [seen, ...more].join("\n");
    const also = (number, word) => (number > 0 ? `\n${word} ${number}` : "");
    node.setAttribute("tabindex", -1);
    node.setAttribute("role", act ? "button" : "img");
    node.setAttribute("aria-label", told + also(before.length, "edges in:") + also(after.length, "edges out:"));
    node.addEventListener("focus", () => {
      choose(index);
      for (const edge of near[index].edges) edge.classList.add("near");
      if (!inSight(index) && !gripped) centre(index);
    });
    node.addEventListener("blur", () => near[index].edges.forEach((edge) => edge.classList.remove("near")));
  });
  choose(Math.max(nodes.findIndex((node) => node.classList.contains("bad")), 0));

  const common = {
    "+": () => zoomTo(view.scale * 1.25),
    "-": () => zoomTo(view.scale / 1.25),
    0: fit,
    1: () => zoomTo(1),
  };
  const moving = { ArrowLeft: () => move(-60, 0), ArrowRight: () => move(60, 0), ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60) };
  const walking = {
    ArrowLeft: () => follow(near[focused].before),
    ArrowRight: () => follow(near[focused].after),
    ArrowUp: () => beside(-1),
    ArrowDown: () => beside(1),
    Home: () => nodes[0].focus(),
    End: () => nodes[nodes.length - 1].focus(),
    Escape: () => board.focus(),
  };
  if (act) walking.Enter = walking[" "] = () => act(focused);
  board.addEventListener("keydown", (event) => {
    const keys = { ...common, ...(event.target.closest(".node") ? walking : moving) };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  let dragged = false;
  let gripped = false;
  board.addEventListener("pointerdown", (event) => {
    dragged = false;
    gripped = event.button === 0;
  });
  board.addEventListener("pointermove", (event) => {
    if (!gripped || event.buttons !== 1) return;
    dragged ||= Math.abs(event.movementX) + Math.abs(event.movementY) > 3;
    if (dragged) move(-event.movementX, -event.movementY);
  });
  window.addEventListener("pointerup", () => setTimeout(() => (gripped = false)));
  board.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (!node || dragged) return;
    node.focus();
    act?.(nodes.indexOf(node));
  });
  board.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = board.getBoundingClientRect();
    const x = view.x + (event.clientX - box.left - box.width / 2) / view.scale;
    const y = view.y + (event.clientY - box.top - box.height / 2) / view.scale;
    zoomTo(view.scale * (event.deltaY > 0 ? 0.87 : 1.15), x, y);
  }, { passive: false });
  search.addEventListener("input", seek);
  search.addEventListener("keydown", (event) => event.key === "Enter" && next(event.shiftKey ? -1 : 1));
  window.addEventListener("resize", show);
  board.tabIndex = 0;
  svg.setAttribute("role", "group");
  begin();
  draw();
}
