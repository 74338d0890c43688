"use strict";
// One request per file, three at a time; a file that could not be sent stays here and is tried again.
(() => {
  const PARALLEL = 3;
  const DRAW_EVERY_MS = 120; // drawing at every frame takes as long as sending
  const RETRY_MS = [1000, 3000, 8000, 15000, 30000];
  const files = new Map();
  let sending = 0;
  let nextId = 1;
  let accepted = 0;
  let batch = "";

  const zone = () => document.getElementById("drop-zone");
  const words = () => JSON.parse(zone().dataset.words);
  const limit = (name) => Number(zone().dataset[name]);

  const take = (list) => {
    if (zone().dataset.session !== batch) { batch = zone().dataset.session; accepted = 0; }
    let bytes = [...files.values()].reduce((sum, entry) => sum + entry.file.size, 0);
    for (const file of list) {
      const entry = { id: nextId++, file, state: "waiting", progress: 0, tries: 0, message: "" };
      bytes += file.size;
      if (file.size > limit("fileBytes")) refuse(entry, words().too_large);
      else if (files.size + accepted >= limit("files")) refuse(entry, words().too_many);
      else if (bytes > limit("batchBytes")) refuse(entry, words().batch_too_large);
      else if (bytes > limit("stagingLeft")) refuse(entry, words().staging_full);
      files.set(entry.id, entry);
    }
    pump();
  };

  const refuse = (entry, message) => {
    entry.state = "failed";
    entry.final = true;
    entry.message = message;
  };

  const pump = () => {
    for (const entry of files.values()) {
      if (sending >= PARALLEL) break;
      if (entry.state === "waiting") send(entry);
    }
    draw();
  };

  const send = (entry) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", entry.file, entry.file.name);
    entry.state = "sending";
    entry.progress = 0;
    entry.message = "";
    entry.request = request;
    sending += 1;
    request.open("POST", `/medic/uploads/${zone().dataset.session}/files`);
    request.setRequestHeader("X-CSRFToken", window.medicToken());
    request.timeout = 60000;
    request.upload.onprogress = (event) => { entry.progress = event.loaded / Math.max(event.total, 1); draw(); };
    request.onload = () => finish(entry, request);
    request.onerror = () => later(entry, words().retrying);
    request.ontimeout = () => later(entry, words().retrying);
    request.onabort = () => { entry.state = "stopped"; entry.message = words().stopped; };
    request.onloadend = () => { sending -= 1; entry.request = null; pump(); };
    request.send(form);
  };

  const finish = (entry, request) => {
    if (request.status === 200 || request.status === 201) {
      files.delete(entry.id);
      accepted += 1;
      window.medicExpired(false);
      refreshTable();
      return;
    }
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { answer = {}; }
    const said = answer.message || "";
    if (request.status === 401) { window.medicExpired(true); later(entry, words().signed_out); return; }
    if (request.status === 503 || request.status === 429 || request.status >= 500) {
      later(entry, said || words().retrying);
      return;
    }
    refuse(entry, said || words().failed);
    entry.final = answer.reason !== "batch_closed"; // another batch may take it
  };

  const later = (entry, message) => {
    entry.state = "later";
    entry.message = message;
    const wait = RETRY_MS[Math.min(entry.tries, RETRY_MS.length - 1)];
    entry.tries += 1;
    entry.timer = setTimeout(() => { if (entry.state === "later") { entry.state = "waiting"; pump(); } }, wait);
  };

  let refreshTimer = null;
  const refreshTable = () => {
    clearTimeout(refreshTimer);
    refreshTimer = setTimeout(() => window.dash_clientside.set_props("refresh", { data: Date.now() }), 150);
  };

  const button = (label, entry, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet-action";
    made.textContent = label;
    made.setAttribute("aria-label", `${label}: ${entry.file.name}`);
    made.addEventListener("click", () => act(entry));
    return made;
  };

  const part = (kind, className, text = "") => {
    const made = document.createElement(kind);
    made.className = className;
    made.textContent = text;
    return made;
  };

  // made once and changed in place: a button drawn anew between press and release would never be clicked
  const line = (entry, said) => {
    const row = part("div", "file-row");
    const bar = document.createElement("progress");
    const note = part("span", "quiet");
    const actions = part("span", "file-actions");
    const buttons = {
      stop: button(said.stop, entry, stop),
      retry: button(said.retry, entry, retry),
      remove: button(said.remove, entry, remove),
    };
    actions.append(...Object.values(buttons));
    row.append(part("span", "file-name", entry.file.name), bar, note, actions);
    return { row, bar, note, actions, buttons };
  };

  const show = (entry, said) => {
    entry.line = entry.line || line(entry, said);
    const { row, bar, note, actions, buttons } = entry.line;
    const active = ["sending", "waiting", "later"].includes(entry.state);
    const text = entry.message || said[entry.state] || "";
    row.className = `file-row file-${entry.state}`;
    bar.value = entry.progress;
    if (note.textContent !== text) note.textContent = text;
    const held = document.activeElement;
    buttons.stop.hidden = !active;
    buttons.retry.hidden = active || Boolean(entry.final);
    buttons.remove.hidden = active;
    if (held && held.hidden && actions.contains(held)) actions.querySelector("button:not([hidden])").focus();
    return row;
  };

  const retry = (entry) => {
    entry.state = "waiting";
    entry.message = "";
    pump();
  };

  const remove = (entry) => {
    files.delete(entry.id);
    draw();
  };

  const stop = (entry) => {
    clearTimeout(entry.timer);
    if (entry.request) entry.request.abort();
    entry.state = "stopped";
    entry.message = words().stopped;
    draw();
  };

  let drawing = false;
  const draw = () => {
    if (drawing) return;
    drawing = true;
    setTimeout(() => {
      drawing = false;
      const list = document.getElementById("file-list");
      if (!list) return;
      const said = words();
      const entries = [...files.values()].sort((one, two) => (two.state !== "waiting") - (one.state !== "waiting"));
      const rows = entries.slice(0, 12).map((entry) => show(entry, said));
      const left = entries.filter((entry) => !entry.final).length;
      if (left > 0) rows.unshift(countOf(list, `${said.left} ${left}`));
      for (const gone of [...list.children]) if (!rows.includes(gone)) gone.remove();
      rows.forEach((row, index) => { if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null); });
    }, DRAW_EVERY_MS);
  };

  const countOf = (list, text) => {
    const shown = list.querySelector(".files-left") || part("p", "quiet files-left");
    if (shown.textContent !== text) shown.textContent = text;
    return shown;
  };

  const entriesOf = async (transfer) => {
    const roots = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
    if (roots.length === 0) return [...transfer.files];
    const found = [];
    const walk = async (entry) => {
      if (entry.isFile) {
        found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (part.length === 0) return;
        for (const child of part) await walk(child);
      }
    };
    for (const root of roots) await walk(root);
    return found.filter((file) => !file.name.startsWith("."));
  };

  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!zone()) return;
      event.preventDefault();
      zone().classList.add("is-over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (zone() && !event.relatedTarget) zone().classList.remove("is-over");
  });
  document.addEventListener("drop", async (event) => {
    if (!zone()) return;
    event.preventDefault();
    zone().classList.remove("is-over");
    take(await entriesOf(event.dataTransfer));
  });

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choose]");
    if (!chosen) return;
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.id = "file-input";
    input.hidden = true;
    if (chosen.dataset.choose === "folder") input.webkitdirectory = true;
    input.addEventListener("change", () => { take([...input.files]); input.remove(); });
    document.body.append(input);
    input.click();
  });

  // the connection is back: nobody waits out the pause of an earlier try
  window.addEventListener("online", () => {
    for (const entry of files.values()) if (entry.state === "later") { clearTimeout(entry.timer); entry.state = "waiting"; }
    if (zone()) pump();
  });

  window.addEventListener("beforeunload", (event) => {
    if ([...files.values()].some((entry) => ["waiting", "sending", "later"].includes(entry.state))) event.preventDefault();
  });
})();
