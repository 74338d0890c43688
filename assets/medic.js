"use strict";
// A batch's page: the night panel and the keyboard; signing out; an expired session; whose page asks for its layout.
window.dash_clientside = window.dash_clientside || {};
{
  let opener = null; // a selector, for the grid may have drawn its row anew

  window.dash_clientside.medic = {
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
    if (row) opener = `.ag-row[row-id="${CSS.escape(row.getAttribute("row-id"))}"] .night-open`;
  }, true);

  document.addEventListener("keydown", (event) => {
    const panel = document.getElementById("night-panel");
    if (event.key !== "Escape" || event.defaultPrevented || !panel || panel.hidden) return;
    const open = "[role=dialog], [aria-expanded=true]:focus";
    if (!document.querySelector(open)) document.getElementById("night-close").click();
  });
}

window.medicToken = () => {
  const found = /(?:^|; )(?:__Host-)?_csrf_token=([^;]*)/.exec(document.cookie);
  return found ? decodeURIComponent(found[1]) : "";
};

window.medicExpired = (expired) => {
  const note = document.getElementById("session-expired");
  if (note) note.hidden = !expired;
};

{
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    if (String(request[0]).endsWith("/medic/_dash-layout")) { // one app, and each address has a layout of its own
      request[1] = { ...request[1], headers: { ...(request[1] || {}).headers, "X-Page": location.pathname } };
    }
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
});
