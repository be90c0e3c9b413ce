// Traces that sweep: one canvas for a side, a row for each channel. Only what is new is drawn; what was found later is drawn over again.

import { NO_SAMPLE } from "/static/feed.js";

const GAP = 14; // pixels that are blank ahead of the sweep
const LABEL_ROOM = 26;
const LABEL_WIDTH = 150; // no name of a kind is wider

export class Ring {
  // The samples of the window, by index; channels × length.
  constructor(channels, length) {
    this.channels = channels;
    this.length = length;
    this.steps = new Int16Array(channels * length).fill(NO_SAMPLE);
    this.end = -1; // index after the newest sample, -1: none yet
    this.begin = -1;
    this.first = 0; // the first sample that ever came: nothing is drawn before it
  }

  put(frame) {
    if (this.end < 0 || frame.first < this.end) {
      this.end = this.begin = this.first = frame.first;
    }
    for (let i = Math.max(this.end, frame.first - this.length); i < frame.first; i++) this.blank(i);
    for (let c = 0; c < this.channels; c++) {
      const row = c * this.length;
      for (let i = 0; i < frame.samples; i++) {
        this.steps[row + ((frame.first + i) % this.length)] = frame.steps[c * frame.samples + i];
      }
    }
    this.end = frame.first + frame.samples;
    this.begin = Math.max(this.begin, this.end - this.length);
  }

  blank(index) {
    for (let c = 0; c < this.channels; c++) this.steps[c * this.length + (index % this.length)] = NO_SAMPLE;
  }

  at(channel, index) {
    return this.steps[channel * this.length + (index % this.length)];
  }
}

