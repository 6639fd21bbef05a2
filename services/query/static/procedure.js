// One procedure: where it stands, then everything that was said of it, with the proof of its delivery.

import { get } from "./client.js";
import { arrange, element, instant, statusTag, urgencyTag } from "./elements.js";

const title = document.getElementById("procedure-title");
const body = document.getElementById("procedure-body");

let current = null;
let heading = null;
let timeline = null;
const entries = new Map();

export async function showProcedure(id) {
  if (current !== id) begin(id);
  const procedure = await get(`v1/procedures/${id}`);
  if (current !== id) return;
  title.textContent = `Procédure ${procedure.reference}`;
  const standing = summary(procedure);
  heading.replaceWith(standing);
  heading = standing;
  arrange(timeline, procedure.timeline.map(entry));
}

function begin(id) {
  current = id;
  entries.clear();
  title.textContent = "Procédure";
  heading = element("div");
  timeline = element("ol", { class: "timeline", "aria-label": "Chronologie" });
  body.replaceChildren(heading, element("h2", {}, "Chronologie"), timeline);
}

function summary(procedure) {
  return element(
    "div",
    { class: procedure.urgent ? "standing urgent" : "standing" },
    urgencyTag(procedure),
    procedure.overdue ? element("p", { class: "mark" }, "Prise en charge en retard") : null,
    procedure.withdrawal_requested ? element("p", { class: "mark" }, "Retrait demandé par l’administration") : null,
    element(
      "dl",
      {},
      ...term("État", statusTag(procedure)),
      ...term("Numéro", procedure.number ?? "en attente"),
      ...term("Tribunal", procedure.tribunal_name ?? "à déterminer"),
      ...term("Administration", [procedure.administration, procedure.service].filter(Boolean).join(", ")),
      ...term("Déposée le", instant(procedure.submitted_at)),
    ),
  );
}

function term(name, value) {
  return [element("dt", {}, name), element("dd", {}, value)];
}

function entry(said) {
  // A fact never changes once said, so its line is built once.
  if (!entries.has(said.id)) entries.set(said.id, build(said));
  return entries.get(said.id);
}

function build(said) {
  return element(
    "li",
    { class: said.applied ? null : "ineffective" },
    element("p", { class: "when" }, instant(said.time)),
    element("p", { class: "what" }, `${said.description}.`),
    said.applied ? null : element("p", { class: "mark" }, `Sans effet : ${said.why_not_label}.`),
    said.fact === "delivered" ? proof(said.data) : null,
    element(
      "details",
      {},
      element("summary", {}, "Détails techniques"),
      element(
        "dl",
        {},
        ...term("Fait", said.fact),
        ...term("Événement", said.id),
        ...term("Source", said.source),
        ...term("Trace", said.trace ?? "aucune"),
      ),
      element("pre", { tabindex: "0", "aria-label": "Données du fait" }, JSON.stringify(said.data, null, 2)),
    ),
  );
}

function proof(receipt) {
  return element(
    "dl",
    { class: "proof", "aria-label": "Preuve de la remise" },
    ...term("Preuve de la remise", element("code", {}, receipt.topic)),
    ...term("Partition", element("code", {}, String(receipt.partition))),
    ...term("Position", element("code", {}, String(receipt.offset))),
    ...term("Remise n°", element("code", {}, receipt.delivery)),
  );
}
