// The data: classes, colours, rules, severities of these, splits, and pictures of which each has a name, a path, its
// split, width, height, a thumbnail, boxes [class, x, y, width, height, rules, number, and
// what else there is: mask (outlines), points (x, y, visibility)], rules of its own, and what was found [rule, words].
// Of each class there are the edges between its points.
const SIZES = { small: [0, 32 ** 2], medium: [32 ** 2, 96 ** 2], large: [96 ** 2, Infinity] };
const MOST_NAMED = 300; // labels of more objects would cover the picture
const sheet = byId("sheet"), large = byId("large"), fields = ["class", "rule", "size", "split", "text"];

function filters() {
  return Object.fromEntries(fields.map((name) => [name, byId(name).value]));
}

function boxFits([kind, , , width, height, rules], wanted) {
  const [least, most] = SIZES[wanted.size] || [0, Infinity], area = width * height;
  return (!wanted.class || data.classes[kind] === wanted.class) && area >= least && area < most &&
    (!wanted.rule || rules.some((rule) => data.rules[rule] === wanted.rule));
}

function pictureFits(picture, wanted) {
  if (wanted.split && data.splits[picture.split] !== wanted.split) return false;
  if (wanted.text && !picture.name.toLowerCase().includes(wanted.text.toLowerCase())) return false;
  if (!wanted.class && !wanted.size && !wanted.rule) return true;
  if (picture.boxes.some((box) => boxFits(box, wanted))) return true;
  // A rule about the whole picture; class and size then hold for any of its boxes.
  return Boolean(wanted.rule) && picture.rules.some((rule) => data.rules[rule] === wanted.rule) &&
    ((!wanted.class && !wanted.size) || picture.boxes.some((box) => boxFits(box, { ...wanted, rule: "" })));
}

// A picture with its objects, for the room on the screen that is `shown`, a rectangle; there are labels if `named`.
function drawPicture(picture, shown, named) {
  const { width, height } = picture, wanted = filters(), all = !wanted.class && !wanted.size && !wanted.rule;
  const hasLabels = named && picture.boxes.length <= MOST_NAMED;
  const objects = picture.boxes.map((box) => {
    const [kind, x, y, boxWidth, boxHeight, rules, , shape = {}] = box;
    const marks = [all || boxFits(box, wanted) ? "" : "faint", rules.some((rule) => data.severities[rule] !== "note") ? "doubtful" : ""];
    return { number: kind + 1, box: [x, y, boxWidth, boxHeight], ...shape, edges: data.edges[kind], label: hasLabels ? data.classes[kind] : "", marks: marks.join(" ") };
  });
  const svg = drawObjects(objects, width, height, shown);
  for (const [name, value] of Object.entries({ class: "picture", role: "img", "aria-label": picture.name })) svg.setAttribute(name, value);
  if (picture.thumbnail) svg.prepend(svgElement("image", { href: `data:image/jpeg;base64,${picture.thumbnail}`, width, height, preserveAspectRatio: "none" }));
  return svg;
}

const cards = data.pictures.map((picture, number) => {
  const card = make("button", "card");
  card.type = "button";
  card.dataset.number = number;
  card.append(make("span", "picture"), make("span", "name", picture.name));
  const bad = picture.found.map(([rule]) => rule).filter((rule) => data.severities[rule] !== "note");
  card.append(make("span", "found", [...new Set(bad)].map((rule) => data.rules[rule]).join(", ")));
  card.title = picture.name;
  return card;
});

// Only cards near the window hold a picture: thousands of them would be slow.
const seen = new IntersectionObserver((entries) => {
  // All are measured before one is changed: otherwise the browser would place everything again for each.
  const rooms = entries.map(({ target }) => target.firstChild.getBoundingClientRect());
  for (const [index, { target, isIntersecting }] of entries.entries()) {
    const picture = isIntersecting ? drawPicture(data.pictures[target.dataset.number], rooms[index], false) : make("span", "picture");
    target.firstChild.replaceWith(picture);
  }
}, { rootMargin: "600px" });

