// Tags drawn over a picture, in the picture's own pixels: the centre of the first pixel is (0, 0), as in OpenCV.

const SVG = "http://www.w3.org/2000/svg";
const AXIS_COLOURS = ["#ff4d4d", "#42d66b", "#4d9dff"];

export function tagColour(tag) {
  return `hsl(${(tag.id * 137.508 + 172) % 360} 85% 62%)`;
}

export function tagKey(tag) {
  return `${tag.family}:${tag.id}`;
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const signed = (value, digits) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

function lines(tag, show) {
  const text = [];
  if (tag.position && show.position) {
    text.push(["x", "y", "z"].map((axis, i) => `${axis} ${signed(tag.position[i], 3)}`).join("  ") + " m");
  }
  if (tag.yaw_pitch_roll_deg && show.angles) {
    text.push(["yaw", "pitch", "roll"].map((axis, i) => `${axis} ${signed(tag.yaw_pitch_roll_deg[i], 1)}`).join("  ") + "°");
  }
  if (tag.sigma_m && show.uncertainty) {
    const mm = Math.hypot(...tag.sigma_m) * 1000;
    const degrees = tag.sigma_deg ? `  ${Math.hypot(...tag.sigma_deg).toFixed(2)}°` : "";
    text.push(`± ${mm.toFixed(mm < 10 ? 2 : 0)} mm${degrees}`);
  }
  return text;
}

// svg: is filled anew. tags: a message from the server, or null. show: which parts. pxPerPixel: on the screen.
// hasText: there is room for numbers beside the tags.
export function drawOverlay(svg, tags, { show, isLate, pxPerPixel, hasText }) {
  const parts = [];
  for (const tag of tags ? tags.detections : []) {
    const group = element("g", { "data-tag": tagKey(tag), class: isLate ? "late" : "exact" });
    const points = tag.corners.map(([x, y]) => `${x},${y}`).join(" ");
    const colour = tagColour(tag);
    if (show.outline) {
      group.append(element("polygon", { class: "halo", points }));
      group.append(element("polygon", { class: "outline", points, stroke: colour }));
    }
    if (show.axes && tag.axes) {
      const [origin, ...ends] = tag.axes;
      ends.forEach(([x2, y2], i) => {
        group.append(element("line", { class: "axis", x1: origin[0], y1: origin[1], x2, y2, stroke: AXIS_COLOURS[i] }));
      });
    }
    const edge = Math.hypot(tag.corners[0][0] - tag.corners[1][0], tag.corners[0][1] - tag.corners[1][1]);
    if (show.id) {
      const size = Math.max(11 / pxPerPixel, Math.min(edge * 0.42, 28 / pxPerPixel));
      const [x, y] = tag.center;
      group.append(element("text", { class: "label id", x, y, "font-size": size }, String(tag.id)));
    }
    if (hasText) {
      const size = 12.5 / pxPerPixel;
      const left = Math.min(...tag.corners.map((corner) => corner[0]));
      const bottom = Math.max(...tag.corners.map((corner) => corner[1]));
      lines(tag, show).forEach((text, i) => {
        const y = bottom + size * (1.5 + 1.3 * i);
        group.append(element("text", { class: "label", x: left, y, "font-size": size }, text));
      });
    }
    parts.push(group);
  }
  svg.replaceChildren(...parts);
}
