// Reviews: what an observer said of an alert, and the dialog in which one says it.

import { element, stamp } from "./text.js";

export const VERDICTS = ["natural", "man-made", "instrument", "unclear"];

/** One line about a review. */
export function reviewed({ verdict, by, note, reviewed_ms: at }) {
  return `Reviewed as ${verdict} by ${by}, ${stamp(at)} UTC${note ? `: ${note}` : ""}`;
}

/** A dialog for the review of any alert; token and name are kept until the page is closed. */
export class ReviewDialog {
  #about = element("p", { class: "note" });
  #verdict = choice();
  #note = element("input", { maxlength: 500, autocomplete: "off" });
  #by = element("input", { maxlength: 80, required: "", autocomplete: "name" });
  #token = element("input", { type: "password", required: "", autocomplete: "off" });
  #refused = element("p", { class: "fault", role: "alert", hidden: "" });
  #send = element("button", { type: "submit" }, "Publish");
  #dialog = element("dialog", { class: "review-dialog", "aria-labelledby": "review-title" });
  #alertId = null;

  constructor() {
    const cancel = element("button", { type: "button" }, "Cancel");
    cancel.addEventListener("click", () => this.#dialog.close());
    const form = element(
      "form",
      {},
      element("h2", { id: "review-title" }, "What was this alert?"),
      this.#about,
      this.#verdict,
      element("label", {}, "Note", this.#note),
      element("label", {}, "Your name", this.#by),
      element("label", {}, "Token of this page", this.#token),
      this.#refused,
      element("div", { class: "tools" }, this.#send, cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
    this.#dialog.append(form);
    this.#dialog.addEventListener("close", () => this.#left());
    document.body.append(this.#dialog);
  }

  /** Ask for the review of an alert; `before` is what was said of it, if anything. */
  open(alert, before = null) {
    this.#alertId = alert.alert_id;
    this.#about.textContent = `${alert.station}, ${stamp(alert.start_ms)} – ${stamp(alert.end_ms)} UTC`;
    for (const input of this.#verdict.querySelectorAll("input")) {
      input.checked = input.value === before?.verdict;
    }
    this.#note.value = before?.note ?? "";
    this.#tell("");
    this.#dialog.showModal();
  }

  async #publish() {
    this.#send.disabled = true;
    try {
      const answer = await fetch(this.#address(), {
        method: "POST",
        headers: { "Content-Type": "application/json", "Magwatch-Review-Token": this.#token.value },
        body: JSON.stringify({
          verdict: this.#verdict.querySelector("input:checked").value,
          by: this.#by.value,
          note: this.#note.value,
        }),
      });
      if (answer.ok) this.#dialog.close();
      else this.#tell((await answer.json()).error);
    } catch {
      this.#tell("The review did not arrive: try again.");
    }
    this.#send.disabled = false;
  }

  #tell(text) {
    this.#refused.textContent = text;
    this.#refused.hidden = !text;
  }

  #address() {
    const path = `../api/alerts/${encodeURIComponent(this.#alertId)}/review`;
    return new URL(path, import.meta.url); // whatever the page's own address is
  }

  /** The focus goes back to where it was, even if the alerts were drawn anew meanwhile. */
  #left() {
    document.querySelector(`[data-review="${CSS.escape(this.#alertId)}"]`)?.focus();
  }
}

function choice() {
  const root = element("fieldset", {}, element("legend", {}, "It was"));
  for (const verdict of VERDICTS) {
    const input = element("input", { type: "radio", name: "verdict", value: verdict, required: "" });
    root.append(element("label", {}, input, verdict));
  }
  return root;
}
