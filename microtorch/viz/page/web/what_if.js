// ---- what if: another number in a leaf, and the whole pass computed again from the formulas --------------------------
const before = D.tensors.map(t => t.values), asked = {node: null, at: 0, value: 0};
const tensorOf = i => ({shape: D.tensors[i].shape, data: D.tensors[i].values.map(Formula.real)});
const originalOf = i => ({shape: D.tensors[i].shape, data: before[i].map(Formula.real)});
const given = new Map(D.nodes.map(n => [n.id, D.edges.filter(e => e.to === n.id)]));
const operations = D.nodes.filter(n => n.kind === "operation");
const canAsk = n => !D.refused && ["parameter", "frozen", "buffer", "input"].includes(n.kind) && n.used !== false && n.values[0] !== null && D.tensors[n.values[0]].dtype.startsWith("float") && D.tensors[n.values[0]].values.length > 0;
function inputsOf(n, values) { return given.get(n.id).map(e => values.get(e.from)[e.output]); }
function namesOf(n, values, dy) {
  const found = {};
  given.get(n.id).forEach((e, k) => { found[e.argument] = inputsOf(n, values)[k]; });
  return Formula.names(n, found, values.has(n.id) ? values.get(n.id)[0] : null, dy, originalOf);
}
function forward(id, data) {  // {node: its results}, with other numbers in one leaf
  const values = new Map();
  for (const n of D.nodes) if (n.kind !== "operation" && n.kind !== "saved" && n.kind !== "output") values.set(n.id, [n.id === id ? {shape: D.tensors[n.values[0]].shape, data} : originalOf(n.values[0])]);
  for (const n of operations) {
    if (n.moves) {
      const all = inputsOf(n, values).flatMap(x => x.data);
      values.set(n.id, n.moves.map((places, k) => { const old = originalOf(n.values[k]); return {shape: old.shape, data: places.map((p, i) => p ? all[p - 1] : old.data[i])}; }));
    } else {
      const old = D.tensors[n.values[0]].shape, y = Formula.evaluate(n.tree, namesOf(n, values), n.axes);
      values.set(n.id, [Formula.fitted(y, n.views.y || old, old)]);
    }
  }
  return values;
}
function lossOf(values) {
  let total = 0;
  for (const e of D.edges) if (nodes.get(e.to).kind === "output" && e.flows) for (const v of values.get(e.from)[e.output].data) total += v;
  return total;
}
function restore() {  // the numbers that microtorch computed
  D.tensors.forEach((t, i) => { if (before[i]) t.values = before[i]; });
  for (const s of D.steps) for (const r of s.rules) for (const p of r.pieces) if (p.was !== undefined) p.text = p.was;
  D.changed = false;
}
const zeros = x => ({shape: x.shape, data: x.data.map(() => 0)});
function backward(values) {  // writes the numbers of the whole pass into the page
  const waiting = new Map(), add = (e, part) => {
    if (!waiting.has(e.from)) waiting.set(e.from, values.get(e.from).map(zeros));
    const sum = waiting.get(e.from)[e.output];
    part.data.forEach((v, i) => { sum.data[i] += v; });
    return sum;
  };
  const put = (index, x) => { if (index !== null && index !== undefined) D.tensors[index].values = x.data.slice(); };
  for (const [id, found] of values) found.forEach((x, k) => put(nodes.get(id).values[k], x));
  for (const e of D.edges) if (nodes.get(e.to).kind === "output" && e.flows) {
    const y = values.get(e.from)[e.output];
    put(nodes.get(e.to).values[0], y); add(e, {shape: y.shape, data: y.data.map(() => 1)});
  }
  for (const step of D.steps) {
    const n = nodes.get(step.node), dys = waiting.get(n.id);
    if (!dys) continue;
    dys.forEach((dy, k) => put(n.gradients[k], dy));
    const names = n.moves ? null : namesOf(n, values, dys[0]);
    step.arrivals.forEach((a, k) => {
      const rule = step.rules[k], e = D.edges[a.edge], shape = values.get(e.from)[e.output].shape;
      const part = n.moves ? movedBack(n, e, values, dys) : Formula.fitted(Formula.evaluate(rule.tree, names, n.axes), n.views[rule.argument] || shape, shape);
      put(rule.result, part); put(a.part, part); put(a.total, add(e, part));
      for (const p of rule.pieces) if (p.tree && names) {
        const value = Formula.evaluate(p.tree, names, n.axes);
        if (p.tensor !== undefined) put(p.tensor, value); else if (value.data.length === 1) { p.was = p.was ?? p.text; p.text = short(value.data[0]); }
      }
    });
  }
  for (const n of D.nodes) if (n.kind === "parameter" && waiting.has(n.id)) put(n.gradients[0], waiting.get(n.id)[0]);
}
function movedBack(n, e, values, dys) {
  let first = 0;
  for (const other of given.get(n.id)) { if (other === e) break; first += values.get(other.from)[other.output].data.length; }
  const part = zeros(values.get(e.from)[e.output]);
  n.moves.forEach((places, k) => places.forEach((p, i) => { if (p > first && p <= first + part.data.length) part.data[p - 1 - first] += dys[k].data[i]; }));
  return part;
}
function withNumber(n, at, value) { const data = originalOf(n.values[0]).data; data[at] = value; return data; }
function ask(n, at, value) {
  Object.assign(asked, {node: n.id, at, value});
  backward(forward(n.id, withNumber(n, at, value)));
  for (const t of D.tensors) delete t.statistics;  // they were of the other numbers
  D.changed = true;
}
function place1(shape, at) { const found = []; for (let i = shape.length - 1; i >= 0; at = Math.floor(at / shape[i--])) found.unshift(at % shape[i]); return found.join(", "); }
const elementName = (n, at) => { const shape = D.tensors[n.values[0]].shape; return shape.length ? `${titleOf(n)}[${place1(shape, at)}]` : titleOf(n); };

