// The list of alerts: the open ones first, then the latest. A click shows the alert's time.

import { each } from "./faults.js";
import { ReviewDialog, reviewed } from "./review.js";
import { mark } from "./states.js";
import { duration, element, figure, number, returnPeriod, stamp, stretch } from "./text.js";

const SHOWN = 60;

export class AlertList {
  #store;
  #root = document.getElementById("alerts");
  #dialog = null;

  constructor(store) {
    this.#store = store;
    store.addEventListener("alerts", (event) => {
      this.#draw(new Set(event.detail.map((alert) => alert.alert_id)));
      each("alert", event.detail, speak);
    });
    store.addEventListener("reviews", () => this.#draw(new Set()));
    this.#root.addEventListener("click", (event) => {
      const asked = store.alerts.get(event.target.closest("[data-review]")?.dataset.review);
      if (asked) this.#review(asked);
      const alert = store.alerts.get(event.target.closest("button")?.dataset.alert);
      if (alert) store.select(alert.station, { startMs: alert.start_ms, endMs: alert.end_ms });
    });
  }

  #review(alert) {
    this.#dialog ??= new ReviewDialog();
    this.#dialog.open(alert, this.#store.reviews.get(alert.alert_id));
  }

  #draw(fresh) {
    const all = this.#store.alertsOf();
    const open = all.filter((alert) => alert.status === "open").length;
    document.getElementById("alerts-empty").hidden = all.length > 0;
    const count = document.getElementById("alerts-count");
    count.textContent = all.length ? `${open} open of ${all.length}` : "";
    const focused = this.#root.contains(document.activeElement) ? document.activeElement : null;
    const [name, id] = Object.entries({ ...focused?.dataset })[0] ?? [];
    this.#root.replaceChildren(
      ...each("alert", all.slice(0, SHOWN), (alert) => this.#row(alert, fresh)),
    );
    if (id) this.#root.querySelector(`[data-${name}="${CSS.escape(id)}"]`)?.focus();
  }

  #row(alert, fresh) {
    const { reviews, takesReviews, past } = this.#store;
    const id = alert.alert_id;
    const shown = row(alert, fresh.has(id), reviews.get(id), takesReviews);
    if (past) shown.append(ownPage(alert));
    return shown;
  }
}

/** The alert's own page, for ever at this address. */
function ownPage({ alert_id: id, station }) {
  const about = { href: `alert/${encodeURIComponent(id)}`, "aria-label": `Page of this alert at ${station}` };
  return element("a", about, "Page of this alert");
}

function row(alert, fresh, review, takesReviews) {
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
  const { start_ms: startMs, end_ms: endMs } = alert;
  const lines = [
    `${stretch(startMs, endMs)} UTC, ${duration(endMs - startMs)}`,
    `score ${figure(alert.score)} of ${figure(alert.threshold)}, once in ${returnPeriod(alert.return_period_days)} of quiet data; ${grounds(alert)}`,
    `Model: ${alert.skill}`,
  ];
  const about = { type: "button", "data-alert": alert.alert_id, title: `Model: ${alert.skill}` };
  const button = element("button", about, head);
  const classes = ["when", "why", "skill"];
  lines.forEach((line, n) => button.append(element("span", { class: classes[n] }, line)));
  if (review) button.append(element("span", { class: "reviewed" }, reviewed(review)));
  const item = element(
    "li",
    { class: `alert ${open ? "open" : "closed"}${fresh ? " fresh" : ""}` },
    button,
  );
  if (takesReviews) item.append(reviewButton(alert));
  return item;
}

function reviewButton({ alert_id: id, station, start_ms: startMs }) {
  const about = `Review the alert of ${station}, ${stamp(startMs)} UTC`;
  const attributes = { type: "button", class: "review-button", "data-review": id };
  return element("button", { ...attributes, "aria-label": about }, "Review");
}

/** What its class rests on. */
function grounds({ kp_highest: kp, faults, seen, remote }) {
  const parts = [kp === null ? "Kp not known" : `Kp up to ${number(kp, 1)}`];
  if (faults?.length) parts.push(`not the field: ${seen || faults.join(", ")}`);
  if (remote?.compared) parts.push(`${remote.witnesses} of ${remote.compared} far stations too`);
  return parts.join(", ");
}

function speak(alert) {
  const text = `Alert ${alert.status} at ${alert.station}: ${alert.severity}, ${alert.classification}`;
  document.getElementById("spoken").textContent = text;
}
