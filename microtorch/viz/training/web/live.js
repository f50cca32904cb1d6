// ---- a training that runs: choose, start, and follow it --------------------------------------------------------------
const live = {number: 0, after: 0, follow: true, compared: null};
function choices() {
  const form = make("form", {class: "choices", id: "choices"});
  $("main").prepend(form);
  for (const c of D.live) {
    const label = make("label", {}, form, c.title), field = make(c.options.length ? "select" : "input", {name: c.name, ...(c.options.length ? {} : {value: c.default, inputmode: c.name === "layers" ? "text" : "decimal"})}, label);
    for (const o of c.options) { const option = make("option", {}, field, o); option.selected = o === c.default; }
  }
  make("button", {id: "start"}, form, "train");
  const stop = make("button", {id: "stop", type: "button"}, form, "stop"), keep = make("button", {id: "keep", type: "button"}, form, "keep beside the next");
  make("p", {id: "error", class: "warn", role: "alert"}, form, "");
  form.onsubmit = e => { e.preventDefault(); send("start", Object.fromEntries(new FormData(form))); };
  stop.onclick = () => send("stop", {});
  keep.onclick = () => { if (!D.trainings.length) return; live.compared = live.compared ? null : D.trainings[D.trainings.length - 1]; keep.textContent = live.compared ? "keep none" : "keep beside the next"; if (!live.compared) { D.trainings = D.trainings.slice(-1); build(); go(steps.length - 1); } };
}
async function send(where, what) {
  const answer = await fetch(where, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(what)});
  const found = await answer.json();
  $("error").textContent = found.error || "";
  live.follow = true;
}
async function ask() {
  try {
    const found = await (await fetch(`news?number=${live.number}&after=${live.after}`)).json();
    if (found.error) $("error").textContent = found.error;
    if (found.training) take(found);
  } catch { $("summary").textContent = "microtorch play has ended"; }
  setTimeout(ask, 700);
}
function take(found) {
  const t = found.training, old = D.trainings[D.trainings.length - 1];
  if (found.number === live.number && old && old !== live.compared) for (const kept of ["frames", "entered"]) t[kept] = {...old[kept], ...t[kept]};
  const changed = found.number !== live.number || !old || old.last !== t.last;
  live.number = found.number;
  live.after = Math.max(0, ...Object.keys(t.frames).map(Number), ...Object.keys(t.entered).map(Number));
  if (!changed || $("inside").open) return;
  const at_end = !steps.length || state.step >= steps.length - 1, step = steps[state.step];
  D.trainings = live.compared ? [live.compared, t] : [t];
  build();
  go(at_end ? steps.length - 1 : nearest(step));
}
choices(); ask();
