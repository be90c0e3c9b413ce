// The review page: where the reader is, what a key does, what is drawn. Verdicts are the server's: it keeps them and says what became of them.
import { post } from "/static/post.js";
import { drawOverview, drawTraces, traceOf } from "/static/review_draw.js";

const LEAST_S = 0.02; // no event is shorter
const el = (id) => document.getElementById(id);
const base = el("review").dataset.base;
const kindOfKey = new Map([...document.querySelectorAll("[data-kind-key]")].map((b) => [b.dataset.kindKey, b.dataset.kind]));

let reader = "";
let data = null; // what the server sent at first, without the events
let events = new Map();
let cards = []; // lists of keys that are judged together
let at = 0;
let opened = null; // the group that was taken apart, with its place
let been = [];
let waiting = null; // what a kind is asked for: "relabel" or "add"
let selection = null;
let span = null;
let trace = null;
let busy = false;
let asked = 0;

const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
const tell = (words) => { el("told").textContent = words; };
const present = (keys) => keys.filter((key) => events.has(key));
const open = (keys) => present(keys).filter((key) => events.get(key).state === "undecided");
const card = () => present(cards[at]?.keys ?? []);
const shown = () => {
  const keys = card();
  const wanted = cards[at]?.prototype;
  return events.get(keys.includes(wanted) ? wanted : keys[0]) ?? null;
};

el("who").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  reader = el("reader").value.trim();
  await begin();
});

el("another").addEventListener("click", () => {
  el("who").hidden = false;
  el("reading").hidden = true;
  el("reader").focus();
});

async function begin() {
  tell("Reading the session …");
  const answer = await fetch(`${base}/events?reader=${encodeURIComponent(reader)}`).catch(() => null);
  if (!answer) return tell("The server does not answer: is hfs-emg still running?");
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) return tell(told.error ?? "The session could not be read: load the page again.");
  data = told;
  events = new Map(data.events.map((e) => [e.key, e]));
  cards = data.groups.map((g) => ({ keys: g.keys, prototype: g.prototype }));
  [at, opened, been, waiting, selection] = [0, null, [], null, null];
  el("desk").hidden = false;
  el("who").hidden = true;
  el("reading").hidden = false;
  el("reader-now").textContent = reader;
  document.body.classList.add("reading");
  tell("");
  if (!open(cards[0]?.keys ?? []).length) forward();
  refresh();
  el("traces").focus({ preventScroll: true });
}

async function loadInvalid() {
  let told = {};
  try {
    const answer = await fetch(`${base}/invalid`);
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    // Nobody answers now: asked again below.
  }
  if (told.invalid) data.invalid = told.invalid;
  else if (!told.problem) setTimeout(loadInvalid, 2000); // a long session is being looked through
  paintOverview();
}

function forward() {
  for (let step = 1; step <= cards.length; step++) {
    const there = (at + step) % cards.length;
    if (open(cards[there].keys).length) {
      at = there;
      return;
    }
  }
}

function go(step) {
  if (!cards.length) return;
  do at = (at + step + cards.length) % cards.length;
  while (!card().length && cards.some((c) => present(c.keys).length));
  refresh();
}

async function judge(verdicts, then) {
  if (busy || !verdicts.length) return;
  busy = true;
  try {
    const answer = await post(`${base}/verdicts`, { reader, verdicts });
    for (const key of answer.removed) events.delete(key);
    for (const event of answer.changed) {
      const made = !events.has(event.key) && event.state === "undecided" && event.asked;
      events.set(event.key, event);
      if (made && !cards.some((c) => c.keys.includes(event.key))) cards.splice(at + 1, 0, { keys: [event.key], prototype: event.key });
    }
    data.slider = answer.slider;
    data.standing = answer.standing;
    then?.();
  } catch (error) {
    tell(error.message);
  } finally {
    busy = false;
  }
  refresh();
}

function judged(action, more = {}) {
  const keys = open(card()).length ? open(card()) : card();
  if (!keys.length) return;
  const here = at;
  judge([{ action, events: keys, ...more }], () => {
    been.push(here);
    tell(`${keys.length === 1 ? `Event ${keys[0]}` : `${keys.length} events`}: ${action === "relabel" ? data.kinds[more.kind] : action === "confirm" ? "confirmed" : "rejected"}.`);
    forward();
  });
}

function splitAt(event) {
  if (selection && selection[0] > event.start && selection[0] < event.end) return selection[0];
  let [pause, place, until] = [0, (event.start + event.end) / 2, event.start];
  for (const [, from, to] of [...event.bursts].sort((a, b) => a[1] - b[1])) {
    const middle = (from + until) / 2;
    if (from - until > pause && middle > event.start + LEAST_S && middle < event.end - LEAST_S) [pause, place] = [from - until, middle];
    until = Math.max(until, to);
  }
  return place;
}

function openGroup() {
  if (opened) {
    const home = opened.at;
    cards = cards.filter((c) => c.of !== opened.group);
    cards.splice(home, 0, opened.group);
    at = home;
    opened = null;
  } else if (card().length > 1) {
    const group = cards[at];
    opened = { group, at };
    cards.splice(at, 1, ...present(group.keys).map((key) => ({ keys: [key], prototype: key, of: group })));
  }
  refresh();
}

