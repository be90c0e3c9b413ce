// The guided sequence: large words for the patient, keys for whoever stands beside. The sequence runs in the program, not here.

import { Feed } from "/static/feed.js";
import { post } from "/static/post.js";

const $ = (id) => document.getElementById(id);
const FULL = 100; // a bar is full at this multiple of rest; it grows with the logarithm
const NOW = { prepare: "Get ready", do: "Now", relax: "Relax", paused: "Paused", done: "Done, thank you" };
let mode = "";
let spoken = "";

function say(words) {
  $("problem").textContent = words;
  $("problem").hidden = !words;
}

function show() {
  $("begin").hidden = !["idle", "paused"].includes(mode);
  $("guide").hidden = mode !== "calibrating";
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
  $("now").textContent = NOW[message.phase];
  $("guide").dataset.phase = message.phase;
  const left = Math.ceil(message.left_s);
  $("count").textContent = ["prepare", "do", "relax"].includes(message.phase) ? left : "";
  const whole = message.phase === "do" ? message.hold_s : message.phase === "prepare" ? 2 : 3;
  $("share").value = Math.max(0, Math.min(1, 1 - message.left_s / whole));
  $("again").textContent = message.again ? `Again, please: ${message.again}.` : "";
  $("halt").textContent = message.phase === "paused" ? "Go on (P)" : "Pause (P)";
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

const news = {
  mode(message) {
    mode = message.mode;
    $("head").textContent = message.subject ? `Calibrate ${message.subject}` : "Calibrate";
    if (message.problem) say(message.words);
    show();
  },
  calibrating: guide,
  calibrated(message) {
    say(message.problem);
    $("done").hidden = !message.text;
    $("profile").textContent = message.text;
    $("news").replaceChildren();
    if (message.text) $("done").scrollIntoView();
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
    subject: $("subject") ? $("subject").value : "",
  });
});
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
