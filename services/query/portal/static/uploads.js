// Files on their way one by one, with what became of each; without a script the form itself brings them.

const AT_ONCE = 2;
const percent = new Intl.NumberFormat("fr-FR", { style: "percent" });

function receive(part) {
  for (const form of part.querySelectorAll("form.uploads:not(.uploads--live)")) receiveIn(form);
}

function receiveIn(form) {
  const drop = form.querySelector(".drop");
  const input = drop.querySelector("input");
  const list = document.querySelector("[data-attached]");
  const told = document.querySelector("[data-told]");
  const waiting = [];
  let under = 0;

  form.classList.add("uploads--live");
  input.addEventListener("change", takeChosen);
  // Chosen before this script was there.
  takeChosen();
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("drop--over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("drop--over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("drop--over");
    take(event.dataTransfer.files);
  });
  // Sent while files are on their way, the form would go without them.
  for (const one of document.querySelectorAll("form.uploads, form[data-after]")) {
    one.addEventListener("submit", (event) => {
      if (under + waiting.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      tell("Des pièces sont encore en cours d’envoi : attendez la fin, ou retirez-les.");
      list.querySelector("progress, button")?.scrollIntoView({ block: "center" });
    });
  }
  list.addEventListener("submit", remove);

  function takeChosen() {
    take(input.files);
    // What is on its way does not go a second time with the form.
    input.value = "";
  }

  function take(files) {
    for (const file of files) {
      const row = new Row(file, list);
      if (file.size > Number(drop.dataset.largest)) row.failed("Cette pièce dépasse 1 Gio : elle n’est pas envoyée.", null);
      else queue(row);
    }
  }

  function queue(row) {
    row.waits(() => waiting.splice(waiting.indexOf(row), 1));
    waiting.push(row);
    next();
  }

  function next() {
    while (under < AT_ONCE && waiting.length > 0) send(waiting.shift());
  }

  function send(row) {
    const request = new XMLHttpRequest();
    under += 1;
    row.begins(() => request.abort());
    request.open("POST", drop.dataset.to);
    request.setRequestHeader("Content-Type", row.file.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(row.file.name.toWellFormed?.() ?? row.file.name));
    request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
    request.upload.addEventListener("progress", (event) => row.shows(event.loaded / Math.max(event.total, 1)));
    request.addEventListener("load", () => ended(row, request));
    request.addEventListener("error", () => row.failed("La connexion a été coupée.", () => queue(row)));
    request.addEventListener("loadend", () => {
      under -= 1;
      next();
    });
    request.send(row.file);
  }

  function ended(row, request) {
    if (request.status !== 201) {
      row.failed(detailOf(request), request.status === 413 ? null : () => queue(row));
      tell(`${row.file.name} n’a pas été jointe.`);
      return;
    }
    row.becomes(request.responseText);
    tell(`${row.file.name} est jointe.`);
    showWhetherNone();
  }

  async function remove(event) {
    event.preventDefault();
    event.stopPropagation();
    const gone = event.target;
    const body = new URLSearchParams(new FormData(gone));
    // What follows is a page, which is not wanted here.
    const answer = await fetch(gone.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer === null || (answer.type !== "opaqueredirect" && !answer.ok)) {
      gone.submit();
      return;
    }
    gone.closest("li").remove();
    tell("La pièce est retirée.");
    showWhetherNone();
    input.focus();
  }

  function showWhetherNone() {
    const none = document.querySelector("[data-none]");
    if (none !== null) none.hidden = list.children.length > 0;
  }

  function tell(text) {
    told.textContent = text;
  }
}

function detailOf(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return "Cette pièce n’a pas pu être envoyée.";
  }
}

// One file in the list, until the page's own line of it takes its place.
class Row {
  constructor(file, list) {
    this.file = file;
    this.item = document.createElement("li");
    list.append(this.item);
  }

  waits(giveUp) {
    this.#fill("En attente", this.#button("Retirer", () => (giveUp(), this.item.remove())));
  }

  begins(abort) {
    this.progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    this.progress.setAttribute("aria-label", `Envoi de ${this.file.name}`);
    this.#fill("", this.progress, this.#button("Annuler", () => (abort(), this.item.remove())));
  }

  shows(part) {
    this.progress.value = part;
    this.detail.textContent = part < 1 ? percent.format(part) : "Vérification…";
  }

  failed(why, again) {
    const error = document.createElement("p");
    error.className = "fr-error-text";
    error.textContent = why;
    const retry = again === null ? [] : [this.#button("Réessayer", again)];
    this.#fill("", error, ...retry, this.#button("Retirer", () => this.item.remove()));
  }

  becomes(html) {
    const line = document.createElement("template");
    line.innerHTML = html;
    this.item.replaceWith(line.content);
  }

  #fill(detail, ...parts) {
    const name = document.createElement("strong");
    name.textContent = this.file.name;
    this.detail = document.createElement("span");
    this.detail.className = "detail";
    this.detail.textContent = detail;
    this.item.replaceChildren(name, this.detail, ...parts);
  }

  #button(text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fr-btn fr-btn--sm fr-btn--tertiary";
    const which = document.createElement("span");
    which.className = "fr-sr-only";
    which.textContent = ` ${this.file.name}`;
    button.append(text, which);
    button.addEventListener("click", act);
    return button;
  }
}

receive(document);
// What a page renews of itself.
addEventListener("htmx:load", (event) => receive(event.target));
