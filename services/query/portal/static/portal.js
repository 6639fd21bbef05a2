// What the pages do better with a script; without one they do all the same.

// Mails once led to `/#/procedures/…`.
const old = /^#\/procedures\/([0-9a-f-]{36})$/.exec(location.hash);
if (old !== null) location.replace(`/procedures/${old[1]}`);

// A second click on a form that is on its way would only be told so.
addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("button[type=submit]")) {
    setTimeout(() => (button.disabled = true));
  }
});
// Whoever comes back finds the page as they left it, with its buttons.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[type=submit]:disabled")) button.disabled = false;
});

// What was refused or taken is where the reader begins; who has begun elsewhere is left there.
const said = document.querySelector("[aria-invalid=true]") ?? document.getElementById("said");
if (said !== null && document.activeElement === document.body) {
  if (!said.matches("input, select, textarea")) said.tabIndex = -1;
  said.focus();
}

// Codes are proposed while their words are typed; what was chosen begins with the code.
for (const field of document.querySelectorAll("[data-lookup]")) {
  let typing;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => propose(field), 200);
  });
  // Typed before this script was there.
  if (field.value !== field.defaultValue) propose(field);
}

async function propose(field) {
  const typed = field.value.trim();
  if (typed.length < 3 || /^[0-9][0-9AB]?[0-9]*( |$)/.test(typed)) return;
  const address = `/suggestions/${field.dataset.lookup}?${new URLSearchParams({ q: typed })}`;
  // Whoever is no longer signed in would be led to the issuer.
  const answer = await fetch(address, { redirect: "manual" });
  if (!answer.ok || field.value.trim() !== typed) return;
  const options = (await answer.json()).map(([code, label]) => new Option("", `${code} ${label}`));
  field.list.replaceChildren(...options);
}
