"use strict";
// The doctor's words are saved as they are typed; what another tab wrote meanwhile is said and never written over.
(() => {
  const SAVE_AFTER_MS = 600;
  const form = () => document.getElementById("words");
  const field = (name) => form().elements[name];
  const say = (text, good = true) => {
    const shown = document.getElementById("words-saved");
    shown.textContent = text;
    shown.classList.toggle("good", good);
    shown.classList.toggle("bad", !good);
  };

  // whoever signed in again, in another tab, has another token; what was written here goes on with it
  const takeToken = () => {
    const found = /(?:^|; )(?:__Host-)?_csrf_token=([^;]*)/.exec(document.cookie);
    if (found) field("csrf_token").value = decodeURIComponent(found[1]);
  };

  const sayExpired = () => {
    say(form().dataset.expired, false);
    const link = document.createElement("a");
    link.href = "/login";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = form().dataset.signIn;
    document.getElementById("words-saved").append(" ", link);
  };

  let timer = null;
  let saving = null;
  let stopped = false;
  const later = () => { clearTimeout(timer); if (!stopped) timer = setTimeout(save, SAVE_AFTER_MS); };

  const save = async () => {
    if (saving) { await saving; }
    saving = send();
    await saving;
    saving = null;
  };

  const send = async () => {
    let answer;
    try {
      takeToken();
      answer = await fetch(form().dataset.draft, { method: "POST", body: new FormData(form()) });
    } catch {
      say(form().dataset.lost, false);
      timer = setTimeout(save, 4000);
      return;
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 401 || (answer.status === 400 && !told.reason)) { // signed out: by time, or elsewhere
      sayExpired();
      timer = setTimeout(save, 4000);
      return;
    }
    if (answer.ok) {
      field("version").value = told.version;
      document.getElementById("words-filled").textContent = told.filled;
      if (told.problem) say(`${told.said} ${told.problem}`, false);
      else say(told.said);
    } else if (answer.status === 409 && told.reason === "draft_conflict") {
      stopped = true; // what stands here is kept on this page, what the other tab wrote in the catalogue
      say(told.message, false);
    } else say(told.message || form().dataset.lost, false);
  };

  const propose = async () => {
    const answer = await fetch(`${form().dataset.proposal}?language=${field("language").value}`);
    if (!answer.ok) return;
    const { report, patient } = await answer.json();
    field("report").value = report;
    field("patient").value = patient;
    later();
  };

  document.addEventListener("input", ({ target }) => { if (target.closest("#words") && target.type !== "password") later(); });
  document.addEventListener("change", ({ target }) => {
    if (target.id === "words-language") propose();
    if (target.id === "words-template") {
      const text = target.selectedOptions[0].dataset.text;
      if (text === undefined) propose();
      else { field("report").value = text; later(); }
    }
  });
  document.addEventListener("submit", (event) => { if (event.target === form()) { clearTimeout(timer); stopped = true; takeToken(); } });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "s" || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.lettersOff) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const button = document.querySelector("[data-sign]");
    if (button) { button.focus(); event.preventDefault(); }
  });
})();
