// What all parts use: elements, times and words. Texts of others become text nodes and nothing else.

const byId = (id) => document.getElementById(id);

// An element with properties or attributes, and children that are elements or texts.
function el(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null) continue;
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Text without colours and other control characters, as a terminal would have taken them.
function clean(text) {
  const codes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
  return String(text).replace(codes, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

// Prose in which `names` stand between backticks.
function prose(text) {
  const pieces = String(text).split("`");
  if (pieces.length % 2 === 0) return [clean(text)];
  return pieces.map((piece, index) => (index % 2 === 1 ? el("code", {}, clean(piece)) : clean(piece))).filter((piece) => piece !== "");
}

function named(name) {
  return el("span", { className: "name" }, clean(name));
}

// A time for people, as flowrun's own summary has it: 42 ms, 0.42 s, 12.3 s, 3 m 05 s, 2 h 04 m.
function human(seconds) {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const two = (number) => String(number).padStart(2, "0");
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

function count(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many || `${one}s`}`;
}

// Outcomes in the order in which they are worth looking at: sign, word, class.
const OUTCOMES = {
  failed: { sign: "✗", word: "failed", look: "bad" },
  allowed: { sign: "!", word: "failed, allowed", look: "warn" },
  cancelled: { sign: "■", word: "cancelled", look: "off" },
  skipped: { sign: "–", word: "skipped", look: "off" },
  success: { sign: "✓", word: "success", look: "good" },
  stopped: { sign: "●", word: "stopped", look: "good" },
  lost: { sign: "?", word: "lost", look: "bad" },
};

function outcomeOf(process) {
  if (!process.outcome) return "lost";
  return process.outcome.allowed ? "allowed" : process.outcome.kind;
}

function outcomeText(key) {
  const { sign, word, look } = OUTCOMES[key];
  return el("span", { className: look }, `${sign} ${word}`);
}

function shares(all) {
  return all.map((share) => share.resource + (share.shared ? " (shared)" : "") + (share.permits > 1 ? ` ×${share.permits}` : "")).join(", ");
}
