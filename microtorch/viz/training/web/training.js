// ---- the page: a time line, and for each training what its step shows -----------------------------------------------
const D = JSON.parse($("data").textContent);
const state = {step: 0, playing: 0};
let steps = [], views = [];
const MEASURES = [["gradient", "gradient norm", {log: true}], ["ratio", "update ÷ weight", {log: true}], ["dead", "dead units", {top: 1}], ["saturated", "saturated", {top: 1}], ["mean", "mean", {}], ["spread", "spread", {log: true}]];
const at = (t, step) => { let i = t.steps.findIndex(s => s > step); return (i < 0 ? t.steps.length : i) - 1; };
const newest = (kept, step) => { const found = Object.keys(kept).map(Number).filter(s => s <= step); return found.length ? Math.max(...found) : Object.keys(kept).length ? Math.min(...Object.keys(kept).map(Number)) : null; };

function build() {
  const main = $("main"), opened = [...document.querySelectorAll("details[open]")].map(d => d.dataset.key);
  for (const old of main.querySelectorAll(".training")) old.remove();
  main.style.setProperty("--columns", Math.max(1, D.trainings.length));
  steps = [...new Set(D.trainings.flatMap(t => t.steps))].sort((a, b) => a - b);
  $("slider").max = Math.max(0, steps.length - 1);
  views = D.trainings.map((t, k) => buildOne(t, k, main));
  if (opened.length) for (const d of document.querySelectorAll("details")) d.open = opened.includes(d.dataset.key);
  $("summary").textContent = [...new Set(D.trainings.map(t => `${t.last} steps, ${t.steps.length} recorded`))].join(" · ");
}
function buildOne(t, k, main) {
  const box = make("section", {class: "training", "aria-label": t.title}, main), view = {t, moves: []};
  make("h2", {}, box, t.title);
  const legend = make("div", {class: "legend"}, box);
  const lossKey = make("span", {}, legend); make("i", {style: "background:var(--param-line)"}, lossKey); const lossText = make("span", {class: "loss-now"}, lossKey);
  const accKey = make("span", {}, legend); make("i", {style: "background:var(--out-line)"}, accKey); const accText = make("span", {class: "accuracy-now"}, accKey);
  const rate = make("span", {class: "soft"}, legend);
  const drawing = chart([["loss", t.loss, "loss"], ["accuracy", t.accuracy, "accuracy", true]], t.steps, {log: true, range: D.trainings.flatMap(one => one.loss), marks: t.findings, width: box.clientWidth, label: `loss and accuracy of ${t.title} over the steps`});
  box.append(drawing);
  const drag = e => { if (e.buttons || e.type === "click") go(nearest(drawing.stepAt(e))); };
  drawing.addEventListener("pointermove", drag); drawing.addEventListener("click", drag);
  view.moves.push((step, i) => {
    drawing.moveTo(Math.min(step, t.steps[t.steps.length - 1]));
    lossText.textContent = `loss ${short(t.loss[i])}`; accText.textContent = `accuracy of the batch ${percent(t.accuracy[i])}`;
    accKey.hidden = t.accuracy.every(v => v === null); rate.textContent = t.rate[i] === null ? "" : `learning rate ${short(t.rate[i])}`;
  });
  findings(t, box, view);
  const enter = make("button", {class: "enter"}, box, "enter a step");
  const known = Object.keys(t.entered).map(Number);
  enter.disabled = !known.length; enter.onclick = () => enterStep(t);
  view.moves.push(step => { const s = newest(t.entered, step); enter.textContent = s === null ? "no step can be entered" : `enter step ${s}: its backward pass`; });
  const two = make("div", {class: "two"}, box), left = make("div", {}, two), right = make("div", {}, two);
  stripsOf(t, k, left, view);
  picturesOf(t, k, right, view);
  return view;
}
function findings(t, parent, view) {
  if (!t.findings.length) return;
  make("h3", {}, parent, "Findings");
  for (const f of t.findings) {
    const p = make("p", {class: "finding"}, parent), [first, last] = f.spans[0], more = f.spans.length - 1;
    const jump = make("button", {}, p, `step ${first}${last > first ? `–${last}` : ""}`);
    p.append(make("b", {}, null, f.cause), `: ${f.text.replace(/ %/g, "\u00a0%")}${more ? ` Again from step ${f.spans[1][0]}${more > 1 ? `, ${more} times in all` : ""}.` : ""}`);
    jump.onclick = () => go(nearest(first));
    view.moves.push(step => p.classList.toggle("holds", f.spans.some(([a, b]) => a <= step && step <= b)));
  }
}
function stripsOf(t, k, parent, view) {
  make("h3", {}, parent, "Layers over time");
  for (const [key, title, scale] of MEASURES) {
    const layers = t.layers.filter(l => (l[key] || []).some(v => v !== null) && (key !== "dead" || l[key].some(v => v > 0)));
    if (!layers.length) continue;
    const more = make("details", {"data-key": `${k}${key}`}, parent);
    more.open = key === "gradient" || key === "ratio" || key === "dead" || key === "saturated";
    make("summary", {}, more, title);
    const range = extent(D.trainings.flatMap(one => one.layers.map(l => l[key] || [])), scale);
    const grid = make("div", {class: "strips"}, more);
    for (const l of layers) {
      make("span", {}, grid, `${l.path} ${l.type}`);
      const s = strip(l[key], scale, range), value = make("span", {class: "value"}, null);
      grid.append(s, value);
      s.addEventListener("click", e => { const r = s.getBoundingClientRect(); go(steps.indexOf(t.steps[Math.min(t.steps.length - 1, Math.floor((e.clientX - r.left) / r.width * t.steps.length))])); });
      for (const f of t.findings) if (f.layer === l.path && CAUSES[f.cause] === key) for (const [first, last] of f.spans) {
        const a = 100 * at(t, first) / t.steps.length, b = 100 * (at(t, last) + 1) / t.steps.length;
        make("div", {class: "bad", style: `left:${a}%;width:${Math.max(.5, b - a)}%`, title: f.text}, s);
      }
      view.moves.push((step, i) => { s.querySelector("i").style.left = `${100 * (i + .5) / t.steps.length}%`; const v = l[key][i]; value.textContent = scale.top ? percent(v) : short(v); });
    }
  }
}
const CAUSES = {"dead units": "dead", saturated: "saturated", vanishing: "gradient", exploding: "gradient", "large updates": "ratio"};
function picturesOf(t, k, parent, view) {
  if (!Object.keys(t.frames).length) return;
  const place = make("div", {}, parent);
  let shown = null, layer = t.layers.findIndex(l => t.frames[Object.keys(t.frames)[0]].layers[l.path].weights);
  const draw = step => {
    const s = newest(t.frames, step);
    if (s === shown) return;
    shown = s;
    const f = t.frames[s];
    place.textContent = "";
    if (f.map && t.map) {
      make("h3", {}, place, `What it says over the plane, step ${s}`);
      const canvas = make("canvas", {class: "picture map", role: "img", "aria-label": "decision boundary with the samples"}, place);
      boundary(t.map, f.map.output, canvas);
      for (const u of f.map.units) {
        make("h3", {}, place, `Units of layer ${u.layer}`);
        const row = make("div", {class: "row"}, place);
        images(u.data, [16, 16, 1], u.count, 3.4, signed).forEach(c => row.append(c));
      }
    }
    if (f.first) {
      make("h3", {}, place, `First weights, ${f.first.name}, step ${s}`);
      const row = make("div", {class: "row"}, place);
      images(f.first.data, f.first.shape, f.first.count, 44 / f.first.shape[0], signed).forEach(c => row.append(c));
    }
    if (f.worst) {
      make("h3", {}, place, `Most wrong in this batch, step ${s}`);
      const row = make("div", {class: "row"}, place);
      images(f.worst.data, f.worst.shape, f.worst.samples.length, 56 / f.worst.shape[0], v => [v, v, v]).forEach((c, i) => {
        const [label, said, p] = f.worst.samples[i], figure = make("figure", {class: "wrong"}, row);
        figure.append(c); make("figcaption", {}, figure, `is ${label}, said ${said}; p ${short(p)}`);
      });
    }
    make("h3", {}, place, `Histograms, step ${s}`);
    const choose = make("select", {"aria-label": "layer of the histograms"}, place);
    t.layers.forEach((l, i) => { const o = make("option", {value: i}, choose, `${l.path} ${l.type}`); o.selected = i === layer; });
    const row = make("div", {class: "row"}, place), fill = () => {
      row.textContent = "";
      const h = f.layers[t.layers[layer].path];
      for (const [key, title] of [["weights", "weights"], ["gradients", "gradients"], ["activations", "results"]]) if (key in h) row.append(histogram(h[key], title));
    };
    choose.onchange = () => { layer = +choose.value; fill(); };
    if (layer < 0) layer = 0;
    fill();
  };
  view.moves.push(draw);
}
function enterStep(t) {
  const s = newest(t.entered, steps[state.step]);
  if (s === null) return;
  const data = JSON.stringify(t.entered[s]).replace(/</g, "\\u003c");
  $("entered").textContent = `${t.title}, step ${s}`;
  $("frame").srcdoc = D.entering.split('"DA' + 'TA"').join(data).split("TIT" + "LE").join(`step ${s}`);
  $("inside").showModal();
}
function nearest(step) { let best = 0; steps.forEach((s, i) => { if (Math.abs(s - step) < Math.abs(steps[best] - step)) best = i; }); return best; }
function go(i, quiet = true) {
  if (!steps.length) return;
  state.step = Math.max(0, Math.min(steps.length - 1, i));
  const step = steps[state.step];
  for (const v of views) { const k = Math.max(0, at(v.t, step)); for (const move of v.moves) move(step, k); }
  $("slider").value = state.step; $("where").textContent = `step ${step}`;
  $("slider").setAttribute("aria-valuetext", `step ${step}`);
  if (location.protocol !== "about:") history.replaceState(null, "", "#step=" + step);
  if (!quiet) $("say").textContent = `step ${step}: ` + views.map(v => `loss ${short(v.t.loss[Math.max(0, at(v.t, step))])}`).join(", ");
  if (state.step === steps.length - 1 && !D.live) pause();
}
function pause() { clearInterval(state.playing); state.playing = 0; $("play").textContent = "▶ play"; }
function play() {
  if (state.playing) return pause();
  if (state.step === steps.length - 1) go(0);
  $("play").textContent = "❚❚ pause";
  const each = Math.max(1, Math.round(steps.length / 200));  // some 12 seconds in all
  state.playing = setInterval(() => go(state.step + each), 60);
}
$("play").onclick = play; $("back").onclick = () => go(state.step - 1, false); $("next").onclick = () => go(state.step + 1, false);
$("slider").oninput = () => go(+$("slider").value); $("help").onclick = () => $("keys").showModal();
$("theme").onclick = () => { document.documentElement.dataset.theme = getComputedStyle(document.body).colorScheme === "dark" ? "light" : "dark"; };
addEventListener("keydown", e => {
  if (["INPUT", "SELECT"].includes(e.target.tagName) && e.target.id !== "slider" || $("keys").open || $("inside").open || e.ctrlKey || e.metaKey || e.altKey) return;
  const tenth = Math.ceil(steps.length / 10);
  const action = {
    ArrowRight: () => go(state.step + 1, false), ArrowLeft: () => go(state.step - 1, false), PageDown: () => go(state.step + tenth, false), PageUp: () => go(state.step - tenth, false),
    Home: () => go(0, false), End: () => go(steps.length - 1, false), "?": () => $("keys").showModal(), e: () => enterStep(D.trainings[0]), " ": ["BUTTON", "SUMMARY"].includes(e.target.tagName) ? null : play,
  }[e.key];
  if (action) { e.preventDefault(); action(); }
});
let wide = innerWidth;
addEventListener("resize", () => { if (innerWidth !== wide) { wide = innerWidth; build(); go(state.step); } });
if (D.trainings.length) build();
{ const asked = /step=(\d+)/.exec(location.hash); go(asked ? nearest(+asked[1]) : steps.length - 1); }