function show() {
  const wanted = filters();
  let count = 0;
  for (const [number, card] of cards.entries()) {
    card.hidden = !pictureFits(data.pictures[number], wanted);
    count += !card.hidden;
    seen.unobserve(card);
    if (!card.hidden) seen.observe(card);
  }
  byId("count").textContent = `${count} of ${cards.length} pictures`;
  const chosen = Object.entries(wanted).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
}

function open(number) {
  const picture = data.pictures[number], facts = byId("facts");
  large.dataset.number = number;
  facts.querySelector("h2").textContent = picture.name;
  const split = data.splits[picture.split];
  facts.querySelector("p").textContent = `${picture.width} x ${picture.height}${split ? `, ${split}` : ""}, ${picture.path}`;
  facts.querySelector("ol").replaceChildren(...picture.boxes.map(([kind, , , width, height, , number, shape]) => {
    const item = make("li"), swatch = make("span", "swatch");
    item.value = number;
    swatch.style.background = colourOf(kind + 1);
    const labelled = ((shape && shape.points) || []).filter(([, , seen]) => seen).length;
    const more = `${shape && shape.mask ? ", mask" : ""}${labelled ? `, ${labelled} keypoints` : ""}`;
    item.append(swatch, `${data.classes[kind]}, ${Math.round(width)} x ${Math.round(height)}${more}`);
    return item;
  }));
  facts.querySelector("ul").replaceChildren(...picture.found.map(([rule, what]) => make("li", data.severities[rule], `${data.rules[rule]}: ${what}`)));
  if (!large.open) large.showModal();
  enlarge();
}

// The open picture in the room that there is.
function enlarge() {
  if (large.open) byId("view").replaceChildren(drawPicture(data.pictures[large.dataset.number], byId("view").getBoundingClientRect(), true));
}

const shown = () => cards.filter((card) => !card.hidden);

function columns() {
  return getComputedStyle(sheet).gridTemplateColumns.split(" ").length;
}

function moved(key, from, list) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[key];
  if (key === "Home") return 0;
  if (key === "End") return list.length - 1;
  return step === undefined ? -1 : Math.min(Math.max(from + step, 0), list.length - 1);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select"), list = shown();
  if (typing) {
    if (event.key === "Escape" || (event.key === "Enter" && event.target.id === "text")) {
      event.preventDefault();
      if (list.length) list[0].focus();
    }
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    large.close();
    byId("text").focus();
  } else if (event.key === "b") {
    document.body.classList.toggle("no-boxes");
  } else if (list.length) {
    const current = large.open ? cards[large.dataset.number] : document.activeElement.closest(".card");
    const from = list.indexOf(current), to = moved(event.key, from < 0 ? -1 : from, list);
    if (to < 0) return;
    event.preventDefault();
    list[to].focus();
    list[to].scrollIntoView({ block: "nearest" });
    if (large.open) open(Number(list[to].dataset.number));
  }
});

function fill(id, first, names, counts) {
  byId(id).append(new Option(first, ""), ...names.map((name, index) => new Option(counts ? `${name} (${counts[index]})` : name, name)));
}

function pictureCounts(list, has) {
  return list.map((_, index) => data.pictures.filter((picture) => has(picture, index)).length);
}

fill("class", "any", data.classes, pictureCounts(data.classes, ({ boxes }, index) => boxes.some(([kind]) => kind === index)));
fill("rule", "any", data.rules, pictureCounts(data.rules, ({ found }, index) => found.some(([rule]) => rule === index)));
fill("size", "any", Object.keys(SIZES));
fill("split", "any", data.splits.filter(Boolean));
const wantedAtFirst = new URLSearchParams(location.hash.slice(1));
for (const name of fields) {
  const value = wantedAtFirst.get(name) || "";
  if (name === "text" || [...byId(name).options].some((option) => option.value === value)) byId(name).value = value;
}
sheet.append(...cards);
sheet.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (card) open(Number(card.dataset.number));
});
byId("filters").addEventListener("input", show);
byId("filters").addEventListener("reset", () => setTimeout(show));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", enlarge);
byId("close").addEventListener("click", () => large.close());
large.addEventListener("close", () => cards[large.dataset.number].focus());
show();
