// The page: which cameras are shown how, keys and buttons.

import { Connection } from "./connection.js";
import { Keys } from "./keys.js";
import { Recording } from "./recording.js";
import { Scene } from "./scene.js";
import { remember, remembered } from "./settings.js";
import { Numbers, TagTable } from "./side.js";
import { Tile } from "./tile.js";
import { toast } from "./toast.js";

const TOGGLES = [
  ["outline", "Outline", "o"],
  ["id", "Id", "i"],
  ["axes", "Axes", "a"],
  ["position", "x y z", "p"],
  ["angles", "Angles", "y"],
  ["uncertainty", "± σ", "u"],
];
const THEMES = ["auto", "dark", "light"];
const NUMBERS_MS = 250;
const RESIZE_MS = 150;
const $ = (id) => document.getElementById(id);

class Page {
  constructor() {
    const shown = { outline: true, id: true, axes: true, position: true, angles: false, uncertainty: false };
    this.show = { ...shown, ...remembered("show", {}) };
    this.inStep = remembered("in-step", true);
    this.theme = remembered("theme", "auto");
    this.tiles = new Map();
    this.large = remembered("large", null); // name of the one that is shown large
    this.wantsMosaic = remembered("mosaic", null); // null: what suits the number of cameras
    this.scene = new Scene($("scene"));
    this.numbers = new Numbers($("numbers"));
    this.table = new TagTable($("tags"), $("tag-count"));
    this.makeToggles();
    this.applyTheme();
    this.connection = new Connection({
      onLink: (isOpen) => this.onLink(isOpen),
      onState: (state) => this.onState(state),
      onFrame: (head, jpeg) => this.onFrame(head, jpeg),
      onTags: (tags) => this.onTags(tags),
      onRecorder: (answer) => this.recording.onAnswer(answer),
    });
    this.recording = new Recording(this.connection);
    this.bind();
    this.layout();
    setInterval(() => this.refresh(), NUMBERS_MS);
    const draw = () => {
      for (const tile of this.tiles.values()) tile.tick();
      if (this.hasSide()) this.scene.draw();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  // --- from the server ---

  onLink(isOpen) {
    $("notice").hidden = isOpen;
    $("notice").textContent = "The connection is lost; trying again";
    document.body.dataset.link = isOpen ? "open" : "lost";
    if (!isOpen) return;
    for (const tile of this.tiles.values()) tile.forgetSequence();
  }

  onState(state) {
    const names = state.cameras.map((camera) => camera.name);
    let changed = false;
    for (const name of names) {
      if (!this.tiles.has(name)) {
        this.tiles.set(name, new Tile(name, this));
        changed = true;
      }
    }
    for (const [name, tile] of this.tiles) {
      if (!names.includes(name)) {
        tile.root.remove();
        this.tiles.delete(name);
        changed = true;
      }
    }
    for (const camera of state.cameras) this.tiles.get(camera.name).onState(camera.state);
    if (changed) this.layout();
    this.recording.show(state.recorders);
  }

  onFrame(head, jpeg) {
    const tile = this.tiles.get(head.camera);
    if (tile) tile.onFrame(head, jpeg);
    else this.connection.acknowledge(head.camera);
  }

  onTags(tags) {
    const tile = this.tiles.get(tags.camera);
    if (!tile) return;
    tile.onTags(tags);
    if (this.largeTile() !== tile) return;
    this.scene.set(tags, tile.head);
    this.table.show(tags);
  }

  // --- what is shown how ---

  isMosaic() {
    return this.wantsMosaic === null ? this.tiles.size > 1 : this.wantsMosaic && this.tiles.size > 1;
  }

  largeTile() {
    if (this.isMosaic() || !this.tiles.size) return null;
    return this.tiles.get(this.large) || this.sorted()[0];
  }

  isLarge(tile) {
    return this.largeTile() === tile;
  }

  hasSide() {
    return this.largeTile() !== null;
  }

  showsTags() {
    return Object.values(this.show).some(Boolean);
  }

  sorted() {
    return [...this.tiles.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  onPick(tile) {
    this.large = tile.name;
    this.wantsMosaic = false;
    this.layout();
  }

  setMosaic(value) {
    this.wantsMosaic = value;
    this.layout();
  }

  onResize() {
    clearTimeout(this.resizeTimer);
    this.resizeTimer = setTimeout(() => this.relayout(), RESIZE_MS);
  }

  relayout() {
    this.layoutMosaic();
    this.watch();
  }

  layout() {
    remember("large", this.large);
    remember("mosaic", this.wantsMosaic);
    const large = this.largeTile();
    const tiles = large ? [large] : this.sorted();
    const main = document.querySelector("main");
    main.classList.toggle("mosaic", this.isMosaic());
    main.classList.toggle("empty", !this.tiles.size);
    const shown = tiles.length ? tiles.map((tile) => tile.root) : [this.blank()];
    const stage = $("stage");
    if (shown.length !== stage.children.length || shown.some((root, i) => root !== stage.children[i])) stage.replaceChildren(...shown);
    for (const tile of this.tiles.values()) {
      if (tile !== large) tile.setView({ zoom: 1, x: 0, y: 0 });
    }
    this.layoutMosaic();
    $("mosaic").setAttribute("aria-pressed", this.isMosaic());
    $("mosaic").disabled = this.tiles.size < 2;
    this.scene.clear();
    this.table.clear();
    this.showCameras();
    this.watch();
    for (const tile of tiles) tile.place();
  }

  // Width by height of what is shown.
  shape() {
    const head = this.sorted().find((tile) => tile.head)?.head;
    return head ? head.width / head.height : 16 / 9;
  }

  // As many columns as make the pictures largest.
  layoutMosaic() {
    const stage = $("stage");
    const count = this.isMosaic() ? this.tiles.size : 1;
    const { clientWidth: width, clientHeight: height } = stage;
    const isPhone = matchMedia("(max-width: 760px)").matches;
    let [best, columns] = [0, 1];
    for (let n = 1; n <= count && !isPhone; n++) {
      const size = Math.min(width / n, (height / Math.ceil(count / n)) * this.shape());
      if (size > best) [best, columns] = [size, n];
    }
    stage.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    stage.style.gridAutoRows = isPhone ? (count > 1 ? `${(width * 9) / 16}px` : "auto") : "minmax(0, 1fr)";
  }

  watch() {
    const large = this.largeTile();
    const tiles = large ? [large] : this.sorted();
    const widths = {};
    if (!document.hidden) for (const tile of tiles) widths[tile.name] = tile.wantedWidth();
    for (const tile of this.tiles.values()) if (!(tile.name in this.connection.watched)) tile.forgetSequence();
    this.connection.watch(widths);
  }

  blank() {
    const box = document.createElement("div");
    box.className = "blank";
    const [title, text, code] = ["h2", "div", "code"].map((kind) => document.createElement(kind));
    title.textContent = "No camera yet";
    text.textContent = "Pictures appear here as soon as a camera of this ROS domain publishes. Start one with";
    code.textContent = "airo-ros2 bringup";
    box.append(title, text, code);
    return box;
  }

  // --- the bar ---

  showCameras() {
    const large = this.largeTile();
    const buttons = this.sorted().map((tile, i) => {
      const button = document.createElement("button");
      const [lamp, rate] = [document.createElement("i"), document.createElement("small")];
      lamp.className = "lamp";
      button.append(lamp, tile.title, rate);
      button.title = i < 9 ? `Show it large (${i + 1})` : "Show it large";
      button.setAttribute("aria-pressed", tile === large);
      button.onclick = () => this.onPick(tile);
      tile.button = button;
      tile.rateText = rate;
      return button;
    });
    $("cameras").replaceChildren(...buttons);
  }

  makeToggles() {
    for (const [name, text, key] of TOGGLES) {
      const button = document.createElement("button");
      button.textContent = text;
      button.title = `${text} (${key.toUpperCase()})`;
      button.dataset.toggle = name;
      button.onclick = () => this.toggle(name);
      $("toggles").append(button);
    }
    this.showToggles();
  }

  showToggles() {
    for (const button of $("toggles").querySelectorAll("[data-toggle]")) {
      button.setAttribute("aria-pressed", this.show[button.dataset.toggle]);
    }
    $("in-step").setAttribute("aria-pressed", this.inStep);
  }

  toggle(name) {
    this.show[name] = !this.show[name];
    remember("show", this.show);
    this.showToggles();
    for (const tile of this.tiles.values()) tile.drawTags();
  }

  toggleInStep() {
    this.inStep = !this.inStep;
    remember("in-step", this.inStep);
    this.showToggles();
  }

  applyTheme() {
    const isLight = this.theme === "light" || (this.theme === "auto" && matchMedia("(prefers-color-scheme: light)").matches);
    document.documentElement.classList.toggle("light", isLight);
    $("theme").textContent = `◐ ${this.theme[0].toUpperCase()}${this.theme.slice(1)}`;
    if (this.scene) this.scene.isDirty = true;
  }

  nextTheme() {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    remember("theme", this.theme);
    this.applyTheme();
  }

  refresh() {
    for (const tile of this.tiles.values()) {
      tile.showFacts();
      if (!tile.button) continue;
      tile.button.className = tile.state || "";
      const rate = tile.head && tile.state === "live" ? tile.head.rate : null;
      tile.rateText.textContent = rate ? `${rate.toFixed(0)} Hz` : "";
    }
    const large = this.largeTile();
    if (!large) return;
    this.numbers.show(large.numbers());
    this.table.show(null);
    this.scene.set(null, large.head);
  }

  savePicture() {
    const tile = this.largeTile();
    if (!tile || !tile.head) return toast("Show one camera large first", false);
    const name = `${tile.name.replaceAll(/[/:]/g, "_")}_${tile.head.sequence}.png`;
    tile.canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      toast(`Saved ${name}`, true);
    });
  }

  keys() {
    return [
      ["m", "all cameras, or one large", () => this.setMosaic(!this.isMosaic())],
      ...TOGGLES.map(([name, text, key]) => [key, text, () => this.toggle(name)]),
      ["e", "pictures in step with their tags, or at once", () => this.toggleInStep()],
      ["0", "fit the picture again", () => this.largeTile()?.setView({ zoom: 1, x: 0, y: 0 })],
      ["+", "enlarge", () => this.zoom(1.5)],
      ["-", "make smaller", () => this.zoom(1 / 1.5)],
      ["r", "start or stop recording", () => this.recording.toggle()],
      ["n", "save what the recorder has in memory", () => this.recording.snapshot()],
      ["s", "save this picture", () => this.savePicture()],
      ["t", "light, dark or as the system", () => this.nextTheme()],
    ];
  }

  zoom(factor) {
    const tile = this.largeTile();
    if (!tile) return;
    const { left, top, width, height } = tile.root.getBoundingClientRect();
    tile.zoomAt(factor, left + width / 2, top + height / 2);
  }

  bind() {
    $("mosaic").onclick = () => this.setMosaic(!this.isMosaic());
    $("in-step").onclick = () => this.toggleInStep();
    $("save").onclick = () => this.savePicture();
    $("theme").onclick = () => this.nextTheme();
    $("scene-home").onclick = () => this.scene.home();
    this.pressed = new Keys(this.keys(), { pick: (n) => this.sorted()[n - 1] && this.onPick(this.sorted()[n - 1]) });
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.applyTheme());
    document.addEventListener("visibilitychange", () => this.watch());
    addEventListener("resize", () => this.onResize());
  }
}

window.airoView = new Page();
