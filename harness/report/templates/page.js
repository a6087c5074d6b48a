"use strict";
// Filters, sorting, copying, and opening what a link leads to. Without it everything is there, in the ledger's order.

function rowsOf(table) {
  return [...table.tBodies[0].rows];
}

function filtering(form) {
  const table = document.getElementById(form.dataset.table);
  const output = form.querySelector("output");
  const rows = rowsOf(table);
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const outcomes = [...form.querySelectorAll('input[name="outcome"]')];
  const stage = form.elements.stage;
  const text = form.elements.text;

  function apply() {
    const wanted = new Set(outcomes.filter((box) => box.checked).map((box) => box.value));
    const words = text.value.toLowerCase().trim();
    let shown = 0;
    rows.forEach((row, at) => {
      const fits =
        wanted.has(row.dataset.outcome) &&
        (!stage.value || row.dataset.stage === stage.value) &&
        (!words || texts[at].includes(words));
      if (row.hidden === fits) row.hidden = !fits;
      shown += fits;
    });
    output.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
  return apply;
}

function sorting(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent.trim();
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(table, heads, column));
  });
}

function sort(table, heads, column) {
  const down = heads[column].getAttribute("aria-sort") === "ascending";
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  const keyed = rowsOf(table).map((row) => [key(row.cells[column]), Number(row.cells[0].textContent), row]);
  const sign = down ? -1 : 1;
  keyed.sort(([one, first], [other, second]) => {
    if (one === null || other === null) return (one === null) - (other === null) || first - second;
    return sign * (one < other ? -1 : one > other ? 1 : 0) || first - second;
  });
  table.tBodies[0].replaceChildren(...keyed.map((each) => each[2]));
}

function key(cell) {
  if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
  const text = (cell.querySelector("summary") || cell).textContent.trim();
  if (text === "") return null;
  return cell.cellIndex === 0 ? Number(text) : text.toLowerCase();
}

async function copy(button) {
  const line = button.previousElementSibling.textContent;
  let said = "copied";
  try {
    await navigator.clipboard.writeText(line);
  } catch {
    said = byHand(button.previousElementSibling) ? "copied" : "press Ctrl-C";
  }
  button.textContent = said;
  setTimeout(() => (button.textContent = "copy"), 2000);
}

function byHand(element) {
  getSelection().selectAllChildren(element);
  return document.execCommand("copy");
}

function reveal(applies) {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.hidden) {
    document.querySelectorAll("form.filters").forEach((form) => form.reset());
    applies.forEach((apply) => apply());
  }
  if (target.tagName === "TR") {
    target.querySelector("details").open = true;
    target.scrollIntoView({ block: "center" });
  }
}

// A mark's row says what it is: its text becomes the mark's title when the pointer comes to it.
function explain(event) {
  const link = event.target.closest("svg a");
  if (!link || link.querySelector("title")) return;
  const row = document.getElementById(link.getAttribute("href").slice(1));
  if (!row) return;
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  const cells = [0, 1, 2, 3, 4, 5].map((at) => (row.cells[at].querySelector("summary") || row.cells[at]).textContent.trim());
  const [number, outcome, stage, what, ard, dmd] = cells;
  title.textContent = `${number}: ${what}\n${outcome} at ${stage}` + (dmd ? `\nARD ${ard}, DMD ${dmd}` : "");
  link.prepend(title);
}

const applies = [...document.querySelectorAll("form.filters")].map(filtering);
document.querySelectorAll("table.experiments").forEach(sorting);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});
document.addEventListener("pointerover", explain);
document.addEventListener("keydown", (event) => {
  const field = document.querySelector('.filters input[type="search"]');
  if (event.key !== "/" || !field || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  field.focus();
});
addEventListener("hashchange", () => reveal(applies));
reveal(applies);

// On paper nothing can be opened: findings are printed whole, rows as they are.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".finding details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
