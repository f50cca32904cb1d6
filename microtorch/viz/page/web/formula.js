// ---- formulas with numbers put in: what formula/evaluate.py does, for the page. An array is {shape, data}. ------------
const Formula = (() => {
  const size = shape => shape.reduce((a, b) => a * b, 1);
  const real = v => typeof v === "number" ? v : {nan: NaN, inf: Infinity, "-inf": -Infinity}[v] ?? +v;
  const scalar = v => ({shape: [], data: [v]});
  const together = (a, b) => {
    const n = Math.max(a.length, b.length), found = [];
    for (let i = 0; i < n; i++) { const p = a[i - n + a.length] ?? 1, q = b[i - n + b.length] ?? 1; found.push(p === 1 ? q : p); }
    return found;
  };
  const indices = (shape, whole) => {  // for each place of `whole` the place in `shape`, which is broadcast to it
    const n = whole.length, steps = Array(n).fill(0);
    for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i--]) steps[i + n - shape.length] = shape[i] === 1 ? 0 : step;
    const found = new Array(size(whole)), at = Array(n).fill(0);
    for (let k = 0, place = 0; k < found.length; k++) {
      found[k] = place;
      for (let i = n - 1; i >= 0; i--) {
        place += steps[i];
        if (++at[i] < whole[i]) break;
        place -= steps[i] * whole[i]; at[i] = 0;
      }
    }
    return found;
  };
  const map = (f, ...xs) => {
    const shape = xs.map(x => x.shape).reduce(together), places = xs.map(x => indices(x.shape, shape));
    return {shape, data: places[0].map((_, k) => f(...xs.map((x, j) => x.data[places[j][k]])))};
  };
  const groups = (x, axes) => {  // for each place of the result the values that meet there
    const shape = x.shape.map((n, i) => axes.includes(i) ? 1 : n), found = Array.from({length: size(shape)}, () => []);
    indices(shape, x.shape).forEach((place, k) => found[place].push(x.data[k]));
    return [shape, found];
  };
  const over = f => (x, axes) => { const [shape, found] = groups(x, axes); return {shape, data: found.map(f)}; };
  const sum = v => v.reduce((a, b) => a + b, 0), mean = v => sum(v) / v.length;
  const turned = x => {
    const n = x.shape.length, [r, c] = x.shape.slice(-2), data = [];
    for (let b = 0; b < size(x.shape.slice(0, -2)); b++) for (let j = 0; j < c; j++) for (let i = 0; i < r; i++) data.push(x.data[(b * r + i) * c + j]);
    return {shape: [...x.shape.slice(0, n - 2), c, r], data};
  };
  const product = (a, b) => {
    const [n, k] = a.shape.slice(-2), m = b.shape[b.shape.length - 1], batch = together(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const pa = indices(a.shape.slice(0, -2), batch), pb = indices(b.shape.slice(0, -2), batch), data = [];
    for (let q = 0; q < pa.length; q++) for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) {
      let s = 0;
      for (let l = 0; l < k; l++) s += a.data[(pa[q] * n + i) * k + l] * b.data[(pb[q] * k + l) * m + j];
      data.push(s);
    }
    return {shape: [...batch, n, m], data};
  };
  const erf = x => {  // a series near 0, a continued fraction far out: to about 1e-15
    const a = Math.abs(x);
    if (a > 6) return Math.sign(x);
    if (a < 3) { let term = a, s = a; for (let n = 1; n < 80; n++) { term *= -a * a / n; s += term / (2 * n + 1); } return Math.sign(x) * s * 2 / Math.sqrt(Math.PI); }
    let f = 0;
    for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
  };
  const factorial = n => { let p = 1; for (let i = 2; i <= n; i++) p *= i; return p; };
  const LANCZOS = [676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905, -.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7];
  const gamma = x => {
    if (x <= 0 && x === Math.floor(x)) return Infinity;  // a pole: |Γ| is without limit
    if (x < .5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
    const t = x + 6.5, s = LANCZOS.reduce((a, c, i) => a + c / (x + i), .9999999999998099);
    return Math.sqrt(2 * Math.PI) * t ** ((x - .5) / 2) * Math.exp(-t) * t ** ((x - .5) / 2) * s;  // in halves: no overflow
  };
  const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];
  const psi = (...given) => {  // the n-th derivative of ψ: steps of x to where the series in 1/x holds
    const n = given.length > 1 ? given[0] : 0;
    let x = given[given.length - 1], near = 0, far = 0;
    if (x <= 0 && x === Math.floor(x)) return n % 2 ? Infinity : NaN;
    if (!(x > -1e6 && x < Infinity)) return x > 0 ? (n ? 0 : Infinity) : NaN;
    for (; x < 20 + n; x++) near += factorial(n) / x ** (n + 1);
    far = n ? factorial(n - 1) / x ** n + factorial(n) / (2 * x ** (n + 1)) : 1 / (2 * x) - Math.log(x);
    BERNOULLI.forEach((b, i) => { const k = 2 * i + 2; far += n ? b * factorial(k + n - 1) / factorial(k) / x ** (k + n) : b / (k * x ** k); });
    return (n % 2 ? 1 : -1) * (near + far);
  };
  const inverse = x => {  // by elimination, the largest element of a column as the pivot; NaN of a singular matrix
    const n = x.shape[x.shape.length - 1], data = [];
    for (let b = 0; b < x.data.length; b += n * n) {
      const rows = Array.from({length: n}, (_, i) => [...x.data.slice(b + i * n, b + i * n + n), ...Array.from({length: n}, (_, j) => +(i === j))]);
      for (let c = 0; c < n; c++) {
        let p = c;
        for (let i = c + 1; i < n; i++) if (Math.abs(rows[i][c]) > Math.abs(rows[p][c])) p = i;
        [rows[c], rows[p]] = [rows[p], rows[c]];
        const d = rows[c][c] || NaN;
        rows[c] = rows[c].map(v => v / d);
        for (let i = 0; i < n; i++) if (i !== c) { const f = rows[i][c]; rows[i] = rows[i].map((v, j) => v - f * rows[c][j]); }
      }
      for (const row of rows) data.push(...row.slice(n));
    }
    return {shape: x.shape, data};
  };
  const even = v => { const r = Math.round(v); return Math.abs(v % 1) === .5 && r % 2 ? r - 1 : r; };
  const CALLS = {
    exp: Math.exp, log: Math.log, ln: Math.log, "log₂": Math.log2, "log₁₀": Math.log10, sin: Math.sin, cos: Math.cos, tan: Math.tan,
    sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, sign: Math.sign, trunc: Math.trunc, erf, atan2: Math.atan2, sqrt: Math.sqrt,
    abs: Math.abs, floor: Math.floor, ceil: Math.ceil, neg: v => -v, "σ": v => 1 / (1 + Math.exp(-v)),
    "Φ": v => (1 + erf(v / Math.SQRT2)) / 2, "φ": v => Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI),
    round: (v, d = 0) => even(v * 10 ** d) / 10 ** d, "+": (a, b) => a + b, "−": (a, b) => a - b, "·": (a, b) => a * b, "/": (a, b) => a / b,
    "^": Math.pow, "<": (a, b) => a < b, ">": (a, b) => a > b, "≤": (a, b) => a <= b, "≥": (a, b) => a >= b, "=": (a, b) => a === b, "≠": (a, b) => a !== b,
    and: (a, b) => a && b, or: (a, b) => a || b, max: Math.max, min: Math.min,
    "Γ": gamma, "ψ": psi,
  };
  const OVER = {
    "Σ": over(sum), "Π": over(v => v.reduce((a, b) => a * b, 1)), mean: over(mean), max: over(v => Math.max(...v)), min: over(v => Math.min(...v)),
    var: over(v => mean(v.map(x => (x - mean(v)) ** 2))), count: over(v => v.filter(Boolean).length),
    softmax: (x, axes) => { const e = map((v, top) => Math.exp(v - top), x, OVER.max(x, axes)); return map((a, b) => a / b, e, OVER["Σ"](e, axes)); },
  };
  const NAMES = {e: Math.E, "π": Math.PI, "∞": Infinity};
  function evaluate(tree, values, axes) {
    let [kind, ...rest] = tree;
    if (kind === "number") return scalar(rest[0]);
    if (kind === "name") {
      const v = values[rest[0]] ?? NAMES[rest[0]];
      return Array.isArray(v) ? evaluate(v, values, axes) : typeof v === "object" ? v : scalar(typeof v === "boolean" ? v : real(v));
    }
    if (kind === "cases") return rest[0].reduceRight((result, [value, condition]) => map((c, a, b) => c ? a : b, evaluate(condition, values, axes), evaluate(value, values, axes), result), evaluate(rest[1], values, axes));
    if (kind === "call") [kind, ...rest] = rest;
    const given = rest.map(t => evaluate(t, values, axes));
    if (kind in OVER && given.length === 1) return OVER[kind](given[0], axes[kind] ?? given[0].shape.map((_, i) => i));
    if (kind === "T") return turned(given[0]);
    if (kind === "inverse") return inverse(given[0]);
    if (kind === "@") return product(...given);
    return map(CALLS[kind], ...given);
  }
  function fitted(x, view, shape) {  // repeated or summed over what was broadcast, as seen in the shape `view`
    const long = s => s.filter(n => n !== 1).join();
    if (x.data.length !== size(view) || long(x.shape) !== long(view)) {
      const whole = together(x.shape, view), from = indices(x.shape, whole), data = new Array(size(view)).fill(0);
      indices([...Array(whole.length - view.length).fill(1), ...view], whole).forEach((place, k) => data[place] += x.data[from[k]]);
      return {shape, data};
    }
    return {shape, data: x.data};
  }
  // The values of one operation: its arguments, result and gradient as its formulas look at them.
  function names(n, given, y, dy, tensor) {
    const seen = (name, a) => n.views[name] ? {shape: n.views[name], data: a.data} : a, found = Object.fromEntries(n.definitions);
    for (const [k, v] of Object.entries(n.letters)) found[k] = v !== null && typeof v === "object" ? tensor(v.tensor) : v;
    for (const [k, a] of Object.entries(given)) found[k] = seen(k, a);
    if (y) found.y = seen("y", y);
    if (dy) found.dy = seen("y", dy);
    return found;
  }
  return {evaluate, fitted, names, real, size};
})();
