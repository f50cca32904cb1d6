"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const nodes = new Map(D.nodes.map(n => [n.id, n])), modules = new Map(D.modules.map(m => [m.id, m]));
const last = D.steps.length;
const state = {step: 0, open: null, arrows: "backward", tint: "kind", playing: 0, folded: new Set(), view: {x: 0, y: 0, k: 1}};

// ---- what happens when ----------------------------------------------------------------------------------------
for (const n of D.nodes) { n.arrivals = []; n.step = n.kind === "output" ? 0 : Infinity; }
D.steps.forEach((s, i) => {
  nodes.get(s.node).step = i + 1;
  for (const a of s.arrivals) {
    const edge = D.edges[a.edge];
    edge.arrival = a; a.step = i + 1;
    nodes.get(edge.from).arrivals.push(a);
  }
});
for (const e of D.edges) e.step = nodes.get(e.to).step;
for (const n of D.nodes) if (n.kind === "saved") n.step = nodes.get(n.of).step;

const phase = (step, at) => step === at ? "now" : step < at ? "done" : "";
function status(n, at) {
  if (n.kind === "operation" && n.gradients.every(g => g === null)) return n.step <= at ? "nothing" : "";
  if (n.kind === "operation" || n.kind === "output" || n.kind === "saved") return phase(n.step, at);
  const here = n.arrivals.filter(a => a.step <= at);
  return here.some(a => a.step === at) ? "now" : here.length ? "done" : "";
}
const edgeStatus = (e, at) => !e.flows ? "still" : nodes.get(e.to).kind === "output" || e.arrival ? phase(e.step, at) : "";
const waiting = (n, at) => { const here = n.arrivals.filter(a => a.step <= at); return here.length ? here[here.length - 1] : null; };

// ---- drawing, once --------------------------------------------------------------------------------------------
function make(name, attributes = {}, parent = null, text = null) {
  const svg = ["g", "rect", "text", "path", "title", "circle", "polyline"].includes(name) && parent && parent.namespaceURI.endsWith("svg");
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}
function press(element, action) {
  element.addEventListener("click", action);
  element.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); action(event); }
  });
}
function drawNode(n) {
  const g = make("g", {tabindex: 0, role: "button", id: n.id, transform: `translate(${n.x} ${n.y})`}, $("nodes"));
  const round = n.kind === "operation" ? 20 : n.kind === "module" ? 10 : 7;
  make("rect", {x: -n.w / 2, y: -n.h / 2, width: n.w, height: n.h, rx: round}, g);
  if (n.kind === "output") make("rect", {x: -n.w / 2 + 4, y: -n.h / 2 + 4, width: n.w - 8, height: n.h - 8, rx: 4, "stroke-width": 1}, g);
  make("text", {y: n.subtitle ? -3 : 5}, g, n.title);
  if (n.subtitle) make("text", {y: 12, class: "sub"}, g, n.subtitle);
  if (n.kind === "saved") {
    const o = nodes.get(n.of), side = Math.sign(n.x - o.x);
    make("path", {class: "kept", d: `M${o.x - n.x + side * o.w / 2} ${o.y - n.y}L${-side * n.w / 2} 0`}, g);
  }
  n.element = g; n.shown = null;
  g.addEventListener("focus", () => { if (g.matches(":focus-visible")) reveal(n); });
  press(g, () => n.kind === "module" ? fold(n.of) : open(n.kind === "saved" ? n.of : n.id));
}
function curve(p) {
  let d = `M${p[0]}`;
  for (let i = 1; i + 2 < p.length; i += 3) d += `C${p[i]} ${p[i + 1]} ${p[i + 2]}`;
  return d;
}
function drawEdge(e) {
  e.element = make("path", {class: "edge"}, $("edges")); e.shown = null;
  const from = nodes.get(e.from).kind;
  if (e.far) e.label = [e.points[3][0] + 8 + 3.4 * (e.far.length + 2), e.points[3][1] + 8];
  const at = 3 * Math.floor((e.points.length - 1) / 6), p = e.points.slice(at, at + 4);  // the Bézier piece in the middle
  const middle = [0, 1].map(k => p.length < 4 ? p[0][k] : (p[0][k] + 3 * p[1][k] + 3 * p[2][k] + p[3][k]) / 8);
  e.plain = e.far ? "→ " + e.far : from === "operation" ? e.shape : "";
  const [x, y] = e.label ? [e.label[0] - 3.4 * e.plain.length, e.label[1]] : [middle[0] + 6, middle[1]];
  e.text = make("text", {class: "shape", x, y: y + 4}, $("edges"));  // a longer one grows away from its line
}
function drawFrame(m) {
  if (!m.box) return;
  const [x, y, w, h] = m.box, outer = make("g", {class: "frame"}, $("frames"));
  make("rect", {x, y, width: w, height: h, rx: 12}, outer);
  const g = make("g", {tabindex: 0, role: "button", "aria-label": `fold ${m.title}`}, outer);
  const [left, bottom] = m.at || [x + 12, y + h - 9];
  make("text", {x: left, y: bottom}, g, "▾ " + m.title);
  press(g, () => fold(m.id));
  g.addEventListener("focus", () => { if (g.matches(":focus-visible")) reveal({x: left + 48, y: bottom}); });
  m.element = outer;
  const width = Math.max(90, 7.6 * m.title.length + 30);
  m.node = {id: "fold-" + m.id, of: m.id, kind: "module", title: m.title, subtitle: "▸ folded", module: m.parent, x: x + w / 2, y: y + h / 2, w: width, h: 44, arrivals: []};
  drawNode(m.node);
}

