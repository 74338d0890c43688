"use strict";
// Long tables are drawn here from their data: as Dash components a night of 250 events takes seconds.
(() => {
  const cell = (kind, content) => {
    const made = document.createElement(kind);
    if (content && typeof content === "object") {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "event-link";
      button.dataset.eventAt = content.at;
      button.textContent = content.text;
      made.append(button);
    } else made.textContent = content;
    return made;
  };

  const row = (kind, cells) => {
    const made = document.createElement("tr");
    made.append(...cells.map((content) => cell(kind, content)));
    return made;
  };

  const draw = (target) => {
    const text = target.dataset.table || "";
    if (target.drawn === text) return;
    target.drawn = text;
    target.replaceChildren();
    if (!text) return;
    const { head, rows } = JSON.parse(text);
    const table = document.createElement("table");
    table.className = "events";
    table.createTHead().append(row("th", head));
    table.createTBody().append(...rows.map((cells) => row("td", cells)));
    target.append(table);
  };

  const drawAll = () => document.querySelectorAll("[data-table]").forEach(draw);
  new MutationObserver(drawAll).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-table"],
  });
})();
