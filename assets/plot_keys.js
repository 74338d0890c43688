"use strict";
// An event's line brings the plot to it, five minutes on either side.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-event-at]");
  const plot = link && link.closest(".card-plot, .card").querySelector(".js-plotly-plot");
  if (!plot) return;
  const at = Date.parse(`${link.dataset.eventAt}Z`);
  const iso = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 23);
  window.Plotly.relayout(plot, { "xaxis.range": [iso(at - 300000), iso(at + 300000)] });
  const seen = plot.getBoundingClientRect();
  if (seen.top < 0 || seen.bottom > window.innerHeight) plot.scrollIntoView({ block: "nearest" });
});

// Keys for a focused plot: arrows step through the desaturations, with Shift they move along the night, + and - zoom,
// 0 shows the whole night again, ? shows what the keys and signs mean.
const aroundEvent = (plot, at, direction) => {
  const nadirs = plot.data
    .filter((trace) => String((trace.marker || {}).symbol).startsWith("triangle-up"))
    .flatMap((trace) => trace.x.map((text) => Date.parse(`${text}Z`)))
    .sort((one, two) => direction * (one - two));
  const next = nadirs.find((nadir) => direction * (nadir - at) > 1000);
  return next === undefined ? null : [next - 300000, next + 300000];
};

document.addEventListener("keydown", (event) => {
  const frame = event.target.closest(".live-plot");
  if (!frame || event.ctrlKey || event.metaKey || event.altKey) return;
  const plot = frame.querySelector(".js-plotly-plot");
  if (!plot || !plot._fullLayout || !plot._fullLayout.xaxis) return;
  const [from, to] = plot._fullLayout.xaxis.range.map((text) => Date.parse(text.replace(" ", "T") + "Z"));
  const span = to - from;
  const night = ((plot.layout.xaxis.rangeslider || {}).range || []).map((text) => Date.parse(`${text}Z`));
  const moves = event.shiftKey && event.key.startsWith("Arrow") ? {
    ArrowLeft: [from - span / 4, to - span / 4],
    ArrowRight: [from + span / 4, to + span / 4],
  } : {
    ArrowLeft: aroundEvent(plot, (from + to) / 2, -1),
    ArrowRight: aroundEvent(plot, span < night[1] - night[0] ? (from + to) / 2 : from, 1),
    "+": [from + span / 4, to - span / 4],
    "=": [from + span / 4, to - span / 4],
    "-": [from - span / 2, to + span / 2],
  };
  const iso = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 23);
  const show = ([left, right]) => window.Plotly.relayout(plot, { "xaxis.range": [left, right].map(iso) });
  if (night.length !== 2) return;
  const help = frame.closest(".card").querySelector(".plot-help");
  if (event.key === "0") show(night);
  else if (event.key === "?" && help) help.open = !help.open;
  else if (moves[event.key]) {
    const [left, right] = moves[event.key];
    const width = Math.min(right - left, night[1] - night[0]);
    const start = Math.min(Math.max(left, night[0]), night[1] - width);  // never off the night
    show([start, start + width]);
    if (!event.shiftKey && event.key.startsWith("Arrow")) {
      document.dispatchEvent(new CustomEvent("plot-at-event", { detail: iso((left + right) / 2) }));
    }
  } else return;
  event.preventDefault();
});
