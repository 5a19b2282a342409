// Renders [{template, data}, …] from stdin with handlebars.js, as [{text}, {error}, …] to stdout.
const path = require("path");
const Handlebars = require(path.join(process.argv[2], "node_modules", "handlebars"));

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", () => {
  const answers = JSON.parse(input).map(({ template, data }) => {
    try {
      return { text: Handlebars.compile(template, { noEscape: true })(data) };
    } catch (error) {
      return { error: String(error.message) };
    }
  });
  process.stdout.write(JSON.stringify(answers));
});
