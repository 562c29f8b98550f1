// Shows the face of the point under the pointer, beside a plotly chart that Streamlit drew.
// data: {chart: key of the chart, faces: [data URL or ""], texts: [plain text]}; a point's customdata is its place in both.

const LOOK_EVERY_MS = 300;
const GAP_PX = 14;
const cleanups = new WeakMap();

function makeBox(host) {
  const colour = (name, otherwise) => getComputedStyle(host).getPropertyValue(name).trim() || otherwise;
  const box = document.createElement("div");
  box.dataset.testid = "face-hover";
  Object.assign(box.style, {
    position: "fixed",
    display: "none",
    zIndex: "1000001",
    pointerEvents: "none",
    maxWidth: "220px",
    padding: "6px",
    borderRadius: "6px",
    font: `400 14px/1.35 ${getComputedStyle(host).fontFamily || "sans-serif"}`,
    border: `1px solid ${colour("--st-border-color", "currentColor")}`,
    boxShadow: "0 2px 10px rgba(0, 0, 0, 0.25)",
  });
  const image = document.createElement("img");
  image.width = image.height = 96;
  Object.assign(image.style, { display: "block", borderRadius: "4px", marginBottom: "4px" });
  const text = document.createElement("div");
  text.style.whiteSpace = "pre-line";
  box.append(image, text);
  document.body.append(box);
  return {
    show(face, words, x, y) {
      // Read anew each time: the theme may have changed.
      box.style.background = colour("--st-background-color", "Canvas");
      box.style.color = colour("--st-text-color", "CanvasText");
      image.style.display = face ? "block" : "none";
      if (face) {
        image.src = face;
      } else {
        image.removeAttribute("src");
      }
      image.alt = face ? `Face: ${words}` : "";
      text.textContent = words;
      box.style.display = "block";
      this.move(x, y);
    },
    move(x, y) {
      const { offsetWidth: width, offsetHeight: height } = box;
      const left = x + GAP_PX + width > window.innerWidth ? x - GAP_PX - width : x + GAP_PX;
      const top = y + GAP_PX + height > window.innerHeight ? y - GAP_PX - height : y + GAP_PX;
      box.style.left = `${Math.max(0, left)}px`;
      box.style.top = `${Math.max(0, top)}px`;
    },
    hide() {
      box.style.display = "none";
    },
    remove() {
      box.remove();
    },
  };
}

export default function faceHover({ data, parentElement }) {
  // Called again with new data: what ran before has to end first.
  cleanups.get(parentElement)?.();
  const box = makeBox(parentElement);
  const pointer = { x: 0, y: 0 };
  let graph = null;
  let on = null;

  const followed = (event) => {
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    if (graph && !graph.contains(event.target)) {
      box.hide();
    }
  };
  const hovered = (event) => {
    const place = [event.points?.[0]?.customdata].flat()[0];
    const words = data.texts[place];
    if (words === undefined) {
      box.hide();
      return;
    }
    const face = data.faces[place];
    box.show(face?.startsWith("data:image/jpeg;base64,") ? face : "", words, pointer.x, pointer.y);
  };
  const left = () => box.hide();

  const detach = () => {
    graph?.removeListener?.("plotly_hover", hovered);
    graph?.removeListener?.("plotly_unhover", left);
    graph = on = null;
    box.hide();
  };
  const attach = () => {
    const found = document.querySelector(`.st-key-${CSS.escape(data.chart)} .js-plotly-plot`);
    // Plotly gives a chart that it makes anew another "on", without our listeners.
    if (found === graph && found?.on === on) {
      return;
    }
    detach();
    if (found?.on) {
      graph = found;
      on = found.on;
      graph.on("plotly_hover", hovered);
      graph.on("plotly_unhover", left);
    }
  };

  attach();
  const timer = setInterval(attach, LOOK_EVERY_MS);
  document.addEventListener("pointermove", followed, true);
  const cleanup = () => {
    clearInterval(timer);
    document.removeEventListener("pointermove", followed, true);
    detach();
    box.remove();
    cleanups.delete(parentElement);
  };
  cleanups.set(parentElement, cleanup);
  return cleanup;
}
