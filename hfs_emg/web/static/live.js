// The live page: what the socket brings onto canvas, counters, face and lists; keys and buttons back to the recording.

import { Feed, NO_SAMPLE } from "/static/feed.js";
import { Ring, Sweep } from "/static/sweep.js";
import { post } from "/static/post.js";
import { cue } from "/static/cue.js";

const $ = (id) => document.getElementById(id);
const DELAY_S = 0.06; // behind the newest sample, so that frames that come in clumps are drawn evenly
const MEND_MS = 200; // between two repairs of what was drawn already
const SIDES = ["right", "left"];
const TITLES = Object.fromEntries([...document.querySelectorAll(".legend .kind")].map((e) => [e.className.match(/kind-(\w+)/)[1], e.textContent]));
const MOST_EVENTS = 12;

const page = {
  channels: [],
  rateHz: 250,
  ring: null,
  sweeps: [],
  head: 0,
  held: null, // where the picture is held
  stale: null, // samples from where to where the picture is to be drawn anew
  mended: 0, // when that was done last
  newest: 0,
  recorded: 0,
  frameAt: 0,
  tripS: 0,
  clock: null, // the least (arrival - board's clock) seen: turns this page's clock into the board's
  episodes: [],
  progress: [],
  mode: "",
  loud: [], // by channel, µV, slowly forgotten
  bad: new Set(), // labels of electrodes without contact
  connected: false,
};
// What tests and curious people may look at.
window.hfsLive = page;

function windowS() {
  return Number($("window").value);
}

function begin(message) {
  page.channels = message.channels;
  page.rateHz = message.rate_hz;
  page.episodes = [];
  page.progress = [];
  page.loud = [];
  page.reach = 0;
  page.session = message.session;
  page.held = page.stale = null;
  $("freeze").checked = false;
  $("live").classList.remove("empty");
  $("events").replaceChildren();
  $("none").hidden = false;
  $("simulated").hidden = !message.simulated;
  $("subject").textContent = message.subject;
  for (const place of document.querySelectorAll(".face .place"))
    place.toggleAttribute("hidden", !page.channels.some((c) => c.label === place.dataset.place));
  layOut();
}

