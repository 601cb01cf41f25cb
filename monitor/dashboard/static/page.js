// Puts the parts together.

import { readAddress, writeAddress } from "./address.js";
import { AlertList } from "./alerts.js";
import { Facts } from "./facts.js";
import { each, showLeftOut } from "./faults.js";
import { StationFilter } from "./filter.js";
import { StationList } from "./list.js";
import { Live } from "./live.js";
import { StationMap } from "./map.js";
import { Notices } from "./notices.js";
import { PastDays } from "./past.js";
import { RefusedRecords } from "./refused.js";
import { STATES, counted, mark, worstFirst } from "./states.js";
import { StationPanel } from "./station.js";
import { showStatus } from "./status.js";
import { Store } from "./store.js";
import { clock, element } from "./text.js";

const NARROW = matchMedia("(max-width: 900px)"); // as in the style sheet
const store = new Store();
const byId = (id) => document.getElementById(id);

function showCounts() {
  const found = [...counted(store.stations.values())].filter(([, count]) => count);
  byId("counts").replaceChildren(
    ...each("state", found, ([state, count]) =>
      element("li", {}, mark(state), element("b", {}, String(count)), ` ${STATES[state].label}`),
    ),
  );
}

function showModel() {
  const line = ({ name, version, sha256, skill, headline }) =>
    `Model ${name} ${version} (${sha256.slice(0, 12)}): ${skill}. ${headline}`;
  byId("model-line").textContent = store.models.map(line).join(" ");
}

/** The station in the address, else the worst. */
function choose() {
  if (store.station || !store.stations.size) return;
  const { code } = readAddress();
  const [worst] = [...store.stations.values()].sort(worstFirst);
  store.select(store.stations.has(code) ? code : worst.code);
}

function obeyAddress() {
  const { code, filter } = readAddress();
  if (store.stations.has(code) && code !== store.selected) store.select(code);
  store.setFilter(filter);
}

function painted() {
  if (store.stations.size && !performance.getEntriesByName("magwatch-stations").length) {
    requestAnimationFrame(() => performance.mark("magwatch-stations"));
  }
}

// These first: a station is chosen once it is in the list and on the map.
new StationMap(store);
const list = new StationList(store);
new StationFilter(store);
new AlertList(store);
new RefusedRecords(store);
new Facts(store);
new Notices(store);
new PastDays(store);
new StationPanel(store);
store.addEventListener("begin", showModel);
store.addEventListener("status", () => showStatus(store));
store.addEventListener("left-out", (event) => showLeftOut(event.detail));
store.addEventListener("stations", () => {
  showCounts();
  showStatus(store);
  choose();
  painted();
});
for (const name of ["select", "filter"]) {
  store.addEventListener(name, () =>
    writeAddress(store.selected ?? readAddress().code, store.filter),
  );
}
addEventListener("hashchange", obeyAddress);
obeyAddress();

// On a phone the charts stand above map and lists: what is chosen there brings them back in sight.
byId("side").addEventListener("click", ({ target }) => {
  const chose = target.closest("[data-code], [data-alert]");
  if (chose && NARROW.matches) byId("station").scrollIntoView();
});

// The address keeps station and filter, so links within the page leave it alone.
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = document.querySelector(link.hash);
    target.scrollIntoView();
    if (target.id === "stations") list.focus();
    else target.focus({ preventScroll: true });
  });
}

new Live(store).start();
setInterval(() => (byId("clock").textContent = clock(store.now, true)), 1000);
