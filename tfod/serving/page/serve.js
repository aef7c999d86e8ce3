// The data: the model's name in addresses, names of classes by id, colours of classes from 1, and the outputs needed.
const image = byId("image"), boxes = byId("boxes"), list = byId("list"), threshold = byId("threshold");
let found = [], turn = 0, summary = "";

function say(text, bad) {
  byId("status").textContent = text;
  byId("status").className = bad ? "bad" : "";
}

function colourOf(id) {
  return data.colours[(id - 1 + data.colours.length) % data.colours.length];
}

function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function place(box, [top, left, bottom, right]) {
  const percent = (part) => `${100 * part}%`;
  Object.assign(box.style, { top: percent(top), left: percent(left), height: percent(bottom - top), width: percent(right - left) });
}

function show() {
  const least = Number(threshold.value);
  byId("least").textContent = least.toFixed(2);
  const kept = found.filter(({ score }) => score >= least);
  const pairs = kept.map(({ id, name, score, edges }) => {
    const colour = colourOf(id), box = make("div", "box"), label = make("span", "", `${name} ${score.toFixed(2)}`);
    place(box, edges);
    box.style.borderColor = label.style.background = colour;
    label.style.color = inkOn(colour);
    box.append(label);
    const item = make("li"), button = make("button"), swatch = make("span", "swatch");
    button.type = "button";
    swatch.style.background = colour;
    button.append(swatch, make("span", "name", name), make("span", "score", score.toFixed(2)));
    for (const [event, marked] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
      button.addEventListener(event, () => box.classList.toggle("marked", marked));
    }
    item.append(button);
    return [box, item];
  });
  boxes.replaceChildren(...pairs.map(([box]) => box).reverse());
  list.replaceChildren(...pairs.map(([, item]) => item));
  if (summary) say(`${kept.length} ${kept.length === 1 ? "object" : "objects"}, ${summary}`);
}

function inBase64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(new Error("the file cannot be read"));
    reader.readAsDataURL(file);
  });
}

async function ask(file) {
  const body = JSON.stringify({ instances: [{ b64: await inBase64(file) }], output_filter: data.outputs });
  const address = `v1/models/${encodeURIComponent(data.model)}:predict`;
  const response = await fetch(address, { method: "POST", body }).catch(() => {
    throw new Error("the server does not answer");
  });
  const answer = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
  if (answer.error) throw new Error(answer.error);
  const { detection_boxes, detection_scores, detection_classes, num_detections } = answer.predictions[0];
  return detection_scores.slice(0, num_detections).map((score, at) => {
    const id = detection_classes[at];
    return { id, name: data.classes[id] || `class ${id}`, score, edges: detection_boxes[at] };
  }).sort((one, other) => other.score - one.score);
}

async function take(file) {
  const mine = ++turn, began = performance.now();
  found = [];
  summary = "";
  show();
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  image.alt = file.name;
  byId("empty").hidden = true;
  byId("stage").hidden = false;
  say(`looking at ${file.name} ...`);
  try {
    const objects = await ask(file);
    if (mine !== turn) return;
    found = objects;
    summary = `${Math.round(performance.now() - began)} ms`;
    show();
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
}

image.addEventListener("error", () => {
  byId("stage").hidden = true;
  byId("empty").hidden = false;
  byId("empty").textContent = "This browser cannot show the file.";
});
byId("file").addEventListener("change", ({ target }) => {
  if (target.files.length) take(target.files[0]);
  target.value = "";
});
threshold.addEventListener("input", show);
for (const event of ["dragenter", "dragover"]) {
  document.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    document.body.classList.add("over");
  });
}
document.addEventListener("dragleave", (dragged) => {
  if (!dragged.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (dropped) => {
  dropped.preventDefault();
  document.body.classList.remove("over");
  const [file] = dropped.dataTransfer.files;
  if (file) take(file);
  else say("drop a file of this computer", true);
});
