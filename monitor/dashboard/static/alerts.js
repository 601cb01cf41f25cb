// The list of alerts: the open ones first, then the latest. A click shows the alert's time.

import { mark } from "./states.js";
import { duration, element, figure, number, rarity, stretch } from "./text.js";

const SHOWN = 60;

export class AlertList {
  #store;
  #root = document.getElementById("alerts");

  constructor(store) {
    this.#store = store;
    store.addEventListener("alerts", (event) => {
      this.#draw(new Set(event.detail.map((alert) => alert.alert_id)));
      event.detail.forEach(speak);
    });
    this.#root.addEventListener("click", (event) => {
      const alert = store.alerts.get(event.target.closest("button")?.dataset.alert);
      if (alert) store.select(alert.station, { startMs: alert.startMs, endMs: alert.endMs });
    });
  }

  #draw(fresh) {
    const all = this.#store.alertsOf();
    const open = all.filter((alert) => alert.status === "open").length;
    document.getElementById("alerts-empty").hidden = all.length > 0;
    const count = document.getElementById("alerts-count");
    count.textContent = all.length ? `${open} open of ${all.length}` : "";
    const focused = this.#root.contains(document.activeElement)
      ? document.activeElement.dataset.alert
      : null;
    this.#root.replaceChildren(
      ...all.slice(0, SHOWN).map((alert) => row(alert, fresh.has(alert.alert_id))),
    );
    if (focused) this.#root.querySelector(`[data-alert="${CSS.escape(focused)}"]`)?.focus();
  }
}

function row(alert, fresh) {
  const open = alert.status === "open";
  const head = element(
    "span",
    { class: "alert-head" },
    mark(open ? "alert" : "closed"),
    element("strong", {}, alert.station),
    element("span", { class: `class ${alert.classification}` }, alert.classification),
    element("span", { class: "severity" }, alert.severity),
    element("span", { class: "status" }, open ? "open" : alert.status),
  );
  const long = duration(alert.endMs - alert.startMs);
  const lines = [
    `${stretch(alert.startMs, alert.endMs)} UTC, ${long}`,
    `score ${figure(alert.score)} of ${figure(alert.threshold)}, once in ${rarity(alert.return_period_days)}; ${grounds(alert)}`,
    `Model: ${alert.skill}`,
  ];
  const about = { type: "button", "data-alert": alert.alert_id, title: `Model: ${alert.skill}` };
  const button = element("button", about, head);
  const classes = ["when", "why", "skill"];
  lines.forEach((line, n) => button.append(element("span", { class: classes[n] }, line)));
  return element(
    "li",
    { class: `alert ${open ? "open" : "closed"}${fresh ? " fresh" : ""}` },
    button,
  );
}

/** What its class rests on. */
function grounds({ kp_highest: kp, faults, remote }) {
  const parts = [kp === null ? "Kp not known" : `Kp up to ${number(kp, 1)}`];
  if (faults?.length) parts.push(`instrument: ${faults.join(", ")}`);
  if (remote?.compared) parts.push(`${remote.witnesses} of ${remote.compared} far stations too`);
  return parts.join(", ");
}

function speak(alert) {
  const text = `Alert ${alert.status} at ${alert.station}: ${alert.severity}, ${alert.classification}`;
  document.getElementById("spoken").textContent = text;
}
