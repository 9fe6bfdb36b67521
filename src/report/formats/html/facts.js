// From the report to rows: what each lane shows, in words and times. Knows nothing of the page.

const { report, why, path } = JSON.parse(byId("report").textContent);
const runLength = Math.max(report.run.length, 0.001);
const until = (time) => (time === null ? report.run.length : time);

// The pieces of the critical path of each process.
const criticalOf = new Map();
for (const piece of report.critical_path) {
  if (!criticalOf.has(piece.process)) criticalOf.set(piece.process, []);
  criticalOf.get(piece.process).push(piece);
}

const WAITS = {
  locks: (wait) => `waited for ${shares(wait.wants)}`,
  slot: () => "waited for a job slot",
  items: (wait) => `waited for an item of ${wait.queue}`,
  delay: () => "waited for the next attempt",
};

// The look of what ran, by how its attempt ended.
function runLook(attempt) {
  if (attempt.outcome === "failed") return "run failed";
  return attempt.outcome === "cancelled" || attempt.outcome === null ? "run cut" : "run";
}

// The times of an attempt in which it neither waited nor ran a command.
function idle(attempt) {
  const gaps = [];
  let at = attempt.from;
  const busy = [...attempt.waits, ...attempt.steps].sort((a, b) => a.from - b.from);
  for (const one of busy) {
    if (one.from > at) gaps.push([at, one.from]);
    at = Math.max(at, until(one.to));
  }
  if (until(attempt.to) > at) gaps.push([at, until(attempt.to)]);
  return gaps;
}

function attemptSpans(attempt, many) {
  const which = many ? `attempt ${attempt.number}: ` : "";
  const spans = idle(attempt).map(([from, to]) => ({ from, to, look: "begun", text: `${which}begun, nothing ran` }));
  for (const wait of attempt.waits) {
    const freed = wait.freed_by ? `, freed by ${wait.freed_by}` : "";
    spans.push({ from: wait.from, to: until(wait.to), look: wait.kind, text: which + WAITS[wait.kind](wait) + freed });
  }
  for (const step of attempt.steps) {
    const last = step === attempt.steps[attempt.steps.length - 1];
    const name = step.name || (attempt.steps.length > 1 || step.step > 0 ? `step ${step.step + 1}` : "");
    const look = last ? runLook(attempt) : "run";
    spans.push({ from: step.from, to: until(step.to), look, text: `${which}ran${name ? ` ${name}` : ""}` });
  }
  for (const wait of attempt.inner_waits) {
    const freed = wait.freed_by ? `, freed by ${wait.freed_by}` : "";
    spans.push({ from: wait.from, to: until(wait.to), look: wait.kind, text: `${which}its command ${WAITS[wait.kind](wait)}${freed}` });
  }
  if (attempt.stopping) spans.push({ from: attempt.stopping.from, to: until(attempt.to), look: "stop", text: `${which}stopping: ${attempt.stopping.text}` });
  if (attempt.ready !== null) spans.push({ from: attempt.ready, to: attempt.ready, look: "ready", text: `${which}ready` });
  return spans;
}

// What the lane of a process shows; made when it is first seen.
function processSpans(process) {
  const spans = [];
  if (process.joins.length > 0) {
    spans.push({ from: 0, to: until(process.joined === null ? process.ended : process.joined), look: "join", text: "waited for its joins" });
  }
  for (const attempt of process.attempts) spans.push(...attemptSpans(attempt, process.attempts_begun > 1));
  for (const piece of criticalOf.get(process.name) || []) {
    spans.push({ from: piece.from, to: piece.to, look: "critical", text: "on the critical path" });
  }
  return spans;
}

// Holders of one resource share its lane in strips: each in the first that is free.
function resourceSpans(resource) {
  const strips = [];
  const spans = [];
  for (const use of resource.uses) {
    const end = until(use.freed);
    if (use.had === null || use.had > use.asked) {
      const to = use.had === null ? end : use.had;
      spans.push({ from: use.asked, to, look: "asked", text: `${use.process} waited` });
    }
    if (use.had === null) continue;
    let strip = strips.findIndex((free) => free <= use.had);
    if (strip < 0) strip = strips.length < 4 ? strips.push(0) - 1 : 3;
    strips[strip] = end;
    const permits = use.permits > 1 ? ` ×${use.permits}` : "";
    spans.push({ from: use.had, to: end, look: use.shared ? "hold shared" : "hold", strip, text: `${use.process} held it${permits}`, label: use.process });
  }
  for (const span of spans) span.strips = strips.length;
  return spans;
}

function took(process) {
  return process.started === null ? null : until(process.ended) - process.started;
}

function reasonOf(process) {
  return process.outcome && process.outcome.reason ? process.outcome.reason.text : "";
}

// The last lines of the attempt that decided: the last one. A worker that has failed with an item waits for another
// before it has failed itself, so of what failed it is the last one that has lines.
function lastLines(process) {
  const failed = process.outcome !== null && process.outcome.kind === "failed";
  const told = process.attempts.slice(failed ? 0 : -1).filter((attempt) => attempt.last_lines.length > 0);
  return told.length > 0 ? told[told.length - 1].last_lines : [];
}

function searched(...texts) {
  return texts.filter(Boolean).join("\n").toLowerCase();
}

const processRows = report.processes.map((process, place) => ({
  kind: "process",
  process,
  place,
  outcome: outcomeOf(process),
  name: process.name,
  text: searched(process.name, process.description, reasonOf(process), outcomeOf(process)),
  critical: criticalOf.has(process.name),
  spans: null,
}));

const resourceRows = report.resources.map((resource) => ({
  kind: "resource",
  resource,
  name: resource.name,
  text: searched(resource.name, resource.kind, resource.host),
  spans: null,
}));

const rowOf = new Map(processRows.map((row) => [row.name, row]));

function spansOf(row) {
  if (row.spans === null) row.spans = row.kind === "process" ? processSpans(row.process) : resourceSpans(row.resource);
  return row.spans;
}

// One sentence for whoever does not see the lane.
function told(row) {
  if (row.kind === "resource") return `held ${count(row.resource.held, "time")}, waited for ${human(row.resource.waited)} in all`;
  const { process } = row;
  const parts = [process.started === null ? "never started" : `started at ${human(process.started)}`];
  if (took(process) !== null) parts.push(`took ${human(took(process))}`);
  if (process.attempts_begun > 1) parts.push(count(process.attempts_begun, "attempt"));
  if (row.critical) parts.push("on the critical path");
  if (reasonOf(process)) parts.push(reasonOf(process));
  return clean(parts.join(", "));
}
