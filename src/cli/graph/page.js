"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const board = byId("board");
  const svg = board.querySelector("svg");
  const nodes = [...svg.querySelectorAll(".node")];
  const whole = svg.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  let seen = { ...full };
  let found = [];
  let current = -1;

  // Shows a part of the picture, kept within sane bounds.
  function look(next) {
    const width = Math.min(Math.max(next.width, 100), full.width * 4);
    seen = { x: next.x, y: next.y, width, height: (width * next.height) / next.width };
    svg.setAttribute("viewBox", `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
  }

  function zoom(factor, x = seen.x + seen.width / 2, y = seen.y + seen.height / 2) {
    look({ x: x - (x - seen.x) * factor, y: y - (y - seen.y) * factor, width: seen.width * factor, height: seen.height * factor });
  }

  function move(x, y) {
    look({ ...seen, x: seen.x + x, y: seen.y + y });
  }

  // Pixels of the screen in units of the picture.
  function scale() {
    return Math.max(seen.width / board.clientWidth, seen.height / board.clientHeight);
  }

  function search() {
    const words = byId("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (node) => words.every((word) => node.textContent.toLowerCase().includes(word));
    found = words.length > 0 ? nodes.filter(matches) : [];
    current = -1;
    svg.classList.toggle("searching", words.length > 0);
    for (const node of nodes) {
      node.classList.toggle("found", found.includes(node));
      node.classList.remove("current");
    }
    byId("found").textContent = words.length > 0 ? `${found.length} of ${nodes.length} found` : "";
  }

  // Puts the next that was found into the middle.
  function next() {
    if (found.length === 0) return;
    if (current >= 0) found[current].classList.remove("current");
    current = (current + 1) % found.length;
    const node = found[current];
    node.classList.add("current");
    const { e, f } = node.transform.baseVal.consolidate().matrix;
    const width = Math.min(seen.width, Math.max(board.clientWidth, 400));
    const height = (width * seen.height) / seen.width;
    look({ x: e - width / 2, y: f - height / 2, width, height });
  }

  const keys = {
    ArrowLeft: () => move(-60 * scale(), 0),
    ArrowRight: () => move(60 * scale(), 0),
    ArrowUp: () => move(0, -60 * scale()),
    ArrowDown: () => move(0, 60 * scale()),
    "+": () => zoom(0.8),
    "-": () => zoom(1.25),
    0: () => look(full),
  };
  board.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  board.addEventListener("pointermove", (event) => event.buttons === 1 && move(-event.movementX * scale(), -event.movementY * scale()));
  board.addEventListener("wheel", (event) => {
    event.preventDefault();
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    zoom(event.deltaY > 0 ? 1.15 : 0.87, point.x, point.y);
  }, { passive: false });
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => event.key === "Enter" && next());
  byId("in").addEventListener("click", () => zoom(0.8));
  byId("out").addEventListener("click", () => zoom(1.25));
  byId("fit").addEventListener("click", () => look(full));
})();
