// One camera on the page: its newest picture, its tags over it, and how well both keep up.

import { drawOverlay } from "./overlay.js";

const WINDOW_MS = 2000; // of rates and latencies
const HOLD_MS = 500; // a picture waits for its tags no longer than this
const TAGS_COME_MS = 1500; // without a result for so long, no picture waits for one
const MAX_HELD = 40;
const MAX_ZOOM = 16;
const MIN_TEXT_WIDTH = 560; // px; on a smaller picture the numbers of several tags would cover each other
const STATES = { silent: "sends no pictures", gone: "has stopped", idle: "" };

function make(kind, className, parent) {
  const made = document.createElement(kind);
  made.className = className;
  parent.append(made);
  return made;
}

function median(values) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

class Window {
  // Values of the last moments.
  constructor() {
    this.items = [];
  }
  add(value) {
    this.items.push([performance.now(), value]);
    this.trim();
  }
  trim() {
    const oldest = performance.now() - WINDOW_MS;
    while (this.items.length && this.items[0][0] < oldest) this.items.shift();
  }
  values() {
    this.trim();
    return this.items.map((item) => item[1]);
  }
  rate() {
    this.trim();
    if (this.items.length < 2) return 0;
    return ((this.items.length - 1) * 1000) / (this.items[this.items.length - 1][0] - this.items[0][0]);
  }
}

export class Tile {
  // page: settings {show, inStep}, connection, isLarge(tile), onPick(tile)
  constructor(name, page) {
    this.name = name;
    this.title = name.replace(":", " · "); // a frame with depth is "front" and "front:depth"
    this.page = page;
    this.head = null; // of the picture that is shown
    this.exactTags = null; // found in just that picture
    this.newestTags = null;
    this.tagsBySequence = new Map();
    this.held = []; // pictures that wait for their tags, as they came
    this.next = null; // to be decoded
    this.isDecoding = false;
    this.dropped = 0;
    this.lastSequence = null;
    this.shownAt = 0;
    this.tagsAt = -Infinity;
    this.rates = { shown: new Window(), tags: new Window() };
    this.latency = new Window();
    this.decoded = new Window(); // latency until the picture is decoded
    this.view = { zoom: 1, x: 0, y: 0 }; // x, y: where the middle of the tile is in the picture, -0.5 to 0.5
    this.build();
  }

  build() {
    this.root = document.createElement("div");
    this.root.className = "tile";
    this.root.dataset.camera = this.name;
    this.box = make("div", "picture", this.root);
    this.canvas = make("canvas", "", this.box);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.box.append(this.svg);
    const name = make("div", "name", this.root);
    make("i", "lamp", name);
    name.append(this.title);
    this.facts = make("div", "facts", this.root);
    this.message = make("div", "state", this.root);
    this.message.textContent = "waiting for a picture";
    this.zoomButton = make("button", "zoom", this.root);
    this.zoomButton.textContent = "Fit";
    this.zoomButton.hidden = true;
    this.zoomButton.onclick = () => this.setView({ zoom: 1, x: 0, y: 0 });
    new ResizeObserver(() => {
      this.place();
      this.page.onResize();
    }).observe(this.root);
    this.listen();
  }

  // --- from the server ---

  onState(state) {
    this.state = state;
    this.root.classList.remove("live", "silent", "gone", "idle");
    this.root.classList.add(state);
    const problem = STATES[state];
    this.message.hidden = !problem && this.head !== null;
    if (problem) this.message.textContent = `${this.title} ${problem}`;
    else if (this.head === null) this.message.textContent = "waiting for a picture";
    if (problem) this.drawTags();
  }

  onFrame(head, jpeg) {
    if (this.lastSequence !== null && head.sequence > this.lastSequence) this.dropped += head.sequence - this.lastSequence - 1;
    this.lastSequence = head.sequence;
    const frame = { head, jpeg, cameAt: performance.now() };
    const waits = this.page.inStep && this.page.showsTags() && performance.now() - this.tagsAt < TAGS_COME_MS;
    if (!waits || this.tagsBySequence.has(head.sequence)) {
      this.held.length = 0;
      this.show(frame);
      return;
    }
    this.page.connection.acknowledge(this.name);
    frame.isAcknowledged = true;
    this.held.push(frame);
    if (this.held.length > MAX_HELD) this.held.shift();
  }

