// What this browser remembers of the page.

export function remembered(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`airo-view-${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`airo-view-${name}`, JSON.stringify(value));
  } catch {
    // a browser that keeps nothing still shows everything
  }
}
