// A line that goes away by itself.

const STAY_MS = 6000;

export function toast(text, ok) {
  const box = document.createElement("div");
  box.className = ok ? "" : "bad";
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), STAY_MS);
}