export class Sweep {
  // rows: [{index, label}] channels of this side, top to bottom. bands: () => [{start, end, kind, title, provisional, bursts}] in samples;
  // bursts: [[label, start, end]], underlined in their rows.
  constructor(canvas, rows, bands) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.rows = rows;
    this.bands = bands;
    this.reach = 200;
    this.uvPerStep = 0.1;
    this.fit();
  }

  fit() {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const box = this.canvas.getBoundingClientRect();
    this.canvas.width = Math.max(1, Math.round(box.width * ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * ratio));
    this.ratio = ratio;
    const style = getComputedStyle(document.documentElement);
    this.letter = (ratio * parseFloat(style.fontSize)) / 16; // larger letters on larger screens
    this.colours = {
      page: style.getPropertyValue("--page").trim(),
      line: style.getPropertyValue("--line").trim(),
      text: style.getPropertyValue("--text").trim(),
      faint: style.getPropertyValue("--faint").trim(),
      lost: style.getPropertyValue("--panel").trim(),
    };
    this.kinds = {};
    this.widths = {};
    this.context.fillStyle = this.colours.page;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  colour(kind) {
    this.kinds[kind] ??= getComputedStyle(document.documentElement).getPropertyValue(`--kind-${kind}`).trim();
    return this.kinds[kind];
  }

  // How many samples the widest name covers.
  labelSamples(ring) {
    return (LABEL_WIDTH * this.letter * ring.length) / this.canvas.width;
  }

  // Draw samples from..to of the ring; `head` is where the sweep is.
  draw(ring, from, to, head, bands = null) {
    from = Math.max(from, ring.begin, head - ring.length + 1);
    if (to <= from) return;
    const width = this.canvas.width;
    const scale = width / ring.length;
    bands ??= this.named(this.bands(), scale, ring.first);
    const split = Math.floor(from / ring.length) !== Math.floor((to - 1) / ring.length);
    if (split) {
      const turn = Math.floor((to - 1) / ring.length) * ring.length;
      this.draw(ring, from, turn, head, bands);
      this.draw(ring, turn, to, head, bands);
      return;
    }
    const turn = Math.floor(from / ring.length) * ring.length;
    const left = Math.floor((from - turn) * scale);
    const right = Math.ceil((to - turn) * scale) + 1;
    const context = this.context;
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, this.canvas.height);
    context.clip();
    context.fillStyle = this.colours.page;
    context.fillRect(left, 0, right - left, this.canvas.height);
    this.paintBands(bands, turn, scale, from, to);
    this.paintRows(ring, turn, scale, from, to);
    context.restore();
    if (to === head) this.blankAhead(right);
  }

  blankAhead(x) {
    this.context.fillStyle = this.colours.page;
    this.context.fillRect(x, 0, GAP * this.ratio, this.canvas.height);
    this.context.fillStyle = this.colours.faint;
    this.context.fillRect(x, 0, Math.max(1, this.ratio), this.canvas.height);
  }

  // Which bands bear their names, and how wide these are: none lies on another's, and a spasm's comes first, then what is settled.
  named(bands, scale, first) {
    this.context.font = `${12 * this.letter}px sans-serif`;
    const taken = [];
    const rank = (band) => 2 * (band.kind !== "spasm") + band.provisional;
    for (const band of [...bands].sort((a, b) => rank(a) - rank(b) || b.start - a.start)) {
      const words = band.provisional ? `${band.title}?` : band.title;
      this.widths[words] ??= this.context.measureText(words).width;
      band.at = Math.max(band.start, first);
      const end = band.at + (this.widths[words] + 6 * this.letter) / scale;
      const free = taken.every(([from, to]) => end < from || band.at > to);
      if (free) taken.push([band.at, end]);
      band.words = free ? words : "";
      band.reach = Math.max(band.end, free ? end : band.end);
    }
    return bands;
  }

  paintBands(bands, turn, scale, from, to) {
    const context = this.context;
    const height = this.canvas.height;
    const room = LABEL_ROOM * this.letter;
    for (const band of bands) {
      if (band.reach < from || band.start > to) continue;
      const x = (band.start - turn) * scale;
      const width = Math.max(2, (Math.min(band.end, to) - band.start) * scale);
      const colour = this.colour(band.kind);
      context.globalAlpha = 0.2;
      context.fillStyle = colour;
      context.fillRect(x, room, width, height - room);
      context.globalAlpha = 1;
      if (band.provisional) {
        context.strokeStyle = colour;
        context.lineWidth = this.ratio;
        context.setLineDash([4 * this.ratio, 3 * this.ratio]);
        context.strokeRect(x, room - 4 * this.ratio, width, 4 * this.ratio);
        context.setLineDash([]);
      } else {
        context.fillRect(x, room - 4 * this.ratio, width, 4 * this.ratio);
      }
      for (const [label, start, end] of band.bursts ?? []) {
        const place = this.rows.findIndex((row) => row.label === label);
        const rowHeight = (height - room) / this.rows.length;
        const y = room + rowHeight * (place + 1) - 6 * this.ratio;
        if (place >= 0) context.fillRect((start - turn) * scale, y, Math.max(2, (end - start) * scale), 3 * this.ratio);
      }
      context.fillStyle = this.colours.text;
      context.font = `${12 * this.letter}px sans-serif`;
      context.textBaseline = "alphabetic";
      if (band.words) context.fillText(band.words, Math.min((band.at - turn) * scale, this.canvas.width - this.widths[band.words] - 4), 16 * this.letter);
    }
  }

  paintRows(ring, turn, scale, from, to) {
    const context = this.context;
    const room = LABEL_ROOM * this.letter;
    const height = (this.canvas.height - room) / Math.max(1, this.rows.length);
    this.rows.forEach((row, place) => {
      const middle = room + height * (place + 0.5);
      const perStep = (height * 0.48 * this.uvPerStep) / this.reach;
      context.strokeStyle = this.colours.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo((from - 1 - turn) * scale, middle);
      context.lineTo((to - turn) * scale, middle);
      context.stroke();
      context.strokeStyle = this.colours.text;
      context.lineWidth = 1.1 * this.ratio;
      context.beginPath();
      let pen = false;
      for (let i = Math.max(ring.begin, from - 2); i < Math.min(ring.end, to + 1); i++) {
        const step = ring.at(row.index, i);
        if (step === NO_SAMPLE) {
          pen = false;
          context.fillStyle = this.colours.lost;
          context.fillRect((i - turn) * scale, middle - height * 0.45, Math.ceil(scale), height * 0.9);
          continue;
        }
        const y = middle - Math.max(-0.49 * height, Math.min(0.49 * height, step * perStep));
        if (pen) context.lineTo((i - turn) * scale, y);
        else context.moveTo((i - turn) * scale, y);
        pen = true;
      }
      context.stroke();
    });
  }
}
