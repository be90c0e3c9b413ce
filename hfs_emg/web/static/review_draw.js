// What the review page draws: the session at a glance, and the signal around an event. Colours are the page's; position and hatching tell the rest.

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Sizes follow the page's letters, which are larger on a very large screen.
const unit = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const letters = () => `${11 * unit()}px sans-serif`;

function sized(canvas) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  return [g, width, height];
}

export function traceOf(buffer) {
  const view = new DataView(buffer);
  const channels = view.getUint32(0, true);
  const points = view.getUint32(4, true);
  const values = new Float32Array(buffer, 24, channels * points);
  return { channels, points, start: view.getFloat64(8, true), rate: view.getFloat64(16, true), values };
}

export function drawOverview(canvas, data, events, span) {
  const [g, width, tall] = sized(canvas);
  const foot = 14 * unit();
  const height = tall - foot;
  const x = (s) => (s / data.duration_s) * width;
  hatch(g, (data.invalid ?? data.gaps).map(([from, to]) => [x(from), Math.max(1.5, x(to) - x(from))]), height);
  const rows = { right: 0, left: 1 };
  g.font = letters();
  for (const [side, row] of Object.entries(rows)) {
    const [top, deep] = [row * (height - 10) / 2 + 2, (height - 10) / 2 - 4];
    density(g, events.filter((e) => e.side === side && e.named === "spasm"), { x, top, deep, data, width });
    for (const e of events) {
      if (e.side !== side || !e.asked || e.named === null) continue;
      g.fillStyle = ink(`--kind-${e.named}`);
      const tall = e.state === "undecided" ? 0.45 : 0.8;
      g.fillRect(x(e.start), top + deep * (1 - tall), Math.max(1.5, x(e.end) - x(e.start)), deep * tall);
    }
    const words = `${side} `;
    g.fillStyle = ink("--page");
    g.globalAlpha = 0.8;
    g.fillRect(2, top, g.measureText(words).width + 2, 13 * unit());
    g.globalAlpha = 1;
    g.fillStyle = ink(`--${side}`);
    g.fillText(words, 4, top + 10 * unit());
  }
  times(g, { width, top: height, foot, x, duration: data.duration_s });
  g.fillStyle = ink("--text");
  for (const [s] of data.markers) {
    g.beginPath();
    g.moveTo(x(s) - 4, height - 9);
    g.lineTo(x(s) + 4, height - 9);
    g.lineTo(x(s), height - 1);
    g.fill();
  }
  if (span) {
    g.strokeStyle = ink("--accent");
    g.lineWidth = 2;
    g.strokeRect(x(span[0]) - 1, 1, Math.max(4, x(span[1]) - x(span[0]) + 2), height - 2);
  }
}

// Clock times below the strip, as many as can be read.
function times(g, { width, top, foot, x, duration }) {
  const step = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((s) => (duration / s) * 48 * unit() <= width) ?? 14400;
  g.fillStyle = ink("--faint");
  for (let s = 0; s < duration; s += step) {
    const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
    const words = duration >= 3600 ? `${hours}:${String(minutes).padStart(2, "0")} h` : step < 60 ? `${minutes}:${String(s % 60).padStart(2, "0")}` : `${minutes} min`;
    g.fillRect(x(s), top, unit(), 4 * unit());
    if (x(s) + g.measureText(words).width < width) g.fillText(words, x(s) + 3, top + foot - 3);
  }
}

function density(g, spasms, { x, top, deep, data, width }) {
  const bins = Math.max(1, Math.min(Math.ceil(data.duration_s / 60), Math.floor(width / 4)));
  const counts = new Array(bins).fill(0);
  for (const e of spasms) counts[Math.min(bins - 1, Math.floor((e.start / data.duration_s) * bins))] += 1;
  const most = Math.max(1, ...counts);
  g.fillStyle = ink("--line");
  counts.forEach((n, k) => g.fillRect(x((k / bins) * data.duration_s), top + deep * (1 - n / most), width / bins - 1, (deep * n) / most));
}

function hatch(g, spans, height) {
  g.strokeStyle = ink("--edge");
  g.lineWidth = 1;
  for (const [left, wide] of spans) {
    g.save();
    g.beginPath();
    g.rect(left, 0, wide, height);
    g.clip();
    g.beginPath();
    for (let at = left - height; at < left + wide; at += 5) {
      g.moveTo(at, height);
      g.lineTo(at + height, 0);
    }
    g.stroke();
    g.restore();
  }
}

export function drawTraces(canvas, { trace, span, channels, event, selection }) {
  const [g, width, height] = sized(canvas);
  const order = [...channels.keys()].sort((a, b) => (channels[a].side === "right" ? 0 : 1) - (channels[b].side === "right" ? 0 : 1) || a - b);
  const x = (s) => ((s - span[0]) / (span[1] - span[0])) * width;
  const foot = 16 * unit();
  const tall = (height - foot) / order.length;
  let reach = 20;
  for (const v of trace.values) if (Math.abs(v) > reach) reach = Math.abs(v);
  if (event) {
    g.fillStyle = ink("--panel");
    g.fillRect(x(event.start), 0, x(event.end) - x(event.start), height - foot);
  }
  if (selection) {
    g.fillStyle = ink("--accent");
    g.globalAlpha = 0.25;
    g.fillRect(x(selection[0]), 0, x(selection[1]) - x(selection[0]), height - foot);
    g.globalAlpha = 1;
  }
  order.forEach((channel, row) => {
    const middle = tall * (row + 0.5);
    if (row > 0 && channels[channel].side !== channels[order[row - 1]].side) {
      g.fillStyle = ink("--edge");
      g.fillRect(0, tall * row, width, unit());
    }
    line(g, trace, channel, { x, middle, gain: (tall * 0.48) / reach });
    for (const [label, from, to] of event?.bursts ?? []) {
      if (label !== channels[channel].label) continue;
      g.fillStyle = ink(`--kind-${event.kind}`);
      g.fillRect(x(from), middle - tall * 0.46, Math.max(2, x(to) - x(from)), 4 * unit());
    }
    g.fillStyle = ink(`--${channels[channel].side}`);
    g.font = letters();
    g.fillText(`${channels[channel].side} ${channels[channel].site}`, 4, middle - tall * 0.5 + 11 * unit());
  });
  scale(g, { width, height, span, x, reach });
}

function line(g, trace, channel, { x, middle, gain }) {
  g.strokeStyle = ink("--text");
  g.lineWidth = unit();
  g.beginPath();
  for (let k = 0; k < trace.points; k++) {
    const y = middle - gain * trace.values[channel * trace.points + k];
    g.lineTo(x(trace.start + k / trace.rate), y);
  }
  g.stroke();
}

function scale(g, { width, height, span, x, reach }) {
  const length = span[1] - span[0];
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((s) => length / s <= 8) ?? 20;
  g.fillStyle = ink("--faint");
  g.font = letters();
  for (let s = Math.ceil(span[0] / step) * step; s < span[1]; s += step) {
    g.fillRect(x(s), height - 16 * unit(), unit(), 4 * unit());
    g.fillText(`${s.toFixed(step < 1 ? 1 : 0)} s`, x(s) + 2, height - 3);
  }
  const words = `±${reach.toFixed(0)} µV`;
  g.fillText(words, width - g.measureText(words).width - 4, 12 * unit());
}
