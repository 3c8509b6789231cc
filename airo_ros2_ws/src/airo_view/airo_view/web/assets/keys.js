// Keys, and the list of them.

const $ = (id) => document.getElementById(id);

export class Keys {
  // keys: [key, meaning, action]; pick(n): the camera of the number keys, or undefined
  constructor(keys, { pick }) {
    this.keys = [...keys, ["?", "these keys", () => this.show()]];
    this.pick = pick;
    $("help").onclick = () => this.show();
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
    if (event.key >= "1" && event.key <= "9") return this.pick(Number(event.key));
    const found = this.keys.find(([key]) => key === event.key.toLowerCase());
    if (!found) return;
    event.preventDefault();
    found[2]();
  }

  show() {
    const pairs = [["1 – 9", "show that camera large"], ...this.keys];
    const list = $("keys").querySelector("dl");
    list.replaceChildren(...pairs.flatMap(([key, text]) => {
      const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = key.length === 1 ? key.toUpperCase() : key;
      meaning.textContent = text;
      return [term, meaning];
    }));
    $("keys").showModal();
  }
}
