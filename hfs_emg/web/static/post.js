// A change: a POST that bears this page's token. Resolves to the answer's JSON (null for none); throws Error with a sentence.

export function changeToken() {
  return document.querySelector('meta[name="change-token"]').content;
}

export async function post(path, fields = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "x-change-token": changeToken(), "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(fields),
    });
  } catch {
    throw new Error("The server does not answer: is hfs-emg still running?");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(sentenceOf(text) || `The server refused it (${answer.status}).`);
  return text ? JSON.parse(text) : null;
}

function sentenceOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    const words = new DOMParser().parseFromString(text, "text/html").querySelector("main p");
    return words ? words.textContent : "";
  }
}