function layOut() {
  if (!page.channels.length) return;
  page.ring = new Ring(page.channels.length, Math.round(windowS() * page.rateHz));
  page.head = page.newest = 0;
  page.sweeps = SIDES.map((side) => {
    const rows = page.channels.map((c, index) => ({ index, label: c.label, name: c.words, side: c.side })).filter((r) => r.side === side);
    const figure = document.querySelector(`figure.${side}`);
    let names = figure.querySelector("ul");
    if (!names) {
      names = document.createElement("ul");
      names.className = "names";
      figure.append(names);
    }
    names.replaceChildren(...rows.map((r) => element("li", r.name)));
    return new Sweep($(`trace-${side}`), rows, () => bandsOf(side));
  });
  setReach();
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bandsOf(side) {
  const ofSide = (e) => e.side === side || e.side === "both" || e.side === null;
  const since = page.head / page.rateHz - 2 * windowS();
  const settled = page.episodes.filter((e) => ofSide(e) && e.end_s > since).map((e) => ({
    start: e.start_s * page.rateHz,
    end: e.end_s * page.rateHz,
    kind: e.kind,
    title: TITLES[e.kind],
    provisional: false,
    bursts: e.bursts.map(([label, startS, endS]) => [label, startS * page.rateHz, endS * page.rateHz]),
  }));
  // Of what is in progress the last one reaches the sweep, each before it the next one's beginning; a spasm goes before what began with it.
  const going = page.progress.filter(ofSide).sort((a, b) => a.start_s - b.start_s || (a.kind === "spasm") - (b.kind === "spasm"));
  const now = going.map((p, i) => ({
    start: p.start_s * page.rateHz,
    end: i + 1 < going.length ? going[i + 1].start_s * page.rateHz : Infinity,
    kind: p.kind,
    title: TITLES[p.kind],
    provisional: true,
  }));
  return [...settled, ...now.filter((band) => band.end > band.start)];
}

function frame(incoming) {
  const now = performance.now();
  page.frameAt = now;
  page.tripS = incoming.tripS;
  page.recorded = incoming.recorded;
  const offset = now / 1000 - incoming.boardS;
  page.clock = page.clock === null ? offset : Math.min(page.clock + 1e-5, offset);
  if (!page.ring || incoming.channels !== page.ring.channels) return;
  if (page.newest === 0 || incoming.first < page.newest) page.head = incoming.first;
  page.ring.put(incoming);
  page.newest = incoming.first + incoming.samples;
  if (page.newest - page.head > page.rateHz) {
    // Too far behind to be played: what lies between is drawn at once.
    const from = page.head;
    page.head = page.newest - Math.round(page.rateHz / 2);
    if (page.held === null) for (const sweep of page.sweeps) sweep.draw(page.ring, from, page.head, page.head);
  }
  for (const sweep of page.sweeps) sweep.uvPerStep = incoming.uvPerStep;
  for (let c = 0; c < incoming.channels; c++) {
    let loudest = 0;
    for (let i = c * incoming.samples; i < (c + 1) * incoming.samples; i++)
      if (incoming.steps[i] !== NO_SAMPLE) loudest = Math.max(loudest, Math.abs(incoming.steps[i]));
    page.loud[c] = Math.max((page.loud[c] ?? 0) * 0.9985, loudest * incoming.uvPerStep);
  }
}

function paint(time) {
  requestAnimationFrame(paint);
  showAge();
  if (page.stale && page.ring && page.held === null && time - page.mended > MEND_MS) mend(time);
  if (!page.ring || page.held !== null || page.newest <= page.head) {
    page.painted = time;
    return;
  }
  const spanS = Math.min(0.1, (time - (page.painted ?? time)) / 1000);
  page.painted = time;
  const behind = page.newest - page.head;
  const pace = 1 + Math.max(-0.5, Math.min(2, (behind - DELAY_S * page.rateHz) / (0.2 * page.rateHz)));
  const to = Math.min(page.newest, page.head + Math.max(1, Math.round(spanS * page.rateHz * pace)));
  for (const sweep of page.sweeps) sweep.draw(page.ring, page.head - 1, to, to);
  page.head = to;
  setReach();
}

// What repaint asked for, at once and not too often: a large part of the picture costs as much as many frames of the sweep.
function mend(time) {
  const [from, until] = page.stale;
  page.stale = null;
  page.mended = time;
  for (const sweep of page.sweeps) sweep.draw(page.ring, from, Math.min(page.head, until), page.head);
}

function setReach() {
  if (page.held !== null) return;
  const asked = Number($("scale").value);
  const steps = [20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000];
  // An electrode without contact would make all others small.
  const loudest = Math.max(...page.channels.map((c, i) => (page.bad.has(c.label) ? 0 : (page.loud[i] ?? 0))));
  const wanted = asked || steps.find((s) => s >= loudest * 1.05) || 3000;
  // Larger at once; smaller only where the picture begins anew, so that it does not jump about while it is read.
  const anew = Boolean(asked) || !page.reach || page.turn !== Math.floor(page.head / (page.ring?.length ?? 1));
  page.turn = Math.floor(page.head / (page.ring?.length ?? 1));
  const reach = wanted > page.reach || anew ? wanted : page.reach;
  for (const sweep of page.sweeps) {
    if (sweep.reach === reach) continue;
    sweep.reach = reach;
    if (page.ring && page.head > 0) sweep.draw(page.ring, page.head - page.ring.length, page.head, page.head);
  }
  if (page.reach !== reach) {
    page.reach = reach;
    for (const scale of document.querySelectorAll(".scale")) scale.textContent = `±${reach} µV`;
  }
}

function showAge() {
  const now = performance.now();
  const live = page.mode === "recording" && page.newest > 0;
  let words = "";
  let state = "";
  if (live) {
    const ageS = (page.recorded - (page.held ?? page.head)) / page.rateHz + (now - page.frameAt) / 1000 + page.tripS / 2;
    page.ageS = ageS;
    words = `picture ${ageS < 9.95 ? ageS.toFixed(1) : Math.round(ageS)} s old`;
    state = !page.connected || ageS > 3 ? "bad" : ageS > 1 ? "fair" : "";
  }
  const age = $("age");
  if (age.textContent !== words) age.textContent = words;
  if (age.dataset.state !== state) age.dataset.state = state;
}

// A stretch anew, soon, with all names that its own may have pushed away or made room for.
function repaint(startS, endS) {
  if (!page.ring || page.held !== null) return;
  const reach = Math.max(0, ...page.sweeps.map((sweep) => sweep.labelSamples(page.ring)));
  const from = Math.floor(startS * page.rateHz - reach) - 2;
  const until = Math.ceil(Math.max(endS * page.rateHz, startS * page.rateHz + 2 * reach)) + 2;
  const [first, last] = page.stale ?? [from, until];
  page.stale = [Math.min(first, from), Math.max(last, until)];
}

const clockOf = (s) => {
  const whole = Math.floor(s);
  const minutes = `${Math.floor(whole / 60) % 60}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${minutes.padStart(5, "0")}` : minutes;
};

function list(row) {
  $("none").hidden = true;
  $("events").prepend(row);
  while ($("events").children.length > MOST_EVENTS) $("events").lastChild.remove();
}

const news = {
  session: begin,
  mode(message) {
    page.mode = message.mode;
    document.body.dataset.mode = message.mode;
    $("running").hidden = message.mode !== "recording";
    $("paused").hidden = message.mode !== "paused";
    $("start").hidden = message.mode !== "idle";
    $("idle-calibrate").hidden = message.mode !== "idle";
    after();
    if (message.subject) $("subject").textContent = message.subject;
    if (message.mode !== "recording" || message.problem) $("status").textContent = message.words;
    say(message.problem ? message.words : "");
  },
  state(message) {
    const parts = [
      clockOf(message.elapsed_s),
      `valid ${Math.round(100 * message.valid_share)} %`,
      `lost ${message.lost}`,
      `link ${message.link}`,
    ];
    if (message.disk_behind_s > 5) parts.push(`disk ${Math.round(message.disk_behind_s)} s behind`);
    if (message.analysis_behind_s > 5) parts.push(`analysis ${Math.round(message.analysis_behind_s)} s behind`);
    const well = message.link.startsWith("ok");
    $("status").classList.toggle("amiss", !well);
    if (message.silent_s > 2 && well) parts.push(`nothing heard for ${Math.round(message.silent_s)} s`);
    if (page.mode === "recording" || page.mode === "ending") $("status").textContent = parts.join(" · ");
    if (message.problem) say(message.problem);
    for (const side of SIDES) {
      const counts = message.sides[side];
      $(`spasms-${side}`).textContent = counts ? counts.spasms : "no electrodes";
      $(`rate-${side}`).textContent = counts && counts.per_min !== null ? counts.per_min.toFixed(1) : "–";
      $(`time-${side}`).textContent = counts ? `${counts.time_s.toFixed(1)} s` : "–";
    }
  },
  progress(message) {
    const before = page.progress;
    page.progress = message.now;
    for (const one of before) repaint(one.start_s, page.head / page.rateHz);
    for (const side of SIDES) {
      const going = page.progress.some((p) => p.kind === "spasm" && p.side === side);
      $(`now-${side}`).hidden = !going;
      $(`counts-${side}`).classList.toggle("now", going);
    }
    for (const one of page.progress) {
      repaint(one.start_s, page.head / page.rateHz);
      const known = before.some((b) => b.start_s === one.start_s && b.kind === "spasm");
      if (one.kind === "spasm" && !known) cue(one.side, $("sound").checked, $("speech").checked);
    }
  },
  episode(message) {
    page.episodes.push(message);
    if (page.episodes.length > 200) page.episodes.shift();
    repaint(message.start_s, message.end_s);
    const row = document.createElement("li");
    row.append(
      element("span", clockOf(message.start_s), "at"),
      element("span", TITLES[message.kind], `kind kind-${message.kind}`),
      element("span", [message.side ?? "no side", message.form].filter(Boolean).join(", "), "where"),
      element("span", `${message.reason} (${Math.round(100 * message.confidence)} %)`, "why"),
    );
    list(row);
  },
  fault: (message) => say(message.words),
  marker(message) {
    page.marker = message;
    const row = document.createElement("li");
    row.append(element("span", clockOf(message.at_s), "at"), element("span", "marker", "where"), element("span", message.text, "why"));
    list(row);
    $("said").textContent = `Marker at ${clockOf(message.at_s)}: ${message.text}`;
  },
  contact(message) {
    page.bad = new Set(message.electrodes.filter((e) => e.state === "bad").map((e) => e.channel));
    const bad = message.electrodes.filter((e) => e.state === "bad" || e.state === "fair");
    for (const one of message.electrodes) {
      const place = document.querySelector(`.face [data-place="${CSS.escape(one.channel)}"]`);
      if (place) {
        place.setAttribute("class", `place ${one.state}`);
        place.querySelector("title").textContent = one.words;
      }
    }
    const known = message.electrodes.some((e) => e.state !== "unknown");
    const words = !known ? "Contact is not known yet." : bad.length ? "" : "All electrodes touch well.";
    if ($("face-words").textContent !== words) $("face-words").textContent = words;
    const told = bad.map((e) => e.words).join("|");
    if (page.toldContact !== told) {
      page.toldContact = told;
      $("contacts").replaceChildren(...bad.map((e) => element("li", e.words, e.state)));
    }
  },
};

// Where the session that was shown last is found, once it has ended.
function after() {
  const there = page.session && ["idle", "paused", "ended"].includes(page.mode) && page.connected;
  $("after").hidden = !there;
  if (!there) return;
  const base = `/sessions/${$("subject").textContent}/${page.session}`;
  $("to-session").href = base;
  $("to-review").href = `${base}/review`;
  $("to-report").href = `${base}/report`;
}

function say(words) {
  $("problem").textContent = words;
  $("problem").hidden = !words;
}

async function ask(what, fields = {}) {
  try {
    await post("/live/ask", { what, ...fields });
    say("");
  } catch (error) {
    say(error.message);
  }
}

async function mark(text) {
  const fields = { text };
  if (page.clock !== null) fields.at_s = performance.now() / 1000 - page.clock;
  try {
    await post("/live/mark", fields);
  } catch (error) {
    say(error.message);
  }
}

function stop() {
  $("sure").showModal();
}

$("sure").addEventListener("close", () => {
  if ($("sure").returnValue === "stop") ask("stop");
  $("sure").returnValue = "";
});
$("mark").addEventListener("click", () => mark("marker"));
$("mark-text").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("words").value.trim()) mark($("words").value);
  $("words").value = "";
  $("mark").focus();
});
$("pause").addEventListener("click", () => ask("pause"));
$("go-on").addEventListener("click", () => ask("go_on"));
$("stop").addEventListener("click", stop);
$("stop-paused").addEventListener("click", stop);
$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  ask("start", { subject: $("start-subject").value });
});
$("freeze").addEventListener("change", () => {
  page.held = $("freeze").checked ? page.head : null;
  if (page.held === null) fitAll();
});
$("window").addEventListener("change", layOut);
$("scale").addEventListener("change", setReach);

