// How far a report is, until it is there; then the page is loaded again, which shows it.

const wait = document.getElementById("wait");

async function look() {
  try {
    const answer = await fetch(wait.dataset.share, { cache: "no-store" });
    if (!answer.ok) return location.reload();
    const told = await answer.json();
    if (told.ready) return location.reload();
    document.getElementById("share").value = told.share;
    document.getElementById("told").textContent = told.share < 1 ? `${Math.floor(100 * told.share)} %` : "The page is being drawn.";
  } catch {
    document.getElementById("told").textContent = "hfs-emg does not answer; trying again.";
  }
  setTimeout(look, 1000);
}

look();
