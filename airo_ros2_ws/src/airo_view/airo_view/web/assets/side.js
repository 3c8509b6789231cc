// The side of the page: numbers of the stream and the table of tags.

import { tagColour, tagKey } from "./overlay.js";

const KEEP_MS = 2000; // a tag that is not seen any more stays in the table for so long

const signed = (value, digits) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

export class Numbers {
  constructor(list) {
    this.list = list;
    this.cells = new Map();
  }

  set(name, value, unit = "", mood = "") {
    let cell = this.cells.get(name);
    if (!cell) {
      const box = document.createElement("div");
      const [title, content] = [document.createElement("dt"), document.createElement("dd")];
      title.textContent = name;
      box.append(title, content);
      this.list.append(box);
      cell = { box, content };
      this.cells.set(name, cell);
    }
    cell.box.className = mood;
    cell.box.dataset.name = name;
    const small = document.createElement("small");
    small.textContent = unit;
    cell.content.replaceChildren(value, small);
  }

  show(numbers) {
    const whole = (value) => (value === null || value === undefined ? "–" : value.toFixed(value < 9.95 ? 1 : 0));
    const slow = numbers.latency !== null && numbers.latency > 200;
    this.set("shown", whole(numbers.shown), "fps");
    this.set("camera", whole(numbers.camera), "Hz");
    this.set("tags", whole(numbers.tags), "Hz");
    this.set("latency", numbers.latency === null ? "–" : numbers.latency.toFixed(0), "ms", slow ? "warn" : "");
    this.set("dropped", String(numbers.dropped), "");
    const mood = { true: "good", false: "warn", null: "" }[String(numbers.zeroCopy)];
    this.set("zero-copy", { true: "yes", false: "no", null: "–" }[String(numbers.zeroCopy)], "", mood);
  }
}

export class TagTable {
  constructor(table, count) {
    this.body = table.tBodies[0];
    this.count = count;
    this.rows = new Map(); // by family and id: { row, seenAt }
  }

  clear() {
    this.rows.clear();
    this.body.replaceChildren();
  }

  show(tags) {
    const now = performance.now();
    for (const tag of tags ? tags.detections : []) {
      const key = tagKey(tag);
      if (!this.rows.has(key)) this.insert(key, tag);
      const entry = this.rows.get(key);
      entry.seenAt = now;
      this.fill(entry.row, tag);
    }
    for (const [key, { row, seenAt }] of this.rows) {
      row.classList.toggle("lost", now - seenAt > 400);
      if (now - seenAt > KEEP_MS) {
        row.remove();
        this.rows.delete(key);
      }
    }
    const seen = [...this.rows.values()].filter(({ seenAt }) => now - seenAt <= 400).length;
    this.count.textContent = seen ? `${seen} in view` : "none in view";
  }

  insert(key, tag) {
    const row = document.createElement("tr");
    row.dataset.tag = key;
    for (let i = 0; i < 8; i++) row.insertCell();
    const swatch = document.createElement("i");
    swatch.style.background = tagColour(tag);
    row.cells[0].append(swatch, String(tag.id));
    row.cells[0].title = key;
    const after = [...this.rows.entries()].filter(([, entry]) => entry.id > tag.id).sort((a, b) => a[1].id - b[1].id)[0];
    this.body.insertBefore(row, after ? after[1].row : null);
    this.rows.set(key, { row, id: tag.id, seenAt: 0 });
  }

  fill(row, tag) {
    const sigma = tag.sigma_m ? Math.hypot(...tag.sigma_m) * 1000 : null;
    const texts = [
      ...(tag.position || [null, null, null]).map((value) => (value === null ? "–" : signed(value, 3))),
      ...(tag.yaw_pitch_roll_deg || [null, null, null]).map((value) => (value === null ? "–" : signed(value, 1))),
      sigma === null ? "–" : sigma.toFixed(sigma < 10 ? 2 : 0),
    ];
    texts.forEach((text, i) => (row.cells[i + 1].textContent = text));
  }
}