const KEYS = {
  m: () => page.mode === "recording" && mark("marker"),
  t: () => page.mode === "recording" && $("words").focus(),
  p: () => (page.mode === "paused" ? ask("go_on") : page.mode === "recording" && ask("pause")),
  s: () => ["recording", "paused"].includes(page.mode) && stop(),
  f: () => $("freeze").click(),
};
addEventListener("keydown", (event) => {
  if (!$("keys").checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input[type=text], select, dialog")) return;
  const action = KEYS[event.key.toLowerCase()];
  if (action) {
    event.preventDefault();
    action();
  }
});

let fitting = 0;
function fitAll() {
  cancelAnimationFrame(fitting);
  fitting = requestAnimationFrame(() => {
    for (const sweep of page.sweeps) {
      sweep.fit();
      if (page.ring && page.head > 0) sweep.draw(page.ring, page.head - page.ring.length, page.head, page.head);
    }
  });
}
addEventListener("resize", fitAll);
addEventListener("themechange", fitAll);
if (matchMedia("(min-width: 60rem)").matches) $("window").value = "8";

new Feed({
  frame,
  news: (message) => news[message.t]?.(message),
  connected() {
    page.connected = true;
    page.episodes = [];
    page.clock = null;
    $("events").replaceChildren();
    say("");
  },
  lost(words) {
    page.connected = false;
    after();
    say(["ending", "ended"].includes(page.mode) ? "" : words);
  },
});
requestAnimationFrame(paint);