const dragged = () => {
  if (selection) return selection;
  tell("Drag over the signal first, or shift and the arrow keys.");
  return null;
};

const actions = {
  c: () => judged("confirm"),
  r: () => judged("reject"),
  l: () => askKind("relabel"),
  o: openGroup,
  n: () => go(1),
  p: () => go(-1),
  ArrowDown: () => go(1),
  ArrowUp: () => go(-1),
  u: () => judge([{ action: "undo" }], () => {
    at = Math.min(been.pop() ?? at, Math.max(0, cards.length - 1));
    tell("Taken back.");
  }),
  s: () => {
    const event = shown();
    if (event) judge([{ action: "split", events: [event.key], at_s: splitAt(event) }], () => tell("Split."));
  },
  m: () => {
    const event = shown();
    const later = [...events.values()].filter((e) => event && e.start > event.start && e.side === event.side && e.named !== null);
    later.sort((a, b) => a.start - b.start);
    if (!later.length) return tell("There is no later event of that side.");
    judge([{ action: "merge", events: [event.key, later[0].key] }], () => {
      tell("Merged.");
      forward();
    });
  },
  e: () => {
    const event = shown();
    const edges = event && dragged();
    if (edges) judge([{ action: "adjust", events: [event.key], start_s: edges[0], end_s: edges[1] }], () => tell("Edges moved."));
  },
  a: () => dragged() && askKind("add"),
  "+": () => zoom(0.5),
  "=": () => zoom(0.5),
  "-": () => zoom(2),
  ArrowLeft: () => pan(-0.25),
  ArrowRight: () => pan(0.25),
};

function askKind(what) {
  waiting = what;
  el("side").value = what === "add" ? (shown()?.side ?? "right") : "";
  el("kinds").hidden = false;
  el("buttons").hidden = true;
  tell(what === "add" ? "Which kind is it?" : "Which kind is it instead?");
}

function chooseKind(kind) {
  const what = waiting;
  const side = el("side").value;
  waiting = null;
  el("kinds").hidden = true;
  el("buttons").hidden = false;
  tell("");
  if (!kind) return;
  if (what === "relabel") judged("relabel", { kind, ...(side ? { side } : {}) });
  else judge([{ action: "add", kind, ...(side ? { side } : {}), start_s: selection[0], end_s: selection[1] }], () => tell("Added."));
}

function press(key) {
  tell("");
  if (waiting) {
    if (key === "Escape") chooseKind("");
    else if (kindOfKey.has(key)) chooseKind(kindOfKey.get(key));
    else return false;
    return true;
  }
  if (!actions[key]) return false;
  actions[key]();
  return true;
}

