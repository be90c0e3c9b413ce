// A sound or a word at a spasm, for whoever trains with it; off unless asked for.

let audio = null;

export function cue(side, sound, speech) {
  if (sound) beep(side);
  if (speech && "speechSynthesis" in window) {
    speechSynthesis.cancel();
    speechSynthesis.speak(new SpeechSynthesisUtterance(side === "left" ? "left" : side === "right" ? "right" : "spasm"));
  }
}

function beep(side) {
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  const place = audio.createStereoPanner();
  tone.frequency.value = 660;
  place.pan.value = side === "left" ? -0.8 : side === "right" ? 0.8 : 0;
  loudness.gain.setValueAtTime(0.15, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.15);
  tone.connect(loudness).connect(place).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.16);
}
