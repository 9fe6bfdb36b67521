// Lanes and their axis: from times to places. The view is the part of the run that is seen.

const view = { from: 0, to: runLength };

function place(time) {
  return ((time - view.from) / (view.to - view.from)) * 100;
}

// The bars of a row, those of one look that would fall on the same pixel as one.
function drawLane(lane, row, width) {
  const pixel = 100 / Math.max(width, 100);
  const seen = new Map();
  for (const span of spansOf(row)) {
    if (span.to < view.from || span.from > view.to) continue;
    // What is short, a failure above all, stays in sight, also at the very end.
    const least = (span.look.includes("failed") ? 4 : 2) * pixel;
    const from = Math.min(Math.max(place(span.from), -1), 100 - least);
    const to = Math.min(Math.max(place(span.to), from + least), 101);
    const key = `${span.look} ${span.strip || 0}`;
    const before = seen.get(key);
    if (before && place(span.to) - place(span.from) < pixel && from - before.to < pixel) {
      before.to = Math.max(before.to, to);
      before.bar.style.width = `${before.to - before.from}%`;
      continue;
    }
    const bar = el("i", { className: span.look, title: clean(`${span.text}, ${human(span.from)} to ${human(span.to)} (${human(span.to - span.from)})`) });
    bar.style.left = `${from}%`;
    if (span.look !== "ready") bar.style.width = `${to - from}%`;
    if (span.strip !== undefined) {
      const height = 17 / span.strips;
      bar.style.top = `${2 + span.strip * height}px`;
      bar.style.height = `${height}px`;
      if (span.strips === 1 && ((to - from) / 100) * width > 40) bar.dataset.label = clean(span.label);
    }
    seen.set(key, { from, to, bar });
    lane.append(bar);
  }
}

let axisDrawn = "";

// Ticks at round times, as many as there is room for; drawn anew only when something has changed.
function drawAxis(width) {
  const wanted = `${view.from} ${view.to} ${width}`;
  if (axisDrawn === wanted) return;
  axisDrawn = wanted;
  const ticks = el("div", { className: "ticks" });
  byId("axis").replaceChildren(ticks);
  const room = Math.max(Math.floor(width / 90), 1);
  const least = (view.to - view.from) / room;
  const steps = [1, 2, 5].flatMap((digit) => [-4, -3, -2, -1, 0, 1].map((power) => digit * 10 ** power));
  steps.push(15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800);
  steps.sort((a, b) => a - b);
  const step = steps.find((one) => one >= least) || least;
  for (let index = Math.ceil(view.from / step); index * step <= view.to; index += 1) {
    const tick = el("span", {}, tickText(index * step, step));
    tick.style.left = `${place(index * step)}%`;
    if (place(index * step) < 94) ticks.append(tick);
  }
}

function tickText(time, step) {
  if (time < 60) return `${Number(time.toFixed(step < 1 ? 4 : 0))} s`;
  const two = (number) => String(number).padStart(2, "0");
  const seconds = step < 1 ? (time % 60).toFixed(3) : two(Math.round(time % 60));
  if (time < 3600) return `${Math.floor(time / 60)}:${seconds}`;
  return `${Math.floor(time / 3600)}:${two(Math.floor((time % 3600) / 60))}:${seconds}`;
}

// Sees a part of the run, never less than a millisecond of it and never more than all.
function look(from, to) {
  const length = Math.min(Math.max(to - from, 0.001), runLength);
  view.from = Math.min(Math.max(from, 0), runLength - length);
  view.to = view.from + length;
  redraw();
}

function zoom(factor, around) {
  const middle = around === undefined ? (view.from + view.to) / 2 : around;
  look(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
}

function move(share) {
  const by = (view.to - view.from) * share;
  look(view.from + by, view.to + by);
}

const LEGEND = [
  ["join", "waits for its joins"],
  ["locks", "waits for locks or permits"],
  ["slot", "waits for a job slot"],
  ["items", "waits for an item of a queue"],
  ["delay", "waits for its next attempt"],
  ["begun", "attempt begun, no command runs"],
  ["run", "runs"],
  ["run failed", "runs and fails"],
  ["run cut", "runs and is cut off"],
  ["stop", "is asked to end"],
  ["ready", "becomes ready"],
  ["critical", "on the critical path (★)"],
  ["hold", "holds the lock or permits"],
  ["asked", "somebody waits for the lock or permits"],
];

function drawLegend() {
  for (const [looks, text] of LEGEND) {
    const bar = el("i", { className: looks });
    if (looks !== "ready") bar.style.width = "34px";
    byId("legend-list").append(el("li", {}, el("span", { className: "swatch", "aria-hidden": "true" }, bar), text));
  }
}