  onTags(tags) {
    this.tagsAt = performance.now();
    this.rates.tags.add(0);
    this.newestTags = tags;
    this.tagsBySequence.set(tags.sequence, tags);
    if (this.tagsBySequence.size > MAX_HELD) this.tagsBySequence.delete(this.tagsBySequence.keys().next().value);
    const index = this.held.findIndex((frame) => frame.head.sequence === tags.sequence);
    if (index >= 0) this.show(this.held.splice(0, index + 1).pop());
    else if (this.head && this.head.sequence === tags.sequence) this.drawTags();
    else if (!this.page.inStep) this.drawTags();
  }

  // Called for each picture of the screen.
  tick() {
    const newest = this.held[this.held.length - 1];
    if (newest && performance.now() - Math.max(this.shownAt, this.held[0].cameAt) > HOLD_MS) {
      this.held.length = 0;
      this.show(newest);
    }
    if (this.ready) {
      const { head, bitmap } = this.ready;
      this.ready = null;
      this.paint(head, bitmap);
    }
  }

  // --- showing ---

  show(frame) {
    if (this.next) this.done(this.next);
    this.next = frame;
    if (!this.isDecoding) this.decode();
  }

  done(frame) {
    if (!frame.isAcknowledged) this.page.connection.acknowledge(this.name);
    frame.isAcknowledged = true;
  }

  async decode() {
    this.isDecoding = true;
    while (this.next) {
      const frame = this.next;
      this.next = null;
      try {
        const bitmap = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        this.decoded.add(this.page.connection.serverNow() - frame.head.stamp_ms);
        if (this.ready) this.ready.bitmap.close();
        this.ready = { head: frame.head, bitmap };
      } catch (error) {
        console.warn(`${this.name}: picture ${frame.head.sequence} cannot be decoded`, error);
      } finally {
        this.done(frame);
      }
    }
    this.isDecoding = false;
  }

  paint(head, bitmap) {
    const isNewShape = !this.head || this.head.width !== head.width || this.head.height !== head.height;
    this.head = head;
    this.shownAt = performance.now();
    if (this.canvas.width !== bitmap.width || this.canvas.height !== bitmap.height) {
      this.canvas.width = bitmap.width;
      this.canvas.height = bitmap.height;
    }
    this.context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.canvas.dataset.sequence = head.sequence;
    this.rates.shown.add(0);
    this.latency.add(this.page.connection.serverNow() - head.stamp_ms);
    if (isNewShape) {
      this.svg.setAttribute("viewBox", `-0.5 -0.5 ${head.width} ${head.height}`);
      this.root.style.setProperty("--shape", `${head.width} / ${head.height}`);
      this.place();
      this.message.hidden = !STATES[this.state];
      this.page.onResize();
    }
    this.drawTags();
  }

  drawTags() {
    const exact = this.head && this.tagsBySequence.get(this.head.sequence);
    let tags = exact || this.newestTags;
    if (!this.head || !tags) tags = null;
    else if (Math.abs(this.head.stamp_ms - tags.stamp_ms) > TAGS_COME_MS) tags = null;
    else if (tags.width !== this.head.width || tags.height !== this.head.height) tags = null;
    if (STATES[this.state]) tags = null;
    this.shownTags = tags;
    this.svg.dataset.sequence = tags ? tags.sequence : "";
    drawOverlay(this.svg, tags, {
      show: this.page.show,
      isLate: !exact,
      pxPerPixel: this.pxPerPixel || 1,
      hasText: this.page.isLarge(this) && this.box.clientWidth >= MIN_TEXT_WIDTH,
    });
  }