// The panel of a leaf: choose a number, move it, and see the loss as a curve with the tangent and the two evaluations.
function whatIfPanel(n, parent) {
  const box = section("What if", parent);
  if (D.refused) { make("p", {class: "soft"}, box, `Not on this page: ${D.refused}.`); return; }
  const t = D.tensors[n.values[0]], original = originalOf(n.values[0]).data;
  if (asked.node !== n.id) { if (asked.node !== null) restore(); Object.assign(asked, {node: n.id, at: 0, value: original[0]}); }
  const line = make("div", {class: "equation"}, box), chosen = make("select", {"aria-label": "which number"}, line);
  original.forEach((v, i) => { const o = make("option", {value: i}, chosen, elementName(n, i)); o.selected = i === asked.at; });
  const reach = Math.max(1, 2 * Math.abs(original[asked.at]));
  const slide = make("input", {type: "range", id: "what-if", min: original[asked.at] - reach, max: original[asked.at] + reach, step: reach / 200, "aria-label": "its value"}, line);
  slide.value = asked.value;
  const told = make("div", {id: "asked"}, box), drawing = make("div", {}, box);
  const reset = make("button", {class: "more"}, box, "as it was");
  const show = () => {
    const at = asked.at, value = asked.value, h = 1e-3 * Math.max(1, Math.abs(value)), loss = v => lossOf(forward(n.id, withNumber(n, at, v)));
    const low = loss(value - h), here = loss(value), high = loss(value + h), numeric = (high - low) / (2 * h);
    const index = n.kind === "parameter" ? n.gradients[0] : null, analytic = index === null ? null : Formula.real(D.tensors[index].values[at]);
    told.textContent = "";
    list([["value", `${short(value)}${value === original[at] ? "" : ` (was ${short(original[at])})`}`], ["loss", `${short(here)}${value === original[at] ? "" : ` (was ${short(loss(original[at]))})`}`],
      ["slope by the rules", analytic === null ? "" : fine(analytic)], ["slope by two losses", `(${fine(high)} − ${fine(low)}) / ${short(2 * h)} = ${fine(numeric)}`]], told);
    drawing.textContent = "";
    drawing.append(curveOf(loss, original[at] - reach, original[at] + reach, value, here, analytic ?? numeric, reach / 6));
  };
  slide.oninput = () => { ask(n, asked.at, +slide.value); show(); repaintNumbers(); };
  chosen.onchange = () => { restore(); Object.assign(asked, {at: +chosen.value, value: original[+chosen.value]}); panel(); $("panel").querySelector("select").focus(); };
  reset.onclick = () => { restore(); asked.value = original[asked.at]; panel(); };
  show();
  make("p", {class: "soft"}, box, "All values and gradients of the page follow; step through them to see where the change goes.");
}
const fine = v => typeof v === "number" && isFinite(v) ? String(+v.toPrecision(5)).replace(/-/g, "−") : short(v);
function repaintNumbers() {
  const n = nodes.get(state.open), old = $("gradient");
  if (old && n) { const wait = waiting(n, state.step), index = wait ? wait.total : n.gradients[0], m = matrix(index, "∂L/∂" + titleOf(n)); m.id = "gradient"; old.replaceWith(m); }
  const value = $("value");
  if (value && n) { const m = matrix(n.values[0], ""); m.id = "value"; value.replaceWith(m); }
}
function curveOf(loss, low, high, at, here, slope, wide) {
  const points = [...Array(49).keys()].map(i => low + (high - low) * i / 48).map(v => [v, loss(v)]).filter(p => isFinite(p[1]));
  const ys = points.map(p => p[1]), bottom = Math.min(...ys, here), top = Math.max(...ys, here), W = 360, H = 150, span = top - bottom || 1;
  const px = v => 8 + (W - 16) * (v - low) / (high - low), py = v => H - 10 - (H - 24) * (v - bottom) / span;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [k, v] of Object.entries({viewBox: `0 0 ${W} ${H}`, class: "curve", role: "img", "aria-label": `the loss as this number goes from ${short(low)} to ${short(high)}, with its tangent`})) svg.setAttribute(k, v);
  make("path", {d: "M" + points.map(p => `${px(p[0]).toFixed(1)} ${py(p[1]).toFixed(1)}`).join("L"), class: "loss"}, svg);
  make("path", {d: `M${px(at - wide)} ${py(here - slope * wide)}L${px(at + wide)} ${py(here + slope * wide)}`, class: "tangent"}, svg);
  for (const v of [at - wide / 2, at + wide / 2]) make("path", {d: `M${px(v) - 3} ${py(loss(v)) - 3}h6v6h-6z`, class: "evaluation"}, svg);
  make("text", {x: 8, y: 11}, svg, `loss ${short(top)}`); make("text", {x: 8, y: H - 1}, svg, short(bottom));
  return svg;
}
