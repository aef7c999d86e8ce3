// The data: the model's name in addresses, names of classes by id, the outputs needed, and how objects are drawn.
const image = byId("image"), boxes = byId("boxes"), list = byId("list"), threshold = byId("threshold");
let found = [], kept = [], turn = 0, summary = "";

function say(text, bad) {
  byId("status").textContent = text;
  byId("status").className = bad ? "bad" : "";
}

// The objects over the image; the one with the number `marked` stands out.
function draw(marked = -1) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const objects = kept.map(({ id, name, score, edges }, index) => {
    // What lies outside the image is cut off.
    const [top, left, bottom, right] = edges.map((edge) => Math.min(Math.max(edge, 0), 1));
    const box = [left * width, top * height, (right - left) * width, (bottom - top) * height];
    return { number: id, box, label: `${name}\u00a0\u00a0${Math.round(100 * score)}%`, marks: index === marked ? "marked" : "" };
  });
  boxes.replaceChildren(...(width ? [drawObjects(objects, width, height, image.getBoundingClientRect())] : []));
}

function show() {
  const least = Number(threshold.value);
  byId("least").textContent = least.toFixed(2);
  kept = found.filter(({ score }) => score >= least);
  list.replaceChildren(...kept.map(({ id, name, score }, index) => {
    const item = make("li"), button = make("button"), swatch = make("span", "swatch");
    button.type = "button";
    swatch.style.background = colourOf(id);
    button.append(swatch, make("span", "name", name), make("span", "score", score.toFixed(2)));
    for (const [event, marked] of [["mouseenter", index], ["focus", index], ["mouseleave", -1], ["blur", -1]]) {
      button.addEventListener(event, () => draw(marked));
    }
    item.append(button);
    return item;
  }));
  draw();
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

image.addEventListener("load", () => draw());
addEventListener("resize", () => draw());
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
