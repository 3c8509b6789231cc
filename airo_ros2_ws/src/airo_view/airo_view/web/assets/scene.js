// Camera and tags in space, drawn on a canvas. Camera frame: x right, y down, z forward; metres.

import { tagColour, tagKey } from "./overlay.js";

const KEEP_MS = 700; // a tag that is not seen any more fades for so long
const HOME = { turn: -0.65, tilt: 0.42, zoom: 1 };
const AXIS_COLOURS = ["#ff4d4d", "#42d66b", "#4d9dff"];

function rotation([x, y, z, w]) {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Scene {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.tags = new Map(); // by family and id: { tag, seenAt }
    this.head = null;
    this.reach = 1; // m, how far the scene goes; follows the tags slowly
    this.home();
    this.listen();
  }

  home() {
    Object.assign(this, HOME);
    this.isDirty = true;
  }

  // tags: message from the server or null; head: of the picture
  set(tags, head) {
    const now = performance.now();
    for (const tag of tags ? tags.detections : []) {
      if (tag.position) this.tags.set(tagKey(tag), { tag, seenAt: now });
    }
    for (const [key, { seenAt }] of this.tags) if (now - seenAt > KEEP_MS) this.tags.delete(key);
    this.head = head;
    this.isDirty = true;
  }

  clear() {
    this.tags.clear();
    this.head = null;
    this.isDirty = true;
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || (!this.isDirty && this.canvas.width === Math.round(width * ratio))) return;
    this.isDirty = false;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const style = getComputedStyle(this.canvas);
    this.colours = { line: style.getPropertyValue("--line"), text: style.getPropertyValue("--text"), soft: style.getPropertyValue("--soft") };
    const c = this.context;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.lineJoin = c.lineCap = "round";
    this.aim(width, height);
    this.drawFloor();
    this.drawCamera();
    const far = [...this.tags.values()].sort((a, b) => this.depth(b.tag.position) - this.depth(a.tag.position));
    for (const { tag, seenAt } of far) this.drawTag(tag, seenAt);
  }

  // Where we look from: around a point between camera and tags.
  aim(width, height) {
    const depths = [...this.tags.values()].map(({ tag }) => Math.hypot(...tag.position));
    if (depths.length) this.reach += (median(depths) - this.reach) * 0.08;
    this.middle = [0, 0, this.reach * 0.52];
    this.distance = (this.reach * 1.75) / this.zoom;
    this.scale = Math.min(width, height * 1.5) * 0.95;
    this.centre = [width / 2, height / 2];
    const [st, ct] = [Math.sin(this.turn), Math.cos(this.turn)];
    const [si, ci] = [Math.sin(this.tilt), Math.cos(this.tilt)];
    // Rows: right, down and forward of the one who looks.
    this.axes = [[ct, 0, -st], [si * st, ci, si * ct], [ci * st, -si, ci * ct]];
  }

  depth(point) {
    const [dx, dy, dz] = point.map((value, i) => value - this.middle[i]);
    const [x, y, z] = this.axes[2];
    return x * dx + y * dy + z * dz + this.distance;
  }

  project(point) {
    const moved = point.map((value, i) => value - this.middle[i]);
    const [right, down] = this.axes.map(([x, y, z]) => x * moved[0] + y * moved[1] + z * moved[2]);
    const depth = Math.max(this.depth(point), this.distance * 0.05);
    return [this.centre[0] + (this.scale * right) / depth, this.centre[1] + (this.scale * down) / depth];
  }

  path(points, { stroke, fill, width = 1, close = false }) {
    const c = this.context;
    c.beginPath();
    points.map((point) => this.project(point)).forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
    if (close) c.closePath();
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    }
    if (stroke) {
      c.strokeStyle = stroke;
      c.lineWidth = width;
      c.stroke();
    }
  }

  drawFloor() {
    const rough = this.reach / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.7);
    const y = this.reach * 0.42;
    const count = Math.ceil((this.reach * 0.9) / step);
    const end = Math.ceil((this.reach * 1.5) / step) * step;
    for (let i = -count; i <= count; i++) this.path([[i * step, y, 0], [i * step, y, end]], { stroke: this.colours.line });
    for (let z = 0; z <= end + step / 2; z += step) this.path([[-count * step, y, z], [count * step, y, z]], { stroke: this.colours.line });
    this.context.fillStyle = this.colours.soft;
    this.context.font = "11px system-ui, sans-serif";
    this.context.textAlign = "left";
    const label = step >= 1 ? `${step} m` : `${Math.round(step * 100)} cm`;
    this.context.fillText(`grid ${label}`, 8, this.centre[1] * 2 - 8);
  }

  drawCamera() {
    const lens = this.head && this.head.intrinsics;
    const { width, height } = this.head || { width: 16, height: 9 };
    const { fx, fy, cx, cy } = lens || { fx: width, fy: width, cx: width / 2, cy: height / 2 };
    const z = this.reach * 0.22;
    const corner = (u, v) => [((u - cx) / fx) * z, ((v - cy) / fy) * z, z];
    const corners = [corner(0, 0), corner(width, 0), corner(width, height), corner(0, height)];
    this.path(corners, { fill: "rgb(43 196 207 / .13)", stroke: this.colours.text, width: 1.5, close: true });
    for (const end of corners) this.path([[0, 0, 0], end], { stroke: this.colours.text, width: 1.5 });
    const long = this.reach * 0.1;
    [[long, 0, 0], [0, long, 0], [0, 0, long]].forEach((end, i) => {
      this.path([[0, 0, 0], end], { stroke: AXIS_COLOURS[i], width: 3 });
    });
  }

  drawTag(tag, seenAt) {
    const turned = rotation(tag.quaternion_xyzw);
    const at = (x, y, z) => tag.position.map((value, i) => value + turned[i][0] * x + turned[i][1] * y + turned[i][2] * z);
    const half = (tag.size || 0.1) / 2;
    const colour = tagColour(tag);
    const c = this.context;
    c.globalAlpha = Math.max(0.15, 1 - (performance.now() - seenAt) / KEEP_MS);
    this.path([[0, 0, 0], tag.position], { stroke: colour, width: 0.6 });
    this.path([tag.position, [tag.position[0], this.reach * 0.42, tag.position[2]]], { stroke: this.colours.line, width: 1 });
    const face = [at(-half, -half, 0), at(half, -half, 0), at(half, half, 0), at(-half, half, 0)];
    this.path(face, { fill: colour.replace(")", " / .35)"), stroke: colour, width: 3, close: true });
    [[half * 1.4, 0, 0], [0, half * 1.4, 0], [0, 0, half * 1.4]].forEach((end, i) => {
      this.path([tag.position, at(...end)], { stroke: AXIS_COLOURS[i], width: 2 });
    });
    if (tag.sigma_m) {
      // Three standard deviations each way, along the camera's axes.
      tag.sigma_m.forEach((sigma, i) => {
        const ends = [-3, 3].map((n) => tag.position.map((value, k) => (k === i ? value + n * sigma : value)));
        this.path(ends, { stroke: "#f2b53b", width: 2 });
      });
    }
    const [x, y] = this.project(at(0, half * 1.5, 0));
    c.fillStyle = this.colours.text;
    c.font = "600 12px system-ui, sans-serif";
    c.textAlign = "center";
    c.fillText(String(tag.id), x, y - 3);
    c.globalAlpha = 1;
  }

  listen() {
    let last = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      last = event;
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!last || event.pointerId !== last.pointerId) return;
      this.turn += (event.clientX - last.clientX) * 0.008;
      this.tilt = Math.min(1.5, Math.max(-1.5, this.tilt + (event.clientY - last.clientY) * 0.008));
      last = event;
      this.isDirty = true;
    });
    for (const kind of ["pointerup", "pointercancel"]) this.canvas.addEventListener(kind, () => (last = null));
    this.canvas.addEventListener("dblclick", () => this.home());
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom = Math.min(6, Math.max(0.3, this.zoom * Math.exp(-event.deltaY * 0.001)));
      this.isDirty = true;
    }, { passive: false });
  }
}
