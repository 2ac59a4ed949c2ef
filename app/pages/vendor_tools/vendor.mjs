// Copies and builds the chosen files into static/vendor/<name>-<version>/, then writes what was taken
// (vendor.lock.json) and under which licence (THIRD_PARTY.md at the top of the repository).
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const target = join(here, "..", "static", "vendor");
const root = join(here, "..", "..", "..");

const font = (subset, weight) => [
  `files/be-vietnam-pro-${subset}-${weight}-normal.woff2`,
  `be-vietnam-pro-${subset}-${weight}.woff2`,
];

const TAKEN = [
  {
    package: "htmx.org",
    name: "htmx",
    use: "fragments and server-sent events of the console and the board",
    files: [["dist/htmx.min.js", "htmx.min.js"], ["LICENSE", "LICENSE"]],
  },
  {
    package: "htmx-ext-sse",
    name: "htmx-ext-sse",
    licence: "0BSD",
    use: "server-sent events for htmx",
    files: [["dist/sse.min.js", "sse.min.js"], ["LICENSE", "LICENSE"]],
  },
  {
    package: "govuk-frontend",
    name: "govuk-frontend",
    use: "form patterns of the citizen pages, built in our colours, without GDS Transport and without crest",
    files: [],
    // Its npm package carries no licence file.
    licenceFile: "govuk-frontend.LICENSE",
    build: ["citizen-base.scss", "citizen-base.css"],
  },
  {
    package: "@fontsource/be-vietnam-pro",
    name: "be-vietnam-pro",
    use: "letters and digits of the hall board",
    files: [...["latin", "vietnamese"].flatMap((subset) => [600, 800].map((weight) => font(subset, weight))), ["LICENSE", "LICENSE"]],
  },
  {
    package: "swagger-ui-dist",
    name: "swagger-ui",
    use: "the API reference at /docs",
    files: [["swagger-ui-bundle.js", "swagger-ui-bundle.js"], ["swagger-ui.css", "swagger-ui.css"],
      ["LICENSE", "LICENSE"], ["NOTICE", "NOTICE"]],
  },
];

// A map that is not shipped would be asked for by the browser's tools.
const withoutMap = (text) => text.replace(/\n?\/[/*]# sourceMappingURL=\S+(\s*\*\/)?\s*$/, "\n");

const lock = [];
rmSync(target, { recursive: true, force: true });
for (const taken of TAKEN) {
  const source = join(modules, taken.package);
  const { version, license } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const folder = join(target, `${taken.name}-${version}`);
  mkdirSync(folder, { recursive: true });
  for (const [from, to] of taken.files) {
    cpSync(join(source, from), join(folder, to));
    if (/\.(js|css)$/.test(to)) {
      writeFileSync(join(folder, to), withoutMap(readFileSync(join(folder, to), "utf8")));
    }
  }
  if (taken.licenceFile) {
    cpSync(join(here, taken.licenceFile), join(folder, "LICENSE"));
  }
  if (taken.build) {
    const [from, to] = taken.build;
    const built = sass.compile(join(here, from), { loadPaths: [modules], style: "compressed", quietDeps: true, charset: false });
    writeFileSync(join(folder, to), built.css + "\n");
  }
  const files = readdirSync(folder).sort().map((name) => ({
    path: relative(target, join(folder, name)),
    bytes: statSync(join(folder, name)).size,
    sha384: createHash("sha384").update(readFileSync(join(folder, name))).digest("base64"),
  }));
  lock.push({ name: taken.name, package: taken.package, version, licence: taken.licence ?? license, use: taken.use, files });
}
writeFileSync(join(target, "vendor.lock.json"), JSON.stringify({ vendored: lock }, null, 2) + "\n");

const rows = lock.map((each) => `| ${each.name} | ${each.version} | ${each.licence} | ${each.use} |`).join("\n");
writeFileSync(join(root, "THIRD_PARTY.md"), `# What others wrote that we ship

Files under \`app/pages/static/vendor/\`, copied or built by \`app/pages/vendor_tools/update\` and checked against
\`vendor.lock.json\` by a test. Each folder holds its licence. Python packages are listed in \`docs/dependencies.md\`.

| Name | Version | Licence | What for |
|---|---|---|---|
${rows}

GOV.UK Frontend is used for its form patterns only: the GDS Transport typeface, the crown and the crest belong to
GOV.UK and are not in this repository.
`);
