// The table of procedures: urgent ones first, each group from the newest to the oldest.

import { get } from "./client.js";
import { arrange, element, instant, statusTag, urgencyTag } from "./elements.js";

const STEP = 100;
const LARGEST_PAGE = 200;

const rows = document.getElementById("rows");
const filters = document.getElementById("filters");
const summary = document.getElementById("summary");
const more = document.getElementById("more");

// What each row shows, so that one that has not changed is left alone.
const shown = new Map();
let wanted = STEP;

async function offerStatuses() {
  const select = document.getElementById("status");
  if (select.options.length > 1) return;
  const { statuses } = await get("v1/statuses");
  const offered = statuses.map(({ status, label }) => element("option", { value: status }, label));
  select.replaceChildren(select.options[0], ...offered);
}

export async function showList() {
  await offerStatuses();
  const asked = Object.fromEntries(new FormData(filters));
  const { found, follows } = await search(asked);
  if (JSON.stringify(asked) !== JSON.stringify(Object.fromEntries(new FormData(filters)))) return;
  arrange(rows, found.map(row));
  for (const id of shown.keys()) {
    if (!found.some((procedure) => procedure.id === id)) shown.delete(id);
  }
  say(sentence(found, follows));
  more.hidden = !follows;
}

async function search(asked) {
  const found = [];
  for (const urgent of [true, false]) {
    let cursor = null;
    do {
      const limit = Math.min(LARGEST_PAGE, wanted - found.length);
      if (limit === 0) return { found, follows: true };
      const page = await get("v1/procedures", { ...asked, urgent, cursor, limit });
      found.push(...page.procedures);
      cursor = page.next;
    } while (cursor !== null);
  }
  return { found, follows: false };
}

function sentence(found, follows) {
  if (found.length === 0) return "Aucune procédure.";
  const urgent = found.filter((procedure) => procedure.urgent).length;
  const count = found.length === 1 ? "1 procédure" : `${found.length} procédures`;
  const among = urgent === 0 ? "" : urgent === 1 ? ", dont 1 urgente" : `, dont ${urgent} urgentes`;
  return `${count}${among}${follows ? " ; d’autres suivent." : "."}`;
}

// Said again only when it changes: a screen reader would repeat it at each refresh.
function say(words) {
  if (summary.textContent !== words) summary.textContent = words;
}

function row(procedure) {
  const content = JSON.stringify(procedure);
  const known = shown.get(procedure.id);
  if (known?.content === content) return known.made;
  const made = build(procedure);
  shown.set(procedure.id, { content, made });
  if (known?.made.contains(document.activeElement)) {
    known.made.replaceWith(made);
    made.querySelector("a").focus();
  }
  return made;
}

function build(procedure) {
  const link = element("a", { href: `#/procedures/${procedure.id}` }, procedure.reference);
  return element(
    "tr",
    { role: "row", class: procedure.urgent ? "urgent" : null },
    element("th", { role: "rowheader", scope: "row" }, urgencyTag(procedure), link),
    cell("Numéro", procedure.number ?? "en attente", procedure.number ? "number" : "pending"),
    cell("Administration", procedure.administration),
    cell("Tribunal", procedure.tribunal_name ?? "à déterminer", procedure.tribunal ? null : "pending"),
    cell("État", statusTag(procedure)),
    cell("Déposée le", instant(procedure.submitted_at), "time"),
  );
}

function cell(heading, content, kind = null) {
  return element("td", { role: "cell", "data-heading": heading, class: kind }, content);
}

export function prepareList(refresh) {
  let typing;
  filters.addEventListener("input", () => {
    wanted = STEP;
    clearTimeout(typing);
    typing = setTimeout(refresh, 200);
  });
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  more.addEventListener("click", () => {
    wanted += STEP;
    refresh();
  });
}
