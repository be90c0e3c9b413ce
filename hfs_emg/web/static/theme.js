// Dark or light: the system's choice until a person says otherwise on this browser.

const root = document.documentElement;
const button = document.getElementById("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");

function kept() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function show(theme) {
  if (theme) root.dataset.theme = theme;
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  button.textContent = now === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", now === "dark" ? "Show light pages" : "Show dark pages");
  dispatchEvent(new Event("themechange"));
}

button.addEventListener("click", () => {
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", next);
  } catch {
    // A browser that keeps nothing shows it until the page is left.
  }
  show(next);
});
dark.addEventListener("change", () => show(kept()));
show(kept());