  // Puts the picture into the tile: as large as fits, or enlarged around a point.
  place() {
    const width = this.head ? this.head.width : 16;
    const height = this.head ? this.head.height : 9;
    const tile = this.root.getBoundingClientRect();
    if (!tile.width || !tile.height) return;
    const fit = Math.min((tile.width - 2) / width, (tile.height - 2) / height);
    this.pxPerPixel = fit * this.view.zoom;
    const size = [width * this.pxPerPixel, height * this.pxPerPixel];
    const style = this.box.style;
    style.width = `${size[0]}px`;
    style.height = `${size[1]}px`;
    style.left = `${(tile.width - 2) / 2 - (0.5 + this.view.x) * size[0]}px`;
    style.top = `${(tile.height - 2) / 2 - (0.5 + this.view.y) * size[1]}px`;
    this.zoomButton.hidden = this.view.zoom === 1;
    this.drawTags();
  }

  // px that a picture is wide on the screen: what the server needs to send
  wantedWidth() {
    const tile = this.root.getBoundingClientRect();
    const fit = this.head ? Math.min(tile.width, (tile.height * this.head.width) / this.head.height) : tile.width;
    return Math.max(16, Math.round(fit * this.view.zoom * devicePixelRatio));
  }

  numbers() {
    return {
      shown: this.rates.shown.rate(),
      camera: this.head ? this.head.rate : null,
      tags: this.rates.tags.rate(),
      latency: median(this.latency.values()),
      decoded: median(this.decoded.values()),
      dropped: this.dropped,
      overwritten: this.head ? this.head.overwritten : 0,
      zeroCopy: this.head ? this.head.zero_copy : null,
    };
  }

  showFacts() {
    const numbers = this.numbers();
    if (!this.head || STATES[this.state]) {
      this.facts.hidden = true;
      return;
    }
    this.facts.hidden = this.page.isLarge(this) && this.page.hasSide();
    const latency = numbers.latency === null ? "–" : numbers.latency.toFixed(0);
    this.facts.textContent = `${numbers.shown.toFixed(0)} fps · ${latency} ms · ${numbers.dropped} dropped`;
  }

  // After the page was hidden, what was not sent was not lost.
  forgetSequence() {
    this.lastSequence = null;
  }

  // --- looking closer ---

  setView({ zoom, x, y }) {
    this.view.zoom = Math.min(MAX_ZOOM, Math.max(1, zoom));
    const room = 0.5 - 0.5 / this.view.zoom; // the middle stays where the picture fills the tile
    this.view.x = Math.min(room, Math.max(-room, x));
    this.view.y = Math.min(room, Math.max(-room, y));
    this.place();
    this.page.onResize();
  }

  zoomAt(factor, clientX, clientY) {
    const box = this.box.getBoundingClientRect();
    const at = [(clientX - box.left) / box.width - 0.5, (clientY - box.top) / box.height - 0.5];
    const zoom = Math.min(MAX_ZOOM, Math.max(1, this.view.zoom * factor));
    const kept = this.view.zoom / zoom;
    this.setView({ zoom, x: at[0] + (this.view.x - at[0]) * kept, y: at[1] + (this.view.y - at[1]) * kept });
  }

  listen() {
    const fingers = new Map();
    let spread = 0;
    this.root.addEventListener("wheel", (event) => {
      if (!this.page.isLarge(this)) return;
      event.preventDefault();
      this.zoomAt(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY);
    }, { passive: false });
    this.root.addEventListener("pointerdown", (event) => {
      if (!this.page.isLarge(this) || event.target === this.zoomButton) return;
      fingers.set(event.pointerId, event);
      this.root.setPointerCapture(event.pointerId);
      spread = 0;
    });
    this.root.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      fingers.set(event.pointerId, event);
      if (fingers.size === 1) {
        const box = this.box.getBoundingClientRect();
        const moved = [(event.clientX - before.clientX) / box.width, (event.clientY - before.clientY) / box.height];
        this.setView({ zoom: this.view.zoom, x: this.view.x - moved[0], y: this.view.y - moved[1] });
      } else if (fingers.size === 2) {
        const [a, b] = [...fingers.values()];
        const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (spread) this.zoomAt(now / spread, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
        spread = now;
      }
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      this.root.addEventListener(kind, (event) => {
        fingers.delete(event.pointerId);
        spread = 0;
      });
    }
    this.root.addEventListener("dblclick", () => this.setView({ zoom: 1, x: 0, y: 0 }));
    this.root.addEventListener("click", () => {
      if (!this.page.isLarge(this)) this.page.onPick(this);
    });
  }
}
