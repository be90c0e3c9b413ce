// The guided sequence: large words for the patient, keys for whoever stands beside. The sequence runs in the program, not here.

import { Feed } from "/static/feed.js";
import { post } from "/static/post.js";

const $ = (id) => document.getElementById(id);
const FULL = 100; // a bar is full at this multiple of rest; it grows with the logarithm
const NOW = { prepare: "Get ready", do: "Now", relax: "Relax", paused: "Paused", done: "Done, thank you" };
let mode = "";
let spoken = "";
let measured = false; // electrodes are being measured, or were

function say(words) {
  $("problem").textContent = words;
  $("problem").hidden = !words;
}

function show() {
  $("begin").hidden = !["idle", "paused"].includes(mode);
  $("guide").hidden = mode !== "calibrating";
  $("measuring").hidden = mode !== "measuring";
  $("electrodes").hidden = !measured || mode === "calibrating";
  $("wait").hidden = !["recording", "ending", "ended", "starting"].includes(mode);
  if (mode === "recording") $("wait").textContent = "A recording is running: pause it on the live page, then calibrate.";
  else if (mode === "starting") $("wait").textContent = "The board is being opened.";
  else $("wait").textContent = "The recording has ended.";
  document.body.classList.toggle("guiding", mode === "calibrating");
}

function bars(message) {
  const shown = $("bars");
  if (shown.childElementCount !== message.labels.length) {
    shown.replaceChildren(
      ...message.labels.map((label) => {
        const row = document.createElement("div");
        const name = document.createElement("span");
        name.textContent = label.replace("EMG ", "");
        const meter = document.createElement("meter");
        meter.max = 1;
        row.className = label.startsWith("EMG R") ? "right" : "left";
        row.append(name, meter);
        return row;
      }),
    );
  }
  message.levels.forEach((level, i) => {
    const meter = shown.children[i]?.querySelector("meter");
    if (meter) meter.value = Math.min(1, Math.log(Math.max(level, 1)) / Math.log(FULL));
  });
}

function guide(message) {
  $("done").hidden = true;
  const repetition = message.of > 1 ? `, ${message.number} of ${message.of}` : "";
  $("at").textContent = `${message.at} of ${message.tasks}: ${message.title}${repetition}`;
  $("words").textContent = message.words;
  $("text").hidden = message.task !== "reading";
  $("guide").classList.toggle("long", message.task === "reading");
  $("now").textContent = NOW[message.phase];
  $("guide").dataset.phase = message.phase;
  const left = Math.ceil(message.left_s);
  $("count").textContent = ["prepare", "do", "relax"].includes(message.phase) ? left : "";
  const whole = message.phase === "do" ? message.hold_s : message.phase === "prepare" ? 2 : 3;
  $("share").value = Math.max(0, Math.min(1, 1 - message.left_s / whole));
  $("again").textContent = message.again ? `Again, please: ${message.again}.` : "";
  $("halt").textContent = message.phase === "paused" ? ": go on" : "ause";
  bars(message);
  for (const words of message.news) {
    const row = document.createElement("li");
    row.textContent = words;
    $("news").prepend(row);
    while ($("news").children.length > 3) $("news").lastChild.remove();
  }
  const asked = `${message.title} ${message.phase} ${message.number}`;
  if (asked !== spoken) {
    spoken = asked;
    const words = message.phase === "do" ? `${message.words}: now` : message.phase === "prepare" ? message.words : NOW[message.phase];
    if (message.kind !== "blinks" || message.number === 1 || message.phase !== "do") $("said").textContent = words;
    if ($("speak").checked && "speechSynthesis" in window) {
      speechSynthesis.cancel();
      speechSynthesis.speak(new SpeechSynthesisUtterance(message.kind === "blinks" && message.phase === "do" ? "blink" : words));
    }
  }
}

const cell = (words, className = "") => {
  const made = document.createElement("td");
  made.textContent = words;
  made.className = className;
  return made;
};

function headed(words, cells) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = words;
  row.append(head, ...cells);
  return row;
}

function listed(list, lines) {
  list.replaceChildren(
    ...lines.map((words) => {
      const row = document.createElement("li");
      row.textContent = words;
      return row;
    }),
  );
}

// Rows come in pairs, N and P of a channel; the patient's right first, as on every page.
function electrodes(message) {
  measured = Boolean(message.rows.length || message.words);
  const places = [...new Set(message.rows.map((row) => row.place))].sort((a, b) => b.startsWith("Right") - a.startsWith("Right"));
  const next = message.rows.find((row) => row.state === "unknown");
  const shown = (row) => (row === next && mode === "measuring" ? "measuring …" : row.state === "unknown" ? "–" : `${row.told}, ${row.state}`);
  $("impedances").replaceChildren(
    ...places.map((place) =>
      headed(place, message.rows.filter((row) => row.place === place).map((row) => cell(shown(row), `contact ${row.state}`))),
    ),
  );
  $("electrodes-table").hidden = !message.rows.length;
  const amiss = message.rows.filter((row) => row.remedy);
  listed($("remedies"), amiss.map((row) => `${row.place}, ${row.pin}: ${row.remedy}`));
  const done = message.rows.length && !next;
  $("electrodes-words").textContent = message.words || (done && !amiss.length ? "All electrodes touch well." : "");
  last = message;
  show();
}
let last = null;

const news = {
  electrodes,
  mode(message) {
    mode = message.mode;
    $("head").textContent = message.subject ? `Calibrate ${message.subject}` : "Calibrate";
    if (message.problem) say(message.words);
    if (last) electrodes(last);
    show();
  },
  calibrating: guide,
  calibrated(message) {
    say(message.problem);
    $("done").hidden = $("again-head").hidden = !message.rows.length;
    $("levels").replaceChildren(
      ...message.rows.map((row) => headed(row.place, [row.rest, row.contraction, row.ratio].map((words) => cell(words, "number")))),
    );
    listed($("found"), message.notes);
    $("news").replaceChildren();
    if (message.rows.length) scrollTo(0, 0);
  },
};

async function send(path, fields) {
  try {
    await post(path, fields);
    say("");
  } catch (error) {
    say(error.message);
  }
}

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  send("/calibrate/begin", {
    sequence: document.querySelector("input[name=sequence]:checked").value,
    reading: $("reading").checked,
    chewing: $("chewing").checked,
    electrodes: $("first").checked,
    subject: $("subject") ? $("subject").value : "",
  });
});
$("measure").addEventListener("click", () => send("/calibrate/electrodes", {}));
for (const button of document.querySelectorAll("[data-act]"))
  button.addEventListener("click", () => send("/calibrate/act", { act: button.dataset.act }));

addEventListener("keydown", (event) => {
  if (mode !== "calibrating" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const act = { p: "pause", " ": "pause", s: "skip", c: "cannot" }[event.key.toLowerCase()];
  if (!act || (event.key === " " && event.target.closest("button, a"))) return;
  event.preventDefault();
  send("/calibrate/act", { act });
});

new Feed({ frame() {}, news: (message) => news[message.t]?.(message), connected: () => say(""), lost: say });
