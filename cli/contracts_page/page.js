"use strict";
const filter = document.getElementById("filter");
const found = document.getElementById("found");
const articles = [...document.querySelectorAll("article[data-event]")];
const entries = new Map([...document.querySelectorAll("nav li[data-event]")].map((item) => [item.dataset.event, item]));
const texts = new Map(articles.map((article) => [article, plain(article.textContent)]));

function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
}

function apply() {
  const words = plain(filter.value).split(/\s+/).filter(Boolean);
  let count = 0;
  for (const article of articles) {
    const shown = words.every((word) => texts.get(article).includes(word));
    article.hidden = !shown;
    entries.get(article.dataset.event).hidden = !shown;
    count += shown ? 1 : 0;
  }
  for (const section of document.querySelectorAll(".stream")) {
    section.hidden = !section.querySelector("article:not([hidden])");
  }
  found.textContent = words.length ? (count ? `${count} événement${count > 1 ? "s" : ""}` : "Aucun événement : essayez un autre mot.") : "";
}

filter.addEventListener("input", apply);
// On a phone the summary would fill the screen.
if (window.matchMedia("(max-width: 999px)").matches) document.getElementById("summary").open = false;
