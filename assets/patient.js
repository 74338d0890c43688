"use strict";
// The secret stays behind the #: it is exchanged for a cookie on every load, on every change of the fragment, and when
// the tab comes back to the front (another tab may have opened another patient's link meanwhile).
(() => {
  const RETRY_MS = 8000;
  const GIVE_UP_MS = 15000;
  let shown = null;
  let hasLeft = false;

  const nights = () => document.getElementById("nights");

  // what stands in #nights belongs to Dash, which must take it away itself; what the script says stands beside it
  const put = (...said) => {
    shown = null;
    window.dash_clientside.set_props("patient-id", { data: null });
    window.dash_clientside.set_props("nights", { children: [] });
    document.getElementById("notice").replaceChildren(...said);
  };

  const say = (name) => {
    const note = document.createElement("p");
    note.className = "card";
    note.setAttribute("role", "alert");
    note.textContent = nights().dataset[name];
    put(note);
  };

  const isEmpty = () => !nights().firstElementChild || nights().querySelector(".skeleton");

  // a link with a PIN asks for it here; what is typed goes with the next exchange and stays nowhere
  const askForPin = (message) => {
    if (document.querySelector("#notice form.pin") && !message) return;
    const form = document.getElementById("pin-form").content.cloneNode(true).firstElementChild;
    const note = form.querySelector("[role=alert]");
    note.textContent = message;
    note.hidden = !message;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      exchange(form.querySelector("input").value.replace(/\D/g, ""));
    });
    put(form);
    form.querySelector("input").focus();
  };

  const leave = async () => {
    hasLeft = true;
    history.replaceState(null, "", location.pathname);
    say("left");
    try {
      await fetch("/patient/leave", { method: "POST", cache: "no-store" });
    } catch {
      say("offline");
    }
  };

  // only a 404 means that the link opens nothing; anything else is ours to mend, so the page tries again by itself
  const tryLater = (pin) => {
    if (!shown) say("offline");
    setTimeout(() => exchange(pin), RETRY_MS);
  };

  const exchange = async (pin) => {
    if (hasLeft && !location.hash) return;
    hasLeft = false;
    const secret = (/^#([\w-]{43})(?![\w-])/.exec(location.hash) || [])[1] || "";  // what a messenger adds behind is dropped
    let answer;
    try {
      answer = await fetch("/patient/session", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(typeof pin === "string" ? { secret, pin } : { secret }),
        cache: "no-store",
      });
    } catch {
      tryLater(pin);
      return;
    }
    if (answer.status === 404) {
      const { reason } = await answer.json().catch(() => ({}));
      say(reason === "link_expired" ? "expired" : "refused");
      return;
    }
    if (answer.status === 401 || answer.status === 403) {
      const { reason, message } = await answer.json().catch(() => ({}));
      if (reason === "link_paused") say("paused");
      else askForPin(reason === "pin_wrong" ? message : "");
      return;
    }
    if (!answer.ok) {
      tryLater(pin);
      return;
    }
    const { patient_id: patientId, preview } = await answer.json();
    const banner = document.getElementById("banner");
    if (banner) banner.textContent = preview ? banner.dataset.preview : "";
    if (patientId !== shown) {
      if (shown) window.dash_clientside.set_props("nights", { children: [] });
      shown = patientId;
      document.getElementById("notice").replaceChildren();
      window.dash_clientside.set_props("patient-id", { data: patientId });
      setTimeout(() => { if (shown === patientId && isEmpty()) say("offline"); }, GIVE_UP_MS);
    }
  };

  // a page left open learns at its next request that its link was stopped
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 404 && shown && answer.url.includes("/_dash-update-component")) exchange();
    return answer;
  };

  const whenReady = () => {
    if (nights() && window.dash_clientside && window.dash_clientside.set_props) exchange();
    else setTimeout(whenReady, 20);
  };

  document.addEventListener("click", (event) => { if (event.target.closest("[data-leave]")) leave(); });
  window.addEventListener("hashchange", () => exchange());
  document.addEventListener("visibilitychange", () => { if (!document.hidden && shown) exchange(); });
  window.addEventListener("focus", () => { if (shown) exchange(); });
  whenReady();

  // the stored picture gives way to the plot once the plot has drawn
  new MutationObserver(() => {
    document.querySelectorAll(".plot").forEach((plot) => {
      if (plot.querySelector(".js-plotly-plot .main-svg")) plot.classList.add("is-live");
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
