// The socket of the live pages: frames of samples, news as JSON; each frame is answered with its number, or no more come.

export const NO_SAMPLE = -32768;
const HEADER = 40;
const VERSION = 1;

// One binary message (its layout stands in frames.py).
export function decode(buffer) {
  const view = new DataView(buffer);
  if (view.getUint8(0) !== VERSION) throw new Error("Load the page again: the program has changed.");
  const channels = view.getUint8(1);
  const samples = view.getUint16(2, true);
  const trip = view.getUint16(36, true);
  return {
    channels,
    samples,
    number: view.getUint32(4, true),
    first: view.getFloat64(8, true),
    recorded: view.getFloat64(16, true),
    boardS: view.getFloat64(24, true),
    rateHz: view.getFloat32(32, true),
    tripS: trip === 65535 ? 0 : trip / 1000,
    uvPerStep: view.getUint16(38, true) / 1000,
    steps: new Int16Array(buffer, HEADER, channels * samples),
  };
}

// listener: {frame(frame), news(message), connected(), lost(words)}
export class Feed {
  constructor(listener) {
    this.listener = listener;
    this.wait = 500;
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live/feed`);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      this.wait = 500;
      this.listener.connected();
    });
    socket.addEventListener("message", (event) => {
      if (typeof event.data === "string") {
        this.listener.news(JSON.parse(event.data));
        return;
      }
      const frame = decode(event.data);
      this.listener.frame(frame);
      if (socket.readyState === WebSocket.OPEN) socket.send(`a${frame.number}`);
    });
    socket.addEventListener("close", () => this.again());
  }

  async again() {
    let words = "Not connected: hfs-emg does not answer. The recording may be going on; trying again.";
    try {
      const answer = await fetch("/static/icon.svg", { cache: "no-store" });
      if (answer.ok) {
        const page = await fetch(location.pathname, { cache: "no-store" });
        if (page.status === 401)
          words = "This browser has to be let in again: hfs-emg was started anew. Open the new link that it printed.";
      }
    } catch {
      // No answer at all: the words above.
    }
    this.listener.lost(words);
    setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(5000, this.wait * 1.5);
  }
}
