"""What tests ask of the page, as JavaScript that runs in it."""

# Boxes of all that is on the map: what can be clicked, what is seen, and texts.
ON_MAP = """() => {
  const map = document.getElementById("map").getBoundingClientRect();
  const parts = ".target, path:not(.land, .grid), circle, .label";
  return [...document.getElementById("map").querySelectorAll(parts)]
    .map((node) => ({ node, box: node.getBoundingClientRect() }))
    .filter(({ box }) => box.width)
    .map(({ node, box }) => ({
      kind: node.classList[0] ?? "mark",
      owner: node.closest(".station").querySelector("title").textContent,
      left: box.left, top: box.top, right: box.right, bottom: box.bottom,
      cut: box.left < map.left - 0.5 || box.top < map.top - 0.5 ||
           box.right > map.right + 0.5 || box.bottom > map.bottom + 0.5,
    }));
}"""
# The state that a circle has the colour of, and the worst of the stations that its title names.
WORST = """() => import("/static/states.js").then(({ STATES }) => {
  const labels = Object.values(STATES).map(({ label }) => label);
  return [...document.querySelectorAll("#map .many")].map((node) => {
    const named = node.querySelector("title").textContent.split(": ")[1].split(", ");
    const ranks = named.map((text) => labels.indexOf(text.slice(4))).filter((rank) => rank >= 0);
    return [node.classList[1], Object.keys(STATES)[Math.min(...ranks)]];
  });
})"""

# The texts of a linear axis whose ticks are 2.5 apart.
TICKS = """async () => {
  const { Chart } = await import("/static/chart.js");
  let plot = null;
  const chart = new Chart(document.body, {
    title: "", height: 122, axis: false, onZoom() {}, read: () => "", describe: () => "",
    plugins: [{ hooks: { init: (u) => (plot = u) } }], series: [{ colour: "trace" }],
  });
  chart.set([[0, 1000], [100, 109]], [0, 1000]);
  return plot.axes[1]._values;
}"""
# A zigzag all over a chart with an alert's words: pixels of the words, and those beside the line.
STRUCK = """async () => {
  const [{ Chart, colour }, { spans }] = await Promise.all(
    ["chart", "spans"].map((name) => import(`/static/${name}.js`)));
  const parent = document.createElement("div");
  parent.style.width = "600px";
  document.body.append(parent);
  const span = { alert_id: "a", status: "closed", severity: "moderate", classification: "local",
                 start_ms: 0, end_ms: 1e6 };
  const chart = new Chart(parent, {
    title: "", height: 190, axis: true, log: true, onZoom() {}, read: () => "",
    plugins: [spans(() => [span], colour, { words: true })],
    series: [{ colour: "score", width: 1.5 }], describe: () => "",
  });
  const times = [...Array(120).keys()].map((n) => n * 8500);
  chart.set([times, times.map((_, n) => (n % 2 ? 3.9 : 0.1))], [0, 1e6]);
  await new Promise(requestAnimationFrame);
  const canvas = parent.querySelector("canvas");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const rgb = (name) => colour(name).match(/\\w\\w/g).map((two) => parseInt(two, 16));
  const wanted = ["local", "score"].map(rgb);
  const kinds = new Uint8Array(width * height);
  for (let i = 0; i < kinds.length; i++) {
    if (data[4 * i + 3] > 200) wanted.forEach((one, kind) => {
      if (one.every((value, c) => Math.abs(data[4 * i + c] - value) < 24)) kinds[i] = kind + 1;
    });
  }
  // below the bar along the top and beside the edge of the span, which have the words' colour
  const { offsetLeft, offsetTop } = parent.querySelector(".u-over");
  const [left, top] = [(offsetLeft + 3) * devicePixelRatio, (offsetTop + 5) * devicePixelRatio];
  let [touching, words] = [0, 0];
  for (let y = top; y < top + 16; y++) for (let x = left; x < width - 1; x++) {
    const i = y * width + x;
    if (kinds[i] !== 1) continue;
    words++;
    for (const j of [i - 1, i + 1, i - width, i + width]) if (kinds[j] === 2) touching++;
  }
  return [touching, words];
}"""
