"use strict";
// RO | EN: the cookie is read by the server; the page is loaded again with its fragment.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-language]");
  if (!button) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `language=${button.dataset.setLanguage}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  location.reload();
});
