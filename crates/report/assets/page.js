"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const wide = 640;

  // Colours are named by CSS variables in the figures; the browser says what they are just now.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const resolved = (value) => {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? color(name[1]) : value;
    }
    if (Array.isArray(value)) return value.map(resolved);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
    }
    return value;
  };

  const axis = (own) => ({
    automargin: true, ticklabeloverflow: "allow", zeroline: false, ticks: "outside", ticklen: 4,
    gridcolor: color("--grid"), linecolor: color("--line"), tickcolor: color("--line"),
    zerolinecolor: color("--muted"), showline: true, ...own,
    title: { standoff: 10, font: { size: 13 }, ...own.title },
  });

  // plotly.js cuts names off that are wider than the chart.
  const wrapped = (name, most) => {
    const lines = [""];
    for (const word of name.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${most}}`, "g")) ?? [])) {
      const last = lines.at(-1);
      if (last && last.length + word.length >= most) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines.join("<br>");
  };
  const named = (figure, width) => figure.data.map((trace) => (
    trace.name ? { ...trace, name: wrapped(trace.name, Math.max(12, Math.floor((width - 80) / 7.5))) } : trace));

  const legendBelow = (box, figure, narrow) => {
    const shown = figure.data.filter((trace) => trace.showlegend !== false);
    const entries = shown.length;
    const longest = Math.max(0, ...shown.map((trace) => (trace.name ?? "").length));
    const columns = Math.max(1, Math.floor(box.clientWidth / Math.max(180, 7.5 * longest + 60)));
    const below = narrow || entries <= 6;
    const lines = Math.ceil((7.5 * longest + 80) / box.clientWidth);
    const room = below ? (Math.ceil(entries / columns) * lines - 1) * 20 : 0;
    return { below, least: below ? Number(box.dataset.height) + room : entries * 20 + 110 };
  };

  const layout = (box, figure, width) => {
    const narrow = (width || box.clientWidth) < wide;
    box.dataset.height ||= parseFloat(box.style.height);
    const { below, least } = legendBelow(box, figure, narrow);
    const own = figure.layout;
    const height = Math.max(Number(box.dataset.height), least);
    box.style.height = `${height}px`;
    const place = below
      ? { orientation: "h", x: 0, xanchor: "left", yref: "container", y: 0, yanchor: "bottom" }
      : { orientation: "v", x: 1.02, y: 1 };
    const title = { font: { size: 12 }, side: below ? "top" : undefined, ...own.legend?.title };
    return {
      ...own, width, height, autosize: !width,
      xaxis: axis(own.xaxis), yaxis: axis(own.yaxis),
      legend: { font: { size: 12 }, itemsizing: "constant", tracegroupgap: 0, ...place, ...own.legend, title },
      margin: { l: 12, r: 24, t: narrow ? 8 : 30, b: 12, pad: 0 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--muted"), activecolor: color("--accent") },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: color("--text") },
      hovermode: "closest",
      hoverlabel: { bgcolor: color("--surface"), bordercolor: color("--muted"), align: "left",
                    font: { color: color("--text"), size: 12 } },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    };
  };

  const config = {
    displaylogo: false,
    // plotly.js 4 offers to upload a chart; what a team measured stays in this page.
    showSendToCloud: false, plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg" },
  };
  const draw = (width) => {
    for (const box of document.querySelectorAll("[data-chart]")) {
      // What is folded has no width to draw for; it is drawn when it opens.
      if (!width && !box.clientWidth) continue;
      const figure = resolved(figures[box.dataset.chart]);
      config.displayModeBar = box.clientWidth < wide ? false : "hover";
      Plotly.react(box, named(figure, width || box.clientWidth), layout(box, figure, width), config);
    }
  };

  const themes = ["", "light", "dark"];
  const names = { "": "as the system", light: "light", dark: "dark" };
  const marks = { "": "◐", light: "☀", dark: "☾" };
  const button = document.getElementById("theme");
  const setTheme = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    button.textContent = marks[theme];
    button.title = `Colours: ${names[theme]}`;
    button.setAttribute("aria-label", button.title);
  };
  const remembered = () => {
    try { return localStorage.getItem("triaxis-theme") || ""; } catch { return ""; }
  };
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length];
    setTheme(next);
    try { localStorage.setItem("triaxis-theme", next); } catch { /* a file may not remember */ }
    draw();
  });
  setTheme(themes.includes(remembered()) ? remembered() : "");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());

  // A page that becomes narrow, as a phone's that is turned, has its charts laid out anew: legends move, too.
  let drawn = 0;
  let printed = false;
  const fit = () => {
    if (printed || document.body.clientWidth === drawn) return;
    drawn = document.body.clientWidth;
    draw();
  };

  document.addEventListener("toggle", () => { if (!printed) draw(); }, true);
  // Whoever follows a link to a folded section wants to see it.
  const unfold = () => {
    const details = document.getElementById(location.hash.slice(1))?.firstElementChild;
    if (details?.tagName === "DETAILS") details.open = true;
  };
  addEventListener("hashchange", unfold);
  document.querySelectorAll(".contents a").forEach((link) => link.addEventListener("click", () => setTimeout(unfold)));
  unfold();

  let before = "";
  let closed = [];
  addEventListener("beforeprint", () => {
    printed = true;
    before = root.dataset.theme || "";
    root.dataset.theme = "light";
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
    draw(680);
  });
  addEventListener("afterprint", () => {
    printed = false;
    closed.forEach((details) => { details.open = false; });
    setTheme(before);
    draw();
  });

  // An empty key sorts last in both directions.
  const compare = { number: (a, b) => Number(a) - Number(b), text: (a, b) => a.localeCompare(b) };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.sort;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (key(a) === "") - (key(b) === "") || sign * compare[head.dataset.kind](key(a), key(b)));
      table.tBodies[0].append(...rows);
    }));
  }

  for (const copy of document.querySelectorAll("[data-copy]")) {
    copy.addEventListener("click", async () => {
      const source = document.getElementById(copy.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        getSelection().selectAllChildren(source);
        document.execCommand("copy");
      }
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  }
  for (const download of document.querySelectorAll("[data-download]")) {
    download.addEventListener("click", () => {
      const text = document.getElementById(download.dataset.download).textContent;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = "triaxis-report.json";
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((entry) => entry.isIntersecting)) {
      links.forEach((link) => link.removeAttribute("aria-current"));
      const link = links.get(entry.target.id);
      link.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("main > section").forEach((section) => watcher.observe(section));

  fit();
  let waiting = 0;
  new ResizeObserver(() => { clearTimeout(waiting); waiting = setTimeout(fit, 100); }).observe(document.body);
})();
