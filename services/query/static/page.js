// The page's start: who reads, which view, and looking again every few seconds while somebody looks.

import { forgetToken, hasToken, keepToken, readerOf, Refused, takeTokenFromAddress } from "./client.js";
import { prepareList, showList } from "./list.js";
import { showProcedure } from "./procedure.js";

const SECONDS_BETWEEN_LOOKS = 3;

const views = Object.fromEntries(["access", "list", "procedure"].map((name) => [name, document.getElementById(name)]));
const notice = document.getElementById("notice");
const reader = document.getElementById("reader");
const leave = document.getElementById("leave");

let again;
// Which look is the latest: an older one that ends after it says nothing more.
let latest = 0;

function viewInAddress() {
  const found = /^#\/procedures\/([0-9a-f-]{36})$/.exec(location.hash);
  return found ? { name: "procedure", id: found[1] } : { name: "list" };
}

function open(name) {
  for (const [other, view] of Object.entries(views)) view.hidden = other !== name;
  const known = name !== "access";
  leave.hidden = reader.hidden = !known;
  reader.textContent = known ? readerOf() : "";
}

function tell(words) {
  if (notice.textContent !== words) notice.textContent = words;
  notice.hidden = words === "";
}

async function look() {
  clearTimeout(again);
  const mine = ++latest;
  if (!hasToken()) return open("access");
  const view = viewInAddress();
  open(view.name);
  try {
    await (view.name === "procedure" ? showProcedure(view.id) : showList());
    if (mine === latest) tell("");
  } catch (error) {
    if (mine === latest) explain(error);
  }
  if (mine === latest && hasToken() && !document.hidden) again = setTimeout(look, SECONDS_BETWEEN_LOOKS * 1000);
}

function explain(error) {
  if (!(error instanceof Refused)) return tell("Le service ne répond pas ; nouvel essai dans un instant.");
  if (error.status !== 401) return tell(error.message);
  forgetToken();
  open("access");
  tell("Cet accès n’est plus valable : rouvrez la page par son lien.");
}

function go() {
  takeTokenFromAddress();
  tell("");
  look();
  // The reader of a screen is told that the view has changed.
  const title = document.querySelector("section:not([hidden]) h1");
  if (title !== null) title.focus({ preventScroll: true });
  scrollTo(0, 0);
}

document.getElementById("access-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("access-token");
  keepToken(field.value);
  field.value = "";
  go();
});
leave.addEventListener("click", () => {
  forgetToken();
  location.hash = "";
  go();
});
addEventListener("hashchange", go);
document.querySelector(".skip").addEventListener("click", (event) => {
  // Its address would stand for a view.
  event.preventDefault();
  document.getElementById("main").focus();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});

takeTokenFromAddress();
prepareList(look);
look();