// ---- folding --------------------------------------------------------------------------------------------------
function foldedAbove(module) {  // the outermost folded module around, or null
  let found = null;
  for (let m = module; m !== null; m = modules.get(m).parent) if (state.folded.has(m)) found = m;
  return found;
}
function fold(id, focus = true) {
  if (state.folded.has(id)) state.folded.delete(id); else state.folded.add(id);
  arrange(); paint();
  if (focus) (state.folded.has(id) ? modules.get(id).node.element : modules.get(id).element.querySelector("[tabindex]")).focus({preventScroll: true});
}
function arrange() {
  for (const n of D.nodes) { n.inside = n.module === null ? null : foldedAbove(n.module); n.element.style.display = n.inside === null ? "" : "none"; }
  for (const m of D.modules) if (m.element) {
    const above = m.parent === null ? null : foldedAbove(m.parent), folded = state.folded.has(m.id);
    m.element.style.display = folded || above !== null ? "none" : "";
    m.node.element.style.display = folded && above === null ? "" : "none";
    m.node.members = D.nodes.filter(n => n.inside === m.id);
  }
  for (const e of D.edges) {
    const a = nodes.get(e.to), b = nodes.get(e.from), moved = a.inside !== null || b.inside !== null;
    const end = n => n.inside === null ? n : modules.get(n.inside).node;
    const p = end(a), q = end(b), hidden = p === q;
    e.element.style.display = e.text.style.display = hidden ? "none" : "";
    e.element.setAttribute("d", moved ? `M${p.x} ${p.y + p.h / 2}L${q.x} ${q.y - q.h / 2}` : curve(e.points));
    if (moved && !hidden) { e.text.setAttribute("x", (p.x + q.x) / 2 + 6); e.text.setAttribute("y", (p.y + q.y) / 2); }
  }
}

