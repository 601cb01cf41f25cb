// Puts the parts together.

import { AlertList } from "./alerts.js";
import { Facts } from "./facts.js";
import { StationList } from "./list.js";
import { Live } from "./live.js";
import { StationMap } from "./map.js";
import { RANK, STATES, mark } from "./states.js";
import { StationPanel } from "./station.js";
import { Store } from "./store.js";
import { clock, element } from "./text.js";

const store = new Store();
const byId = (id) => document.getElementById(id);

/** Pill and banner: what the connection is like, in words. */
function showStatus() {
  const { kind, progress } = store.status;
  const history = `reading the last ${store.hours} h: ${Math.floor((progress ?? 0) * 100)} %`;
  const texts = {
    broker: [
      "waiting for the broker",
      "Waiting for the broker: it does not answer. What stands here is what was known before.",
    ],
    topics: [
      "waiting for topics",
      "The broker has no topics of magwatch yet: start a worker, or create them with `magwatch topics`.",
    ],
    history: [history, null],
    live: ["live", null],
  };
  const lost = [
    "connection lost",
    "Connection to the dashboard lost; trying again. What stands here is not live.",
  ];
  const [text, banner] = store.connected ? texts[kind] : lost;
  byId("link").dataset.kind = store.connected ? kind : "lost";
  byId("link-text").textContent = text;
  byId("banner").hidden = !banner;
  byId("banner").textContent = banner ?? "";
}

function showCounts() {
  const counts = new Map();
  for (const { state } of store.stations.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts.keys()].sort((a, b) => RANK[a] - RANK[b]);
  byId("counts").replaceChildren(
    ...states.map((state) =>
      element(
        "li",
        {},
        mark(state),
        element("b", {}, String(counts.get(state))),
        ` ${STATES[state].label}`,
      ),
    ),
  );
}

function showModel() {
  const { name, version, sha256, skill } = store.model;
  byId("model-line").textContent = `Model ${name} ${version} (${sha256.slice(0, 12)}): ${skill}.`;
}

/** The station in the address, else one with an open alert, else the first. */
function choose() {
  if (store.station || !store.stations.size) return;
  const wanted = decodeURIComponent(location.hash.slice(1));
  const all = [...store.stations.values()].sort((a, b) => RANK[a.state] - RANK[b.state]);
  store.select(store.stations.has(wanted) ? wanted : all[0].code);
}

function painted() {
  if (store.stations.size && !performance.getEntriesByName("magwatch-stations").length) {
    requestAnimationFrame(() => performance.mark("magwatch-stations"));
  }
}

// These first: a station is chosen once it is in the list and on the map.
new StationMap(store);
new StationList(store);
new AlertList(store);
new Facts(store);
new StationPanel(store);
store.addEventListener("begin", showModel);
store.addEventListener("status", showStatus);
store.addEventListener("stations", () => {
  showCounts();
  choose();
  painted();
});
store.addEventListener("select", () => history.replaceState(null, "", `#${store.selected}`));
addEventListener("hashchange", () => {
  const code = decodeURIComponent(location.hash.slice(1));
  if (store.stations.has(code) && code !== store.selected) store.select(code);
});

new Live(store).start();
setInterval(() => (byId("clock").textContent = clock(store.now, true)), 1000);
