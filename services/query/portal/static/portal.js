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

// What was refused or taken is where the reader begins.
const said = document.querySelector("[aria-invalid=true]") ?? document.getElementById("said");
if (said !== null) {
  if (!said.matches("input, select, textarea")) said.tabIndex = -1;
  said.focus();
}
