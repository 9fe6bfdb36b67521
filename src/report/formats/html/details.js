// The panel beside the rows: all that is known of one process, lock or semaphore.

function close() {
  byId("details").hidden = true;
  list.opened = null;
  redraw();
  byId("rows").focus();
}

function open(row) {
  if (!row || row.kind === "head") return;
  list.opened = row;
  const panel = byId("details");
  const shut = el("button", { className: "close", onclick: close }, "Close");
  panel.replaceChildren(shut, el("h2", {}, named(row.name)), ...(row.kind === "process" ? processFacts(row) : resourceFacts(row)));
  panel.hidden = false;
  panel.scrollTop = 0;
  redraw();
  panel.focus();
}

function pairs(all) {
  const shown = all.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", {}, ...shown.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
}

function lines(all) {
  return all.length > 0 ? el("pre", { tabIndex: 0, "aria-label": "Last lines of output" }, all.map(clean).join("\n")) : null;
}

function link(name) {
  return el("button", { className: "link name", onclick: () => goTo(name) }, clean(name));
}

function table(heads, rows) {
  const cell = (tag) => (value, index) => el(tag, { className: heads[index].startsWith("#") ? "number" : "" }, value);
  const head = el("tr", {}, ...heads.map((text, index) => cell("th")(text.replace("#", ""), index)));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell("td"))))));
}

function processFacts(row) {
  const { process } = row;
  const place = `${report.run.file}:${process.place.line}:${process.place.column}`;
  const parts = [
    el("p", {}, outcomeText(row.outcome), reasonOf(process) ? ": " : "", ...prose(reasonOf(process))),
    lines(lastLines(process)),
    pairs([
      ["about", process.description && clean(process.description)],
      ["kind", process.daemon ? "daemon" : null],
      ["declared", clean(place)],
      ["joins held", process.joined === null ? "never" : `at ${human(process.joined)}`],
      ["started", process.started === null ? "never" : `at ${human(process.started)}`],
      ["ended", process.ended === null ? null : `at ${human(process.ended)}`],
      ["took", took(process) === null ? null : human(took(process))],
      ["exit code", process.code === null ? null : String(process.code)],
      ["critical path", row.critical ? "★ on it" : null],
    ]),
  ];
  if (process.joins.length > 0) parts.push(el("h3", {}, "Waited for"), joinList(process));
  const waiting = report.processes.filter((other) => other.joins.some((join) => join.process === process.name));
  if (waiting.length > 0) {
    const more = waiting.length > 50 ? [el("li", {}, `and ${waiting.length - 50} more`)] : [];
    parts.push(el("h3", {}, "Waited for it"), el("ul", {}, ...waiting.slice(0, 50).map((other) => el("li", {}, link(other.name))), ...more));
  }
  for (const attempt of process.attempts) parts.push(...attemptFacts(process, attempt));
  return parts.filter(Boolean);
}

function joinList(process) {
  const one = (join) => el("li", {}, link(join.process), ` (${join.until}) `, join.held === null ? "did not hold" : `held at ${human(join.held)}`);
  const more = process.joins.length + process.joins_left_out - 100;
  const rest = more > 0 ? [el("li", {}, `and ${more} more`)] : [];
  return el("ul", {}, ...process.joins.slice(0, 100).map(one), ...rest);
}

// What an attempt went through, in order of time.
function attemptFacts(process, attempt) {
  const spans = attemptSpans(attempt, false).filter((span) => span.look !== "begun");
  for (const hold of attempt.holds) spans.push({ from: hold.from, to: until(hold.to), text: `held ${shares(hold.shares)}` });
  spans.sort((a, b) => a.from - b.from);
  const pids = attempt.steps.filter((step) => step.pid !== null).map((step) => step.pid);
  const more = attempt.inner_waits_left_out > 0 ? el("p", {}, `its commands waited ${count(attempt.inner_waits_left_out, "more time")}`) : null;
  const title = process.attempts_begun > 1 ? `Attempt ${attempt.number} of ${process.attempts_begun}` : "What it did";
  const outcome = attempt.outcome ? attempt.outcome.replace("_", " ") : "lost";
  const last = attempt.last_lines !== lastLines(process) ? lines(attempt.last_lines) : null;
  return [
    el("h3", {}, title),
    el("p", { className: "dim" }, clean(`${outcome}${attempt.reason ? `: ${attempt.reason.text}` : ""}${pids.length > 0 ? ` (pid ${pids.join(", ")})` : ""}`)),
    table(["#from", "#for", "what"], spans.map((span) => [human(span.from), span.look === "ready" ? "" : human(span.to - span.from), clean(span.text)])),
    more,
    last,
  ];
}

function resourceFacts(row) {
  const { resource } = row;
  const use = (one) => [
    link(one.process),
    human(one.asked),
    one.had === null ? "never" : human(one.had),
    one.had === null ? "" : human(until(one.freed) - one.had),
    [one.shared ? "shared" : one.permits > 1 ? `×${one.permits}` : "", one.section ? "by its command" : one.step !== null ? `for step ${one.step + 1}` : ""].filter(Boolean).join(", "),
  ];
  return [
    pairs([
      ["kind", resource.kind],
      ["permits", resource.kind === "semaphore" ? String(resource.permits) : null],
      ["shared by runs as", resource.host && clean(resource.host)],
      ["held", count(resource.held, "time")],
      ["waited for", `${human(resource.waited)} in all`],
    ]),
    el("h3", {}, "Who had it"),
    table(["process", "#asked", "#had", "#for", ""], resource.uses.map(use)),
    resource.uses_left_out > 0 ? el("p", {}, `and ${resource.uses_left_out} more`) : "",
  ];
}
