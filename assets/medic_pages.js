"use strict";
// Server-rendered pages of the doctor: keys of the lists, copying, choices that send their form, tabs, searched choices.
(() => {
  const typing = (target) => Boolean(target.closest("input, textarea, select, [contenteditable], dialog"));
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const letters = () => !document.body.dataset.lettersOff;
  const PLACE = "list-place";

  const choose = (row) => {
    rows().forEach((one) => one.classList.toggle("sel", one === row));
    const link = row.querySelector("[data-open]");
    if (link) link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("sel"));
    choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]);
  };

  const follow = (selector) => {
    const link = document.querySelector(selector);
    if (link) link.click();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") { closeAsked(event); return; }
    if (typing(event.target) || !letters()) return;
    const list = Boolean(document.querySelector("[data-rows]"));
    const acts = {
      j: () => step(1), k: () => step(-1), n: () => follow("[data-next]"),
      "[": () => follow("[data-previous]"), "]": () => follow("[data-next-night]"),
      "/": () => { const search = document.getElementById("q"); if (search) { search.focus(); search.select(); } },
      "?": () => { const help = document.getElementById("keys"); if (help) help.showModal(); },
    };
    if (!acts[event.key] || ("jk".includes(event.key) && !list)) return;
    acts[event.key]();
    event.preventDefault();
  });

  const closeAsked = (event) => {
    const asked = event.target.closest("details.ask[open]");
    if (!asked) return;
    asked.open = false;
    asked.querySelector("summary").focus();
  };

  // one question at a time
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches || !event.target.matches("details.ask") || !event.target.open) return;
    document.querySelectorAll("details.ask[open]").forEach((one) => { if (one !== event.target) one.open = false; });
  }, true);

  document.addEventListener("click", async ({ target }) => {
    const row = target.closest("[data-row]");
    if (row) rememberPlace(row);
    if (target.closest("[data-print]")) window.print();
    const copy = target.closest("[data-copy]");
    if (copy) await copied(copy);
  });

  const copied = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 2000);
    } catch { // not allowed here: the link stands selected, ready for the keyboard
      const link = button.closest(".link-box, main").querySelector(".link-url");
      if (link) window.getSelection().selectAllChildren(link);
    }
  };

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-submits]")) target.form.requestSubmit();
  });

  // back at the row that was opened
  const rememberPlace = (row) => {
    try { sessionStorage.setItem(PLACE, JSON.stringify([location.pathname + location.search, row.id])); } catch { /* full or forbidden */ }
  };
  const returnToPlace = () => {
    let place = [];
    try { place = JSON.parse(sessionStorage.getItem(PLACE)) || []; } catch { return; }
    const row = place[0] === location.pathname + location.search && place[1] && document.getElementById(place[1]);
    if (row) choose(row);
  };

  const tabs = () => [...document.querySelectorAll("[role=tab]")];
  const show = (tab) => tabs().forEach((one) => {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
  });
  document.addEventListener("click", ({ target }) => { const tab = target.closest("[role=tab]"); if (tab) show(tab); });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest("[role=tab]");
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !by) return;
    const all = tabs();
    const next = all[(all.indexOf(tab) + by + all.length) % all.length];
    show(next);
    next.focus();
  });

  // a choice among many patients gets a field that asks the server
  const searched = (select) => {
    const field = document.createElement("input");
    field.type = "search";
    field.className = "input";
    field.setAttribute("aria-label", document.querySelector(`label[for="${CSS.escape(select.id)}"]`).textContent);
    field.placeholder = select.options[0].textContent;
    let timer = null;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const answer = await fetch(`/medic/patients/choices?q=${encodeURIComponent(field.value)}`);
        if (!answer.ok) return;
        const kept = select.value;
        const found = await answer.json();
        select.replaceChildren(select.options[0], ...found.map(({ value, label }) => new Option(label, value, false, value === kept)));
        if (found.length === 1) select.value = found[0].value;
      }, 200);
    });
    select.before(field);
  };

  // addresses of before: each view was a fragment of one page
  const moved = () => {
    if (location.pathname !== "/medic/") return;
    const patient = /^#pacient\/([0-9a-f-]{36})$/.exec(location.hash);
    if (patient) location.replace(`/medic/patients/${patient[1]}`);
    else if (location.hash === "#pacienti") location.replace("/medic/patients");
    else if (location.hash === "#lot") location.replace("/medic/intake");
  };

  window.addEventListener("hashchange", moved);
  document.addEventListener("DOMContentLoaded", () => {
    moved();
    returnToPlace();
    const first = tabs()[0];
    if (first) show(first);
    document.querySelectorAll("[data-patients]").forEach(searched);
    document.documentElement.classList.add("scripted");
  });
})();
