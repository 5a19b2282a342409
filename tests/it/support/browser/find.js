// Finds a field by its label or a button by its name, among what is shown and can be used.
// A name that ends in … is the beginning of a longer one.
const [kind, name] = arguments;
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
// A modal dialog makes all around it inert.
const scope = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;

const labels = (node) =>
  node.getAttribute("aria-label") ?? [...(node.labels ?? [])].map((label) => label.textContent).join(" ");

const [candidates, nameOf] = {
  field: ["input, select, textarea", (node) => plain(labels(node)).replace(/ \(required\)$/, "")],
  button: ["button, a[href], summary", (node) => plain(node.getAttribute("aria-label") ?? node.textContent)],
}[kind];
const isCalled = (node) =>
  name.endsWith("…") ? nameOf(node).startsWith(name.slice(0, -1)) : nameOf(node) === name;

const found = [...scope.querySelectorAll(candidates)].find(
  (node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches(":disabled") && isCalled(node),
);
if (!found) return null;
// Only what is out of sight or covered is scrolled to, as people do.
const box = found.getBoundingClientRect();
const atTop = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
if (!found.contains(atTop)) found.scrollIntoView({ block: "center" });
return found;