addEventListener("keydown", (event) => {
  if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target.matches("input[type=text], select") || (target.matches("input[type=range]") && event.key.startsWith("Arrow"))) return;
  if (event.shiftKey && event.key.startsWith("Arrow")) {
    nudge(event.key === "ArrowRight" ? 1 : -1);
    event.preventDefault();
  } else if (press(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault();
});
for (const button of document.querySelectorAll("[data-key]")) button.addEventListener("click", () => press(button.dataset.key));
for (const button of document.querySelectorAll("[data-kind]")) button.addEventListener("click", () => chooseKind(button.dataset.kind));
el("threshold").addEventListener("input", counts);
el("all").addEventListener("change", list);

function nudge(step) {
  const event = shown();
  if (!span || !event) return;
  selection = selection ? [selection[0], Math.max(selection[0] + 0.02, selection[1] + step * (span[1] - span[0]) / 100)] : [event.start, event.end];
  tell(`Chosen: ${selection[0].toFixed(2)} to ${selection[1].toFixed(2)} s.`);
  paintTraces();
}

function zoom(factor) {
  if (!span) return;
  const middle = (span[0] + span[1]) / 2;
  const half = Math.min(30, Math.max(0.25, ((span[1] - span[0]) / 2) * factor));
  look(middle - half, middle + half);
}

function pan(share) {
  if (span) look(span[0] + share * (span[1] - span[0]), span[1] + share * (span[1] - span[0]));
}

async function look(start, end) {
  const length = Math.min(end - start, data.duration_s);
  start = Math.max(0, Math.min(start, data.duration_s - length));
  span = [start, start + length];
  const mine = ++asked;
  try {
    const answer = await fetch(`${base}/trace?start=${start}&end=${start + length}`);
    if (!answer.ok || mine !== asked) return;
    trace = traceOf(await answer.arrayBuffer());
  } catch {
    return tell("The signal did not come: is hfs-emg still running?");
  }
  paintTraces();
  paintOverview();
  if (!data.looking) {
    data.looking = true; // an analysis of the whole session: not before the first signal is seen
    loadInvalid();
  }
}

function refresh() {
  const event = shown();
  const keys = card();
  selection = null;
  if (event) {
    const more = keys.length > 1 ? `, and ${keys.length - 1} like it` : "";
    const named = event.named === null ? `no event (was ${data.kinds[event.kind]})` : data.kinds[event.named];
    el("event-title").className = `kind kind-${event.named ?? event.kind}`;
    el("event-title").textContent = `${named} ${event.side ?? ""} ${event.form ?? ""} at ${clock(event.start)}, confidence ${event.confidence.toFixed(2)}${more} – ${event.state}`;
    el("event-reason").textContent = event.reason;
    const around = Math.max(0.6, 0.3 * (event.end - event.start));
    look(event.start - around, Math.min(event.end + around, event.start + 40));
  } else {
    el("event-title").className = "";
    el("event-title").textContent = "Nothing to judge here";
    el("event-reason").textContent = "";
    look(0, 10);
  }
  counts();
  list();
}

function counts() {
  const step = data.slider[Number(el("threshold").value)];
  el("threshold-told").textContent = step.threshold.toFixed(2);
  el("counts").replaceChildren(
    ...Object.entries(step.sides).map(([side, b]) => {
      const part = document.createElement("div");
      const name = document.createElement("dt");
      const value = document.createElement("dd");
      name.textContent = side;
      value.textContent = `${b.spasms} spasms, ${b.per_min === null ? "–" : b.per_min.toFixed(2)} a minute, ${b.time_s.toFixed(1)} s in spasm`;
      part.append(name, value);
      return part;
    }),
  );
  const f = step.false_per_hour;
  el("false-told").textContent = f && f.low !== null
    ? `${step.undecided} of them judged by nobody; of such, ${f.low.toFixed(1)}–${f.high.toFixed(1)} an hour were false on simulated faces without spasm (not patients).`
    : "How many may be false was not measured for this model.";
}

function list() {
  const everything = el("all").checked;
  const current = shown()?.key;
  const rows = [...events.values()]
    .filter((e) => everything || e.asked || e.state !== "undecided")
    .sort((a, b) => a.start - b.start)
    .map((e) => row(e, e.key === current));
  el("list").replaceChildren(...rows);
  el("left").textContent = `${[...events.values()].filter((e) => e.state === "undecided" && e.asked).length} to judge, ${data.standing} verdicts`;
  const here = el("list").querySelector("[aria-current]");
  const box = el("list").closest(".list");
  if (here) box.scrollTop = here.offsetTop - box.clientHeight / 2;
}

function row(e, current) {
  const tr = document.createElement("tr");
  tr.className = `state-${e.state}`;
  if (current) tr.setAttribute("aria-current", "true");
  const kind = document.createElement("span");
  kind.className = `kind kind-${e.kind}`;
  kind.textContent = data.kinds[e.kind];
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = e.key;
  for (const content of [button, clock(e.start), `${(e.end - e.start).toFixed(2)} s`, kind, e.side ?? "", e.confidence.toFixed(2), e.state]) {
    const td = document.createElement("td");
    td.append(content);
    tr.append(td);
  }
  for (const n of [1, 2, 5]) tr.children[n].className = "number";
  tr.children[6].className = "state";
  tr.addEventListener("click", () => jump(e.key));
  return tr;
}

function jump(key) {
  let place = cards.findIndex((c) => c.keys.length === 1 && c.keys[0] === key);
  if (place < 0) {
    cards.splice(at + 1, 0, { keys: [key], prototype: key });
    place = at + 1;
  }
  at = place;
  refresh();
}

const paintOverview = () => data && drawOverview(el("overview"), data, [...events.values()], span);
const paintTraces = () => trace && drawTraces(el("traces"), { trace, span, channels: data.channels, event: shown(), selection });
addEventListener("themechange", () => { paintOverview(); paintTraces(); });
new ResizeObserver(() => { paintOverview(); paintTraces(); }).observe(el("review"));

el("overview").addEventListener("click", (event) => {
  const when = (event.offsetX / el("overview").clientWidth) * data.duration_s;
  const near = [...events.values()].filter((e) => e.asked).sort((a, b) => Math.abs(a.start - when) - Math.abs(b.start - when))[0];
  if (near) jump(near.key);
});

const timeAt = (event) => span[0] + (event.offsetX / el("traces").clientWidth) * (span[1] - span[0]);
el("traces").addEventListener("pointerdown", (event) => {
  if (!span) return;
  const from = timeAt(event);
  el("traces").setPointerCapture(event.pointerId);
  const move = (moved) => {
    const to = Math.max(span[0], Math.min(span[1], timeAt(moved)));
    selection = Math.abs(to - from) < 0.02 ? null : [Math.min(from, to), Math.max(from, to)];
    paintTraces();
  };
  el("traces").addEventListener("pointermove", move);
  el("traces").addEventListener("pointerup", () => {
    el("traces").removeEventListener("pointermove", move);
    if (selection) tell(`Chosen: ${selection[0].toFixed(2)} to ${selection[1].toFixed(2)} s. E moves the edges there, A adds an event.`);
  }, { once: true });
});
el("traces").addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.25 : 0.8);
}, { passive: false });
