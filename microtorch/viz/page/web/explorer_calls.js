// ---- the calls of a captured step, in order --------------------------------------------------------------------
const ARRAYS = 6;  // that are listed of one call
const callRows = [], callsOf = new Map();  // operation -> the numbers of its calls
let lit = [];
function drawCalls() {
  document.body.classList.add("recorded");
  const box = make("section", {id: "calls", "aria-labelledby": "calls-title"}), linked = D.calls.filter(c => c.operations.length).length;
  $("panel").after(box);
  make("h2", {id: "calls-title"}, box, "Recorded calls");
  make("p", {class: linked ? "soft" : "warn"}, box, `${D.calls.length} in order; ${linked ? `each of the ${linked} bold ones opens its operation` : "none could be matched with an operation of this graph"}`);
  const all = make("ol", {role: "listbox", "aria-labelledby": "calls-title", "aria-multiselectable": true}, box);
  D.calls.forEach((c, i) => {
    const row = make("li", {role: "option", tabindex: i ? -1 : 0, "aria-selected": false}, all);
    make("span", {}, row, i + 1); make("b", {}, row, c.name); make("span", {}, row, c.place);
    const writes = c.writes.slice(0, ARRAYS).map(w => w.join(" ")), more = c.writes.length - ARRAYS;
    if (writes.length) make("span", {class: "writes"}, row, "→ " + writes.join(", ") + (more > 0 ? `, and ${more} more` : ""));
    callRows.push(row);
    for (const id of c.operations) callsOf.set(id, [...callsOf.get(id) || [], i]);
    if (c.operations.length) { row.classList.add("linked"); press(row, () => openCall(i)); } else row.setAttribute("aria-disabled", true);
    row.addEventListener("click", () => moveTo(i));
    row.addEventListener("keydown", e => {
      const to = {ArrowDown: i + 1, ArrowUp: i - 1, PageDown: i + 10, PageUp: i - 10}[e.key];
      if (to === undefined) return;
      e.preventDefault(); moveTo(Math.max(0, Math.min(callRows.length - 1, to)));
    });
  });
  const keys = document.querySelector("#keys dl");
  make("dt", {}, keys, "↑ ↓ PgUp PgDn"); make("dd", {}, keys, "in the recorded calls; Enter opens the operation");
}
function moveTo(i) {  // the one row that Tab comes to
  for (const row of callRows) if (row.tabIndex === 0) row.tabIndex = -1;
  callRows[i].tabIndex = 0; callRows[i].focus();
}
function openCall(i) {
  const found = D.calls[i].operations, n = nodes.get(found[(found.indexOf(state.open) + 1) % found.length]);
  for (let m = n.module; m !== null; m = modules.get(m).parent) if (state.folded.has(m)) fold(m, false);
  const all = callRows[i].parentElement, top = all.scrollTop;
  open(n.id);
  all.scrollTop = top;
}
function paintCalls() {  // those of the operation that is open, else of the step
  if (!D.calls) return;
  const calls = callsOf.get(state.open || (state.step ? D.steps[state.step - 1].node : null)) || [];
  if (calls.join() === lit.join()) return;
  for (const [which, on] of [[lit, false], [calls, true]]) for (const i of which) { callRows[i].classList.toggle("now", on); callRows[i].setAttribute("aria-selected", on); }
  lit = calls;
  if (!lit.length) return;
  const row = callRows[lit[lit.length - 1]], all = row.parentElement;  // its backward, where there is one
  if (row.offsetTop < all.scrollTop || row.offsetTop + row.offsetHeight > all.scrollTop + all.clientHeight) all.scrollTop = row.offsetTop - all.clientHeight / 2;
}
