// What the pages do beyond links and forms: new lines as they come, keys, and asking before what cannot be undone.
"use strict";

const lines = document.getElementById("lines");

function listen(status) {
  const source = new EventSource(status.dataset.live);
  const waiting = [];
  const button = document.getElementById("show-fresh");
  const bar = document.getElementById("fresh");
  const show = () => {
    for (const html of waiting.splice(0)) {
      const found = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelector("li");
      if (!found || document.getElementById(found.id)) continue;
      found.classList.add("fresh");
      lines.querySelector(".empty")?.remove();
      lines.prepend(document.adoptNode(found));
      while (lines.children.length > 500) lines.lastElementChild.remove();
    }
    bar.hidden = true;
  };
  source.addEventListener("open", () => { status.textContent = `● ${status.dataset.on}`; });
  source.addEventListener("error", () => { status.textContent = `○ ${status.dataset.off}`; });
  source.addEventListener("line", (event) => {
    waiting.push(event.data);
    // Nothing moves under the eyes of somebody who reads further down.
    if (window.scrollY < 200) { show(); return; }
    button.textContent = `${button.dataset.words} (${waiting.length})`;
    bar.hidden = false;
  });
  button.addEventListener("click", () => { show(); window.scrollTo(0, 0); });
}

function step(by) {
  const all = [...lines.querySelectorAll(".line")];
  const at = all.indexOf(lines.querySelector(".line.at"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (!next) return;
  all[at]?.classList.remove("at");
  next.classList.add("at");
  next.querySelector(".headline").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
  if (lines && event.key === "j") step(1);
  if (lines && event.key === "k") step(-1);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-sure]");
  if (button && !window.confirm(button.dataset.sure)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

const box = document.querySelector(".filterbox:not([data-set])");
if (box && window.matchMedia("(max-width: 44rem)").matches) box.open = false;

document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const status = document.getElementById("live");
if (status && lines) listen(status);
