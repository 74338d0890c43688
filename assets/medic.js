"use strict";
// Which view the fragment names; the night panel and the keyboard; signing out; copying a link; an expired session.
window.dash_clientside = window.dash_clientside || {};
{
  let opener = null; // a selector, for the grid may have drawn its row anew

  window.dash_clientside.medic = {
    showView(hash) {
      const patient = /^#pacient\/([0-9a-f-]{36})$/.exec(hash || "");
      const patients = hash === "#pacienti";
      return [Boolean(patient) || patients, !patients, !patient, patient ? patient[1] : null];
    },
    spanChosen(selected) {
      const range = (selected || {}).range || {};
      const ends = range[Object.keys(range).find((name) => name.startsWith("x"))];
      if (!ends) return [window.dash_clientside.no_update, window.dash_clientside.no_update];
      // plotly leaves out what is zero: midnight is the date alone
      return [...ends].sort().map((text) => `${text}${text.length === 10 ? " 00:00" : ""}`.replace(" ", "T").slice(0, 19));
    },
    nightShown(hidden) {
      setTimeout(() => (hidden ? goBack() : goToNight()), 0);
      return "-1";
    },
  };

  const goToNight = () => {
    const title = document.getElementById("night-title");
    document.getElementById("night-panel").scrollIntoView({ block: "start" });
    title.focus({ preventScroll: true });
  };

  const goBack = () => {
    const found = opener && document.querySelector(opener);
    opener = null;
    if (found) found.focus();
  };

  document.addEventListener("click", ({ target }) => {
    const row = target.closest(".ag-row");
    const button = target.closest("button[id*='night-action']");
    if (row) opener = `.ag-row[row-id="${CSS.escape(row.getAttribute("row-id"))}"] .night-open`;
    else if (button) opener = `#${CSS.escape(button.id)}`;
  }, true);

  document.addEventListener("keydown", (event) => {
    const panel = document.getElementById("night-panel");
    if (event.key !== "Escape" || event.defaultPrevented || !panel || panel.hidden) return;
    const open = "[role=dialog], [aria-expanded=true]:focus";
    if (!document.querySelector(open)) document.getElementById("night-close").click();
  });
}

window.medicToken = () => {
  const found = document.cookie.split("; ").find((part) => part.startsWith("_csrf_token="));
  return found ? decodeURIComponent(found.slice("_csrf_token=".length)) : "";
};

window.medicExpired = (expired) => {
  const note = document.getElementById("session-expired");
  if (note) note.hidden = !expired;
};

{
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 401) window.medicExpired(true);
    else if (answer.ok && answer.url.includes("/medic/_dash-update-component")) window.medicExpired(false);
    return answer;
  };
}

const signOut = async () => {
  const note = document.getElementById("session-expired");
  const options = { method: "POST", headers: { "X-CSRFToken": window.medicToken() } };
  const answer = note && !note.hidden ? { ok: true } : await fetch("/logout", options).catch(() => ({ ok: false }));
  if (answer.ok) location.assign("/login");
  else document.getElementById("sign-out-failed").hidden = false;
};

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-sign-out]")) await signOut();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copy.classList.add("copied");
      setTimeout(() => copy.classList.remove("copied"), 1500);
    } catch { // not allowed here: the link stands selected, ready for the keyboard
      window.getSelection().selectAllChildren(copy.closest(".link-box").querySelector(".link-url"));
    }
  }
});
