"use strict";
// ---- drawing: curves, strips, histograms, maps and images ---------------------------------------------------------------
const $ = id => document.getElementById(id);
function make(name, attributes = {}, parent = null, text = null) {
  const svg = name === "svg" || parent && parent.namespaceURI.endsWith("svg");
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}
function short(v) {
  if (v === null || v === undefined) return "–";
  const size = Math.abs(v);
  const text = Number.isInteger(v) && size < 1e5 ? String(v) : size >= 1e-3 && size < 1e4 ? String(+v.toPrecision(3)) : v.toExponential(1);
  return text.replace(/-/g, "−");
}
const percent = v => v === null || v === undefined ? "–" : `${+(100 * v).toPrecision(3)} %`;
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
function cividis(t) {
  const s = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]], at = Math.max(0, Math.min(1, t)) * 5, i = Math.min(4, Math.floor(at));
  return s[i].map((c, j) => c + (s[i + 1][j] - c) * (at - i));
}
const HUES = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [240, 228, 66], [120, 120, 120], [140, 86, 75], [23, 190, 207]];  // told apart by colour-blind readers
const css = c => `rgb(${c.map(Math.round)})`;
const signed = v => { const t = v / 127.5 - 1, tip = t < 0 ? [230, 97, 1] : [0, 114, 178]; return [245, 245, 242].map((b, i) => b + (tip[i] - b) * Math.abs(t)); };
function paintPixels(canvas, width, height, color) {
  canvas.width = width; canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) { const c = color(i); image.data.set([c[0], c[1], c[2], 255], 4 * i); }
  context.putImageData(image, 0, 0);
  return canvas;
}
function chart(lines, steps, {height = 138, width = 600, log = false, range = null, marks = [], label} = {}) {  // lines: [[name, values, class]]; range: what the losses' scale shows
  const W = Math.max(280, width), svg = make("svg", {viewBox: `0 0 ${W} ${height}`, class: "chart", role: "img", "aria-label": label}), last = steps[steps.length - 1] || 1, first = steps[0] || 0;
  const px = step => 44 + (W - 52) * (step - first) / Math.max(1, last - first);
  make("path", {class: "axis", d: `M44 ${height - 26}H${W - 8}`}, svg);
  for (const [name, values, kind, fixed] of lines) {
    const known = (kind === "loss" && range || values).filter(v => v !== null && (!log || kind !== "loss" || v > 0)), f = log && kind === "loss" ? Math.log10 : v => v;
    if (!known.length) continue;
    const low = fixed ? 0 : Math.min(...known.map(f)), high = fixed ? 1 : Math.max(...known.map(f)), span = high - low || 1;
    const py = v => height - 28 - (height - 40) * (f(v) - low) / span;
    let d = "", up = true;
    values.forEach((v, i) => { if (v === null || log && kind === "loss" && v <= 0) { up = true; return; } d += `${up ? "M" : "L"}${px(steps[i]).toFixed(1)} ${py(v).toFixed(1)}`; up = false; });
    make("path", {class: `line ${kind}`, d}, svg);
    if (kind === "loss") { make("text", {x: 2, y: 14}, svg, short(Math.max(...known))); make("text", {x: 2, y: height - 30}, svg, short(Math.min(...known))); }
  }
  for (const m of marks) { const mark = make("path", {class: "mark", d: `M${px(m.spans[0][0])} ${height - 26}l-5 9h10z`}, svg); make("title", {}, mark, m.text); }
  make("text", {x: 44, y: height - 3}, svg, `step ${first}`); make("text", {x: W - 8, y: height - 3, "text-anchor": "end"}, svg, String(last));
  const cursor = make("path", {class: "cursor"}, svg);
  svg.moveTo = step => cursor.setAttribute("d", `M${px(step)} 4V${height - 26}`);
  svg.stepAt = event => { const box = svg.getBoundingClientRect(); return first + (last - first) * ((event.clientX - box.left) / box.width * W - 44) / (W - 52); };
  return svg;
}
const onScale = (v, log) => log ? Math.log10(Math.max(v, 1e-30)) : v;
function extent(rows, {log = false, top = null}) {  // one scale for all layers, so that their colours can be compared
  if (top !== null) return [0, top];
  const known = rows.flat().filter(v => v !== null && v !== undefined && (!log || v > 0)).map(v => onScale(v, log));
  return known.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
}
function strip(values, {log = false}, [low, high]) {  // one colour for each recorded step
  const box = make("div", {class: "strip"}), canvas = make("canvas", {}, box);
  paintPixels(canvas, Math.max(1, values.length), 1, i => values[i] === null || values[i] === undefined ? [128, 128, 128] : cividis((onScale(values[i], log) - low) / (high - low || 1)));
  make("i", {}, box);
  return box;
}
function histogram(h, caption) {
  const figure = make("figure"), bars = make("div", {class: "histogram", role: "img"}, figure);
  if (!h) { bars.remove(); make("figcaption", {}, figure, `${caption}: none`); return figure; }
  bars.setAttribute("aria-label", `${caption} from ${short(h[0])} to ${short(h[1])}`);
  for (const c of bytes(h[2])) make("i", {style: `height:${c / 2.55}%`}, bars);
  make("figcaption", {}, figure, caption); make("figcaption", {}, figure, `${short(h[0])} … ${short(h[1])}`);
  return figure;
}
function images(data, shape, count, scale, color) {  // `count` small images, one canvas each
  const [h, w, channels] = shape, all = bytes(data), n = h * w * channels;
  return [...Array(count).keys()].map(k => {
    const canvas = make("canvas", {class: "picture", style: `width:${w * scale}px;height:${h * scale}px`});
    return paintPixels(canvas, w, h, i => channels === 3 ? [all[k * n + 3 * i], all[k * n + 3 * i + 1], all[k * n + 3 * i + 2]] : color(all[k * n + i]));
  });
}
function boundary(map, output, canvas) {
  const side = 32, which = bytes(output.which), sure = bytes(output.sure), hue = k => output.classes === 1 ? HUES[k ? 0 : 1] : HUES[k % HUES.length];
  const small = paintPixels(document.createElement("canvas"), side, side, i => hue(which[i]).map(c => 255 - (255 - c) * (.12 + .5 * Math.max(0, sure[i] / 255 - .3))));
  canvas.width = canvas.height = 360;
  const context = canvas.getContext("2d"), [x0, y0, x1, y1] = map.box;
  context.imageSmoothingEnabled = true; context.drawImage(small, 0, 0, 360, 360);
  map.at.forEach(([x, y], i) => {
    context.beginPath(); context.arc(360 * (x - x0) / (x1 - x0), 360 * (y1 - y) / (y1 - y0), 3.2, 0, 7);
    context.fillStyle = css(hue(map.labels[i])); context.fill(); context.strokeStyle = "#fff"; context.lineWidth = 1; context.stroke();
  });
}