// ---- painting one step ----------------------------------------------------------------------------------------
function scale(t) {  // cividis, as in viz.draw
  const s = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]], at = t * 5, i = Math.min(4, Math.floor(at));
  return s[i].map((c, j) => c + (s[i + 1][j] - c) * (at - i));
}
const light = c => c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const inkOn = c => light(c) > .179 ? "#000000" : "#ffffff";
const rgb = c => `rgb(${c.map(Math.round)})`;
function paintNode(n) {
  const s = n.kind === "module" ? ["now", "done"].find(k => (n.members || []).some(m => m.phase === k)) || "" : (n.phase = status(n, state.step));
  const place = state.tint === "kind" ? undefined : D.colors[state.tint].places[n.id];
  const shown = [s, state.open === n.id, place, n.match].join();
  if (shown === n.shown) return;
  n.shown = shown;
  n.element.setAttribute("class", `node ${n.kind} ${s}${state.open === n.id ? " open" : ""}${n.match ? " found" : ""}${n.used === false ? " unused" : ""}`);
  if (place === undefined) n.element.removeAttribute("style");
  else { n.element.style.setProperty("--fill", rgb(scale(place))); n.element.style.setProperty("--on", inkOn(scale(place))); }
  if (n.inside) n.element.style.display = "none";
  n.element.setAttribute("aria-label", `${n.name || n.title}, ${n.kind}, ${n.subtitle}${s ? ", " + {now: "runs now", done: "done", nothing: "no gradient comes here"}[s] : ""}`);
}
function paint() {
  D.nodes.forEach(paintNode);
  for (const m of D.modules) if (m.node && m.node.element.style.display !== "none") { m.node.shown = null; paintNode(m.node); }
  for (const e of D.edges) {
    const s = edgeStatus(e, state.step), shown = s + state.arrows;
    if (shown === e.shown) continue;
    e.shown = shown;
    e.element.setAttribute("class", "edge " + s);
    // The path runs from the newer end to the older, as gradients do.
    const back = state.arrows !== "forward" && s !== "still", forth = state.arrows !== "backward";
    e.element.setAttribute("marker-end", back ? "url(#head)" : ""); e.element.setAttribute("marker-start", forth ? "url(#head)" : "");
    const gradient = s === "now" && e.arrival;
    e.text.textContent = gradient ? `∂L/∂${e.argument} ${e.shape}` : e.plain;
    e.text.setAttribute("class", "shape " + s);
  }
  $("slider").value = state.step;
  $("where").textContent = `${state.step} / ${last}`;
  $("slider").setAttribute("aria-valuetext", state.step ? `step ${state.step} of ${last}: ${nodes.get(D.steps[state.step - 1].node).title}` : "the start");
  panel(); paintCalls();
}
function go(step, quiet = false) {
  state.step = Math.max(0, Math.min(last, step)); state.open = null;
  if (location.protocol !== "about:") history.replaceState(null, "", "#step=" + state.step);  // not inside another page
  paint();
  const current = state.step ? nodes.get(D.steps[state.step - 1].node) : D.nodes.find(n => n.kind === "output");
  reveal(current);
  if (!quiet) $("say").textContent = state.step ? `Step ${state.step} of ${last}: ${current.title}. ${arrives(D.steps[state.step - 1]).textContent}` : "The start";
  if (state.step === last) pause();
}
function open(id) { state.open = id; paint(); reveal(nodes.get(id)); $("say").textContent = nodes.get(id).title + " opened"; }
function pause() { clearInterval(state.playing); state.playing = 0; $("play").textContent = "▶ play"; }
function play() {
  if (state.playing) return pause();
  if (state.step === last) go(0);
  $("play").textContent = "❚❚ pause";
  state.playing = setInterval(() => go(state.step + 1), 1100);
}

// ---- pan and zoom ---------------------------------------------------------------------------------------------
const svg = $("svg");
function place() { const v = state.view; $("world").setAttribute("transform", `translate(${v.x} ${v.y}) scale(${v.k})`); }
function zoom(factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const v = state.view, k = Math.max(.02, Math.min(4, v.k * factor));
  v.x = x - (x - v.x) * k / v.k; v.y = y - (y - v.y) * k / v.k; v.k = k; place();
}
function fit(readable = false) {
  const [w, h] = D.size, W = svg.clientWidth, H = svg.clientHeight;
  let k = Math.min(W / (w + 40), H / (h + 40), 1.4);
  if (readable) k = Math.max(k, Math.min(W < 700 ? 1 : .75, W / 300));
  state.view = {k, x: (W - w * k) / 2, y: h * k + 40 > H ? 20 : (H - h * k) / 2}; place();
}
function reveal(n) {
  if (n.inside) n = modules.get(n.inside).node;
  const v = state.view, x = n.x * v.k + v.x, y = n.y * v.k + v.y, W = svg.clientWidth, H = svg.clientHeight;
  // Narrower than the margin that fit() leaves, so that a graph which fits stays where it is.
  if (x < 24 || x > W - 24) v.x += W / 2 - x;
  if (y < 24 || y > H - 24) v.y += H * .4 - y;
  place();
}
const fingers = new Map();
svg.addEventListener("wheel", e => { e.preventDefault(); const r = svg.getBoundingClientRect(); zoom(Math.exp(-e.deltaY * (e.ctrlKey ? .01 : .0015)), e.clientX - r.left, e.clientY - r.top); }, {passive: false});
svg.addEventListener("pointerdown", e => fingers.set(e.pointerId, [e.clientX, e.clientY]));
addEventListener("pointermove", e => {
  if (!fingers.has(e.pointerId)) return;
  const before = [...fingers.values()], old = fingers.get(e.pointerId);
  fingers.set(e.pointerId, [e.clientX, e.clientY]);
  const now = [...fingers.values()], r = svg.getBoundingClientRect();
  if (now.length === 2) {
    const apart = p => Math.hypot(p[0][0] - p[1][0], p[0][1] - p[1][1]);
    zoom(apart(now) / apart(before), (now[0][0] + now[1][0]) / 2 - r.left, (now[0][1] + now[1][1]) / 2 - r.top);
  } else { state.view.x += e.clientX - old[0]; state.view.y += e.clientY - old[1]; svg.classList.add("dragging"); place(); }
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, e => { fingers.delete(e.pointerId); svg.classList.remove("dragging"); });
