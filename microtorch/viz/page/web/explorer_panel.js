// ---- the panel: a step, or the node that was opened --------------------------------------------------------------
const escapeHtml = text => String(text).replace(/[&<>"]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[c]));
function short(v) {
  if (typeof v !== "number") return typeof v === "boolean" ? String(v) : {nan: "NaN", inf: "∞", "-inf": "−∞"}[v] || v;
  const size = Math.abs(v);
  const text = Number.isInteger(v) && size < 1e5 ? String(v) : size >= 1e-3 && size < 1e4 ? String(+v.toPrecision(3)) : v.toExponential(1);
  return text.replace(/-/g, "−");
}
function shade(v, top) {
  if (typeof v !== "number" || !top) return "";
  const dark = getComputedStyle(document.body).colorScheme === "dark", base = dark ? [29, 32, 36] : [255, 255, 255];
  const tip = v < 0 ? [230, 97, 1] : [0, 114, 178], t = Math.min(1, Math.abs(v) / top) * .75;
  const color = base.map((b, i) => b + (tip[i] - b) * t);
  return `background:${rgb(color)};color:${inkOn(color)}`;
}
function rows(t) {  // any tensor as rows of its last dimension
  if (t.window) return t.window;
  const width = t.shape.length ? t.shape[t.shape.length - 1] : 1, found = [];
  for (let i = 0; i < t.values.length; i += width) found.push(t.values.slice(i, i + width));
  return found;
}
const shapeText = t => t.shape.length ? t.shape.join(" × ") : "scalar";
function matrix(index, caption, {transposed = false, limit = 8} = {}) {
  const t = D.tensors[index], box = make("div");
  let all = rows(t);
  if (transposed) all = (all[0] || []).map((_, j) => all.map(row => row[j]));
  const width = all.length ? all[0].length : 0, numbers = all.flat().filter(v => typeof v === "number" && isFinite(v));
  const top = Math.max(0, ...numbers.slice(0, 20000).map(Math.abs));
  const html = all.slice(0, limit).map(row => "<tr>" + row.slice(0, limit).map(v => `<td title="${escapeHtml(v)}" style="${shade(v, top)}">${escapeHtml(short(v))}</td>`).join("") + (width > limit || t.window && width < t.shape[t.shape.length - 1] ? "<td>…</td>" : "") + "</tr>").join("");
  const frame = make("div", {class: "matrix"}, box);
  frame.innerHTML = all.length ? `<table>${html}</table>` : "empty";
  make("div", {class: "caption"}, box, transposed ? `${caption.length > 1 ? `(${caption})` : caption}ᵀ ${[...t.shape].reverse().join(" × ")}` : `${caption} ${shapeText(t)}`);
  if (!t.window && (all.length > limit || width > limit)) {
    const more = make("button", {class: "more"}, box, "show all");
    more.onclick = () => box.replaceWith(matrix(index, caption, {transposed, limit: Infinity}));
  } else if (t.window) make("div", {class: "caption"}, box, "a window into it");
  return box;
}
function statistics(index, parent) {
  const s = index === null ? null : D.tensors[index].statistics;
  if (!s) return;
  const facts = [["norm", s.norm], ["range", s.min === undefined ? "–" : `${short(s.min)} … ${short(s.max)}`], ["mean ± std", s.mean === undefined ? "–" : `${short(s.mean)} ± ${short(s.std)}`], ["zeros", s.zero]];
  if (s.nan) facts.push(["NaN", s.nan]);
  if (s.inf) facts.push(["inf", s.inf]);
  list(facts.map(([k, v]) => [k, typeof v === "number" ? short(v) : v]), parent);
  if (s.histogram) {
    const top = Math.max(...s.histogram), bars = make("div", {class: "histogram", role: "img", "aria-label": `histogram from ${short(s.min)} to ${short(s.max)}`}, parent);
    for (const c of s.histogram) make("i", {style: `height:${100 * c / top}%`}, bars);
  }
}
function list(facts, parent) {
  const dl = make("dl", {class: "facts"}, parent);
  for (const [k, v] of facts) if (v !== "" && v !== null && v !== undefined) { make("dt", {}, dl, k); make("dd", {}, dl, v); }
}
function section(title, parent) { make("h3", {}, parent, title); return make("div", {}, parent); }
const path = n => { const m = n.module && modules.get(n.module); return m ? m.path ? `module ${m.path}` : m.title : ""; };
const titleOf = n => n.name || (n.kind === "operation" ? n.title : n.title);

function arrives(step) {
  const p = make("p");
  if (!step.arrivals.length) p.textContent = "No gradient goes on from here.";
  for (const a of step.arrivals) {
    const edge = D.edges[a.edge], n = nodes.get(edge.from), sentence = make("div", {}, p);
    const leaf = n.kind !== "operation";
    sentence.append(leaf ? "into " : "at "); make("b", {}, sentence, titleOf(n) + (leaf ? ".grad" : ""));
    const more = n.arrivals.length - a.nth;
    sentence.append(a.nth === 1 ? leaf && n.state === "stale" ? ", which still holds an earlier pass's: backward adds to it" : more ? ", the first of " + n.arrivals.length : leaf ? ", empty until now" : ", the only one that it waits for" : `, added to what waits there (${a.nth} of ${n.arrivals.length})`);
    if (a.hooked) sentence.append("; a hook changes it");
    sentence.append(". ");
  }
  const all = D.edges.filter(e => e.to === step.node), left = all.filter(e => !e.flows).map(e => e.argument || titleOf(nodes.get(e.from)));
  if (left.length) make("div", {class: "soft"}, p, `${left.join(", ")} ${left.length > 1 ? "want" : "wants"} none: ${left.length > 1 ? "they do" : "it does"} not require a gradient.`);
  return p;
}
function stepPanel(parent) {
  if (!state.step) {
    make("div", {class: "soft"}, parent, last === 1 ? "before the only step" : `before the first of ${last} steps`);
    make("h2", {}, parent, "The start");
    make("p", {}, parent, "The values are there; no gradient is. The pass begins with the gradient of the loss with respect to itself, which is 1, and visits the operations newest first, because by then every gradient that an operation needs has arrived.");
    for (const n of D.nodes.filter(n => n.kind === "output")) { const box = section(n.name, parent); box.append(matrix(n.values[0], n.name)); }
    make("p", {class: "soft"}, parent, "→ takes the first step, space plays, ? lists the keys.");
    return;
  }
  const step = D.steps[state.step - 1], n = nodes.get(step.node);
  make("div", {class: "soft"}, parent, `step ${state.step} of ${last}, newest operation first`);
  make("h2", {}, parent, n.title);
  make("div", {class: "soft"}, parent, [path(n), ...Object.entries(n.options).map(([k, v]) => `${k} = ${v}`)].filter(Boolean).join(" · "));
  if (n.gradients.every(g => g === null)) { make("p", {class: "warn"}, parent, "No gradient comes here: nothing that the loss needs depends on it."); return; }
  if (D.changed) make("p", {class: "warn"}, parent, `What if ${elementName(nodes.get(asked.node), asked.at)} were ${short(asked.value)}: the numbers are of that.`);
  why(n, parent);
  const rule = section("The rule", parent);
  if (n.formula) make("div", {class: "rule"}, rule).innerHTML = n.formula;
  for (const r of step.rules) if (r.math) make("div", {class: "rule"}, rule).innerHTML = r.math;
  if (n.meaning) make("p", {class: "soft small"}, rule, n.meaning);
  const numbers = section("With the numbers", parent);
  for (const r of step.rules) {
    const line = make("div", {class: "equation"}, numbers);
    for (const p of r.pieces) {
      if (p.tensor !== undefined && p.tensor !== null) line.append(matrix(p.tensor, p.caption, {transposed: p.transposed && D.tensors[p.tensor].shape.length === 2}));
      else if (p.super) make("sup", {}, line, p.super);
      else if (p.text) make("span", {}, line, p.text);
    }
    if (r.pieces.length) make("span", {}, line, "=");
    line.append(matrix(r.result, r.caption));
  }
  if (!step.rules.length) make("p", {class: "soft"}, numbers, "none of its inputs wants a gradient");
  section("Arrives", parent).append(arrives(step));
  if (step.error) make("p", {}, section("Checked", parent), `the numeric gradient agrees to ${step.error}`);
  if (n.saved.length) kept(n, section("Kept for this, released now", parent));
}
function why(n, parent) {  // in words; the derivation on demand
  if (!n.why) return;
  make("p", {class: "why"}, parent, n.why);
  const more = make("details", {}, parent);
  make("summary", {}, more, "derivation"); make("p", {}, more, n.derivation);
}
function kept(n, parent) {
  const own = n.saved.filter(s => s[0] !== "cache"), inner = n.saved.length - own.length;
  list(own.map(s => [s[0], `${s[1]} ${s[2]}, ${s[3]}`]), parent);
  if (inner) make("p", {class: "soft small"}, parent, `and ${inner} intermediate ${inner > 1 ? "results" : "result"} that the fast version of this rule uses again: ${n.saved.filter(s => s[0] === "cache").map(s => s[1]).join(", ")}`);
}
const STATES = {
  none: ".grad is None: no backward has filled it yet.", zero: ".grad is there and all zero.",
  stale: ".grad is left over from the backward of another graph; a backward of this one adds to it.", filled: ".grad was filled by a backward of this graph.",
};
function nodePanel(n, parent) {
  make("div", {class: "soft"}, parent, n.kind === "operation" ? `operation · step ${n.step} of ${last}` : n.kind);
  make("h2", {}, parent, titleOf(n));
  make("div", {class: "soft"}, parent, path(n));
  if (n.doc) make("p", {}, parent, n.doc);
  if (n.used === false) make("p", {class: "warn"}, parent, "This graph does not reach it: it gets no gradient.");
  if (n.formula) make("div", {class: "rule"}, parent).innerHTML = n.formula;
  if (n.why) why(n, parent);
  n.values.forEach((t, k) => {
    const box = section(n.values.length > 1 ? `value ${k}` : "value", parent);
    if (t === null) make("p", {class: "soft"}, box, "not kept: it is large and no backward needs it"); else { const m = matrix(t, ""); m.id = "value"; box.append(m); statistics(t, box); }
  });
  const box = section("gradient", parent), wait = waiting(n, state.step);
  if (["input", "frozen", "buffer"].includes(n.kind)) make("p", {class: "soft"}, box, "none wanted: requires_grad is False");
  else if (n.kind === "output" || wait) {
    const t = wait ? wait.total : n.gradients[0];
    if (wait) make("p", {}, box, wait.nth === n.arrivals.length ? "complete" : `${wait.nth} of ${n.arrivals.length} have arrived`);
    if (t !== null) { const m = matrix(t, "∂L/∂" + (n.name || "y")); m.id = "gradient"; box.append(m); statistics(t, box); }
  } else make("p", {class: "soft"}, box, n.arrivals.length ? "has not arrived yet" : "none comes here");
  if (n.state) make("p", {class: n.state === "stale" || n.state === "zero" ? "warn" : "soft"}, parent, STATES[n.state]);
  if (canAsk(n) || D.refused && n.kind === "parameter") whatIfPanel(n, parent);
  if (n.state === "stale" && n.stale !== null) section("left over", parent).append(matrix(n.stale, ".grad"));
  if (n.kind === "operation") {
    list([...Object.entries(n.options), ["keeps", n.kept], ["backward takes", n.time], ["hooks", n.hooks ? "yes" : ""]], section("facts", parent));
    if (n.saved.length) kept(n, section("kept for backward", parent));
  }
  const close = make("button", {}, parent, "back to the step");
  close.onclick = () => { state.open = null; paint(); };
}
function panel() {
  const aside = $("panel");
  aside.textContent = "";
  if (state.open) nodePanel(nodes.get(state.open), aside); else stepPanel(aside);
  for (const rule of aside.querySelectorAll(".rule")) {  // a long formula gets smaller, so that all of it is seen
    const widest = Math.max(...[...rule.children].map(m => m.getBoundingClientRect().width));
    if (widest > rule.clientWidth) rule.style.fontSize = `${Math.max(10, 18 * rule.clientWidth / widest - .3)}px`;
  }
}

// ---- controls ---------------------------------------------------------------------------------------------------
function choose(group, key) {
  for (const b of $(group).children) {
    b.setAttribute("aria-pressed", b.dataset[key] === state[key]);
    b.onclick = () => { state[key] = b.dataset[key]; choose(group, key); legend(); paint(); };
  }
}
function legend() {
  const c = D.colors[state.tint];
  $("bar").hidden = !c;
  if (!c) return;
  $("bar").innerHTML = `${escapeHtml(c.title)}<br>${escapeHtml(c.low)} ${[...Array(12).keys()].map(i => `<i style="background:${rgb(scale(i / 11))}"></i>`).join("")} ${escapeHtml(c.high)}`;
}
let hits = [], hit = -1;
$("find").oninput = () => {
  const words = $("find").value.trim().toLowerCase();
  hits = words ? D.nodes.filter(n => `${n.title} ${n.name || ""} ${path(n)} ${n.subtitle}`.toLowerCase().includes(words)) : [];
  for (const n of D.nodes) n.match = hits.includes(n);
  hit = -1; paint();
  if (hits.length) reveal(hits[0]);
  $("say").textContent = words ? `${hits.length} found` : "";
};
$("find").onkeydown = e => {
  if (e.key !== "Enter" || !hits.length) return;
  hit = (hit + 1) % hits.length;
  const n = hits[hit];
  for (let m = n.module; m !== null; m = modules.get(m).parent) if (state.folded.has(m)) fold(m, false);
  open(n.kind === "saved" ? n.of : n.id);
};
$("back").onclick = () => go(state.step - 1); $("next").onclick = () => go(state.step + 1); $("play").onclick = play;
$("slider").max = last; $("slider").oninput = () => go(+$("slider").value, true);
$("help").onclick = () => $("keys").showModal();
$("theme").onclick = () => {
  const dark = getComputedStyle(document.body).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark"; panel();
};
for (const b of document.querySelectorAll("[data-zoom]")) b.onclick = () => +b.dataset.zoom ? zoom(+b.dataset.zoom) : fit();
addEventListener("keydown", e => {
  if (e.target.id === "find" && e.key !== "Escape" || $("keys").open || e.ctrlKey || e.metaKey || e.altKey) return;
  const button = e.target.tagName === "BUTTON";
  const action = {
    ArrowRight: () => go(state.step + 1), ArrowLeft: () => go(state.step - 1), Home: () => go(0), End: () => go(last), "?": () => $("keys").showModal(),
    "/": () => $("find").focus(), "+": () => zoom(1.25), "-": () => zoom(.8), "0": () => fit(),
    " ": button ? null : play, Escape: () => { state.open = null; if (e.target.id === "find") { $("find").value = ""; $("find").oninput(); $("find").blur(); } paint(); },
  }[e.key];
  if (action) { e.preventDefault(); action(); }
});
addEventListener("hashchange", fromAddress);
function fromAddress() { const m = /step=(\d+)/.exec(location.hash); go(m ? +m[1] : 0, true); }

$("summary").textContent = D.summary;
D.edges.forEach(drawEdge); D.nodes.forEach(drawNode); D.modules.forEach(drawFrame);
if (D.calls) drawCalls();
arrange(); choose("arrows", "arrows"); choose("tints", "tint"); fit(true); fromAddress();
matchMedia("(prefers-color-scheme: dark)").onchange = panel;
addEventListener("resize", () => reveal(state.step ? nodes.get(D.steps[state.step - 1].node) : D.nodes[0]));
