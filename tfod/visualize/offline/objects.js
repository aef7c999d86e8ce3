// Objects drawn as SVG, as tfod.visualize.draw draws them on images; sizes, colours and opacity are its own, in
// `data.drawing`. An object has a `number`, which chooses its colour, from 1, and a `box`, x, y, width, height; maybe a
// `mask`, outlines each x, y, x, y, ...; `points`, each x, y, visibility (0: not there, 1: hidden, 2: seen), and `edges`,
// pairs of numbers of points; a `label`; and `marks`, classes of style. All in units of the image. Boxes are drawn as
// they are: one that reaches out of the image is seen to do so where there is room beside it.
const SVG = "http://www.w3.org/2000/svg";

function svgElement(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const numbered = (number, colours) => colours[(number - 1 + colours.length) % colours.length];
const colourOf = (number) => numbered(number, data.drawing.colours);

// An SVG of an image's size, with its objects, the first ones on top; `shown` is the width and height on the screen.
function drawObjects(objects, width, height, shown) {
  const scale = Math.min(shown.width / width, shown.height / height) || 1, side = Math.sqrt(width * height) * scale;
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}` });
  const frame = { width, height, unit: 1 / scale, taken: [], style: data.drawing.styles.findLast((one) => one.side <= side) || data.drawing.styles[0] };
  for (const layer of [drawMask, drawBox, drawSkeleton]) {
    for (const object of [...objects].reverse()) svg.append(...layer(object, frame));
  }
  // The first ones choose their places first, and lie on top.
  svg.append(...objects.flatMap((object) => drawLabel(object, frame)).reverse());
  return svg;
}

// A line of so many pixels of the screen, whatever the size of the image.
function stroke({ marks = "" }, kind, colour, pixels) {
  return { class: `${kind} ${marks}`, fill: "none", stroke: colour, "stroke-width": pixels, "vector-effect": "non-scaling-stroke" };
}

function drawMask(object, { style }) {
  if (!object.mask || !object.mask.length) return [];
  const colour = colourOf(object.number), pairs = (ring) => ring.reduce((text, side, index) => `${text}${index % 2 ? "," : " "}${side}`, "");
  const d = object.mask.map((ring) => `M${pairs(ring)}Z`).join("");
  return [svgElement("path", { d, ...stroke(object, "mask", colour, style.line), fill: colour, "fill-opacity": data.drawing.opacity, "fill-rule": "evenodd" })];
}

// Lines lie inside the box, their dark rim on both sides of them.
function drawBox(object, frame) {
  const { unit, style } = frame, [x, y, width, height] = object.box, inset = (style.line * unit) / 2;
  const least = unit / 100; // without a width nothing at all would be drawn
  const place = { x: x + inset, y: y + inset, width: Math.max(width - 2 * inset, least), height: Math.max(height - 2 * inset, least) };
  const box = svgElement("rect", { ...place, ...stroke(object, "box", colourOf(object.number), style.line) });
  return style.halo ? [svgElement("rect", { ...place, ...stroke(object, "halo", data.drawing.dark, style.line + 2 * style.halo) }), box] : [box];
}

function drawSkeleton(object, { unit, style }) {
  const { points = [], edges = [], number } = object, there = (at) => points[at] && points[at][2] > 0, dark = data.drawing.dark;
  const lines = edges.filter(([start, end]) => there(start) && there(end)).flatMap(([start, end]) => {
    const [[x1, y1], [x2, y2]] = [points[start], points[end]];
    return [["rim", dark, style.edge + 2 * style.rim], ["edge", colourOf(number), style.edge]].map(([kind, colour, pixels]) => svgElement("line", { x1, y1, x2, y2, ...stroke(object, kind, colour, pixels) }));
  });
  const circles = points.flatMap(([cx, cy, seen], at) => {
    if (!seen) return [];
    const own = colourOf(at + 1), pixels = seen > 1 ? style.rim : style.line;
    const look = seen > 1 ? { ...stroke(object, "point", dark, pixels), fill: own } : stroke(object, "point", own, pixels);
    return [svgElement("circle", { cx, cy, r: (style.radius + 0.5 - pixels / 2) * unit, ...look })];
  });
  return [...lines, ...circles];
}

const pen = document.createElement("canvas").getContext("2d");

// The label's letters and its ground, the upper one first.
function drawLabel(object, frame) {
  if (!object.label) return [];
  const { unit, style, taken } = frame, size = style.font * unit, padding = style.padding * unit, look = { class: `label ${object.marks || ""}` };
  pen.font = `${style.font}px sans-serif`;
  const wide = pen.measureText(object.label).width * unit + 2 * padding, high = 1.2 * size + padding;
  const [x, y] = freePlace(object, frame, wide, high);
  taken.push([x, y, wide, high]);
  const text = svgElement("text", { ...look, x: x + padding, y: y + high / 2, "font-size": size, "font-family": "sans-serif", "dominant-baseline": "central", fill: numbered(object.number, data.drawing.inks) });
  text.textContent = object.label;
  return [text, svgElement("rect", { ...look, x, y, width: wide, height: high, fill: colourOf(object.number) })];
}

// Above the box, inside at its top, below it, inside at its bottom: the first place that is free, or where least of
// other labels is covered.
function freePlace(object, frame, wide, high) {
  const within = (value, most) => Math.max(Math.min(value, most), 0);
  const { width, height, taken } = frame, halo = frame.style.halo * frame.unit;
  const [x, y, boxWidth, boxHeight] = object.box, left = x - halo, top = y - halo, right = x + boxWidth + halo, bottom = y + boxHeight + halo;
  const rows = [top - high, top, bottom, bottom - high].filter((row) => row === top || (row >= 0 && row <= height - high));
  const places = rows.flatMap((row) => [left, right - wide, (left + right - wide) / 2].map((at) => [within(at, width - wide), within(row, height - high)]));
  const common = (start, length, other, otherLength) => Math.max(0, Math.min(start + length, other + otherLength) - Math.max(start, other));
  const covered = ([at, row]) => taken.reduce((sum, other) => sum + common(at, wide, other[0], other[2]) * common(row, high, other[1], other[3]), 0);
  return places.reduce((best, place) => (covered(place) < covered(best) ? place : best));
}

